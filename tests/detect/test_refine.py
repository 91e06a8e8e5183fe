"""Onset refinement: the time moves to an onset close by, and nowhere else."""

from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.records import Pick, Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.refine import FARTHEST_S, refine_onsets

START = parse_utc("2020-01-01T00:00:00Z")
ONSET_S = 10.0


def record(rate_hz: float = 100.0) -> Waveform:
    """A synthetic record: noise, and from ten seconds on a much stronger 8 Hz signal."""
    rng = np.random.default_rng(2)
    time = np.arange(round(20.0 * rate_hz)) / rate_hz
    samples = rng.normal(size=(3, time.size))
    after = np.clip(time - ONSET_S, 0.0, None)
    samples += 60.0 * np.sin(2.0 * np.pi * 8.0 * after) * np.exp(-after / 2.0)
    return Waveform("XX", "TEST", "", "HH", START, rate_hz, samples.astype(np.float32))


def pick(at_s: float, phase: str = "P") -> Pick:
    return Pick("XX", "TEST", "", phase, START + timedelta(seconds=at_s), 0.8, 0.05, "m")


def moved_s(at_s: float, phase: str = "P", rate_hz: float = 100.0) -> float:
    (refined,) = refine_onsets([pick(at_s, phase)], record(rate_hz))
    return (refined.time - START).total_seconds()


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
@pytest.mark.parametrize("error_s", [-0.1, 0.05, 0.12])
def test_a_close_pick_moves_halfway_to_the_onset(error_s, rate_hz):
    halfway = ONSET_S + 0.5 * error_s
    assert moved_s(ONSET_S + error_s, rate_hz=rate_hz) == pytest.approx(halfway, abs=0.02)


def test_a_far_pick_and_an_s_stay():
    far = ONSET_S + FARTHEST_S + 0.1
    assert moved_s(far) == far
    assert moved_s(ONSET_S + 0.1, "S") == ONSET_S + 0.1


@pytest.mark.parametrize("at_s", [0.1, 19.9])
def test_a_pick_at_the_edge_of_the_record_stays(at_s):
    assert moved_s(at_s) == at_s
