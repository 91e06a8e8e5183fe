"""``/api/v1/archive``: which channels have records when, and where they have gaps."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mainshock.core.errors import DataError
from mainshock.serve.archive_content import archived_days, archived_spans
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError, Listing, listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, span_ns
from mainshock.serve.schemas import UtcTime
from mainshock.sources.fragments import TimeWindow, datetime_from_ns

__all__ = [
    "ArchiveDaysAnswer",
    "ArchiveSpansAnswer",
    "ArchivedDaysData",
    "ArchivedSpan",
    "ArchivedSpansData",
    "router",
]

_LONGEST_S = 7 * 86_400.0
_MOST_SPANS = 2000
_Stations = Annotated[
    str, Query(pattern=r"^[A-Za-z0-9*?.-]{1,20}$", description="Pattern of NET.STA")
]


class ArchivedDaysData(BaseModel):
    """Days that the archive has a file of, for one channel."""

    trace: str = Field(description="NET.STA.LOC.CHA")
    days: list[str] = Field(description="YYYY-MM-DD, UTC, in order")


class ArchiveDaysAnswer(Listing[ArchivedDaysData]):
    """Days by channel."""


class ArchivedSpan(BaseModel):
    """A time without gaps."""

    start: UtcTime
    end: UtcTime


class ArchivedSpansData(BaseModel):
    """When there are records of a channel; between the spans are gaps."""

    trace: str = Field(description="NET.STA.LOC.CHA")
    spans: list[ArchivedSpan]
    gap_count: int
    gap_s: float = Field(description="Gaps between the spans, together")
    share: float = Field(description="Of the time asked for, 0 to 1")
    file_bytes: int = Field(description="Size of the files of these days")


class ArchiveSpansAnswer(Listing[ArchivedSpansData]):
    """Spans by channel."""


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1/archive", tags=["waveforms"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/days")
    def list_archive_days() -> ArchiveDaysAnswer:
        """List the days that the archive has files of, by channel."""
        found = [
            ArchivedDaysData(trace=trace, days=days)
            for trace, days in archived_days(context.archive).items()
        ]
        return listing(ArchiveDaysAnswer, found, limit=len(found))

    @routes.get("/spans")
    def list_archive_spans(
        start: Annotated[UtcTime, Query()],
        end: Annotated[UtcTime, Query(description="At most a week after start")],
        stations: _Stations = "*",
    ) -> ArchiveSpansAnswer:
        """List when channels have records, from the headers of the records themselves."""
        window = TimeWindow(*span_ns(start, end, _LONGEST_S))
        try:
            held = archived_spans(context.archive, archived_days(context.archive), window, stations)
        except DataError as error:
            raise ApiError(400, str(error)) from error
        found = [_data(one.trace_id, one.spans, one.n_bytes, window) for one in held if one.spans]
        return listing(ArchiveSpansAnswer, found, limit=len(found))

    return routes


def _data(
    trace: str, spans: tuple[tuple[int, int], ...], n_bytes: int, window: TimeWindow
) -> ArchivedSpansData:
    held_ns = sum(end - start for start, end in spans)
    between_ns = spans[-1][1] - spans[0][0] - held_ns
    told = [
        ArchivedSpan(start=datetime_from_ns(a), end=datetime_from_ns(b))
        for a, b in spans[:_MOST_SPANS]
    ]
    return ArchivedSpansData(
        trace=trace,
        spans=told,
        gap_count=len(spans) - 1,
        gap_s=between_ns / 1e9,
        share=held_ns / (window.end_ns - window.start_ns),
        file_bytes=n_bytes,
    )
