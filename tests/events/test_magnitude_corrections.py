"""Distance corrections: the values that their authors state, and what all have in common."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.events.distance_corrections import DISTANCE_CORRECTIONS, find_distance_correction
from mainshock.events.magnitude_settings import MagnitudeSettings

NAMES = sorted(DISTANCE_CORRECTIONS)


@pytest.mark.parametrize(
    ("name", "distance_km", "expected"),
    [
        # anchors of the scale: 1 mm at 100 km, or 10 mm at 17 km, is magnitude 3
        ("hutton-boore", 100.0, 3.0),
        ("bakun-joyner", 100.0, 3.0),
        ("iceland", 17.0, 2.0),
        # the table of Richter (1958)
        ("richter", 0.0, 1.4),
        ("richter", 30.0, 2.1),
        ("richter", 220.0, 3.65),
        ("richter", 600.0, 4.9),
        # Alsaker et al. (1991), for amplitudes in nm: 0.91 log R + 0.00087 R - 1.67
        ("norway", 200.0, 0.91 * math.log10(200.0) + 0.174 - 1.67 + 2.682),
        # Luckett et al. (2019): as IASPEI far away, a unit less right above the source
        ("uk", 60.0, DISTANCE_CORRECTIONS["iaspei"].minus_log_a0(60.0)),
        ("uk", 1.0, DISTANCE_CORRECTIONS["iaspei"].minus_log_a0(1.0) - 0.95),
    ],
)
def test_published_values(name, distance_km, expected):
    # 0.005: the anchors are met to the digits that the authors give
    assert DISTANCE_CORRECTIONS[name].minus_log_a0(distance_km) == pytest.approx(
        expected, abs=0.005
    )


def test_the_nominal_magnification_gives_more_than_the_true_one():
    iaspei, nominal = (
        find_distance_correction(name).magnitude(500.0, 50.0, 50.0)
        for name in ("iaspei", "hutton-boore")
    )
    # 0.002: IASPEI rounds the constant to -2.09
    assert nominal - iaspei == pytest.approx(math.log10(2800.0 / 2080.0), abs=0.002)


@pytest.mark.parametrize("name", NAMES)
@given(near_km=st.floats(1.0, 149.0), farther_km=st.floats(0.1, 1.0))
def test_the_same_amplitude_farther_away_is_no_smaller_earthquake(name, near_km, farther_km):
    correction = DISTANCE_CORRECTIONS[name]
    near = correction.magnitude(100.0, near_km, near_km)
    far = correction.magnitude(100.0, near_km + farther_km, near_km + farther_km)
    assert far >= near - 1e-9


@pytest.mark.parametrize("name", NAMES)
@given(st.floats(0.1, 1e9))
def test_ten_times_the_amplitude_is_one_unit(name, amplitude_nm):
    correction = DISTANCE_CORRECTIONS[name]
    one, ten = (correction.magnitude(f * amplitude_nm, 20.0, 21.0) for f in (1.0, 10.0))
    assert ten - one == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_beyond_its_reach_it_gives_none(name):
    correction = DISTANCE_CORRECTIONS[name]
    too_far_km = correction.up_to_km + 1.0
    with pytest.raises(DataError, match=f"{correction.up_to_km:g} km"):
        correction.magnitude(100.0, too_far_km, too_far_km)


def test_epicentral_and_hypocentral_distance_are_not_confused():
    richter, iaspei = (find_distance_correction(name) for name in ("richter", "iaspei"))
    assert richter.magnitude(100.0, 30.0, 90.0) == richter.magnitude(100.0, 30.0, 31.0)
    assert iaspei.magnitude(100.0, 30.0, 90.0) == iaspei.magnitude(100.0, 80.0, 90.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_correction": "mars"}, "known: iaspei"),
        ({"kind": "mb"}, "ML"),
        ({"amplitude": "peak"}, "zero-to-peak"),
        ({"s_quality": 0.0}, "above 0"),
        ({"density_kg_m3": math.nan}, "above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        MagnitudeSettings(**change)
