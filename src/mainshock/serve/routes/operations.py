"""``/healthz``, ``/readyz`` and ``/metrics``: for those who keep the service running."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, ErrorAnswer
from mainshock.serve.readiness import Readiness

__all__ = [
    "StatusAnswer",
    "StatusData",
    "router",
]


class StatusData(BaseModel):
    """A word on how the service is."""

    status: Literal["alive", "ready"]


class StatusAnswer(Answer[StatusData]):
    """How the service is."""


def router(context: ServiceContext) -> APIRouter:
    """Return the routes; the first two wait for no thread, so that a busy service seems alive."""
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer} for status in (401, 403, 429)
    }
    routes = APIRouter(tags=["operations"], responses=refusals)
    readiness = Readiness(context)

    @routes.get("/healthz")
    async def get_liveness() -> StatusAnswer:
        """Answer as long as the process lives; needs no token."""
        return StatusAnswer(data=StatusData(status="alive"))

    @routes.get("/readyz", responses={503: {"model": ErrorAnswer}})
    async def get_readiness() -> StatusAnswer:
        """Answer 200 when the service can do its work, else 503 with the reason."""
        reason = await readiness.reason()
        if reason:
            raise ApiError(503, reason)
        return StatusAnswer(data=StatusData(status="ready"))

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def get_metrics() -> Response:
        """Give the metrics in the text format of Prometheus."""
        return Response(generate_latest(context.metrics), media_type=CONTENT_TYPE_LATEST)

    return routes
