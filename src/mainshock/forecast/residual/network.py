"""A few small networks whose mean is a bounded correction of ln intensity, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["Correction", "correct_row", "scaled"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
_FARTHEST = 5.0  # standard deviations; beyond, evidence counts as if it lay there


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Networks of two hidden layers of hyperbolic tangents; the correction is their mean.

    ``bound tanh(network(evidence) / bound)`` each, so that the intensity changes by a factor of at
    most ``exp(bound)``.

    Parameters
    ----------
    mean, sd
        Of the evidence, by which it is scaled; shape ``(n_inputs,)``.
    first, second, last
        Weights, ``(n_networks, n_inputs + 1, n_hidden)``, ``(n_networks, n_hidden + 1, n_hidden)``
        and ``(n_networks, n_hidden + 1)``; the last row is the constant.
    bound
        Largest correction of ln intensity.
    """

    mean: FloatArray
    sd: FloatArray
    first: SingleArray
    second: SingleArray
    last: SingleArray
    bound: float

    @property
    def is_none(self) -> bool:
        """Return whether nothing is corrected."""
        return not self.last.any()

    def scaled(self, evidence: FloatArray) -> SingleArray:
        """Return evidence in standard deviations, single precision."""
        return scaled(evidence, self.mean, self.sd)

    def __call__(self, evidence: FloatArray) -> FloatArray:
        """Return the correction of ln intensity for rows of evidence, ``(n, n_inputs)``."""
        total = np.zeros(len(evidence))
        if self.is_none:
            return total
        rows = self.scaled(evidence)
        for k in range(len(self.last)):
            hidden = np.tanh(rows @ self.first[k, :-1] + self.first[k, -1])
            hidden = np.tanh(hidden @ self.second[k, :-1] + self.second[k, -1])
            said = hidden @ self.last[k, :-1] + self.last[k, -1]
            total += self.bound * np.tanh(said.astype(np.float64) / self.bound)
        return np.asarray(total / len(self.last))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers by name, for an npz file."""
        return {
            "mean": self.mean,
            "sd": self.sd,
            "first": self.first,
            "second": self.second,
            "last": self.last,
            "bound": np.array(self.bound),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Correction":
        """Return the networks of :meth:`arrays`.

        Raises
        ------
        KeyError
            If one is missing.
        """
        names = ("mean", "sd", "first", "second", "last")
        mean, sd, first, second, last = (arrays[name] for name in names)
        return cls(mean, sd, first, second, last, float(arrays["bound"]))


def scaled(evidence: FloatArray, mean: FloatArray, sd: FloatArray) -> SingleArray:
    """Return evidence in standard deviations from the mean, held within 5 of them."""
    rows = np.clip((evidence - mean) / sd, -_FARTHEST, _FARTHEST)
    return np.asarray(rows, dtype=np.float32)


@compiled
def correct_row(
    row: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    first: SingleArray,
    second: SingleArray,
    last: SingleArray,
    bound: float,
) -> float:
    """Return what :class:`Correction` says of one row, inside compiled code."""
    n_networks, n_hidden = last.shape[0], last.shape[1] - 1
    below, above = np.empty(n_hidden), np.empty(n_hidden)
    total = 0.0
    for k in range(n_networks):
        for h in range(n_hidden):
            below[h] = first[k, -1, h]
        for i in range(len(row)):
            x = min(max((row[i] - mean[i]) / sd[i], -_FARTHEST), _FARTHEST)
            for h in range(n_hidden):
                below[h] += x * first[k, i, h]
        for h in range(n_hidden):
            above[h] = second[k, -1, h]
        for i in range(n_hidden):
            x = np.tanh(below[i])
            for h in range(n_hidden):
                above[h] += x * second[k, i, h]
        said = float(last[k, -1])
        for h in range(n_hidden):
            said += np.tanh(above[h]) * last[k, h]
        total += bound * np.tanh(said / bound)
    return float(total / n_networks)
