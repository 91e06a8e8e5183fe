"""STA/LTA trigger with AIC onset: the classical baseline, for P on Z and S on the horizontals.

References
----------
Allen (1978), https://doi.org/10.1785/BSSA0680051521; Maeda (1985),
https://doi.org/10.4294/zisin1948.38.3_365
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict
from scipy.signal import find_peaks

from mainshock.core.errors import DataError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.signal.characteristic import recursive_sta_lta
from mainshock.signal.filters import bandpass
from mainshock.signal.onset import Onset, find_onset

__all__ = ["StaLtaPicker"]

_BEFORE_S, _AFTER_S = 2.0, 0.75
_S_AT_MOST_S = 30.0
_ONSET_LOW_HZ = 1.0  # the onset is read in a wider band, where the filter delays it least
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StaLtaPicker:
    """Picks where the energy rises: P on the vertical, S on the horizontals after a P.

    Parameters
    ----------
    sta_s, lta_s
        Time constants of the averages.
    trigger_ratio
        STA/LTA from which a rise is a pick; its probability is then 0.5.
    low_hz, high_hz
        Pass band; the upper corner is lowered to 0.4 of the sampling rate where needed.

    Notes
    -----
    ``probability = ratio^2 / (ratio^2 + trigger_ratio^2)`` is a score between 0 and 1 that grows
    with the trigger ratio, not a calibrated probability.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str = "stalta"
    sta_s: float = 0.3
    lta_s: float = 8.0
    trigger_ratio: float = 5.0
    low_hz: float = 2.0
    high_hz: float = 15.0

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        """Return the scores of P (vertical) and S (horizontals) at the rate of the record."""
        filtered = self._filtered(waveform, self.low_hz, self.high_hz, 4)
        rows = [self._score(waveform, filtered[:1]), self._score(waveform, filtered[1:])]
        if not waveform.has_component[0]:
            rows[0] = np.zeros(waveform.n_samples)
        return ProbabilityCurves(
            start=waveform.start,
            sampling_rate_hz=waveform.sampling_rate_hz,
            phases=("P", "S"),
            probability=np.stack(rows).astype(np.float32),
        )

    def classify(self, waveform: Waveform) -> list[Pick]:
        """Return the picks in the waveform in order of time; an S only after a P."""
        broad = self._filtered(waveform, _ONSET_LOW_HZ, 0.4 * waveform.sampling_rate_hz, 2)
        p_score, s_score = self.annotate(waveform).probability.astype(np.float64)
        rate = waveform.sampling_rate_hz
        picks: list[Pick] = []
        last_p = -np.inf
        for sample in self._peaks(p_score, rate):
            onset = self._onset(broad[0], sample, rate)
            if onset is None or onset.sample - last_p < 0.5 * rate:
                continue
            last_p = onset.sample
            picks.append(self._pick(waveform, "P", onset, p_score[sample]))
            s_pick = self._s_after(waveform, broad[1:], s_score, onset.sample)
            if s_pick is not None:
                picks.append(s_pick)
        return sorted(_without_repeats(picks), key=lambda pick: pick.time)

    def _filtered(
        self, waveform: Waveform, low_hz: float, high_hz: float, corners: int
    ) -> FloatArray:
        rate = waveform.sampling_rate_hz
        high = min(high_hz, 0.4 * rate)
        if not high > low_hz:
            raise DataError(
                f"{waveform.trace_id} has {rate:g} Hz; a band from {low_hz:g} Hz needs more than "
                f"{low_hz / 0.4:g} Hz"
            )
        samples = waveform.samples.astype(np.float64)
        samples = samples - samples.mean(axis=1, keepdims=True)
        return np.asarray(bandpass(samples, rate, low_hz, high, corners), dtype=np.float64)

    def _score(self, waveform: Waveform, channels: FloatArray) -> FloatArray:
        ratio = recursive_sta_lta(channels, waveform.sampling_rate_hz, self.sta_s, self.lta_s)
        for first, past_last in waveform.gaps:  # the long average starts anew after a gap
            settled = past_last + round(self.lta_s * waveform.sampling_rate_hz)
            ratio[first:settled] = 0.0
        return np.asarray(ratio**2 / (ratio**2 + self.trigger_ratio**2))

    def _peaks(self, score: FloatArray, rate_hz: float) -> list[int]:
        peaks, _ = find_peaks(score, height=0.5, distance=max(1, round(rate_hz)))
        return [int(peak) for peak in peaks]

    def _onset(self, samples: FloatArray, peak: int, rate_hz: float) -> Onset | None:
        first = max(0, peak - round(_BEFORE_S * rate_hz))
        window = samples[first : peak + round(_AFTER_S * rate_hz)]
        try:
            onset = find_onset(window)
        except DataError:
            return None  # too short or flat: no onset to speak of
        return Onset(first + onset.sample, onset.sigma_samples)

    def _s_after(
        self, waveform: Waveform, horizontals: FloatArray, score: FloatArray, p_sample: float
    ) -> Pick | None:
        """Return the strongest rise on the horizontals between 0.5 and 30 s after P."""
        rate = waveform.sampling_rate_hz
        first, past_last = int(p_sample + 0.5 * rate), int(p_sample + _S_AT_MOST_S * rate)
        rises = [peak for peak in self._peaks(score, rate) if first <= peak < past_last]
        if not rises:
            return None
        strongest = max(rises, key=lambda peak: float(score[peak]))
        energy = np.sqrt((horizontals**2).sum(axis=0))
        onset = self._onset(energy, strongest, rate)
        if onset is None or onset.sample < first:
            return None
        return self._pick(waveform, "S", onset, score[strongest])

    def _pick(self, waveform: Waveform, phase: str, onset: Onset, score: float) -> Pick:
        rate = waveform.sampling_rate_hz
        return Pick(
            network=waveform.network,
            station=waveform.station,
            location=waveform.location,
            phase=phase,
            time=waveform.start + timedelta(seconds=onset.sample / rate),
            probability=float(np.clip(score, 0.0, 1.0)),
            sigma_s=float(np.clip(np.hypot(onset.sigma_samples / rate, 0.05), 0.05, 2.0)),
            model=self.name,
        )


def _without_repeats(picks: list[Pick]) -> list[Pick]:
    """Return the picks without the S that two P picks share."""
    seen: dict[tuple[str, object], Pick] = {}
    for pick in picks:
        seen.setdefault((pick.phase, pick.time), pick)
    return list(seen.values())
