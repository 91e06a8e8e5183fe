"""The renewal equation of clusters, solved on nodes in time."""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["lag_weights", "solved"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
_MOST_ROUNDS = 40
_TOLERANCE = 1e-4  # of a step of Newton's method: what is left is of the order of its square


@compiled
def lag_weights(nodes: FloatArray, rate: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weights of a function at nodes in its integral with a decay, up to each node.

    Parameters
    ----------
    nodes
        Times, growing from 0, days; shape ``(n,)``. Between them the function is straight.
    rate, weight
        The decay is ``sum(weight exp(-rate t))``.

    Returns
    -------
    Row ``i`` is for the integral from 0 to ``nodes[i]`` of ``decay(nodes[i] - t)`` times the
    function; shape ``(n, n)``.
    """
    n = len(nodes)
    found = np.zeros((n, n))
    hats = np.zeros(n)
    for i in range(1, n):
        for k in range(len(rate)):
            hats[: i + 1] = 0.0
            far0, far1 = _moments(rate[k], nodes[i])
            for j in range(1, i + 1):
                near = nodes[i] - nodes[j]
                near0, near1 = _moments(rate[k], near)
                m0, m1 = far0 - near0, far1 - near1
                to_left = (m1 - near * m0) / (nodes[j] - nodes[j - 1])
                hats[j - 1] += to_left
                hats[j] += m0 - to_left
                far0, far1 = near0, near1
            for j in range(i + 1):
                found[i, j] += weight[k] * max(hats[j], 0.0)
    return found


@compiled
def _moments(rate: float, t: float) -> tuple[float, float]:
    """Return the integrals from 0 to ``t`` of ``exp(-rate v)`` and ``v exp(-rate v)``."""
    x = rate * t
    if x < 1e-3:
        return t * (1.0 - x / 2 + x * x / 6), t * t * (0.5 - x / 3 + x * x / 8)
    fading = np.exp(-x) if x < 700.0 else 0.0
    return t * (1.0 - fading) / x, t * t * (1.0 - fading * (1.0 + x)) / (x * x)


@compiled
def solved(
    lag: FloatArray,
    is_inside: NDArray[np.bool_],
    magnitudes: tuple[FloatArray, FloatArray, NDArray[np.bool_]],
    z: ComplexArray,
) -> ComplexArray:
    """Return one minus the generating function of a cluster, by the time that is left.

    Parameters
    ----------
    lag
        Of :func:`lag_weights`, shape ``(n_nodes, n_nodes)``.
    is_inside
        Whether a cluster that starts at a node starts in the window.
    magnitudes
        Weight of each, direct aftershocks of it (as a factor of the decay), and whether it counts.
    z
        Arguments, shape ``(n,)``.

    Returns
    -------
    Shape ``(n_nodes, n)``.
    """
    n_nodes = len(is_inside)
    found = np.zeros((n_nodes, len(z)), dtype=np.complex128)
    mine = np.zeros(n_nodes, dtype=np.complex128)
    for q in range(len(z)):
        for i in range(n_nodes):
            known = 0.0j
            for j in range(i):
                known += lag[i, j] * mine[j]
            start = mine[i - 1] if i > 0 else 0.0j
            if i > 2 and is_inside[i] == is_inside[i - 3]:
                start = 3.0 * (start - mine[i - 2]) + mine[i - 3]
            one = z[q] if is_inside[i] else 1.0 + 0.0j
            mine[i] = _root(known, lag[i, i], magnitudes, one, start)
        found[:, q] = mine
    return found


@compiled
def _root(
    known: complex,
    last: float,
    magnitudes: tuple[FloatArray, FloatArray, NDArray[np.bool_]],
    z: complex,
    start: complex,
) -> complex:
    """Return the value at one node by Newton's method.

    ``known`` is the part of the integral that earlier nodes give, ``last`` the weight of this one.
    """
    weight, n_direct, is_counted = magnitudes
    found = start
    for _ in range(_MOST_ROUNDS):
        value, slope = 1.0 + 0.0j, 0.0j
        passed = known + last * found
        for m in range(len(weight)):
            shrunk = weight[m] * np.exp(-n_direct[m] * passed.real)
            turn = -n_direct[m] * passed.imag
            part = complex(shrunk * np.cos(turn), shrunk * np.sin(turn))
            if is_counted[m]:
                part *= z
            value -= part
            slope += n_direct[m] * part
        change = (value - found) / (1.0 - last * slope)
        found += change
        if abs(change.real) + abs(change.imag) < _TOLERANCE:
            break
    return found
