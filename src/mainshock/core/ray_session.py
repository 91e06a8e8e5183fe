"""Ray for the time of a block: as it runs already, or on this machine alone."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mainshock.core.errors import MissingDependencyError

__all__ = ["ray_session"]


@contextmanager
def ray_session(workers: int) -> Iterator[Any]:  # the module has no types
    """Give the module ``ray``, connected: as it runs, at ``RAY_ADDRESS``, or started here.

    What is started here listens on the loopback address only, has no dashboard, reports to nobody
    and is stopped when the block ends.

    Parameters
    ----------
    workers
        Processors of a Ray that is started here.

    Raises
    ------
    MissingDependencyError
        If Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependencyError(
            "Ray is not installed; pip install 'mainshock[ray]', or use processes"
        ) from error
    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    else:
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
        )
    try:
        yield ray
    finally:
        ray.shutdown()
