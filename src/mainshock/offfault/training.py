"""Trains networks of kinematic efficiency into run folders.

A run folder holds ``params.json`` (settings, data checksums, versions, the best epochs and the
calibration of their intervals), ``history.csv`` with every epoch, the weights of the best epoch by
accuracy within 2 SD and by loss, and TensorBoard events in ``logs``.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.files import make_folder, replacing
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.epochs import Augment, EpochSettings, WindowBatches, run_epochs, run_network
from mainshock.offfault.losses import Loss
from mainshock.offfault.network_efficiency import Calibration, NetworkEfficiency, with_lines
from mainshock.offfault.registry import EFFICIENCY_LOSSES
from mainshock.offfault.run_folder import (
    BESTS,
    build_network,
    read_params,
    save_weights,
    write_params,
)
from mainshock.offfault.scores import is_within_2sd
from mainshock.offfault.windows import LabelledWindows

__all__ = [
    "Progress",
    "Repeatability",
    "TrainingSettings",
    "augmentation",
    "described",
    "repeat_over_seeds",
    "seeded",
    "train_network",
    "windows_sha256",
]

FloatArray = NDArray[np.float64]
Progress = Callable[[str], None]

SCHEDULERS = ("constant", "onecycle")
_VERSIONS = ("mainshock", "torch", "lightning", "numpy")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained; the values here are those of the published network, but the loss.

    Parameters
    ----------
    loss
        Name of a loss: ``reference``, ``weighted``, ``nll`` or ``nll-mae``; None for ``nll-mae``
        where the network states a width, and ``weighted`` where it does not.
    batch_size
        Windows in a step, about: batches of an epoch are of equal size.
    patience
        Epochs without a better score on the evaluation windows after which training ends; None
        for all epochs.
    stop_on
        Score that patience follows: ``accuracy`` (within 2 SD) or ``loss``.
    augment
        Whether each window is flipped and shifted at random each time it is drawn.
    n_channels
        Width of a network that has a choice, such as ``kenet``; None for its own.
    line_px
        Thickness at which all lines are drawn anew before the network sees them; None for the
        network's own choice, which for most is to take maps as they are.
    scheduler
        ``constant``, or ``onecycle``: the rate rises to its full value and falls again.
    """

    loss: str | None = None
    epochs: int = 50
    batch_size: int = 256
    learning_rate: float = 5e-3
    patience: int | None = None
    stop_on: str = "loss"
    seed: int = 0
    augment: bool = True
    time_limit_min: float = 60.0
    n_channels: int | None = None
    line_px: int | None = None
    scheduler: str = "constant"

    def __post_init__(self) -> None:
        """Check names and ranges."""
        if self.loss is not None:
            EFFICIENCY_LOSSES.load(self.loss)
        for name, known in (("scheduler", SCHEDULERS), ("stop_on", BESTS)):
            if getattr(self, name) not in known:
                raise SettingsError(
                    f"{name} is {getattr(self, name)!r}; give one of {', '.join(known)}"
                )
        if min(self.epochs, self.batch_size) < 1 or not self.learning_rate > 0.0:
            raise SettingsError(
                f"{self.epochs} epochs, batches of {self.batch_size} and a learning rate of "
                f"{self.learning_rate:g} given; each must be positive"
            )


@dataclass(slots=True)
class _Best:
    """The best epoch so far by one score, and what the network said of the evaluation then."""

    rank: tuple[float, ...]
    row: Mapping[str, float]
    output: NDArray[np.float32]


class _Observer:
    """Scores the network after each epoch over all windows, and keeps the weights of the best."""

    def __init__(
        self,
        network: torch.nn.Module,
        loss: Loss,
        train: LabelledWindows,
        evaluation: LabelledWindows,
        folder: Path,
        tell: Progress,
    ) -> None:
        self._network = network
        self._runner = NetworkEfficiency(run_network(network), Calibration.unknown())
        self._loss = loss
        self._train, self._evaluation = train, evaluation
        self._folder = folder
        self._tell = tell
        self.history: list[dict[str, float]] = []
        self.best: dict[str, _Best] = {}

    def __call__(self, epoch: int, mean_loss: float) -> Mapping[str, float]:
        """Score an epoch, and return its line of the history."""
        row: dict[str, float] = {"epoch": epoch, "loss": mean_loss}
        row |= self._scores("train", self._train)[0]
        scores, output = self._scores("evaluation", self._evaluation)
        row |= scores
        self.history.append(row)
        ranks = {
            "accuracy": (-row["evaluation_within_2sd"], row["evaluation_mae"]),
            "loss": (float(np.nan_to_num(row["evaluation_loss"], nan=np.inf)),),
        }
        for name, rank in ranks.items():
            if name not in self.best or rank < self.best[name].rank:
                self.best[name] = _Best(rank, row, output)
                save_weights(self._folder, name, self._network)
        self._tell(
            f"epoch {epoch}: loss {row['evaluation_loss']:.3g}, within 2 SD "
            f"{row['evaluation_within_2sd']:.3f}, MAE {row['evaluation_mae']:.3f}"
        )
        return row

    def calibrated(self) -> dict[str, dict[str, float]]:
        """Return the best epochs by each score, with the calibration of their intervals."""
        return {
            name: dict(best.row) | asdict(Calibration.of(best.output, self._evaluation.ke))
            for name, best in self.best.items()
        }

    def _scores(
        self, name: str, windows: LabelledWindows
    ) -> tuple[dict[str, float], NDArray[np.float32]]:
        output = self._runner.output(windows.maps)
        ke = np.asarray(output[:, 0], dtype=np.float64)
        labels = (torch.from_numpy(one.astype(np.float32)) for one in (windows.ke, windows.sd))
        scores = {
            f"{name}_loss": float(self._loss(torch.from_numpy(output), *labels)),
            f"{name}_within_2sd": float(is_within_2sd(windows, ke).mean()),
            f"{name}_mae": float(np.abs(windows.ke - ke).mean()),
        }
        return scores, output


def train_network(
    name: str,
    train: LabelledWindows,
    evaluation: LabelledWindows,
    settings: TrainingSettings,
    folder: Path,
    progress: Progress | None = None,
) -> Path:
    """Train a network and return its run folder.

    :func:`mainshock.offfault.run_folder.open_network` opens it.

    Parameters
    ----------
    name
        Of an efficiency network.
    train
        Windows to learn from.
    evaluation
        Windows of other runs: they choose the best epoch and calibrate the intervals, so scores on
        them are too good; take a third set to report.
    folder
        Made if it is not there; what lies there of an earlier training is replaced.
    progress
        Called with a line of text after each epoch.

    Raises
    ------
    SettingsError
        If there are too few windows, or the loss does not fit the network.
    RegistryError
        If there is no network of that name.
    """
    if len(train) < 2 or len(evaluation) < 1:
        raise SettingsError(
            f"{len(train)} windows to train on and {len(evaluation)} to evaluate; give at least 2 "
            "and 1, better thousands and hundreds"
        )
    make_folder(folder)
    for old in (folder / "logs").glob("events.*"):
        old.unlink()
    with seeded(settings.seed) as rng:
        network = build_network(name, settings.n_channels).train()
        settings = _settled(settings, network)
        drawn = _drawn_anew(train, settings.line_px), _drawn_anew(evaluation, settings.line_px)
        loss = EFFICIENCY_LOSSES.load(str(settings.loss))
        observer = _Observer(network, loss, *drawn, folder, progress or (lambda _text: None))
        run_epochs(
            network,
            WindowBatches(drawn[0], settings.batch_size, rng, augmentation(settings.augment)),
            loss,
            _epoch_settings(settings),
            log_dir=folder / "logs",
            at_epoch=observer,
        )
    _write_history(folder / "history.csv", observer.history)
    found = {"epochs_done": len(observer.history), "best": observer.calibrated()}
    write_params(folder, _params(name, settings, train, evaluation) | found)
    return folder


@contextmanager
def seeded(seed: int) -> Iterator[np.random.Generator]:
    """Give a generator, with torch seeded for the block and as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield np.random.default_rng(seed)


def _settled(settings: TrainingSettings, network: torch.nn.Module) -> TrainingSettings:
    """Return settings with what they leave to the network."""
    empty = np.zeros((1, 1, ROWS, COLUMNS), dtype=np.float32)
    states_width = run_network(network)(empty).shape[1] == 2
    return replace(
        settings,
        loss=settings.loss or ("nll-mae" if states_width else "weighted"),
        line_px=settings.line_px or getattr(network, "line_px", None),
    )


def _params(
    name: str, settings: TrainingSettings, train: LabelledWindows, evaluation: LabelledWindows
) -> dict[str, Any]:
    return {
        "network": name,
        "n_channels": settings.n_channels,
        "line_px": settings.line_px,
        "settings": asdict(settings),
        "data": {"train": described(train), "evaluation": described(evaluation)},
        "versions": {one: version(one) for one in _VERSIONS},
    }


def _drawn_anew(windows: LabelledWindows, line_px: int | None) -> LabelledWindows:
    return replace(windows, maps=with_lines(windows.maps, line_px))


def augmentation(is_wanted: bool) -> Augment | None:
    """Return what changes maps at random, or None."""
    if not is_wanted:
        return None
    from mainshock.offfault.augment import augment  # noqa: PLC0415 - only where it is wanted

    return augment


def _epoch_settings(settings: TrainingSettings) -> EpochSettings:
    by_accuracy = settings.stop_on == "accuracy"
    return EpochSettings(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        scheduler=settings.scheduler,
        time_limit_min=settings.time_limit_min,
        monitor="evaluation_within_2sd" if by_accuracy else "evaluation_loss",
        higher_is_better=by_accuracy,
        patience=settings.patience,
    )


def _write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def windows_sha256(windows: LabelledWindows) -> str:
    """Return a checksum of maps, labels and places, whatever file they lay in."""
    digest = sha256(np.packbits(windows.maps, axis=2).tobytes())
    for one in (windows.ke, windows.sd):
        digest.update(np.ascontiguousarray(one, dtype="<f8").tobytes())
    for place in (windows.frame, windows.first_column):
        digest.update(np.ascontiguousarray(place, dtype="<i8").tobytes())
    digest.update("\n".join(map(str, windows.run)).encode())
    return digest.hexdigest()


def described(windows: LabelledWindows) -> dict[str, Any]:
    """Return size, runs, source and checksum of windows, for a file of parameters."""
    return {
        "n": len(windows),
        "runs": sorted({str(one) for one in windows.run}),
        "source": windows.source,
        "sha256": windows_sha256(windows),
    }


@dataclass(frozen=True, slots=True)
class Repeatability:
    """What trainings that differ in their seed alone came to.

    Parameters
    ----------
    rows
        A line for each seed: ``seed``, and for the best epoch by accuracy and by loss its number
        (from 0) and its scores on the evaluation windows.
    mean, sd
        Of each score over seeds.
    """

    rows: tuple[Mapping[str, float], ...]
    mean: Mapping[str, float]
    sd: Mapping[str, float]


def repeat_over_seeds(
    name: str,
    train: LabelledWindows,
    evaluation: LabelledWindows,
    settings: TrainingSettings,
    seeds: Sequence[int],
    folder: Path,
    progress: Progress | None = None,
) -> Repeatability:
    """Train once for each seed, into ``seed<N>`` below ``folder``, and compare.

    The comparison is also written there as ``repeatability.csv``, mean and SD as its last lines.

    Raises
    ------
    SettingsError
        If fewer than two different seeds are given.
    """
    if len(set(seeds)) < 2:
        raise SettingsError(f"seeds {list(seeds)} show no spread; give at least two different ones")
    rows = []
    for seed in dict.fromkeys(seeds):
        own = train_network(
            name, train, evaluation, replace(settings, seed=seed), folder / f"seed{seed}", progress
        )
        best = read_params(own)["best"]
        row: dict[str, float] = {"seed": seed}
        for by in BESTS:
            row |= {f"{by}_epoch": best[by]["epoch"]}
            row |= {
                f"{by}_{score}": best[by][f"evaluation_{score}"]
                for score in ("within_2sd", "mae", "loss")
            }
        rows.append(row)
    names = [one for one in rows[0] if one != "seed"]
    values = {one: [row[one] for row in rows] for one in names}
    mean = {one: float(np.mean(values[one])) for one in names}
    sd = {one: float(np.std(values[one], ddof=1)) for one in names}
    table: list[Mapping[str, Any]] = [*rows, {"seed": "mean", **mean}, {"seed": "sd", **sd}]
    _write_history(folder / "repeatability.csv", table)
    return Repeatability(tuple(rows), mean, sd)
