"""Sums of the Omori-Utsu decay over all earlier events, in time proportional to their number.

The power law is a mixture of exponentials, ::

    (t + c)^-p = 1 / Gamma(p) * integral of s^(p - 1) exp(-s (t + c)) ds over s > 0

whose trapezoid sum in ``ln s`` converges very fast: with a step of 0.5 its relative error is about
2e-7 at all times. For one exponential the sum over all earlier events needs only its own last
value. Rates below the lowest node act as a straight line in ``s``: two of the nodes, one of them
at 0, take their weights.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from mainshock.core.errors import DataError
from mainshock.signal.compiled import compiled

__all__ = ["MIN_C_DAYS", "EarlierSums", "node_rates", "node_weights"]

FloatArray = NDArray[np.float64]
MIN_C_DAYS = 1e-5
"""Smallest c for which rates are laid out, 0.9 s."""

_STEP = 0.5
_LOWEST = 0.05  # times the whole span: below it decays are straight lines to 3e-5
_HIGHEST = 18.0  # times c: exp(-18) is left of what lies above
_CHUNK = 8192


def node_rates(span_days: float, c_days: float = MIN_C_DAYS) -> FloatArray:
    """Return the rates of the exponentials a day, 0 first, ascending.

    They lie on one fixed grid, so that sums change by what is stated even when the span grows.

    Parameters
    ----------
    span_days
        Longest time between two events.
    c_days
        Smallest c that is asked for.

    Raises
    ------
    DataError
        If ``c_days`` is not positive.
    """
    if not c_days > 0:
        raise DataError(f"c must be positive, not {c_days:g} days")
    low = math.floor(math.log(_LOWEST / max(span_days, c_days)) / _STEP)
    high = math.ceil(math.log(_HIGHEST / c_days) / _STEP)
    return np.append(0.0, np.exp(_STEP * np.arange(low, high + 1)))


def node_weights(rates: FloatArray, c_days: float, p: float) -> FloatArray:
    """Return weights with ``(t + c)^-p = sum(weights * exp(-rates t))``, and their slopes.

    Parameters
    ----------
    rates
        Of :func:`node_rates`, all of them or the first so many: nodes far above ``1 / c`` weigh
        nothing.
    c_days, p
        Of the decay; ``p`` is positive.

    Returns
    -------
    Rows: weights, derivatives with respect to c, derivatives with respect to p; shape
    ``(3, n_nodes)``.
    """
    s = rates[1:]
    weight = np.exp(math.log(_STEP) + p * np.log(s) - s * c_days - gammaln(p))
    found = np.zeros((3, len(rates)))
    found[0, 1:] = weight
    found[1, 1:] = -s * weight
    found[2, 1:] = (np.log(s) - digamma(p)) * weight
    # all nodes further down the grid: their sum and first moment, relative to the lowest
    sums, by_p = np.empty(2), np.empty(2)
    for moment in (0, 1):
        ratio = math.exp(-(p + moment) * _STEP)
        sums[moment] = ratio / (1.0 - ratio)
        by_p[moment] = -_STEP * ratio / (1.0 - ratio) ** 2
    for node, share, slope in (
        (0, sums[0] - sums[1], by_p[0] - by_p[1]),
        (1, sums[1], by_p[1]),
    ):
        at = s[0] * node  # rate of the node that takes the share
        moved = weight[0] * math.exp((s[0] - at) * c_days)
        found[0, node] += share * moved
        found[1, node] += -at * share * moved
        found[2, node] += (slope + share * (math.log(s[0]) - digamma(p))) * moved
    return found


@dataclass(frozen=True, slots=True, eq=False)
class EarlierSums:
    """Decay factors of a sorted series of times, kept for sums with many parameters.

    Parameters
    ----------
    times_days
        Sorted, shape ``(n,)``; sources and targets together.
    is_target
        Where sums are wanted, shape ``(n,)``.
    rates
        Of :func:`node_rates`.
    loss
        Part of each exponential that is lost since the time before, float32, ``(n, n_nodes)``.
    is_later
        Whether a time is after the one before it; events at the very same time do not count for
        each other.
    """

    times_days: FloatArray
    is_target: NDArray[np.bool_]
    rates: FloatArray
    loss: NDArray[np.float32]
    is_later: NDArray[np.bool_]

    @classmethod
    def of(
        cls, times_days: FloatArray, is_target: NDArray[np.bool_], c_days: float = MIN_C_DAYS
    ) -> "EarlierSums":
        """Return the factors for any c of at least ``c_days``."""
        span = float(times_days[-1] - times_days[0]) if len(times_days) else 0.0
        rates = node_rates(span, c_days)
        gaps = np.diff(times_days, prepend=times_days[:1])
        loss = np.empty((len(gaps), len(rates)), dtype=np.float32)
        for rows in _chunks(len(gaps)):
            lost = (gaps[rows, None] * -rates).astype(np.float32)
            np.negative(np.expm1(lost, out=lost), out=loss[rows])
        return cls(np.asarray(times_days), is_target, rates, loss, gaps > 0)

    def __call__(
        self, productivity: FloatArray, above: FloatArray, c_days: float, p: float
    ) -> FloatArray:
        """Return sums over the events before each target.

        Parameters
        ----------
        productivity
            Of each event, 0 for those that are no sources, shape ``(n,)``.
        above
            Magnitude above the reference, shape ``(n,)``.
        c_days, p
            Of the decay.

        Returns
        -------
        Shape ``(n_targets, 4)``: sum of ``productivity * decay``; the same times ``above``; and
        the derivatives of the first with respect to c and p.
        """
        used = int(np.searchsorted(self.rates, _HIGHEST / c_days)) + 1
        weights = node_weights(self.rates[:used], c_days, p)
        found = np.empty((int(self.is_target.sum()), 4))
        _sums(self.loss, self.is_later, self.is_target, productivity, above, weights, found)
        return found


def _chunks(n: int) -> Iterator[slice]:
    for first in range(0, n, _CHUNK):
        yield slice(first, min(first + _CHUNK, n))


@compiled
def _sums(
    loss: NDArray[np.float32],
    is_later: NDArray[np.bool_],
    is_target: NDArray[np.bool_],
    productivity: FloatArray,
    above: FloatArray,
    weights: FloatArray,
    found: FloatArray,
) -> None:
    n_nodes = weights.shape[1]
    plain, by_c, by_p = weights[0], weights[1], weights[2]
    state, moment = np.zeros(n_nodes), np.zeros(n_nodes)
    new_state, new_moment = 0.0, 0.0
    row = 0
    for i in range(len(is_later)):
        lost = loss[i]
        if is_later[i]:
            for j in range(n_nodes):
                left = 1.0 - lost[j]
                state[j] = (state[j] + new_state) * left
                moment[j] = (moment[j] + new_moment) * left
            new_state, new_moment = 0.0, 0.0
        if is_target[i]:
            total, total_m, total_c, total_p = 0.0, 0.0, 0.0, 0.0
            for j in range(n_nodes):
                total += plain[j] * state[j]
                total_m += plain[j] * moment[j]
                total_c += by_c[j] * state[j]
                total_p += by_p[j] * state[j]
            found[row, 0] = total
            found[row, 1] = total_m
            found[row, 2] = total_c
            found[row, 3] = total_p
            row += 1
        new_state += productivity[i]
        new_moment += productivity[i] * above[i]
