"""What was built is built once, and forgotten when no association asks for it any more."""

import gc
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mainshock.core.errors import DataError
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


def test_the_same_picks_are_built_once_for_twenty_minutes() -> None:
    counting = Counting()
    rng = np.random.default_rng(0)
    remembering = RememberingBuilder(counting, None, timedelta(0), START)
    for minutes in range(0, 60, 2):
        remembering.clock = START + timedelta(minutes=minutes)
        for _ in range(2):
            remembering.build(picks(minutes), "", rng)
    assert len(counting.built) == 30
    assert len(remembering._known) == 11
    remembering.build(picks(40.0), "", rng)
    assert len(counting.built) == 30
    remembering.build(picks(0.0), "", rng)
    assert len(counting.built) == 31


def test_no_more_are_remembered_than_allowed() -> None:
    remembering = RememberingBuilder(Counting(), None, timedelta(0), START, most=3)
    for second in range(10):
        remembering.build(picks(second / 60.0), "", np.random.default_rng(0))
    assert len(remembering._known) == 3


class Failing:
    """Finds no place for anything, with large arrays at hand."""

    def __init__(self) -> None:
        self.arrays: list[weakref.ref[Any]] = []

    def build(self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator) -> Any:
        grid = np.zeros(100_000)
        self.arrays.append(weakref.ref(grid))
        try:
            return {}[int(grid[0])]
        except KeyError as error:
            raise DataError(f"no place among {grid.size}") from error


def test_an_error_is_remembered_without_what_was_at_hand() -> None:
    failing = Failing()
    remembering = RememberingBuilder(failing, None, timedelta(0), START)
    depths = []
    for _ in range(3):
        with pytest.raises(DataError, match="no place among 100000") as caught:
            remembering.build(picks(0.0), "", np.random.default_rng(0))
        depths.append(len(caught.traceback))
        del caught
    gc.collect()
    assert [array() for array in failing.arrays] == [None]
    assert depths[2] == depths[1]
