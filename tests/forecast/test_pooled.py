"""Mixtures of models."""

from dataclasses import replace

import numpy as np
import pytest

from mainshock.core.errors import SettingsError
from mainshock.forecast.base import FitSettings, as_history, targets_of
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.pooled import POOLED, mixture_weights
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)
SETTINGS = FitSettings(0.0, 800.0, 3.0, BOX, options={"members": "poisson,poisson-adaptive"})


def clustered(seed: int = 1) -> Catalogue:
    """Events around three places, evenly in time."""
    rng = np.random.default_rng(seed)
    n = 600
    at = rng.integers(0, 3, n)
    lon = np.array([-117.5, -117.0, -116.4])[at] + rng.normal(0, 0.05, n)
    lat = np.array([33.4, 34.0, 34.6])[at] + rng.normal(0, 0.05, n)
    magnitude = (3.0 + rng.exponential(0.43, n)).round(2)
    return Catalogue(rng.uniform(0, 1000, n), magnitude, longitude=lon, latitude=lat)


def test_weights_are_the_most_likely_ones():
    rng = np.random.default_rng(3)
    told = rng.normal(0.0, 0.7, (400, 3))
    told[:, 2] -= 2.0
    integral = np.array([390.0, 430.0, 400.0])
    found = mixture_weights(told, integral)

    def value(weights):
        return np.log(np.exp(told) @ weights).sum() - weights @ integral

    assert found.sum() == pytest.approx(1.0)
    for _ in range(200):
        other = rng.dirichlet([1, 1, 1])
        assert value(found) >= value(other) - 1e-3
    assert found[2] < 0.05


def test_a_member_that_tells_more_weighs_more():
    model = POOLED.fit(clustered(), SETTINGS)
    assert model.info.parameters["weight_poisson-adaptive"] > 0.9
    assert model.weights.sum() == pytest.approx(1.0)


def test_the_mixture_is_the_weighed_sum_of_its_members():
    catalogue = clustered()
    model = POOLED.fit(catalogue, SETTINGS)
    mixed = replace(
        model,
        info=replace(
            model.info, parameters={"weight_poisson": 0.3, "weight_poisson-adaptive": 0.7}
        ),
    )
    later = targets_of(catalogue, replace(SETTINGS, start_days=800.0, end_days=1000.0))
    history = as_history(catalogue, SETTINGS, 1000.0)
    parts = [np.exp(one.log_intensity(later, history)) for one in mixed.members]
    expected = 0.3 * parts[0] + 0.7 * parts[1]
    assert np.exp(mixed.log_intensity(later, history)) == pytest.approx(expected)
    totals = [one.integral(history, 800.0, 900.0) for one in mixed.members]
    assert mixed.integral(history, 800.0, 900.0) == pytest.approx(0.3 * totals[0] + 0.7 * totals[1])
    drawn = mixed.simulate(history, 800.0, 10.0, 4000, 5)
    assert drawn.counts().mean() == pytest.approx(mixed.integral(history, 800.0, 810.0), rel=0.05)
    assert (np.diff(drawn.catalogue) >= 0).all()


def test_events_of_the_later_part_weigh_but_do_not_leak_from_after_the_window():
    catalogue = clustered()
    edited = Catalogue.joined([catalogue.between(0.0, 800.0), clustered(9).between(800.0, 1000.0)])
    assert POOLED.fit(catalogue, SETTINGS).info.parameters == (
        POOLED.fit(edited, SETTINGS).info.parameters
    )


def test_a_folder_holds_the_members(tmp_path):
    catalogue = clustered()
    model = POOLED.fit(catalogue, SETTINGS)
    save_model(tmp_path, model, as_history(catalogue, SETTINGS, 800.0))
    again = open_model(tmp_path)
    assert [one.info.kind for one in again.members] == ["poisson", "poisson-adaptive"]
    later = targets_of(catalogue, replace(SETTINGS, start_days=800.0, end_days=1000.0))
    assert np.array_equal(
        again.log_intensity(later, catalogue), model.log_intensity(later, catalogue)
    )


@pytest.mark.parametrize(
    "options",
    [
        {"members": "poisson,poisson"},
        {"members": "ensemble,poisson"},
        {"learning_share": 1.0},
        {"weights": 1.0},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(SettingsError):
        POOLED.fit(clustered(), replace(SETTINGS, options=options))
