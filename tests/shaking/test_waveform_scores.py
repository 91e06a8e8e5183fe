"""Scores of waveforms: known answers, and orders that a right score must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.shaking.records import Accelerogram
from mainshock.shaking.waveform_scores import (
    ANDERSON_CRITERIA,
    FURTHER_MEASURES,
    anderson_scores,
    discriminative_score,
    fit_pairs,
    frechet_distance,
    log_spectrum,
    measure_further,
    olsen_mayhew,
    onset_s,
    score_samples,
    texture,
    tsne_coordinates,
)


def record(rng, *, rate_hz=50.0, n=1000, start_s=-2.0, onset=300):
    samples = rng.standard_normal((3, n))
    samples[:, :onset] *= 1e-4
    samples[:, onset:] *= np.exp(-np.arange(n - onset) / (4.0 * rate_hz))
    return Accelerogram(samples.astype(np.float32), rate_hz, start_s)


def scaled(one, factor):
    samples = one.acceleration * np.float32(factor)
    return Accelerogram(samples, one.sampling_rate_hz, one.start_rel_origin_s)


def test_further_measures_follow_the_amplitude(rng):
    one = record(rng)
    small, large = measure_further(one), measure_further(scaled(one, 2.0))
    change = dict(zip(FURTHER_MEASURES, large - small, strict=True))
    assert change["ln_eas_5hz"] == pytest.approx(np.log(2.0), abs=1e-6)
    assert change["ln_psa_rotd100_0.3s"] == pytest.approx(np.log(2.0), abs=1e-6)
    assert change["ln_arias"] == pytest.approx(np.log(4.0), abs=1e-6)
    assert change["ln_cav"] == pytest.approx(np.log(2.0), abs=1e-6)
    assert change["ln_d5_75"] == change["onset_s"] == 0.0


def test_what_a_record_cannot_carry_is_not_a_number(rng):
    slow = dict(zip(FURTHER_MEASURES, measure_further(record(rng, rate_hz=25.0)), strict=True))
    assert np.isnan(slow["ln_eas_15hz"])
    assert np.isnan(slow["ln_psa_rotd100_0.1s"])
    assert np.isfinite(slow["ln_eas_5hz"])
    nothing = Accelerogram(np.zeros((3, 100), dtype=np.float32), 50.0, 0.0)
    assert np.isnan(measure_further(nothing)).all()


def test_the_onset_lies_just_behind_the_first_energy(rng):
    assert 4.0 < onset_s(record(rng)) < 4.4  # samples from number 300 on: 4 s after origin
    assert np.isnan(onset_s(record(rng, start_s=np.nan)))


def test_samples_from_the_right_distribution_are_calibrated(rng):
    event = np.repeat(np.arange(400), 5)
    mean = rng.standard_normal(event.size)
    sampled = mean[:, None] + 0.5 * rng.standard_normal((event.size, 4))
    observed = mean + 0.5 * rng.standard_normal(event.size)
    found = score_samples(observed, sampled, event)
    assert found["bias"] == pytest.approx(0.0, abs=0.04)
    assert found["bias95"][0] < found["bias"] < found["bias95"][1]
    assert found["residual_sd"] == pytest.approx(0.5, abs=0.03)
    assert found["sampled_over_residual"] == pytest.approx(1.0, abs=0.06)
    shifted = score_samples(observed + 0.3, mean[:, None] + 0.2 * (sampled - mean[:, None]), event)
    assert shifted["bias"] == pytest.approx(0.3, abs=0.04)
    assert shifted["sampled_over_residual"] == pytest.approx(0.2, abs=0.03)


def test_too_few_rows_give_no_score():
    found = score_samples(np.full(5, np.nan), np.zeros((5, 2)), np.arange(5))
    assert found["n"] == 0
    assert np.isnan(found["bias"])


def test_anderson_gives_full_marks_to_itself_and_the_formula_to_a_factor(rng):
    one = record(rng)
    np.testing.assert_allclose(anderson_scores(one, one), 10.0, atol=1e-9)
    found = dict(zip(ANDERSON_CRITERIA, anderson_scores(one, scaled(one, 1.5)), strict=True))
    assert found["peak_acceleration"] == pytest.approx(10.0 * np.exp(-(0.5**2)), rel=1e-4)
    assert found["fourier_spectrum"] == pytest.approx(10.0 * np.exp(-(0.5**2)), rel=1e-4)
    assert found["response_spectrum"] == pytest.approx(10.0 * np.exp(-(0.5**2)), rel=1e-4)
    assert found["arias_intensity"] == pytest.approx(10.0 * np.exp(-(1.25**2)), rel=1e-4)
    assert found["arias_duration"] == pytest.approx(10.0)
    assert found["cross_correlation"] == pytest.approx(10.0)


def test_anderson_uses_the_common_time_and_its_durations_see_a_delay(rng):
    one, other = record(rng), record(np.random.default_rng(3))
    late = record(np.random.default_rng(3), onset=500)
    names = list(ANDERSON_CRITERIA)
    near, far = anderson_scores(one, other), anderson_scores(one, late)
    assert near[names.index("arias_duration")] > 8.0 > far[names.index("arias_duration")]
    assert near[names.index("cross_correlation")] < 2.0
    cut = Accelerogram(one.acceleration[:, 100:], 50.0, 0.0)
    np.testing.assert_allclose(anderson_scores(one, cut)[-1], 10.0, atol=0.01)
    unknown = Accelerogram(one.acceleration, 50.0, np.nan)
    assert anderson_scores(one, unknown).mean() > 9.0
    with pytest.raises(DataError, match="share"):
        anderson_scores(one, record(rng, start_s=500.0))


@given(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_olsen_mayhew_is_symmetric_and_the_formula(first, second):
    x, y = np.exp(first), np.exp(second)
    from math import erfc

    found = float(olsen_mayhew(np.array(first), np.array(second)))
    assert found == pytest.approx(100.0 * erfc(2.0 * abs(x - y) / (x + y)), abs=1e-9)
    assert found == float(olsen_mayhew(np.array(second), np.array(first)))


def test_fit_of_pairs_is_the_mean_over_kinds(rng):
    names = ["ln_pga", "ln_fas_2hz", "ln_fas_5hz", "onset_s"]
    values = rng.standard_normal((6, 4))
    assert fit_pairs(values, values, names)["mean"] == 100.0
    off = values.copy()
    off[:, 0] += 10.0
    found = fit_pairs(values, off, names)
    assert found["fas"] == 100.0
    assert found["pga"] < 1.0
    assert found["mean"] == pytest.approx(0.5 * (100.0 + found["pga"]))


def test_frechet_distance_of_normal_clouds_is_the_closed_form(rng):
    first = rng.standard_normal((200000, 2)) * [1.0, 2.0]
    second = rng.standard_normal((200000, 2)) * [1.5, 1.0] + [0.5, 0.0]
    assert frechet_distance(first, second) == pytest.approx(0.25 + 0.25 + 1.0, abs=0.03)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(DataError, match="3 or more"):
        frechet_distance(first[:2], second)


def test_a_generator_with_wrong_phases_is_told_from_records_and_a_right_one_is_not(rng):
    event = np.repeat(np.arange(20), 4)
    real = np.stack([texture(record(rng), 0.0, 16.0) for _ in event])
    right = np.stack([texture(record(rng), 0.0, 16.0) for _ in event])

    def clipped(one):
        limit = 0.4 * np.abs(one.acceleration).max()
        return Accelerogram(np.clip(one.acceleration, -limit, limit), 50.0, -2.0)

    wrong = np.stack([texture(clipped(record(rng)), 0.0, 16.0) for _ in event])
    assert discriminative_score(real, right, event, repeats=1)["score"] < 0.15
    assert discriminative_score(real, wrong, event, repeats=1)["score"] > 0.3
    with pytest.raises(DataError, match="5 or more"):
        discriminative_score(real, right, np.zeros(event.size))


def test_tsne_is_seeded_and_has_a_place_for_each(rng):
    real = rng.standard_normal((20, 6))
    made = real + 5.0
    found = tsne_coordinates(real, made, 3)
    assert found.shape == (40, 2)
    assert np.array_equal(found, tsne_coordinates(real, made, 3))


def test_log_spectrum_of_one_sample_is_flat():
    samples = np.zeros((3, 1000), dtype=np.float32)
    samples[:, 10] = 5.0
    np.testing.assert_allclose(log_spectrum(Accelerogram(samples, 50.0, 0.0)), np.log(0.1))
