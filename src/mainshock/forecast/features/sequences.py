"""What the latest events of each cell look like: sizes, spacing, depths, the largest one."""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["SEQUENCE_NAMES", "nearest_parents", "sequence_features"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SEQUENCE_NAMES: tuple[str, ...] = (
    "days_since_last",
    "days_since_m_plus_1",
    "largest_365d",
    "largest_365d_age_days",
    "largest_365d_distance_km",
    "b",
    "b_n",
    "b_positive",
    "b_positive_n",
    "mc_maxc",
    "gap_mean_days",
    "gap_cv",
    "depth_mean_km",
    "depth_sd_km",
    "nn_log10_t",
    "nn_log10_r",
    "nn_log10_eta",
    "nn_log10_eta_mean",
)
"""Of the latest events in the cell and the eight around it, in the order of the last axis."""

_LATEST = 100  # events that b, gaps and depths are taken from
_ETA = 20  # events that the mean proximity is taken from
_YEAR = 365.0
_N_PARENTS = 20_000
_LEAST_KM, _LEAST_DAYS = 0.1, 1e-5  # precision of places and times: no logarithm of nought


@compiled
def nearest_parents(
    time_days: FloatArray, places_km: FloatArray, magnitude: FloatArray, b: float, df: float
) -> FloatArray:
    """Return rescaled time, distance and proximity of each event to its nearest parent.

    With ``t`` in days and ``r`` in km, ``eta = T R``, ``T = t 10^(-b m / 2)`` and
    ``R = r^df 10^(-b m / 2)`` with the parent's magnitude; the parent minimises ``eta``. Only
    events before an event are looked at, at most the 20,000 latest.

    Parameters
    ----------
    time_days, magnitude
        Ascending times; shape ``(n,)``.
    places_km
        Points on the sphere, shape ``(n, 3)``.
    b, df
        b-value and fractal dimension of epicentres.

    Returns
    -------
    Decimal logarithms of T, R and eta, shape ``(n, 3)``; NaN for events without a past.

    References
    ----------
    Zaliapin & Ben-Zion (2013), https://doi.org/10.1002/jgrb.50179
    """
    n = len(time_days)
    found = np.full((n, 3), np.nan)
    size = 10.0 ** (-b * magnitude / 2)
    for i in range(1, n):
        best, best_t, best_r = np.inf, np.nan, np.nan
        for j in range(i - 1, max(-1, i - 1 - _N_PARENTS), -1):
            if time_days[j] >= time_days[i]:
                continue
            x = places_km[i, 0] - places_km[j, 0]
            y = places_km[i, 1] - places_km[j, 1]
            z = places_km[i, 2] - places_km[j, 2]
            square = max(x * x + y * y + z * z, _LEAST_KM * _LEAST_KM)
            t = max(time_days[i] - time_days[j], _LEAST_DAYS) * size[j]
            # beyond 1 km the factor of distance is above 1: no need of the power
            if t * size[j] > best and square > 1.0:
                continue
            r = square ** (df / 2) * size[j]
            if t * r < best:
                best, best_t, best_r = t * r, t, r
        if np.isfinite(best):
            found[i, 0], found[i, 1] = np.log10(best_t), np.log10(best_r)
            found[i, 2] = np.log10(best)
    return found


@compiled
def _of_latest(
    latest: IntArray,
    time_days: FloatArray,
    magnitude: FloatArray,
    depth_km: FloatArray,
    parents: FloatArray,
    mc: float,
    bin_width: float,
    out: FloatArray,
) -> None:
    """Fill b-values, completeness, gaps, depths and proximities of the latest events."""
    n = len(latest)
    total, up, n_up = 0.0, 0.0, 0
    gap, gap_square, deep, deep_square, n_deep = 0.0, 0.0, 0.0, 0.0, 0
    bins = np.zeros(200)
    out[5:] = np.nan
    for k in range(n):
        i = latest[k]
        total += magnitude[i] - mc
        at = int((magnitude[i] - mc) / bin_width + 0.5)
        bins[min(max(at, 0), 199)] += 1
        if np.isfinite(depth_km[i]):
            n_deep += 1
            deep += depth_km[i]
            deep_square += depth_km[i] ** 2
        if k > 0:
            days = time_days[i] - time_days[latest[k - 1]]
            gap += days
            gap_square += days * days
            rise = magnitude[i] - magnitude[latest[k - 1]]
            if rise >= bin_width - 1e-6:
                up += rise - bin_width
                n_up += 1
    # the maximum-likelihood estimates for binned magnitudes
    ten = np.log(10.0) * bin_width
    out[5] = np.log1p(bin_width * n / total) / ten if n >= 10 and total > 0 else np.nan
    out[6] = n
    out[7] = np.log1p(bin_width * n_up / up) / ten if n_up >= 10 and up > 0 else np.nan
    out[8] = n_up
    out[9] = mc + bin_width * np.argmax(bins) if n >= 10 else np.nan
    if n >= 3:
        mean = gap / (n - 1)
        out[10] = mean
        spread = max(gap_square / (n - 1) - mean * mean, 0.0)
        out[11] = np.sqrt(spread) / mean if mean > 0 else np.nan
    if n_deep > 0:
        out[12] = deep / n_deep
        out[13] = np.sqrt(max(deep_square / n_deep - (deep / n_deep) ** 2, 0.0))
    if n > 0:
        out[14:17] = parents[latest[n - 1]]
        eta, n_eta = 0.0, 0
        for k in range(max(0, n - _ETA), n):
            if np.isfinite(parents[latest[k], 2]):
                eta += parents[latest[k], 2]
                n_eta += 1
        out[17] = eta / n_eta if n_eta > 0 else np.nan


@compiled
def _taken_in(
    mine: IntArray,
    seen: int,
    queue: IntArray,
    head: int,
    tail: int,
    large: int,
    time_days: FloatArray,
    magnitude: FloatArray,
    issue_days: float,
    mc: float,
) -> tuple[int, int, int]:
    """Take the events before an issue time into the queue of largest ones, in place."""
    while seen < len(mine) and time_days[mine[seen]] < issue_days:
        i = mine[seen]
        while tail > head and magnitude[queue[tail - 1]] <= magnitude[i]:
            tail -= 1
        queue[tail] = i
        tail += 1
        if magnitude[i] >= mc + 1.0 - 1e-6:
            large = i
        seen += 1
    return tail, seen, large


@compiled
def sequence_features(
    start: IntArray,
    event: IntArray,
    time_days: FloatArray,
    magnitude: FloatArray,
    depth_km: FloatArray,
    places_km: FloatArray,
    parents: FloatArray,
    centres_km: FloatArray,
    issue_days: FloatArray,
    mc: float,
    bin_width: float,
) -> FloatArray:
    """Return :data:`SEQUENCE_NAMES` of each cell at each issue time.

    Parameters
    ----------
    start, event
        The events in or next to cell ``i`` are ``event[start[i]:start[i + 1]]``, in order of time.
    time_days, magnitude, depth_km, places_km, parents
        Of all events; the last from :func:`nearest_parents`.
    centres_km
        Middles of the cells on the sphere, ``(n_cells, 3)``.
    issue_days
        Ascending.
    mc, bin_width
        Completeness and rounding of magnitudes, for b-values.

    Returns
    -------
    Shape ``(n_issues, n_cells, n_names)``; NaN where nothing is known.
    """
    n_cells, n_issues = len(start) - 1, len(issue_days)
    found, row = np.full((n_issues, n_cells, 18), np.nan), np.empty(18)
    for c in range(n_cells):
        mine = event[start[c] : start[c + 1]]
        queue = np.empty(len(mine) + 1, dtype=np.int64)  # of the largest within a year, descending
        head, tail, seen, large = 0, 0, 0, -1
        row[:] = np.nan
        for j in range(n_issues):
            before = seen
            tail, seen, large = _taken_in(
                mine, seen, queue, head, tail, large, time_days, magnitude, issue_days[j], mc
            )
            if seen == 0:
                continue
            if seen > before:
                latest = mine[max(0, seen - _LATEST) : seen]
                _of_latest(latest, time_days, magnitude, depth_km, parents, mc, bin_width, row)
            while head < tail and time_days[queue[head]] < issue_days[j] - _YEAR:
                head += 1
            row[0] = issue_days[j] - time_days[mine[seen - 1]]
            row[1] = issue_days[j] - time_days[large] if large >= 0 else np.nan
            row[2:5] = np.nan
            if head < tail:
                i = queue[head]
                row[2], row[3] = magnitude[i], issue_days[j] - time_days[i]
                row[4] = np.sqrt(((centres_km[c] - places_km[i]) ** 2).sum())
            found[j, c] = row
    return found
