"""The stages of the live path by name, made from the parts that they share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainshock.core.errors import SettingsError, SourceError
from mainshock.detect.base import Picker
from mainshock.events.kept_answers import KeptAnswers
from mainshock.forecast.forecast_log import ForecastLog
from mainshock.pipeline.locating import EventBuilder
from mainshock.stream.alerts.config import AlertSettings
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.amplitudes import ArchiveAmplitudes, has_responses
from mainshock.stream.bus import Message, Stage
from mainshock.stream.events.settling import SettlingStage
from mainshock.stream.events.stage import EventStage
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.forecasts import ForecastSettings
from mainshock.stream.late_picks import LatePicks
from mainshock.stream.late_stage import LateStage
from mainshock.stream.model_choice.shadow import Shadow
from mainshock.stream.model_choice.shadow_stage import ShadowStage
from mainshock.stream.monitoring.flags import DriftBoard
from mainshock.stream.monitoring.parts import Observe, TimedAssociator, TimedBuilder
from mainshock.stream.picking.changeable import ChangeablePicking
from mainshock.stream.picking.stage import PickingStage, Show
from mainshock.stream.registry import LIVE_STAGES
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store_stage import StoreStage
from mainshock.stream.workers import WorkerSettings

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.events.base import Associator
    from mainshock.locate.base import TravelTimeModel

__all__ = ["LocationParts", "StageParts", "make_stage", "worker_settings"]

_PICKING_LIMIT, _LIMIT = 200, 500
_RARELY_S = 120.0  # a watch over days may repeat two minutes of work after a crash


@dataclass(frozen=True, slots=True, eq=False)
class LocationParts:
    """What turns picks into events, as for a batch run.

    Parameters
    ----------
    builder, associator, travel_times
        As :func:`mainshock.pipeline.locating.locate_picks` takes them.
    names
        Names of associator, velocity model and location method.
    inventory
        Stations with responses for magnitudes, or None.
    """

    builder: EventBuilder
    associator: "Associator"
    travel_times: "TravelTimeModel"
    names: dict[str, str]
    inventory: "Inventory | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class StageParts:
    """What stages are made from; each needs some of it.

    Parameters
    ----------
    archive, forecast_log
        Records that were accepted, as an SDS archive, and the file of forecasts.
    picker, location, alerts, store
        Of the stages that pick, locate, alert and store; None where none of them is made.
    forecasts, forecast_board
        What is forecast, and where it is shown.
    is_live, is_synthetic
        Of the source.
    flush
        Has all records so far written to the archive.
    show
        Receives probability curves.
    drift_board
        Where channels and pickers are shown that are not what they used to be.
    observe
        Told how long associations and locations take, or None.
    shadow
        What runs beside the picker, where a stage shows it records; else None.
    """

    archive: Path
    forecast_log: Path
    picker: Picker | None = None
    location: LocationParts | None = None
    alerts: AlertSettings | None = None
    store: LiveStore | None = None
    forecasts: ForecastSettings = field(default_factory=ForecastSettings)
    forecast_board: ForecastBoard = field(default_factory=ForecastBoard)
    is_live: bool = True
    is_synthetic: bool = False
    flush: Callable[[], None] = lambda: None
    show: Show | None = None
    drift_board: DriftBoard = field(default_factory=DriftBoard)
    observe: Observe | None = None
    shadow: Shadow | None = None


def make_stage(name: str, parts: StageParts) -> Stage[Any]:
    """Return the stage of a name.

    Names are ``picking``, ``late``, ``shadow``, ``settling``, ``events``, ``alerts``, ``store``,
    and those of ``LIVE_STAGES``.

    Raises
    ------
    SettingsError
        If it needs a part that is not there.
    RegistryError
        If there is no such stage.
    """
    makers = {
        "picking": _picking,
        "late": _late,
        "shadow": _shadow,
        "settling": _settling,
        "events": _events,
        "alerts": _alerts,
        "drift": _drift,
        "forecasts": _forecasts,
        "store": _store,
    }
    return makers[name](parts) if name in makers else LIVE_STAGES.load(name)()


def _picking(parts: StageParts) -> Stage[Any]:
    if parts.picker is None:
        raise SettingsError("picking needs a picker; name one")
    stage = PickingStage(parts.picker, is_synthetic=parts.is_synthetic, show=parts.show)
    return ChangeablePicking(stage)


def _late(parts: StageParts) -> Stage[Any]:
    if parts.picker is None or parts.store is None:
        raise SettingsError("late picks need a picker and a store; name both")

    def nowhere(messages: Sequence[Message]) -> None:
        raise SourceError(f"{len(messages)} late picks have nowhere to go; start the stage first")

    late = LatePicks(
        parts.picker,
        parts.archive,
        parts.store,
        nowhere,
        parts.flush,
        is_synthetic=parts.is_synthetic,
        follows_picks=True,
    )
    return LateStage(late)


def _shadow(parts: StageParts) -> Stage[Any]:
    if parts.shadow is None:
        raise SettingsError(
            "a shadow needs to know its model; name --models FILE with a part [shadow]"
        )
    return ShadowStage(parts.shadow, is_live=parts.is_live)


def _located(parts: StageParts) -> LocationParts:
    if parts.location is None:
        raise SettingsError("events need the places of the stations; name a file of stations")
    location, observe = parts.location, parts.observe
    return location if observe is None else _timed(location, observe)


def _timed(location: LocationParts, observe: Observe) -> LocationParts:
    return replace(
        location,
        builder=TimedBuilder.of(location.builder, observe),
        associator=TimedAssociator(location.associator, observe),
    )


def _amplitudes(parts: StageParts) -> ArchiveAmplitudes | None:
    inventory = _located(parts).inventory
    if inventory is None or not has_responses(inventory):
        return None
    return ArchiveAmplitudes(parts.archive, inventory, parts.flush)


def _settling(parts: StageParts) -> Stage[Any]:
    location = _located(parts)
    return SettlingStage(
        location.builder, _keeping(location.associator), location.travel_times, _amplitudes(parts)
    )


def _events(parts: StageParts) -> Stage[Any]:
    location = _located(parts)
    picker = {} if parts.picker is None else {"picker": parts.picker.name}
    return EventStage(
        location.builder,
        _quick(location.associator),
        location.travel_times,
        _amplitudes(parts),
        {**picker, **location.names},
        is_synthetic=parts.is_synthetic,
    )


def _alerts(parts: StageParts) -> Stage[Any]:
    if parts.alerts is None:
        raise SettingsError("alerts need rules and channels; name a file of alerts")
    return AlertStage(parts.alerts, is_replay=not parts.is_live)


def _drift(parts: StageParts) -> Stage[Any]:
    return LIVE_STAGES.load("drift")(parts.drift_board)


def _forecasts(parts: StageParts) -> Stage[Any]:
    settings = replace(
        parts.forecasts, is_synthetic=parts.is_synthetic, is_replay=not parts.is_live
    )
    return LIVE_STAGES.load("forecasts")(settings, parts.forecast_board)


def _store(parts: StageParts) -> Stage[Any]:
    if parts.store is None:
        raise SettingsError("the store stage needs a store; name a data folder or a database")
    return StoreStage(parts.store, ForecastLog(parts.forecast_log))


def _quick(associator: "Associator") -> "Associator":
    """Return a coarser associator for the first look, where there is such a choice."""
    if isinstance(associator, TimedAssociator):
        return associator.around(_quick)
    nodes = getattr(associator, "n_horizontal", None)
    coarser: Any = associator  # whichever has such a field is a dataclass
    return associator if nodes is None else replace(coarser, n_horizontal=max(4, nodes // 2))


def _keeping(associator: "Associator") -> "Associator":
    """Return the same for who asks again and again about mostly the same picks."""
    if isinstance(associator, TimedAssociator):
        return associator.around(_keeping)
    known: Any = associator
    return replace(known, kept=KeptAnswers()) if hasattr(known, "kept") else associator


def worker_settings(
    name: str, *, commits_versions: bool, holds_for: tuple[str, ...] = ()
) -> WorkerSettings:
    """Return how a stage is run.

    Parameters
    ----------
    name
        Of the stage.
    commits_versions
        Whether versions are told in one with a commit, so that after a crash none is told twice
        in two ways.
    holds_for
        Stages behind it that must not be left behind.
    """
    return WorkerSettings(
        limit=_PICKING_LIMIT if name == "picking" else _LIMIT,
        hold_for=holds_for,
        hold_topics=("pick.v1",),
        hold_at=200,
        commits_with=_is_version if commits_versions else None,
        is_sink=name == "store",
        **({"commit_s": _RARELY_S} if name == "drift" else {}),
    )


def _is_version(message: Message) -> bool:
    """Return whether a message is a version of an event, an alert or a forecast: told but once.

    A preliminary version depends on what else the same step saw, so that a step done again in
    other parts would tell another one of the same earthquake. Versions of picks do not, and the
    state behind them holds minutes of all records, too much to be written with each pick.
    """
    told_once = ("event.v1", "settled.v1", "alert.v1", "forecast.v1")
    return message.topic in told_once and "#" in message.identity
