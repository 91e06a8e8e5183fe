"""Writes what the stages tell into the store: the last consumer of the bus."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mainshock.forecast.forecast_log import ForecastLog
from mainshock.stream.bus import Message
from mainshock.stream.messages import (
    read_event_message,
    read_forecast_message,
    read_health_message,
    read_pick_message,
    read_shaking_message,
)
from mainshock.stream.monitoring.flags import is_drift_message
from mainshock.stream.records import ForecastVersion, LivePick
from mainshock.stream.store.live_store import LiveStore

__all__ = ["StoreStage"]


@dataclass(frozen=True, slots=True, eq=False)
class StoreStage:
    """Saves picks, events, their maps, forecasts and health; saving again changes nothing.

    Parameters
    ----------
    store
        Where they are saved.
    forecast_log
        Where forecasts are written down before they are saved, or None.
    """

    store: LiveStore
    forecast_log: ForecastLog | None = None
    name: str = field(default="store", init=False)
    topics: tuple[str, ...] = field(
        default=("pick.v1", "event.v1", "shaking.v1", "forecast.v1", "health.v1"), init=False
    )

    def start(self) -> None:
        """Nothing is remembered beside the store."""

    def step(self, state: None, messages: Sequence[Message]) -> tuple[None, list[Message]]:
        """Save what some messages tell.

        Raises
        ------
        SourceError
            If the store cannot be written, such as on a full disk or while its server is down.
        """
        self._save(messages)
        return state, []

    def _save(self, messages: Sequence[Message]) -> None:
        told = [read_pick_message(one) for one in messages if one.topic == "pick.v1"]
        self.store.save_picks([one for one in told if isinstance(one, LivePick)])
        self.store.save_events(
            [read_event_message(one) for one in messages if one.topic == "event.v1"]
        )
        self.store.save_shaking(
            [read_shaking_message(one) for one in messages if one.topic == "shaking.v1"]
        )
        self.store.save_forecasts(
            [
                self._logged(read_forecast_message(one))
                for one in messages
                if one.topic == "forecast.v1"
            ]
        )
        self.store.save_health(
            [
                read_health_message(one)
                for one in messages
                if one.topic == "health.v1" and not is_drift_message(one)
            ]
        )

    def _logged(self, told: ForecastVersion) -> ForecastVersion:
        """Write a forecast down: what is told was on the disk before."""
        if self.forecast_log is None:
            return told
        entry = self.forecast_log.append(_without_reference(told.document))
        document = told.document
        if entry.kind == "retrospective" and not document["is_retrospective"]:
            document = _retrospective(document)
        return replace(told, document=document, log_number=entry.number, log_digest=entry.digest)

    def finish(self, state: None) -> tuple[None, list[Message]]:
        """Nothing is left to say."""
        return state, []

    def snapshot(self, state: None) -> bytes:
        """Return an empty document."""
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """Nothing was remembered."""
        del snapshot


def _without_reference(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a forecast without the long-term grid, which is the same in each."""
    grid = document.get("grid")
    if grid is None:
        return dict(document)
    return {**document, "grid": {name: one for name, one in grid.items() if name != "reference"}}


def _retrospective(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a forecast that came too late with that said in it."""
    from mainshock.core.rate_forecast import RateForecast  # noqa: PLC0415 - rarely needed
    from mainshock.forecast.wording import with_sentences  # noqa: PLC0415 - the same

    made = RateForecast.from_document(document)
    return with_sentences(replace(made, is_retrospective=True)).as_document()
