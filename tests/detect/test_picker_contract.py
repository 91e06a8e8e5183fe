"""What every registered picker must do; a new one is tested here unasked."""

import os
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.errors import UnreachableError
from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.base import Picker
from mainshock.detect.registry import PICKERS, open_picker

START = parse_utc("2020-01-01T00:00:00Z")
P_S, S_S = 20.0, 24.0
NAMES = PICKERS.names()


def synthetic(rate_hz: float = 100.0, length_s: float = 60.0, seed: int = 1) -> Waveform:
    """A synthetic local earthquake: P mostly on Z, a stronger S mostly on the horizontals."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    samples = rng.normal(0.0, 1.0, (3, time.size))
    for onset, sizes, frequency in ((P_S, (40, 12, 12), 8.0), (S_S, (25, 100, 100), 5.0)):
        after = np.clip(time - onset, 0.0, None)
        burst = np.sin(2 * np.pi * frequency * after) * np.exp(-after / 1.5) * (after > 0)
        samples += np.asarray(sizes)[:, None] * burst
    return Waveform("XX", "TEST", "", "HH", START, rate_hz, (samples * 100).astype(np.float32))


def changed(waveform: Waveform, **values: object) -> Waveform:
    fields = {name: getattr(waveform, name) for name in waveform.__dataclass_fields__}
    return Waveform(**{**fields, **values})


@pytest.fixture(scope="module", params=NAMES)
def picker(request: pytest.FixtureRequest) -> Picker:
    try:
        return open_picker(request.param)
    except UnreachableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


def test_is_a_picker_with_a_name(picker):
    assert isinstance(picker, Picker)
    assert picker.name


def test_finds_a_clear_p(picker):
    times = [
        (pick.time - START).total_seconds()
        for pick in picker.classify(synthetic())
        if pick.phase == "P"
    ]
    assert min(abs(time - P_S) for time in times) < 0.3


@pytest.mark.parametrize("rate_hz", [20.0, 40.0, 50.0, 100.0, 125.0, 200.0, 250.0])
def test_takes_every_usual_rate(picker, rate_hz):
    waveform = synthetic(rate_hz)
    for pick in picker.classify(waveform):
        assert waveform.start <= pick.time <= waveform.end
    curves = picker.annotate(waveform)
    seconds = curves.probability.shape[1] / curves.sampling_rate_hz
    assert seconds == pytest.approx(60.0, abs=0.1)


@pytest.mark.parametrize("length_s", [0.05, 1.0, 10.0, 29.9, 31.0, 200.0])
def test_takes_every_length(picker, length_s):
    waveform = changed(
        synthetic(), samples=np.tile(synthetic().samples, 4)[:, : int(length_s * 100)]
    )
    curves = picker.annotate(waveform)
    assert curves.probability.shape == (len(curves.phases), waveform.n_samples)


def test_probabilities_are_probabilities(picker):
    probability = picker.annotate(synthetic()).probability
    assert np.nanmin(probability) >= 0.0
    assert np.nanmax(probability) <= 1.0


def test_picks_are_ordered_and_complete(picker):
    picks = picker.classify(synthetic())
    assert [pick.time for pick in picks] == sorted(pick.time for pick in picks)
    for pick in picks:
        assert (pick.network, pick.station, pick.model) == ("XX", "TEST", picker.name)
        assert pick.sigma_s > 0.0


def test_gain_changes_nothing(picker):
    waveform = synthetic()
    louder = changed(waveform, samples=waveform.samples * np.float32(1024.0))
    quiet, loud = picker.classify(waveform), picker.classify(louder)
    assert [(p.phase, p.time) for p in quiet] == [(p.phase, p.time) for p in loud]


@pytest.mark.parametrize("shift_s", [0.0005, 1.0, 86_400.0])
def test_clock_shift_moves_the_picks_alike(picker, shift_s):
    waveform = synthetic()
    later = changed(waveform, start=START + timedelta(seconds=shift_s))
    before, after = picker.classify(waveform), picker.classify(later)
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert (other.time - one.time).total_seconds() == pytest.approx(shift_s, abs=2e-6)


def test_vertical_alone_gives_p(picker):
    waveform = synthetic()
    samples = waveform.samples.copy()
    samples[1:] = 0.0
    vertical = changed(waveform, samples=samples, has_component=(True, False, False))
    times = [(p.time - START).total_seconds() for p in picker.classify(vertical) if p.phase == "P"]
    assert min(abs(time - P_S) for time in times) < 0.5


def test_zeros_and_a_constant_give_nothing(picker):
    waveform = synthetic()
    for level in (0.0, 1000.0):
        flat = changed(waveform, samples=np.full_like(waveform.samples, level))
        assert picker.classify(flat) == []


def test_edges_of_a_gap_are_no_onsets(picker):
    rng = np.random.default_rng(5)
    samples = rng.normal(0.0, 100.0, (3, 6000)).astype(np.float32) + 5000.0
    samples[:, 2500:3000] = 0.0
    waveform = changed(synthetic(), samples=samples, gaps=((2500, 3000),))
    times = [(pick.time - START).total_seconds() for pick in picker.classify(waveform)]
    assert not [time for time in times if 24.4 < time < 30.6]


def test_a_gap_in_a_channel_with_an_offset_hides_no_p(picker):
    quake = synthetic()
    offset = 20.0 * float(np.abs(quake.samples).max())
    samples = quake.samples + np.float32(offset)
    samples[:, 3500:3700] = 0.0
    waveform = changed(quake, samples=samples, gaps=((3500, 3700),))
    times = [
        (pick.time - START).total_seconds()
        for pick in picker.classify(waveform)
        if pick.phase == "P"
    ]
    assert min(abs(time - P_S) for time in times) < 0.3


def test_same_input_same_picks(picker):
    assert picker.classify(synthetic()) == picker.classify(synthetic())
