"""First arrivals from a point through a 3-D velocity grid: factored fast marching, compiled.

Times are ``T = T0 tau``. ``T0`` is exact in a reference medium whose velocity is linear in
space and equals the grid's at the source; it carries the singularity there, so that ``tau`` is
smooth and finite differences of second order lose little. All lengths are km from node
``(0, 0, 0)``; grids have the axes east, north, depth.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["Reference", "choose_reference", "grid_value", "march", "reference_time_s"]

FloatArray = NDArray[np.float64]
_FAR, _TRIAL, _KNOWN = 0, 1, 2
_PAD = 2  # the farthest that a difference of second order reaches


class Reference(NamedTuple):
    """The medium of ``T0``: velocity ``v0 + g (x - source)``.

    Parameters
    ----------
    source_km
        East, north, depth, shape ``(3,)``.
    velocity_km_s
        Velocity at the source.
    gradient_s
        Gradient of the velocity, 1/s, shape ``(3,)``.
    """

    source_km: FloatArray
    velocity_km_s: float
    gradient_s: FloatArray


def choose_reference(
    velocity: FloatArray, spacing_km: FloatArray, source_km: FloatArray
) -> Reference:
    """Return the linear medium nearest to a grid of velocities among those exact at the source.

    The gradient is that of least squares; it is lessened where the reference would get slower
    than half the slowest or faster than twice the fastest velocity of the grid.
    """
    at_source = float(grid_value(velocity, spacing_km, source_km))
    gradient = np.zeros(3)
    lowest = highest = at_source
    for axis in range(3):
        place = spacing_km[axis] * np.arange(velocity.shape[axis])
        profile = velocity.mean(axis=tuple(other for other in range(3) if other != axis))
        centred = place - place.mean()
        gradient[axis] = (centred @ profile) / (centred @ centred)
        ends = gradient[axis] * (place[[0, -1]] - source_km[axis])
        lowest, highest = lowest + ends.min(), highest + ends.max()
    share = 1.0
    floor, ceiling = 0.5 * float(velocity.min()), 2.0 * float(velocity.max())
    if lowest < floor:
        share = (at_source - floor) / (at_source - lowest)
    if highest > ceiling:
        share = min(share, (ceiling - at_source) / (highest - at_source))
    return Reference(np.asarray(source_km, dtype=np.float64), at_source, share * gradient)


@compiled
def reference_time_s(reference: Reference, east: float, north: float, depth: float) -> float:
    """Return the time from the source to a place in the reference medium.

    References
    ----------
    Slotnick (1959), Lessons in Seismic Computing, SEG.
    """
    x = east - reference.source_km[0]
    y = north - reference.source_km[1]
    z = depth - reference.source_km[2]
    gx, gy, gz = reference.gradient_s[0], reference.gradient_s[1], reference.gradient_s[2]
    steepness = math.sqrt(gx * gx + gy * gy + gz * gz)
    start = reference.velocity_km_s
    square = x * x + y * y + z * z
    if steepness * math.sqrt(square) < 1e-6 * start:
        return math.sqrt(square / (start * (start + gx * x + gy * y + gz * z)))
    q = steepness * steepness * square / (2.0 * start * (start + gx * x + gy * y + gz * z))
    return math.log1p(q + math.sqrt(q * (q + 2.0))) / steepness


@compiled
def _reference_slope(
    reference: Reference, east: float, north: float, depth: float, slope: FloatArray
) -> None:
    """Set the gradient of ``T0``, s/km; zero at the source."""
    gx, gy, gz = reference.gradient_s[0], reference.gradient_s[1], reference.gradient_s[2]
    x = east - reference.source_km[0]
    y = north - reference.source_km[1]
    z = depth - reference.source_km[2]
    square = x * x + y * y + z * z
    slope[:] = 0.0
    if square > 0.0:
        start = reference.velocity_km_s
        there = start + gx * x + gy * y + gz * z
        steep = (gx * gx + gy * gy + gz * gz) * square
        # T0 = acosh(1 + q) / g with q = g^2 r^2 / (2 v0 v)
        scale = 1.0 / math.sqrt(square * (start * there + 0.25 * steep))
        bend = 0.5 * square / there
        slope[0] = scale * (x - bend * gx)
        slope[1] = scale * (y - bend * gy)
        slope[2] = scale * (z - bend * gz)


@compiled
def _cell_of(place: float, spacing: float, size: int) -> tuple[int, float]:
    """Return the lower node of the cell that holds a place, and the share of the way across."""
    cell = min(max(math.floor(place / spacing), 0), size - 2)
    return cell, place / spacing - cell


@compiled
def grid_value(values: NDArray[np.floating], spacing: FloatArray, place: FloatArray) -> float:
    """Return the trilinear value of a grid at a place, km from node 0."""
    i, u = _cell_of(place[0], spacing[0], values.shape[0])
    j, v = _cell_of(place[1], spacing[1], values.shape[1])
    k, w = _cell_of(place[2], spacing[2], values.shape[2])
    total = 0.0
    for a in range(2):
        for b in range(2):
            share = (u if a else 1.0 - u) * (v if b else 1.0 - v)
            total += share * ((1.0 - w) * values[i + a, j + b, k] + w * values[i + a, j + b, k + 1])
    return total


class _Front(NamedTuple):
    """Nodes on trial as a binary heap, the earliest first."""

    nodes: NDArray[np.int32]
    times: FloatArray
    places: NDArray[np.int32]  # of each node in the heap


@compiled
def _rise(front: _Front, index: int, node: int, time: float) -> None:
    while index > 0:
        parent = (index - 1) >> 1
        if front.times[parent] <= time:
            break
        front.times[index] = front.times[parent]
        front.nodes[index] = front.nodes[parent]
        front.places[front.nodes[index]] = index
        index = parent
    front.times[index], front.nodes[index], front.places[node] = time, node, index


@compiled
def _sink(front: _Front, size: int, index: int, node: int, time: float) -> None:
    while True:
        child = 2 * index + 1
        if child >= size:
            break
        if child + 1 < size and front.times[child + 1] < front.times[child]:
            child += 1
        if front.times[child] >= time:
            break
        front.times[index] = front.times[child]
        front.nodes[index] = front.nodes[child]
        front.places[front.nodes[index]] = index
        index = child
    front.times[index], front.nodes[index], front.places[node] = time, node, index


class _Field(NamedTuple):
    """The padded grid, its axes rolled into one."""

    strides: NDArray[np.int64]
    spacing: FloatArray
    slowness: FloatArray
    reference: FloatArray  # T0
    slope: FloatArray  # of T0, shape (n, 3)
    factor: FloatArray  # tau
    time: FloatArray
    state: NDArray[np.uint8]


@compiled
def _solve(field: _Field, node: int, terms: FloatArray) -> float:
    """Return ``tau`` at a node from its known neighbours: ``sum (a tau - b)^2 = slowness^2``.

    ``terms`` is room for ``a``, ``b`` and the neighbour's time of each axis. Along an axis
    without a known neighbour ``tau`` is level if the source lies within a cell of the node's
    plane, and so is ``T`` else.
    """
    t0 = field.reference[node]
    p0, p1, p2 = field.slope[node, 0], field.slope[node, 1], field.slope[node, 2]
    steep = p0 * p0 + p1 * p1 + p2 * p2
    n_upwind = 0
    for axis in range(3):
        h, stride, p = field.spacing[axis], field.strides[axis], field.slope[node, axis]
        low, high = node - stride, node + stride
        has_low, has_high = field.state[low] == _KNOWN, field.state[high] == _KNOWN
        if not (has_low or has_high):
            terms[axis, 0] = p if abs(p) * t0 < h * steep else 0.0
            terms[axis, 1], terms[axis, 2] = 0.0, -1.0
            continue
        n_upwind += 1
        is_low = has_low and not (has_high and field.time[high] < field.time[low])
        sign = 1 if is_low else -1
        near = low if is_low else high
        far = near - sign * stride
        weight, value = 1.0, field.factor[near]
        if field.state[far] == _KNOWN and field.time[far] <= field.time[near]:
            weight, value = 1.5, 2.0 * value - 0.5 * field.factor[far]
        terms[axis, 0] = t0 * weight / h + sign * p
        terms[axis, 1] = t0 * value / h
        terms[axis, 2] = field.time[near]
    while n_upwind > 0:
        a = terms[0, 0] ** 2 + terms[1, 0] ** 2 + terms[2, 0] ** 2
        b = terms[0, 0] * terms[0, 1] + terms[1, 0] * terms[1, 1] + terms[2, 0] * terms[2, 1]
        c = terms[0, 1] ** 2 + terms[1, 1] ** 2 + terms[2, 1] ** 2
        root = b * b - a * (c - field.slowness[node] ** 2)
        latest = 0 if terms[0, 2] >= terms[1, 2] else 1
        latest = latest if terms[latest, 2] >= terms[2, 2] else 2
        if root >= 0.0 and a > 0.0:
            factor = (b + math.sqrt(root)) / a
            if factor * t0 >= terms[latest, 2]:
                found: float = factor
                return found
        # the wave does not come from there: T is level along this axis
        terms[latest, 0], terms[latest, 1], terms[latest, 2] = 0.0, 0.0, -1.0
        n_upwind -= 1
    return np.inf


@compiled
def _advance(field: _Field, front: _Front, size: int) -> None:
    """Take the earliest node of the front as known and update its neighbours, to the end."""
    terms = np.empty((3, 3))
    while size > 0:
        known = front.nodes[0]
        size -= 1
        if size > 0:
            _sink(front, size, 0, front.nodes[size], front.times[size])
        field.state[known] = _KNOWN
        size = _update_around(field, front, size, known, terms)


@compiled
def _update_around(field: _Field, front: _Front, size: int, known: int, terms: FloatArray) -> int:
    """Solve all unknown neighbours of a known node; return the size of the front."""
    for axis in range(3):
        for sign in (-1, 1):
            node = known + sign * field.strides[axis]
            if field.state[node] == _KNOWN or field.slowness[node] <= 0.0:
                continue
            factor = _solve(field, node, terms)
            time = factor * field.reference[node]
            if not time < field.time[node]:
                continue
            field.factor[node], field.time[node] = factor, time
            if field.state[node] == _FAR:
                field.state[node] = _TRIAL
                _rise(front, size, node, time)
                size += 1
            else:
                _rise(front, front.places[node], node, time)
    return size


@compiled
def _straight_factor(
    velocity: FloatArray, spacing: FloatArray, reference: Reference, node: FloatArray
) -> float:
    """Return ``tau`` near the source: mean slownesses on the straight line, by Simpson's rule."""
    there, assumed = 0.0, 0.0
    for step in range(5):
        weight = 4.0 if step % 2 else (1.0 if step in (0, 4) else 2.0)
        offset = 0.25 * step * (node - reference.source_km)
        there += weight / grid_value(velocity, spacing, reference.source_km + offset)
        faster = 0.0
        for axis in range(3):
            faster += reference.gradient_s[axis] * offset[axis]
        assumed += weight / (reference.velocity_km_s + faster)
    return there / assumed


@compiled
def march(velocity: FloatArray, spacing: FloatArray, reference: Reference) -> FloatArray:
    """Return ``tau`` at all nodes of a grid.

    Parameters
    ----------
    velocity
        Shape ``(n_east, n_north, n_depth)``, each at least 2, km/s.
    spacing
        Between nodes along each axis, km, shape ``(3,)``.
    reference
        The medium of ``T0``. Its source must lie inside the grid.

    Notes
    -----
    Fast marching with one-sided differences of second order where two known nodes lie behind
    each other. The nodes around the source start from straight rays.

    References
    ----------
    Sethian (1999), https://doi.org/10.1137/S0036144598347059;
    Treister and Haber (2016), https://doi.org/10.1016/j.jcp.2016.08.012
    """
    nx, ny, nz = velocity.shape
    wide, tall = ny + 2 * _PAD, nz + 2 * _PAD
    n = (nx + 2 * _PAD) * wide * tall
    field = _Field(
        np.array([wide * tall, tall, 1]),
        spacing,
        np.zeros(n),
        np.zeros(n),
        np.zeros((n, 3)),
        np.ones(n),
        np.full(n, np.inf),
        np.zeros(n, np.uint8),
    )
    places = np.zeros(3)
    slope = np.zeros(3)
    front = _Front(np.zeros(n, np.int32), np.zeros(n), np.zeros(n, np.int32))
    for i in range(nx):
        for j in range(ny):
            first = ((i + _PAD) * wide + j + _PAD) * tall + _PAD
            for k in range(nz):
                node = first + k
                places[0], places[1], places[2] = i * spacing[0], j * spacing[1], k * spacing[2]
                field.slowness[node] = 1.0 / velocity[i, j, k]
                field.reference[node] = reference_time_s(reference, places[0], places[1], places[2])
                _reference_slope(reference, places[0], places[1], places[2], slope)
                field.slope[node] = slope
                if np.abs((places - reference.source_km) / spacing).max() <= 1.0:
                    field.factor[node] = _straight_factor(velocity, spacing, reference, places)
                    field.time[node] = field.factor[node] * field.reference[node]
                    field.state[node] = _KNOWN
    size = 0
    terms = np.empty((3, 3))
    for node in range(n):
        if field.state[node] == _KNOWN and field.time[node] < np.inf:
            size = _update_around(field, front, size, node, terms)
    _advance(field, front, size)
    padded = field.factor.reshape((nx + 2 * _PAD, wide, tall))
    return padded[_PAD:-_PAD, _PAD:-_PAD, _PAD:-_PAD].copy()
