"""``/api/v1/waveforms``: stretches of traces out of the archive."""

from typing import Annotated

from fastapi import APIRouter, Query

from mainshock.core.errors import DataError
from mainshock.serve import sentences
from mainshock.serve.archive_traces import ArchivedTrace, read_trace
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError
from mainshock.serve.frames import bin_length_ns, min_max_bins
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, TraceId, span_ns
from mainshock.serve.schemas import UtcTime, WaveformAnswer, WaveformBins, WaveformSamples
from mainshock.serve.summaries import nullable_list, waveform_bins
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, datetime_from_ns

__all__ = ["router"]

_LONGEST_S = 3600.0
_MOST_SAMPLES = 2_000_000
_MOST_SAMPLES_TOLD = 400_000
_Pixels = Annotated[
    int | None, Query(ge=10, le=10_000, description="Bins for start to end; else all samples")
]


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["waveforms"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/waveforms")
    def get_waveform(
        trace: TraceId,
        start: Annotated[UtcTime, Query()],
        end: Annotated[UtcTime, Query(description="At most an hour after start")],
        pixels: _Pixels = None,
    ) -> WaveformAnswer:
        """Give a trace from the archive: extremes in bins, or the samples themselves."""
        window = TimeWindow(*span_ns(start, end, _LONGEST_S))
        most = _MOST_SAMPLES_TOLD if pixels is None else _MOST_SAMPLES
        try:
            found = read_trace(context.archive, trace, window, most)
        except DataError as error:
            raise ApiError(400, str(error)) from error
        if found is None:
            raise ApiError(404, sentences.NO_WAVEFORM.tell(trace=trace))
        if pixels is None:
            return WaveformAnswer(data=_samples(trace, found))
        return WaveformAnswer(data=_bins(trace, found, window, pixels))

    return routes


def _samples(trace: str, found: ArchivedTrace) -> WaveformSamples:
    return WaveformSamples.model_construct(
        trace=trace,
        start=datetime_from_ns(found.start_ns),
        sampling_rate_hz=found.sampling_rate_hz,
        samples=nullable_list(found.samples),
    )


def _bins(trace: str, found: ArchivedTrace, window: TimeWindow, pixels: int) -> WaveformBins:
    length_s = (window.end_ns - window.start_ns) / NANOSECONDS
    length_ns = bin_length_ns(length_s, pixels, found.sampling_rate_hz)
    bins = min_max_bins(found.samples, found.start_ns, found.sampling_rate_hz, length_ns)
    return waveform_bins(trace, bins, found.sampling_rate_hz)
