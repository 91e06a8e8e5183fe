"""The training of networks of efficiency, epoch by epoch, by Lightning.

The loop of :mod:`mainshock.learn.loop` counts steps and averages weights; here an epoch is a pass
over all windows, after which scores are taken and training may stop.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray

from mainshock.offfault.losses import Loss
from mainshock.offfault.windows import LabelledWindows

__all__ = ["Augment", "Batch", "EpochSettings", "WindowBatches", "run_epochs", "run_network"]

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
Augment = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]

_ADAM_EPS = 1e-7  # as Keras has it


@dataclass(frozen=True, slots=True)
class EpochSettings:
    """How long and how fast to train.

    Parameters
    ----------
    scheduler
        ``constant``, or ``onecycle``: the learning rate rises to its full value and falls again.
    time_limit_min
        Training ends with the epoch in which this passes.
    monitor, higher_is_better
        Score of :func:`run_epochs`' ``at_epoch`` that early stopping follows.
    patience
        Epochs without a better score after which training ends; None for all epochs.
    """

    epochs: int
    learning_rate: float
    scheduler: str
    time_limit_min: float
    monitor: str = "loss"
    higher_is_better: bool = False
    patience: int | None = None


class WindowBatches:
    """Batches of all windows in a new order each time; no window is left out, no batch is tiny."""

    def __init__(
        self,
        windows: LabelledWindows,
        batch_size: int,
        rng: np.random.Generator,
        augment: Augment | None = None,
    ) -> None:
        self._windows = windows
        self._rng = rng
        self._augment = augment
        # parts of equal size: a last batch of one window would break the batch normalisation
        self._n_batches = max(1, round(len(windows) / batch_size))

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self._n_batches

    def __iter__(self) -> Iterator[Batch]:
        """Yield maps ``(n, 1, 128, 64)``, KE and SD ``(n,)``, all float32."""
        order = self._rng.permutation(len(self._windows))
        for rows in np.array_split(order, self._n_batches):
            maps = self._windows.maps[rows]
            if self._augment is not None:
                maps = self._augment(maps, self._rng)
            yield (
                torch.from_numpy(np.ascontiguousarray(maps[:, None], dtype=np.float32)),
                torch.from_numpy(self._windows.ke[rows].astype(np.float32)),
                torch.from_numpy(self._windows.sd[rows].astype(np.float32)),
            )


class _Task(lightning.LightningModule):  # type: ignore[misc]  # Lightning ships no types we follow
    """A network, its loss, its optimiser, and the scores after each epoch."""

    def __init__(
        self,
        network: torch.nn.Module,
        loss: Loss,
        settings: EpochSettings,
        n_batches: int,
        at_epoch: Callable[[int, float], Mapping[str, float]],
    ) -> None:
        super().__init__()
        self.network = network
        self._loss = loss
        self._settings = settings
        self._n_batches = n_batches
        self._at_epoch = at_epoch
        self._losses: list[float] = []
        self._start_s = time.monotonic()

    def training_step(self, batch: Batch, _index: int) -> torch.Tensor:
        maps, ke, sd = batch
        loss = self._loss(self.network(maps), ke, sd)
        self._losses.append(float(loss.detach()))
        return loss

    def on_train_epoch_end(self) -> None:
        scores = self._at_epoch(int(self.current_epoch), float(np.mean(self._losses)))
        self._losses.clear()
        self.log_dict(dict(scores))
        if time.monotonic() - self._start_s > 60.0 * self._settings.time_limit_min:
            self.trainer.should_stop = True

    def configure_optimizers(self) -> Any:  # an optimiser, alone or with its schedule
        chosen = self._settings
        weights = [one for one in self.network.parameters() if one.requires_grad]
        optimiser = torch.optim.Adam(weights, lr=chosen.learning_rate, eps=_ADAM_EPS)
        if chosen.scheduler == "constant":
            return optimiser
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, chosen.learning_rate, total_steps=chosen.epochs * self._n_batches
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def run_epochs(
    network: torch.nn.Module,
    batches: WindowBatches,
    loss: Loss,
    settings: EpochSettings,
    *,
    log_dir: Path | None = None,
    at_epoch: Callable[[int, float], Mapping[str, float]] | None = None,
) -> int:
    """Train a network in place and return the number of epochs done.

    Parameters
    ----------
    log_dir
        Folder for TensorBoard events; None writes none.
    at_epoch
        Called after each epoch with its number from 0 and the mean loss of its batches; what it
        returns is logged, and early stopping follows one of it.
    """
    # its remarks on processors and products of its makers hide what users must read
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    scores = at_epoch or (lambda _epoch, mean_loss: {"loss": mean_loss})
    task = _Task(network, loss, settings, len(batches), scores)
    trainer = _trainer(settings, log_dir)
    with warnings.catch_warnings():
        # batches are made here, by one process, and there are few of them in an epoch
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        warnings.filterwarnings("ignore", message=".*in eval mode at the start.*")
        # Lightning 2.6 uses a class that torch 2.13 deprecates
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        trainer.fit(task, batches)
    return int(trainer.current_epoch)


def _trainer(settings: EpochSettings, log_dir: Path | None) -> lightning.Trainer:
    callbacks: list[lightning.Callback] = []
    if settings.patience is not None:
        mode = "max" if settings.higher_is_better else "min"
        callbacks.append(
            EarlyStopping(
                settings.monitor,
                mode=mode,
                patience=settings.patience,
                check_on_train_epoch_end=True,
            )
        )
    return lightning.Trainer(
        max_epochs=settings.epochs,
        accelerator="cpu",
        devices=1,
        logger=False if log_dir is None else TensorBoardLogger(str(log_dir), name="", version=""),
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def run_network(
    network: torch.nn.Module,
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return what runs a network on float32 maps as it predicts: no dropout, stored statistics.

    Whether it is in training is as before when a call ends.
    """

    def run(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        modes = [(module, module.training) for module in network.modules()]
        network.eval()
        try:
            with torch.no_grad():
                found: NDArray[np.float32] = network(torch.from_numpy(maps)).numpy()
        finally:
            for module, is_training in modes:
                module.training = is_training
        return found

    return run
