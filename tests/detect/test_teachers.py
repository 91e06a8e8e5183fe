"""What teachers add to labels, and what a tutor adds to a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.records import Pick, Waveform
from mainshock.detect.augment import LabelledTrace, TrainingBatch
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.network import NetworkPicker
from mainshock.detect.teachers import Tutor, taught_trace


@dataclass
class Says:
    """A teacher that picks at fixed times; it stands for any picker."""

    times: Sequence[tuple[str, float]]
    name: str = "says"

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        raise NotImplementedError

    def classify(self, waveform: Waveform) -> list[Pick]:
        return [
            Pick(
                "XX", "TRACE", "", phase, waveform.start + timedelta(seconds=at), 0.9, 0.05, "says"
            )
            for phase, at in self.times
        ]


def trace(p: tuple[float, ...] = (), s: tuple[float, ...] = ()) -> LabelledTrace:
    samples = np.random.default_rng(0).normal(size=(3, 6000)).astype(np.float32)
    return LabelledTrace(samples, (p, s), np.zeros((2, 6000), dtype=bool), "set")


def test_two_votes_make_a_label_and_one_makes_doubt():
    teachers = [Says([("P", 10.0), ("S", 30.0)]), Says([("P", 10.2)])]
    taught = taught_trace(trace(), teachers, 100.0)
    assert taught.arrivals[0] == pytest.approx((1010.0,))
    assert taught.arrivals[1] == ()
    assert np.flatnonzero(taught.unlabelled[1])[[0, -1]] == pytest.approx([2900, 3099])
    assert not taught.unlabelled[0].any()


def test_votes_of_one_teacher_do_not_add_up():
    taught = taught_trace(trace(), [Says([("P", 10.0), ("P", 10.3)])], 100.0)
    assert taught.arrivals[0] == ()
    assert taught.unlabelled[0].any()


def test_labels_of_analysts_stand():
    given = trace(p=(1000.0,))
    taught = taught_trace(given, [Says([("P", 10.4)]), Says([("P", 10.5)])], 100.0)
    assert taught.arrivals[0] == (1000.0,)
    assert not taught.unlabelled.any()


def test_without_teachers_nothing_changes():
    given = trace(p=(1000.0,))
    assert taught_trace(given, [], 100.0) is given


def test_tutor_raises_labels_but_leaves_noise_alone():
    rng = np.random.default_rng(1)
    windows = rng.normal(size=(2, 3, 3001)).astype(np.float32)
    labels = np.zeros((2, 2, 3001), dtype=np.float32)
    labels[0, 0, 500] = 1.0
    batch = TrainingBatch(windows, labels, labels, np.array([False, True]))
    taught = Tutor(NetworkPicker(), late_s=0.03).taught(batch)
    curves = NetworkPicker().window_curves(windows)
    assert taught.labels[0, 0, 500] == 1.0
    np.testing.assert_allclose(taught.labels[0, 1, :2998], curves[0, 1, 3:])
    assert not taught.labels[1].any()
