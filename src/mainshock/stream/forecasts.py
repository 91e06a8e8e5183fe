"""Keeps a forecast up to date with each event, and tells it: of the region, and of aftershocks."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainshock.core.errors import MainshockError
from mainshock.core.times import format_utc, parse_utc
from mainshock.stream import sentences
from mainshock.stream.bus import Message
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.messages import forecast_message, read_event_message, read_health_message
from mainshock.stream.monitoring.flags import is_drift_message
from mainshock.stream.records import EventVersion, ForecastVersion

if TYPE_CHECKING:  # the models' libraries are loaded by the stage's own thread
    from mainshock.core.rate_forecast import RateForecast
    from mainshock.forecast.issuing import IssueSettings
    from mainshock.forecast.live import LiveEvent, LiveForecast

__all__ = ["ForecastSettings", "ForecastStage", "ForecastState", "forecast_stage"]

_log = logging.getLogger(__name__)
_LEAST_AFTERSHOCK = 3.0
_EPOCH = parse_utc("1970-01-01T00:00:00Z")
OpenLive = Callable[[float], "LiveForecast"]


@dataclass(frozen=True, slots=True)
class ForecastSettings:
    """What the live path forecasts.

    Parameters
    ----------
    model
        Folder of a fitted space-time model; None: only generic tables of aftershocks.
    catalogue
        Events since the model was fitted, or None.
    region_name, agency
        As the forecast names them; empty: the bounds of the region, a general phrase.
    mainshock_magnitude
        From this one on an event gets a table of aftershocks.
    regime
        Tectonic regime whose generic parameters stand where no model may tell.
    every
        Longest time between two forecasts while data arrive.
    least
        Shortest time between two forecasts.
    followed
        How long the table of a mainshock is renewed.
    max_age
        Age of the newest data from which on the forecast is withdrawn.
    is_synthetic, is_replay
        Of the source.
    """

    model: Path | None = None
    catalogue: Path | None = None
    region_name: str = ""
    agency: str = ""
    mainshock_magnitude: float = 5.0
    regime: str = "ANSR-SHALCON"
    every: timedelta = timedelta(hours=1)
    least: timedelta = timedelta(seconds=10)
    followed: timedelta = timedelta(days=30)
    max_age: timedelta = timedelta(hours=6)
    is_synthetic: bool = False
    is_replay: bool = False

    def issue(self) -> "IssueSettings":
        """Return what forecasts tell."""
        from mainshock.forecast.issuing import AGENCY, IssueSettings  # noqa: PLC0415 - the same

        return IssueSettings(
            region_name=self.region_name,
            agency=self.agency or AGENCY,
            is_synthetic=self.is_synthetic,
            is_retrospective=self.is_replay,
        )


@dataclass(slots=True, eq=False)
class ForecastState:
    """What the stage remembers.

    Parameters
    ----------
    live
        The state of the model; None before the first message, or where there is no model.
    opened
        Time of the first message: up to then the model knows its history.
    now, cut_off
        Newest times that messages told: of the stream, and of data.
    issued
        When the region was told of last.
    is_changed
        Whether an event changed the forecast since then.
    mainshocks
        Event id to its version and the event, of those with a table.
    recent
        Events that may be aftershocks of those.
    """

    live: "LiveForecast | None" = None
    opened: datetime | None = None
    now: datetime = _EPOCH
    cut_off: datetime = _EPOCH
    issued: datetime = _EPOCH
    is_changed: bool = False
    mainshocks: "dict[str, tuple[int, LiveEvent]]" = field(default_factory=dict)
    recent: "dict[str, LiveEvent]" = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ForecastStage:
    """Tells ``forecast.v1``: the region with each event that counts, and tables after mainshocks.

    Parameters
    ----------
    settings
        What is forecast.
    open_live
        Returns the live state of the model at a moment, days after 1970; None: there is no model.
    board
        Where the state is shown to the service.

    Notes
    -----
    It is a consumer of its own, so that alerts never wait for a forecast. A new version of an
    event replaces its contribution, a cancelled one takes it out. Reports on the arrival of data
    are its clock: as long as they come, the forecast is renewed. Of several messages that wait,
    the forecast after the last one is told.
    """

    settings: ForecastSettings
    open_live: OpenLive | None = None
    board: ForecastBoard = field(default_factory=ForecastBoard)
    name: str = field(default="forecasts", init=False)
    topics: tuple[str, ...] = field(default=("event.v1", "health.v1"), init=False)

    def start(self) -> ForecastState:
        """Return the state before the first message: the model is opened with that."""
        return ForecastState()

    def step(
        self, state: ForecastState, messages: Sequence[Message]
    ) -> tuple[ForecastState, list[Message]]:
        """Return the state after some messages, and the forecasts that they give rise to."""
        told: dict[str, tuple[Message, EventVersion]] = {}
        for message in messages:
            if message.topic == "event.v1":
                version = read_event_message(message)
                _note_time(state, version.issued, version.issued)
                told.pop(version.event_id, None)
                told[version.event_id] = (message, version)
            elif not is_drift_message(message):
                health = read_health_message(message)
                _note_time(state, health.updated, min(health.last_sample, health.updated))
        self._open(state)
        with self.board.lock:
            made = [self._taken(state, *one) for one in told.values()]
            if state.live is not None:
                state.live.advance(_days(state.now))
                self.board.put(state.live, _days(state.cut_off))
            last = messages[-1] if messages else None
            return state, [*filter(None, made), *self._due(state, last)]

    def finish(self, state: ForecastState) -> tuple[ForecastState, list[Message]]:
        """Return the forecast that waited for its time, if one did."""
        with self.board.lock:
            return state, self._region(state, None) if state.is_changed else []

    def snapshot(self, state: ForecastState) -> bytes:
        """Return what came since the history of the model."""
        document = {
            "opened": None if state.opened is None else format_utc(state.opened),
            **{one: format_utc(getattr(state, one)) for one in ("now", "cut_off", "issued")},
            "is_changed": state.is_changed,
            "mainshocks": {
                name: [version, asdict(event)]
                for name, (version, event) in state.mainshocks.items()
            },
            "recent": [asdict(event) for event in state.recent.values()],
            "live": None if state.live is None else state.live.snapshot().decode(),
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def restore(self, snapshot: bytes) -> ForecastState:
        """Return the state that bytes of :meth:`snapshot` hold; the model is opened again."""
        from mainshock.forecast.live import LiveEvent  # noqa: PLC0415 - the same

        told: dict[str, Any] = json.loads(snapshot)  # a JSON document
        state = ForecastState(
            opened=None if told["opened"] is None else parse_utc(told["opened"]),
            now=parse_utc(told["now"]),
            cut_off=parse_utc(told["cut_off"]),
            issued=parse_utc(told["issued"]),
            is_changed=bool(told["is_changed"]),
            mainshocks={
                name: (int(version), LiveEvent(**event))
                for name, (version, event) in told["mainshocks"].items()
            },
            recent={one["event_id"]: LiveEvent(**one) for one in told["recent"]},
        )
        is_changed = state.is_changed
        self._open(state)
        state.is_changed = is_changed
        if state.live is not None and told["live"] is not None:
            state.live.restore(told["live"].encode())
        return state

    def _open(self, state: ForecastState) -> None:
        """Open the model at the first moment that is known; what is wrong is said once."""
        if state.live is not None or self.open_live is None or state.opened is None:
            return
        try:
            state.live = self.open_live(_days(state.opened))
        except MainshockError as error:
            self._give_up(state, error)
            return
        state.is_changed = True
        self.board.open(self.settings.issue(), "")

    def _give_up(self, state: ForecastState, error: MainshockError) -> None:
        """Tell no more forecasts of the region; tables of aftershocks become generic."""
        _log.warning("no forecast of the region: %s", error)
        self.board.open(self.settings.issue(), str(error))
        self.open_live = state.live = None

    def _taken(self, state: ForecastState, message: Message, told: EventVersion) -> Message | None:
        """Take an event in; return its table of aftershocks, if it gets one."""
        from mainshock.forecast.live import LiveEvent  # noqa: PLC0415 - the same

        magnitude, origin = told.event.magnitude, told.event.origin
        if told.kind == "cancel" or magnitude is None:
            state.mainshocks.pop(told.event_id, None)
            state.recent.pop(told.event_id, None)
            if state.live is not None:
                state.is_changed |= state.live.cancel(told.event_id).kind == "removed"
            return None
        event = LiveEvent(
            told.event_id, _days(origin.time), origin.longitude, origin.latitude, magnitude.value
        )
        state.recent.pop(told.event_id, None)
        if magnitude.value >= _LEAST_AFTERSHOCK:
            state.recent[told.event_id] = event
        if state.live is not None:
            change = state.live.update(event)
            state.is_changed |= change.kind in ("added", "replaced")
        if magnitude.value < self.settings.mainshock_magnitude:
            state.mainshocks.pop(told.event_id, None)
            return None
        state.mainshocks[told.event_id] = (told.version, event)
        return self._table(state, told.event_id, message)

    def _due(self, state: ForecastState, last: Message | None) -> list[Message]:
        """Return the forecasts whose time has come."""
        waited = state.now - state.issued
        is_due = waited >= self.settings.every
        if not (is_due or (state.is_changed and waited >= self.settings.least)):
            return []
        oldest = _days(state.now - self.settings.followed)
        state.mainshocks = {
            name: one for name, one in state.mainshocks.items() if one[1].time_days >= oldest
        }
        state.recent = {name: one for name, one in state.recent.items() if one.time_days >= oldest}
        # those of this moment were told with their event
        renewed = [
            self._table(state, name, last)
            for name, (_, event) in state.mainshocks.items()
            if is_due and event.time_days < _days(state.now) - 0.5 / 24
        ]
        made = self._region(state, last)
        state.issued = state.now
        return [*made, *filter(None, renewed)]

    def _region(self, state: ForecastState, about: Message | None) -> list[Message]:
        from mainshock.forecast.issuing import issue_forecast  # noqa: PLC0415 - the same

        state.is_changed = False
        if state.live is None:
            return []
        try:
            made = issue_forecast(state.live, self.settings.issue(), _days(state.cut_off))
        except MainshockError as error:
            self._give_up(state, error)
            return []
        return [_message(made, about)]

    def _table(self, state: ForecastState, event_id: str, about: Message | None) -> Message | None:
        from mainshock.forecast.aftershock_table import (  # noqa: PLC0415 - the same
            TableSettings,
            aftershock_table,
        )

        version, event = state.mainshocks[event_id]
        now_days = _days(state.now)
        if state.live is not None:
            state.live.advance(now_days)
        try:
            made = aftershock_table(
                event,
                version,
                max(now_days, event.time_days),
                self.settings.issue(),
                state.live,
                cut_off_days=_days(state.cut_off),
                aftershocks=list(state.recent.values()),
                table=TableSettings(regime=self.settings.regime),
            )
        except MainshockError as error:
            _log.warning("no table of aftershocks for %s: %s", event_id, error)
            return None
        return _message(made, about)


def forecast_stage(
    settings: ForecastSettings | None = None, board: ForecastBoard | None = None
) -> ForecastStage:
    """Return the stage with the model of the settings; without one it tells generic tables."""
    settings, board = settings or ForecastSettings(), board or ForecastBoard()
    if settings.model is None:
        return ForecastStage(settings, None, board)
    board.open(settings.issue(), sentences.FORECAST_MADE_NOW.tell())

    def open_live(now_days: float) -> "LiveForecast":
        from mainshock.forecast.live_following import (  # noqa: PLC0415 - the same
            open_live_forecast,
        )

        if settings.model is None:
            raise ValueError("a model is needed")
        return open_live_forecast(settings.model, settings.catalogue, now_days)

    return ForecastStage(settings, open_live, board)


def _note_time(state: ForecastState, now: datetime, cut_off: datetime) -> None:
    state.opened = state.opened or now
    state.now = max(state.now, now)
    state.cut_off = max(state.cut_off, cut_off)


def _days(time: datetime) -> float:
    return (time - _EPOCH) / timedelta(days=1)


def _message(made: "RateForecast", about: Message | None) -> Message:
    version = ForecastVersion(made.forecast_id, made.event_id, made.issued, made.as_document())
    if about is None:
        return forecast_message(version, 0)
    return forecast_message(version, about.arrival_ns, about.trace)
