"""Opens pickers for live work, and says whether one can take the place of another."""

from dataclasses import dataclass

import numpy as np

from mainshock.core.errors import MainshockError, ModelError
from mainshock.core.records import PHASES, Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.base import Picker
from mainshock.learn.models import load_manifest
from mainshock.stream.model_choice.settings import PickerSpec
from mainshock.stream.monitoring.process_metrics import picker_version
from mainshock.stream.picking.instrument import ChunkPlan

__all__ = ["OpenedPicker", "open_spec", "require_fit"]

_RATE_HZ = 100.0
_LONGEST_WINDOW_S = 600.0  # minutes of each station's record are kept in memory for it
_START = parse_utc("2000-01-01")


@dataclass(frozen=True, slots=True, eq=False)
class OpenedPicker:
    """A picker that is ready, with what it was opened by.

    Parameters
    ----------
    spec
        What was asked for.
    picker
        What it opened.
    version
        Of its manifest, or of this package.
    """

    spec: PickerSpec
    picker: Picker
    version: str

    @property
    def name(self) -> str:
        """What its picks state as their model."""
        return self.picker.name

    def is_same(self, other: "OpenedPicker") -> bool:
        """Return whether another one would find the same."""
        thresholds = [(one.spec.p_threshold, one.spec.s_threshold) for one in (self, other)]
        same_name = (self.name, self.version) == (other.name, other.version)
        return same_name and thresholds[0] == thresholds[1]


def open_spec(spec: PickerSpec) -> OpenedPicker:
    """Return the picker that settings name.

    Raises
    ------
    MainshockError
        If there is none of that name, its files are missing or damaged, or it has no thresholds.
    """
    from mainshock.detect.registry import open_picker  # noqa: PLC0415 - loads the picker

    picker = open_picker(spec.model, p_threshold=spec.p_threshold, s_threshold=spec.s_threshold)
    folder = getattr(picker, "model_dir", None)  # networks have one
    version = picker_version(picker.name) if folder is None else load_manifest(folder).version
    return OpenedPicker(spec, picker, version)


def require_fit(candidate: Picker, in_use: Picker) -> None:
    """Require that a picker can take the place of another one while records come in.

    Both pick a made-up record of noise, which loads what they need besides.

    Raises
    ------
    ModelError
        If it fails over that record, tells other phases than P and S, looks at another sampling
        rate, or at windows too long.
    """
    plan = ChunkPlan.of(candidate)
    if plan.length_s > _LONGEST_WINDOW_S:
        raise ModelError(
            f"{candidate.name} needs {plan.length_s:g} s of record at once; live picking keeps at "
            f"most {_LONGEST_WINDOW_S:g} s: choose a model with shorter windows"
        )
    rate_hz, phases = _tried(candidate)
    lacking = [phase for phase in PHASES if phase not in phases]
    if lacking:
        raise ModelError(
            f"{candidate.name} does not tell {' or '.join(lacking)} (only {', '.join(phases)}); "
            "live picking needs P and S: choose another model"
        )
    own_hz, _ = _tried(in_use)
    if abs(rate_hz / own_hz - 1.0) > 1e-3:
        raise ModelError(
            f"{candidate.name} looks at {rate_hz:g} samples a second, {in_use.name} at "
            f"{own_hz:g}: they cannot be exchanged while records come in; start anew with "
            f"--model {candidate.name}"
        )


def _tried(picker: Picker) -> tuple[float, tuple[str, ...]]:
    """Return sampling rate and phases of the curves that a picker draws of noise."""
    n_samples = round(ChunkPlan.of(picker).length_s * _RATE_HZ)
    noise = np.random.default_rng(0).normal(0.0, 100.0, (3, n_samples)).astype(np.float32)
    record = Waveform("XX", "TRIAL", "", "HH", _START, _RATE_HZ, noise)
    try:
        curves = picker.annotate(record)
        picker.classify(record)
        if hasattr(picker, "latest_curves"):
            picker.latest_curves([record])
    except MainshockError:
        raise
    except Exception as error:  # whatever a damaged model raises
        raise ModelError(
            f"{picker.name} fails over a record of noise: {error!r}; run `mainshock models verify`"
        ) from error
    return curves.sampling_rate_hz, tuple(curves.phases)
