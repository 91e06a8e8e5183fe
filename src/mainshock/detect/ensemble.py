"""The ensemble picker: EQTransformer and PhaseNet asked together.

The logits of the members' curves are added with weights that were fitted by logistic regression,
so that the result is a calibrated probability; a member that adds nothing gets little weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, UnreachableError
from mainshock.core.records import PHASES, Pick, Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.network import NetworkPicker, with_threshold
from mainshock.detect.peaks import PeakRule, curve_picks
from mainshock.detect.refine import refine_onsets
from mainshock.learn.models import find_model, load_manifest

__all__ = ["EnsemblePicker", "open_ensemble"]

FLOOR = 1e-3
"""Outputs are clipped to this and to one minus this before the logit is taken."""


@dataclass(slots=True)
class EnsemblePicker:
    """Combines the curves of several networks into one calibrated curve for each phase.

    Parameters
    ----------
    members
        The networks, all at one sampling rate.
    settings
        ``weights``: phase to ``intercept`` and ``slopes``, one a member; ``rules``: phase to the
        fields of ``PeakRule``.
    p_threshold, s_threshold
        Smallest probability of a pick, 0 to 1; by default that of the rules.
    """

    members: Sequence[NetworkPicker]
    settings: dict[str, Any]
    name: str = "ensemble"
    p_threshold: float | None = None
    s_threshold: float | None = None
    _rules: dict[str, PeakRule] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for phase in PHASES:
            slopes = self.settings["weights"][phase]["slopes"]
            if len(slopes) != len(self.members):
                raise ModelError(
                    f"the ensemble has {len(self.members)} members and {len(slopes)} weights for "
                    f"{phase}; fit it again"
                )
        thresholds = {"P": self.p_threshold, "S": self.s_threshold}
        rules = self.settings["rules"]
        self._rules = {phase: with_threshold(rules[phase], thresholds[phase]) for phase in PHASES}

    @property
    def window_s(self) -> float:
        """Length of record that the widest member sees at once, in seconds."""
        return max(member.window_s for member in self.members)

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        """Return the probability of P and S over the whole waveform."""
        curves = [member.annotate(waveform) for member in self.members]
        combined = np.stack(
            [
                _combined([curve.probability[row] for curve in curves], self.settings, phase)
                for row, phase in enumerate(PHASES)
            ]
        )
        # where a member is silenced, by a gap, all are
        combined[:, np.all([curve.probability == 0.0 for curve in curves], axis=(0, 1))] = 0.0
        return ProbabilityCurves(curves[0].start, curves[0].sampling_rate_hz, PHASES, combined)

    def classify(self, waveform: Waveform) -> list[Pick]:
        """Return the picks in the waveform in order of time."""
        return self.peaks(waveform, self._rules)

    def peaks(self, waveform: Waveform, rules: dict[str, PeakRule]) -> list[Pick]:
        """Return the picks by other rules than the picker's own, in order of time."""
        return curve_picks(self.annotate(waveform), waveform, rules, self.name, refine_onsets)


def _combined(
    curves: Sequence[NDArray[np.float32]], settings: dict[str, Any], phase: str
) -> NDArray[np.float32]:
    weights = settings["weights"][phase]
    total = np.full(curves[0].shape, float(weights["intercept"]), dtype=np.float32)
    for slope, curve in zip(weights["slopes"], curves, strict=True):
        clipped = np.clip(curve, FLOOR, 1.0 - FLOOR)
        total += np.float32(slope) * np.log(clipped / (1.0 - clipped))
    return np.asarray(1.0 / (1.0 + np.exp(-total)), dtype=np.float32)


def open_ensemble(
    model_dir: Path | None = None,
    p_threshold: float | None = None,
    s_threshold: float | None = None,
) -> EnsemblePicker:
    """Return the packaged ensemble, or the one of a folder, with its members from the model store.

    Raises
    ------
    UnreachableError
        If a member must be added first.
    """
    folder = model_dir or Path(str(files("mainshock.detect"))) / "models" / "ensemble"
    settings = dict(load_manifest(folder).settings)
    members = []
    for name in settings["members"]:
        try:
            members.append(NetworkPicker(model_dir=find_model(name)))
        except UnreachableError as error:
            raise UnreachableError(f"the ensemble asks several networks, and {error}") from error
    return EnsemblePicker(members, settings, p_threshold=p_threshold, s_threshold=s_threshold)
