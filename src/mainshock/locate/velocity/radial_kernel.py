"""First arrivals where velocity is linear in depth, layer by layer: the compiled loops.

All depths and velocities are those of the flattened Earth. A ray with parameter ``p`` crosses a
layer ``z1..z2`` with ``v = v1 .. v2`` and ``eta = sqrt(1 - p^2 v^2)`` in
``X = p (v1 + v2) (z2 - z1) / (eta1 + eta2)`` and
``T = ln(v2 (1 + eta1) / (v1 (1 + eta2))) / g`` with the gradient ``g``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["first_arrivals_s", "grouped_arrivals_s"]

FloatArray = NDArray[np.float64]
DIRECT_RAYS = 100
TURNING_RAYS = 10


@compiled
def _velocity_at(
    tops: FloatArray, v_top: FloatArray, v_end: FloatArray, layer: int, z: float
) -> float:
    share = (z - tops[layer]) / (tops[layer + 1] - tops[layer])
    velocity: float = v_top[layer] + share * (v_end[layer] - v_top[layer])
    return velocity


@compiled
def _cross(z1: float, v1: float, z2: float, v2: float, p: float) -> tuple[float, float]:
    """Return distance in km and time in s of one crossing from z1 down to z2."""
    eta1 = math.sqrt(max(1.0 - (p * v1) ** 2, 0.0))
    eta2 = math.sqrt(max(1.0 - (p * v2) ** 2, 0.0))
    total = eta1 + eta2
    if total <= 0.0:
        return 0.0, 0.0
    offset = p * (v1 + v2) * (z2 - z1) / total
    if abs(v2 - v1) > 1e-7 * v1:
        ratio = v2 * (1.0 + eta1) / (v1 * (1.0 + eta2))
        return offset, math.log(ratio) * (z2 - z1) / (v2 - v1)
    return offset, 4.0 * (z2 - z1) / ((v1 + v2) * total)


@compiled
def _cross_between(
    tops: FloatArray, v_top: FloatArray, v_end: FloatArray, upper: float, lower: float, p: float
) -> tuple[float, float]:
    """Return distance and time of a ray that falls from ``upper`` to ``lower``."""
    offset, time = 0.0, 0.0
    for layer in range(tops.size - 1):
        z1, z2 = max(upper, tops[layer]), min(lower, tops[layer + 1])
        if z2 > z1:
            v1 = _velocity_at(tops, v_top, v_end, layer, z1)
            v2 = _velocity_at(tops, v_top, v_end, layer, z2)
            x, t = _cross(z1, v1, z2, v2, p)
            offset += x
            time += t
        if tops[layer + 1] >= lower:
            break
    return offset, time


@compiled
def _fastest_between(
    tops: FloatArray, v_top: FloatArray, v_end: FloatArray, upper: float, lower: float
) -> float:
    fastest = 0.0
    for layer in range(tops.size - 1):
        z1, z2 = max(upper, tops[layer]), min(lower, tops[layer + 1])
        if z2 > z1 or (upper == lower and tops[layer] <= upper < tops[layer + 1]):
            fastest = max(fastest, _velocity_at(tops, v_top, v_end, layer, z1))
            fastest = max(fastest, _velocity_at(tops, v_top, v_end, layer, z2))
    return fastest


@compiled
def _lower_to_segment(
    distance: FloatArray, times: FloatArray, start: FloatArray, end: FloatArray
) -> None:
    """Lower times to the cubic that joins two rays ``(X, T, p)`` of one branch."""
    first, last = (start, end) if start[0] <= end[0] else (end, start)
    width = last[0] - first[0]
    index = np.searchsorted(distance, first[0])
    while index < distance.size and distance[index] <= last[0]:
        u = (distance[index] - first[0]) / width if width > 0.0 else 0.0
        value = (
            (1.0 + 2.0 * u) * (1.0 - u) ** 2 * first[1]
            + u * u * (3.0 - 2.0 * u) * last[1]
            + u * (1.0 - u) ** 2 * width * first[2]
            - u * u * (1.0 - u) * width * last[2]
        )
        times[index] = min(times[index], value)
        index += 1


@compiled
def _lower_to_line(distance: FloatArray, times: FloatArray, ray: FloatArray) -> None:
    """Lower times to those of a head wave that starts with a ray ``(X, T, p)``."""
    for index in range(np.searchsorted(distance, ray[0]), distance.size):
        times[index] = min(times[index], ray[1] + ray[2] * (distance[index] - ray[0]))


@compiled
def _add_direct(
    tops: FloatArray,
    v_top: FloatArray,
    v_end: FloatArray,
    upper: float,
    lower: float,
    fastest: float,
    distance: FloatArray,
    times: FloatArray,
) -> None:
    """Lower times to the rays that go up (or straight) from the deeper to the shallower end."""
    before, ray = np.zeros(3), np.zeros(3)
    for step in range(DIRECT_RAYS + 1):
        left = 1.0 - step / DIRECT_RAYS
        angle = 0.5 * math.pi * (1.0 - left**3)  # dense where the ray grazes
        p = math.sin(angle) / fastest
        ray[0], ray[1] = _cross_between(tops, v_top, v_end, upper, lower, p)
        ray[2] = p
        if step > 0:
            _lower_to_segment(distance, times, before, ray)
        before[:] = ray
        if ray[0] > distance[-1]:
            break


@compiled
def _turning_ray(
    tops: FloatArray,
    v_top: FloatArray,
    v_end: FloatArray,
    upper: float,
    lower: float,
    layer: int,
    p: float,
    ray: FloatArray,
) -> None:
    """Set the ray ``(X, T, p)`` that turns in a layer below both ends."""
    offset, time = _cross_between(tops, v_top, v_end, upper, lower, p)
    z1 = max(lower, tops[layer])
    x, t = _cross_between(tops, v_top, v_end, lower, z1, p)
    v1 = _velocity_at(tops, v_top, v_end, layer, z1)
    gradient = (v_end[layer] - v_top[layer]) / (tops[layer + 1] - tops[layer])
    turn, v_turn = (z1, v1)
    if gradient > 0.0 and p * v1 < 1.0:
        v_turn = 1.0 / p
        turn = z1 + (v_turn - v1) / gradient
    x_bottom, t_bottom = _cross(z1, v1, turn, v_turn, p)
    ray[0] = offset + 2.0 * (x + x_bottom)
    ray[1] = time + 2.0 * (t + t_bottom)
    ray[2] = p


@compiled
def _add_turning(
    tops: FloatArray,
    v_top: FloatArray,
    v_end: FloatArray,
    upper: float,
    lower: float,
    fastest: float,
    distance: FloatArray,
    times: FloatArray,
) -> None:
    """Lower times to the rays that turn below both ends, and to head waves."""
    before, ray = np.zeros(3), np.zeros(3)
    for layer in range(tops.size - 1):
        if tops[layer + 1] <= lower:
            continue
        z1 = max(lower, tops[layer])
        v1 = _velocity_at(tops, v_top, v_end, layer, z1)
        if v1 > fastest or (v1 == fastest and v_end[layer] <= v1):
            _turning_ray(tops, v_top, v_end, upper, lower, layer, 1.0 / v1, ray)
            _lower_to_line(distance, times, ray)
        steepest = max(fastest, v1)
        if v_end[layer] > steepest:
            nearest = np.inf
            for step in range(TURNING_RAYS + 1):
                share = (step / TURNING_RAYS) ** 2
                p = 1.0 / steepest + share * (1.0 / v_end[layer] - 1.0 / steepest)
                _turning_ray(tops, v_top, v_end, upper, lower, layer, p, ray)
                if step > 0:
                    _lower_to_segment(distance, times, before, ray)
                before[:] = ray
                nearest = min(nearest, ray[0])
            if nearest > 2.0 * distance[-1] + 400.0:  # deeper rays come up farther still
                break
        fastest = max(steepest, v_end[layer])


@compiled
def first_arrivals_s(
    tops: FloatArray,
    v_top: FloatArray,
    v_end: FloatArray,
    upper: float,
    lower: float,
    distance: FloatArray,
) -> FloatArray:
    """Return first-arrival times in s between two depths, at increasing distances.

    Distances no ray reaches get infinity.
    """
    times = np.full(distance.size, np.inf)
    fastest = _fastest_between(tops, v_top, v_end, upper, lower)
    if lower > upper:
        _add_direct(tops, v_top, v_end, upper, lower, fastest, distance, times)
    elif distance[0] <= 0.0:
        times[distance <= 0.0] = 0.0
    _add_turning(tops, v_top, v_end, upper, lower, fastest, distance, times)
    return times


@compiled
def grouped_arrivals_s(
    tops: FloatArray,
    v_top: FloatArray,
    v_end: FloatArray,
    upper: FloatArray,
    lower: FloatArray,
    distance: FloatArray,
    bounds: NDArray[np.int64],
) -> FloatArray:
    """Return first-arrival times of paths sorted by their two depths, then by distance.

    Group ``i`` holds the paths ``bounds[i]`` to ``bounds[i + 1]``; all its depths are the same.
    """
    times = np.empty(distance.size)
    for group in range(bounds.size - 1):
        first, past_last = bounds[group], bounds[group + 1]
        times[first:past_last] = first_arrivals_s(
            tops, v_top, v_end, upper[first], lower[first], distance[first:past_last]
        )
    return times
