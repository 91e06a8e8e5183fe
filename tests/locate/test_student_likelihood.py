"""Heavy tails, station terms and incidence angles: the grid against the plain density."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import observe
from mainshock.locate.posterior import Draws, draw
from mainshock.locate.terms import AzimuthTerm, IncidenceTerm, StationTerms, TermTable, TimeTerm
from mainshock.locate.velocity.constant import ConstantVelocity

MODEL = ConstantVelocity(6.0, 3.46)
START = parse_utc("2020-01-01T00:00:00Z")
ONE = [Station("XX", "A", 13.0, 46.0, 500.0)]
TWO = [*ONE, Station("XX", "B", 13.3, 46.1, 900.0)]
FULL = StationTerms(
    {"P": TimeTerm(1.04, -0.2, 0.1, 0.8, 30), "S": TimeTerm(0.98, 0.3, 0.25, 1.5, 30)},
    AzimuthTerm(12.0, 1.3, 0.85, 30),
    IncidenceTerm(8.0, 0.8, 5.0, 30),
)


def terms_of(stations, freedom, terms=FULL):
    return TermTable(MODEL.name, {station.code: terms for station in stations}, freedom)


def picks_at(stations, *seconds, sigma_s=(0.08, 0.15), **more):
    """Return P and S of each station at pairs of seconds, with angles on the first P."""
    picks = []
    for number, (station, times) in enumerate(zip(stations, seconds, strict=True)):
        for phase, second, sigma in zip("PS", times, sigma_s, strict=False):
            extra = more if (number, phase) == (0, "P") else {}
            time = START + timedelta(seconds=second)
            picks.append(Pick("XX", station.station, "", phase, time, 0.9, sigma, "m", **extra))
    return picks


ANGLES = {"back_azimuth_deg": 80.0, "back_azimuth_sigma_deg": 14.0, "incidence_deg": 62.0}
CASES = {
    "one station": (ONE, ((4.0, 7.4),)),
    "two stations": (TWO, ((4.0, 7.4), (3.2, 5.6))),
    "two stations that disagree": (TWO, ((4.0, 7.4), (3.2, 7.0))),
}


def field_and_problem(name, freedom, **more):
    stations, seconds = CASES[name]
    picks = picks_at(stations, *seconds, **ANGLES)
    table = terms_of(stations, freedom)
    method = GridLocation(MODEL, terms=table, depth_range_km=(0.0, 25.0), **more)
    return method.posterior(picks, stations), method.problem(picks, stations)


def at_cells(field, cells, times):
    """Return points of space and time: all times at each cell's middle, and the origin of each."""
    grid = field.grid
    east, north = grid.to_east_north(grid.centres(0)[cells[:, 0]], grid.centres(1)[cells[:, 1]])
    depth, middle = grid.centres(2)[cells[:, 2]], field.origin_s[tuple(cells.T)]
    return [
        Draws(*(np.full(times.size, v) for v in place), middle_s + times)
        for *place, middle_s in zip(east, north, depth, middle.astype(float), strict=True)
    ]


@pytest.fixture(params=[(name, freedom) for name in CASES for freedom in (3.0, 6.0, None)])
def compared(request, rng):
    """The grid and the plain density at sixty cells, over the origin time."""
    name, freedom = request.param
    field, problem = field_and_problem(name, freedom, model_error=0.02)
    cells = np.argwhere(field.mass > 0.03 * field.mass.max())
    cells = cells[rng.choice(len(cells), 60)]
    # the tails of few picks reach far: 4 degrees of freedom hold 1e-5 beyond 30 deviations
    times = np.sinh(np.linspace(-6.0, 6.0, 4001))
    width = np.gradient(times)
    log_density = np.stack([problem.log_density(p) for p in at_cells(field, cells, times)])
    return field, cells, times, log_density + np.log(width)


def test_grid_agrees_with_the_plain_density(compared):
    """Ratios of cell masses are ratios of the joint density integrated over time."""
    field, cells, _, log_density = compared
    found = np.log(field.mass[tuple(cells.T)].astype(float))
    difference = found - np.logaddexp.reduce(log_density, axis=1)
    # single precision, and half a percent of smoothing by the extent of a cell
    assert np.ptp(difference) < 0.1


def test_grid_knows_mean_and_variance_of_the_origin_time(compared):
    field, cells, times, log_density = compared
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    density /= density.sum(axis=1, keepdims=True)
    mean = density @ times
    variance = density @ times**2 - mean**2
    sd = np.sqrt(variance)
    assert np.abs(mean / sd).max() < 0.05
    found = field.variance_s2[tuple(cells.T)]
    np.testing.assert_allclose(found, variance, rtol=0.05)


def test_heavy_tails_widen_the_answer():
    areas = []
    for freedom in (3.0, None):
        field, _ = field_and_problem("one station", freedom)
        drawn = draw(field, 4000, np.random.default_rng(0))
        areas.append(np.ptp(np.quantile(np.hypot(drawn.east_km, drawn.north_km), [0.02, 0.98])))
    assert areas[0] > 1.15 * areas[1]


def test_terms_enter_the_observations():
    stations, seconds = CASES["one station"]
    observations = observe(
        picks_at(stations, *seconds, **ANGLES), stations, terms_of(stations, 4.0)
    )
    # relative to P as picked: the shifts come off the times
    np.testing.assert_allclose(observations.observed_s, [0.2, 3.4 - 0.3], atol=1e-9)
    sigma = [np.hypot(0.8 * 0.08, 0.1), np.hypot(1.5 * 0.15, 0.25)]
    np.testing.assert_allclose(observations.sigma_s, sigma)
    np.testing.assert_allclose(observations.time_scale, [1.04, 0.98])
    assert observations.has_term.all()
    assert observations.degrees_of_freedom == 4.0
    (azimuth,) = observations.azimuths
    assert azimuth.back_azimuth_deg == pytest.approx(68.0)
    assert azimuth.sigma_deg == pytest.approx(1.3 * 14.0)
    assert azimuth.outlier_probability == pytest.approx(0.15)
    (incidence,) = observations.incidences
    assert (incidence.incidence_deg, incidence.term) == (62.0, FULL.incidence)
    assert incidence.depth_km == -0.5


def test_a_station_without_terms_keeps_the_general_errors():
    picks = picks_at(TWO, (4.0, 7.4), (3.2, 5.6), **ANGLES)
    terms = terms_of([TWO[1]], 4.0)
    observations = observe(picks, TWO, terms)
    problem = GridLocation(MODEL, model_error=0.1, terms=terms).problem(picks, TWO)
    is_a = np.array([pick.station == "A" for pick in observations.picks])
    np.testing.assert_array_equal(observations.has_term, ~is_a)
    np.testing.assert_array_equal(observations.time_scale[is_a], 1.0)
    assert observations.incidences == ()
    assert observations.azimuths[0].outlier_probability is None
    for number, a in enumerate(is_a):
        expected = np.hypot(observations.sigma_s[number], 0.5 if a else 0.0)
        assert problem.errors.sd_s(observations, number, 5.0) == pytest.approx(expected)


def test_flag_of_model_error_goes_where_terms_know_it():
    for stations, told in ((TWO, False), (TWO[:1], True)):
        method = GridLocation(MODEL, terms=terms_of(stations, None), n_nodes=20_000)
        picks = picks_at(TWO, (4.0, 7.4), (3.2, 5.6))
        origin, _ = method.locate(picks, TWO, np.random.default_rng(0))
        assert ("model_error_not_included" in origin.flags) is told


def test_an_incidence_tells_depth():
    """Steep motion means a source below, flat motion one aside."""
    terms = StationTerms(incidence=IncidenceTerm(0.0, 1.0, 4.0, 30))
    depth = []
    for angle in (20.0, 70.0):
        picks = picks_at(ONE, (2.0, 3.47), incidence_deg=angle)
        method = GridLocation(MODEL, terms=terms_of(ONE, None, terms), n_nodes=40_000)
        depth.append(method.locate(picks, ONE, np.random.default_rng(0))[0].depth_km)
    away = 1.47 / (1 / 3.46 - 1 / 6.0)
    assert depth[0] == pytest.approx(away * np.cos(np.radians(20.0)) - 0.5, abs=0.8)
    assert depth[1] == pytest.approx(away * np.cos(np.radians(70.0)) - 0.5, abs=1.2)


def test_an_azimuth_bias_turns_the_answer():
    terms = StationTerms(azimuth=AzimuthTerm(30.0, 1.0, 0.98, 30))
    picks = picks_at(ONE, (4.0, 7.4), back_azimuth_deg=10.0, back_azimuth_sigma_deg=5.0)
    method = GridLocation(MODEL, terms=terms_of(ONE, None, terms), n_nodes=40_000)
    origin, _ = method.locate(picks, ONE, np.random.default_rng(0))
    assert origin.longitude < 13.0  # 340 degrees
    assert origin.latitude > 46.0


def test_residuals_are_those_that_terms_leave():
    """Times that follow the terms exactly leave nothing at any pick, and give the place back."""
    stations = [*TWO, Station("XX", "C", 13.1, 45.9, 100.0)]
    times = {phase: replace(term, sigma_s=0.02) for phase, term in FULL.times.items()}
    seconds = []
    for station in stations:
        away = geodesic_distance_km(13.12, 46.02, station.longitude, station.latitude)
        travel = [float(MODEL.travel_time_s(phase, away, 9.0, station.depth_km)) for phase in "PS"]
        rows = zip(travel, times.values(), strict=True)
        seconds.append([term.scale * time + term.shift_s for time, term in rows])
    method = GridLocation(MODEL, terms=terms_of(stations, None, StationTerms(times)))
    picks = picks_at(stations, *seconds)
    origin, arrivals = method.locate(picks, stations, np.random.default_rng(0))
    assert geodesic_distance_km(origin.longitude, origin.latitude, 13.12, 46.02) < 0.3
    assert abs((origin.time - START).total_seconds()) < 0.05
    assert max(abs(arrival.residual_s) for arrival in arrivals) < 0.05


def test_terms_of_another_model_are_refused_at_once():
    with pytest.raises(ValueError, match="calibrate again"):
        GridLocation(ConstantVelocity(5.0, 3.0), terms=terms_of(ONE, None))
