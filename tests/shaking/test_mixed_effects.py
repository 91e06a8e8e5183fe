"""Variance components: made-up data of known parts, and the plain dense likelihood."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from mainshock.core.errors import DataError
from mainshock.shaking.mixed_effects import fit_mixed_effects, path_names, split_residuals
from mainshock.shaking.scenarios import Scenarios

KNOWN = {"tau": 0.4, "phi_s2s": 0.5, "phi_p2p": 0.35, "phi_ss": 0.45}


def crossed(rng, n_events=150, n_stations=60, share=0.5):
    pairs = np.argwhere(rng.random((n_events, n_stations)) < share)
    return pairs[:, 0], pairs[:, 1]


def scenarios_of(event, station, rng):
    spot = rng.integers(0, 8, event.max() + 1)  # sources in eight small places
    n = event.size
    return Scenarios(
        magnitude=np.full(n, 3.0),
        depth_km=np.full(n, 8.0),
        source_longitude=-122.0 + 0.2 * spot[event],
        source_latitude=np.full(n, 37.73),
        site_longitude=-122.0 + 0.01 * station,
        site_latitude=np.full(n, 37.9),
        vs30_m_s=np.full(n, np.nan),
        event=event.astype(str),
        station=station.astype(str),
    )


def dense_deviance(y, design, labels, sd, residual_sd):
    """Minus twice the restricted log-likelihood from its definition: contrasts free of X."""
    covariance = residual_sd**2 * np.eye(y.size)
    for one, deviation in zip(labels, sd, strict=True):
        covariance += deviation**2 * (one[:, None] == one)
    free = np.linalg.svd(design)[0][:, design.shape[1] :]
    within = free.T @ covariance @ free
    likelihood = multivariate_normal(np.zeros(len(within)), within).logpdf(free.T @ y)
    return -2.0 * (likelihood - 0.5 * np.linalg.slogdet(design.T @ design)[1])


def test_parts_of_known_size_are_found_within_three_standard_errors(rng):
    event, station = crossed(rng)
    scenarios = scenarios_of(event, station, rng)
    _, path = np.unique(path_names(scenarios, 5.0), return_inverse=True)
    y = (
        0.1
        + KNOWN["tau"] * rng.standard_normal(event.max() + 1)[event]
        + KNOWN["phi_s2s"] * rng.standard_normal(station.max() + 1)[station]
        + KNOWN["phi_p2p"] * rng.standard_normal(path.max() + 1)[path]
        + KNOWN["phi_ss"] * rng.standard_normal(event.size)
    )
    found = split_residuals(y, scenarios, path_cell_km=5.0)
    for name, value in KNOWN.items():
        error = getattr(found, f"{name}_error")
        assert 0.0 < error < 0.1
        assert abs(getattr(found, name) - value) < 3.0 * error, name
    assert abs(found.bias - 0.1) < 3.0 * found.bias_error


def test_it_is_the_maximum_of_the_dense_restricted_likelihood(rng):
    event, station = crossed(rng, 14, 9, 0.6)
    n = event.size
    design = np.column_stack([np.ones(n), rng.standard_normal(n)])
    y = (
        design @ [0.3, 1.2]
        + 0.5 * rng.standard_normal(14)[event]
        + 0.4 * rng.standard_normal(9)[station]
        + 0.6 * rng.standard_normal(n)
    )
    fit = fit_mixed_effects(y, {"event": event, "station": station}, design)
    at = np.array([fit.sd["event"], fit.sd["station"], fit.residual_sd])

    def dense(values):
        return dense_deviance(y, design, (event, station), values[:-1], values[-1])

    assert -2.0 * fit.log_likelihood == pytest.approx(dense(at), abs=1e-6)
    for step in np.eye(3):
        assert dense(at + 0.02 * step) > dense(at)
        assert dense(at - 0.02 * step) > dense(at)


def test_coefficients_effects_and_covariance_are_the_textbook_ones(rng):
    event, station = crossed(rng, 12, 8, 0.7)
    n = event.size
    design = np.column_stack([np.ones(n), rng.standard_normal(n)])
    y = rng.standard_normal(12)[event] + rng.standard_normal(8)[station] + rng.standard_normal(n)
    fit = fit_mixed_effects(y, {"event": event, "station": station}, design)
    same_event = fit.sd["event"] ** 2 * (event[:, None] == event)
    same_station = fit.sd["station"] ** 2 * (station[:, None] == station)
    inverse = np.linalg.inv(same_event + same_station + fit.residual_sd**2 * np.eye(n))
    covariance = np.linalg.inv(design.T @ inverse @ design)
    coefficients = covariance @ design.T @ inverse @ y
    weighted = inverse @ (y - design @ coefficients)
    np.testing.assert_allclose(fit.coefficients, coefficients, atol=1e-9)
    np.testing.assert_allclose(fit.covariance, covariance, atol=1e-9)
    np.testing.assert_allclose(fit.effects["event"], same_event @ weighted, atol=1e-9)
    np.testing.assert_allclose(fit.effects["station"], same_station @ weighted, atol=1e-9)
    np.testing.assert_allclose(fit.residual, fit.residual_sd**2 * weighted, atol=1e-9)


def test_without_factors_it_is_least_squares(rng):
    y = 2.0 + rng.standard_normal(50)
    fit = fit_mixed_effects(y, {})
    assert fit.coefficients[0] == pytest.approx(y.mean())
    assert fit.residual_sd == pytest.approx(y.std(ddof=1))
    assert fit.residual_sd_error == pytest.approx(y.std(ddof=1) / np.sqrt(2 * 49), rel=1e-3)


def test_no_effect_of_events_gives_zero_without_an_error_bar(rng):
    event = np.repeat(np.arange(40), 5)
    y = rng.standard_normal(200)
    y -= np.repeat(y.reshape(40, 5).mean(axis=1), 5)  # event means all zero
    fit = fit_mixed_effects(y, {"event": event})
    assert fit.sd["event"] == 0.0
    assert np.isnan(fit.sd_error["event"])
    assert fit.residual_sd_error > 0.0


def test_what_cannot_be_told_apart_is_not_a_number(rng):
    event = np.repeat(np.arange(30), 4)
    scenarios = scenarios_of(event, np.arange(120), rng)  # every record its own station
    found = split_residuals(rng.standard_normal(120), scenarios)
    assert np.isnan(found.phi_s2s)
    assert np.isnan(found.phi_p2p)
    assert found.phi_ss > 0.0
    assert found.tau >= 0.0


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        ([1.0, np.nan, 2.0, 3.0], [0, 0, 1, 1], "not finite"),
        ([1.0, 2.0, 3.0, 4.0], [0, 1, 2, 3], "as many levels as rows"),
        ([1.0, 2.0, 3.0], [0, 0, 1, 1], "give one row each"),
        ([1.0], [0], "cannot be told from 1 rows"),
    ],
)
def test_what_cannot_be_fitted_is_refused(values, labels, message):
    with pytest.raises(DataError, match=message):
        fit_mixed_effects(values, {"event": np.array(labels)})
