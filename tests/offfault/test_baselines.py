"""Baselines: they learn what a map tells, and their intervals hold on other runs."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, RegistryError
from mainshock.offfault.base import EfficiencyModel
from mainshock.offfault.baselines import fit_baseline
from mainshock.offfault.conformal import residual_quantile
from mainshock.offfault.registry import EFFICIENCY_BASELINES
from mainshock.offfault.windows import LabelledWindows


def _windows(rng: np.random.Generator, n: int = 240, n_runs: int = 8) -> LabelledWindows:
    """Return windows whose efficiency is the share of columns with a fault, and some noise."""
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    share = rng.uniform(0.1, 1.0, n)
    for one, covered in zip(maps, share, strict=True):
        row = rng.integers(30, 90)
        one[row : row + rng.integers(2, 5), : int(64 * covered)] = 1
    ke = np.clip(0.9 * share + rng.normal(0.0, 0.03, n), 0.0, 1.0)
    run = np.array([f"run_{number % n_runs}" for number in range(n)])
    zeros = np.zeros(n, dtype=np.int64)
    return LabelledWindows(maps, ke, np.full(n, 0.05), run, zeros, zeros, "synthetic")


@pytest.mark.parametrize("name", EFFICIENCY_BASELINES.names())
def test_each_baseline_is_a_model_with_bounded_intervals(
    name: str, rng: np.random.Generator
) -> None:
    train, test = _windows(rng), _windows(rng, 60, 2)
    model = fit_baseline(name, train)
    assert isinstance(model, EfficiencyModel)
    found = model.predict(test.maps)
    assert len(found) == 60
    assert (found.lo90 <= found.ke).all()
    assert (found.ke <= found.hi90).all()
    assert found.lo90.min() >= 0.0
    assert found.hi90.max() <= 1.0
    inside = (found.lo90 <= test.ke) & (test.ke <= found.hi90)
    assert inside.mean() >= 0.8
    assert (found.epistemic_sd == 0.0).all()


def test_descriptors_beat_the_mean(rng: np.random.Generator) -> None:
    train, test = _windows(rng), _windows(rng, 60, 2)
    error = {
        name: np.abs(fit_baseline(name, train).predict(test.maps).ke - test.ke).mean()
        for name in EFFICIENCY_BASELINES.names()
    }
    assert error["descriptors"] < 0.06
    assert error["ridge"] < 0.06
    assert error["mean"] > 0.15


def test_trees_learn_from_the_few_windows_of_a_laboratory(rng: np.random.Generator) -> None:
    few, test = _windows(rng, 22, 6), _windows(rng, 60, 2)
    trees, mean = (
        fit_baseline(name, few).predict(test.maps).ke for name in ("descriptors", "mean")
    )
    assert np.ptp(trees) > 0.3
    assert np.abs(trees - test.ke).mean() < 0.5 * np.abs(mean - test.ke).mean()


def test_the_same_seed_gives_the_same_baseline(rng: np.random.Generator) -> None:
    windows = _windows(rng, 100)
    first, second = (fit_baseline("descriptors", windows, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.predict(windows.maps).ke, second.predict(windows.maps).ke)
    assert first.half_width == second.half_width


def test_intervals_rest_on_runs_left_out() -> None:
    """One level a run: within a run it is known, a new run is off by the spread of runs."""
    n_runs, each = 10, 8
    maps = np.zeros((n_runs * each, 128, 64), dtype=np.uint8)
    maps[:, 60:63] = 1
    ke = np.repeat(np.linspace(0.2, 0.8, n_runs), each)
    run = np.repeat([f"run_{number}" for number in range(n_runs)], each)
    zeros = np.zeros(len(ke), dtype=np.int64)
    windows = LabelledWindows(maps, ke, np.full(ke.size, 0.05), run, zeros, zeros, "synthetic")
    assert fit_baseline("mean", windows).half_width >= 0.25


def test_the_quantile_is_that_of_split_conformal() -> None:
    assert residual_quantile(np.arange(1.0, 20.0), 0.9) == 18.0  # rank 18 of 19
    assert residual_quantile(np.arange(1.0, 4.0), 0.9) == 3.0  # too few: the largest


def test_unknown_names_and_single_runs_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(RegistryError, match="descriptors, mean, ridge"):
        fit_baseline("forest", _windows(rng, 20))
    with pytest.raises(DataError, match="two runs"):
        fit_baseline("mean", _windows(rng, 20, 1))
