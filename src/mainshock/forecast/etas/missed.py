"""Short times after large events in which the catalogue misses some, for integrals."""

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.likelihood import Moments
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["missed_moments"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_WIDEST = 0.15  # moments are put together where they span less of the time since the source
_MOST_LEVELS = 40


def missed_moments(
    completeness: ShortTermCompleteness,
    events: Catalogue,
    beta: float,
    start_days: float,
    end_days: float,
    source_days: FloatArray,
) -> Moments | None:
    """Return the time that is lost in a window, seen from each source; None for none.

    A step of the share that is seen becomes two moments, each with half of the time lost in it.
    Long after a source, moments that lie close together become one.
    """
    edges, seen = completeness.steps(events, start_days, end_days, beta)
    is_lossy = seen < 1.0 - 1e-6
    if not is_lossy.any():
        return None
    low, width = edges[:-1][is_lossy], np.diff(edges)[is_lossy]
    nodes = (1.0 + np.array([-1.0, 1.0]) / np.sqrt(3.0)) / 2
    moments = (low[:, None] + width[:, None] * nodes).ravel()
    weights = np.repeat((1.0 - seen[is_lossy]) * width / 2, 2)
    start, days, weight = _seen_from(source_days, moments, weights)
    return Moments(start, days, weight, float(weights.sum()))


@compiled
def _seen_from(
    source_days: FloatArray, moments: FloatArray, weights: FloatArray
) -> tuple[IntArray, SingleArray, SingleArray]:
    n = len(moments)
    total = np.append(0.0, np.cumsum(weights))
    mean = np.append(0.0, np.cumsum(weights * (moments - moments[0])))
    start = np.zeros(len(source_days) + 1, dtype=np.int64)
    room = 64 * len(source_days) + n
    days, weight = np.empty(room, dtype=np.float32), np.empty(room, dtype=np.float32)
    filled = 0
    for j in range(len(source_days)):
        time = source_days[j]
        k = np.searchsorted(moments, time, side="right")
        while k < n:
            # the largest aligned group that is narrow enough
            size = 1
            for _ in range(_MOST_LEVELS):
                wider = 2 * size
                if k % wider != 0 or k + wider > n:
                    break
                if moments[k + wider - 1] - moments[k] > _WIDEST * (moments[k] - time):
                    break
                size = wider
            if filled == room:
                days = np.append(days, np.empty(room, dtype=np.float32))
                weight = np.append(weight, np.empty(room, dtype=np.float32))
                room *= 2
            lost = total[k + size] - total[k]
            centre = (mean[k + size] - mean[k]) / lost + moments[0]
            days[filled], weight[filled] = centre - time, lost
            filled += 1
            k += size
        start[j + 1] = filled
    return start, days[:filled].copy(), weight[:filled].copy()
