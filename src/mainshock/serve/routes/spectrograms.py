"""``/api/v1/spectrograms`` and ``/api/v1/helicorder``: pictures of a trace, past or live."""

from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mainshock.core.errors import DataError
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, TraceId, span_ns
from mainshock.serve.recent_traces import overview_bins, read_recent
from mainshock.serve.schemas import UtcTime, WaveformBins
from mainshock.serve.spectrogram import STEP_DB, Spectrogram, SpectrogramPlan, spectrogram
from mainshock.serve.summaries import waveform_bins
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, datetime_from_ns

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = ["HelicorderAnswer", "SpectrogramAnswer", "SpectrogramData", "router"]

_LONGEST_S = 3600.0
_LONGEST_OVERVIEW_S = 26 * 3600.0
_MOST_SAMPLES = 2_000_000
_MOST_BINS = 120_000
_UNITS = {"M": "m²/Hz", "M/S": "(m/s)²/Hz", "M/S**2": "(m/s²)²/Hz"}
_COUNTS = "count²/Hz"

_Start = Annotated[UtcTime, Query()]
_Window = Annotated[
    float, Query(ge=0.2, le=60.0, allow_inf_nan=False, description="Length of the windows, s")
]
_Bin = Annotated[
    float, Query(ge=0.01, le=600.0, allow_inf_nan=False, description="Length of a bin, s")
]


class SpectrogramData(BaseModel):
    """Power spectral density of a trace by time and frequency."""

    trace: str
    start: UtcTime = Field(description="Begin of the first column")
    column_s: float
    columns: int
    rows: int
    scale: Literal["linear", "log"]
    edges_hz: list[float] = Field(description="Where rows begin and end, from low to high")
    unit: str = Field(description="What 0 dB is; counts where no sensitivity is known")
    low_db: float = Field(description="Level of byte 1")
    step_db: float = Field(description="From one byte to the next")
    shown_db: list[float] = Field(description="Range that holds most levels: low, high")
    levels: str = Field(
        description="Base64 of columns x rows bytes, column by column, rows from low to high "
        "frequency; 0: nothing known"
    )


class SpectrogramAnswer(Answer[SpectrogramData]):
    """A spectrogram."""


class HelicorderAnswer(Answer[WaveformBins]):
    """Extremes over a long time; null where nothing is known."""


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["waveforms"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/spectrograms")
    def get_spectrogram(
        trace: TraceId,
        start: _Start,
        end: Annotated[UtcTime, Query(description="At most an hour after start")],
        columns: Annotated[int, Query(ge=1, le=2000)] = 400,
        rows: Annotated[int, Query(ge=8, le=512)] = 128,
        window_s: _Window = 2.56,
        scale: Annotated[Literal["linear", "log"], Query()] = "linear",
    ) -> SpectrogramAnswer:
        """Give power by time and frequency, from the archive and what came since."""
        start_ns, end_ns = span_ns(start, end, _LONGEST_S)
        column_s = (end_ns - start_ns) / NANOSECONDS / columns
        plan = SpectrogramPlan(window_s, column_s, rows, scale)
        try:
            return SpectrogramAnswer(data=_spectrogram(context, trace, (start_ns, end_ns), plan))
        except DataError as error:
            raise ApiError(400, str(error)) from error

    @routes.get("/helicorder")
    def get_helicorder(
        trace: TraceId,
        start: _Start,
        end: Annotated[UtcTime, Query(description="At most 26 hours after start")],
        bin_s: _Bin = 1.0,
    ) -> HelicorderAnswer:
        """Give the extremes of a trace over hours, in bins; null where nothing is known."""
        window = TimeWindow(*span_ns(start, end, _LONGEST_OVERVIEW_S))
        length_ns = round(bin_s * NANOSECONDS)
        n_bins = (window.end_ns - window.start_ns) // length_ns
        if n_bins > _MOST_BINS:
            raise ApiError(
                400, f"these are {n_bins} bins; the limit is {_MOST_BINS}: ask for longer bins"
            )
        try:
            bins = overview_bins(context, trace, window, length_ns, _MOST_SAMPLES)
        except DataError as error:
            raise ApiError(400, str(error)) from error
        return HelicorderAnswer(data=waveform_bins(trace, bins, 1.0 / bin_s))

    return routes


def _spectrogram(
    context: ServiceContext, trace: str, span: tuple[int, int], plan: SpectrogramPlan
) -> SpectrogramData:
    """Return the spectrogram of a span of nanoseconds since 1970, read a window wider."""
    margin_ns = round(plan.window_s * NANOSECONDS)
    wider = TimeWindow(span[0] - margin_ns, span[1] + margin_ns)
    found = read_recent(context, trace, wider, _MOST_SAMPLES)
    n_columns = max(1, round((span[1] - span[0]) / NANOSECONDS / plan.column_s))
    if found is None:
        return _data(trace, span[0], plan, _nothing(n_columns, plan), _COUNTS)
    relative_s = (
        (span[0] - found.start_ns) / NANOSECONDS,
        (span[1] - found.start_ns) / NANOSECONDS,
    )
    made = spectrogram(found.samples, found.sampling_rate_hz, relative_s, plan)
    sensitivity, unit = _sensitivity(context.inventory, trace, datetime_from_ns(span[0]))
    lower_db = 20.0 * float(np.log10(sensitivity))
    shown_db = (made.shown_db[0] - lower_db, made.shown_db[1] - lower_db)
    calibrated = Spectrogram(
        made.start_s, made.edges_hz, made.low_db - lower_db, made.levels, shown_db
    )
    return _data(trace, span[0], plan, calibrated, unit)


def _nothing(n_columns: int, plan: SpectrogramPlan) -> Spectrogram:
    levels = np.zeros((n_columns, plan.rows), dtype=np.uint8)
    return Spectrogram(0.0, np.zeros(plan.rows + 1), 0.0, levels, (0.0, 1.0))


def _data(
    trace: str, start_ns: int, plan: SpectrogramPlan, made: Spectrogram, unit: str
) -> SpectrogramData:
    return SpectrogramData.model_construct(
        trace=trace,
        start=datetime_from_ns(start_ns),
        column_s=plan.column_s,
        columns=made.levels.shape[0],
        rows=plan.rows,
        scale=plan.scale,
        edges_hz=[round(float(one), 6) for one in made.edges_hz],
        unit=unit,
        low_db=made.low_db,
        step_db=STEP_DB,
        shown_db=[round(one, 2) for one in made.shown_db],
        levels=b64encode(made.levels.tobytes()).decode(),
    )


def _sensitivity(inventory: "Inventory | None", trace: str, time: datetime) -> tuple[float, str]:
    """Return counts a unit of ground motion, and the unit of the power; 1 where not known.

    The instrument is taken to be flat, which it is between its corners.
    """
    if inventory is None:
        return 1.0, _COUNTS
    from obspy import UTCDateTime  # noqa: PLC0415 - slow to import

    network, station, location, channel = trace.split(".")
    chosen = inventory.select(network, station, location, channel, UTCDateTime(time))
    for one in (channel for net in chosen for place in net for channel in place):
        stated = None if one.response is None else one.response.instrument_sensitivity
        unit = None if stated is None else _UNITS.get(str(stated.input_units).upper())
        if stated is not None and unit is not None and stated.value:
            return abs(float(stated.value)), unit
    return 1.0, _COUNTS
