"""Arrivals and components, fitted to records."""

import numpy as np
import pandas as pd
import pytest

from mainshock.shaking.flow.arrivals import fit_arrivals
from mainshock.shaking.flow.components import fit_components
from mainshock.shaking.flow.conditions import condition_columns, fit_scale
from mainshock.shaking.scenarios import Scenarios


@pytest.fixture
def scenarios(rng):
    n = 400
    places = [rng.uniform(-0.2, 0.2, n) + middle for middle in (-122.0, 37.7, -122.0, 37.7)]
    names = [np.array([f"{kind}{one % 40}" for one in range(n)]) for kind in "es"]
    depth_km = rng.uniform(3.0, 12.0, n)
    return Scenarios(rng.uniform(2.0, 4.0, n), depth_km, *places, np.full(n, np.nan), *names)


def test_arrivals_follow_the_table(scenarios):
    distance = scenarios.hypocentral_km()
    table = pd.DataFrame({"tp_s": 0.2 + distance / 5.5, "ts_s": 0.3 + distance / 3.1})
    table.loc[0, "tp_s"] = np.nan
    found = fit_arrivals(scenarios, table)
    assert found.is_fitted
    np.testing.assert_allclose(found.p_s(scenarios), 0.2 + distance / 5.5, atol=1e-6)
    np.testing.assert_allclose(found.s_s(scenarios), 0.3 + distance / 3.1, atol=1e-6)


def test_without_arrivals_speeds_are_those_of_the_upper_crust(scenarios):
    found = fit_arrivals(scenarios, pd.DataFrame(index=range(len(scenarios))))
    assert not found.is_fitted
    np.testing.assert_allclose(found.p_s(scenarios), scenarios.hypocentral_km() / 6.0)
    assert (found.s_s(scenarios) > found.p_s(scenarios)).all()


def test_components_scatter_as_in_the_records(scenarios, rng):
    n, n_bands = len(scenarios), 4
    median = rng.standard_normal((n, n_bands))
    event = 0.5 * rng.standard_normal((n, 1, 1))
    own = 0.4 * rng.standard_normal((n, 3, n_bands))
    ln_fas = median[:, None] + event + own + np.array([0.0, 0.0, -0.6])[:, None]
    found = fit_components(scenarios, ln_fas, median)
    drawn = found.sample(scenarios, ln_fas[:, None, 0], median, rng)[:, 0]
    assert drawn.shape == ln_fas.shape
    for one in range(3):
        given, made = (values[:, one] - median for values in (ln_fas, drawn))
        np.testing.assert_allclose(made.mean(), given.mean(), atol=0.08)
        np.testing.assert_allclose(made.std(axis=0), given.std(axis=0), rtol=0.12)
        np.testing.assert_allclose(np.corrcoef(made.T), np.corrcoef(given.T), atol=0.12)


def test_conditions_are_of_one_scale(scenarios, rng):
    p_s, s_s = scenarios.hypocentral_km() / 6.0, scenarios.hypocentral_km() / 3.5
    columns = condition_columns(scenarios, p_s, s_s, rng.standard_normal((len(p_s), 2, 5)))
    scaled = fit_scale(columns)(columns)
    assert scaled.shape == (len(scenarios), 18)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=0.05)
    assert np.abs(fit_scale(columns)(1e6 * columns)).max() <= 4.0
