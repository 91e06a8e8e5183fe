"""Draws spectrograms from a trained network without torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError

__all__ = ["Sampler", "Weights"]

Array = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.float32]]

_NEEDED = (
    *(f"condition.{i}" for i in (0, 2, 4)),
    *(f"decoder.{i}" for i in (0, 2, 4)),
    "prior_mean",
    "prior_log_variance",
)


@dataclass(frozen=True, slots=True, eq=False)
class Sampler:
    """Prior and decoder of a trained network.

    Parameters
    ----------
    weights
        By the names of :class:`~mainshock.shaking.cgm_gm.network.CgmNetwork`.
    n_frames
        Of a spectrogram.
    is_legacy
        Draw with the released standard deviation 0.5 exp(log variance).

    Raises
    ------
    ModelError
        If weights are missing.
    """

    weights: Weights
    n_frames: int
    is_legacy: bool

    def __post_init__(self) -> None:
        """Check that prior and decoder are whole."""
        cell = {f"prior_cell.{kind}_{one}" for kind in ("weight", "bias") for one in ("ih", "hh")}
        needed = {f"{name}.{kind}" for name in _NEEDED for kind in ("weight", "bias")} | cell
        missing = sorted(needed - set(self.weights))
        if missing:
            raise ModelError(f"the network lacks {', '.join(missing)}; train the model again")

    def draw(self, conditions: NDArray[np.float64], rng: np.random.Generator) -> Array:
        """Return one scaled spectrogram a row, shape ``(n_rows, n_frames, n_bins)``.

        Parameters
        ----------
        conditions
            Scaled, shape ``(n_rows, n_conditions)``.
        """
        embedded = self._rectified("condition", (0, 2, 4), conditions.astype(np.float32))
        embedded = np.maximum(embedded, np.float32(0.0))
        latent = self._latent(embedded, rng)
        repeated = np.broadcast_to(embedded[:, None], (*latent.shape[:2], embedded.shape[1]))
        return self._rectified("decoder", (0, 2, 4), np.concatenate([latent, repeated], axis=2))

    def _latent(self, embedded: Array, rng: np.random.Generator) -> Array:
        """Return hidden values, ``(n_rows, n_frames, n_latent)``; each frame feeds the next."""
        n_latent, n_prior = self.weights["prior_mean.weight"].shape
        shape = (len(embedded), n_latent)
        latent = rng.standard_normal(shape, dtype=np.float32)
        state = np.zeros((len(embedded), n_prior), dtype=np.float32)
        frames = np.empty((len(embedded), self.n_frames, n_latent), dtype=np.float32)
        for frame in range(self.n_frames):
            state = self._step(np.concatenate([latent, embedded], axis=1), state)
            log_variance = self._dense("prior_log_variance", state)
            half = np.float32(0.5)
            sd = half * np.exp(log_variance) if self.is_legacy else np.exp(half * log_variance)
            noise = rng.standard_normal(shape, dtype=np.float32)
            latent = self._dense("prior_mean", state) + sd * noise
            frames[:, frame] = latent
        return frames

    def _step(self, given: Array, state: Array) -> Array:
        """Return the next state of the gated recurrent unit (gates: reset, update, new)."""
        weights = self.weights
        inner = given @ weights["prior_cell.weight_ih"].T + weights["prior_cell.bias_ih"]
        outer = state @ weights["prior_cell.weight_hh"].T + weights["prior_cell.bias_hh"]
        reset_in, update_in, new_in = np.split(inner, 3, axis=1)
        reset_out, update_out, new_out = np.split(outer, 3, axis=1)
        reset, update = _sigmoid(reset_in + reset_out), _sigmoid(update_in + update_out)
        new = np.tanh(new_in + reset * new_out)
        stepped: Array = (1 - update) * new + update * state
        return stepped

    def _rectified(self, name: str, layers: tuple[int, ...], values: Array) -> Array:
        """Return what dense layers with ReLU between them make of values."""
        for layer in layers[:-1]:
            values = np.maximum(self._dense(f"{name}.{layer}", values), np.float32(0.0))
        return self._dense(f"{name}.{layers[-1]}", values)

    def _dense(self, name: str, values: Array) -> Array:
        found: Array = values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return found


def _sigmoid(values: Array) -> Array:
    rising: Array = 0.5 * (1 + np.tanh(0.5 * values))  # never overflows
    return rising
