"""Why a network picked: which samples of the record speak for a pick, and which against it.

Integrated gradients share the difference between what a network says of a window and what it
says of silence among the samples of the window. Nothing is lost: the shares add up to that
difference, and how well they do is reported with every explanation. They are computed here in a
few lines of torch, so that no package for explanations is needed beside the extra `train`.

The baseline is silence, a record of zeros. Samples that are zero themselves therefore get nothing,
although the quiet before an onset may matter to a network, and large samples tend to get more than
small ones. Between baseline and window the network sees the record at smaller amplitudes than it
was trained on. Attributions say what this network used, not what is physically there.

References
----------
Sundararajan et al. (2017), https://doi.org/10.48550/arXiv.1703.01365
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, MissingDependencyError, SettingsError
from mainshock.core.records import COMPONENTS, PHASES, Pick, Waveform
from mainshock.detect.base import Picker
from mainshock.detect.ensemble import EnsemblePicker
from mainshock.detect.network import NetworkPicker
from mainshock.detect.windowing import normalise_windows
from mainshock.signal.resample import resample_waveform

if TYPE_CHECKING:
    import torch

    from mainshock.detect.converted.interface import PickerNetwork

__all__ = [
    "PickExplanation",
    "attribution_summary",
    "explain_pick",
    "integrated_gradients",
    "require_network",
]

HALF_WIDTH_S = 0.1
"""The curve is averaged over this long on either side of the pick, which may lie beside its peak:
a constant lateness is subtracted from picks, and an onset may have moved them."""
N_STEPS = 200
EDGES_S = (-2.0, -0.5, 0.0, 0.5, 2.0)
"""Where the summary divides the time around a pick, in seconds from it."""
_BATCH = 10
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PickExplanation:
    """How much each sample of a window counts for one pick.

    Parameters
    ----------
    pick
        What is explained.
    start
        Time of the first sample of the window, UTC.
    sampling_rate_hz
        Rate of all arrays here: the network's, times the zoom.
    window
        Shape ``(3, n_samples)``, components Z, N, E, as the network sees them: without unit.
    has_component
        Which of Z, N, E were recorded; the attribution of the others is zero.
    n_recorded
        Samples of the window inside the record; what follows is padding.
    baseline
        Shape ``(3, n_samples)``: the window compared with, here silence, all zero.
    attribution
        Shape ``(3, n_samples)``, in probability: what each sample adds to ``probability``
        (positive, for the pick) or takes from it (negative, against the pick).
    curves
        Shape ``(2, n_samples)``: what the network says of P and S in this window alone.
    target
        First and past-last sample of the stretch over which the curve of the phase is averaged.
    probability, baseline_probability
        That average for the window and for the baseline. Both are outputs of the network for one
        window, not yet averaged with those of other windows and not calibrated, so that
        ``pick.probability`` may be quite another number.
    n_steps
        Points between baseline and window at which gradients were taken.
    """

    pick: Pick
    start: datetime
    sampling_rate_hz: float
    window: NDArray[np.float32]
    has_component: tuple[bool, bool, bool]
    n_recorded: int
    baseline: NDArray[np.float32]
    attribution: FloatArray
    curves: NDArray[np.float32]
    target: tuple[int, int]
    probability: float
    baseline_probability: float
    n_steps: int

    @property
    def completeness_error(self) -> float:
        """Distance of the sum of attributions from the difference they share, in probability."""
        difference = self.probability - self.baseline_probability
        return abs(float(self.attribution.sum()) - difference)

    @property
    def relative_error(self) -> float:
        """Completeness error over the difference that is shared; infinite where that is zero."""
        difference = abs(self.probability - self.baseline_probability)
        return self.completeness_error / difference if difference > 0.0 else float("inf")

    @property
    def times_s(self) -> FloatArray:
        """Seconds from the pick of each sample, shape ``(n_samples,)``."""
        offset_s = (self.start - self.pick.time).total_seconds()
        return np.arange(self.window.shape[1]) / self.sampling_rate_hz + offset_s


def explain_pick(
    picker: Picker,
    waveform: Waveform,
    pick: Pick,
    *,
    n_steps: int = N_STEPS,
    half_width_s: float = HALF_WIDTH_S,
    zoom: int = 1,
) -> PickExplanation:
    """Return how much each sample around a pick counts for it.

    Parameters
    ----------
    picker
        A network with torch weights: its members, not an ensemble itself.
    waveform
        The record, of any length and rate. The network sees one window of it, with the pick in
        its middle as far as the record allows.
    pick
        Any time in the record: also one where nothing was picked can be explained.
    n_steps
        Points of the integral; with 100 the error of a PhaseNet is about one per cent.
    half_width_s
        The curve of the phase is averaged this long on either side of the pick; 0 takes the
        nearest sample alone.
    zoom
        The record is played this many times slower, as by pickers that average several such
        views of it; each view has its own explanation.

    Raises
    ------
    SettingsError
        If the picker is no single network, or an option is out of range.
    ModelError
        If the model has no torch weights.
    MissingDependencyError
        If the extra `train` is not installed.
    DataError
        If the pick lies outside the record or belongs to another station.

    References
    ----------
    Sundararajan et al. (2017), https://doi.org/10.48550/arXiv.1703.01365
    """
    _check_options(n_steps, half_width_s, zoom)
    opened = require_network(picker)
    _check_pick(pick, waveform)
    network = _open_torch(opened)
    at_rate = resample_waveform(
        resample_waveform(waveform, opened.sampling_rate_hz), opened.sampling_rate_hz * zoom
    )
    n_window = round(opened.window_s * opened.sampling_rate_hz)
    first = _first_sample(at_rate, pick, n_window)
    raw = normalise_windows(at_rate.samples, np.array([first]), n_window)
    window, curves_of = _after_scaling(network, raw)
    start = at_rate.start + timedelta(seconds=first / at_rate.sampling_rate_hz)
    centre = (pick.time - start).total_seconds() * at_rate.sampling_rate_hz
    target = _target(centre, half_width_s * at_rate.sampling_rate_hz, n_window)
    return _explained(pick, at_rate, start, window, curves_of, target, n_steps)


def _explained(
    pick: Pick,
    at_rate: Waveform,
    start: datetime,
    window: NDArray[np.float32],
    curves_of: Callable[["torch.Tensor"], "torch.Tensor"],
    target: tuple[int, int],
    n_steps: int,
) -> PickExplanation:
    row = PHASES.index(pick.phase)

    def score(windows: "torch.Tensor") -> "torch.Tensor":
        return curves_of(windows)[:, row, target[0] : target[1]].mean(dim=1)

    baseline = np.zeros_like(window)
    curves = _evaluate(curves_of, np.stack([window, baseline]))
    probability, of_baseline = curves[:, row, target[0] : target[1]].mean(axis=1, dtype=np.float64)
    return PickExplanation(
        pick=pick,
        start=start,
        sampling_rate_hz=at_rate.sampling_rate_hz,
        window=window,
        has_component=at_rate.has_component,
        n_recorded=min(window.shape[1], at_rate.n_samples),
        baseline=baseline,
        attribution=integrated_gradients(score, window, baseline, n_steps),
        curves=curves[0, : len(PHASES)],
        target=target,
        probability=float(probability),
        baseline_probability=float(of_baseline),
        n_steps=n_steps,
    )


def integrated_gradients(
    score: Callable[["torch.Tensor"], "torch.Tensor"],
    window: NDArray[np.float32],
    baseline: NDArray[np.float32],
    n_steps: int = N_STEPS,
) -> FloatArray:
    """Return the share of each sample in ``score(window) - score(baseline)``.

    Parameters
    ----------
    score
        From a batch of windows, shape ``(batch, 3, n_samples)``, to a number each, ``(batch,)``.
    window, baseline
        Shape ``(3, n_samples)``, components Z, N, E.
    n_steps
        Points of the integral.

    Returns
    -------
    NDArray
        Shape ``(3, n_samples)``, in the unit of the score.

    Notes
    -----
    ``(x - b) * integral of grad score(b + a (x - b)) da``, ``a`` from 0 to 1, by the rule of Gauss
    and Legendre in ``a = u^3``: near silence, where the network wakes up, the points are densest.
    """
    import torch  # noqa: PLC0415 - only in the extra `train`

    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    nodes = 0.5 * (nodes + 1.0)
    alphas, weights = nodes**3, 0.5 * weights * 3.0 * nodes**2
    origin, difference = baseline.astype(np.float64), window.astype(np.float64) - baseline
    mean_gradient = np.zeros_like(difference)
    for at in range(0, n_steps, _BATCH):
        some = alphas[at : at + _BATCH, np.newaxis, np.newaxis]
        points = torch.from_numpy((origin + some * difference).astype(np.float32))
        points.requires_grad_()
        (gradients,) = torch.autograd.grad(score(points).sum(), points)
        mean_gradient += np.tensordot(weights[at : at + _BATCH], gradients.numpy(), axes=1)
    return np.asarray(difference * mean_gradient, dtype=np.float64)


def attribution_summary(explanation: PickExplanation) -> dict[str, Any]:
    """Return where the attribution lies, ready for JSON.

    ``components`` has a line for each of Z, N, E, ``times`` one for each stretch of time around
    the pick (``from_s`` and ``to_s`` are seconds from it; None: to the window's end). ``share``
    is the part of the absolute attribution, 0 to 1; ``net`` is the signed sum in probability,
    positive for the pick. ``share_before`` is the part before the pick.
    """
    attribution = explanation.attribution
    total = float(np.abs(attribution).sum()) or 1.0
    times_s = explanation.times_s

    def line(part: FloatArray) -> dict[str, float]:
        return {"share": float(np.abs(part).sum()) / total, "net": float(part.sum())}

    edges: tuple[float | None, ...] = (None, *EDGES_S, None)
    times = []
    for low, high in itertools.pairwise(edges):
        inside = (times_s >= (-np.inf if low is None else low)) & (
            times_s < (np.inf if high is None else high)
        )
        times.append({"from_s": low, "to_s": high, **line(attribution[:, inside])})
    return {
        "components": {name: line(attribution[i]) for i, name in enumerate(COMPONENTS)},
        "times": times,
        "share_before": line(attribution[:, times_s < 0.0])["share"],
    }


def require_network(picker: Picker) -> NetworkPicker:
    """Return the picker if it is one network, which alone can be explained.

    Raises
    ------
    SettingsError
        If it is an ensemble, whose members are named, or no network.
    """
    if isinstance(picker, NetworkPicker):
        return picker
    if isinstance(picker, EnsemblePicker):
        names = ", ".join(member.name for member in picker.members)
        raise SettingsError(f"{picker.name!r} asks several networks; explain one of them: {names}")
    raise SettingsError(
        f"the picker {picker.name!r} is no network and has no gradients to integrate; use a "
        "network, such as `default`"
    )


def _check_options(n_steps: int, half_width_s: float, zoom: int) -> None:
    if min(n_steps, zoom) < 1 or not half_width_s >= 0.0:
        raise SettingsError(
            f"n_steps, zoom and half_width_s are {n_steps}, {zoom} and {half_width_s}; at least "
            "1, 1 and 0 are needed"
        )


def _check_pick(pick: Pick, waveform: Waveform) -> None:
    if pick.station != waveform.station:
        raise DataError(
            f"the pick is of station {pick.station!r}, the record of {waveform.station!r}"
        )
    if not waveform.start <= pick.time <= waveform.end:
        raise DataError(
            f"the pick at {pick.time} lies outside the record, {waveform.start} to {waveform.end}"
        )


def _open_torch(picker: NetworkPicker) -> "PickerNetwork":
    try:
        from mainshock.detect.converted.interface import open_network  # noqa: PLC0415 - loads torch

        network = open_network(picker.model_dir)
    except ImportError as error:
        raise MissingDependencyError(
            f"explaining a pick needs more than the base install ({error}); "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
    network.eval().requires_grad_(requires_grad=False)
    return network


def _first_sample(waveform: Waveform, pick: Pick, n_window: int) -> int:
    """Return where the window begins that has the pick in its middle, or as near as can be."""
    at = round((pick.time - waveform.start).total_seconds() * waveform.sampling_rate_hz)
    return max(0, min(at - n_window // 2, waveform.n_samples - n_window))


def _target(centre: float, half_width: float, n_window: int) -> tuple[int, int]:
    """Return first and past-last sample of the stretch around the pick, at least one sample."""
    nearest = min(max(round(centre), 0), n_window - 1)
    first = max(0, min(nearest, int(np.ceil(centre - half_width))))
    last = min(n_window - 1, max(nearest, int(np.floor(centre + half_width))))
    return first, last + 1


def _after_scaling(
    network: "PickerNetwork", raw: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Callable[["torch.Tensor"], "torch.Tensor"]]:
    """Return the window behind the network's own scaling, and what follows that scaling.

    A scaling makes every point between silence and the window the same, so that the path has to
    run behind it.
    """
    import torch  # noqa: PLC0415 - only in the extra `train`

    if not network.uses_own_scaling:
        return raw[0], network
    with torch.no_grad():
        ordered = torch.from_numpy(raw)[:, network.component_order]
        scaled = network.network.annotate_batch_pre(ordered, {})  # type: ignore[operator]
    rest = copy.copy(network)
    rest.uses_own_scaling = False
    back = np.argsort(network.component_order)
    return np.asarray(scaled.numpy()[0, back], dtype=np.float32), rest


def _evaluate(
    curves_of: Callable[["torch.Tensor"], "torch.Tensor"], windows: NDArray[np.float32]
) -> NDArray[np.float32]:
    import torch  # noqa: PLC0415 - only in the extra `train`

    with torch.no_grad():
        return np.asarray(curves_of(torch.from_numpy(windows)).numpy(), dtype=np.float32)
