"""Turns what a network says of maps into efficiency with a calibrated interval; needs no torch."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.base import LOG_SD_RANGE, Efficiency
from mainshock.offfault.conformal import residual_quantile
from mainshock.offfault.windows import check_maps

__all__ = ["Calibration", "NetworkEfficiency", "with_lines"]

FloatArray = NDArray[np.float64]
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_BATCH = 256  # windows at a time, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far estimates were off on windows that the network was not trained on.

    Parameters
    ----------
    sd_scale
        Root mean square of residuals, in units of the width that the network states; in KE where it
        states none.
    quantile90
        Bound of the absolute residual that holds for nine of ten windows, in the same unit: split
        conformal, so the interval covers as promised on windows like those.
    """

    sd_scale: float
    quantile90: float

    @classmethod
    def of(cls, output: NDArray[np.floating], ke: FloatArray) -> "Calibration":
        """Return the calibration on labelled windows.

        Parameters
        ----------
        output
            Of the network, ``(n, 1)`` or ``(n, 2)``.
        ke
            Labels, ``(n,)``.

        Raises
        ------
        DataError
            If there is no window.
        """
        if len(ke) == 0:
            raise DataError("0 windows to calibrate intervals on; give at least 1, better 100")
        estimate, width = _estimate_and_width(output)
        residual = np.abs(ke - estimate) / width
        return cls(
            sd_scale=float(np.sqrt(np.mean(residual**2))),
            quantile90=residual_quantile(residual),
        )

    def efficiency(self, output: NDArray[np.floating]) -> Efficiency:
        """Return the efficiency that an output, ``(n, 1)`` or ``(n, 2)``, stands for."""
        ke, width = _estimate_and_width(output)
        half = self.quantile90 * width
        return Efficiency(
            ke=ke,
            sd=self.sd_scale * width,
            lo90=np.maximum(ke - half, 0.0),
            hi90=ke + half,
            epistemic_sd=np.zeros(ke.size),
        )

    @classmethod
    def unknown(cls) -> "Calibration":
        """Return a calibration that makes SD and interval NaN."""
        return cls(float("nan"), float("nan"))


@dataclass(frozen=True, slots=True, eq=False)
class NetworkEfficiency:
    """A network that estimates kinematic efficiency from maps alone.

    Parameters
    ----------
    run
        Takes maps ``(n, 1, 128, 64)`` as float32 and returns ``(n, 1)``: KE, or ``(n, 2)``: KE and
        the logarithm of its standard deviation.
    calibration
        What its intervals rest on.
    line_px
        Thickness at which lines are drawn anew before the network sees them; None: as they are.
    """

    run: Run
    calibration: Calibration
    line_px: int | None = None

    def output(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the network says, ``(n, 1)`` or ``(n, 2)``, computed batch by batch."""
        check_maps(maps)
        maps = with_lines(maps, self.line_px)
        starts = range(0, max(len(maps), 1), _BATCH)
        parts = [self.run(maps[i : i + _BATCH, None].astype(np.float32)) for i in starts]
        return np.concatenate(parts)

    def calibrated(self, maps: NDArray[np.uint8], ke: FloatArray) -> "NetworkEfficiency":
        """Return the same network with intervals calibrated on these windows."""
        return replace(self, calibration=Calibration.of(self.output(maps), ke))

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``, 0 or 1."""
        return self.calibration.efficiency(self.output(maps))


def with_lines(maps: NDArray[np.uint8], line_px: int | None) -> NDArray[np.uint8]:
    """Return maps with all lines at one thickness, or as they are where none is given."""
    if line_px is None or len(maps) == 0:
        return maps
    from mainshock.offfault.raster import normalise_thickness  # noqa: PLC0415 - loads skimage

    return normalise_thickness(maps, line_px)


def _estimate_and_width(output: NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Return KE and the width stated with it, 1 where none is."""
    if output.ndim != 2 or output.shape[1] not in (1, 2):
        raise DataError(f"a network of efficiency returned shape {output.shape}, not (n, 1 or 2)")
    ke = output[:, 0].astype(np.float64)
    if output.shape[1] == 1:
        return ke, np.ones(ke.size)
    return ke, np.exp(np.clip(output[:, 1].astype(np.float64), *LOG_SD_RANGE))
