"""Scores of a model stand beside those of baselines, which see each map once."""

import numpy as np
import pytest

from mainshock.offfault import baselines
from mainshock.offfault.base import Efficiency
from mainshock.offfault.baselines import fit_baseline
from mainshock.offfault.comparison import compare
from mainshock.offfault.registry import EFFICIENCY_BASELINES
from mainshock.offfault.scores import score
from mainshock.offfault.windows import LabelledWindows


class Half:
    """Says 0.5 of every map."""

    def predict(self, maps: np.ndarray) -> Efficiency:
        none = np.zeros(len(maps))
        return Efficiency(none + 0.5, none + 0.1, none, none + 1.0, none)


def _windows(rng: np.random.Generator, n: int = 40) -> LabelledWindows:
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    share = rng.uniform(0.1, 1.0, n)
    for one, covered in zip(maps, share, strict=True):
        one[60:63, : int(64 * covered)] = 1
    run = np.array([f"run_{number % 5}" for number in range(n)])
    zeros = np.zeros(n, dtype=np.int64)
    return LabelledWindows(maps, share, np.full(n, 0.05), run, zeros, zeros, "synthetic")


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many maps were described, each time."""
    seen: list[int] = []
    describe = baselines.descriptors

    def remember(maps: np.ndarray) -> np.ndarray:
        seen.append(len(maps))
        return describe(maps)

    monkeypatch.setattr(baselines, "descriptors", remember)
    return seen


def test_each_map_is_described_once(rng: np.random.Generator, described: list[int]) -> None:
    windows = _windows(rng)
    found = compare(windows, Half())
    assert described == [40]
    assert set(found.baselines) == set(EFFICIENCY_BASELINES.names())
    compare(windows, Half(), fit_on=_windows(rng, 30))
    assert described == [40, 40, 30]


def test_the_scores_are_those_of_the_baselines(rng: np.random.Generator) -> None:
    windows, others = _windows(rng), _windows(rng, 30)
    found = compare(windows, Half(), fit_on=others).baselines
    for name in EFFICIENCY_BASELINES.names():
        expected = score(windows, fit_baseline(name, others).predict(windows.maps))
        assert str(found[name]) == str(expected)  # NaN is not itself


def test_estimates_are_taken_and_told_by_row() -> None:
    found = Half().predict(np.zeros((3, 128, 64), dtype=np.uint8))
    assert len(found.take(np.array([True, False, True]))) == 2
    row = {"index": 2, "ke": 0.5, "lo90": 0.0, "hi90": 1.0, "sd": 0.1, "epistemic_sd": 0.0}
    assert found.rows()[2] == row
    assert list(found.rows()[2]) == list(row)
