"""A few small networks whose mean is a bounded correction of ln intensity, as plain arrays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["FARTHEST", "Correction", "correct_row"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

FARTHEST = 5.0
"""Standard deviations beyond which evidence counts as if it lay there."""


class Correction(NamedTuple):
    """Networks of two hidden layers of hyperbolic tangents; the correction is their mean.

    ``bound tanh(network(evidence) / bound)`` each, so that the intensity changes by a factor of at
    most ``exp(bound)``. A named tuple, so that compiled code takes it as it is.

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

    def __call__(self, evidence: FloatArray) -> FloatArray:
        """Return the correction of ln intensity for rows of evidence, ``(n, n_inputs)``."""
        return _correct_rows(np.ascontiguousarray(evidence, dtype=np.float64), self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Correction":
        """Return the networks whose numbers stand under the names of the fields.

        Raises
        ------
        KeyError
            If one is missing.
        """
        mean, sd, first, second, last, bound = (arrays[name] for name in cls._fields)
        return cls(mean, sd, first, second, last, float(bound))


@compiled
def correct_row(row: FloatArray, correction: Correction) -> float:
    """Return what a correction says of one row of evidence, inside compiled code."""
    mean, sd, first, second, last, bound = correction
    n_networks, n_hidden = last.shape[0], last.shape[1] - 1
    total = 0.0
    for k in range(n_networks):
        below, above = first[k, -1].astype(np.float64), second[k, -1].astype(np.float64)
        for i in range(len(row)):
            x = min(max((row[i] - mean[i]) / sd[i], -FARTHEST), FARTHEST)
            for h in range(n_hidden):
                below[h] += x * first[k, i, h]
        for i in range(n_hidden):
            x = np.tanh(below[i])
            for h in range(n_hidden):
                above[h] += x * second[k, i, h]
        said = float(last[k, -1])
        for h in range(n_hidden):
            said += np.tanh(above[h]) * last[k, h]
        total += bound * np.tanh(said / bound)
    return float(total / n_networks)


@compiled
def _correct_rows(rows: FloatArray, correction: Correction) -> FloatArray:
    found = np.zeros(len(rows))
    for i in range(len(rows)):
        found[i] = correct_row(rows[i], correction)
    return found
