"""Fragments of channels become waveforms: joined, on one grid, with every doubt flagged."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from counted_calls import calls_of
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.times import to_posix_s
from mainshock.sources.components import assemble_waveforms
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader

START_S = 1_600_000_000


def _noise(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1000, 1000, n_samples).astype(np.int32)


def _one(fragments, **options):
    waveforms, skipped = assemble_waveforms(fragments, **options)
    assert not skipped
    (waveform,) = waveforms
    return waveform


def test_three_components_in_any_order_become_z_n_e(fragment):
    parts = {letter: _noise(500, seed) for seed, letter in enumerate("ZNE")}
    for order in permutations("ZNE"):
        waveform = _one([fragment(parts[letter], channel=f"HH{letter}") for letter in order])
        assert waveform.trace_id == "XX.ABC..HH"
        assert waveform.samples.dtype == np.float32
        assert waveform.flags == ()
        for index, letter in enumerate("ZNE"):
            np.testing.assert_array_equal(waveform.samples[index], parts[letter])


def test_horizontals_1_and_2_keep_their_order_and_are_flagged(fragment):
    first, second = _noise(500, 1), _noise(500, 2)
    waveform = _one([fragment(second, channel="EH2"), fragment(first, channel="EH1")])
    assert waveform.has_component == (False, True, True)
    assert "horizontals_not_geographic" in waveform.flags
    np.testing.assert_array_equal(waveform.samples[1:], [first, second])


def test_channels_1_2_3_fill_all_components(fragment):
    waveform = _one([fragment(_noise(100, n), channel=f"BH{n}") for n in (1, 2, 3)])
    assert waveform.has_component == (True, True, True)
    np.testing.assert_array_equal(waveform.samples[0], _noise(100, 3))


def test_second_channel_of_a_component_is_told(fragment):
    waveforms, skipped = assemble_waveforms(
        [fragment(_noise(100), channel=f"BH{letter}") for letter in "ZNE1"]
    )
    assert waveforms[0].flags == ()
    assert [item.name for item in skipped] == ["XX.ABC..BH1"]
    assert "ending in N" in skipped[0].reason


def test_missing_component_is_zero_never_a_copy(fragment):
    waveform = _one([fragment(_noise(500))])
    assert waveform.has_component == (True, False, False)
    assert not waveform.samples[1:].any()


def test_instruments_and_locations_stay_apart_in_order(fragment):
    parts = [
        fragment(_noise(100), channel="SHZ"),
        fragment(_noise(100), channel="EHZ", location="10"),
        fragment(_noise(100), channel="EHZ"),
        fragment(_noise(100), channel="EHZ", station="AAA"),
    ]
    waveforms, _ = assemble_waveforms(parts)
    assert [one.trace_id for one in waveforms] == [
        "XX.AAA..EH",
        "XX.ABC..EH",
        "XX.ABC..SH",
        "XX.ABC.10.EH",
    ]


def test_short_gap_is_zero_and_listed(fragment):
    waveform = _one([fragment(_noise(500) + 5000), fragment(_noise(500) + 5000, at_s=8.0)])
    assert waveform.gaps == ((500, 800),)
    assert not waveform.samples[0, 500:800].any()
    assert waveform.n_samples == 1300


def test_gap_of_one_component_is_a_gap_and_the_others_are_kept(fragment):
    whole = _noise(1000, 1)
    waveform = _one(
        [
            fragment(whole, channel="HHZ"),
            fragment(_noise(400), channel="HHN"),
            fragment(_noise(500), channel="HHN", at_s=5.0),
        ]
    )
    assert waveform.gaps == ((400, 500),)
    np.testing.assert_array_equal(waveform.samples[0], whole)


def test_long_gap_splits(fragment):
    parts = [fragment(_noise(500)), fragment(_noise(500), at_s=66.0)]
    waveforms, _ = assemble_waveforms(parts)
    assert [to_posix_s(one.start) - START_S for one in waveforms] == [0.0, 66.0]
    assert len(assemble_waveforms(parts, max_gap_s=61.1)[0]) == 1


def test_component_that_vanishes_for_long_splits_and_comes_back(fragment):
    parts = [
        fragment(_noise(40_000), channel="HHZ"),
        fragment(_noise(10_000), channel="HHN"),
        fragment(_noise(10_000), channel="HHN", at_s=300.0),
    ]
    waveforms, _ = assemble_waveforms(parts)
    assert [one.has_component[1] for one in waveforms] == [True, False, True]
    assert sum(one.n_samples for one in waveforms) == 40_000
    assert all(one.gaps == () for one in waveforms)


def test_components_that_start_seconds_apart_stay_together(fragment):
    waveform = _one(
        [fragment(_noise(5000), channel="HHZ"), fragment(_noise(4000), channel="HHN", at_s=10.0)]
    )
    assert waveform.gaps == ((0, 1000),)
    assert waveform.has_component == (True, True, False)


@pytest.mark.parametrize("offset_s", [-0.004, 0.0001, 0.0049])
def test_offset_below_half_a_sample_is_tolerated(fragment, offset_s):
    parts = [fragment(_noise(500)), fragment(_noise(500), channel="HHN", at_s=offset_s)]
    waveform = _one(parts)
    assert to_posix_s(waveform.start) == START_S
    assert waveform.gaps == ()


def test_overlap_that_repeats_changes_nothing(fragment):
    samples = _noise(1000)
    parts = [fragment(samples[300:], at_s=3.0), fragment(samples[:600]), fragment(samples[:600])]
    np.testing.assert_array_equal(_one(parts).samples[0], samples)


def test_earlier_fragment_counts_where_they_disagree(fragment):
    parts = [fragment(np.full(100, 7)), fragment(np.full(100, 9), at_s=0.5)]
    waveform = _one(parts)
    np.testing.assert_array_equal(waveform.samples[0], np.r_[np.full(100, 7), np.full(50, 9)])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_samples_that_are_no_numbers_become_a_gap(fragment, bad):
    samples = _noise(1000).astype(np.float64)
    samples[200:250] = bad
    waveform = _one([fragment(samples)])
    assert waveform.gaps == ((200, 250),)
    assert not waveform.samples[0, 200:250].any()


def test_nan_at_the_ends_is_cut_off_and_long_nan_splits(fragment):
    samples = _noise(20_000).astype(np.float32)
    samples[:100] = samples[-100:] = samples[2000:12_000] = np.nan
    waveforms, _ = assemble_waveforms([fragment(samples)])
    assert [one.n_samples for one in waveforms] == [1900, 7900]
    assert to_posix_s(waveforms[0].start) == START_S + 1.0
    assert all(one.gaps == () for one in waveforms)


@pytest.mark.parametrize("value", [0.0, 42.0, np.nan])
def test_station_that_recorded_nothing_is_told(fragment, value):
    waveforms, skipped = assemble_waveforms([fragment(np.full(500, value))])
    assert waveforms == []
    assert "XX.ABC..HH" in skipped[0].name
    assert "nothing was recorded" in skipped[0].reason


def test_dead_channel_beside_a_live_one_is_flagged_and_left_out(fragment):
    waveform = _one([fragment(_noise(500)), fragment(np.full(500, 13), channel="HHN")])
    assert waveform.has_component == (True, False, False)
    assert not waveform.samples[1].any()
    assert "flat" in waveform.flags


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_clipping_is_flagged(fragment, dtype):
    wave = 1e6 * np.sin(2 * np.pi * 2.0 * np.arange(3000) / 100.0) + _noise(3000)
    clipped = np.clip(wave, -6e5, 6e5).astype(dtype)
    assert "clipped" in _one([fragment(clipped)]).flags
    assert _one([fragment(wave.astype(dtype))]).flags == ()


@pytest.mark.parametrize("frequency_hz", [0.01, 0.2, 3.0])
def test_slow_wave_and_coarse_noise_are_not_clipped(fragment, frequency_hz):
    wave = 5000 * np.sin(2 * np.pi * frequency_hz * np.arange(100_000) / 100.0)
    assert _one([fragment(np.round(wave).astype(np.int32))]).flags == ()
    coarse = np.random.default_rng(1).integers(-2, 3, 5000)
    assert _one([fragment(coarse)]).flags == ()


def test_lower_rate_is_raised_to_the_highest(fragment):
    seconds = 20
    slow = np.sin(2 * np.pi * 2.0 * np.arange(50 * seconds) / 50.0) + 100.0
    parts = [
        fragment(_noise(100 * seconds), channel="HHZ"),
        fragment(slow, channel="HHN", rate_hz=50.0),
    ]
    waveform = _one(parts)
    assert waveform.sampling_rate_hz == 100.0
    assert waveform.samples.shape == (3, 100 * seconds)
    expected = np.sin(2 * np.pi * 2.0 * np.arange(100 * seconds) / 100.0) + 100.0
    np.testing.assert_allclose(waveform.samples[1, 50:-50], expected[50:-50], atol=5e-3)


def test_round_off_of_the_rate_is_no_other_rate(fragment):
    samples = _noise(2000)
    rate_hz = 1.0 / float(np.float32(0.01))  # as SAC stores it
    assert rate_hz != 100.0
    waveform = _one([fragment(samples, rate_hz=rate_hz), fragment(samples, channel="HHN")])
    assert waveform.sampling_rate_hz == 100.0
    np.testing.assert_array_equal(waveform.samples[0], samples)


@pytest.mark.parametrize("rate_hz", [-100.0, 0.0, float("nan"), 1e9])
def test_impossible_rate_is_told_and_the_rest_is_kept(fragment, rate_hz):
    waveforms, skipped = assemble_waveforms(
        [fragment(_noise(100), rate_hz=rate_hz), fragment(_noise(100), channel="HHN")]
    )
    assert [one.has_component for one in waveforms] == [(False, True, False)]
    assert "sampling rate is" in skipped[0].reason
    assert skipped[0].name == "XX.ABC..HHZ"


def test_rate_that_cannot_be_true_beside_the_others_is_told(fragment):
    waveforms, skipped = assemble_waveforms(
        [fragment(_noise(5000)), fragment(_noise(50), rate_hz=9000.0, at_s=50.0)]
    )
    assert waveforms[0].sampling_rate_hz == 100.0
    assert "9000 Hz" in skipped[0].reason


@pytest.mark.parametrize("channel", ["", "HHX", "LOG", "BDF"])
def test_channel_without_component_is_told(fragment, channel):
    waveforms, skipped = assemble_waveforms([fragment(_noise(100), channel=channel)])
    assert waveforms == []
    assert "component" in skipped[0].reason


def test_empty_fragment_and_missing_station_code_are_told(fragment):
    waveforms, skipped = assemble_waveforms(
        [fragment(_noise(0)), fragment(_noise(100), station="")]
    )
    assert waveforms == []
    assert [item.reason for item in skipped] == [
        "channel holds no samples",
        "the file states no station code",
    ]


@settings(max_examples=40)
@given(
    cuts=st.lists(st.integers(1, 999), max_size=8, unique=True),
    shift_s=st.integers(-(10**8), 10**8),
    seed=st.integers(0, 2**16),
)
def test_cutting_and_shuffling_changes_nothing_and_shifts_pass_through(cuts, shift_s, seed):
    rng = np.random.default_rng(seed)
    samples = rng.integers(-5000, 5000, 1000)
    edges = [0, *sorted(cuts), 1000]
    parts = []
    for first, past_last in pairwise(edges):
        start_ns = (START_S + shift_s) * NANOSECONDS + first * 10_000_000
        header = FragmentHeader("XX", "ABC", "", "HHZ", start_ns, 100.0, past_last - first)
        parts.append(Fragment(header, samples[first:past_last]))
    waveform = _one([parts[index] for index in rng.permutation(len(parts))])
    np.testing.assert_array_equal(waveform.samples[0], samples)
    assert to_posix_s(waveform.start) == START_S + shift_s
    assert waveform.gaps == ()


def test_work_grows_linearly_with_the_number_of_fragments(fragment):
    length = 1700
    parts = [
        fragment(_noise(length, seed % 7), channel=f"HH{'ZNE'[seed % 3]}", at_s=seed * 17.28)
        for seed in range(5000)
    ]
    assert calls_of(lambda: _one(parts)) < 1.25 * 10 * calls_of(lambda: _one(parts[:500]))
    assert _one(parts).n_samples > 8_600_000
