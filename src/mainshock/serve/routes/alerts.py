"""``/api/v1/alerts``: what was sent, over which channel, and what failed."""

from typing import Annotated

from fastapi import APIRouter, Query

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.schemas import AlertsAnswer
from mainshock.serve.summaries import alert_summary

__all__ = ["router"]


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["alerts"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/alerts")
    def list_alerts(limit: Annotated[int, Query(ge=1, le=10_000)] = 200) -> AlertsAnswer:
        """List the alerts, newest first; `meta.count` tells how many there are in all."""
        found = [alert_summary(one) for one in context.store.alerts(None, limit)]
        return listing(AlertsAnswer, found, limit=limit, count=context.store.count_alerts())

    return routes
