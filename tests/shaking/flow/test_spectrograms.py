"""Spectrograms on the axis of arrivals."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking.flow.latent import fit_latent
from mainshock.shaking.flow.spectrograms import (
    NODES,
    FrameLayout,
    ln_shapes,
    on_arrival_axis,
    on_frame_axis,
)

LAYOUT = FrameLayout(50.0, 1600, -2.0)


def test_the_window_follows_the_rate():
    windows = [FrameLayout(rate, 4000, 0.0).window for rate in (31.25, 50.0, 100.0, 200.0)]
    assert windows == [16, 32, 64, 128]


def test_spectra_give_back_the_samples(rng):
    samples = rng.standard_normal((2, 3, 1600)).astype(np.float32)
    back = LAYOUT.samples(LAYOUT.spectra(samples))
    np.testing.assert_allclose(back, samples, atol=1e-5)


def test_shapes_do_not_know_amplitudes(rng):
    records = rng.standard_normal((2, 3, 1600)).astype(np.float32)
    p_s, s_s = np.array([3.0, 8.0]), np.array([5.0, 14.0])
    shapes = ln_shapes(records, p_s, s_s, LAYOUT)
    assert shapes.shape == (2, 3, LAYOUT.frequencies_hz().size, NODES)
    gained = ln_shapes(np.float32(1e-6) * records, p_s, s_s, LAYOUT)
    np.testing.assert_allclose(gained, shapes, atol=1e-3)


def test_like_records_at_other_distances_have_like_shapes():
    frames = LAYOUT.frame_times_s()
    p_s, s_s = np.array([2.0, 6.0]), np.array([4.0, 10.0])
    since_p = (frames - p_s[:, None]) / (s_s - p_s)[:, None]
    power = np.exp(-((since_p - 0.5) ** 2) / 0.05)[:, None]
    on_axis = on_arrival_axis(power, p_s, s_s, LAYOUT)
    between = on_axis[:, 0, 4:12]
    np.testing.assert_allclose(between[0], between[1], atol=0.12)


def test_smooth_values_come_back_from_the_axis():
    p_s, s_s = np.array([3.0]), np.array([6.0])
    frames = LAYOUT.frame_times_s()
    power = np.exp(-0.1 * frames)[None, None]
    on_axis = on_arrival_axis(power, p_s, s_s, LAYOUT)
    back = np.exp(on_frame_axis(np.log(on_axis), p_s, s_s, LAYOUT))
    inside = (frames > 1.6) & (frames < 24.0)
    np.testing.assert_allclose(back[..., inside], power[..., inside], rtol=0.05)


def test_a_code_of_all_components_loses_nothing(rng):
    values = rng.standard_normal((30, 2, 5))
    code = fit_latent(values, 10, seed=0)
    np.testing.assert_allclose(code.decode(code.encode(values)), values, atol=1e-5)
    np.testing.assert_allclose(code.encode(values).std(axis=0), 1.0, atol=1e-4)


def test_too_few_records_make_no_code(rng):
    with pytest.raises(DataError, match="more records"):
        fit_latent(rng.standard_normal((8, 2, 5)), 8, seed=0)
