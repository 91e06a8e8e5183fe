"""What every registered forecast model must do; a new one is tested without being named here."""

import itertools
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import ModelError
from mainshock.forecast.base import (
    FitSettings,
    ModelKind,
    RateModel,
    as_history,
    targets_of,
)
from mainshock.forecast.count_calibration import consistency
from mainshock.forecast.model_folder import info_document, open_model, save_model
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)
START, END, LAST = 300.0, 1400.0, 1800.0
SETTINGS = FitSettings(START, END, 3.0, BOX, history_start_days=10.0, seed=3)
QUIET = 1600.0  # no mainshock near
QUICKER = {  # options of kinds whose usual fit takes long; others are fitted as they are
    "boosted": {"max_trees": 5, "cell_deg": 1.0},
    "ensemble": {"members": "poisson-adaptive,etas-homogeneous"},
    "residual": {"networks": 1, "hidden": 8, "most_steps": 200, "bound": 0.3},
}


@cache
def catalogue() -> Catalogue:
    """Scattered events, and aftershocks around mainshocks every 170 days; some lie outside."""
    rng = np.random.default_rng(8)
    n = 380
    parts = [
        np.column_stack(
            [
                rng.uniform(0, LAST, n),
                3.0 + rng.exponential(0.43, n).clip(0, 2.4),
                rng.uniform(-118.3, -115.9, n),
                rng.normal(34.0, 0.45, n),
            ]
        )
    ]
    for number, time in enumerate(np.arange(60.0, LAST, 170.0)):
        m = 25 + 6 * (number % 4)
        place = rng.uniform([-117.8, 33.2], [-116.2, 34.8])
        delay = 0.03 * np.expm1(rng.random(m) * np.log(60.0 / 0.03))
        parts.append([[time, 5.6 + 0.2 * (number % 4), *place]])
        parts.append(
            np.column_stack(
                [
                    time + delay,
                    3.0 + rng.exponential(0.43, m).clip(0, 2.0),
                    rng.normal(place[0], 0.04, m),
                    rng.normal(place[1], 0.04, m),
                ]
            )
        )
    time, magnitude, longitude, latitude = np.concatenate(parts).T
    return Catalogue(time, magnitude.round(2), longitude=longitude, latitude=latitude)


def settings_of(name: str) -> FitSettings:
    """What a kind is fitted with."""
    return replace(SETTINGS, options=QUICKER.get(name, {}))


@dataclass(frozen=True)
class Case:
    """A registered model, fitted once."""

    name: str
    kind: ModelKind
    model: RateModel
    history: Catalogue

    def later(self) -> Catalogue:
        """Targets after the fit."""
        return targets_of(catalogue(), replace(SETTINGS, start_days=END, end_days=LAST))


@pytest.fixture(scope="module", params=RATE_MODELS.names())
def case(request: pytest.FixtureRequest) -> Case:
    kind = RATE_MODELS.load(request.param)
    model = kind.fit(catalogue(), settings_of(request.param))
    return Case(request.param, kind, model, as_history(catalogue(), SETTINGS, LAST))


def test_the_kind_and_its_models_keep_the_contract(case: Case) -> None:
    assert isinstance(case.kind, ModelKind)
    assert isinstance(case.model, RateModel)


def test_info_tells_all_and_fits_into_json(case: Case) -> None:
    info = case.model.info
    assert info.kind == case.name
    assert info.n_events == len(targets_of(catalogue(), SETTINGS))
    assert (info.mc, info.region) == (3.0, BOX)
    assert info.beta == pytest.approx(2.3, abs=0.5)
    assert info.m_max > catalogue().magnitude.max()
    assert np.isfinite(info.log_likelihood)
    assert info.parameters
    assert set(info.standard_errors) <= set(info.parameters)
    assert not any(error <= 0 for error in info.standard_errors.values())
    assert info.seconds > 0
    assert info.cpu_s > 0
    assert not info.is_synthetic
    json.dumps(info_document(info), allow_nan=False)


def test_a_saved_model_comes_back_the_same(case: Case, tmp_path: Path) -> None:
    save_model(tmp_path, case.model, as_history(catalogue(), SETTINGS, END))
    back = open_model(tmp_path)
    later = case.later()
    assert back.info.kind == case.name
    assert back.info.settings.region == BOX
    expected = case.model.log_intensity(later, case.history)
    assert np.array_equal(back.log_intensity(later, case.history), expected)
    assert back.integral(case.history, END, LAST) == case.model.integral(case.history, END, LAST)


def test_the_fit_does_not_see_what_comes_after_it(case: Case) -> None:
    early = catalogue().between(-np.inf, END)
    big = Catalogue(
        np.linspace(END, END + 50.0, 40),
        np.full(40, 6.5),
        longitude=np.full(40, -117.0),
        latitude=np.full(40, 34.0),
    )
    other = case.kind.fit(Catalogue.joined([early, big]), settings_of(case.name))
    later = case.later()
    assert np.array_equal(
        other.log_intensity(later, case.history), case.model.log_intensity(later, case.history)
    )
    assert other.info.log_likelihood == case.model.info.log_likelihood


def test_an_intensity_knows_only_what_came_before(case: Case) -> None:
    later = case.later()
    middle = len(later) // 2
    now = float(later.time_days[middle])
    until = later.take(np.arange(middle + 1))
    known = case.history.between(-np.inf, now)
    future = case.history.between(now, np.inf)
    bigger = replace(future, magnitude=np.full(len(future), 7.5))
    found = [
        case.model.log_intensity(until, Catalogue.joined([known, one])) for one in (future, bigger)
    ]
    assert np.array_equal(*found)
    assert np.allclose(found[0], case.model.log_intensity(until, known), atol=1e-9)


def test_intensities_are_numbers_for_each_target(case: Case) -> None:
    later = case.later()
    found = case.model.log_intensity(later, case.history)
    assert found.shape == (len(later),)
    assert np.isfinite(found).all()
    nobody = later.take(np.zeros(0, dtype=int))
    assert case.model.log_intensity(nobody, case.history).shape == (0,)


def test_integrals_of_windows_add_up(case: Case) -> None:
    edges = [END, END + 0.5, END + 40.0, END + 41.0, LAST]
    parts = [case.model.integral(case.history, a, b) for a, b in itertools.pairwise(edges)]
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(case.model.integral(case.history, END, LAST), rel=1e-4)


def test_the_integral_ignores_what_comes_after_its_window(case: Case) -> None:
    known = case.history.between(-np.inf, END + 30.0)
    found = [case.model.integral(one, END, END + 30.0) for one in (known, case.history)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_an_even_grid_of_intensities_adds_up_to_the_rate(case: Case) -> None:
    if not case.model.is_spatial:
        pytest.skip("it knows no places")
    step = 0.015
    lon, lat = np.meshgrid(
        np.arange(-118.0, -116.0, step) + step / 2, np.arange(33.0, 35.0, step) + step / 2
    )
    area = np.radians(step) ** 2 * np.cos(np.radians(lat.ravel()))
    area *= BOX.area_km2 / area.sum()
    n = lon.size
    known = case.history.between(-np.inf, QUIET)
    grid = Catalogue(
        np.full(n, QUIET), np.full(n, 3.0), longitude=lon.ravel(), latitude=lat.ravel()
    )
    rate = float(np.exp(case.model.log_intensity(grid, known)) @ area)
    length = 1e-3
    assert rate == pytest.approx(
        case.model.integral(known, QUIET, QUIET + length) / length, rel=0.05
    )


def test_simulations_number_what_the_integral_expects(case: Case) -> None:
    known = case.history.between(-np.inf, QUIET)
    n = 3000
    counts = case.model.simulate(known, QUIET, 1.0, n, seed=5).counts()
    assert counts.shape == (n,)
    expected = case.model.integral(known, QUIET, QUIET + 1.0)
    error = 4 * counts.std() / np.sqrt(n)
    # the integral does not know of the aftershocks of what is simulated
    assert 0.9 * expected - error < counts.mean() < 1.6 * expected + error


def test_simulations_keep_to_window_region_and_magnitudes(case: Case) -> None:
    known = case.history.between(-np.inf, QUIET)
    found = case.model.simulate(known, QUIET, 7.0, 300, seed=1)
    assert (found.start_days, found.end_days, found.n_catalogues) == (QUIET, QUIET + 7.0, 300)
    assert found.time_days.min() >= 0.0
    assert found.time_days.max() <= 7.0
    assert found.magnitude.min() >= 3.0
    assert found.magnitude.max() <= np.float32(case.model.info.m_max)
    same = np.diff(found.catalogue) == 0
    assert (np.diff(found.time_days)[same] >= 0).all()
    assert (found.longitude is not None) == case.model.is_spatial
    if found.longitude is not None and found.latitude is not None:
        assert BOX.contains(found.longitude, found.latitude).mean() > 0.999  # float32 at the edge
    assert found.seed == 1
    assert found.model.startswith(case.name)


def test_a_seed_gives_the_same_simulation_again(case: Case) -> None:
    known = case.history.between(-np.inf, QUIET)
    first, again, other = (case.model.simulate(known, QUIET, 5.0, 200, seed) for seed in (7, 7, 8))
    assert np.array_equal(first.time_days, again.time_days)
    assert np.array_equal(first.magnitude, again.magnitude)
    assert len(first) != len(other) or not np.array_equal(first.time_days, other.time_days)


def test_a_simulation_does_not_know_its_own_window(case: Case) -> None:
    known = case.history.between(-np.inf, QUIET)
    found = [case.model.simulate(one, QUIET, 3.0, 100, 2) for one in (known, case.history)]
    assert np.array_equal(found[0].time_days, found[1].time_days)


@pytest.mark.parametrize("start", [QUIET, 1590.5])
def test_simulations_are_of_the_process_that_is_scored(case: Case, start: float) -> None:
    apart, error = consistency(case.model, case.history, start, 10.0, 60, seed=4)
    known = case.history.between(-np.inf, start)
    expected = case.model.simulate(known, start, 10.0, 2000, 4).counts().mean()
    assert abs(apart) < 4 * error + 0.05 * expected


def test_a_cut_file_is_an_error_with_a_remedy(case: Case, tmp_path: Path) -> None:
    save_model(tmp_path, case.model, as_history(catalogue(), SETTINGS, END))
    files = sorted(tmp_path.rglob("*.npz"))
    if not files:
        pytest.skip("it writes no arrays")
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ModelError):
        open_model(tmp_path)
