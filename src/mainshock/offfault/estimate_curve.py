"""A curve of two numbers that fits a model's estimates to windows of one laboratory.

A few dozen windows cannot teach a network more than they make it forget; the level of its estimates
they can. The curve never falls, so it keeps the order of windows.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.core.files import replacing
from mainshock.offfault.base import LARGEST_EFFICIENCY, Efficiency, EfficiencyModel
from mainshock.offfault.network_efficiency import Calibration
from mainshock.offfault.stored import DEFAULT_FOLDER, default_model

__all__ = [
    "CurvedEfficiency",
    "EstimateCurve",
    "fit_curve",
    "has_curve",
    "left_out",
    "open_curved",
    "write_curved",
]

FloatArray = NDArray[np.float64]

_FILE, _FORMAT = "curve.json", 1
# how strongly both numbers are drawn to nothing, in squared errors of KE summed over windows
_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
_LEAST_SLOPE = -0.9


@dataclass(frozen=True, slots=True)
class EstimateCurve:
    """``KE + slope * KE + bend * KE (1 - KE)``, within 0 to 1; zeros change nothing."""

    slope: float = 0.0
    bend: float = 0.0

    def __call__(self, ke: FloatArray) -> FloatArray:
        """Return estimates on the level of the windows that the curve was fitted to."""
        curved = ke + self.slope * ke + self.bend * ke * (1.0 - ke)
        return np.asarray(np.clip(curved, 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class CurvedEfficiency:
    """A model whose estimates go through a curve, with intervals of its own.

    Parameters
    ----------
    model
        Any model of efficiency that states an SD.
    curve
        What its estimates go through.
    calibration
        On windows whose frame the curve was not fitted to; in units of the model's SD.
    """

    model: EfficiencyModel
    curve: EstimateCurve
    calibration: Calibration

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``, 0 or 1."""
        plain = self.model.predict(maps)
        output = np.stack([self.curve(plain.ke), np.log(plain.sd)], axis=1)
        found = self.calibration.efficiency(output)
        return replace(
            found,
            hi90=np.minimum(found.hi90, LARGEST_EFFICIENCY),
            epistemic_sd=plain.epistemic_sd * self.calibration.sd_scale,
        )


def left_out(groups: NDArray[np.str_]) -> Iterator[NDArray[np.bool_]]:
    """Yield which windows are of each group, group by group."""
    for name in np.unique(groups):
        yield groups == name


def fit_curve(estimate: FloatArray, ke: FloatArray, groups: NDArray[np.str_]) -> EstimateCurve:
    """Return the curve from estimates to labels, by ridge regression drawn to no change.

    Parameters
    ----------
    estimate, ke
        What a model said, and the labels; shape ``(n,)``.
    groups
        What must be left out together: of eight penalties the one counts whose curves miss the
        groups left out by least.

    Raises
    ------
    DataError
        If there is no window.
    """
    if estimate.size == 0:
        raise DataError("0 windows to fit a curve to; give at least 1, better 20")
    if np.unique(groups).size < 2:
        return _ridge(estimate, ke, _PENALTIES[-1])
    missed = [_left_out_error(estimate, ke, groups, penalty) for penalty in _PENALTIES]
    return _ridge(estimate, ke, _PENALTIES[int(np.argmin(missed))])


def _left_out_error(
    estimate: FloatArray, ke: FloatArray, groups: NDArray[np.str_], penalty: float
) -> float:
    total = 0.0
    for is_out in left_out(groups):
        curve = _ridge(estimate[~is_out], ke[~is_out], penalty)
        total += float(np.abs(curve(estimate[is_out]) - ke[is_out]).sum())
    return total


def _ridge(estimate: FloatArray, ke: FloatArray, penalty: float) -> EstimateCurve:
    terms = np.stack([estimate, estimate * (1.0 - estimate)], axis=1)
    slope, bend = np.linalg.solve(terms.T @ terms + penalty * np.eye(2), terms.T @ (ke - estimate))
    slope = max(float(slope), _LEAST_SLOPE)
    # so that it never falls between 0 and 1
    return EstimateCurve(slope, float(np.clip(bend, -(1.0 + slope), 1.0 + slope)))


def write_curved(
    folder: Path, curve: EstimateCurve, calibration: Calibration, how: dict[str, Any]
) -> None:
    """Write a curve for the packaged model, with how it came about."""
    stored = {
        "format": _FORMAT,
        "kind": "offfault-curve",
        "model": "default",
        "files": _packaged_files(),
        "curve": asdict(curve),
        "calibration": asdict(calibration),
        "fine_tuning": how,
    }
    with replacing(folder / _FILE) as partial:
        partial.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def has_curve(folder: Path) -> bool:
    """Tell whether a folder holds a curve for the packaged model."""
    return (folder / _FILE).is_file()


def open_curved(folder: Path) -> CurvedEfficiency:
    """Return the packaged model with the curve in a folder.

    Raises
    ------
    ModelError
        If there is none, it is damaged, or it was fitted to another version of the packaged model.
    """
    path = folder / _FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if (stored["format"], stored["kind"]) != (_FORMAT, "offfault-curve"):
            raise ValueError(f"kind {stored['kind']!r}, format {stored['format']!r}")
        curve = EstimateCurve(**stored["curve"])
        calibration = Calibration(**stored["calibration"])
        files = stored["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} holds no curve ({error!r}); make one by "
            "`mainshock offfault train --from default`"
        ) from error
    if files != _packaged_files():
        raise ModelError(
            f"{path} was fitted to another version of the packaged model; fit it again by "
            "`mainshock offfault train --from default`"
        )
    return CurvedEfficiency(default_model(), curve, calibration)


def _packaged_files() -> dict[str, str]:
    from mainshock.learn.models import load_manifest  # noqa: PLC0415 - only on use

    return dict(load_manifest(DEFAULT_FOLDER).files)
