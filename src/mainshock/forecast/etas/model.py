"""A fitted space-time ETAS model."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["SpaceTimeEtas"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SpaceTimeEtas:
    """A fitted space-time ETAS model: intensity, integral, simulation.

    Parameters
    ----------
    info
        What it is.
    parameters
        Of the background rate and the triggering kernel.
    background
        Density of background events over the region; None where it is uniform.
    completeness
        What part of the events is seen after large ones; None where all are taken as seen.
    covariance
        Of the transformed parameters.
    """

    info: ModelInfo
    parameters: EtasParameters
    background: SmoothedPlaces | None
    completeness: ShortTermCompleteness | None
    covariance: FloatArray

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: yes."""
        return True

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at each target, events a day and km^2, shape ``(n_targets,)``."""
        raise NotImplementedError

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the intensity integrated over the region and a window."""
        raise NotImplementedError

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it."""
        from mainshock.forecast.etas.simulation import simulate  # noqa: PLC0415 - it imports this

        return simulate(self, history, start_days, days, n, seed)

    def save(self, folder: Path) -> None:
        """Write all that ``open`` needs besides ``info`` into a folder."""
        raise NotImplementedError
