"""``/api/v1/models/cards``: what each set of weights is, how good, and whether it serves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mainshock.core.errors import RegistryError, UnreachableError
from mainshock.core.sentences import Told
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, Meta
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.routes.model_serving import NO_LIVE_RUN

if TYPE_CHECKING:
    from mainshock.learn.models import ModelManifest

__all__ = ["ModelCardData", "ModelCardsAnswer", "ModelCardsMeta", "router"]

_CARD = "card.md"
_MOST_CHARACTERS = 60_000


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
    is_in_use: bool = Field(description="Whether its picks count now")
    is_shadow: bool = Field(description="Whether it runs beside the model in use")
    metrics: dict[str, Any] = Field(description="On data that it was not trained on")
    training: dict[str, Any]
    settings: dict[str, Any]
    files: dict[str, str] = Field(description="SHA-256 by name")
    card: str = Field(description="Markdown; empty where there is none")


class ModelCardsMeta(Meta):
    """Which weights find the picks at present."""

    picker: str = Field(
        description="The model in use; where nothing runs live, of the newest pick, or empty"
    )
    can_promote: bool
    promote_problem: str = Field(description="Why none can be promoted; empty where one can")
    promote_problem_told: list[Told] = Field(
        description="Its sentences, each by its code and values"
    )


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
        now = _Now.of(context)
        found = [_card(one, find_model(one.name), default, inference, now) for one in list_models()]
        is_live = context.models is not None
        meta = ModelCardsMeta(
            picker=now.in_use,
            can_promote=is_live,
            promote_problem="" if is_live else NO_LIVE_RUN,
            promote_problem_told=[] if is_live else [sentences.KNOWN.told(NO_LIVE_RUN)],
        )
        return ModelCardsAnswer(data=found, meta=meta)

    return routes


@dataclass(frozen=True, slots=True)
class _Now:
    """Names that picks state at present: of the model in use, and of the one beside it."""

    in_use: str
    shadow: str
    is_live: bool

    @classmethod
    def of(cls, context: ServiceContext) -> "_Now":
        models = context.models
        if models is None:
            newest = context.store.picks(limit=1)
            return cls(newest[-1].pick.model if newest else "", "", is_live=False)
        shadow = "" if models.shadow is None else models.shadow.state.name
        return cls(models.desk.in_use.name, shadow, is_live=True)


def _card(
    manifest: "ModelManifest",
    folder: Path,
    default: Path | None,
    inference: Inference,
    now: _Now,
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
        is_in_use=now.is_live and manifest.name == now.in_use,
        is_shadow=now.is_live and manifest.name == now.shadow,
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
