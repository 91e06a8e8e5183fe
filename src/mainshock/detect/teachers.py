"""What pretrained pickers teach a new one: labels they agree on, and soft labels of each window.

Labels: where two teachers pick the same phase within half a second, the trace gets a label;
where only one does, those samples count neither as phase nor as noise. Analysts' labels always
stand. Soft labels: a tutor with the same window looks at each augmented training window, and the
pupil learns its curves where they are higher than the labels (distillation by function matching).

References
----------
Hinton et al. (2015), https://doi.org/10.48550/arXiv.1503.02531
Beyer et al. (2022), https://doi.org/10.1109/CVPR52688.2022.01065
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from mainshock.core.records import PHASES, Waveform
from mainshock.detect.augment import LabelledTrace, TrainingBatch
from mainshock.detect.base import Picker
from mainshock.detect.network import NetworkPicker

__all__ = ["Tutor", "taught_trace"]

AGREE_S = 0.5
"""Two teachers mean the same arrival if their picks are no further apart."""
KEEP_CLEAR_S = 1.0
"""A pick this close to an analyst's label is that label."""
DOUBT_S = 1.0
"""Half the length of record in which the pick of a single teacher makes labels unsure."""

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tutor:
    """A network of the model store that labels the very windows on which the pupil trains.

    Parameters
    ----------
    network
        Must have the pupil's window and sampling rate.
    late_s
        How late its curves are, in seconds; removed.
    """

    network: NetworkPicker
    late_s: float = 0.0

    def taught(self, batch: TrainingBatch) -> TrainingBatch:
        """Return the batch with label curves raised to the tutor's; noise windows stay noise."""
        curves = self.network.window_curves(batch.windows[~batch.is_noise])
        late = round(self.late_s * self.network.sampling_rate_hz)
        curves = np.roll(curves, -late, axis=-1)
        curves[..., curves.shape[-1] - late :] = 0.0
        labels = batch.labels.copy()
        labels[~batch.is_noise] = np.maximum(labels[~batch.is_noise], curves)
        return replace(batch, labels=labels)


def taught_trace(
    trace: LabelledTrace, teachers: Sequence[Picker], sampling_rate_hz: float
) -> LabelledTrace:
    """Return the trace with more arrivals, and more samples marked as unlabelled.

    Parameters
    ----------
    teachers
        Pickers whose time bias is known to be removed; they vote with equal weight.
    sampling_rate_hz
        Of the trace, and of its arrivals in samples.
    """
    if not teachers:
        return trace
    votes = _votes(trace, teachers, sampling_rate_hz)
    unlabelled = trace.unlabelled.copy()
    arrivals = [list(times) for times in trace.arrivals]
    for row, phase in enumerate(PHASES):
        given = np.asarray(trace.arrivals[row])
        for sample, n_voters in _agreed(votes[phase], AGREE_S * sampling_rate_hz):
            if given.size and np.abs(given - sample).min() <= KEEP_CLEAR_S * sampling_rate_hz:
                continue
            if n_voters >= 2:
                arrivals[row].append(sample)
            else:
                reach = round(DOUBT_S * sampling_rate_hz)
                first = max(0, round(sample) - reach)
                unlabelled[row, first : round(sample) + reach] = True
    return replace(trace, arrivals=(tuple(arrivals[0]), tuple(arrivals[1])), unlabelled=unlabelled)


def _votes(
    trace: LabelledTrace, teachers: Sequence[Picker], rate_hz: float
) -> dict[str, list[tuple[float, int]]]:
    """Return (sample, teacher) of each pick, for each phase."""
    recorded = np.any(trace.samples, axis=1)
    waveform = Waveform(
        network="",
        station="TRACE",
        location="",
        instrument="HH",
        start=_NO_TIME,
        sampling_rate_hz=rate_hz,
        samples=trace.samples,
        has_component=(bool(recorded[0]), bool(recorded[1]), bool(recorded[2])),
    )
    votes: dict[str, list[tuple[float, int]]] = {phase: [] for phase in PHASES}
    for index, teacher in enumerate(teachers if recorded.any() else ()):
        for pick in teacher.classify(waveform):
            sample = (pick.time - _NO_TIME).total_seconds() * rate_hz
            votes[pick.phase].append((sample, index))
    return votes


def _agreed(votes: Sequence[tuple[float, int]], reach: float) -> list[tuple[float, int]]:
    """Return (mean sample, number of different teachers) of each group of close votes."""
    groups: list[list[tuple[float, int]]] = []
    for vote in sorted(votes):
        if groups and vote[0] - groups[-1][0][0] <= reach:
            groups[-1].append(vote)
        else:
            groups.append([vote])
    return [
        (float(np.mean([sample for sample, _ in group])), len({voter for _, voter in group}))
        for group in groups
    ]
