"""The training loop of all networks: Lightning, averaged weights, TensorBoard, a time limit."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, Timer
from lightning.pytorch.loggers import TensorBoardLogger

__all__ = ["LoopSettings", "fit_network"]

Loss = Callable[[torch.nn.Module, Any], torch.Tensor]


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast to train.

    Parameters
    ----------
    steps
        Number of optimiser steps; the learning rate falls along half a cosine over them.
    time_limit_min
        Training ends here even if steps are left.
    ema_decay
        Decay of the exponential moving average of the weights that is returned.
    """

    steps: int
    time_limit_min: float
    learning_rate: float
    final_learning_rate: float
    ema_decay: float
    seed: int
    warm_up_steps: int = 100


class _Task(lightning.LightningModule):  # type: ignore[misc]  # Lightning ships no types we follow
    """A network, its loss, and its optimiser."""

    def __init__(self, network: torch.nn.Module, loss: Loss, settings: LoopSettings) -> None:
        super().__init__()
        self.network = network
        self._loss = loss
        self._settings = settings

    def training_step(self, batch: Any, _index: int) -> torch.Tensor:
        loss = self._loss(self.network, batch)
        self.log("loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> dict[str, Any]:
        chosen = self._settings
        optimiser = torch.optim.AdamW(self.parameters(), lr=chosen.learning_rate, weight_decay=1e-4)
        warm = torch.optim.lr_scheduler.LinearLR(
            optimiser, start_factor=0.01, total_iters=chosen.warm_up_steps
        )
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimiser, T_max=max(1, chosen.steps), eta_min=chosen.final_learning_rate
        )
        scheduler = torch.optim.lr_scheduler.ChainedScheduler([warm, cosine])
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class _Batches(torch.utils.data.IterableDataset):  # type: ignore[type-arg]  # any batch type
    def __init__(self, draw: Callable[[], Any], steps: int) -> None:
        self._draw = draw
        self._steps = steps

    def __iter__(self) -> Iterator[Any]:
        return (self._draw() for _ in range(self._steps))


def fit_network(
    network: torch.nn.Module,
    loss: Loss,
    draw_batch: Callable[[], Any],
    settings: LoopSettings,
    log_dir: Path,
) -> int:
    """Train a network in place, leave its averaged weights in it, return the steps taken.

    Parameters
    ----------
    loss
        Takes the network and a batch, returns a scalar.
    draw_batch
        Returns the next batch of tensors; brings its own randomness.
    log_dir
        Folder for TensorBoard events and the last checkpoint.
    """
    lightning.seed_everything(settings.seed, verbose=False)
    task = _Task(network, loss, settings)
    trainer = lightning.Trainer(
        max_steps=settings.steps,
        accelerator="cpu",
        devices=1,
        logger=TensorBoardLogger(str(log_dir), name="", version=""),
        callbacks=[
            EMAWeightAveraging(decay=settings.ema_decay),
            ModelCheckpoint(dirpath=log_dir, every_n_train_steps=500, save_top_k=1),
            Timer(duration=timedelta(minutes=settings.time_limit_min)),
        ],
        gradient_clip_val=1.0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=50,
    )
    loader = torch.utils.data.DataLoader(_Batches(draw_batch, settings.steps), batch_size=None)
    with warnings.catch_warnings():
        # Lightning advises worker processes; one core trains, the other stays free
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*Checkpoint directory.*")
        # Lightning 2.6 uses a class that torch 2.13 deprecates
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        trainer.fit(task, loader)
    return int(trainer.global_step)
