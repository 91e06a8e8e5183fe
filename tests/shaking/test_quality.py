"""Bad records are found, good ones kept, and every one left out has its reason."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import SettingsError
from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.preparation import (
    PreparationSettings,
    WindowStart,
    differentiated,
    prepare_records,
    resampled,
)
from mainshock.shaking.quality import (
    QualityLimits,
    has_spike,
    is_clipped,
    record_problems,
    signal_to_noise,
)
from mainshock.shaking.records import Accelerogram
from mainshock.signal.intensity import integrated

sys.path.insert(0, str(Path(__file__).parent))
from made_records import RATE_HZ, labelled, samples

LIMITS = QualityLimits()


def problems(given: np.ndarray, p_s: float = 8.0, gap_share: float = 0.0) -> str:
    record = Accelerogram(given.astype(np.float32), RATE_HZ, 0.0)
    return "; ".join(record_problems(record, LIMITS, p_s=p_s, gap_share=gap_share)[0])


def test_a_good_record_has_no_problem_and_a_wide_band():
    found, band = record_problems(labelled().record, LIMITS, p_s=8.0)
    assert found == []
    assert band.low_hz < 0.5
    assert band.high_hz > 25.0


def test_a_noisy_record_tells_its_band():
    assert "ratio nowhere above 3" in problems(samples(noise=0.05))


def test_the_band_follows_the_noise():
    """Noise added below 2 Hz takes the band from there up."""
    rng = np.random.default_rng(3)
    slow = np.cumsum(rng.normal(size=(3, 4000)), axis=1) * 2e-3
    band = signal_to_noise(Accelerogram(samples() + slow, RATE_HZ, 0.0), 8.0, LIMITS)
    assert 0.5 < band.low_hz < 10.0
    assert band.high_hz > 20.0
    assert "ratio above 3 only from" in problems(samples() + slow)


def test_too_little_noise_is_no_reason_unless_asked():
    record = Accelerogram(samples(p_s=0.5), RATE_HZ, 0.0)
    assert record_problems(record, LIMITS, p_s=0.5)[0] == []
    strict = QualityLimits(needs_noise=True)
    assert "noise before P" in record_problems(record, strict, p_s=0.5)[0][0]


def test_clipping_spikes_gaps_flats_and_short_records_are_named():
    good = samples()
    clipped = np.clip(good, -0.03, 0.03)
    clipped[0, 900:910] = 0.03
    assert "clipped" in problems(clipped)
    spiky = good.copy()
    spiky[1, 2000] += 5.0
    assert "spike" in problems(spiky)
    flat = good.copy()
    flat[2, 850:1000] = 0.0
    assert "1.5 s of equal samples" in problems(flat)
    dead = good.copy()
    dead[0] = 7.0
    assert "component E has no signal" in problems(dead)
    assert "below 10 s" in problems(good[:, :900])
    assert "gaps are 20%" in problems(good, gap_share=0.2)
    good[0, 3] = np.inf
    assert problems(good) == "samples are not finite"


def test_an_onset_is_no_spike_and_a_peak_no_clipping():
    onset = samples(noise=0.0)[0]
    assert not has_spike(onset)
    assert not is_clipped(onset)
    sine = np.sin(np.arange(4000) * 0.01)
    assert not is_clipped(sine)
    assert is_clipped(np.clip(sine, -0.9, 0.9))


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(SettingsError, match="must rise"):
        QualityLimits(band_hz=(5.0, 2.0))


def test_prepared_records_are_alike_and_left_out_ones_named():
    bad = labelled(2, gap_frac=0.5)
    settings = PreparationSettings(
        sampling_rate_hz=50.0, high_pass_hz=0.2, about=WindowStart.origin, length_s=30.0
    )
    skipped = []
    made = list(prepare_records([labelled(0), bad, labelled(1)], settings, skipped))
    assert [one.name for one in made] == ["record 0", "record 1"]
    assert [one.name for one in skipped] == ["record 2"]
    assert "gaps are 50%" in skipped[0].reason
    for one in made:
        assert one.record.acceleration.shape == (3, 1500)
        assert one.record.start_rel_origin_s == pytest.approx(-2.0)
        assert one.row["p_pick_s"] == pytest.approx(5.0)  # 8 s less 3 s cut off
        assert one.row["hp_hz"] == 0.2
        assert one.row["snr_high_hz"] > 20.0


@pytest.mark.parametrize(("about", "start_s"), [(WindowStart.p, 6.0), (WindowStart.s, 8.0)])
def test_a_window_about_an_arrival_begins_before_it(about, start_s):
    settings = PreparationSettings(about=about, length_s=20.0, limits=None)
    (made,) = prepare_records([labelled()], settings, [])
    first = round(start_s * RATE_HZ)
    expected = labelled().record.acceleration
    expected = expected - expected.mean(axis=1, keepdims=True)
    cut = expected[:, first : first + 2000]
    np.testing.assert_allclose(made.record.acceleration, cut, atol=1e-6)


def test_a_window_without_time_or_samples_is_named():
    lost = labelled(0)
    lost = LabelledRecord(
        "lost", Accelerogram(lost.record.acceleration, RATE_HZ, float("nan")), lost.row
    )
    skipped = []
    settings = PreparationSettings(about=WindowStart.origin, limits=None)
    assert not list(prepare_records([lost], settings, skipped))
    assert "no time of origin" in skipped[0].reason
    long = PreparationSettings(about=WindowStart.p, length_s=60.0, limits=None)
    assert not list(prepare_records([labelled()], long, skipped))
    assert "covers 34.0 s" in skipped[1].reason


def test_arrivals_without_picks_follow_from_the_distance():
    without = labelled(0, p_pick_s=None)
    settings = PreparationSettings(about=WindowStart.p, length_s=20.0, limits=None)
    (made,) = prepare_records([without], settings, [])
    hypocentral_km = np.hypot(14.2, 8.0)
    assert made.record.start_rel_origin_s == pytest.approx(hypocentral_km / 6.5 - 2.0, abs=0.05)


def test_a_filter_above_the_rate_is_a_reason():
    skipped = []
    settings = PreparationSettings(low_pass_hz=48.0, limits=None)
    assert not list(prepare_records([labelled()], settings, skipped))
    assert "needs more than 100 samples" in skipped[0].reason


@pytest.mark.parametrize(
    ("settings", "kept_hz", "lost_hz"),
    [
        (PreparationSettings(high_pass_hz=1.0, limits=None), 5.0, 0.1),
        (PreparationSettings(low_pass_hz=10.0, limits=None), 2.0, 40.0),
        (PreparationSettings(high_pass_hz=1.0, low_pass_hz=10.0, limits=None), 3.0, 40.0),
    ],
)
def test_filters_keep_and_lose_what_they_should(settings, kept_hz, lost_hz):
    time_s = np.arange(4000) / RATE_HZ
    for frequency_hz, share in ((kept_hz, 1.0), (lost_hz, 0.0)):
        sine = np.tile(np.sin(2.0 * np.pi * frequency_hz * time_s), (3, 1)).astype(np.float32)
        given = LabelledRecord("sine", Accelerogram(sine, RATE_HZ, 0.0), labelled().row)
        (made,) = prepare_records([given], settings, [])
        middle = np.abs(made.record.acceleration[0, 1000:3000]).max()
        assert middle == pytest.approx(share, abs=0.02)


def test_resampling_keeps_what_both_rates_carry():
    time_s = np.arange(4000) / RATE_HZ
    sine = np.tile(np.sin(2.0 * np.pi * 3.0 * time_s), (3, 1)).astype(np.float32)
    made = resampled(Accelerogram(sine, RATE_HZ, -1.0), 31.25)
    expected = np.sin(2.0 * np.pi * 3.0 * np.arange(made.acceleration.shape[1]) / 31.25)
    np.testing.assert_allclose(made.acceleration[0, 100:-100], expected[100:-100], atol=2e-3)
    assert made.start_rel_origin_s == -1.0


def test_differentiation_undoes_integration():
    given = samples(noise=0.0)[0].astype(np.float64)
    given -= given.mean()
    smooth = np.convolve(given, np.hanning(21) / 10.0, "same")
    smooth -= smooth.mean()
    back = differentiated(integrated(smooth, RATE_HZ), RATE_HZ)
    np.testing.assert_allclose(back[50:-50], smooth[50:-50], atol=0.02 * np.abs(smooth).max())
