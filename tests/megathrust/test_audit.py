"""The audit tells smooth noise from a driver."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.megathrust.audit import audit, shifted_labels
from mainshock.megathrust.evaluate import evaluate

sys.path.insert(0, str(Path(__file__).parent))
from made_up import data


def test_shifted_labels_keep_each_region_and_its_order() -> None:
    made = data(0)
    shifted = shifted_labels(made.table, made.y, np.random.default_rng(1))
    for name in made.table["region"].unique():
        own = (made.table["region"] == name).to_numpy()
        before, after = made.y[own], shifted[own]
        changes = np.count_nonzero(np.diff(before, append=before[0]))
        assert before.sum() == after.sum()
        assert changes == np.count_nonzero(np.diff(after, append=after[0]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_smooth_noise_has_no_skill_beyond_location(seed: int) -> None:
    found = audit(data(seed), "logistic", (100.0,), n_permutations=39)
    assert not found.has_skill
    assert "no skill beyond location" in found.verdict


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_planted_driver_is_found(seed: int) -> None:
    found = audit(data(seed, planted=0.9), "logistic", (100.0,), n_permutations=39)
    assert found.has_skill
    assert "no skill" not in found.verdict
    assert found.permutation_p <= 0.05


def test_a_baseline_is_scored_as_a_model_too_once_a_distance() -> None:
    results, baselines = evaluate(data(0), "exclusion", "nearest-5", (0.0, 100.0))
    assert [one.exclusion_km for one in results] == [0.0, 100.0]
    assert baselines["nearest-5"] == results
    assert {len(lines) for lines in baselines.values()} == {2}
    assert results[0].versus_nearest95 == (0.0, 0.0)
