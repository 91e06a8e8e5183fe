"""``/api/v1/picks``: arrivals of P and S."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, Limit, TimeSpan
from mainshock.serve.schemas import Phase, PicksAnswer
from mainshock.serve.summaries import pick_summary

__all__ = [
    "PickParameters",
    "router",
]


class PickParameters(TimeSpan):
    """Which picks are wanted."""

    station: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9]{0,8}\.[A-Za-z0-9-]{1,8}$", description="NET.STA")
    ] = None
    phase: Phase | None = None
    limit: Limit = 1000
    include_cancelled: bool = False


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["picks"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/picks")
    def list_picks(wanted: Annotated[PickParameters, Query()]) -> PicksAnswer:
        """List the latest versions of picks in order of time; of too many, the newest."""
        found = context.store.picks(
            wanted.start,
            wanted.end,
            wanted.station,
            wanted.phase,
            wanted.limit,
            wanted.include_cancelled,
        )
        return listing(PicksAnswer, [pick_summary(one) for one in found], limit=wanted.limit)

    return routes
