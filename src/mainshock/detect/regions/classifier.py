"""Runs a region classifier on records, with ONNX Runtime and without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.detect.regions.cluster import RegionClusters
from mainshock.detect.regions.features import Measured, measure
from mainshock.detect.regions.labels import RegionScheme
from mainshock.detect.regions.sampling import joint_normalised
from mainshock.detect.windowing import stack_windows, window_starts
from mainshock.learn.models import load_manifest
from mainshock.learn.onnx_session import open_session
from mainshock.signal.characteristic import recursive_sta_lta
from mainshock.signal.filters import bandpass

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = [
    "TASK",
    "RegionClassifier",
    "event_probability",
    "original_window",
    "scaled_window",
    "strongest_onset",
    "tempered",
]

FloatArray = NDArray[np.float64]
Samples = NDArray[np.float32]
TASK = "regions"
_BATCH = 16
_LEAD_S = 2.0


def tempered(logits: FloatArray, temperature: float) -> FloatArray:
    """Return probabilities from logits of shape ``(n, k)`` divided by a temperature."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    weight = np.exp(scaled)
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True), dtype=np.float64)


class RegionClassifier:
    """A trained region model, ready to be asked.

    Parameters
    ----------
    folder
        Model folder with ``manifest.json`` and the files it lists.

    Attributes
    ----------
    scheme
        The regions.
    settings
        What the manifest states for inference.

    Raises
    ------
    ModelError
        If the folder holds no region model, or a file is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.manifest = load_manifest(self.folder)
        if self.manifest.task != TASK:
            raise ModelError(
                f"{self.folder} is a model for {self.manifest.task!r}, not for {TASK!r}; train "
                "one with `mainshock detect regions train`"
            )
        self.settings: dict[str, Any] = dict(self.manifest.settings)
        self.head = str(self.settings["head"])
        self.rate_hz = float(self.settings["sampling_rate_hz"])
        self.window_samples = int(self.settings["window_samples"])
        self.scheme = self._scheme()
        self._network = open_session(self.folder / "model.onnx")
        self._heads: dict[str, InferenceSession] = {}
        if self.head == "improved":
            for name in ("regions", "polarisation"):
                self._heads[name] = open_session(self.folder / f"{name}.onnx")

    def _scheme(self) -> RegionScheme:
        path = self.folder / "clusters.json"
        clusters = RegionClusters.from_json(path) if path.is_file() else None
        names = tuple(str(name) for name in self.settings["regions"])
        return RegionScheme(names, clusters, self.settings.get("label_column"))

    @property
    def n_regions(self) -> int:
        """Number of regions K."""
        return len(self.scheme)

    def curves(self, samples: Samples) -> Samples:
        """Return the probability of P and S along a record, shape ``(2, n)`` (head improved)."""
        n = self.window_samples
        starts = window_starts(samples.shape[1], n, 0.5)
        blocks = []
        for first in range(0, len(starts), _BATCH):
            windows = np.zeros((len(starts[first : first + _BATCH]), 3, n), dtype=np.float32)
            for window, start in zip(windows, starts[first : first + _BATCH], strict=True):
                piece = samples[:, start : start + n]
                window[:, : piece.shape[1]] = joint_normalised(piece)
            blocks.append(self._network.run(None, {"window": windows})[0][:, :2])
        return stack_windows(np.concatenate(blocks), starts, samples.shape[1])

    def measured(self, samples: Samples) -> Measured:
        """Return what a record shows at its most probable P (head improved)."""
        return measure(samples, self.curves(samples), self.rate_hz)

    def probabilities(self, records: list[Samples]) -> FloatArray:
        """Return noise and regions of each record, shape ``(n, K + 1)``, noise first.

        Parameters
        ----------
        records
            Each of shape ``(3, n)`` at ``rate_hz``, Z, N, E, any unit; one event or none in each.

        Raises
        ------
        DataError
            If there is none.
        """
        if not records:
            raise DataError("there is no record to classify; give at least one")
        if self.head == "improved":
            return self.from_measured(np.stack([self.measured(one).values for one in records]))
        legacy = bool(self.settings["legacy_normalisation"])
        peaks = np.max([np.abs(one).max(axis=1) for one in records], axis=0) if legacy else None
        return self.from_windows(
            np.stack([original_window(one, self.rate_hz, self.window_samples, peaks)
                      for one in records])
        )  # fmt: skip

    def from_windows(self, windows: Samples) -> FloatArray:
        """Return probabilities of windows that are cut and scaled already (head original)."""
        logits = np.concatenate([
            self._network.run(None, {"window": windows[first : first + 256]})[0]
            for first in range(0, len(windows), 256)
        ])  # fmt: skip
        return tempered(logits.astype(np.float64), float(self.settings["temperature"]))

    def from_measured(self, values: FloatArray, head: str = "regions") -> FloatArray:
        """Return probabilities from measurements of shape ``(n, n_features)``.

        Parameters
        ----------
        head
            ``"regions"``, or ``"polarisation"`` for the baseline that sees the direction alone.
        """
        logits = self._heads[head].run(None, {"measured": values.astype(np.float32)})[0]
        regions = tempered(logits.astype(np.float64), float(self.settings["temperature"][head]))
        event = event_probability(values, np.asarray(self.settings["event_coefficients"]))
        return np.column_stack([1.0 - event, event[:, None] * regions])


def event_probability(values: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return how probable an event is, from the logits of P and S: a logistic function."""
    score = coefficients[0] + values[:, :2] @ coefficients[1:]
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))


def strongest_onset(samples: Samples, rate_hz: float) -> int:
    """Return the sample at which the vertical rises most, by STA/LTA (0.5 s and 8 s, 1-8 Hz)."""
    centred = samples[:1].astype(np.float64)
    centred = centred - centred.mean()
    filtered = bandpass(centred, rate_hz, 1.0, min(8.0, 0.4 * rate_hz), 2)
    ratio = recursive_sta_lta(np.asarray(filtered), rate_hz, 0.5, 8.0)
    return int(np.argmax(ratio))


def original_window(
    samples: Samples, rate_hz: float, n_window: int, peaks: Samples | None = None
) -> Samples:
    """Return the window of the published network, shape ``(3, n_window)``.

    A longer record is cut from 2 s before its strongest onset on; a shorter one gets zeros.

    Parameters
    ----------
    peaks
        Largest amplitude of each component in the whole stream, shape ``(3,)``: the reference's
        scaling. By default the window is divided by its own largest amplitude.
    """
    first = 0
    if samples.shape[1] > 1.2 * n_window:
        first = max(0, strongest_onset(samples, rate_hz) - round(_LEAD_S * rate_hz))
        first = min(first, samples.shape[1] - n_window)
    return scaled_window(samples[:, first : first + n_window], n_window, peaks)


def scaled_window(piece: Samples, n_window: int, peaks: Samples | None) -> Samples:
    """Return a piece of record without its mean, scaled, with zeros up to the length."""
    window = np.zeros((3, n_window), dtype=np.float32)
    centred = piece - piece.mean(axis=1, keepdims=True)
    scale = np.abs(centred).max() if peaks is None else np.asarray(peaks)[:, None]
    window[:, : piece.shape[1]] = centred / np.where(scale > 0.0, scale, 1.0)
    return window
