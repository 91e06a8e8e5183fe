"""Studies of hyper-parameters that several processes search together."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from optuna import Study

__all__ = ["one_at_a_time", "open_study"]

_NAME = "mainshock"
_ATTEMPTS, _PAUSE_S = 4, 0.5


def open_study(optuna: Any, storage: str | None, seed: int) -> "Study":  # Any: the module
    """Return a study that minimises, by tree-structured Parzen estimators.

    Parameters
    ----------
    optuna
        The module, which is an extra.
    storage
        None: in memory. A path: a journal file, which also works on a shared disk. An address
        such as ``sqlite:///study.db`` or ``postgresql://...``: a database.
    seed
        Of the sampler. Processes that share a study draw differently: each adds its own id, so
        that a shared search cannot be repeated to the bit.

    Raises
    ------
    SourceError
        If the storage cannot be used.
    """
    study: Study
    if storage is None:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        return study
    sampler = optuna.samplers.TPESampler(seed=(seed + os.getpid()) % 2**32, constant_liar=True)
    reason = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _PAUSE_S)
        try:
            study = optuna.create_study(
                sampler=sampler,
                storage=_opened(optuna, storage),
                study_name=_NAME,
                load_if_exists=True,
            )
        except Exception as error:  # noqa: BLE001 - databases have errors of their own kinds
            # two processes that make the same tables at the same moment disturb each other
            reason = " ".join(str(error).split())[:300] or type(error).__name__
        else:
            return study
    raise SourceError(
        f"{storage} cannot hold a study: {reason}; name a file, or a database such as "
        "sqlite:///study.db"
    )


def _opened(optuna: Any, storage: str) -> Any:
    if "://" in storage:
        # another process may be writing for a moment
        engine = {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else {}
        return optuna.storages.RDBStorage(storage, engine_kwargs=engine)
    make_folder(Path(storage).resolve().parent)
    journal = optuna.storages.journal.JournalFileBackend(storage)
    return optuna.storages.JournalStorage(journal)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process of this machine at a time into the block, for each folder.

    Raises
    ------
    SourceError
        If the folder cannot be made.
    """
    with (make_folder(folder) / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
