"""Channels that change are flagged within ten minutes of data; earthquakes are not."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from live_records import waveform_messages

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import decode_record, encode_records
from mainshock.stream.bus import Message
from mainshock.stream.monitoring.channel_watch import ChannelWatch
from mainshock.stream.monitoring.flags import (
    DriftBoard,
    drift_message,
    is_drift_message,
    read_drift_message,
)
from mainshock.stream.monitoring.settings import DriftSettings
from mainshock.stream.monitoring.stage import DriftStage, coda_s

START_NS = 1_640_995_200 * NANOSECONDS
RATE_HZ = 20.0
PACKET_S = 20
AT_S = 3600.0
WITHIN_S = 600.0


def noise(rng, length_s):
    """Coloured noise around an offset, counts."""
    white = rng.normal(0.0, 100.0, round(length_s * RATE_HZ) + 1)
    return np.round(500.0 + white[1:] + 0.8 * white[:-1])


def watched(samples, settings=None, codas=(), channel="HHZ"):
    """Return each change of a flag as seconds since the start, kind and whether it is open."""
    watch = ChannelWatch(f"XX.A..{channel}", settings or DriftSettings())
    n = round(PACKET_S * RATE_HZ)
    told = []
    for first in range(0, samples.size, n):
        part = samples[first : first + n].astype(np.int32)
        start_ns = START_NS + round(first / RATE_HZ * NANOSECONDS)
        header = FragmentHeader("XX", "A", "", channel, start_ns, RATE_HZ, part.size)
        told += watch.put(Fragment(header, part), list(codas))
    return [(one.updated.timestamp() - START_NS / 1e9, one.kind, one.is_open) for one in told]


def from_s(seconds):
    return slice(round(seconds * RATE_HZ), None)


def first_open(told, kinds):
    return next((at_s for at_s, kind, is_open in told if is_open and kind in kinds), None)


@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_a_gain_that_changes_is_flagged_within_ten_minutes_and_named(rng, factor):
    samples = noise(rng, AT_S + WITHIN_S)
    samples[from_s(AT_S)] *= factor
    at_s = first_open(watched(samples), {"gain"})
    assert at_s is not None
    assert AT_S < at_s <= AT_S + WITHIN_S


def test_noise_of_another_spectrum_is_flagged_within_ten_minutes_and_named(rng):
    samples = noise(rng, AT_S + WITHIN_S)
    added = np.diff(rng.normal(0.0, 1000.0, samples[from_s(AT_S)].size + 1))
    samples[from_s(AT_S)] += added
    told = watched(samples)
    assert AT_S < first_open(told, {"noise"}) <= AT_S + WITHIN_S
    assert first_open(told, {"gain"}) is None


def test_a_flag_closes_when_the_channel_is_back(rng):
    samples = noise(rng, AT_S + 2400.0)
    part = slice(round(AT_S * RATE_HZ), round((AT_S + 900.0) * RATE_HZ))
    samples[part] *= 5.0
    told = watched(samples)
    gains = [(at_s, is_open) for at_s, kind, is_open in told if kind == "gain"]
    assert [gains[0][1], gains[-1][1]] == [True, False]
    assert AT_S + 900.0 < gains[-1][0] <= AT_S + 900.0 + WITHIN_S


def test_what_does_not_move_is_dead_within_a_minute_and_alive_again(rng):
    samples = noise(rng, 400.0)
    samples[round(100 * RATE_HZ) : round(250 * RATE_HZ)] = 7.0
    told = watched(samples)
    assert [kind for _, kind, _ in told] == ["flat", "flat"]
    assert 100.0 < told[0][0] <= 160.0
    assert told[1][2] is False


def test_samples_that_are_cut_off_are_told(rng):
    samples = noise(rng, 2400.0)
    part = from_s(1500.0)
    samples[part] = np.clip(samples[part], 400.0, 600.0)
    assert first_open(watched(samples), {"clipping"}) <= 1500.0 + WITHIN_S


@pytest.mark.parametrize("decay_s", [20.0, 35.0])
def test_an_earthquake_that_nobody_located_raises_no_flag(rng, decay_s):
    samples = noise(rng, AT_S + 1800.0)
    time_s = np.arange(samples[from_s(AT_S)].size) / RATE_HZ
    samples[from_s(AT_S)] += np.round(
        2e5 * np.exp(-time_s / decay_s) * rng.normal(size=time_s.size)
    )
    kinds = {kind for _, kind, _ in watched(samples)}
    assert not kinds & {"gain", "noise", "quiet", "spectrum", "offset"}


def test_the_long_coda_of_a_known_large_earthquake_raises_no_flag_and_would_without(rng):
    samples = noise(rng, AT_S + 3000.0)
    time_s = np.arange(samples[from_s(AT_S)].size) / RATE_HZ
    samples[from_s(AT_S)] += np.round(2e5 * np.exp(-time_s / 200.0) * rng.normal(size=time_s.size))
    from_ns = START_NS + round((AT_S - 5.0) * NANOSECONDS)
    coda = (from_ns, from_ns + round(coda_s(6.0) * NANOSECONDS))
    assert watched(samples, codas=[coda]) == []
    assert watched(samples) != []


def test_a_level_that_lasts_becomes_the_usual_one(rng):
    usual = DriftSettings()
    level = replace(usual.channel.level, adopts_after=20)
    settings = replace(usual, channel=replace(usual.channel, level=level))
    samples = noise(rng, AT_S + 2700.0)
    samples[from_s(AT_S)] = 3.0 * (samples[from_s(AT_S)] - 500.0) + 500.0
    gains = [
        (at_s, is_open) for at_s, kind, is_open in watched(samples, settings) if kind == "gain"
    ]
    assert gains[0][1]
    assert not gains[-1][1]


def test_coda_grows_with_magnitude_within_bounds():
    assert coda_s(-1.0) == 30.0
    assert 200.0 < coda_s(4.0) < 400.0
    assert coda_s(9.0) == 3600.0
    assert coda_s(None) == coda_s(2.5) == coda_s(float("nan"))


@pytest.fixture(scope="module")
def quiet_hours(data_dir):
    """Records of four quiet hours at two stations of Mount St. Helens."""
    return data_dir / "continuous" / "sthelens_20220206" / "sds"


def told_of(stage, messages):
    state, told = stage.start(), []
    for first in range(0, len(messages), 200):
        state, more = stage.step(state, messages[first : first + 200])
        told += more
    return state, told


def with_gain(message, factor):
    fragment = decode_record(message.value)
    louder = Fragment(fragment.header, (fragment.samples * factor).astype(np.int32))
    return [replace(message, value=bytes(one)) for one in encode_records(louder)]


def test_four_real_quiet_hours_at_two_stations_raise_no_flag(quiet_hours):
    messages = waveform_messages(quiet_hours)
    state, told = told_of(DriftStage(), messages)
    assert len(state.channels) == 6
    assert [one.identity for one in told] == []


def test_real_aftershocks_raise_no_flag_with_a_short_reference(data_dir):
    messages = waveform_messages(data_dir / "continuous" / "ridgecrest_20190707_0750" / "sds")
    usual = DriftSettings()
    level = replace(usual.channel.level, fewest=8)
    stage = DriftStage(replace(usual, channel=replace(usual.channel, level=level)))
    state, told = told_of(stage, messages)
    assert len(state.channels) == 12
    assert [one.identity for one in told] == []


def test_a_gain_planted_in_real_records_is_flagged_within_ten_minutes(quiet_hours):
    messages = waveform_messages(quiet_hours, ("B204",))
    changes_ns = messages[0].data_ns + 5400 * NANOSECONDS
    kept = [one for one in messages if one.data_ns < changes_ns]
    after = [one for one in messages if 0 <= one.data_ns - changes_ns < 900 * NANOSECONDS]
    board = DriftBoard()
    _, told = told_of(
        DriftStage(board=board), [*kept, *(part for one in after for part in with_gain(one, 5))]
    )
    flags = [read_drift_message(one) for one in told]
    late_s = {one.subject: one.since.timestamp() - changes_ns / 1e9 for one in flags[::-1]}
    assert set(late_s) == {"PB.B204..EH1", "PB.B204..EH2", "PB.B204..EHZ"}
    assert max(late_s.values()) <= WITHIN_S
    assert {one.kind for one in flags} <= {"gain", "offset"}
    assert {one.subject for one in board.flags()} == set(late_s)


def messages_of(samples):
    made = []
    n = round(PACKET_S * RATE_HZ)
    for first in range(0, samples.size, n):
        part = samples[first : first + n].astype(np.int32)
        start_ns = START_NS + round(first / RATE_HZ * NANOSECONDS)
        header = FragmentHeader("XX", "A", "", "HHZ", start_ns, RATE_HZ, part.size)
        for record in encode_records(Fragment(header, part)):
            end_ns = decode_record(record).header.end_ns
            made.append(Message("waveform.v1", "XX.A", f"{end_ns}", bytes(record), end_ns, end_ns))
    return made


def test_a_restart_in_between_changes_nothing_that_is_told(rng):
    samples = noise(rng, AT_S + 900.0)
    samples[from_s(AT_S)] *= 5.0
    messages = messages_of(samples)
    _, whole = told_of(DriftStage(), messages)
    stage = DriftStage()
    state, told = stage.start(), []
    for number, message in enumerate(messages):
        if number % 37 == 0:
            board = DriftBoard()
            stage = DriftStage(board=board)
            state = stage.restore(bytes(stage.snapshot(state)))
        state, more = stage.step(state, [message])
        told += more
    assert told == whole != []
    assert all(is_drift_message(one) and one.topic == "health.v1" for one in told)
    flag = read_drift_message(told[0])
    assert drift_message(flag, told[0].arrival_ns) == told[0]
    assert [one.kind for one in board.flags()] == ["gain"]


def test_a_damaged_record_is_passed_over():
    stage = DriftStage()
    message = Message("waveform.v1", "XX.A", "bad", b"\x00" * 512, START_NS, START_NS)
    assert stage.step(stage.start(), [message])[1] == []
