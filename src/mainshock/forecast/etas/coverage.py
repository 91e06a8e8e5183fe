"""Which part of the events a catalogue holds: over the years, and in the wake of large events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.likelihood import Moments, Window
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Coverage", "levels_of"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_WIDEST = 0.15  # moments are put together where they span less of the time since the source
_MOST_DOUBLINGS = 40
_MOST_LEVELS = 100


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which part of the events of at least ``mc`` a catalogue holds.

    Magnitudes are exponential, so that of the events of at least ``mc`` a part
    ``exp(-beta (level - mc))`` reaches a higher level.

    Parameters
    ----------
    mc, beta
        Of the model.
    wake
        Completeness after large events; None where it does not suffer.
    since_days, level
        Magnitude of completeness that holds from each moment on; the first holds before too.
        None of them: it is ``mc`` throughout.
    """

    mc: float
    beta: float
    wake: ShortTermCompleteness | None = None
    since_days: tuple[float, ...] = ()
    level: tuple[float, ...] = ()

    @property
    def is_full(self) -> bool:
        """Return whether the catalogue holds all events."""
        return self.wake is None and not self.level

    def log_share(self, time_days: FloatArray, history: Catalogue) -> FloatArray:
        """Return ln of the part that is held at moments, from the events before each."""
        found = np.log(self._level_share(time_days))
        if self.wake is not None:
            found = found + np.log(self.wake.detected(time_days, history, self.beta))
        return np.asarray(found)

    def window(
        self, history: Catalogue, start_days: float, end_days: float, source_days: FloatArray
    ) -> Window:
        """Return a window with what is missed in it.

        Parameters
        ----------
        history
            Its large events hide others, those in the window included.
        start_days, end_days
            The window.
        source_days
            Times of the sources, from which the integral is taken.
        """
        inner = [time for time in self.since_days[1:] if start_days < time < end_days]
        edges = np.array([start_days, *inner, end_days])
        share = self._level_share(edges[:-1])
        return Window(edges, share, self._missed(history, start_days, end_days, source_days))

    def _level_share(self, time_days: FloatArray) -> FloatArray:
        if not self.level:
            return np.ones(len(time_days))
        k = np.searchsorted(self.since_days, time_days, side="right") - 1
        above = np.asarray(self.level)[np.maximum(k, 0)] - self.mc
        return np.exp(-self.beta * np.maximum(above, 0.0))

    def _missed(
        self, history: Catalogue, start_days: float, end_days: float, source_days: FloatArray
    ) -> Moments | None:
        """Return the time lost in wakes: two moments a step, fewer long after a source."""
        if self.wake is None or not end_days > start_days:
            return None
        edges, seen = self.wake.steps(history, start_days, end_days, self.beta)
        is_lossy = seen < 1.0 - 1e-6
        if not is_lossy.any():
            return None
        low, width = edges[:-1][is_lossy], np.diff(edges)[is_lossy]
        nodes = (1.0 + np.array([-1.0, 1.0]) / np.sqrt(3.0)) / 2
        moments = (low[:, None] + width[:, None] * nodes).ravel()
        lost = np.repeat((1.0 - seen[is_lossy]) * width / 2, 2) * self._level_share(moments)
        return Moments(*_seen_from(source_days, moments, lost), float(lost.sum()))


def levels_of(catalogue: Catalogue, mc: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return moments at which the completeness that a catalogue states changes, and the values.

    Only values above ``mc`` matter; lower ones count as ``mc``. Nothing if none is above.

    Raises
    ------
    DataError
        If it changes so often that it must depend on the place.
    """
    stated = np.where(np.isfinite(catalogue.completeness), catalogue.completeness, mc)
    value = np.maximum(np.round(stated, 3), mc)
    if not (value > mc).any():
        return (), ()
    first = np.append(0, np.flatnonzero(np.diff(value) != 0) + 1)
    if len(first) > _MOST_LEVELS:
        raise DataError(
            f"the catalogue's completeness changes {len(first) - 1} times, more than "
            f"{_MOST_LEVELS - 1}: it depends on the place; take an mc of {value.max():g}, at which "
            "it is complete everywhere"
        )
    return tuple(map(float, catalogue.time_days[first])), tuple(map(float, value[first]))


@compiled
def _seen_from(
    source_days: FloatArray, moments: FloatArray, lost: FloatArray
) -> tuple[IntArray, SingleArray, SingleArray]:
    """Return moments after each source, those together that lie close together from there."""
    n = len(moments)
    total = np.append(0.0, np.cumsum(lost))
    mean = np.append(0.0, np.cumsum(lost * (moments - moments[0])))
    start = np.zeros(len(source_days) + 1, dtype=np.int64)
    room = 64 * len(source_days) + n
    days, weight = np.empty(room, dtype=np.float32), np.empty(room, dtype=np.float32)
    filled = 0
    for j in range(len(source_days)):
        time = source_days[j]
        k = np.searchsorted(moments, time, side="right")
        while k < n:
            size = 1
            for _ in range(_MOST_DOUBLINGS):
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
            part = total[k + size] - total[k]
            centre = (mean[k + size] - mean[k]) / part + moments[0]
            days[filled], weight[filled] = centre - time, part
            filled += 1
            k += size
        start[j + 1] = filled
    return start, days[:filled].copy(), weight[:filled].copy()
