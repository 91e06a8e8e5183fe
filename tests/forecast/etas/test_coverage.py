"""What a catalogue misses, over the years and after large events, in integrals."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, PlainEtas, events

from mainshock.core.errors import DataError
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.coverage import Coverage, levels_of
from mainshock.forecast.etas.events import Sources, inside_of
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import expectation
from mainshock.sources.seismicity.catalogue import Catalogue

BETA = 2.3
WAKE = ShortTermCompleteness(3.0, 5.0, offset=3.5)


@pytest.fixture(scope="module")
def catalogue():
    """Events with three large ones."""
    some = events(40, seed=12)
    large = Catalogue(
        np.array([300.0, 301.5, 700.0]),
        np.array([6.5, 5.4, 6.0]),
        np.full(3, -117.0),
        np.full(3, 34.0),
    )
    return Catalogue.joined([some, large])


def expected(catalogue, coverage, start, end):
    sources = Sources.of(catalogue, BOX, 3.0)
    window = coverage.window(catalogue, start, end, sources.time_days)
    law = TriggeringLaw(USUAL)
    return expectation(law, sources, inside_of(BOX, catalogue), window).number


def test_a_full_catalogue_misses_nothing(catalogue):
    coverage = Coverage(3.0, BETA)
    assert coverage.is_full
    window = coverage.window(catalogue, 200.0, 900.0, catalogue.time_days)
    assert window.days == 700.0
    assert window.missed is None
    assert not coverage.log_share(np.array([300.1]), catalogue).any()


def test_the_integral_in_wakes_is_that_of_fine_steps(catalogue):
    coverage = Coverage(3.0, BETA, WAKE)
    edges, seen = WAKE.steps(catalogue, 200.0, 900.0, BETA)

    def share(time):
        k = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, len(seen) - 1)
        return seen[k]

    plain = PlainEtas(USUAL, catalogue)
    whole = plain.integral(200.0, 900.0)
    fewer = plain.integral(200.0, 900.0, share, corners=edges)
    assert whole - fewer > 0.02 * whole  # there is something to see
    lost = expected(catalogue, Coverage(3.0, BETA), 200.0, 900.0) - expected(
        catalogue, coverage, 200.0, 900.0
    )
    assert lost == pytest.approx(whole - fewer, rel=0.01)


def test_integrals_of_neighbouring_windows_add_up_within_a_wake(catalogue):
    coverage = Coverage(3.0, BETA, WAKE)
    parts = [expected(catalogue, coverage, a, b) for a, b in ((200.0, 300.3), (300.3, 900.0))]
    assert sum(parts) == pytest.approx(expected(catalogue, coverage, 200.0, 900.0), rel=1e-3)


def test_levels_over_the_years_scale_their_stretch(catalogue):
    coverage = Coverage(3.0, BETA, None, (0.0, 500.0), (3.4, 3.0))
    full = Coverage(3.0, BETA)
    early, late = (expected(catalogue, full, a, b) for a, b in ((200.0, 500.0), (500.0, 900.0)))
    part = np.exp(-BETA * 0.4)
    assert expected(catalogue, coverage, 200.0, 900.0) == pytest.approx(
        part * early + late, rel=1e-5
    )
    found = coverage.log_share(np.array([-5.0, 499.0, 500.0]), catalogue)
    assert found == pytest.approx([-BETA * 0.4, -BETA * 0.4, 0.0])


def test_a_wake_in_a_poor_stretch_loses_the_share_of_a_share(catalogue):
    poor = Coverage(3.0, BETA, WAKE, (0.0,), (3.4,))
    ratio = expected(catalogue, poor, 290.0, 310.0) / expected(
        catalogue, Coverage(3.0, BETA, WAKE), 290.0, 310.0
    )
    assert ratio == pytest.approx(np.exp(-BETA * 0.4), rel=1e-4)


def test_levels_are_those_that_the_catalogue_states():
    stated = Catalogue(
        np.arange(6.0), np.full(6, 4.0), completeness=np.array([3.5, 3.5, 3.2, np.nan, 2.0, 2.0])
    )
    assert levels_of(stated, 3.0) == ((0.0, 2.0, 3.0), (3.5, 3.2, 3.0))
    assert levels_of(stated, 3.6) == ((), ())
    assert levels_of(events(5), 3.0) == ((), ())


def test_completeness_that_depends_on_the_place_is_refused():
    n = 400
    mixed = Catalogue(
        np.arange(float(n)), np.full(n, 4.0), completeness=np.where(np.arange(n) % 2, 3.5, 3.0)
    )
    with pytest.raises(DataError, match=r"take an mc of 3\.5"):
        levels_of(mixed, 3.0)
