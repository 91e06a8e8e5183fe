"""What samplers are made of: mixtures, tables, coordinates, weights and modes."""

import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from mainshock.core.errors import MissingDependencyError, SettingsError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.locate.gaussian_mixture import GaussianMixture, fit_mixture
from mainshock.locate.grid import Grid
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.hamiltonian import HamiltonianLocation
from mainshock.locate.importance import ImportanceLocation
from mainshock.locate.modes import find_modes
from mainshock.locate.posterior import Draws, draw
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.regions import EpicentralMarginal, credible_regions
from mainshock.locate.registry import open_velocity_model
from mainshock.locate.search import find_posterior
from mainshock.locate.smc import SequentialLocation
from mainshock.locate.smooth_density import smooth_density, smooth_log_density
from mainshock.locate.standard_states import StandardStates
from mainshock.locate.tabulated_times import TabulatedTimes, with_tables
from mainshock.locate.variational import VariationalLocation
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.layered import LayeredVelocity
from mainshock.locate.weighted_draws import WeightedDraws, draws_marginal, draws_moments

FRAME = LocalFrame(13.0, 46.0)
LAYERS = LayeredVelocity((0.0, 4.0, 15.0, 32.0), (5.0, 5.9, 6.6, 8.0), (2.9, 3.4, 3.8, 4.5))


def gaussian_draws(n, rng, sd=(2.0, 1.0, 0.5)):
    east, north, depth = rng.normal(size=(3, n)) * np.array(sd)[:, None]
    return Draws(east, north, depth + 10.0, rng.normal(size=n))


def even(draws):
    n = draws.east_km.size
    return WeightedDraws(draws, np.full(n, 1.0 / n))


def test_mixture_density_is_the_sum_of_normal_densities(rng):
    means = rng.normal(size=(3, 2)) * 4.0
    roots = rng.normal(size=(3, 2, 2))
    covariances = roots @ roots.transpose(0, 2, 1) + np.eye(2)
    mixture = GaussianMixture(np.array([0.2, 0.5, 0.3]), means, covariances)
    points = rng.normal(size=(50, 2)) * 5.0
    expected = sum(
        weight * multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(mixture.weights, means, covariances, strict=True)
    )
    np.testing.assert_allclose(np.exp(mixture.log_density(points)), expected)
    drawn = mixture.draw(40_000, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), mixture.weights @ means, atol=0.1)


def test_fit_finds_the_mixture_behind_weighted_points(rng):
    true = GaussianMixture(
        np.array([0.7, 0.3]),
        np.array([[0.0, 0.0, 0.0], [9.0, 3.0, 0.0]]),
        np.stack([np.diag([1.0, 4.0, 1.0]), np.diag([0.25, 1.0, 2.0])]),
    )
    points = rng.uniform((-6, -8, -6), (12, 10, 6), (60_000, 3))
    weights = np.exp(true.log_density(points))
    found = fit_mixture(points, weights / weights.sum(), 2, rng, n_steps=60)
    order = np.argsort(found.means[:, 0])
    np.testing.assert_allclose(found.weights[order], true.weights, atol=0.02)
    np.testing.assert_allclose(found.means[order], true.means, atol=0.15)
    np.testing.assert_allclose(found.covariances[order], true.covariances, atol=0.35)


def test_effective_size_is_kishs(rng):
    draws = gaussian_draws(1000, rng)
    assert even(draws).effective_size == pytest.approx(1000.0)
    one = np.zeros(1000)
    one[3] = 1.0
    assert WeightedDraws(draws, one).effective_size == pytest.approx(1.0)
    assert WeightedDraws(draws, np.full(1000, 1e-3), mixing=0.1).effective_size == pytest.approx(
        100
    )


@pytest.mark.parametrize("n", [1000, 20_000])
def test_area_of_a_gaussian_from_draws(rng, n):
    weighted = even(gaussian_draws(n, rng))
    region = credible_regions(draws_marginal(weighted, FRAME), (0.68,))[0]
    exact = np.pi * 2.0 * 1.0 * -2.0 * np.log(1.0 - 0.68)
    assert region.area_km2 == pytest.approx(exact, rel=0.12)


def test_weights_count_in_moments_and_marginal(rng):
    n = 60_000
    places = rng.uniform((-9, -9, 0), (9, 9, 20), (n, 3))
    log_weights = -0.5 * (places[:, 0] - 2.0) ** 2 - 0.5 * (places[:, 1] / 2.0) ** 2
    weights = np.exp(log_weights)
    weighted = WeightedDraws(Draws(*places.T, np.zeros(n)), weights / weights.sum())
    moments = draws_moments(weighted)
    assert moments.mean.east_km == pytest.approx(2.0, abs=0.05)
    np.testing.assert_allclose(np.diag(moments.covariance_km2)[:2], [1.0, 4.0], rtol=0.06)
    region = credible_regions(draws_marginal(weighted, FRAME), (0.68,))[0]
    assert region.area_km2 == pytest.approx(np.pi * 2.0 * -2.0 * np.log(0.32), rel=0.12)


@pytest.mark.parametrize(
    "model", [ConstantVelocity(6.0, 3.5), LAYERS, open_velocity_model("ak135")]
)
def test_tabulated_times_are_close(model, rng):
    tabulated = TabulatedTimes(model, 500.0, (-1.0, 100.0))
    distance, depth = rng.uniform(0.0, 200.0, 300), np.round(rng.uniform(-0.5, 60.0, 300))
    for phase in "PS":
        found = tabulated.travel_time_s(phase, distance, depth, -0.4)
        error = found - model.travel_time_s(phase, distance, depth, -0.4)
        # a head wave that overtakes between rows one km apart: (1/vs1 - 1/vs2) / 4 = 30 ms
        assert np.abs(error).max() < (1e-9 if isinstance(model, ConstantVelocity) else 0.06)
        assert np.median(np.abs(error)) < 0.004


def test_tables_keep_the_problem_otherwise(munich, munich_velocity):
    problem = ImportanceLocation(munich_velocity).problem(*munich)
    tabulated = with_tables(problem)
    points = gaussian_draws(50, np.random.default_rng(0))
    np.testing.assert_allclose(tabulated.log_density(points), problem.log_density(points))
    assert with_tables(replace(tabulated, travel_times=SidewaysVelocity())).travel_times.name == "s"


KINDS = {"few picks and a prior": "gaussian", "student": "student", "joint student": "joint"}


class SidewaysVelocity(ConstantVelocity):
    """A model that varies sideways by name only."""

    def __init__(self):
        super().__init__(6.0, 3.5)
        object.__setattr__(self, "name", "s")

    def station_travel_time_s(self, phase, station, longitude, latitude, depth_km):
        away = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        return self.travel_time_s(phase, away, depth_km, station.depth_km)


def test_standard_coordinates_keep_the_mass(munich, munich_velocity):
    """The density of u integrates, at a fixed place, to that of time."""
    problem = GridLocation(munich_velocity).problem(*munich)
    states = StandardStates(problem)
    u = np.linspace(-12.0, 12.0, 4001)
    places = np.array([[1.75, -0.35, 5.0], [1.9, -0.2, 5.5]])
    for place in places:
        along = np.column_stack([np.repeat(place[None], u.size, 0), u])
        by_u = np.exp(states.log_density(along)).sum() * (u[1] - u[0])
        time = states.draws(along)[0].time_s
        points = Draws(*along[:, :3].T, time)
        by_time = np.exp(problem.log_density(points)).sum() * (time[1] - time[0])
        assert by_u == pytest.approx(by_time)
        spread = np.sqrt(np.average(u**2, weights=np.exp(states.log_density(along))))
        assert 0.7 < spread < 1.5  # nearly standard


def test_standard_states_outside_the_limits_are_impossible(munich, munich_velocity):
    problem = GridLocation(munich_velocity).problem(*munich)
    outside = np.array([[0.0, 0.0, -20.0, 0.0], [5000.0, 0.0, 5.0, 0.0]])
    assert np.isneginf(StandardStates(problem).log_density(outside)).all()


@pytest.mark.parametrize("model_error", [0.0, 0.03])
@pytest.mark.parametrize(
    "case", ["outliers", "few picks and a prior", "azimuth", "sideways", "student", "joint student"]
)
def test_smooth_density_is_the_exact_one(munich, case, model_error):
    """What the Hamiltonian sampler climbs, in NumPy: no JAX is needed to check it."""
    picks, stations = munich
    model = SidewaysVelocity() if case == "sideways" else LAYERS
    prior, freedom = None, 4.0 if case == "student" else None
    if case == "few picks and a prior":
        picks = picks[:4]
        frame = LocalFrame(11.64, 48.05)
        prior = GaussianMixturePrior(
            frame, np.ones(2), np.array([[0.0, 1.0, 5.0], [3.0, 0.0, 6.0]]), np.eye(3)[None] * 2.0
            + np.zeros((2, 1, 1)), 0.05,
        )  # fmt: skip
    if case == "azimuth":
        picks = [replace(picks[0], back_azimuth_deg=140.0, back_azimuth_sigma_deg=20.0), *picks[1:]]
    picks = [replace(pick, sigma_s=0.1) for pick in picks]
    method = GridLocation(model, model_error=model_error, prior=prior, student_freedom=freedom)
    problem = method.problem(picks[:4] if case == "joint student" else picks, stations)
    if case == "joint student":
        problem = replace(
            problem, observations=replace(problem.observations, degrees_of_freedom=3.0)
        )
    field, _ = find_posterior(problem, 20_000)
    density = smooth_density(problem, field.grid)
    points = draw(field, 150, np.random.default_rng(0))
    states = density.standardised(points)
    states[:, 3] = np.random.default_rng(1).normal(size=150)
    found = np.array([smooth_log_density(np, s, density.arrays, density.kind) for s in states])
    inside = 1.0 / (1.0 + np.exp(-states[:, :3]))
    found -= np.log(inside * (1.0 - inside)).sum(axis=1)
    difference = found - StandardStates(problem).log_density(density.places(states))
    difference -= np.median(difference)
    assert density.kind == KINDS.get(case, "outliers")
    assert np.quantile(np.abs(difference), 0.9) < 0.1  # splines across interfaces of the layers


def test_sequential_sampler_starts_from_nothing(munich, munich_velocity, monkeypatch):
    """No grid is solved on the way."""
    from mainshock.locate.problem import LocationProblem

    def refuse(*_):
        raise AssertionError("a grid was solved")

    monkeypatch.setattr(LocationProblem, "on_grid", refuse)
    method = SequentialLocation(munich_velocity, n_draws=1000)
    weighted = method.sample(method.problem(*munich), np.random.default_rng(0))
    assert weighted.flags == ()
    assert draws_moments(weighted).mean.depth_km == pytest.approx(5.39, abs=0.3)


def test_stated_effective_size_is_that_of_repeated_runs():
    """The mean of a run scatters, from seed to seed, as the effective size says."""
    from mainshock.core.records import Pick, Station
    from mainshock.core.times import parse_utc

    time = parse_utc("2020-01-01T00:00:00Z")
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    picks = [
        Pick("XX", "A", "", "P", time, 0.9, 0.2, "m"),
        Pick("XX", "A", "", "S", time.replace(second=4), 0.9, 0.2, "m"),
    ]
    method = SequentialLocation(
        ConstantVelocity(6.0, 3.464), n_draws=800, depth_range_km=(0.0, 15.0)
    )
    problem = method.problem(picks, stations)
    means, variances, sizes = [], [], []
    for seed in range(12):
        weighted = method.sample(problem, np.random.default_rng(seed))
        moments = draws_moments(weighted)
        means.append([moments.mean.east_km, moments.mean.north_km, moments.mean.depth_km])
        variances.append(np.diag(moments.covariance_km2))
        sizes.append(weighted.effective_size)
    size = np.mean(np.mean(variances, axis=0) / np.var(means, axis=0, ddof=1))
    # 12 runs, three coordinates: the ratio is known to about a quarter
    assert 0.4 < size / np.mean(sizes) < 2.5


def test_sequential_sampler_is_not_led_astray_by_gross_outliers(munich, munich_velocity):
    """Far away a model error excuses any residual, and there is much room far away."""
    picks = munich[0]
    fields = {"model_error": 0.02, "n_draws": 1500, "n_samples": 500}
    for number, seconds in ((3, 7.0), (6, -20.0)):
        picks[number] = replace(picks[number], time=picks[number].time + timedelta(seconds=seconds))
    method = SequentialLocation(munich_velocity, **fields)
    moments = draws_moments(method.sample(method.problem(*munich), np.random.default_rng(0)))
    assert moments.mean.east_km == pytest.approx(1.75, abs=0.5)
    assert np.sqrt(moments.covariance_km2[0, 0]) < 1.0


def test_few_effective_draws_are_told(munich, munich_velocity):
    method = VariationalLocation(munich_velocity, n_draws=500, n_samples=100)
    assert method.summarise(method.problem(*munich), np.random.default_rng(0)).flags == ()
    short = ImportanceLocation(munich_velocity, n_draws=150, n_samples=100)
    summary = short.summarise(short.problem(*munich), np.random.default_rng(0))
    assert summary.flags == ("few_effective_draws",)


def test_missing_blackjax_says_what_to_do(munich, munich_velocity, monkeypatch):
    from mainshock.locate import hamiltonian

    hamiltonian._compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mainshock\[bayes\]'"):
        HamiltonianLocation(munich_velocity).locate(*munich, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (SequentialLocation, {"n_draws": 10}),
        (SequentialLocation, {"n_moves": 0}),
        (VariationalLocation, {"n_components": 0}),
        (VariationalLocation, {"n_draws": 1}),
        (HamiltonianLocation, {"n_chains": 1}),
        (HamiltonianLocation, {"n_warmup": 1}),
        (ImportanceLocation, {"n_draws": 10}),
    ],
)
def test_senseless_settings_are_refused(munich_velocity, method, fields):
    with pytest.raises(SettingsError):
        method(munich_velocity, **fields)


def marginal_of(density):
    grid = Grid(FRAME, (-20.0, -20.0, 0.0), (20.0, 20.0, 30.0), (80, 80, 1))
    first, second = np.meshgrid(grid.centres(0), grid.centres(1), indexing="ij")
    mass = density(first, second)
    return EpicentralMarginal(grid, mass / mass.sum())


def bump(east, north, sd=1.5):
    return lambda e, n: np.exp(-0.5 * ((e - east) ** 2 + (n - north) ** 2) / sd**2)


def test_modes_have_place_share_and_spread(rng):
    marginal = marginal_of(lambda e, n: 0.7 * bump(-8, 0)(e, n) + 0.3 * bump(8, 5)(e, n))
    first = rng.random(4000) < 0.7
    east = np.where(first, -8.0, 8.0) + 1.5 * rng.normal(size=4000)
    north = np.where(first, 0.0, 5.0) + 1.5 * rng.normal(size=4000)
    depth = np.where(first, 6.0, 12.0) + rng.normal(size=4000)
    modes = find_modes(marginal, Draws(east, north, depth, np.zeros(4000)))
    assert [mode.share for mode in modes] == pytest.approx([0.7, 0.3], abs=0.005)
    for mode, (e, n, z) in zip(modes, [(-8, 0, 6), (8, 5, 12)], strict=True):
        places = FRAME.to_local(mode.longitude, mode.latitude)
        assert [float(v) for v in places] == pytest.approx([e, n], abs=0.1)
        assert mode.depth_km == pytest.approx(z, abs=0.1)
        assert mode.east_sd_km == pytest.approx(1.5, rel=0.05)
        assert mode.depth_sd_km == pytest.approx(1.0, rel=0.05)


def test_a_ring_is_one_mode_whose_place_lies_on_it(rng):
    marginal = marginal_of(lambda e, n: np.exp(-0.5 * (np.hypot(e, n) - 12.0) ** 2))
    (mode,) = find_modes(marginal, gaussian_draws(500, rng))
    assert mode.share == pytest.approx(1.0)
    away = np.hypot(*FRAME.to_local(mode.longitude, mode.latitude))
    assert away == pytest.approx(12.0, abs=1.0)


def test_specks_are_no_modes(rng):
    marginal = marginal_of(lambda e, n: bump(0, 0, 3.0)(e, n) + 1.2 * bump(15, 15, 0.15)(e, n))
    (mode,) = find_modes(marginal, gaussian_draws(500, rng))
    assert mode.share == pytest.approx(1.0)
