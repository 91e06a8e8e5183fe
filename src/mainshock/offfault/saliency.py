"""Where in a fault map an estimate of kinematic efficiency comes from.

Three answers: integrated gradients share the estimate among pixels and sum up to it; Grad-CAM
shows what the last convolutions attend to; occlusion asks any model, by wiping out a patch.
All are signed: positive raises the efficiency.

References
----------
Sundararajan et al. (2017), https://doi.org/10.48550/arXiv.1703.01365;
Selvaraju et al. (2017), https://doi.org/10.1109/ICCV.2017.74;
Zeiler and Fergus (2014), https://doi.org/10.1007/978-3-319-10590-1_53
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError, ModelError, SettingsError
from mainshock.learn.integrated_gradients import captum_gradients
from mainshock.offfault.base import COLUMNS, ROWS, EfficiencyModel
from mainshock.offfault.windows import check_maps

if TYPE_CHECKING:
    import torch

__all__ = ["TOLERANCE", "Saliency", "grad_cam", "integrated_gradients", "occlusion"]

FloatArray = NDArray[np.float64]
Maps = NDArray[np.uint8]

TOLERANCE = 0.01
"""Completeness error up to which integrated gradients are taken as complete."""

_LEAST_DIFFERENCE = 0.01  # in KE; a smaller difference has no error relative to it
_STEPS = 32  # points in one piece of the way; more pieces, not more points, keep memory bounded
_MAX_PIECES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Saliency:
    """What each pixel of windows does to their estimate.

    Parameters
    ----------
    method
        ``integrated-gradients``, ``grad-cam`` or ``occlusion``.
    maps
        What the model saw, shape ``(n, 128, 64)``.
    attribution
        Positive raises the efficiency, shape ``(n, 128, 64)``. In KE; for Grad-CAM in units of its
        own, so that only sign and place mean something.
    ke, empty_ke
        Estimate of each window and of a map without faults, shape ``(n,)``.
    completeness_error
        Distance of the sum of attributions from ``ke - empty_ke``, as a share of it (or of 0.01
        where that is larger), shape ``(n,)``; NaN for methods that promise no sum.
    n_steps
        Points of the integral; 0 for the other methods.
    """

    method: str
    maps: Maps
    attribution: FloatArray
    ke: FloatArray
    empty_ke: FloatArray
    completeness_error: FloatArray
    n_steps: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all sums are within one per cent; False for methods that promise none."""
        return bool((self.completeness_error <= TOLERANCE).all())


def integrated_gradients(
    network: "torch.nn.Module", maps: Maps, *, max_pieces: int = _MAX_PIECES
) -> Saliency:
    """Return how much each pixel adds on the way from a map without faults.

    The way is cut into 1, 2, 4... pieces until the sum is within one per cent of the difference of
    estimates. Should ``max_pieces`` not be enough, ``completeness_error`` says so.

    Parameters
    ----------
    network
        Takes ``(n, 1, 128, 64)`` and returns ``(n, 1 or more)``, the first being the efficiency.
    maps
        As the network sees them, shape ``(n, 128, 64)``.
    max_pieces
        Most pieces; each has 32 points of a Gauss-Legendre rule.

    Raises
    ------
    MissingDependencyError
        If torch or captum is not installed.
    """
    check_maps(maps)
    if max_pieces < 1:
        raise SettingsError(f"max_pieces is {max_pieces}; give 1 or more")
    torch = _torch()
    flat = torch.nn.Sequential(torch.nn.Unflatten(1, (1, ROWS, COLUMNS)), network)
    contrast = np.eye(1, _outputs(network))[0]
    parts = [_integrated(flat, one, contrast, max_pieces) for one in maps.reshape(len(maps), -1)]
    shares, ends, errors, pieces = zip(*parts, strict=True) if parts else ((), (), (), ())
    ke = np.array(ends, dtype=np.float64).reshape(-1, 2)
    return Saliency(
        "integrated-gradients", maps, np.array(shares).reshape(maps.shape), ke[:, 1], ke[:, 0],
        np.array(errors, dtype=np.float64), _STEPS * max(pieces, default=0),
    )  # fmt: skip


def _integrated(
    network: "torch.nn.Module", values: Maps, contrast: FloatArray, max_pieces: int
) -> tuple[FloatArray, tuple[float, float], float, int]:
    """Return the shares of one map, its ends, the completeness error and the pieces needed."""
    n_pieces = 1
    while True:
        total = np.zeros(values.size)
        corners = np.linspace(0.0, 1.0, n_pieces + 1)
        ends = []
        for start, end in pairwise(corners):
            piece = captum_gradients(
                network, end * values[None].astype(np.float64), contrast,
                baseline=start * values.astype(np.float64), n_steps=_STEPS,
            )  # fmt: skip
            total += piece.inputs[0]
            ends.append((float(piece.baseline_output[0]), float(piece.output[0])))
        first, last = ends[0][0], ends[-1][1]
        error = abs(total.sum() - (last - first)) / max(abs(last - first), _LEAST_DIFFERENCE)
        if error <= TOLERANCE or 2 * n_pieces > max_pieces:
            return total, (first, last), float(error), n_pieces
        n_pieces *= 2


def grad_cam(network: "torch.nn.Module", maps: Maps) -> Saliency:
    """Return what the last convolution over rows and columns attends to.

    Each of its channels is weighted by the mean gradient of the efficiency. The usual cut at zero
    is left out: in a regression what lowers the estimate matters as much.

    Parameters
    ----------
    network, maps
        As for :func:`integrated_gradients`.

    Raises
    ------
    ModelError
        If the network has no convolution over rows and columns.
    MissingDependencyError
        If torch is not installed.
    """
    check_maps(maps)
    torch = _torch()
    layers = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    if not layers:
        raise ModelError("the network has no Conv2d, so Grad-CAM has nothing to show; occlude")
    kept: list[Any] = []  # a tensor; torch may be missing
    hook = layers[-1].register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    network.eval()
    try:
        ke = network(torch.as_tensor(maps[:, None], dtype=torch.float32))[:, 0]
        empty = network(torch.zeros(1, 1, ROWS, COLUMNS))[0, 0]
    finally:
        hook.remove()
    (gradient,) = torch.autograd.grad(ke.sum(), kept[0])
    seen = (gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1, keepdim=True)
    full = torch.nn.functional.interpolate(
        seen, (ROWS, COLUMNS), mode="bilinear", align_corners=False
    )
    estimate = ke.detach().double().numpy()
    return Saliency(
        "grad-cam", maps, full[:, 0].detach().double().numpy(), estimate,
        np.full(len(maps), float(empty.detach())), np.full(len(maps), np.nan),
    )  # fmt: skip


def occlusion(
    model: EfficiencyModel, maps: Maps, *, patch_px: int = 8, stride_px: int = 4
) -> Saliency:
    """Return how much the estimate falls when a patch of the map is wiped out.

    Works with every model of efficiency and needs no torch.

    Parameters
    ----------
    model
        Estimates efficiency.
    maps
        Shape ``(n, 128, 64)``.
    patch_px, stride_px
        Side of the square patch and the distance of neighbouring ones; a pixel gets the mean over
        the patches that cover it. Patches without a fault change nothing and are not tried.

    Raises
    ------
    SettingsError
        If the patch is larger than a window or the stride leaves pixels out.
    """
    check_maps(maps)
    if not 1 <= stride_px <= patch_px <= COLUMNS:
        raise SettingsError(
            f"patch_px is {patch_px} and stride_px {stride_px}; give 1 <= stride <= patch <= "
            f"{COLUMNS}"
        )
    ke = model.predict(maps).ke
    parts = [
        _occluded(model, one, float(value), patch_px, stride_px)
        for one, value in zip(maps, ke, strict=True)
    ]
    empty = float(model.predict(np.zeros((1, ROWS, COLUMNS), dtype=np.uint8)).ke[0])
    return Saliency(
        "occlusion", maps, np.array(parts).reshape(maps.shape), ke, np.full(len(maps), empty),
        np.full(len(maps), np.nan),
    )  # fmt: skip


def _occluded(
    model: EfficiencyModel, fault: Maps, ke: float, patch: int, stride: int
) -> FloatArray:
    """Return the mean fall of the estimate over the patches that cover each pixel."""
    corners = [
        (row, column)
        for row in _starts(ROWS, patch, stride)
        for column in _starts(COLUMNS, patch, stride)
    ]
    total, times = np.zeros(fault.shape), np.zeros(fault.shape)
    tried, places = [], []
    for row, column in corners:
        place = np.s_[row : row + patch, column : column + patch]
        times[place] += 1.0
        if fault[place].any():
            wiped = fault.copy()
            wiped[place] = 0
            tried.append(wiped)
            places.append(place)
    if tried:
        for place, value in zip(places, model.predict(np.stack(tried)).ke, strict=True):
            total[place] += ke - value
    return total / times


def _starts(size: int, patch: int, stride: int) -> list[int]:
    """Return where patches begin, the last one at the end."""
    return sorted({*range(0, size - patch + 1, stride), size - patch})


def _outputs(network: "torch.nn.Module") -> int:
    torch = _torch()
    network.eval()
    with torch.no_grad():
        return int(network(torch.zeros(1, 1, ROWS, COLUMNS)).shape[1])


def _torch() -> Any:  # the module, which has no type
    try:
        import torch  # noqa: PLC0415 - only in the extra `train`
    except ImportError as error:
        raise MissingDependencyError(
            f"gradients of a network need torch: {error}; pip install 'mainshock[train]', or use "
            "occlusion"
        ) from error
    return torch
