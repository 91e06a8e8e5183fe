"""The letters follow the table in the documentation."""

import numpy as np
import pytest

from mainshock.core.records import CredibleRegion, Station
from mainshock.events.geometry import StationLookup, azimuthal_gap_deg, rms_residual_s
from mainshock.events.quality import grade


def graded(make_event, arrivals, area_km2):
    event = make_event(arrivals=arrivals, regions=(CredibleRegion(0.68, area_km2, ()),))
    return grade(event.origin, event.arrivals)


@pytest.mark.parametrize(
    ("n_stations", "area_km2", "letter"),
    [(5, 4.0, "A"), (5, 6.0, "B"), (4, 4.0, "B"), (3, 49.0, "C"), (2, 4.0, "D"), (5, 501.0, "D")],
)
def test_geometry_decides(make_event, make_arrivals, n_stations, area_km2, letter):
    assert graded(make_event, make_arrivals(n_stations), area_km2) == (letter, ())


def test_poor_fit_and_weak_picks_lower_the_grade(make_event, make_arrivals):
    assert graded(make_event, make_arrivals(5, residual_s=0.5), 4.0) == ("B", ("poor_fit",))
    assert graded(make_event, make_arrivals(5, probability=0.2), 4.0) == ("B", ("weak_picks",))
    both = graded(make_event, make_arrivals(5, residual_s=0.5, probability=0.0), 4.0)
    assert both == ("C", ("poor_fit", "weak_picks"))


def test_one_station_is_d_and_its_gap_is_told(make_event, make_arrivals):
    assert graded(make_event, make_arrivals(1), 10.0) == ("D", ("large_azimuthal_gap",))


def test_nothing_at_all_is_d(make_event):
    assert grade(make_event().origin, []) == ("D", ("large_azimuthal_gap",))


def test_without_a_region_the_standard_deviations_count(make_event, make_arrivals):
    narrow = make_event(regions=(), east_sd_km=0.5, north_sd_km=0.5)
    wide = make_event(regions=(), east_sd_km=50.0, north_sd_km=50.0)
    assert grade(narrow.origin, make_arrivals(5))[0] == "A"
    assert grade(wide.origin, make_arrivals(5))[0] == "D"


@pytest.mark.parametrize(
    ("azimuth_deg", "gap_deg"),
    [([], 360.0), ([10.0, 10.0], 360.0), ([350.0, 10.0], 340.0), ([0.0, 120.0, 240.0], 120.0)],
)
def test_azimuthal_gap(azimuth_deg, gap_deg):
    assert azimuthal_gap_deg(azimuth_deg) == pytest.approx(gap_deg)


def test_rms_residual(make_arrivals):
    assert rms_residual_s(make_arrivals(3, residual_s=-0.3)) == pytest.approx(0.3)
    assert np.isnan(rms_residual_s([]))


def test_an_ambiguous_station_code_is_not_guessed():
    lookup = StationLookup([Station("AA", "X", 0.0, 0.0), Station("BB", "X", 1.0, 0.0)])
    assert (lookup.index("", "X"), lookup.index("BB", "X"), lookup.index("CC", "X")) == (
        None,
        1,
        None,
    )
