"""What was built is built once, and forgotten when no association asks for it any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from mainshock.core.records import Pick
from mainshock.stream.events.builders import RememberingBuilder

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Counting:
    """Counts what it is asked to build."""

    built: list[datetime] = field(default_factory=list)

    def build(self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator) -> Any:
        self.built.append(picks[0].time)
        return object()


def picks(minutes: float) -> list[Pick]:
    return [Pick("XX", "A", "", "P", START + timedelta(minutes=minutes), 0.9, 0.1, "test")]


def test_the_same_picks_are_built_once_for_half_an_hour() -> None:
    counting = Counting()
    rng = np.random.default_rng(0)
    remembering = RememberingBuilder(counting, None, timedelta(0), START)
    for minutes in range(0, 60, 2):
        remembering.clock = START + timedelta(minutes=minutes)
        for _ in range(2):
            remembering.build(picks(minutes), "", rng)
    assert len(counting.built) == 30
    assert len(remembering._known) == 16
    remembering.build(picks(40.0), "", rng)
    assert len(counting.built) == 30
    remembering.build(picks(0.0), "", rng)
    assert len(counting.built) == 31


def test_no_more_are_remembered_than_allowed() -> None:
    remembering = RememberingBuilder(Counting(), None, timedelta(0), START, most=3)
    for second in range(10):
        remembering.build(picks(second / 60.0), "", np.random.default_rng(0))
    assert len(remembering._known) == 3
