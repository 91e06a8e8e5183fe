"""Simulated catalogues have the counts, times, places and magnitudes that the model says."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import integrate, stats

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.boundary import rays_of
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.coverage import Coverage
from mainshock.forecast.etas.events import Sources
from mainshock.forecast.etas.law import TriggeringLaw, Variation
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameter_draws import draw_parameters
from mainshock.forecast.etas.parameters import EtasParameters, decay_integral
from mainshock.forecast.etas.simulation import BLOCK, simulate
from mainshock.forecast.etas.simulation_tables import expected_direct, past_law
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -115.0, 36.0)
USUAL = EtasParameters(
    mu_per_day=0.5, k0=0.02, a=1.6, c_days=0.01, omega=0.05, tau_days=2000.0,
    d_km2=0.5, gamma=1.1, rho=0.6, m_ref=3.0,
)  # fmt: skip
# new events, at most 0.2 above m_ref, trigger a millionth of what the mainshock does
DIRECT = replace(USUAL, mu_per_day=1e-9, k0=1e-9, a=5.0)


@dataclass(frozen=True)
class Model:
    """What simulation asks of a fitted model."""

    info: ModelInfo
    parameters: EtasParameters
    background: SmoothedPlaces | None = None
    completeness: ShortTermCompleteness | None = None
    covariance: np.ndarray | None = None


@dataclass(frozen=True)
class LevelledModel(Model):
    """One whose catalogue was less complete at times."""

    coverage: Coverage | None = None


def model_of(parameters, region=BOX, beta=2.2, m_max=7.5, **others):
    settings = FitSettings(0.0, 1000.0, parameters.m_ref, region)
    info = ModelInfo("etas", settings, beta, m_max, 2000, 0.0, parameters.as_dict(), {})
    return Model(info, parameters, **others)


def catalogue(*rows):
    """A catalogue of rows of time, magnitude, longitude, latitude."""
    time, magnitude, longitude, latitude = np.array(rows, dtype=float).reshape(-1, 4).T
    return Catalogue(time, magnitude, longitude, latitude)


def plain_law(parameters, history):
    """The law of past events where all have the same one."""
    sources = Sources.of(history, Region.globe(), parameters.m_ref)
    return past_law(TriggeringLaw(parameters), sources, np.zeros(len(history)))


def with_k0(parameters, ratio, beta, m_max):
    return replace(parameters, k0=parameters.k0 * ratio / parameters.branching_ratio(beta, m_max))


def plain_counts(parameters, beta, m_max, history, start, days, n, rng):
    """Counts and times of a plain simulator: all catalogues together, generation by generation."""
    grid = np.append(0.0, np.geomspace(1e-7, start - history.time_days.min() + days, 30_000))
    decay = decay_integral(grid, parameters.c_days, parameters.omega, parameters.tau_days)
    catalogue_number = np.repeat(np.arange(n), len(history))
    time = np.tile(history.time_days - start, n)
    magnitude = np.tile(history.magnitude, n)
    background = rng.poisson(parameters.mu_per_day * days, n)
    found_number = np.repeat(np.arange(n), background)
    found_time = rng.uniform(0.0, days, background.sum())
    span = -np.expm1(-beta * (m_max - parameters.m_ref))
    numbers, times = [found_number], [found_time]
    first = -np.log1p(-rng.random(len(found_time)) * span) / beta + parameters.m_ref
    catalogue_number = np.append(catalogue_number, found_number)
    time, magnitude = np.append(time, found_time), np.append(magnitude, first)
    while len(time):
        low = np.interp(np.maximum(-time, 0.0), grid, decay)
        high = np.interp(days - time, grid, decay)
        children = rng.poisson(parameters.space_factor(magnitude) * (high - low))
        of = np.repeat(np.arange(len(time)), children)
        drawn = low[of] + rng.random(len(of)) * (high - low)[of]
        catalogue_number, time = catalogue_number[of], time[of] + np.interp(drawn, decay, grid)
        magnitude = -np.log1p(-rng.random(len(of)) * span) / beta + parameters.m_ref
        numbers.append(catalogue_number)
        times.append(time)
    return np.bincount(np.concatenate(numbers), minlength=n), np.concatenate(times)


@pytest.mark.parametrize(
    ("omega", "tau_days", "days", "ago"),
    [(0.05, 2000.0, 7.0, 0.5), (-0.06, 5.0, 60.0, 3.0), (0.0, np.inf, 1.0, 400.0)],
)
def test_counts_and_times_are_those_of_a_plain_simulator(omega, tau_days, days, ago, rng):
    beta, m_max, n = 2.2, 7.0, 4000
    parameters = with_k0(replace(USUAL, omega=omega, tau_days=min(tau_days, 1e9)), 0.8, beta, m_max)
    if np.isinf(tau_days):
        parameters = replace(parameters, omega=0.15, tau_days=np.inf)
        parameters = with_k0(parameters, 0.8, beta, m_max)
    history = catalogue((100.0 - ago, 6.5, -116.5, 34.5), (40.0, 5.0, -117.0, 34.0))
    start = 100.0
    model = model_of(parameters, Region.globe(), beta, m_max)
    simulated = simulate(model, history, start, days, n, seed=5)
    counts = simulated.counts()
    plain, times = plain_counts(parameters, beta, m_max, history, start, days, n, rng)
    error = np.sqrt((counts.var() + plain.var()) / n)
    assert abs(counts.mean() - plain.mean()) < 4.0 * error
    assert stats.ks_2samp(counts, plain).pvalue > 1e-3
    assert stats.ks_2samp(simulated.time_days[::7], times[::7]).pvalue > 1e-3


@pytest.mark.parametrize("omega", [0.2, 0.0, -0.1])
@pytest.mark.parametrize("ago", [0.002, 3000.0])
def test_direct_aftershocks_have_the_expected_number_and_times(omega, ago):
    parameters = replace(DIRECT, omega=omega, tau_days=800.0)
    history = catalogue((5000.0 - ago, 9.0, -116.5, 34.5))
    days, n = 30.0, 500
    expected = expected_direct(plain_law(parameters, history), history, 5000.0, 5000.0 + days).sum()
    parameters = replace(parameters, k0=parameters.k0 * 60.0 / expected)
    model = model_of(parameters, Region.globe(), m_max=3.2)
    simulated = simulate(model, history, 5000.0, days, n, seed=1)
    assert len(simulated) == pytest.approx(60.0 * n, abs=4.0 * np.sqrt(60.0 * n))
    law = (parameters.c_days, parameters.omega, parameters.tau_days)
    # differences of integrals from 0 would lose the digits of late short spans
    grid = np.linspace(0.0, np.log1p(days / (ago + parameters.c_days)), 4001)
    t = (ago + parameters.c_days) * np.exp(grid) - parameters.c_days
    rate = np.exp(-t / law[2]) * (t + law[0]) ** -law[1]
    total = integrate.cumulative_simpson(rate, x=grid, initial=0.0)
    at = np.interp(simulated.time_days, t - ago, total / total[-1])
    assert stats.kstest(at, "uniform").pvalue > 1e-3


def test_expected_numbers_are_integrals_of_the_rate():
    history = catalogue((99.9, 6.0, -116.0, 34.0), (10.0, 4.0, -116.0, 34.0))
    found = expected_direct(plain_law(USUAL, history), history, 100.0, 107.0)
    for i in range(2):
        since = 100.0 - history.time_days[i]
        rate = integrate.quad(
            lambda t: np.exp(-t / USUAL.tau_days) * (t + USUAL.c_days) ** (-1 - USUAL.omega),
            since, since + 7.0, epsabs=0, epsrel=1e-11, limit=200,
        )[0]  # fmt: skip
        assert found[i] == pytest.approx(
            float(USUAL.space_factor(history.magnitude[i])) * rate, rel=1e-9
        )


@pytest.mark.parametrize("place", [(-116.5, 34.5), (179.999, -10.0), (20.0, 89.99)])
def test_distances_and_directions_are_those_of_the_kernel(place):
    history = catalogue((99.0, 7.0, *place))
    expected = expected_direct(plain_law(DIRECT, history), history, 100.0, 101.0).sum()
    parameters = replace(DIRECT, k0=DIRECT.k0 * 50.0 / expected)
    model = model_of(parameters, Region.globe(), m_max=3.2)
    simulated = simulate(model, history, 100.0, 1.0, 400, seed=2)
    there = cartesian_km(simulated.longitude, simulated.latitude)
    here = cartesian_km(*place)
    square = ((there - here) ** 2).sum(axis=1)
    spread = float(parameters.spread_km2(7.0))
    inside = 1.0 - (1.0 + square / spread) ** -parameters.rho
    assert stats.kstest(inside, "uniform").pvalue > 1e-3
    unit = here / np.linalg.norm(here)
    east = np.cross([0.0, 0.0, 1.0], unit)
    east /= np.linalg.norm(east)
    offset = there - here
    azimuth = np.arctan2(offset @ east, offset @ np.cross(unit, east))
    assert stats.kstest(azimuth / (2 * np.pi) % 1.0, "uniform").pvalue > 1e-3
    assert simulated.longitude.min() >= -180.0
    assert simulated.longitude.max() < 180.0


@pytest.mark.parametrize(
    "region",
    [
        BOX,
        Region(((-118.0, 33.0), (-115.0, 33.5), (-116.0, 34.2), (-115.5, 36.0), (-118.0, 35.0))),
        Region.box(-118.0 + 360.0, 33.0, -115.0 + 360.0, 36.0),
    ],
)
@pytest.mark.parametrize("place", [(-116.5, 34.0), (-118.3, 34.0)])
def test_only_events_in_the_region_are_returned(region, place):
    history = catalogue((99.0, 7.0, *place))
    parameters = replace(DIRECT, rho=0.4)
    expected = expected_direct(plain_law(parameters, history), history, 100.0, 101.0).sum()
    parameters = replace(parameters, k0=parameters.k0 * 80.0 / expected)
    simulated = simulate(model_of(parameters, region, m_max=3.2), history, 100.0, 1.0, 300, seed=3)
    assert region.contains(simulated.longitude, simulated.latitude).all()
    rays = rays_of(region, [place[0]], [place[1]], 720)
    beyond = (1.0 + rays.distance_km**2 / parameters.spread_km2(7.0)) ** -parameters.rho
    share = float(rays.base[0] + (rays.sign * beyond).sum())
    assert 0.02 < share < 0.98
    mean = 80.0 * 300 * share
    assert len(simulated) == pytest.approx(mean, abs=4.0 * np.sqrt(mean) + 2e-3 * mean)


def test_background_lies_where_the_density_is(rng):
    lon, lat = rng.uniform(-118.5, -114.5, 40), rng.uniform(32.5, 36.5, 40)
    background = SmoothedPlaces(BOX, lon, lat, rng.uniform(2.0, 30.0, 40), rng.random(40), 0.1)
    parameters = replace(USUAL, mu_per_day=20.0, k0=1e-12)
    model = model_of(parameters, background=background)
    simulated = simulate(model, catalogue(), 100.0, 2.0, 300, seed=4)
    assert len(simulated) == pytest.approx(12_000, abs=4.0 * np.sqrt(12_000))
    there = background.sample(12_000, rng)
    assert stats.ks_2samp(simulated.longitude, there[0]).pvalue > 1e-3
    assert stats.ks_2samp(simulated.latitude, there[1]).pvalue > 1e-3
    assert stats.kstest(simulated.time_days / 2.0, "uniform").pvalue > 1e-3


def test_without_a_density_the_background_is_even_in_area():
    model = model_of(replace(USUAL, mu_per_day=50.0, k0=1e-12), Region.globe())
    simulated = simulate(model, catalogue(), 0.0, 1.0, 200, seed=4)
    z = cartesian_km(simulated.longitude, simulated.latitude)[:, 2] / 6371.0071809
    assert stats.kstest((z + 1.0) / 2.0, "uniform").pvalue > 1e-3
    assert stats.kstest((simulated.longitude + 180.0) / 360.0, "uniform").pvalue > 1e-3


def test_magnitudes_are_exponential_between_their_limits():
    parameters = replace(USUAL, mu_per_day=100.0, k0=1e-12, m_ref=2.05)
    model = model_of(parameters, Region.globe(), beta=2.0, m_max=4.0)
    simulated = simulate(model, catalogue(), 0.0, 1.0, 200, seed=6)
    above = simulated.magnitude.astype(float) - 2.05
    assert above.min() >= 0.0
    assert above.max() <= 1.95 + 1e-6
    share = np.expm1(-2.0 * above) / np.expm1(-2.0 * 1.95)
    assert stats.kstest(share, "uniform").pvalue > 1e-3


@pytest.fixture(scope="module")
def landers():
    """A model, and a mainshock with some older events."""
    rng = np.random.default_rng(8)
    old = np.column_stack([
        rng.uniform(0.0, 99.0, 60), rng.uniform(3.0, 5.0, 60),
        rng.uniform(-118.0, -115.0, 60), rng.uniform(33.0, 36.0, 60),
    ])  # fmt: skip
    history = catalogue((99.5, 6.8, -116.4, 34.2), *old.tolist())
    covariance = np.diag([0.01, 0.01, 0.01, 0.04, 0.001, 0.1, 0.01, 0.01, 0.001])
    parameters = with_k0(USUAL, 0.7, 2.2, 7.5)
    return model_of(parameters, covariance=covariance), history


def same(one, other):
    columns = ("catalogue", "time_days", "magnitude", "longitude", "latitude")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in columns)


def test_events_are_sorted_by_catalogue_and_time(landers):
    simulated = simulate(*landers, 100.0, 3.0, 700, seed=0)
    order = np.lexsort([simulated.time_days, simulated.catalogue])
    assert np.array_equal(order, np.arange(len(simulated)))
    assert simulated.time_days.min() >= 0.0
    assert simulated.time_days.max() < 3.0
    assert simulated.catalogue.dtype == np.int32
    assert simulated.longitude.dtype == np.float32
    assert simulated.time_days.dtype == np.float64


def test_events_close_in_time_are_sorted_too():
    history = catalogue((100.0 - 1e-6, 7.0, -116.5, 34.5))
    parameters = replace(DIRECT, c_days=1e-5, omega=0.8)
    expected = expected_direct(plain_law(parameters, history), history, 100.0, 101.0).sum()
    parameters = replace(parameters, k0=parameters.k0 * 900.0 / expected)
    simulated = simulate(model_of(parameters, m_max=3.2), history, 100.0, 1.0, 20, seed=0)
    assert np.median(simulated.time_days) < 1e-4
    gap = np.diff(simulated.catalogue * 2.0 + simulated.time_days)
    assert (gap >= 0).all()


def test_numbers_depend_on_the_seed_and_on_nothing_else(landers):
    one = simulate(*landers, 100.0, 2.0, 3 * BLOCK, seed=11)
    assert same(one, simulate(*landers, 100.0, 2.0, 3 * BLOCK, seed=11, threads=3))
    assert not same(one, simulate(*landers, 100.0, 2.0, 3 * BLOCK, seed=12))
    fewer = simulate(*landers, 100.0, 2.0, BLOCK, seed=11)
    assert same(fewer, one.take(one.catalogue < BLOCK))


@pytest.mark.slow
def test_processes_give_the_numbers_of_one_thread(landers):
    one = simulate(*landers, 100.0, 2.0, 3 * BLOCK, seed=11)
    many = simulate(*landers, 100.0, 2.0, 3 * BLOCK, seed=11, threads=2, backend="processes")
    assert same(one, many)


def test_events_at_or_after_the_start_are_not_used(landers):
    model, history = landers
    later = Catalogue.joined([history, catalogue((100.0, 7.5, -116.0, 34.0))])
    one = simulate(model, history, 100.0, 2.0, 50, seed=0)
    assert same(one, simulate(model, later, 100.0, 2.0, 50, seed=0))


def test_draws_of_parameters_widen_the_counts(landers):
    model, history = landers
    wide = replace(model, covariance=model.covariance * 10.0)
    fixed = simulate(model, history, 100.0, 1.0, 2000, seed=0).counts()
    drawn = simulate(wide, history, 100.0, 1.0, 2000, seed=0, parameter_draws=100).counts()
    assert drawn.std() > 1.3 * fixed.std()
    by_draw = drawn.reshape(100, 20).mean(axis=1)
    assert by_draw.std() > 2.0 * drawn.reshape(100, 20).std(axis=1).mean() / np.sqrt(20)
    same_draws = simulate(wide, history, 100.0, 1.0, 2000, seed=0, parameter_draws=100, threads=2)
    assert np.array_equal(drawn, same_draws.counts())


def test_drawn_parameters_follow_the_covariance_and_end(landers):
    model, _ = landers
    covariance = model.covariance.copy()
    covariance[5, :] = covariance[:, 5] = np.nan
    draws = draw_parameters(model.parameters, covariance, model.info, 400, seed=1)
    log_mu = np.log([one.parameters.mu_per_day for one in draws])
    assert log_mu.mean() == pytest.approx(np.log(model.parameters.mu_per_day), abs=0.02)
    assert log_mu.std() == pytest.approx(0.1, rel=0.15)
    tau = [one.parameters.tau_days for one in draws]
    assert np.allclose(tau, model.parameters.tau_days, rtol=1e-12)
    beta = np.array([one.beta for one in draws])
    assert beta.std() == pytest.approx(2.2 / np.sqrt(2000), rel=0.15)
    assert all(one.parameters.branching_ratio(one.beta, 7.5) < 1.0 for one in draws)
    with pytest.raises(DataError, match="no covariance"):
        draw_parameters(model.parameters, np.full((9, 9), np.nan), model.info, 2, seed=1)
    near_one = with_k0(model.parameters, 0.99, 2.2, 7.5)
    draws = draw_parameters(near_one, covariance, model.info, 50, seed=1)
    assert all(one.parameters.branching_ratio(one.beta, 7.5) < 1.0 for one in draws)


def test_what_large_events_hide_is_left_out():
    wake = ShortTermCompleteness(mc=3.0)
    parameters = with_k0(replace(USUAL, a=2.0), 0.9, 2.2, 7.5)
    model = model_of(parameters, completeness=wake)
    history = catalogue((100.0 - 0.001, 7.2, -116.4, 34.2))
    whole = simulate(model, history, 100.0, 1.0, 40, seed=3, with_hidden=True)
    seen = simulate(model, history, 100.0, 1.0, 40, seed=3)
    assert 0 < len(seen) < 0.8 * len(whole)
    for number in range(40):
        here = whole.take(whole.catalogue == number)
        expected = []
        known = history
        for time, magnitude in zip(here.time_days + 100.0, here.magnitude, strict=True):
            if magnitude >= wake.at([time], known)[0]:
                expected.append(time)
                known = Catalogue.joined([known, catalogue((time, magnitude, -116.0, 34.0))])
        found = seen.time_days[seen.catalogue == number] + 100.0
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("activity", [0.0, 0.4])
def test_past_events_trigger_by_the_models_own_law(activity, rng):
    # large past events alone trigger: new ones are small, and a is large
    lon, lat = rng.uniform(-118.2, -114.8, 30), rng.uniform(32.8, 36.2, 30)
    magnitude = rng.uniform(6.0, 6.6, 30)
    time = np.sort(rng.uniform(60.0, 99.9, 30))
    history = catalogue(*np.column_stack([time, magnitude, lon, lat]).tolist())
    variation = Variation(activity, 0.02 * activity, 0.03, 0.3, 1.0)
    plain = replace(DIRECT, mu_per_day=0.4)
    law = TriggeringLaw(replace(plain, k0=2e-9, omega=0.1, rho=0.5, tau_days=900.0), variation)
    background = SmoothedPlaces(BOX, lon, lat, np.full(30, 20.0), np.ones(30))
    info = model_of(plain, m_max=3.2).info
    model = SpaceTimeEtas(info, plain, background, None, np.eye(9), law, np.zeros(30))
    expected = model.integral(history, 100.0, 102.0)
    k0 = law.parameters.k0 * 30.0 / (expected - 0.8)
    model = replace(model, law=TriggeringLaw(replace(law.parameters, k0=k0), variation))
    expected = model.integral(history, 100.0, 102.0)
    assert expected == pytest.approx(30.8, rel=1e-3)
    simulated = simulate(model, history, 100.0, 2.0, 1000, seed=9)
    # the share of a kernel inside the region is found with 48 rays
    assert len(simulated) / 1000 == pytest.approx(expected, rel=0.01)


def test_what_lies_below_the_completeness_of_its_time_is_left_out(landers):
    model, history = landers
    levelled = LevelledModel(
        model.info, model.parameters, coverage=Coverage(3.0, 2.2, None, (0.0, 101.0), (3.2, 4.0))
    )
    whole = simulate(levelled, history, 100.0, 2.0, 300, seed=1, with_hidden=True)
    seen = simulate(levelled, history, 100.0, 2.0, 300, seed=1)
    level = np.where(whole.time_days < 1.0, 3.2, 4.0).astype(np.float32)
    assert 0 < len(seen) < len(whole)
    assert np.array_equal(seen.time_days, whole.time_days[whole.magnitude >= level])


def test_sequences_that_never_end_are_refused(landers):
    model, history = landers
    too_much = replace(model, parameters=with_k0(USUAL, 1.2, 2.2, 7.5))
    with pytest.raises(DataError, match=r"branching ratio 1\.2"):
        simulate(too_much, history, 100.0, 1.0, 10, seed=0)


def test_a_catalogue_beyond_the_limit_is_an_error_not_a_shorter_catalogue(landers):
    with pytest.raises(DataError, match="more than 20 events"):
        simulate(*landers, 100.0, 3.0, 300, seed=0, max_events=20)


def test_what_cannot_be_simulated_is_refused(landers):
    model, history = landers
    with pytest.raises(SettingsError, match="window of 0 days"):
        simulate(model, history, 100.0, 0.0, 10, seed=0)
    with pytest.raises(SettingsError, match="0 catalogues"):
        simulate(model, history, 100.0, 1.0, 0, seed=0)
    with pytest.raises(DataError, match="no longitude"):
        simulate(model, Catalogue(np.ones(1), np.full(1, 4.0)), 100.0, 1.0, 10, seed=0)
    without = replace(model, info=replace(
        model.info, settings=replace(model.info.settings, region=None)
    ))  # fmt: skip
    with pytest.raises(DataError, match="no region"):
        simulate(without, history, 100.0, 1.0, 10, seed=0)


def test_without_a_past_there_is_the_background(landers):
    model, _ = landers
    simulated = simulate(model, catalogue(), 100.0, 10.0, 400, seed=0)
    expected = model.parameters.mu_per_day * 10.0 * 400
    assert len(simulated) > expected - 4.0 * np.sqrt(expected)
