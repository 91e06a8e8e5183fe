"""``/api/v1/events/{event_id}/explanation``: which samples of a record speak for a pick."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from mainshock.core.errors import DataError, MissingDependencyError, ModelError
from mainshock.core.records import COMPONENTS, Pick, Waveform
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError
from mainshock.serve.inference import Inference
from mainshock.serve.occlusion import occlusion
from mainshock.serve.parameters import (
    INFER_ERROR_ANSWERS,
    STRICT,
    EventId,
    StationCode,
    StrictQuery,
)
from mainshock.serve.schemas import Phase, UtcTime
from mainshock.sources.fragments import TimeWindow, ns_from_datetime
from mainshock.stream.archive_reading import archived_waveforms
from mainshock.stream.records import MANUAL

if TYPE_CHECKING:
    from mainshock.detect.network import NetworkPicker

__all__ = [
    "ComponentRelevance",
    "ExplanationAnswer",
    "ExplanationData",
    "ExplanationParameters",
    "router",
]

LARGEST_ERROR = 0.02
"""Share of the difference to the baseline that the sum of relevance may miss."""
_STEPS = (50, 100, 200, 400)
_N_BINS = 1500
_KEPT = 64
_PART_S = 0.5
_AROUND = timedelta(seconds=60)
_DEFAULT = "default"
FloatArray = NDArray[np.float64]
Method = Literal["integrated_gradients", "occlusion"]


class ExplanationParameters(StrictQuery):
    """Which pick is explained, and how."""

    station: StationCode
    phase: Phase
    version: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    method: Annotated[
        Method | None,
        Field(description="Default: integrated gradients where the extra train is installed"),
    ] = None


class ComponentRelevance(BaseModel):
    """One component of the record, in bins of equal length."""

    component: str
    is_recorded: bool
    minimum: list[float] = Field(description="Of the record as the network sees it, without unit")
    maximum: list[float]
    relevance: list[float] = Field(description="Sum in each bin; positive speaks for the pick")


class ExplanationData(BaseModel):
    """How much each part of a record counts for a pick."""

    event_id: str
    version: int
    station: str
    phase: str
    time: UtcTime = Field(description="Of the pick")
    picker: str
    method: Method
    start: UtcTime
    bin_s: float
    probability: float = Field(description="Output of the network at the pick, not calibrated")
    baseline_probability: float = Field(description="The same for a silent record")
    relevance_sum: float
    relative_error: float | None = Field(
        description="Of the sum, against the difference to the baseline; null where the method "
        "does not share that difference, or there is none"
    )
    is_complete: bool = Field(description=f"Whether the error is at most {LARGEST_ERROR:g}")
    n_steps: int | None
    components: list[ComponentRelevance]


class ExplanationAnswer(Answer[ExplanationData]):
    """The explanation of a pick."""


@dataclass(frozen=True, slots=True, eq=False)
class _Explained:
    method: Method
    start: datetime
    sampling_rate_hz: float
    window: NDArray[np.float32]
    attribution: FloatArray
    probability: float
    baseline_probability: float
    n_steps: int | None


def router(context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the route."""
    routes = APIRouter(
        prefix="/api/v1", tags=["inference"], dependencies=STRICT, responses=INFER_ERROR_ANSWERS
    )
    kept: OrderedDict[tuple[object, ...], ExplanationData] = OrderedDict()
    lock = threading.Lock()

    def explain(event_id: str, wanted: ExplanationParameters) -> ExplanationAnswer:
        pick, version = _pick(context, event_id, wanted)
        key = (event_id, version, pick, wanted.method)
        with lock:  # one at a time: each takes a core for seconds
            if key not in kept:
                kept[key] = _explanation(context, inference, (event_id, version), pick, wanted)
                if len(kept) > _KEPT:
                    kept.popitem(last=False)
            return ExplanationAnswer(data=kept[key])

    @routes.get("/events/{event_id}/explanation")
    async def explain_event_pick(
        request: Request, event_id: EventId, wanted: Annotated[ExplanationParameters, Query()]
    ) -> ExplanationAnswer:
        """Tell which samples of a record speak for a pick of an event, and which against it."""
        inference.admit(request.client.host if request.client else "")
        return await inference.records.run(explain, event_id, wanted)

    return routes


def _pick(
    context: ServiceContext, event_id: str, wanted: ExplanationParameters
) -> tuple[Pick, int]:
    told = context.store.event(event_id, wanted.version)
    if told is None:
        raise ApiError(404, f"there is no such version of {event_id!r}; /api/v1/events lists all")
    for pick in told.event.picks:
        if (pick.station_code, pick.phase) == (wanted.station, wanted.phase):
            return pick, told.version
    raise ApiError(404, f"{event_id!r} has no {wanted.phase} at {wanted.station}")


def _explanation(
    context: ServiceContext,
    inference: Inference,
    version: tuple[str, int],
    pick: Pick,
    wanted: ExplanationParameters,
) -> ExplanationData:
    picker = _network(inference, pick)
    waveform = _waveform(context, pick)
    found = None
    if wanted.method != "occlusion":
        found = _by_gradients(picker, waveform, pick)
        if found is None and wanted.method is not None:
            raise ApiError(
                400, "integrated gradients need the extra train on the server; ask for occlusion"
            )
    found = found or _by_occlusion(picker, waveform, pick)
    return _data(found, version, pick, picker.name, waveform)


def _network(inference: Inference, pick: Pick) -> "NetworkPicker":
    """Return the network that picked, or the default one where no single network did."""
    from mainshock.detect.network import NetworkPicker  # noqa: PLC0415 - loads the picker

    if pick.model != MANUAL:
        try:
            picker = inference.picker(pick.model)
        except ApiError:
            picker = None
        if isinstance(picker, NetworkPicker):
            return picker
    return inference.network(_DEFAULT)


def _waveform(context: ServiceContext, pick: Pick) -> Waveform:
    window = TimeWindow(
        ns_from_datetime(pick.time - _AROUND), ns_from_datetime(pick.time + _AROUND)
    )
    found = archived_waveforms(context.archive, pick.network, pick.station, window)
    around = [one for one in found if one.start <= pick.time <= one.end]
    if not around:
        raise ApiError(404, f"the archive holds no record of {pick.station_code} at {pick.time}")
    around.sort(key=lambda one: (one.location != pick.location, -one.n_samples))
    return around[0]


def _by_gradients(picker: "NetworkPicker", waveform: Waveform, pick: Pick) -> _Explained | None:
    """Return integrated gradients with as many steps as needed; None where torch is missing."""
    from mainshock.detect.explain import explain_pick  # noqa: PLC0415 - rarely needed

    try:
        for n_steps in _STEPS:
            found = explain_pick(picker, waveform, pick, n_steps=n_steps)
            if found.relative_error <= LARGEST_ERROR:
                break
    except (MissingDependencyError, ModelError):
        return None
    except DataError as error:
        raise ApiError(400, str(error)) from error
    return _Explained(
        "integrated_gradients",
        found.start,
        found.sampling_rate_hz,
        found.window,
        found.attribution,
        found.probability,
        found.baseline_probability,
        found.n_steps,
    )


def _by_occlusion(picker: "NetworkPicker", waveform: Waveform, pick: Pick) -> _Explained:
    try:
        found = occlusion(picker, waveform, pick, _PART_S)
    except DataError as error:
        raise ApiError(400, str(error)) from error
    return _Explained(
        "occlusion",
        found.start,
        found.sampling_rate_hz,
        found.window,
        found.attribution,
        found.probability,
        found.baseline_probability,
        None,
    )


def _data(
    found: _Explained, version: tuple[str, int], pick: Pick, picker: str, waveform: Waveform
) -> ExplanationData:
    n_samples = found.window.shape[1]
    n_bin = max(1, -(-n_samples // _N_BINS))
    starts = np.arange(0, n_samples, n_bin)
    total = float(found.attribution.sum())
    difference = found.probability - found.baseline_probability
    error = abs(total - difference) / abs(difference) if difference else None
    is_shared = found.method == "integrated_gradients"
    components = [
        ComponentRelevance(
            component=name,
            is_recorded=waveform.has_component[row],
            minimum=np.minimum.reduceat(found.window[row], starts).round(4).tolist(),
            maximum=np.maximum.reduceat(found.window[row], starts).round(4).tolist(),
            relevance=np.add.reduceat(found.attribution[row], starts).tolist(),
        )
        for row, name in enumerate(COMPONENTS)
    ]
    return ExplanationData(
        event_id=version[0],
        version=version[1],
        station=pick.station_code,
        phase=pick.phase,
        time=pick.time,
        picker=picker,
        method=found.method,
        start=found.start,
        bin_s=n_bin / found.sampling_rate_hz,
        probability=found.probability,
        baseline_probability=found.baseline_probability,
        relevance_sum=total,
        relative_error=error if is_shared else None,
        is_complete=is_shared and error is not None and error <= LARGEST_ERROR,
        n_steps=found.n_steps,
        components=components,
    )
