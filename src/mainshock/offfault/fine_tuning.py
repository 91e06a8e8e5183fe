"""Fine-tunes a trained network on real windows, and tells honestly what that gains.

Windows of one frame of one run look alike, so a whole frame is left out at a time: each estimate
that is scored comes from a network that never saw its frame. Two recalibrations of the unchanged
network, a line and a monotonic curve, stand beside it, fitted and scored in the same way.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.files import make_folder
from mainshock.offfault.base import Efficiency
from mainshock.offfault.epochs import EpochSettings, WindowBatches, run_epochs, run_network
from mainshock.offfault.estimate_curve import left_out
from mainshock.offfault.laboratory import join_windows
from mainshock.offfault.network_efficiency import Calibration, NetworkEfficiency, with_lines
from mainshock.offfault.registry import EFFICIENCY_LOSSES
from mainshock.offfault.run_folder import (
    BESTS,
    open_network,
    read_network,
    read_params,
    save_weights,
    write_params,
)
from mainshock.offfault.scores import Scores, score
from mainshock.offfault.training import Progress, augmentation, described, seeded
from mainshock.offfault.windows import LabelledWindows

__all__ = [
    "RECALIBRATIONS",
    "FineTuned",
    "FineTuningSettings",
    "fine_tune",
    "frame_groups",
    "groups_to_leave_out",
    "left_out_estimates",
    "recalibrate",
]

FloatArray = NDArray[np.float64]
RECALIBRATIONS = ("affine", "isotonic")
_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)


@dataclass(frozen=True, slots=True)
class FineTuningSettings:
    """How a trained network is changed to fit real windows.

    Parameters
    ----------
    best
        Which epoch of the training to start from: ``accuracy`` or ``loss``.
    loss
        Name of a loss; None for that of the training.
    rehearsal
        Windows of the training, if any are given, drawn for each real one; they keep the network
        from forgetting what it knew.
    learning_rate
        Of networks that pool; ``kenet``, whose dense layer sums 4096 values of a map, needs one
        a hundred times smaller.
    augment
        Whether windows are flipped and shifted at random each time.
    repeats
        Trainings of different randomness whose weights are averaged; a single one on a few windows
        ends anywhere near the best.
    """

    best: str = "accuracy"
    loss: str | None = None
    epochs: int = 30
    learning_rate: float = 2e-3
    batch_size: int = 16
    rehearsal: int = 4
    augment: bool = True
    seed: int = 0
    repeats: int = 3
    time_limit_min: float = 30.0

    def __post_init__(self) -> None:
        """Check names and ranges."""
        if self.best not in BESTS:
            raise SettingsError(f"best is {self.best!r}; give one of {', '.join(BESTS)}")
        if (
            min(self.epochs, self.batch_size, self.repeats, self.rehearsal + 1) < 1
            or self.learning_rate <= 0.0
        ):
            raise SettingsError(
                f"{self.epochs} epochs, batches of {self.batch_size}, {self.repeats} repeats, "
                f"{self.rehearsal} rehearsed windows and a learning rate of "
                f"{self.learning_rate:g} given; each must be positive, rehearsed windows may be 0"
            )


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """What fine-tuning came to.

    Parameters
    ----------
    folder
        Run folder of the network fine-tuned on all windows.
    efficiency
        Estimates of each window by a network that did not see its frame.
    scores
        Of these.
    before
        Of the network as it was.
    recalibrated
        Of the network as it was, recalibrated without the window's frame, by ``affine`` and
        ``isotonic``.
    """

    folder: Path
    efficiency: Efficiency
    scores: Scores
    before: Scores
    recalibrated: dict[str, Scores]

    @classmethod
    def of(
        cls, folder: Path, windows: LabelledWindows, output: NDArray[Any], plain: Efficiency
    ) -> "FineTuned":
        """Score what was told of windows left out, beside the estimates before; makes the folder.

        Parameters
        ----------
        folder
            To hold the result.
        windows
            Labelled windows.
        output
            Efficiency and logarithm of its standard deviation, ``(n, 2)``, of frames left out.
        plain
            Estimates before.
        """
        groups = frame_groups(windows)
        efficiency = left_out_estimates(output, windows.ke, groups)
        return cls(
            folder=make_folder(folder),
            efficiency=efficiency,
            scores=score(windows, efficiency),
            before=score(windows, plain),
            recalibrated={
                kind: score(windows, recalibrate(kind, plain.ke, windows.ke, groups))
                for kind in RECALIBRATIONS
            },
        )


def frame_groups(windows: LabelledWindows) -> NDArray[np.str_]:
    """Return what must be left out together: run and frame of each window."""
    pairs = zip(windows.run, windows.frame, strict=True)
    return np.array([f"{run} {frame}" for run, frame in pairs])


def groups_to_leave_out(windows: LabelledWindows) -> NDArray[np.str_]:
    """Return the frames of windows, of which there must be two.

    Raises
    ------
    DataError
        If all windows are of one frame.
    """
    groups = frame_groups(windows)
    if np.unique(groups).size < 2:
        raise DataError(
            f"{len(windows)} windows are of {np.unique(groups).size} frame; give two frames or "
            "more, since one is left out to score the others"
        )
    return groups


def fine_tune(
    start: Path,
    windows: LabelledWindows,
    settings: FineTuningSettings,
    folder: Path,
    *,
    rehearsal: LabelledWindows | None = None,
    progress: Progress | None = None,
) -> FineTuned:
    """Fine-tune a network, once for each frame left out and once on all windows.

    Parameters
    ----------
    start
        Run folder of a trained network.
    windows
        Labelled windows of two or more frames.
    folder
        Run folder to write; its intervals rest on the estimates of frames left out.
    rehearsal
        Windows of the first training, of which some are mixed in.
    progress
        Called with a line of text after each frame.

    Raises
    ------
    DataError
        If all windows are of one frame.
    ModelError
        If ``start`` holds no trained network.
    """
    groups = groups_to_leave_out(windows)
    output = _left_out_output(
        start, windows, settings, groups, rehearsal, progress or (lambda _text: None)
    )
    plain = open_network(start, settings.best).predict(windows.maps)
    result = FineTuned.of(folder, windows, output, plain)
    tuned = _tuned(start, windows, settings, rehearsal)
    _write(start, tuned, settings, result, Calibration.of(output, windows.ke), windows)
    return result


def _left_out_output(
    start: Path,
    windows: LabelledWindows,
    settings: FineTuningSettings,
    groups: NDArray[np.str_],
    rehearsal: LabelledWindows | None,
    tell: Progress,
) -> NDArray[np.float32]:
    """Return what networks that did not see its frame say of each window."""
    parts = []
    for is_out in left_out(groups):
        network = _tuned(start, windows.take(~is_out), settings, rehearsal)
        found = _model(network, start).output(windows.maps[is_out])
        parts.append((np.flatnonzero(is_out), found))
        missed = np.abs(found[:, 0] - windows.ke[is_out]).mean()
        tell(f"without {groups[is_out][0]}: MAE {missed:.3f} on it")
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return np.concatenate([found for _, found in parts])[order]


def recalibrate(
    kind: str, estimate: FloatArray, ke: FloatArray, groups: NDArray[np.str_]
) -> Efficiency:
    """Return estimates corrected by a curve fitted to the other groups' labels.

    Parameters
    ----------
    kind
        ``affine``, a line, or ``isotonic``, a curve that never falls.
    estimate, ke
        What a network said, and the labels; shape ``(n,)``.
    groups
        What must be left out together.

    Raises
    ------
    SettingsError
        If the kind is unknown.
    """
    if kind not in RECALIBRATIONS:
        raise SettingsError(
            f"no recalibration is called {kind!r}; known names: {', '.join(RECALIBRATIONS)}"
        )
    corrected = np.zeros(estimate.size)
    for is_out in left_out(groups):
        fitted = _curve(kind, estimate[~is_out], ke[~is_out])
        corrected[is_out] = fitted(estimate[is_out])
    return left_out_estimates(corrected[:, None], ke, groups)


def _curve(kind: str, estimate: FloatArray, ke: FloatArray) -> Callable[[FloatArray], Any]:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - slow to load

    if kind == "isotonic":
        curve: Callable[[FloatArray], Any] = (
            IsotonicRegression(out_of_bounds="clip").fit(estimate, ke).predict
        )
        return curve
    if np.ptp(estimate) == 0.0:
        return lambda one: np.full(one.size, ke.mean())
    return np.polynomial.Polynomial.fit(estimate, ke, 1)


def left_out_estimates(
    output: NDArray[np.floating], ke: FloatArray, groups: NDArray[np.str_]
) -> Efficiency:
    """Return estimates of groups left out, each with an interval from residuals of the others.

    Parameters
    ----------
    output
        Of models that did not see the group, ``(n, 1)`` or ``(n, 2)``: KE, and the logarithm of its
        SD.
    ke, groups
        Labels, and what was left out together; shape ``(n,)``.
    """
    parts = np.zeros((len(ke), 5))
    for is_out in left_out(groups):
        calibration = Calibration.of(output[~is_out], ke[~is_out])
        found = calibration.efficiency(output[is_out])
        parts[is_out] = np.column_stack(
            [found.ke, found.sd, found.lo90, found.hi90, found.epistemic_sd]
        )
    return Efficiency(*parts.T)


def _tuned(
    start: Path,
    windows: LabelledWindows,
    settings: FineTuningSettings,
    rehearsal: LabelledWindows | None,
) -> torch.nn.Module:
    """Return a network whose weights are the mean of some trainings from the same start."""
    network = read_network(start, settings.best)
    states = [
        _tuned_once(start, windows, settings, rehearsal, seed).state_dict()
        for seed in range(settings.seed, settings.seed + settings.repeats)
    ]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(one.dtype)
        for name, one in network.state_dict().items()
    }
    network.load_state_dict(mean)
    return network.eval()


def _tuned_once(
    start: Path,
    windows: LabelledWindows,
    settings: FineTuningSettings,
    rehearsal: LabelledWindows | None,
    seed: int,
) -> torch.nn.Module:
    """Return the network of a run folder after some epochs on these windows."""
    params = read_params(start)
    network = read_network(start, settings.best).train()
    for layer in network.modules():
        if isinstance(layer, _NORMS):
            layer.eval()  # a few windows would replace statistics of thousands
    with seeded(seed) as rng:
        together = _with_rehearsal(windows, rehearsal, settings.rehearsal, rng)
        drawn = replace(together, maps=with_lines(together.maps, params["line_px"]))
        run_epochs(
            network,
            WindowBatches(drawn, settings.batch_size, rng, augmentation(settings.augment)),
            EFFICIENCY_LOSSES.load(settings.loss or params["settings"]["loss"]),
            EpochSettings(
                epochs=settings.epochs,
                learning_rate=settings.learning_rate,
                scheduler="onecycle",
                time_limit_min=settings.time_limit_min,
            ),
        )
    return network


def _with_rehearsal(
    windows: LabelledWindows,
    rehearsal: LabelledWindows | None,
    times: int,
    rng: np.random.Generator,
) -> LabelledWindows:
    if rehearsal is None or times == 0:
        return windows
    size = min(len(rehearsal), times * len(windows))
    drawn = rehearsal.take(rng.permutation(len(rehearsal))[:size])
    named_apart = replace(drawn, run=np.char.add("rehearsal ", drawn.run))
    return join_windows([windows, named_apart])


def _model(network: torch.nn.Module, start: Path) -> NetworkEfficiency:
    line_px = read_params(start)["line_px"]
    return NetworkEfficiency(run_network(network), Calibration.unknown(), line_px)


def _write(
    start: Path,
    network: torch.nn.Module,
    settings: FineTuningSettings,
    result: FineTuned,
    calibration: Calibration,
    windows: LabelledWindows,
) -> None:
    first = read_params(start)
    for best in BESTS:
        save_weights(result.folder, best, network)
    write_params(
        result.folder,
        first
        | {
            "fine_tuning": {
                "settings": asdict(settings),
                "data": described(windows),
                "before": asdict(result.before),
                "left_out": asdict(result.scores),
                "recalibrated": {kind: asdict(one) for kind, one in result.recalibrated.items()},
            },
            # one network serves both names, and its intervals rest on frames left out
            "best": {best: asdict(calibration) for best in BESTS},
        },
    )
