"""Maps the shaking of each event with a magnitude, beside the path that leads to alerts."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainshock.core.errors import MainshockError
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_event_message, shaking_message
from mainshock.stream.records import EventVersion, ShakingVersion

if TYPE_CHECKING:  # the models' files are read by the stage's own thread
    from mainshock.shaking.training import ShakingModel

__all__ = ["ShakingStage", "shaking_stage"]

_MOST_AT_ONCE = 20
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class ShakingStage:
    """Tells a ``shaking.v1`` message for the latest version of an event that has a magnitude.

    Parameters
    ----------
    open_model
        Returns the model, or None where there is none: then the stage says nothing.
    most_at_once
        Events that are mapped of those that wait; beyond that the oldest get no map, which is
        logged and counted.

    Attributes
    ----------
    n_dropped
        Events that got no map because too many waited.

    Notes
    -----
    It is a consumer of its own, so that alerts never wait for a map; what waits, waits in the
    message log on disk. Of several versions that wait only the last one is mapped. Sites outside
    what the model was trained on are mapped too, with a wider spread, and flagged.
    """

    open_model: "Callable[[], ShakingModel | None]"
    most_at_once: int = _MOST_AT_ONCE
    n_dropped: int = 0
    name: str = field(default="shaking", init=False)
    topics: tuple[str, ...] = field(default=("event.v1",), init=False)
    _model: "ShakingModel | None" = field(default=None, init=False)

    def start(self) -> None:
        """Open the model; nothing is remembered."""
        self._model = self.open_model()

    def step(self, state: None, messages: Sequence[Message]) -> tuple[None, list[Message]]:
        """Return the maps of the events that some messages tell; of cancelled ones none."""
        if self._model is None:
            return state, []
        latest: dict[str, tuple[Message, EventVersion]] = {}
        for message in messages:
            told = read_event_message(message)
            latest.pop(told.event_id, None)  # the last one told comes last
            latest[told.event_id] = (message, told)
        wanted = [
            one
            for one in latest.values()
            if one[1].kind != "cancel" and one[1].event.magnitude is not None
        ]
        self._drop(len(wanted) - self.most_at_once)
        newest_first = wanted[: -self.most_at_once - 1 : -1]
        made = (self._map(self._model, *one) for one in newest_first)
        return state, [one for one in made if one is not None]

    def _drop(self, n: int) -> None:
        if n > 0:
            self.n_dropped += n
            _log.warning(
                "%d events get no map of shaking: more than %d waited; %d in all",
                *(n, self.most_at_once, self.n_dropped),
            )

    def _map(self, model: "ShakingModel", message: Message, told: EventVersion) -> Message | None:
        from mainshock.pipeline.shaking import map_event  # noqa: PLC0415

        try:
            made = map_event(model, told.event)
        except MainshockError as error:  # such as an event at a pole
            _log.warning("no map of shaking for %s: %s", told.event_id, error)
            return None
        version = ShakingVersion(told.event_id, told.version, told.issued, made.as_document())
        return shaking_message(version, message)

    def finish(self, state: None) -> tuple[None, list[Message]]:
        """Nothing is left to say."""
        return state, []

    def snapshot(self, state: None) -> bytes:
        """Return an empty document."""
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """Open the model; nothing was remembered."""
        del snapshot
        self._model = self.open_model()


def shaking_stage() -> ShakingStage:
    """Return the stage with the packaged model; where there is none it says so and is silent."""
    return ShakingStage(_packaged_model)


def _packaged_model() -> "ShakingModel | None":
    from mainshock.pipeline.shaking import model_problem  # noqa: PLC0415
    from mainshock.shaking.training import DEFAULT_MODEL, open_model  # noqa: PLC0415

    problem = model_problem()
    if problem:
        _log.info("events get no maps of shaking: %s", problem)
        return None
    return open_model(DEFAULT_MODEL)
