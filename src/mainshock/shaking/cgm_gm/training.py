"""Trains the network of CGM-GM."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.shaking.cgm_gm.losses import WaveformLoss, divergence, squared_error
from mainshock.shaking.cgm_gm.network import CgmNetwork, NetworkShape
from mainshock.shaking.cgm_gm.preparation import Scaling
from mainshock.shaking.cgm_gm.sampler import Weights
from mainshock.shaking.cgm_gm.spectrogram import FLOOR, Transform

__all__ = ["Examples", "HyperParameters", "fit", "waveform_loss"]

_RATE_DECAY, _RATE_EPOCHS = 0.99, 100


@dataclass(frozen=True, slots=True)
class HyperParameters:
    """How the network is trained; the values are the best that were published.

    Parameters
    ----------
    epochs
        Passes through the records; 5000 were published.
    beta
        Weight of the divergence.
    alpha
        Weight of the error of waveforms.
    n_latent, n_prior, n_embedded
        Sizes, see :class:`~mainshock.shaking.cgm_gm.network.NetworkShape`.
    """

    epochs: int = 200
    learning_rate: float = 8e-4
    weight_decay: float = 1e-5
    batch_size: int = 128
    beta: float = 0.2
    alpha: float = 0.05
    n_latent: int = 32
    n_prior: int = 32
    n_embedded: int = 16

    def shape(self, n_bins: int, n_conditions: int) -> NetworkShape:
        """Return the sizes of the network."""
        return NetworkShape(n_bins, n_conditions, self.n_latent, self.n_prior, self.n_embedded)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Records as the network sees them.

    Parameters
    ----------
    conditions
        Scaled, shape ``(n, n_conditions)``.
    spectrograms
        Scaled logarithms, shape ``(n, n_frames, n_bins)``.
    phase
        Radians, same shape.
    waveforms
        Shape ``(n, n_samples)``.
    """

    conditions: NDArray[np.float32]
    spectrograms: NDArray[np.float32]
    phase: NDArray[np.float32]
    waveforms: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.conditions)

    def batches(self, order: NDArray[np.int64], size: int) -> Iterator[tuple[torch.Tensor, ...]]:
        """Yield the parts of each full batch; all records as one where they are fewer."""
        size = min(size, len(order))
        for first in range(0, len(order) - size + 1, size):
            rows = order[first : first + size]
            parts = (self.conditions, self.spectrograms, self.phase, self.waveforms)
            yield tuple(torch.from_numpy(one[rows]) for one in parts)


def waveform_loss(transform: Transform, scaling: Scaling) -> WaveformLoss:
    """Return the loss of waveforms for spectrograms of one transform and scaling."""
    make = torch.ones if transform.is_legacy else torch.hann_window
    return WaveformLoss(
        scaling.low,
        scaling.high,
        FLOOR,
        make(transform.n_window),
        transform.hop,
        transform.n_samples,
        is_legacy=transform.is_legacy,
    )


def fit(
    train: Examples,
    validation: Examples | None,
    waveform_error: WaveformLoss,
    settings: HyperParameters,
    *,
    seed: int,
    is_legacy: bool,
    say: Callable[[str], None],
) -> Weights:
    """Return the weights with the lowest loss on ``validation``, or on ``train`` without it.

    Raises
    ------
    DataError
        If there are fewer than 2 records.
    ModelError
        If the loss is no longer a number.
    """
    if len(train) < 2:
        raise DataError(f"{len(train)} records to train on; give at least 2, better thousands")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = settings.shape(train.spectrograms.shape[2], train.conditions.shape[1])
        network = CgmNetwork(shape, is_legacy=is_legacy)
        trainer = _Trainer(network, waveform_error, settings)
        best, kept = np.inf, network.state_dict()
        rng = np.random.default_rng(seed)
        for epoch in range(1, settings.epochs + 1):
            losses = trainer.epoch(train, rng)
            judged = losses if validation is None else trainer.losses(validation)
            if not np.isfinite(losses).all():
                raise ModelError(f"the loss became {losses} in epoch {epoch}; lower learning_rate")
            if trainer.total(judged) < best:
                best, kept = trainer.total(judged), copy.deepcopy(network.state_dict())
            say(_line(epoch, settings.epochs, losses, trainer.total(judged)))
    return {name: one.numpy() for name, one in kept.items()}


def _line(epoch: int, epochs: int, losses: NDArray[np.float64], judged: float) -> str:
    parts = ("spectrogram", "divergence", "waveform")
    said = ", ".join(f"{name} {one:.4g}" for name, one in zip(parts, losses, strict=True))
    return f"epoch {epoch}/{epochs}: {said}; judged by {judged:.4g}"


class _Trainer:
    """A network with its optimiser and losses."""

    def __init__(
        self, network: CgmNetwork, waveform_error: WaveformLoss, settings: HyperParameters
    ) -> None:
        self._network = network
        self._waveform_error = waveform_error
        self._settings = settings
        self._optimiser = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._scheduler = torch.optim.lr_scheduler.StepLR(
            self._optimiser, _RATE_EPOCHS, _RATE_DECAY
        )

    def total(self, losses: NDArray[np.float64]) -> float:
        """Return the weighted sum of the losses of spectrogram, hidden values and waveform."""
        return float(losses @ [1.0, self._settings.beta, self._settings.alpha])

    def epoch(self, examples: Examples, rng: np.random.Generator) -> NDArray[np.float64]:
        """Train on all examples once, and return the mean losses."""
        self._network.train()
        order = rng.permutation(len(examples))
        means = []
        for batch in examples.batches(order, self._settings.batch_size):
            losses = self._losses(batch)
            weights = torch.tensor([1.0, self._settings.beta, self._settings.alpha])
            self._optimiser.zero_grad()
            (losses * weights).sum().backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            means.append(losses.detach().numpy())
        self._scheduler.step()
        return _mean(means)

    def losses(self, examples: Examples) -> NDArray[np.float64]:
        """Return the mean losses on examples that are not trained on."""
        self._network.eval()
        order = np.arange(len(examples))
        with torch.no_grad():
            batches = examples.batches(order, self._settings.batch_size)
            means = [self._losses(batch).numpy() for batch in batches]
        return _mean(means)

    def _losses(self, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        conditions, spectrograms, phase, waveforms = batch
        encoded = self._network(spectrograms, conditions)
        found = [
            squared_error(encoded.reconstruction, spectrograms),
            divergence(encoded),
            self._waveform_error(encoded.reconstruction, phase, waveforms),
        ]
        return torch.stack(found)


def _mean(rows: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.stack(rows).astype(np.float64).mean(axis=0)
    return found
