"""Figures of tests: what is drawn, and that axes say their units."""

import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.forecast import plots
from mainshock.forecast.count_calibration import CountCalibration, simulated_pit
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.region import Region
from mainshock.forecast.reliability import reliability_diagram
from mainshock.forecast.residual_analysis import GainCurve, Residuals, TransformedTimes
from mainshock.forecast.scores import error_diagram
from mainshock.forecast.sequences import find_sequences
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import BOX, Raised, info_of, one_catalogue

START = days_from_text("2010-01-01")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope="module")
def events():
    made = one_catalogue(Raised(info_of(), mu=1.0, n=0.5), START, 400.0, 1)
    assert len(made) > 300
    return made


@pytest.fixture(scope="module")
def calibration():
    rng = np.random.default_rng(0)
    simulated, observed = rng.poisson(6.0, (50, 100)), rng.poisson(6.0, 50)
    observed[7] = 60
    pit = simulated_pit(simulated, observed)
    starts = START + 7.0 * np.arange(50)
    return CountCalibration(starts, 7.0, observed, simulated, pit, np.full(50, 4.0))


def test_the_gain_names_its_sequences_and_its_unit(ax, events):
    curve = GainCurve(events.time_days, np.arange(len(events)) * 0.5, np.arange(len(events)))
    sequences = find_sequences(events)
    drawn = plots.plot_information_gain(
        {"etas": curve, "other": curve}, events, sequences, "poisson", ax
    )
    assert drawn is ax
    assert drawn.get_ylabel() == "information gain over poisson, nats"
    assert drawn.get_xlabel() == "time, UTC"
    named = {text.get_text() for text in drawn.texts}
    assert named
    assert named <= set(sequences.names)
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["etas", "other"]


def test_days_of_synthetic_events_are_no_dates(events, ax):
    synthetic = Catalogue(events.time_days, events.magnitude, is_synthetic=True)
    curve = GainCurve(events.time_days, np.zeros(len(events)), np.arange(len(events)))
    drawn = plots.plot_information_gain({"a": curve}, synthetic, find_sequences(synthetic), "b", ax)
    assert drawn.get_xlabel() == "time, days"


def test_counts_outside_their_interval_stand_out(calibration, ax):
    drawn = plots.plot_counts(calibration, ax=ax)
    labels = [text.get_text() for text in drawn.get_legend().get_texts()]
    low, high = calibration.interval(0.95)
    outside = ((calibration.observed < low) | (calibration.observed > high)).sum()
    assert f"observed outside: {outside} of 50" in labels
    assert drawn.get_ylabel() == "events in 7 days"
    assert drawn.get_yscale() == "symlog"
    assert drawn.get_ylim()[1] > 60


def test_pit_bars_have_an_area_of_one(calibration, ax):
    drawn = plots.plot_pit(calibration.pit, ax=ax)
    area = sum(bar.get_height() * bar.get_width() for bar in drawn.patches)
    assert area == pytest.approx(1.0)


def test_small_probabilities_have_logarithmic_axes(ax):
    rng = np.random.default_rng(0)
    small = rng.beta(0.3, 30.0, 5000)
    drawn = plots.plot_reliability({"a": reliability_diagram(small, rng.random(5000) < small)}, ax)
    assert drawn.get_xscale() == drawn.get_yscale() == "log"
    large = rng.uniform(0.2, 0.9, 500)
    drawn = plots.plot_reliability({"a": reliability_diagram(large, rng.random(500) < large)})
    assert drawn.get_xscale() == "linear"
    assert drawn.get_xlabel() == "forecast probability"


def test_no_diagram_is_refused(ax):
    with pytest.raises(DataError):
        plots.plot_reliability({}, ax)


def test_error_diagrams_tell_their_area(ax):
    counts = np.random.default_rng(0).poisson(0.2, 200)
    found = error_diagram(counts, np.ones(200), counts)
    drawn = plots.plot_error_diagram({"a": found}, "area", ax)
    labels = [text.get_text() for text in drawn.get_legend().get_texts()]
    assert f"a: area above {found.area_skill:.3f}" in labels
    assert drawn.get_xlabel() == "share of area watched"


def test_transformed_times_have_limits(ax):
    number = np.arange(1, 101)
    found = TransformedTimes(number + 3.0, number, 1, 105.0, 0.1, 0.4, 0.0)
    drawn = plots.plot_transformed_times({"a": found}, ax)
    ends = sorted(line.get_ydata()[0] for line in drawn.lines if len(line.get_xdata()) == 2)
    assert ends == pytest.approx([-13.58, 0.0, 13.58], abs=0.01)  # 1.358 is Kolmogorov's 95 %
    assert "expected number" in drawn.get_xlabel()


def test_residual_points_tell_events_from_added_ones(events, ax):
    chosen = np.arange(len(events)) % 2 == 0
    found = Residuals(
        events.time_days, events.longitude, events.latitude, chosen, 1.0, 1.0, 1.0, 1.0, 1.0
    )
    drawn = plots.plot_residual_points(found, BOX.outline(), ax)
    assert sorted(len(line.get_xdata()) for line in drawn.lines[:2]) == sorted(
        [int(chosen.sum()), int((~chosen).sum())]
    )


def test_rate_maps_draw_every_cell_and_the_largest_events(events, ax):
    grid = CellGrid(BOX, 0.5)
    rates = np.geomspace(1e-3, 10.0, len(grid))
    drawn = plots.plot_rate_map(grid, rates, events, ax=ax)
    cells, dots = drawn.collections
    assert len(cells.get_paths()) == len(grid)
    assert len(dots.get_offsets()) == 300 < len(events)
    assert drawn.get_xlabel() == "longitude, degrees"


def test_rate_maps_may_span_the_180th_meridian(ax):
    grid = CellGrid(Region.box(175.0, -45.0, -175.0, -40.0), 1.0)
    drawn = plots.plot_rate_map(grid, np.ones(len(grid)), ax=ax)
    assert drawn.get_xlim()[0] > 170.0
    assert drawn.get_xlim()[1] > 184.0


def test_a_map_without_rates_is_refused(ax):
    grid = CellGrid(BOX, 0.5)
    with pytest.raises(DataError):
        plots.plot_rate_map(grid, np.zeros(len(grid)), ax=ax)
    with pytest.raises(DataError):
        plots.plot_rate_map(grid, np.ones(3), ax=ax)
