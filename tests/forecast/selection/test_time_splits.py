"""Splits never let the later rows into the earlier ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.selection.time_splits import expanding_splits, last_part


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 60), min_size=80, max_size=160),
    st.integers(0, 8),
    st.integers(2, 5),
)
def test_what_is_learnt_was_known_before_what_is_judged(days, gap, n):
    time = np.sort(np.array(days, dtype=float))
    try:
        splits = [*expanding_splits(time, n, float(gap)), last_part(time, float(gap))]
    except DataError:  # too few rows on a side
        return
    for one in splits:
        latest, first = time[one.learnt].max(), time[one.judged].min()
        assert latest < first
        assert latest + gap <= first + 1e-9
        assert one.start == first
        assert len(one.learnt) + one.n_gap == one.judged[0]


def test_rows_of_one_time_stay_together():
    time = np.repeat(np.arange(20.0), 7)
    for one in expanding_splits(time, 3, 0.0):
        assert not set(time[one.learnt]) & set(time[one.judged])
    judged = np.concatenate([one.judged for one in expanding_splits(time, 3, 0.0)])
    assert len(judged) == len(set(judged.tolist()))
    assert judged.max() == len(time) - 1


def test_the_last_part_may_begin_at_a_time():
    time = np.arange(100.0)
    split = last_part(time, 5.0, start=80.0)
    assert split.judged[0] == 80
    assert split.learnt[-1] == 75
    assert split.n_gap == 4


def test_too_few_rows_and_wrong_shares_are_refused():
    time = np.arange(100.0)
    with pytest.raises(DataError, match="with 84 in the gap"):
        last_part(time, 85.0, share=0.1)
    with pytest.raises(SettingsError, match="between 0 and 1"):
        last_part(time, 0.0, share=1.5)
    with pytest.raises(DataError, match="no row has a time"):
        last_part(time, 0.0, start=500.0)
    with pytest.raises(SettingsError, match="2 or more"):
        expanding_splits(time, 1, 0.0)
    with pytest.raises(DataError, match="cannot be divided"):
        expanding_splits(np.arange(15.0), 5, 0.0)
