"""``/api/v1/models/cards``: what each set of weights is, how good, and whether it serves."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mainshock.core.errors import RegistryError, UnreachableError
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, Meta
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT

if TYPE_CHECKING:
    from mainshock.learn.models import ModelManifest

__all__ = ["ModelCardData", "ModelCardsAnswer", "ModelCardsMeta", "router"]

_CARD = "card.md"
_MOST_CHARACTERS = 60_000
_WHY_NOT = (
    "The picker of a run is chosen when it starts: mainshock monitor --model NAME. The service "
    "does not change it while records come in, so that all picks of a run are of one model."
)


class ModelCardData(BaseModel):
    """One set of weights."""

    name: str
    version: str
    task: str
    description: str
    licence: str
    origin: str = Field(description="packaged or added")
    is_loaded: bool
    serves: bool = Field(description="Whether the picker `default` runs these weights")
    metrics: dict[str, Any] = Field(description="On data that it was not trained on")
    training: dict[str, Any]
    settings: dict[str, Any]
    files: dict[str, str] = Field(description="SHA-256 by name")
    card: str = Field(description="Markdown; empty where there is none")


class ModelCardsMeta(Meta):
    """Which weights find the picks at present."""

    picker: str = Field(description="Name that the newest pick states; empty without picks")
    can_promote: bool
    promote_problem: str = Field(description="Why none can be promoted; empty where one can")


class ModelCardsAnswer(Answer[list[ModelCardData]]):
    """All sets of weights."""

    meta: ModelCardsMeta


def router(context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1/models", tags=["models"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/cards")
    def list_model_cards() -> ModelCardsAnswer:
        """Tell of all network weights their card, their scores, and which of them serve."""
        from mainshock.learn.models import find_model, list_models  # noqa: PLC0415 - reads folders

        try:
            default = find_model("default")
        except (RegistryError, UnreachableError):
            default = None
        found = [_card(one, find_model(one.name), default, inference) for one in list_models()]
        newest = context.store.picks(limit=1)
        meta = ModelCardsMeta(
            picker=newest[-1].pick.model if newest else "",
            can_promote=False,
            promote_problem=_WHY_NOT,
        )
        return ModelCardsAnswer(data=found, meta=meta)

    return routes


def _card(
    manifest: "ModelManifest", folder: Path, default: Path | None, inference: Inference
) -> ModelCardData:
    from mainshock.learn.models import is_packaged  # noqa: PLC0415

    card = folder / _CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    return ModelCardData(
        name=manifest.name,
        version=manifest.version,
        task=manifest.task,
        description=manifest.description,
        licence=manifest.licence,
        origin="packaged" if is_packaged(folder) else "added",
        is_loaded=inference.is_loaded(manifest.name),
        serves=folder == default,
        metrics=_plain(manifest.metrics),
        training=_plain(manifest.training),
        settings=_plain(manifest.settings),
        files=dict(manifest.files),
        card=text[:_MOST_CHARACTERS],
    )


def _plain(values: Any) -> dict[str, Any]:  # a part of a manifest, of any depth
    """Return a dictionary that JSON can hold; NaN becomes null."""
    made: dict[str, Any] = json.loads(json.dumps(dict(values)), parse_constant=lambda _: None)
    return made
