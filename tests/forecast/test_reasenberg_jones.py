import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.poisson import HOMOGENEOUS
from mainshock.forecast.reasenberg_jones import REASENBERG_JONES, are_mainshocks
from mainshock.sources.seismicity.catalogue import Catalogue

MU, A, C, P = 0.2, -2.2, 0.02, 1.2
B = 1.0


def made_up(rng: np.random.Generator, days: float = 6000.0) -> Catalogue:
    """Background, and aftershocks of a mainshock every 300 days."""
    main = np.arange(50.0, days, 300.0)
    size = rng.uniform(5.5, 7.0, len(main))
    times, w = [rng.uniform(0, days, rng.poisson(MU * days))], P - 1.0
    for time, magnitude in zip(main, size, strict=True):
        low, high = C**-w, (days - time + C) ** -w
        n = rng.poisson(10.0 ** (A + B * (magnitude - 3.0)) * (low - high) / w)
        times.append(time + (low - rng.random(n) * (low - high)) ** (-1.0 / w) - C)
    small = np.concatenate(times)
    magnitudes = 3.0 + np.minimum(rng.exponential(1 / np.log(10), len(small)), 1.9)
    return Catalogue(np.append(small, main), np.append(magnitudes, size))


def test_known_parameters_are_found(rng: np.random.Generator) -> None:
    model = REASENBERG_JONES.fit(made_up(rng), FitSettings(0.0, 6000.0, 3.0))
    found, errors = model.info.parameters, model.info.standard_errors
    # b comes from the magnitudes, which are cut here; a follows it
    for name, value in (("mu", MU), ("c", C), ("p", P)):
        assert abs(found[name] - value) < 3.5 * errors[name], name
    shift = (found["b"] - B) * 3.25  # at the mean mainshock
    assert abs(found["a"] + shift - A) < 0.15
    assert model.info.warnings == ()


def test_it_betters_a_constant_rate_on_later_events(rng: np.random.Generator) -> None:
    catalogue = made_up(rng)
    settings = FitSettings(0.0, 4000.0, 3.0)
    later = catalogue.between(4000.0, 6000.0)
    scores = [
        (model.log_intensity(later, catalogue).sum() - model.integral(catalogue, 4000.0, 6000.0))
        for model in (kind.fit(catalogue, settings) for kind in (REASENBERG_JONES, HOMOGENEOUS))
    ]
    assert scores[0] > scores[1] + 0.5 * len(later)


def test_aftershocks_are_no_mainshocks_but_foreshocks_stay() -> None:
    time = np.array([0.0, 5.0, 6.0, 400.0, 401.0])
    magnitude = np.array([5.2, 6.5, 6.0, 5.5, 4.0])
    told = are_mainshocks(Catalogue(time, magnitude), 5.0)
    assert told.tolist() == [True, True, False, True, False]


def test_with_places_only_near_events_hide_a_mainshock() -> None:
    time, magnitude = np.array([0.0, 5.0, 6.0]), np.array([6.5, 6.0, 6.0])
    placed = Catalogue(time, magnitude, longitude=np.array([0.0, 0.2, 5.0]), latitude=np.zeros(3))
    assert are_mainshocks(placed, 5.0).tolist() == [True, False, True]


def test_what_comes_later_makes_no_event_a_mainshock(rng: np.random.Generator) -> None:
    catalogue = made_up(rng)
    whole = are_mainshocks(catalogue, 5.0)
    half = are_mainshocks(catalogue.between(-np.inf, 3000.0), 5.0)
    assert np.array_equal(whole[: len(half)], half)


def test_without_a_mainshock_generic_parameters_stand(rng: np.random.Generator) -> None:
    quiet = Catalogue(rng.uniform(0, 1000, 200), 3.0 + rng.exponential(0.3, 200).clip(0, 1.5))
    model = REASENBERG_JONES.fit(quiet, FitSettings(0.0, 1000.0, 3.0))
    assert model.info.parameters["p"] == 0.98
    assert model.info.parameters["mu"] == pytest.approx(0.2, rel=1e-4)
    assert "generic parameters of ANSR-SHALCON" in model.info.warnings[0]
    assert np.isnan(model.info.standard_errors["a"])


def test_a_regime_may_be_asked_for(rng: np.random.Generator) -> None:
    settings = FitSettings(0.0, 6000.0, 3.0, options={"regime": "sz-generic"})
    found = REASENBERG_JONES.fit(made_up(rng), settings).info.parameters
    assert (found["a"], found["p"], found["b"]) == pytest.approx((-2.47, 0.88, 1.0))
    with pytest.raises(SettingsError, match="regime"):
        REASENBERG_JONES.fit(made_up(rng), FitSettings(0, 6000, 3.0, options={"regime": "moon"}))


def test_simulated_aftershocks_have_none_of_their_own(rng: np.random.Generator) -> None:
    catalogue = made_up(rng)
    model = REASENBERG_JONES.fit(catalogue, FitSettings(0.0, 6000.0, 3.0))
    past = catalogue.between(-np.inf, 3050.5)
    found = model.simulate(past, 3050.5, 10.0, 3000, seed=4)
    mean = model.integral(past, 3050.5, 3060.5)
    assert found.counts().mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 3000))
    assert found.counts().var() == pytest.approx(mean, rel=0.15)


def test_mainshocks_below_completeness_are_refused(rng: np.random.Generator) -> None:
    settings = FitSettings(0.0, 6000.0, 3.0, options={"mainshock_magnitude": 2.0})
    with pytest.raises(DataError, match="lie below mc"):
        REASENBERG_JONES.fit(made_up(rng), settings)
