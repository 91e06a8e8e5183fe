"""``/v2``: tensors in, tensors out, by the Open Inference Protocol (KServe v2)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from mainshock import __version__
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import STRICT
from mainshock.serve.readiness import Readiness
from mainshock.serve.tensors import (
    VERSION,
    InferenceAnswer,
    InferenceRequest,
    read_request,
    write_answer,
)

__all__ = [
    "ModelMetadata",
    "ModelReady",
    "ProtocolError",
    "ServerLive",
    "ServerMetadata",
    "ServerReady",
    "TensorMetadata",
    "router",
]

MOST_WINDOWS = 64
_Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_BYTES = "application/octet-stream"
_BODY: dict[str, Any] = {  # part of an OpenAPI document
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": InferenceRequest.model_json_schema()},
            _BYTES: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class ProtocolError(BaseModel):
    """An error as the protocol has it."""

    error: str


class ServerMetadata(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """Whether the server lives."""

    live: bool


class ServerReady(BaseModel):
    """Whether the server can do its work."""

    ready: bool


class ModelReady(BaseModel):
    """Whether a model can be used."""

    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """A tensor that a model takes or gives; -1 for any length."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProtocolError} for status in (400, 401, 403, 404, 413, 429, 500, 503)
}


def router(context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v2", tags=["inference"], dependencies=STRICT, responses=_ERRORS)
    _add_server_routes(routes, context)
    _add_model_routes(routes, inference)
    return routes


def _add_server_routes(routes: APIRouter, context: ServiceContext) -> None:
    readiness = Readiness(context)

    @routes.get("")
    def get_server_metadata() -> ServerMetadata:
        """Tell what the server is."""
        return ServerMetadata(
            name="mainshock", version=__version__, extensions=["binary_tensor_data"]
        )

    @routes.get("/health/live")
    async def get_server_live() -> ServerLive:
        """Tell whether the server lives."""
        return ServerLive(live=True)

    @routes.get("/health/ready")
    async def get_server_ready() -> ServerReady:
        """Tell whether the server can do its work: 503 if not."""
        reason = await readiness.reason()
        if reason:
            raise ApiError(503, reason)
        return ServerReady(ready=True)


def _add_model_routes(routes: APIRouter, inference: Inference) -> None:
    async def get_model_metadata(model: _Name) -> ModelMetadata:
        """Tell what a model takes and gives."""
        n = await inference.tensors.run(_window_samples, inference, model)
        return ModelMetadata(
            name=model,
            versions=[VERSION],
            platform="onnx_onnxruntime",
            inputs=[TensorMetadata(name="waveform", datatype="FP32", shape=[-1, 3, n])],
            outputs=[TensorMetadata(name="probability", datatype="FP32", shape=[-1, 2, n])],
        )

    async def get_model_ready(model: _Name) -> ModelReady:
        """Load a model if need be, and tell that it can be used."""
        await inference.tensors.run(inference.network, model)
        return ModelReady(name=model, ready=True)

    async def infer_tensor(model: _Name, request: Request) -> Response:
        """Put normalised windows through a network: `waveform` to `probability`."""
        inference.admit(request.client.host if request.client else "")
        body = await request.body()
        header_length = request.headers.get("inference-header-content-length")
        return await inference.tensors.run(_infer, inference, model, body, header_length)

    of_one = [Depends(_refuse_other_versions)]
    for path, name, checks in (
        ("/models/{model}", "", []),
        ("/models/{model}/versions/{version}", "_of_version", of_one),
    ):
        routes.get(path, name=f"get_model_metadata{name}", dependencies=checks)(get_model_metadata)
        routes.get(f"{path}/ready", name=f"get_model_ready{name}", dependencies=checks)(
            get_model_ready
        )
        routes.post(
            f"{path}/infer",
            name=f"infer_tensor{name}",
            dependencies=checks,
            openapi_extra=_BODY,
            responses={200: {"model": InferenceAnswer, "content": {_BYTES: {}}}},
            response_class=Response,
        )(infer_tensor)


async def _refuse_other_versions(version: str) -> None:
    if version != VERSION:
        raise ApiError(404, f"there is no version {version[:64]!r}; the one there is: {VERSION}")


def _window_samples(inference: Inference, model: str) -> int:
    network = inference.network(model)
    return round(network.window_s * network.sampling_rate_hz)


def _infer(inference: Inference, model: str, body: bytes, header_length: str | None) -> Response:
    asked = read_request(body, header_length)
    windows = asked.windows
    n = _window_samples(inference, model)
    if windows.ndim != 3 or windows.shape[1:] != (3, n) or not 0 < len(windows) <= MOST_WINDOWS:
        raise ApiError(
            400,
            f"waveform has shape {list(windows.shape)}; it must be [batch, 3, {n}], components "
            f"Z, N, E, with a batch of 1 to {MOST_WINDOWS}",
        )
    curves = inference.batcher(model).run(windows)
    inference.metrics.windows.inc(len(windows))
    return write_answer(model, asked, curves)
