"""Reads and writes tensors of the Open Inference Protocol, as JSON or with binary data.

References
----------
Open Inference Protocol, version 2 (KServe), with the binary tensor data extension: after a JSON
header of ``Inference-Header-Content-Length`` bytes follow the tensors, little endian.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from mainshock.serve.envelope import ApiError

__all__ = [
    "VERSION",
    "InferenceAnswer",
    "InferenceRequest",
    "TensorAnswer",
    "TensorRequest",
    "read_request",
    "write_answer",
]

INPUT = "waveform"
OUTPUT = "probability"
VERSION = "1"  # the one that each model has
_HEADER_LENGTH = "Inference-Header-Content-Length"


class InferenceRequest(BaseModel):
    """The JSON of a request; keys that are not listed are passed over."""

    id: str = Field("", max_length=200)
    parameters: dict[str, Any] = {}  # the protocol leaves them open
    inputs: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=1,
        description=(
            "One tensor: name `waveform`, datatype `FP32`, shape [batch, 3, n], data: numbers in "
            "row-major order, flat or nested"
        ),
    )
    outputs: list[dict[str, Any]] = Field(default=[], max_length=1)


class TensorAnswer(BaseModel):
    """A tensor that a model gave."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float] = Field([], description="Row-major order; absent where it comes as bytes")
    parameters: dict[str, Any] = {}  # the protocol leaves them open


class InferenceAnswer(BaseModel):
    """The JSON of an answer."""

    model_name: str
    model_version: str
    id: str = ""
    outputs: list[TensorAnswer]


@dataclass(frozen=True, slots=True, eq=False)
class TensorRequest:
    """What a request asks for.

    Parameters
    ----------
    identity
        To be given back.
    windows
        The tensor, float32, of the shape stated.
    wants_binary
        Whether the answer's data are to be binary.
    """

    identity: str
    windows: NDArray[np.float32]
    wants_binary: bool


def read_request(body: bytes, header_length: str | None) -> TensorRequest:
    """Return what a request asks for.

    Raises
    ------
    ApiError
        400 if it is not as the protocol says, or not for the tensors there are.
    """
    header, binary = _split(body, header_length)
    try:
        asked = InferenceRequest.model_validate_json(header)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise ApiError(400, f"{where}: {first['msg']}") from error
    windows = _tensor(asked.inputs[0], binary)
    output = asked.outputs[0] if asked.outputs else {}
    if output.get("name", OUTPUT) != OUTPUT:
        raise ApiError(400, f"there is no output {output['name']!r}; the one there is: {OUTPUT}")
    parameters = output.get("parameters")
    binary_data = parameters.get("binary_data") if isinstance(parameters, dict) else None
    if binary_data is None:
        binary_data = asked.parameters.get("binary_data_output", False)
    return TensorRequest(asked.id, windows, bool(binary_data))


def write_answer(model: str, asked: TensorRequest, curves: NDArray[np.float32]) -> Response:
    """Return the answer that holds a tensor of probabilities."""
    output: dict[str, Any] = {"name": OUTPUT, "shape": list(curves.shape), "datatype": "FP32"}
    head: dict[str, Any] = {"model_name": model, "model_version": VERSION, "outputs": [output]}
    if asked.identity:
        head["id"] = asked.identity
    if not asked.wants_binary:
        output["data"] = np.nan_to_num(curves).ravel().tolist()
        return JSONResponse(head)
    binary = curves.astype("<f4").tobytes()
    output["parameters"] = {"binary_data_size": len(binary)}
    header = json.dumps(head).encode()
    return Response(
        header + binary,
        media_type="application/octet-stream",
        headers={_HEADER_LENGTH: str(len(header))},
    )


def _split(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 12):
        raise ApiError(400, f"{_HEADER_LENGTH} is {header_length[:20]!r}; it must be a number")
    length = int(header_length)
    if length > len(body):
        raise ApiError(400, f"{_HEADER_LENGTH} is {length}; the body has only {len(body)} bytes")
    return body[:length], body[length:]


def _tensor(stated: dict[str, Any], binary: bytes) -> NDArray[np.float32]:
    """Return the input tensor, from its JSON or from the bytes behind it."""
    if stated.get("name") != INPUT or stated.get("datatype") != "FP32":
        raise ApiError(
            400,
            f"input is {str(stated.get('name'))[:50]!r} of {str(stated.get('datatype'))[:20]!r}; "
            f"it must be {INPUT!r} of 'FP32'",
        )
    shape = stated.get("shape")
    if not isinstance(shape, list) or not all(
        isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**31 for n in shape
    ):
        raise ApiError(400, "shape must be a list of positive whole numbers")
    parameters = stated.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    values = _values(stated.get("data")) if size is None else _binary_values(size, binary)
    if values.size != math.prod(shape):
        raise ApiError(400, f"shape {shape[:8]} does not hold the {values.size} numbers given")
    if not np.isfinite(values).all():
        raise ApiError(400, "data hold NaN, infinity or numbers beyond FP32; send finite ones")
    return values.reshape(shape)


def _values(data: object) -> NDArray[np.float32]:
    if not isinstance(data, list):
        raise ApiError(400, "data is missing; give the numbers in row-major order")
    try:
        values = np.array(data)
    except (ValueError, OverflowError) as error:
        raise ApiError(400, f"data are no even array of numbers: {error}") from error
    if values.dtype.kind not in "iuf":
        raise ApiError(400, "data hold something that is no number")
    with np.errstate(over="ignore"):  # what becomes infinite is refused later
        return values.astype(np.float32).ravel()


def _binary_values(size: object, binary: bytes) -> NDArray[np.float32]:
    if not isinstance(size, int) or size != len(binary) or size % 4:
        raise ApiError(
            400, f"binary_data_size is {str(size)[:20]}, and {len(binary)} bytes follow the JSON"
        )
    return np.frombuffer(binary, dtype="<f4").astype(np.float32)
