"""What boosted rates are trained on, and how they are stopped, scaled and spread."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_sequences import BOX, END, START, sequences

from mainshock.core.errors import DataError
from mainshock.forecast.boosted.daily import (
    AHEAD_DAYS,
    CorrectedRates,
    PlainRate,
    ahead_column,
    bounded,
    daily_blocks,
)
from mainshock.forecast.boosted.training import (
    Boosting,
    TrainingRows,
    dispersion_of,
    train,
    training_rows,
)
from mainshock.forecast.boosted.trees import TreeSum
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.table import FeatureSettings, targets

CELLS = CellGrid(BOX, 1.0)
DAYS = START + np.arange(END - START)


@cache
def drawn() -> tuple[TrainingRows, TrainingRows]:
    known = sequences().between(10.0, END)
    return training_rows(known, DAYS, CELLS, 3.0, np.random.default_rng(1))


def no_trees(base: float = 0.0) -> TreeSum:
    none = np.zeros(0, dtype=np.int32)
    return TreeSum(
        np.array([base]), none, none, np.zeros(0), none, none, none.astype(np.int8), np.zeros(0)
    )


def test_drawn_rows_stand_for_the_full_table():
    rows, _ = drawn()
    known = sequences().between(10.0, END)
    count = targets(known, DAYS, FeatureSettings(CELLS, 3.0))
    assert rows.count.sum() == count.sum()  # every row with an event is kept
    assert (rows.weight[rows.count > 0] == 1.0).all()
    assert len(rows.count) < 0.6 * count.size
    assert rows.weight.sum() == pytest.approx(count.size, rel=0.06)


def test_rows_of_later_days_count_that_day():
    rows, ahead = drawn()
    assert ahead.features.shape[1] == rows.features.shape[1] + 1
    jump = ahead.features[:, -1]
    assert set(np.unique(jump)) == set(AHEAD_DAYS)
    assert (ahead.day + jump < len(DAYS)).all()  # nothing beyond the fit is counted
    known = sequences().between(10.0, END)
    count = targets(known, DAYS, FeatureSettings(CELLS, 3.0))
    later = count[(ahead.day + jump).astype(int)]
    assert (later.max(axis=1) >= ahead.count).all()
    assert ahead.count.sum() > 20


def test_plain_rates_add_the_climatology_and_a_power_of_the_kernel():
    plain = PlainRate(0.5, 2.0, 0.5)
    found = plain.of(np.array([1.0, 1.0]), np.array([4.0, -1e-9]))
    assert found.tolist() == [4.5, 0.5]


def test_a_correction_is_bounded():
    found = bounded(np.ones(3), np.array([-9.0, 0.3, 9.0]))
    assert found == pytest.approx(np.exp([-2.0, 0.3, 2.0]))


def test_corrected_rates_of_a_block_are_those_of_its_rows():
    known = sequences().between(10.0, 600.0)
    (block,) = daily_blocks(known, np.array([590.0, 600.0]), CELLS, 3.0, (3,))
    assert block.kernel.shape == (2, 2, 4)
    assert block.climatology.min() > 0
    rates = CorrectedRates(PlainRate(), no_trees(0.2))
    plain = 0.4 * block.climatology + block.kernel
    assert rates.of_block(block) == pytest.approx(plain[0] * np.exp(0.2))
    assert rates.of_block(block, 3, 1) == pytest.approx(plain[1] * np.exp(0.2))
    assert (ahead_column(block.rows(), 3.0)[:, -1] == 3.0).all()
    assert block.names[-1] == "kernel_expected"
    assert not {"season_sin", "benioff_30d", "near_benioff_30d"} & set(block.names)


def test_trees_find_what_the_plain_rate_lacks():
    known = sequences().between(10.0, END)
    found = train(known, DAYS, CELLS, 3.0, Boosting(max_trees=20, min_rows=40, shrinkage=20.0))
    assert found.gain_later > 0.02
    assert 0.7 < found.scale < 1.4
    rows, _ = drawn()
    plain = found.first.plain.of(rows.climatology, rows.kernel)
    assert rows.log_likelihood(found.first.of_rows(rows.features, plain)) > rows.log_likelihood(
        plain
    )


def test_nothing_after_the_last_day_is_looked_at():
    boosting = Boosting(max_trees=4, min_rows=40)
    every = train(sequences(), DAYS[:500], CELLS, 3.0, boosting)
    known = train(sequences().between(0.0, DAYS[499] + 1.0), DAYS[:500], CELLS, 3.0, boosting)
    assert every.first.plain == known.first.plain
    assert every.later.plain == known.later.plain
    assert np.array_equal(every.later.trees.value, known.later.trees.value)


def test_the_scatter_of_counts_is_found_again():
    rng = np.random.default_rng(6)
    mean = rng.uniform(0.05, 6.0, 20_000)
    size = np.exp(-0.4 + 0.5 * np.log(mean))
    count = rng.negative_binomial(size, size / (size + mean)).astype(np.float64)
    found = dispersion_of(count, mean, np.ones(len(mean)))
    assert found == pytest.approx([-0.4, 0.5], abs=0.1)


def test_too_little_to_learn_from_is_refused():
    with pytest.raises(DataError, match="60 or more"):
        train(sequences(), DAYS[:59], CELLS, 3.0, Boosting())
    few = sequences().between(0.0, START + 100.0).above(5.5)
    with pytest.raises(DataError, match="lower --mc"):
        train(few, DAYS[:100], CELLS, 5.5, Boosting())
