"""The packaged model: several networks trained on made-up runs alone, as one ONNX file."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.learn.models import load_manifest
from mainshock.learn.onnx_session import open_session
from mainshock.offfault.base import LARGEST_EFFICIENCY, Efficiency
from mainshock.offfault.descriptor_trees import DESCRIPTORS, ESTIMATES, said_by_trees
from mainshock.offfault.descriptors import descriptors
from mainshock.offfault.exported_network import INPUT, OUTPUT
from mainshock.offfault.network_efficiency import Calibration, with_lines
from mainshock.offfault.windows import check_maps

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["DEFAULT_FOLDER", "EnsembleEfficiency", "default_model", "mixture", "open_ensemble"]

DEFAULT_FOLDER = Path(str(files("mainshock.offfault"))) / "models" / "efficiency"
NETWORK = "networks.onnx"
TREES = "trees.onnx"
START = "start"  # run folder of one of the networks: fine-tuning goes on from it
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleEfficiency:
    """Networks whose estimates are averaged, and whose disagreement is counted.

    Parameters
    ----------
    session
        Takes maps ``(n, 1, 128, 64)`` and returns ``(n, n_members, 2)``: KE and the logarithm of
        its standard deviation.
    trees
        Boosted trees on the descriptors of the maps, see
        :mod:`mainshock.offfault.descriptor_trees`.
    calibration
        Of the mixture, on runs that no network was trained on.
    line_px
        Thickness at which lines are drawn anew before the networks see them.
    """

    session: "InferenceSession"
    trees: "InferenceSession"
    calibration: Calibration
    line_px: int

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``, 0 or 1."""
        check_maps(maps)
        output, epistemic = mixture(self.members(maps))
        found = self.calibration.efficiency(output)
        return replace(
            found,
            ke=np.clip(found.ke, 0.0, 1.0),
            hi90=np.minimum(found.hi90, LARGEST_EFFICIENCY),
            epistemic_sd=epistemic * self.calibration.sd_scale,
        )

    def members(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what each network says of each map, ``(n, n_members, 2)``."""
        maps = with_lines(maps, self.line_px)
        starts = range(0, max(1, len(maps)), _BATCH)
        return np.concatenate([self._said(maps[i : i + _BATCH]) for i in starts])

    def _said(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        drawn = maps[:, None].astype(np.float32)
        described = descriptors(maps).astype(np.float32)
        parts = [
            self.session.run([OUTPUT], {INPUT: drawn})[0],
            said_by_trees(self.trees.run([ESTIMATES], {DESCRIPTORS: described})[0]),
        ]
        return np.concatenate(parts, axis=1)


def mixture(
    members: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and logarithm of the standard deviation, ``(n, 2)``, and the epistemic part.

    Parameters
    ----------
    members
        Shape ``(n, n_members, 2)``: KE and the logarithm of its standard deviation.
    """
    ke, log_sd = members[..., 0].astype(np.float64), members[..., 1].astype(np.float64)
    epistemic = ke.std(axis=1)
    variance = np.exp(2.0 * log_sd).mean(axis=1) + epistemic**2
    return np.stack([ke.mean(axis=1), 0.5 * np.log(variance)], axis=1), epistemic


def open_ensemble(folder: Path) -> EnsembleEfficiency:
    """Return the networks in a model folder.

    Raises
    ------
    ModelError
        If the folder holds no such model.
    """
    settings = load_manifest(folder).settings
    try:
        calibration = Calibration(float(settings["sd_scale"]), float(settings["quantile90"]))
        line_px = int(settings["line_px"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder} does not say how its networks are used: {error!r}") from error
    by_map, by_descriptors = (
        open_session(folder / NETWORK),
        open_session(folder / TREES),
    )
    return EnsembleEfficiency(by_map, by_descriptors, calibration, line_px)


def default_model() -> EnsembleEfficiency:
    """Return the packaged model."""
    return open_ensemble(DEFAULT_FOLDER)
