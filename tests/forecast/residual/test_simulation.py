"""Catalogues under a factor are of the process that the intensity describes."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from residual_factors import NOW, constant, correction, etas, history, model

from mainshock.core.errors import DataError
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.count_calibration import consistency
from mainshock.forecast.residual.simulation import BLOCK


def test_a_factor_of_nothing_simulates_the_etas_model() -> None:
    n = 2000
    plain = etas().simulate(history(), NOW, 3.0, n, 1).counts()
    found = model(correction(0.0)).simulate(history(), NOW, 3.0, n, 2).counts()
    error = np.hypot(plain.std(), found.std()) / np.sqrt(n)
    assert abs(found.mean() - plain.mean()) < 4 * error
    assert 4 * error < 0.3 * plain.mean()


@pytest.mark.parametrize("factor", [correction(1.5), constant(-0.5)])
def test_numbers_are_those_of_the_intensity(factor) -> None:
    apart, error = consistency(model(factor), history(), NOW, 2.0, 120, seed=3)
    assert abs(apart) < 4 * error
    assert 4 * error < 1.6


def test_an_even_factor_changes_background_and_aftershocks_alike() -> None:
    n = 2000
    fewer, more = (
        model(constant(one)).simulate(history(), NOW, 0.05, n, 5).counts().mean()
        for one in (-0.5, 0.5)
    )
    # in so short a window hardly any of the simulated events trigger others
    assert more / fewer == pytest.approx(np.e, rel=0.35)


def test_seeds_and_blocks_give_the_same_catalogues_again() -> None:
    factor = model(correction())
    first, again, longer = (
        factor.simulate(history(), NOW, 2.0, n, 9) for n in (BLOCK, BLOCK, BLOCK + 30)
    )
    other = factor.simulate(history(), NOW, 2.0, BLOCK, 10)
    assert np.array_equal(first.time_days, again.time_days)
    assert np.array_equal(first.longitude, again.longitude)
    assert np.array_equal(longer.time_days[: len(first)], first.time_days)
    assert not np.array_equal(other.time_days[:5], first.time_days[:5])
    threaded = replace(
        factor, info=replace(factor.info, settings=replace(factor.info.settings, threads=2))
    )
    assert np.array_equal(
        threaded.simulate(history(), NOW, 2.0, BLOCK + 30, 9).time_days, longer.time_days
    )


def test_a_catalogue_with_known_gaps_is_not_simulated() -> None:
    gappy = replace(etas(), completeness=ShortTermCompleteness(mc=3.0))
    with pytest.raises(DataError, match="complete catalogues only"):
        replace(model(correction()), base=gappy).simulate(history(), NOW, 1.0, 10, 0)
