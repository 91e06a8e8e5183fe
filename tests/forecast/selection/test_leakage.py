"""A feature that tells the target is noticed; an honest one is not."""

import numpy as np
import pytest

from mainshock.forecast.selection.leakage import explained_alone, leakage_signs


@pytest.mark.parametrize("task", ["classify", "count", "regress"])
def test_the_target_in_disguise_is_found(rng, task):
    n = 600
    signal = rng.gamma(1.0, 1.0, n)
    target = {
        "classify": (signal > 1.2).astype(float),
        "count": np.round(signal * 2),
        "regress": signal,
    }[task]
    disguised = 17.0 - 2.0 * target + rng.normal(0.0, 1e-3, n)
    honest = target + rng.normal(0.0, 2.0, n)
    found, told = leakage_signs(
        np.column_stack([rng.normal(size=n), disguised, honest]),
        ["noise", "code", "x"],
        target,
        task,
    )
    assert set(found) == {"code"}
    assert "LEAKAGE? feature 'code'" in told[0]
    assert "--drop" in told[0]


def test_a_copy_that_grows_beyond_what_was_seen_is_found(rng):
    target = np.cumsum(rng.random(300))
    assert explained_alone(target * 3.0, target, "regress") > 0.99


def test_noise_explains_nothing(rng):
    target = (rng.random(500) < 0.2).astype(float)
    assert explained_alone(rng.normal(size=500), target, "classify") < 0.1
    assert explained_alone(rng.normal(size=500), rng.normal(size=500), "regress") < 0.1


def test_too_few_rows_or_one_class_say_nothing():
    assert explained_alone(np.arange(20.0), np.arange(20.0) % 2, "classify") == 0.0
    target = np.r_[np.zeros(100), np.ones(100)]
    assert explained_alone(target, target, "classify") == 0.0
