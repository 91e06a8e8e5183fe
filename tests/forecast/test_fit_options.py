import pytest

from mainshock.core.errors import SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.fit_options import fit_options

DEFAULTS = {"neighbour": 2, "regime": "", "m_max": None}


def given(**options: object) -> FitSettings:
    return FitSettings(0.0, 1.0, 3.0, options=options)


def test_defaults_stand_where_nothing_is_given() -> None:
    assert fit_options("model", given(), DEFAULTS) == DEFAULTS


def test_numbers_may_come_as_text() -> None:
    found = fit_options("model", given(neighbour="5", m_max="8.5", regime="SZ-GENERIC"), DEFAULTS)
    assert found == {"neighbour": 5.0, "m_max": 8.5, "regime": "SZ-GENERIC"}


def test_an_unknown_option_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match="no option neighbor; it has m_max, neighbour, regime"):
        fit_options("model", given(neighbor=5), DEFAULTS)


def test_text_in_the_place_of_a_number_is_refused() -> None:
    with pytest.raises(SettingsError, match="is a number, not 'near'"):
        fit_options("model", given(neighbour="near"), DEFAULTS)
