"""Tells, of each event, what is known of the place: the megathrust segment nearest to it."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mainshock.megathrust import sentences
from mainshock.megathrust.assessment import (
    SegmentAssessment,
    nearest_segment,
    packaged_assessments,
    packaged_caveats,
)
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_event_message
from mainshock.stream.records import EventVersion

__all__ = ["ContextStage", "context_stage", "event_context"]

_log = logging.getLogger(__name__)


def event_context(
    told: EventVersion, segments: Sequence[SegmentAssessment], cautions: Sequence[str]
) -> dict[str, Any] | None:  # a JSON document
    """Return what is known of the place of an event, or None where no segment is within 300 km.

    Parameters
    ----------
    told
        A version of the event.
    segments
        All that were assessed.
    cautions
        What must stand beside an assessment.
    """
    origin = told.event.origin
    found = nearest_segment(segments, origin.longitude, origin.latitude)
    if found is None:
        return None
    return {
        "event_id": told.event_id,
        "version": told.version,
        "is_synthetic": told.is_synthetic,
        "segment": found.segment.as_dict(),
        "distance_km": round(found.distance_km, 1),
        "caveats": [*cautions, sentences.NEAR_IS_NOT_ON.tell()],
    }


@dataclass(frozen=True, slots=True, eq=False)
class ContextStage:
    """Tells a ``context.v1`` message for each version of an event near an assessed segment.

    Parameters
    ----------
    segments
        What was assessed before; the live path computes none of it.
    cautions
        What must stand beside an assessment.
    """

    segments: tuple[SegmentAssessment, ...]
    cautions: tuple[str, ...]
    name: str = field(default="context", init=False)
    topics: tuple[str, ...] = field(default=("event.v1",), init=False)

    def start(self) -> None:
        """Nothing is remembered."""

    def step(self, state: None, messages: Sequence[Message]) -> tuple[None, list[Message]]:
        """Return the contexts of the events that some messages tell; of cancelled ones none."""
        if not self.segments:
            return state, []
        return state, [made for one in messages if (made := self._context(one)) is not None]

    def _context(self, message: Message) -> Message | None:
        told = read_event_message(message)
        if told.kind == "cancel":
            return None
        document = event_context(told, self.segments, self.cautions)
        if document is None:
            return None
        return Message(
            topic="context.v1",
            key=message.key,
            identity=message.identity,
            value=json.dumps(document, separators=(",", ":"), allow_nan=False).encode(),
            data_ns=message.data_ns,
            arrival_ns=message.arrival_ns,
            trace=message.trace,
        )

    def finish(self, state: None) -> tuple[None, list[Message]]:
        """Nothing is left to say."""
        return state, []

    def snapshot(self, state: None) -> bytes:
        """Return an empty document."""
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """Nothing was remembered."""
        del snapshot


def context_stage() -> ContextStage:
    """Return the stage with the assessments that ship; without any it says so and is silent."""
    segments = packaged_assessments()
    if not segments:
        _log.info("no assessed megathrust segments are packaged: events get no context")
    return ContextStage(segments, packaged_caveats())
