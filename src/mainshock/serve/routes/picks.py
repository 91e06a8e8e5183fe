"""``/api/v1/picks``: arrivals of P and S."""

from typing import Annotated

from fastapi import APIRouter, Query

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, Limit, StationCode, TimeSpan
from mainshock.serve.schemas import Phase, PicksAnswer
from mainshock.serve.summaries import pick_summary

__all__ = [
    "PickParameters",
    "router",
]


class PickParameters(TimeSpan):
    """Which picks are wanted."""

    station: StationCode | None = None
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
        """List the latest versions of picks in order of time; of too many, the newest.

        `meta.count` tells how many match in all.
        """
        query = dict(wanted)  # values as they are; model_dump would make text of times
        found = context.store.picks(**query)
        del query["limit"]
        return listing(
            PicksAnswer,
            [pick_summary(one) for one in found],
            limit=wanted.limit,
            count=context.store.count_picks(**query),
        )

    return routes
