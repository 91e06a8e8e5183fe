"""``/api/v1/stations/quality``: delays, gaps, clocks and completeness of each instrument."""

import math
import time
from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mainshock.serve.context import ServiceContext
from mainshock.serve.data_quality import CoverageCache
from mainshock.serve.envelope import Answer
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.schemas import UtcTime
from mainshock.serve.summaries import finite
from mainshock.sources.fragments import datetime_from_ns, ns_from_datetime
from mainshock.stream.records import StationHealth

__all__ = ["QualityAnswer", "QualityData", "StationQualityData", "router"]


class StationQualityData(BaseModel):
    """How the data of one instrument are."""

    trace_id: str = Field(description="NET.STA.LOC.CH with the two letters of the instrument")
    channel: str = Field(description="The channel whose archive was looked at")
    sampling_rate_hz: float
    last_sample: UtcTime
    age_s: float = Field(description="From the newest sample to the time of this answer's data")
    latency_s: float | None = Field(description="Age of the newest sample when it arrived")
    hours: list[float] = Field(description="Share of each of the last 24 hours, oldest first")
    hour: float = Field(description="Share of the last hour that is in the archive, 0 to 1")
    day: float = Field(description="Share of the last 24 hours")
    first_sample: UtcTime | None = Field(description="The first one of these 24 hours")
    gaps: int = Field(description="Gaps of these 24 hours in that channel")
    gap_s: float
    longest_gap_s: float
    clock_quality_percent: float | None = Field(
        description="Timing quality that the newest record states; null where it states none"
    )
    counts: dict[str, int] = Field(description="Packets by what became of them")


class QualityData(BaseModel):
    """How the data of all instruments are."""

    time: UtcTime = Field(description="What ages count to: now, or of a replay the newest data")
    backlog: dict[str, int] = Field(description="Messages that wait, by stage")
    waiting_records: int = Field(description="Records that wait for another to confirm them")
    shed_packets: int = Field(description="Packets dropped because they came too fast")
    instruments: list[StationQualityData]


class QualityAnswer(Answer[QualityData]):
    """How the data of all instruments are."""


def router(context: ServiceContext, clock: Callable[[], int] = time.time_ns) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["stations"], dependencies=STRICT, responses=ERROR_ANSWERS
    )
    coverages = CoverageCache(context.archive)

    @routes.get("/stations/quality")
    def get_quality() -> QualityAnswer:
        """Tell delays, gaps, clocks and completeness of each instrument."""
        health = list(context.store.health())
        now_ns = _now_ns(context, health, clock)
        waiting = _metric(context, "mainshock_ingest_waiting_records")
        shed = _metric(context, "mainshock_feed_shed_packets_total")
        data = QualityData(
            time=datetime_from_ns(now_ns),
            backlog=_backlog(context),
            waiting_records=int(waiting or 0),
            shed_packets=int(shed or 0),
            instruments=[_quality(one, now_ns, coverages) for one in health],
        )
        return QualityAnswer(data=data)

    return routes


def _now_ns(context: ServiceContext, health: list[StationHealth], clock: Callable[[], int]) -> int:
    """Return what ages count to: the clock where data come live, else the newest data."""
    newest = [ns_from_datetime(one.last_sample) for one in health]
    board = context.board
    newest += [board.end_ns(trace) or 0 for trace in board] if board is not None else []
    if context.is_live or not newest:
        return max([clock(), *newest])
    return max(newest)


def _quality(one: StationHealth, now_ns: int, coverages: CoverageCache) -> StationQualityData:
    vertical = [channel for channel in one.channels if channel.endswith("Z")]
    channel = next(iter([*vertical, *one.channels]), "")
    place = one.trace_id.rpartition(".")[0]
    held = coverages.of(f"{place}.{channel}", now_ns)
    return StationQualityData(
        trace_id=one.trace_id,
        channel=channel,
        sampling_rate_hz=one.sampling_rate_hz,
        last_sample=one.last_sample,
        age_s=max(0.0, (now_ns - ns_from_datetime(one.last_sample)) * 1e-9),
        latency_s=finite(one.latency_s),
        hours=[round(share, 4) for share in held.hours],
        hour=round(held.hours[-1], 4),
        day=round(held.day, 4),
        first_sample=None if held.first_ns is None else datetime_from_ns(held.first_ns),
        gaps=held.n_gaps,
        gap_s=held.gap_s,
        longest_gap_s=held.longest_gap_s,
        clock_quality_percent=held.clock_quality_percent,
        counts=dict(one.counts),
    )


def _metric(context: ServiceContext, name: str) -> float | None:
    """Return the number that ``/metrics`` shows under a name."""
    return context.metrics.get_sample_value(name)


def _backlog(context: ServiceContext) -> dict[str, int]:
    return {
        sample.labels["stage"]: int(sample.value)
        for metric in context.metrics.collect()
        if metric.name == "mainshock_backlog_messages"
        for sample in metric.samples
        if math.isfinite(sample.value)  # nobody knows what waits in a cluster that is away
    }
