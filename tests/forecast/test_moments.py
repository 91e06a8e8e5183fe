"""Moments that a user gives: what is refused, and how it is named."""

import pytest

from mainshock.core.errors import SettingsError
from mainshock.forecast.moments import days_asked


def test_iso_text_and_days_are_moments():
    assert days_asked("--from", "1971-01-01") == 365.0
    assert days_asked("--from", "1971-01-01T01:00:00+01:00") == 365.0
    assert days_asked("--from", "365.5") == 365.5


@pytest.mark.parametrize("text", ["2014-13-01", "soon", "nan", "inf"])
def test_what_is_no_moment_is_wrong_usage_that_names_its_option(text):
    with pytest.raises(SettingsError, match="--to") as caught:
        days_asked("--to", text)
    assert caught.value.exit_code == 2


def test_a_year_is_a_day_of_a_synthetic_catalogue_alone():
    with pytest.raises(SettingsError, match="write 2014-01-01"):
        days_asked("--from", "2014")
    assert days_asked("--from", "2014", is_synthetic=True) == 2014.0
