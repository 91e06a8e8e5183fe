"""``/api/v1/models/serving``: which model counts, how another one compares, and its change."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from mainshock.core.errors import MainshockError, RegistryError, SourceError, UnreachableError
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, ErrorAnswer, listing
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, Limit, TimeSpan, require_json
from mainshock.serve.schemas import PicksAnswer, UtcTime
from mainshock.serve.security.audit import current_identity, record
from mainshock.serve.summaries import pick_summary
from mainshock.stream.model_choice.agreement import ComparedPick
from mainshock.stream.model_choice.desk import ModelDesk, ModelState
from mainshock.stream.model_choice.of_run import RunModels
from mainshock.stream.model_choice.settings import PickerSpec
from mainshock.stream.model_choice.shadow import Shadow
from mainshock.stream.store.database import StoreError

__all__ = [
    "NO_LIVE_RUN",
    "ComparedPickData",
    "InUseData",
    "ModelChange",
    "PhaseAgreementData",
    "ServingAnswer",
    "ServingData",
    "ShadowData",
    "ShadowPickParameters",
    "SpecData",
    "router",
]

NO_LIVE_RUN = sentences.NO_LIVE_MODEL.tell()
_ANSWERS = {
    **INFER_ERROR_ANSWERS,
    409: {"model": ErrorAnswer, "description": "It cannot be the model in use, or is it already"},
}
_Name = Annotated[
    str,
    Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="A name of /api/v1/models"),
]


class SpecData(BaseModel):
    """A picker as it was opened; thresholds are null where they are the model's own."""

    model: str
    p_threshold: float | None
    s_threshold: float | None


class InUseData(BaseModel):
    """The picker whose picks count."""

    name: str = Field(description="What its picks state as their model")
    version: str
    opened_by: SpecData
    configured: SpecData = Field(description="What the settings name")
    since: UtcTime | None = Field(description="When it was chosen; null without a choice")
    by: str = Field(description="Who chose it; empty without a choice")
    action: Literal["promote", "rollback", ""]
    previous: SpecData | None = Field(description="What a roll back returns to")
    problem: str = Field(description="Why it is not the one that was chosen; empty where it is")


class PhaseAgreementData(BaseModel):
    """How far two pickers agree on one phase; times are shadow minus in use."""

    n_both: int
    n_in_use_only: int
    n_shadow_only: int
    agreement: float | None = Field(description="Share of all arrivals that both have")
    residual_mean_s: float | None
    residual_median_s: float | None
    residual_sd_s: float | None


class ComparedPickData(BaseModel):
    """An arrival that one of two pickers has alone."""

    trace: str = Field(description="NET.STA.LOC.CH")
    phase: str
    time: UtcTime
    whose: Literal["in_use", "shadow"]
    probability: float


class ShadowData(BaseModel):
    """A picker beside the one in use, whose picks lead to nothing."""

    state: Literal["off", "starting", "running", "failing"]
    picker: SpecData | None
    name: str = Field(description="What its picks state as their model; empty until it is open")
    problem: str
    waiting: int = Field(description="Records that wait for it")
    seen: int = Field(description="Records that it picked since the start")
    shed: int = Field(description="Records dropped because it was too slow")
    failures: int = Field(description="Batches of records, or processes, that failed")
    window_s: float = Field(description="Length of the time compared, back from the newest pick")
    start: UtcTime | None
    end: UtcTime | None
    n_left_out: int = Field(description="Picks near records that it did not see")
    phases: dict[str, PhaseAgreementData]
    lone: list[ComparedPickData] = Field(description="The newest picks of one of them alone")


class ServingData(BaseModel):
    """Which models work on the live records."""

    in_use: InUseData | None = Field(description="Null where nothing runs live")
    shadow: ShadowData | None = Field(description="Null where the settings name none")


class ServingAnswer(Answer[ServingData]):
    """Which models work on the live records."""


class ModelChange(BaseModel):
    """What a change of the model in use states."""

    model_config = ConfigDict(extra="forbid")

    instead_of: Annotated[
        str | None,
        Field(max_length=100, description="The model in use as it was seen; another one refuses"),
    ] = None


class ShadowPickParameters(TimeSpan):
    """Which picks of the shadow are wanted."""

    limit: Limit = 1000


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1/models", tags=["models"], dependencies=STRICT, responses=_ANSWERS
    )
    changing = [Depends(require_json)]

    @routes.get("/serving")
    def get_serving() -> ServingAnswer:
        """Tell which model is in use, and how the one beside it compares."""
        return _answer(context.models)

    @routes.get("/shadow/picks")
    def list_shadow_picks(wanted: Annotated[ShadowPickParameters, Query()]) -> PicksAnswer:
        """List picks of the shadow, which no event is made of, in order of time."""
        shadow = None if context.models is None else context.models.shadow
        found = [] if shadow is None else shadow.picks(wanted.start, wanted.end, wanted.limit)
        return listing(PicksAnswer, [pick_summary(one) for one in found], limit=wanted.limit)

    @routes.post("/{name}/promote", dependencies=changing)
    def promote_model(name: _Name, wanted: ModelChange) -> ServingAnswer:
        """Make a model the one in use, between two packets; buffers are kept, none is lost."""
        return _changed(
            context.models, "models.promote", wanted, lambda desk, by: desk.promote(name, by)
        )

    @routes.post("/rollback", dependencies=changing)
    def roll_back_model(wanted: ModelChange) -> ServingAnswer:
        """Return to the model that was in use before."""
        return _changed(
            context.models, "models.rollback", wanted, lambda desk, by: desk.roll_back(by)
        )

    return routes


def _changed(
    models: RunModels | None,
    action: str,
    wanted: ModelChange,
    change: Callable[[ModelDesk, str], ModelState],
) -> ServingAnswer:
    """Change the model in use, note who did so, and tell the state after it."""
    if models is None:
        raise ApiError(409, NO_LIVE_RUN)
    before = models.desk.in_use
    if wanted.instead_of not in (None, before.name):
        raise ApiError(
            409,
            sentences.OTHER_MODEL_IN_USE.tell(model=before.name, wanted=wanted.instead_of),
            {"in_use": before.name},
        )
    try:
        after = change(models.desk, current_identity().name)
    except StoreError:
        raise
    except (RegistryError, UnreachableError) as error:
        raise ApiError(404, str(error)) from error
    except SourceError as error:
        raise ApiError(503, str(error)) from error
    except MainshockError as error:
        raise ApiError(409, str(error), {"in_use": models.desk.in_use.name}) from error
    told = f"from {before.name} {before.version} to {after.in_use} {after.version}"
    record(action, after.in_use, told)
    return _answer(models)


def _answer(models: RunModels | None) -> ServingAnswer:
    if models is None:
        return ServingAnswer(data=ServingData(in_use=None, shadow=None))
    shadow = None if models.shadow is None else _shadow(models.shadow)
    return ServingAnswer(data=ServingData(in_use=_in_use(models.desk.state), shadow=shadow))


def _in_use(state: ModelState) -> InUseData:
    is_chosen = state.previous is not None
    choice = state.choice if is_chosen else None
    return InUseData(
        name=state.in_use,
        version=state.version,
        opened_by=_spec(state.spec),
        configured=_spec(state.configured),
        since=None if choice is None else choice.time,
        by="" if choice is None else choice.by,
        action="" if choice is None else choice.action,
        previous=None if state.previous is None else _spec(state.previous),
        problem=state.problem,
    )


def _shadow(shadow: Shadow) -> ShadowData:
    told, compared = shadow.state, shadow.comparison()
    return ShadowData(
        state=told.state,
        picker=None if told.spec is None else _spec(told.spec),
        name=told.name,
        problem=told.problem,
        waiting=told.waiting,
        seen=told.counts.seen,
        shed=told.counts.shed,
        failures=told.counts.failures,
        window_s=shadow.settings.window_s,
        start=compared.start,
        end=compared.end,
        n_left_out=compared.n_left_out,
        phases={phase: PhaseAgreementData(**asdict(one)) for phase, one in compared.phases.items()},
        lone=[_lone(one) for one in reversed(compared.lone)],
    )


def _spec(spec: PickerSpec) -> SpecData:
    return SpecData(model=spec.model, p_threshold=spec.p_threshold, s_threshold=spec.s_threshold)


def _lone(one: ComparedPick) -> ComparedPickData:
    whose: Literal["in_use", "shadow"] = "in_use" if one.whose == "in_use" else "shadow"
    return ComparedPickData(
        trace=one.trace_id,
        phase=one.phase,
        time=one.time,
        whose=whose,
        probability=one.probability,
    )
