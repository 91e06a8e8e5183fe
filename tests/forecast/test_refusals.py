"""When a forecast must not be made: each refusal with its value, its limit and its remedy."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.refusals import (
    UNVALIDATED_DAYS,
    is_stale,
    refuse_below_model_completeness,
    refuse_beyond_horizon,
    refuse_overlap,
    refuse_stale,
    refuse_supercritical,
)

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, info_of

INFO = info_of()


def test_a_magnitude_below_completeness_is_refused():
    refuse_below_model_completeness(3.0, INFO)
    with pytest.raises(DataError, match=r"2\.9 is below 3.*--mc"):
        refuse_below_model_completeness(2.9, INFO)
    with pytest.raises(DataError, match=r"7\.5"):
        refuse_below_model_completeness(7.5, INFO)


def test_a_window_that_the_model_was_fitted_to_is_refused():
    refuse_overlap(INFO, END)
    with pytest.raises(DataError, match="it knows what happened"):
        refuse_overlap(INFO, END - 0.01)


def test_a_stale_feed_withdraws_the_forecast():
    limit = timedelta(hours=2)
    refuse_stale(10.0, 10.0 - 1.9 / 24, limit)
    assert not is_stale(10.0, 10.0 - 1.9 / 24, limit)
    with pytest.raises(DataError, match=r"2\.1 h old, more than 2 h.*withdrawn"):
        refuse_stale(10.0, 10.0 - 2.1 / 24, limit)


@pytest.mark.parametrize("ratio", [1.0, 1.2, float("nan"), float("inf")])
def test_sequences_that_never_end_are_refused(ratio):
    refuse_supercritical(0.999)
    with pytest.raises(ModelError, match="branching ratio"):
        refuse_supercritical(ratio)


def test_a_model_nobody_validated_tells_of_short_windows_alone_and_says_so():
    assert refuse_beyond_horizon(UNVALIDATED_DAYS, INFO) is False
    with pytest.raises(SettingsError, match="without validation"):
        refuse_beyond_horizon(UNVALIDATED_DAYS + 1, INFO)


def test_a_validated_model_tells_of_windows_up_to_its_horizon():
    info = info_of(validated={"horizon_days": 30})
    assert refuse_beyond_horizon(30.0, info) is True
    with pytest.raises(SettingsError, match="30 days, which is as far as this model was validated"):
        refuse_beyond_horizon(31.0, info)
    short = info_of(validated={"horizon_days": 1.0})
    assert refuse_beyond_horizon(1.0, short) is True
    assert refuse_beyond_horizon(7.0, short) is False


@pytest.mark.parametrize("days", [0.0, -1.0, float("nan"), float("inf")])
def test_a_window_of_no_length_is_refused(days):
    with pytest.raises(SettingsError, match="longer than 0"):
        refuse_beyond_horizon(days, INFO)
