"""``/api/v1/models``: what can be chosen by name."""

import inspect
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from mainshock.core.errors import RegistryError
from mainshock.core.registry import Registry
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import listing
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.schemas import ModelEntry, ModelsAnswer

if TYPE_CHECKING:
    from mainshock.learn.models import ModelManifest

__all__ = ["router"]


def router(_context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["models"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/models")
    def list_models() -> ModelsAnswer:
        """List pickers, associators, location methods, velocity models and network weights."""
        found = [*_registered(inference), *_weights(inference)]
        return listing(ModelsAnswer, found, limit=len(found))

    return routes


def _registered(inference: Inference) -> Iterator[ModelEntry]:
    for kind, registry in _registries().items():
        for name in registry.names():
            description, loads = _description(registry, name)
            is_loaded = inference.is_loaded(name) if kind == "picker" else loads
            yield ModelEntry(name=name, kind=kind, description=description, is_loaded=is_loaded)


def _weights(inference: Inference) -> Iterator[ModelEntry]:
    from mainshock.learn.models import list_models  # noqa: PLC0415 - reads the folders

    manifests: list[ModelManifest] = list_models()
    for manifest in manifests:
        yield ModelEntry(
            name=manifest.name,
            kind="weights",
            description=manifest.description,
            is_loaded=inference.is_loaded(manifest.name),
        )


@cache
def _registries() -> dict[str, Registry[Any]]:  # registries of several kinds
    """Return the registries by kind; imported late, for they load what they describe."""
    from mainshock.detect.registry import PICKERS  # noqa: PLC0415
    from mainshock.events.registry import ASSOCIATORS  # noqa: PLC0415
    from mainshock.locate.registry import LOCATION_METHODS, TRAVEL_TIMES  # noqa: PLC0415

    return {
        "picker": PICKERS,
        "associator": ASSOCIATORS,
        "location": LOCATION_METHODS,
        "velocity": TRAVEL_TIMES,
    }


@cache
def _description(registry: Registry[Any], name: str) -> tuple[str, bool]:
    """Return what something says of itself in one line, and whether it can be loaded."""
    try:
        return (inspect.getdoc(registry.load(name)) or "").partition("\n")[0], True
    except RegistryError as error:
        return str(error), False
