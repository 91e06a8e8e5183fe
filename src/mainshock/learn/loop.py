"""The training loop of all networks: Lightning, averaged weights, TensorBoard, a time limit."""

import logging
import os
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

__all__ = ["LoopSettings", "fit_network", "newest_checkpoint"]

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
    warm_up_steps
        Steps over which the learning rate rises to its full value; 0 for none.
    weight_decay
        Share of the weights that a step removes, times the learning rate; with 0 this is Adam.
    checkpoint_steps
        A checkpoint is written each time this many steps are done, and at the end.
    devices
        Processes of this machine that train together. Each step takes the mean gradient over one
        batch of each; the batches are those that one process would have drawn, dealt out in turn.
    """

    steps: int
    time_limit_min: float
    learning_rate: float
    final_learning_rate: float
    ema_decay: float
    seed: int
    warm_up_steps: int = 100
    weight_decay: float = 1e-4
    checkpoint_steps: int = 500
    devices: int = 1


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
        self.log("steps", float(self.global_step + 1), logger=False)
        return loss

    def configure_optimizers(self) -> dict[str, Any]:
        chosen = self._settings
        optimiser = torch.optim.AdamW(
            self.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay
        )
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimiser, T_max=max(1, chosen.steps), eta_min=chosen.final_learning_rate
        )
        parts: list[torch.optim.lr_scheduler.LRScheduler] = [cosine]
        if chosen.warm_up_steps > 0:
            warm = torch.optim.lr_scheduler.LinearLR(
                optimiser, start_factor=0.01, total_iters=chosen.warm_up_steps
            )
            parts.insert(0, warm)
        scheduler = torch.optim.lr_scheduler.ChainedScheduler(parts)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class _Batches(torch.utils.data.IterableDataset):  # type: ignore[type-arg]  # any batch type
    """The batches of this process: all of them, or those that fall to it where several train."""

    def __init__(self, draw: Callable[[], Any], steps: int) -> None:
        self._draw = draw
        self._steps = steps

    def __iter__(self) -> Iterator[Any]:
        shares = torch.distributed.is_available() and torch.distributed.is_initialized()
        rank = torch.distributed.get_rank() if shares else 0
        n_ranks = torch.distributed.get_world_size() if shares else 1
        for index in range(self._steps * n_ranks):
            batch = self._draw()  # each process draws all, so that they draw the same
            if index % n_ranks == rank:
                yield batch


class _TimeOfThisRun(Timer):  # type: ignore[misc]  # Lightning ships no types we follow
    """A time limit that starts anew when training is resumed."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Forget what earlier runs took."""


class _EachCheckpoint(lightning.Callback):  # type: ignore[misc]  # the same
    def __init__(self, call: Callable[[int], None], steps: int) -> None:
        self._call = call
        self._steps = steps

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step % self._steps == 0 and trainer.is_global_zero:
            self._call(int(trainer.global_step))


def fit_network(
    network: torch.nn.Module,
    loss: Loss,
    draw_batch: Callable[[], Any],
    settings: LoopSettings,
    log_dir: Path,
    *,
    resume: bool = False,
    at_checkpoint: Callable[[int], None] | None = None,
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
    resume
        Go on from the newest checkpoint in ``log_dir``: weights, their average, optimiser and
        learning rate. Without a checkpoint training starts anew; without ``resume`` the
        checkpoints that lie there are removed. The batches are not those that
        an uninterrupted run would have drawn.
    at_checkpoint
        Called with the number of steps done each ``settings.checkpoint_steps`` steps. The network
        then holds its present weights, not their average.
    """
    # its remarks on processors and products of its makers hide what users must read
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    lightning.seed_everything(settings.seed, verbose=False)
    task = _Task(network, loss, settings)
    checkpoint = newest_checkpoint(log_dir) if resume else None
    if not resume:
        for old in log_dir.glob("*.ckpt"):
            old.unlink()
    done = 0 if checkpoint is None else _load_averaged(task, checkpoint)
    if done >= settings.steps:
        return done
    trainer = _trainer(settings, log_dir, at_checkpoint)
    loader = torch.utils.data.DataLoader(_Batches(draw_batch, settings.steps), batch_size=None)
    with warnings.catch_warnings():
        # Lightning advises worker processes; one core trains, the other stays free
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*Checkpoint directory.*")
        # batches are drawn, not read: there is no place in an epoch to go back to
        warnings.filterwarnings("ignore", message=".*resuming from a checkpoint.*")
        # a model folder may have been moved; its checkpoints are found all the same
        warnings.filterwarnings("ignore", message="The dirpath has changed.*")
        # Lightning 2.6 uses a class that torch 2.13 deprecates
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        trainer.fit(task, loader, ckpt_path=checkpoint, weights_only=True)
    if settings.devices > 1:  # other processes took the steps; weights and metrics come back
        return int(trainer.callback_metrics.get("steps", done))
    return int(trainer.global_step)


def _trainer(
    settings: LoopSettings, log_dir: Path, at_checkpoint: Callable[[int], None] | None
) -> lightning.Trainer:
    callbacks: list[lightning.Callback] = [
        EMAWeightAveraging(decay=settings.ema_decay),
        ModelCheckpoint(
            dirpath=log_dir,
            every_n_train_steps=settings.checkpoint_steps,
            save_top_k=1,
            save_last=True,
        ),
        _TimeOfThisRun(duration=timedelta(minutes=settings.time_limit_min)),
    ]
    if at_checkpoint is not None:
        callbacks.append(_EachCheckpoint(at_checkpoint, settings.checkpoint_steps))
    return lightning.Trainer(
        max_steps=settings.steps,
        accelerator="cpu",
        devices=settings.devices,
        strategy=_strategy(settings.devices),
        logger=TensorBoardLogger(str(log_dir), name="", version=""),
        callbacks=callbacks,
        gradient_clip_val=1.0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=50,
    )


def _strategy(devices: int) -> str:
    """Return how processes train together: forked, so that they share the data in memory."""
    if devices == 1:
        return "auto"
    # they talk on this machine alone, whatever its name resolves to
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    return "ddp_fork"


def _load_averaged(task: _Task, checkpoint: Path) -> int:
    """Put the averaged weights of a checkpoint into the task and return its steps."""
    stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
    task.load_state_dict(stored["state_dict"])
    return int(stored["global_step"])


def newest_checkpoint(log_dir: Path) -> Path | None:
    """Return the checkpoint in a folder that was written last, or None."""
    found = sorted(log_dir.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    return found[-1] if found else None
