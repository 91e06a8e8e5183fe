"""Pickers that are networks: PhaseNet, EQTransformer and their kin, run by ONNX Runtime.

All have one interface: ``waveform`` ``(batch, 3, n)`` in order Z, N, E, each component of zero
mean and unit standard deviation, to ``probability`` ``(batch, rows, n)`` whose first rows are P
and S. Rate, window length, calibration and peak rules stand in the manifest beside the weights.

References
----------
Zhu and Beroza (2019), https://doi.org/10.1093/gji/ggy423
Mousavi et al. (2020), https://doi.org/10.1038/s41467-020-17591-w
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from mainshock.core.errors import SettingsError
from mainshock.core.records import PHASES, Pick, Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.peaks import Calibration, PeakRule, curve_picks
from mainshock.detect.refine import refine_onsets
from mainshock.detect.windowing import normalise_windows, sliding_curves
from mainshock.learn.models import load_manifest
from mainshock.learn.onnx_session import open_session
from mainshock.signal.resample import bridge_gaps, raise_rate, resample_waveform

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["NetworkPicker", "with_threshold"]


_BATCH = 8  # windows that stay inside the second cache of a processor core


def _packaged() -> Path:
    return Path(str(files("mainshock.detect"))) / "models" / "phasenet"


@dataclass(slots=True)
class NetworkPicker:
    """Picks P and S with a network of the model store, by default the packaged PhaseNet.

    Parameters
    ----------
    model_dir
        Folder with ``manifest.json`` and ``model.onnx``.
    name
        What picks and reports call it; the manifest's name by default.
    p_threshold, s_threshold
        Smallest probability of a pick, 0 to 1; by default what the manifest states, chosen on
        the development set.
    overlap
        Share of a window that the next one repeats, 0 to 0.9. Curves are averaged, window edges
        count less.

    Raises
    ------
    ModelError
        If the weights are missing or do not fit.
    SettingsError
        If a threshold or the overlap is out of range.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    model_dir: Path = field(default_factory=_packaged)
    name: str = ""
    p_threshold: float | None = None
    s_threshold: float | None = None
    overlap: float = 0.5
    _session: "InferenceSession" = field(init=False, repr=False)
    _settings: dict[str, Any] = field(init=False, repr=False)
    _rules: dict[str, PeakRule] = field(init=False, repr=False)
    _calibration: dict[str, Calibration] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.overlap <= 0.9:
            raise SettingsError(f"overlap is {self.overlap}; it must lie between 0 and 0.9")
        self.model_dir = Path(self.model_dir)
        manifest = load_manifest(self.model_dir)
        self.name = self.name or manifest.name
        self._settings = dict(manifest.settings)
        self._rules = {
            phase: with_threshold(self._settings["rules"][phase], threshold)
            for phase, threshold in (("P", self.p_threshold), ("S", self.s_threshold))
        }
        stated = self._settings.get("calibration", {})
        self._calibration = {phase: Calibration(**stated.get(phase, {})) for phase in PHASES}
        self._session = open_session(self.model_dir / "model.onnx")

    @property
    def sampling_rate_hz(self) -> float:
        """Rate of the network and of its curves."""
        return float(self._settings["sampling_rate_hz"])

    @property
    def window_s(self) -> float:
        """Length of record that the network sees at once, in seconds."""
        return int(self._settings["window_samples"]) / self.sampling_rate_hz

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        """Return the probability of P and S over the whole waveform.

        A record shorter than a window is padded with zeros, never lost; inside gaps and within
        half a second of them the curves are zero, since an edge is no onset.
        """
        at_rate = resample_waveform(waveform, self.sampling_rate_hz)
        bridged = bridge_gaps(at_rate)
        zooms = self._settings.get("zooms", (1,))
        probability = _mean_known([self._curves(bridged, int(zoom)) for zoom in zooms])
        for row, phase in enumerate(PHASES):
            probability[row] = self._calibration[phase].apply(probability[row])
        _silence_gaps(probability, at_rate)
        return ProbabilityCurves(
            start=at_rate.start,
            sampling_rate_hz=self.sampling_rate_hz,
            phases=PHASES,
            probability=probability,
        )

    def _curves(self, at_rate: Waveform, zoom: int) -> NDArray[np.float32]:
        """Return the curves of the record played ``zoom`` times slower than it was recorded.

        A slower record fills the window with a shorter stretch: small events close to each other
        look like single larger ones, which most of the network's lessons were.
        """
        slow = resample_waveform(at_rate, self.sampling_rate_hz * zoom)
        curves = sliding_curves(
            self.window_curves,
            slow.samples,
            int(self._settings["window_samples"]),
            self.overlap,
            stacking=self._settings.get("stacking", "ramp"),
            blinding=tuple(self._settings.get("blinding", (0, 0))),
        )
        return curves[:, ::zoom][:, : at_rate.n_samples]

    def latest_curves(self, waveforms: Sequence[Waveform]) -> list[ProbabilityCurves]:
        """Return the curves over the end of each record, some computed together.

        For records that still grow: one window ends with the record, instead of many that overlap
        along it. Towards its end a network sees only half of the context, so a pick there is less
        certain than one by :meth:`annotate` when more has been recorded. The curves reach back as
        far as the shortest of the windows, that of the largest zoom.
        """
        n_window = int(self._settings["window_samples"])
        rate_hz = self.sampling_rate_hz
        found: list[ProbabilityCurves] = []
        batch: list[Waveform] = []
        for waveform in waveforms:
            latest = _last_samples(resample_waveform(waveform, rate_hz), n_window)
            if batch and (len(batch) == _BATCH or latest.n_samples != batch[0].n_samples):
                found.extend(self._batch_curves(batch))
                batch = []
            batch.append(latest)
        return found + (self._batch_curves(batch) if batch else [])

    def _batch_curves(self, records: Sequence[Waveform]) -> list[ProbabilityCurves]:
        """Return the curves over the end of records of one length, at the network's rate."""
        zooms = [int(zoom) for zoom in self._settings.get("zooms", (1,))]
        n_known = min(records[0].n_samples, int(self._settings["window_samples"]) // max(zooms))
        samples = np.stack([bridge_gaps(one).samples for one in records])
        probability = _mean_known(
            [self._last_window(samples, zoom)[..., -n_known:] for zoom in zooms]
        )
        for row, phase in enumerate(PHASES):
            probability[:, row] = self._calibration[phase].apply(probability[:, row])
        found = []
        for record, curves in zip(records, probability, strict=True):
            first = record.n_samples - n_known
            _silence_gaps(curves, record, first)
            start = record.time_at(first)
            found.append(ProbabilityCurves(start, self.sampling_rate_hz, PHASES, curves))
        return found

    def _last_window(self, samples: NDArray[np.float32], zoom: int) -> NDArray[np.float32]:
        """Return the curves of the last window of each record, at the rate of the records.

        Shape ``(batch, 2, n)`` from ``(batch, 3, n_samples)``; both end together.
        """
        n_window = int(self._settings["window_samples"])
        n_needed = math.ceil(n_window / zoom)
        slow = raise_rate(samples[..., -n_needed:], zoom)
        n_slow = slow.shape[-1]
        first = max(0, n_slow - n_window)
        flat = normalise_windows(slow.reshape(-1, n_slow), np.array([first]), n_window)
        answers = self.window_curves(flat.reshape(len(samples), 3, n_window))
        blind = tuple(self._settings.get("blinding", (0, 0)))
        answers[..., : blind[0]] = np.nan
        answers[..., n_window - blind[1] :] = np.nan
        return answers[..., -first % zoom : n_slow - first : zoom]

    def window_curves(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network says of normalised windows, before any calibration.

        Shape ``(batch, 2, n)``, P and S, from ``(batch, 3, n)``, Z, N and E.
        """
        curves: NDArray[np.float32] = self._session.run(None, {"waveform": windows})[0][:, :2]
        return curves

    def classify(self, waveform: Waveform) -> list[Pick]:
        """Return the picks in the waveform in order of time."""
        return self.peaks(waveform, self._rules)

    def picks_of_curves(self, curves: ProbabilityCurves, waveform: Waveform) -> list[Pick]:
        """Return the picks that curves over a waveform show, in order of time."""
        return curve_picks(curves, waveform, self._rules, self.name)

    @property
    def stride_s(self) -> float:
        """Time from one window of :meth:`annotate` to the next one, in seconds."""
        n_window = int(self._settings["window_samples"])
        return max(1, round(n_window * (1.0 - self.overlap))) / self.sampling_rate_hz

    def peaks(self, waveform: Waveform, rules: dict[str, PeakRule]) -> list[Pick]:
        """Return the picks by other rules than the picker's own, in order of time."""
        refine = refine_onsets if self._settings.get("refine_onsets", False) else None
        return curve_picks(self.annotate(waveform), waveform, rules, self.name, refine)


def with_threshold(stated: dict[str, float], threshold: float | None) -> PeakRule:
    """Return the rule that a manifest states, with another threshold if one is given.

    Raises
    ------
    SettingsError
        If the threshold does not lie between 0 and 1.
    """
    chosen = stated["threshold"] if threshold is None else threshold
    if not 0.0 < chosen < 1.0:
        raise SettingsError(f"threshold is {chosen}; it must lie between 0 and 1")
    return PeakRule(**{**stated, "threshold": chosen})


def _mean_known(curves: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean over curves, sample by sample, of those that are not NaN there."""
    if len(curves) == 1:
        return curves[0]
    plain = np.asarray(np.sum(curves, axis=0) / len(curves), dtype=np.float32)
    if np.isfinite(plain).all():
        return plain
    known = np.sum([np.isfinite(curve) for curve in curves], axis=0)
    total = np.sum([np.nan_to_num(curve) for curve in curves], axis=0)
    return np.where(known > 0, total / np.maximum(known, 1), np.nan).astype(np.float32)


def _last_samples(waveform: Waveform, n_samples: int) -> Waveform:
    """Return the last samples of a record; the same object where it has no more."""
    first = waveform.n_samples - n_samples
    if first <= 0:
        return waveform
    return replace(
        waveform,
        start=waveform.time_at(first),
        samples=waveform.samples[:, first:],
        gaps=tuple((max(a - first, 0), b - first) for a, b in waveform.gaps if b > first),
    )


def _silence_gaps(
    probability: NDArray[np.float32], waveform: Waveform, first_shown: int = 0
) -> None:
    """Set curves that begin with a sample of the waveform to zero in its gaps and near them."""
    margin = round(0.5 * waveform.sampling_rate_hz)
    for first, past_last in waveform.gaps:
        begin, end = first - margin - first_shown, past_last + margin - first_shown
        probability[:, max(0, begin) : max(0, end)] = 0.0
