"""The fit of a source spectrum: exact data, scattered data, and what it cannot know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.events.magnitude_spectrum import SourcePrior, fit_source_spectrum

FREQUENCY_HZ = np.geomspace(0.5, 40.0, 30)


def spectrum(plateau: float, corner_hz: float, t_star_s: float) -> np.ndarray:
    return (
        plateau * np.exp(-np.pi * FREQUENCY_HZ * t_star_s) / (1 + (FREQUENCY_HZ / corner_hz) ** 2)
    )


def prior_about(plateau: float, corner_hz: float, t_star_s: float) -> SourcePrior:
    return SourcePrior(corner_hz * plateau ** (1.0 / 3.0), t_star_s)


@settings(max_examples=100)
@given(
    st.floats(-10.0, -2.0), st.floats(2.0, 15.0), st.floats(0.01, 0.1), st.floats(0.5, 2.0),
    st.floats(0.5, 2.0),
)  # fmt: skip
def test_exact_spectra_are_recovered_from_a_prior_off_by_two(
    log_plateau, corner_hz, t_star_s, corner_off, t_star_off
):
    plateau = 10.0**log_plateau
    fit = fit_source_spectrum(
        FREQUENCY_HZ,
        spectrum(plateau, corner_hz, t_star_s),
        prior_about(plateau, corner_off * corner_hz, t_star_off * t_star_s),
    )
    # 20 %, 0.06 in Mw: the prior pulls by as much as the trade-off of corner and t* allows
    assert fit.plateau_m_s == pytest.approx(plateau, rel=0.2)
    assert abs(np.log2(fit.corner_frequency_hz / corner_hz)) < 0.9


def test_the_stated_error_of_the_plateau_holds():
    rng = np.random.default_rng(4)
    truth = spectrum(1e-6, 6.0, 0.04)
    errors = []
    for _ in range(100):
        scattered = truth * np.exp(rng.normal(0.0, 0.3, truth.size))
        fit = fit_source_spectrum(FREQUENCY_HZ, scattered, prior_about(1e-6, 6.0, 0.04))
        errors.append(np.log(fit.plateau_m_s / 1e-6) / fit.log_plateau_sd)
    # 100 draws: the standard deviation is known to 7 %; the true prior makes it a little small
    assert 0.6 < np.std(errors) < 1.3
    assert abs(np.mean(errors)) < 0.4


def test_a_corner_above_the_band_is_said_to_be_unknown():
    sharp, beyond = (
        fit_source_spectrum(FREQUENCY_HZ, spectrum(1e-6, c, 0.05), prior_about(1e-6, c, 0.05))
        for c in (4.0, 150.0)
    )
    assert sharp.corner_sd_octaves < 0.4
    assert beyond.corner_sd_octaves > 0.5
    assert beyond.plateau_m_s == pytest.approx(1e-6, rel=0.1)


def test_noise_is_a_misfit():
    rng = np.random.default_rng(8)
    scattered = np.exp(rng.normal(0.0, 2.0, FREQUENCY_HZ.size))
    assert fit_source_spectrum(FREQUENCY_HZ, scattered, prior_about(1, 5, 0.05)).misfit > 1.0
