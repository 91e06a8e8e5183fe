"""First arrivals in flat uniform layers: the compiled loops."""

import math

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["layered_times_s"]

FloatArray = NDArray[np.float64]


@compiled
def _layer_of(tops: FloatArray, depth: float) -> int:
    """Return the layer that holds a depth; on an interface, the one below it."""
    layer = 0
    while layer + 1 < tops.size and tops[layer + 1] <= depth:
        layer += 1
    return layer


@compiled
def _thickness(tops: FloatArray, layer: int, upper: float, lower: float) -> float:
    """Return how much of the layer lies between two depths."""
    top = upper if layer == 0 else max(upper, tops[layer])
    bottom = lower if layer + 1 == tops.size else min(lower, tops[layer + 1])
    return max(bottom - top, 0.0)


@compiled
def _ray_offset_km(
    tops: FloatArray,
    slowness: FloatArray,
    first: int,
    last: int,
    upper: float,
    lower: float,
    fastest: float,
    tangent: float,
) -> tuple[float, float]:
    """Return how far a ray gets sideways, and the derivative by its tangent.

    The tangent is that of the ray's angle in the fastest layer; so every ray has a finite one.
    """
    offset, derivative = 0.0, 0.0
    for layer in range(first, last + 1):
        thickness = _thickness(tops, layer, upper, lower)
        square = slowness[layer] ** 2
        root = square + (square - fastest**2) * tangent**2
        offset += thickness * fastest * tangent / math.sqrt(root)
        derivative += thickness * fastest * square / (root * math.sqrt(root))
    return offset, derivative


@compiled
def _direct_tangent(
    tops: FloatArray,
    slowness: FloatArray,
    first: int,
    last: int,
    upper: float,
    lower: float,
    fastest: float,
    distance: float,
) -> float:
    """Return the tangent whose ray spans the distance (Newton from below, where it is convex)."""
    steepest, saturated, thick = 0.0, 0.0, 0.0
    for layer in range(first, last + 1):
        thickness = _thickness(tops, layer, upper, lower)
        steepest += thickness * fastest / slowness[layer]
        if slowness[layer] > fastest:
            saturated += thickness * fastest / math.sqrt(slowness[layer] ** 2 - fastest**2)
        else:
            thick += thickness
    tangent = max(distance / steepest, (distance - saturated) / thick)
    for _ in range(50):
        offset, derivative = _ray_offset_km(
            tops, slowness, first, last, upper, lower, fastest, tangent
        )
        missing = distance - offset
        tangent += missing / derivative
        if abs(missing) <= 1e-6 * (1.0 + distance):  # time errs with the square of this
            break
    return tangent


@compiled
def _direct_time_s(
    tops: FloatArray, slowness: FloatArray, upper: float, lower: float, distance: float
) -> float:
    """Return the time of the ray that goes straight from the upper to the lower point."""
    first, last = _layer_of(tops, upper), _layer_of(tops, lower)
    if lower - upper < 1e-9:
        along: float = distance * slowness[first]
        return along
    if last > first and tops[last] >= lower:
        last -= 1
    if first == last:
        straight: float = math.hypot(distance, lower - upper) * slowness[first]
        return straight
    fastest = np.inf
    for layer in range(first, last + 1):
        fastest = min(fastest, slowness[layer])
    tangent = _direct_tangent(tops, slowness, first, last, upper, lower, fastest, distance)
    parameter = fastest * tangent / math.sqrt(1.0 + tangent**2)
    time = parameter * distance
    for layer in range(first, last + 1):
        square = max(slowness[layer] ** 2 - parameter**2, 0.0)
        time += _thickness(tops, layer, upper, lower) * math.sqrt(square)
    return time


@compiled
def _head_time_s(
    tops: FloatArray,
    slowness: FloatArray,
    upper: float,
    lower: float,
    distance: float,
    interface: float,
    parameter: float,
) -> float:
    """Return the time along an interface above or below both points; infinite where none is."""
    time, offset = parameter * distance, 0.0
    highest, deepest = min(upper, interface), max(lower, interface)
    for layer in range(_layer_of(tops, highest), tops.size):
        whole = _thickness(tops, layer, highest, deepest)
        if whole <= 0.0:
            if tops[layer] >= deepest:
                break
            continue
        square = slowness[layer] ** 2 - parameter**2
        if square <= 0.0:
            return np.inf
        legs = 2.0 * whole - _thickness(tops, layer, upper, lower)
        root = math.sqrt(square)
        time += legs * root
        offset += legs * parameter / root
    return time if distance >= offset else np.inf


@compiled
def _first_arrival_s(
    tops: FloatArray, slowness: FloatArray, upper: float, lower: float, distance: float
) -> float:
    time = _direct_time_s(tops, slowness, upper, lower, distance)
    for layer in range(1, tops.size):
        if tops[layer] >= lower and slowness[layer] < slowness[layer - 1]:
            head = _head_time_s(
                tops, slowness, upper, lower, distance, tops[layer], slowness[layer]
            )
            time = min(time, head)
        elif tops[layer] <= upper and slowness[layer - 1] < slowness[layer]:
            head = _head_time_s(
                tops, slowness, upper, lower, distance, tops[layer], slowness[layer - 1]
            )
            time = min(time, head)
    return time


@compiled
def layered_times_s(
    tops: FloatArray,
    slowness: FloatArray,
    distance: FloatArray,
    source: FloatArray,
    receiver: FloatArray,
) -> FloatArray:
    """Return first-arrival times in seconds for paths of shape ``(n,)``, in km."""
    times = np.empty(distance.size)
    for path in range(distance.size):
        upper = min(source[path], receiver[path])
        lower = max(source[path], receiver[path])
        times[path] = _first_arrival_s(tops, slowness, upper, lower, distance[path])
    return times
