"""Long-term rates of a region and of its parts."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.live_grid import ForecastGrid
from mainshock.forecast.long_term import Circle, LongTermRates
from mainshock.forecast.probability import ClusterCounts
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from live_model import BETA, END, M_MAX, PARAMETERS, REGION, info_of

GRID = ForecastGrid.over(REGION, 700)
COUNTS = ClusterCounts(PARAMETERS, BETA, M_MAX)
NOBODY = Catalogue(np.zeros(0), np.zeros(0))


def test_the_rate_is_that_of_the_years_of_the_fit():
    rates = LongTermRates.of(info_of(), GRID, NOBODY, None)
    assert rates.per_day == 0.5
    assert rates.number(3.0, COUNTS, None, 10.0) == pytest.approx(5.0)
    assert rates.number(4.0, COUNTS, None, 10.0) == pytest.approx(5.0 * COUNTS.share_above(4.0))


def test_years_in_which_small_events_were_missed_do_not_lower_the_rate():
    info = info_of()
    start, end = info.settings.start_days, info.settings.end_days
    half = (start + end) / 2
    levels = ((start - 500.0, half, end + 9.0), (info.mc + 0.4, info.mc, info.mc + 2.0))
    rates = LongTermRates.of(info, GRID, NOBODY, None, levels)
    seen = (1.0 + np.exp(-0.4 * info.beta)) / 2
    assert rates.per_day == pytest.approx(0.5 / seen)


def test_parts_have_their_share():
    rates = LongTermRates.of(info_of(), GRID, NOBODY, None)
    west = Region.box(-119.0, 33.0, -117.5, 35.0)
    assert rates.number(3.0, COUNTS, west, 1.0) == pytest.approx(0.25, rel=1e-6)
    circle = Circle(-117.5, 34.0, 40.0)
    even = circle.area_km2 / REGION.area_km2
    assert rates.number(3.0, COUNTS, circle, 1.0) == pytest.approx(0.5 * even, rel=0.01)
    tiny = Circle(-117.512, 34.031, 1.0)
    assert rates.number(3.0, COUNTS, tiny, 1.0) == pytest.approx(
        0.5 * tiny.area_km2 / REGION.area_km2, rel=0.01
    )


def test_small_and_large_circles_go_over_into_each_other():
    rates = LongTermRates.of(info_of(), GRID, NOBODY, None)
    widths = (19.0, 20.0, 21.0, 22.0, 25.0)  # cells are 10 km wide
    parts = [rates.part_of(rates.share, Circle(-117.53, 34.02, radius)) for radius in widths]
    even = [np.pi * radius**2 / REGION.area_km2 for radius in widths]
    assert parts == pytest.approx(even, rel=0.015)


def test_places_are_those_of_the_events_of_the_fit(rng):
    n = 200
    time = END - 1000.0 * rng.random(n)
    place = rng.normal([-118.0, 34.0], 0.05, (n, 2))
    late = np.append(time, END + 1.0)  # after the fit: it counts for nothing
    known = Catalogue(late, np.full(n + 1, 3.5), *np.vstack([place, [-116.2, 34.9]]).T)
    rates = LongTermRates.of(info_of(), GRID, known, None)
    near = rates.part_of(rates.share, Circle(-118.0, 34.0, 20.0))
    assert near > 0.8
    assert rates.part_of(rates.share, Circle(-116.3, 34.8, 10.0)) < 0.01


def test_a_circle_knows_its_edge():
    circle = Circle(179.9, -20.0, 50.0)
    middle = cartesian_km(179.9, -20.0)
    lon, lat = np.array(circle.outline()).T
    away = np.linalg.norm(cartesian_km(lon, lat) - middle, axis=1)
    assert away == pytest.approx(np.full(72, 50.0), rel=1e-6)
    assert np.ptp(np.array(circle.outline())[:, 0]) < 2.0  # runs on above 180


@pytest.mark.parametrize("wrong", [(0.0, 91.0, 5.0), (400.0, 0.0, 5.0), (0.0, 0.0, 0.0)])
def test_what_is_no_circle_is_refused(wrong):
    with pytest.raises(DataError):
        Circle(*wrong)


def test_an_area_outside_is_refused():
    rates = LongTermRates.of(info_of(), GRID, NOBODY, None)
    with pytest.raises(DataError, match="lies outside"):
        rates.shares_in(Circle(0.0, 0.0, 10.0))
    with pytest.raises(DataError, match="% of the area"):
        rates.shares_in(Region.box(-121.0, 33.0, -118.0, 35.0))
