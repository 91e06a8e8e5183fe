"""Works on a review, and is killed before it can do what comes next."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.records import Review
from mainshock.stream.review_relay import ReviewRelay
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.reviews import ReviewStore


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def save(place: str, event_id: str) -> None:
    """Reject the latest version of an event, and die before anybody is told."""
    with LiveStore.open(place) as store:
        told = store.event(event_id)
        review = Review("Ada", "reject", told.version, datetime.now(UTC), "a quarry blast")
        fields = {"kind": "cancel", "status": "rejected", "reason": "rejected: a quarry blast"}
        made = replace(told, version=told.version + 1, review=review, **fields)
        ReviewStore(store.database).save(made)
        die()


def pass_on(place: str, bus_file: str) -> None:
    """Publish what waits, and die before that is noted."""
    bus = EmbeddedBus(bus_file, synchronous="full")

    def publish(messages: Sequence[Message]) -> None:
        bus.publish(messages)
        die()

    with LiveStore.open(place) as store:
        ReviewRelay(store.database, publish, is_live=True).pass_on()


if __name__ == "__main__":
    {"save": save, "pass_on": pass_on}[sys.argv[1]](*sys.argv[2:])
