"""``POST /api/v1/infer``: picks in a record that is sent."""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from mainshock.core.errors import DataError, RecordError
from mainshock.core.records import Waveform
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, require_json
from mainshock.serve.schemas import CurvesData, InferAnswer, InferData, InferMeta, InferRequest
from mainshock.serve.summaries import inferred_pick, nullable_list

if TYPE_CHECKING:
    from mainshock.detect.base import Picker

__all__ = ["router"]

_MOST_SAMPLES = 400_000
_BODY: dict[str, Any] = {  # part of an OpenAPI document
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InferRequest.model_json_schema()}},
    }
}


def router(_context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["inference"], dependencies=STRICT, responses=INFER_ERROR_ANSWERS
    )

    @routes.post("/infer", openapi_extra=_BODY)
    async def infer_picks(
        request: Request, curves: Annotated[bool, Query(description="Also the curves")] = False
    ) -> InferAnswer:
        """Find the arrivals of P and S in a record of three components."""
        require_json(request)
        inference.admit(request.client.host if request.client else "")
        body = await request.body()
        # large bodies are read in a thread, so that live clients do not wait
        return await inference.records.run(_infer, inference, body, with_curves=curves)

    return routes


def _infer(inference: Inference, body: bytes, *, with_curves: bool) -> InferAnswer:
    try:
        wanted = InferRequest.model_validate_json(body)
    except ValidationError as error:
        details = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(details) from error
    try:
        waveform = _waveform(wanted)
        picker = inference.picker(wanted.model)
        picks = picker.classify(waveform)
        drawn = picker.annotate(waveform) if with_curves else None
    except (RecordError, DataError) as error:
        raise ApiError(400, str(error)) from error
    data = InferData(model=picker.name, picks=[inferred_pick(pick) for pick in picks])
    meta = InferMeta(notes=_notes(waveform, picker))
    if drawn is not None:
        rows = zip(drawn.phases, drawn.probability, strict=True)
        data.curves = CurvesData(
            start=drawn.start,
            sampling_rate_hz=drawn.sampling_rate_hz,
            probability={phase: nullable_list(row) for phase, row in rows},
        )
    return InferAnswer(data=data, meta=meta)


def _notes(waveform: Waveform, picker: "Picker") -> list[str]:
    """Return why picks may be missing."""
    length_s = waveform.n_samples / waveform.sampling_rate_hz
    window_s: float = getattr(picker, "window_s", 0.0)  # networks have one
    if length_s >= window_s:
        return []
    note = (
        f"the record lasts {length_s:g} s and was filled up with zeros to the {window_s:g} s that "
        f"{picker.name} looks at: picks may be missing or less certain; send a longer record"
    )
    return [note]


def _waveform(wanted: InferRequest) -> Waveform:
    lengths = [len(component) for component in wanted.samples]
    if len(set(lengths)) != 1 or not 0 < lengths[0] <= _MOST_SAMPLES:
        raise RecordError(
            f"samples have lengths {lengths}; all three must have the same, 1 to {_MOST_SAMPLES}"
        )
    with np.errstate(over="ignore"):  # the record refuses what becomes infinite
        samples = np.array(wanted.samples, dtype=np.float64).astype(np.float32)
    z, n, e = (bool(component.any()) for component in samples)
    return Waveform(
        network=wanted.network,
        station=wanted.station,
        location=wanted.location,
        instrument=wanted.instrument,
        start=wanted.start,
        sampling_rate_hz=wanted.sampling_rate_hz,
        samples=samples,
        has_component=(z, n, e),
    )
