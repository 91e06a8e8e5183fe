"""``/api/v1/health``: how the service is and how stations' data arrive."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fastapi import APIRouter

from mainshock import __version__
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.schemas import DriftData, HealthAnswer, HealthData
from mainshock.serve.summaries import finite, health_data
from mainshock.stream.monitoring.flags import DriftFlag

__all__ = ["ServiceStatus", "router", "status_of"]

ServiceStatus = Literal["ready", "degraded", "starting", "stopping"]

_PAGE_BYTES = 4096


def router(context: ServiceContext, clock: Callable[[], float] = time.monotonic) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["health"], dependencies=STRICT, responses=ERROR_ANSWERS
    )
    began_s = clock()

    @routes.get("/health")
    def get_health() -> HealthAnswer:
        """Tell how the service is."""
        reason = context.is_ready()
        data = HealthData(
            status=status_of(reason),
            reason=reason,
            reason_told=sentences.KNOWN.told_parts(reason),
            source=context.source,
            is_synthetic=context.is_synthetic,
            is_live=context.is_live,
            version=__version__,
            uptime_s=round(clock() - began_s, 3),
            stations=[health_data(one) for one in context.store.health()],
            memory_mb=_memory_mb(),
            drift=[] if context.drift is None else [_drift(one) for one in context.drift.flags()],
        )
        return HealthAnswer(data=data)

    return routes


def _drift(flag: DriftFlag) -> DriftData:
    return DriftData(
        subject=flag.subject,
        kind=flag.kind,
        since=flag.since,
        updated=flag.updated,
        value=finite(flag.value),
        usual=finite(flag.usual),
        limit=finite(flag.limit),
        reason=flag.reason,
    )


def status_of(reason: str) -> ServiceStatus:
    """Return the state of a service that is not ready for a reason; of none, it is ready."""
    if reason == "starting":
        return "starting"
    if reason == "stopping":
        return "stopping"
    return "degraded" if reason else "ready"


def _memory_mb(statm: Path = Path("/proc/self/statm")) -> float | None:
    """Return the resident memory of this process, or None where the system does not tell."""
    try:
        return round(int(statm.read_text().split()[1]) * _PAGE_BYTES / 1e6, 1)
    except (OSError, ValueError, IndexError):
        return None
