"""The likelihood of picks at every node of a grid: the compiled loops.

For pick ``i`` at node ``x``, ``d_i = observed_i - T_i(x)`` is the origin time it asks for, with
precision ``w_i = 1 / s_i^2``. Without outliers the origin time has a Gaussian posterior with
precision ``sum w_i`` and drops out exactly. With outliers each pick follows
``m_i(t0) = (1 - e) N(d_i - t0; s_i) + e / W``; the product is integrated over ``t0`` by Laplace's
method around its mode, which is exact again where no pick is doubtful.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["GridResult", "GridTask", "grid_likelihood"]

Float32Array = NDArray[np.float32]
FloatArray = NDArray[np.float64]
NORMAL_PEAK = np.float32(1.0 / math.sqrt(2.0 * math.pi))
_ONE, _HALF, _TINY = np.float32(1.0), np.float32(0.5), np.float32(1e-6)
STEPS = 3
CANDIDATES = 12
CHUNK = 64


class GridTask(NamedTuple):
    """What the likelihood on a grid depends on.

    Parameters
    ----------
    east, north
        Places of the columns, shape ``(n_columns,)``, km in the local frame.
    depth
        Depths of the nodes, shape ``(n_depths,)``, km.
    picks
        Shape ``(n_picks, 8)``: station east, north, depth in km; observed time in s, variance in
        s^2; distance of the first row of its table in km; share of ``smear`` that applies;
        variance of the travel time's relative error.
    tables
        Travel time divided by hypocentral distance, s/km, shape
        ``(n_picks, n_distances, n_depths)``, each row ``step_km`` farther than the one before;
        ``(n_picks, n_columns, n_depths)`` where ``by_node``.
    degrees_of_freedom
        Of the Student-t that the residuals of undoubted picks follow together; 0: Gaussian.
    phase_freedom
        Of the Student-t that each residual follows on its own, in place of the outlier mixture;
        0: none.
    smear
        Shape ``(2,)``: variance of place inside a cell, horizontal and vertical, km^2.
    outlier, window_s
        Probability that a pick belongs to nothing, and the time in which it then may lie; 0
        takes all picks as they are.
    """

    east: FloatArray
    north: FloatArray
    depth: Float32Array
    picks: FloatArray
    tables: Float32Array
    step_km: float
    by_node: bool
    degrees_of_freedom: float
    phase_freedom: float
    smear: FloatArray
    outlier: float
    window_s: float


class GridResult(NamedTuple):
    """Log-likelihood up to a constant, mean and variance of the origin time in s and s^2.

    Each has the shape ``(n_columns, n_depths)`` and is filled by ``grid_likelihood``.
    """

    log_likelihood: Float32Array
    origin: Float32Array
    spread: Float32Array


@compiled
def _exp_minus(y: np.float32) -> np.float32:
    """Return exp(-y) for y >= 0, no less than exp(-60).

    Relative error 1e-4 up to y = 4. In steps that a processor can bundle, and without numbers so
    small that it slows down.
    """
    x = min(y, np.float32(60.0)) * np.float32(1.0 / 16.0)
    series = _ONE + x * (
        _ONE + x * (_HALF + x * (np.float32(1.0 / 6.0) + x * np.float32(1.0 / 24.0)))
    )
    series = series * series
    series = series * series
    series = series * series
    return _ONE / (series * series)


@compiled
def _fill_column(task: GridTask, column: int, asked: Float32Array, precision: Float32Array) -> None:
    """Set, for one column of nodes, the origin times that picks ask for and their precisions."""
    east, north, depth = task.east[column], task.north[column], task.depth
    picks, tables, smear = task.picks, task.tables, task.smear
    for pick in range(picks.shape[0]):
        square_error = np.float32(picks[pick, 7])
        x, y = picks[pick, 0], picks[pick, 1]
        scale = 1.0 + (east * east + east * x + x * x) / (6.0 * 6378.0**2)
        distance = math.hypot(east - x, north - y) / scale
        place = max((distance - picks[pick, 5]) / task.step_km, 0.0)
        row = min(int(place), tables.shape[1] - 2)
        share = np.float32(place - row)
        if task.by_node:
            row, share = column, np.float32(0.0)
        near, far = tables[pick, row], tables[pick, min(row + 1, tables.shape[1] - 1)]
        across = np.float32(distance * distance)
        station_depth = np.float32(picks[pick, 2])
        observed, variance = np.float32(picks[pick, 3]), np.float32(picks[pick, 4])
        flat = np.float32(picks[pick, 6] * smear[0])
        steep = np.float32(picks[pick, 6] * smear[1])
        for k in range(depth.size):
            down = depth[k] - station_depth
            square = across + down * down + _TINY
            slowness = near[k] + share * (far[k] - near[k])
            time = slowness * math.sqrt(square)
            extent = (flat * across + steep * down * down) / square
            asked[pick, k] = observed - time
            precision[pick, k] = _ONE / (
                variance + square_error * time * time + slowness * slowness * extent
            )


@compiled
def _plain_column(
    asked: Float32Array,
    precision: Float32Array,
    degrees_of_freedom: float,
    log_likelihood: Float32Array,
    origin: Float32Array,
    spread: Float32Array,
) -> None:
    """Integrate over the origin time; all picks count.

    The residuals are Gaussian, or a Student-t of ``n_picks - 1`` dimensions: Gaussian with a
    common scale that is not known well.
    """
    n_picks, n_nodes = asked.shape
    freedom = np.float32(degrees_of_freedom)
    for k in range(n_nodes):
        total, mean = np.float32(0.0), np.float32(0.0)
        for pick in range(n_picks):
            total += precision[pick, k]
            mean += precision[pick, k] * asked[pick, k]
        mean /= total
        misfit, logs = np.float32(0.0), -math.log(total)
        for pick in range(n_picks):
            error = asked[pick, k] - mean
            misfit += precision[pick, k] * error * error
            logs += math.log(precision[pick, k])
        spread[k] = _ONE / total
        if freedom > 0.0:
            dimensions = freedom + np.float32(n_picks - 1)
            # the variance of a Student-t with this many degrees of freedom
            spread[k] *= (freedom + misfit) / max(dimensions - np.float32(2.0), _ONE)
            misfit = dimensions * np.float32(math.log1p(misfit / freedom))
        log_likelihood[k] = _HALF * (np.float32(logs) - misfit)
        origin[k] = mean


@compiled
def _first_weights(
    asked: Float32Array, precision: Float32Array, uniform: np.float32, weight: Float32Array
) -> None:
    """Set the inlier probabilities around the origin time that most picks of a node agree on."""
    n_picks = asked.size
    best, chosen = np.float32(-1.0), np.float32(0.0)
    for candidate in range(min(n_picks, CANDIDATES)):
        agreeing, square = np.float32(0.0), _ONE / precision[candidate]
        for pick in range(n_picks):
            error = asked[pick] - asked[candidate]
            exponent = _HALF * error * error / (_ONE / precision[pick] + square)
            agreeing += _exp_minus(np.float32(0.3) * exponent)
        if agreeing > best:
            best, chosen = agreeing, asked[candidate]
    for pick in range(n_picks):
        wide = np.float32(0.2) * precision[pick]
        error = asked[pick] - chosen
        density = math.sqrt(wide) * NORMAL_PEAK * _exp_minus(_HALF * wide * error * error)
        weight[pick] = density / (density + uniform)


@compiled
def _start(
    asked: Float32Array,
    precision: Float32Array,
    weight: Float32Array,
    origin: Float32Array,
    scratch: Float32Array,
) -> None:
    """Set the origin times to the mean with weights that do not depend on the node."""
    total = scratch[0]
    total[:] = np.float32(0.0)
    origin[:] = np.float32(0.0)
    for pick in range(asked.shape[0]):
        share, ask, precise = weight[pick], asked[pick], precision[pick]
        for k in range(origin.size):
            total[k] += share * precise[k]
            origin[k] += share * precise[k] * ask[k]
    for k in range(origin.size):
        origin[k] /= total[k]


@compiled
def _robust_step(
    asked: Float32Array,
    precision: Float32Array,
    peak: Float32Array,
    uniform: np.float32,
    origin: Float32Array,
    scratch: Float32Array,
) -> None:
    """Move the origin times to the mean weighted by the inlier probabilities."""
    total, moment = scratch[0], scratch[1]
    total[:] = np.float32(1e-12)
    moment[:] = np.float32(0.0)
    for pick in range(asked.shape[0]):
        ask, precise, high = asked[pick], precision[pick], peak[pick]
        for k in range(origin.size):
            error = ask[k] - origin[k]
            density = high[k] * _exp_minus(_HALF * precise[k] * error * error)
            weight = precise[k] * density / (density + uniform)
            total[k] += weight
            moment[k] += weight * error
    for k in range(origin.size):
        origin[k] += moment[k] / total[k]


@compiled
def _laplace(
    asked: Float32Array,
    precision: Float32Array,
    peak: Float32Array,
    uniform: np.float32,
    inlier: np.float32,
    origin: Float32Array,
    scratch: Float32Array,
    log_likelihood: Float32Array,
    spread: Float32Array,
) -> None:
    """Integrate over the origin time around its mode."""
    total, curvature, product = scratch[0], scratch[1], scratch[2]
    total[:], curvature[:] = np.float32(0.0), np.float32(0.0)
    product[:], log_likelihood[:] = _ONE, np.float32(0.0)
    n_picks = asked.shape[0]
    for pick in range(n_picks):
        ask, precise, high = asked[pick], precision[pick], peak[pick]
        for k in range(origin.size):
            error = ask[k] - origin[k]
            square = precise[k] * error * error
            density = high[k] * _exp_minus(_HALF * square)
            mixed = density + uniform
            share = density / mixed
            product[k] *= inlier * mixed
            total[k] += share * precise[k]
            curvature[k] += share * precise[k] * (_ONE - (_ONE - share) * square)
        if pick % 6 == 5:  # before the product leaves the range of its type
            for k in range(origin.size):
                log_likelihood[k] += np.float32(math.log(product[k]))
                product[k] = _ONE
    for k in range(origin.size):
        bend = max(curvature[k], np.float32(0.1) * total[k]) + np.float32(1e-9)
        spread[k] = _ONE / bend
        log_likelihood[k] += np.float32(math.log(product[k] * math.sqrt(spread[k])))


@compiled
def _robust_column(
    asked: Float32Array,
    precision: Float32Array,
    outlier: float,
    window_s: float,
    log_likelihood: Float32Array,
    origin: Float32Array,
    spread: Float32Array,
    work: tuple[Float32Array, Float32Array, Float32Array],
) -> None:
    """Integrate over the origin time and over which picks are outliers."""
    peak, weight, scratch = work
    inlier = np.float32(1.0 - outlier)
    uniform = np.float32(outlier / window_s / (1.0 - outlier))
    for pick in range(asked.shape[0]):
        for k in range(origin.size):
            peak[pick, k] = math.sqrt(precision[pick, k]) * NORMAL_PEAK
    for first in range(0, origin.size, CHUNK):
        part = slice(first, min(first + CHUNK, origin.size))
        middle = (part.start + part.stop) // 2
        _first_weights(asked[:, middle], precision[:, middle], uniform, weight)
        _start(asked[:, part], precision[:, part], weight, origin[part], scratch[:, part])
    for _ in range(STEPS):
        _robust_step(asked, precision, peak, uniform, origin, scratch)
    _laplace(asked, precision, peak, uniform, inlier, origin, scratch, log_likelihood, spread)


@compiled
def _student_column(
    asked: Float32Array,
    precision: Float32Array,
    degrees_of_freedom: float,
    log_likelihood: Float32Array,
    origin: Float32Array,
    spread: Float32Array,
    work: tuple[Float32Array, Float32Array, Float32Array],
) -> None:
    """Integrate over the origin time around its mode; each residual is a Student-t of its own."""
    weight, scratch = work[1], work[2]
    freedom = np.float32(degrees_of_freedom)
    middle = origin.size // 2
    _first_weights(asked[:, middle], precision[:, middle], np.float32(1e-3), weight)
    _start(asked, precision, weight, origin, scratch)
    total, moment = scratch[0], scratch[1]
    for _ in range(2 * STEPS):
        total[:], moment[:] = np.float32(0.0), np.float32(0.0)
        for pick in range(asked.shape[0]):
            for k in range(origin.size):
                error = asked[pick, k] - origin[k]
                pull = precision[pick, k] / (freedom + precision[pick, k] * error * error)
                total[k] += pull
                moment[k] += pull * error
        for k in range(origin.size):
            origin[k] += moment[k] / total[k]
    bend = scratch[2]
    bend[:], log_likelihood[:] = np.float32(0.0), np.float32(0.0)
    for pick in range(asked.shape[0]):
        for k in range(origin.size):
            precise, error = precision[pick, k], asked[pick, k] - origin[k]
            square = precise * error * error
            bend[k] += precise * (freedom - square) / (freedom + square) ** 2
            tail = (freedom + _ONE) * np.float32(math.log1p(square / freedom))
            log_likelihood[k] += _HALF * (np.float32(math.log(precise)) - tail)
    for k in range(origin.size):
        spread[k] = _ONE / ((freedom + _ONE) * max(bend[k], np.float32(0.1) * total[k] / freedom))
        log_likelihood[k] += _HALF * np.float32(math.log(spread[k]))


@compiled
def grid_likelihood(task: GridTask, result: GridResult) -> None:
    """Fill the likelihood at all nodes, column by column."""
    n_picks, n_depths = task.picks.shape[0], task.depth.size
    asked = np.empty((n_picks, n_depths), np.float32)
    precision = np.empty((n_picks, n_depths), np.float32)
    peak = np.empty((n_picks, n_depths), np.float32)
    weight = np.empty(n_picks, np.float32)
    scratch = np.empty((3, n_depths), np.float32)
    for column in range(task.east.size):
        log_likelihood = result.log_likelihood[column]
        origin, spread = result.origin[column], result.spread[column]
        _fill_column(task, column, asked, precision)
        work = (peak, weight, scratch)
        if task.phase_freedom > 0.0:
            freedom = task.phase_freedom
            _student_column(asked, precision, freedom, log_likelihood, origin, spread, work)
        elif task.outlier > 0.0:
            _robust_column(
                asked, precision, task.outlier, task.window_s, log_likelihood, origin, spread, work
            )
        else:
            freedom = task.degrees_of_freedom
            _plain_column(asked, precision, freedom, log_likelihood, origin, spread)
