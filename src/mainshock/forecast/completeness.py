"""From which magnitude on a catalogue holds every event: overall, in time, after large events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.magnitudes import b_tinti
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "CompletenessEstimate",
    "RollingCompleteness",
    "ShortTermCompleteness",
    "mc_b_stability",
    "mc_kolmogorov_smirnov",
    "mc_maximum_curvature",
    "refuse_below_completeness",
    "rolling_completeness",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_LN10 = float(np.log(10.0))
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_ABOVE_MC = 2.0  # smaller events hide others for less than a minute
_BIN = 0.1
_TOLERATED = 0.5  # the most frequent magnitude of a sound, mixed catalogue lies that far above mc
_FEWEST = 100  # the most frequent magnitude of fewer events says little


@dataclass(frozen=True, slots=True)
class ShortTermCompleteness:
    """Events that are missed in the wake of large ones.

    After an event of magnitude ``M`` the catalogue is complete from ::

        mc(t) = M - offset - slope log10(t in days)

    on, never below ``mc`` and never above ``M``; of several large events the one with the highest
    value counts. Places do not matter: a large event anywhere in the catalogue hides others, so
    give the events of one region.

    Parameters
    ----------
    mc
        Magnitude of completeness in quiet times.
    min_magnitude
        Events of at least this magnitude hide others; by default ``mc + 2``.
    offset, slope
        As above; the default holds for southern California.

    Raises
    ------
    SettingsError
        If the slope is not positive, or ``min_magnitude`` is below ``mc``.

    References
    ----------
    Helmstetter, Kagan & Jackson (2006), https://doi.org/10.1785/0120050067

    Examples
    --------
    >>> wake = ShortTermCompleteness(mc=3.0)
    >>> float(wake.duration_days(7.1).round(3))
    0.293
    """

    mc: float
    min_magnitude: float | None = None
    offset: float = 4.5
    slope: float = 0.75

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise SettingsError(f"slope {self.slope:g} must be above 0; 0.75 is usual")
        if self.min_magnitude is not None and self.min_magnitude < self.mc:
            raise SettingsError(
                f"min_magnitude {self.min_magnitude:g} is below the completeness {self.mc:g}; "
                f"give about {self.mc + _ABOVE_MC:g}"
            )

    def large(self, history: Catalogue) -> Catalogue:
        """Return the events that hide others: large enough to raise completeness at all."""
        lowest = self.mc + _ABOVE_MC if self.min_magnitude is None else self.min_magnitude
        return history.take(history.magnitude >= lowest - 1e-6)

    def duration_days(self, magnitude: ArrayLike) -> FloatArray:
        """Return for how many days events hide others of magnitude ``mc``."""
        above = np.asarray(magnitude, dtype=np.float64) - self.offset - self.mc
        return np.asarray(10.0 ** (above / self.slope))

    def at(self, time_days: ArrayLike, history: Catalogue) -> FloatArray:
        """Return the magnitude of completeness at moments, given the events before each.

        Parameters
        ----------
        time_days
            Moments, days after 1970-01-01, any order, shape ``(n,)``.
        history
            Only events before a moment count for it, so that it may hold later ones too.
        """
        times = np.atleast_1d(np.asarray(time_days, dtype=np.float64))
        order = np.argsort(times, kind="stable")
        moments = times[order]
        found = np.full(len(times), self.mc)
        hiding = self.large(history)
        until = hiding.time_days + self.duration_days(hiding.magnitude)
        first = np.searchsorted(moments, hiding.time_days, side="right")
        last = np.searchsorted(moments, until, side="left")
        for i in np.flatnonzero(last > first):
            wake = slice(int(first[i]), int(last[i]))
            passed = moments[wake] - hiding.time_days[i]
            limit = hiding.magnitude[i] - self.offset - self.slope * np.log10(passed)
            found[wake] = np.maximum(found[wake], np.minimum(limit, hiding.magnitude[i]))
        back = np.empty_like(found)
        back[order] = found
        return back

    def detected(self, time_days: ArrayLike, history: Catalogue, beta: float) -> FloatArray:
        """Return which share of the events of at least ``mc`` is seen at moments.

        ``exp(-beta (mc(t) - mc))``: magnitudes are exponential and all above ``mc(t)`` is seen.
        """
        return np.exp(-beta * (self.at(time_days, history) - self.mc))

    def steps(
        self,
        history: Catalogue,
        start_days: float,
        end_days: float,
        beta: float,
        per_decade: int = 6,
        first_days: float = 1e-5,
    ) -> tuple[FloatArray, FloatArray]:
        """Return the share that is seen as a staircase, for integrals over a window.

        Parameters
        ----------
        history
            Its large events before ``end_days`` count, those in the window included.
        start_days, end_days
            The window, days after 1970-01-01.
        beta
            Of the exponential law of magnitudes, per unit of magnitude.
        per_decade
            Steps for each factor of ten in the time since a large event.
        first_days
            Length of the first step after a large event.

        Returns
        -------
        edges_days
            From ``start_days`` to ``end_days``, shape ``(n + 1,)``.
        detected_share
            Mean share between two edges, shape ``(n,)``; 1 in quiet times.
        """
        hiding = self.large(history.between(-np.inf, end_days))
        until = self.duration_days(hiding.magnitude)
        edges = [np.array([start_days, end_days])]
        for time, length in zip(hiding.time_days, until, strict=True):
            if time + length <= start_days:
                continue
            n = max(1, int(np.ceil(per_decade * np.log10(max(length / first_days, 1.0)))))
            passed = np.minimum(first_days, length) * (
                max(length / first_days, 1.0) ** (np.arange(n + 1) / n)
            )
            edges.append(time + np.append(0.0, passed))
        edge = np.unique(np.concatenate(edges))
        edge = edge[(edge >= start_days) & (edge <= end_days)]
        width = np.diff(edge)
        inside = edge[:-1, None] + width[:, None] * (1 + _NODES) / 2
        share = self.detected(inside.ravel(), hiding, beta).reshape(inside.shape)
        return edge, share @ _WEIGHTS / 2


@dataclass(frozen=True, slots=True, eq=False)
class CompletenessEstimate:
    """From which magnitude on a catalogue is complete, by one method.

    Parameters
    ----------
    mc
        The lowest magnitude that passes; NaN if none does.
    method
        Its name.
    tested
        Magnitudes that were looked at, in order, shape ``(n,)``.
    statistic
        Of each: the p-value of Kolmogorov and Smirnov, or how far b moves in standard errors.
    b
        b-value of the events above each.
    """

    mc: float
    method: str
    tested: FloatArray
    statistic: FloatArray
    b: FloatArray


def _bins(magnitudes: ArrayLike, width: float) -> IntArray:
    """Return numbers of bins; halves go up, as in seismostats."""
    m = np.asarray(magnitudes, dtype=np.float64)
    if not width > 0:
        raise SettingsError(f"bins of width {width:g} are not possible; give 0.1, or the rounding")
    if len(m) == 0:
        raise DataError("there are no magnitudes; completeness cannot be estimated")
    return np.floor(m / width + 0.5 + 1e-9).astype(np.int64)


def _magnitudes(lowest: int, n: int, width: float) -> FloatArray:
    """Return the centres of ``n`` bins from one on, free of rounding noise."""
    return np.asarray(((lowest + np.arange(n)) * width).round(9), dtype=np.float64)


def mc_maximum_curvature(
    magnitudes: ArrayLike, bin_width: float = _BIN, correction: float = 0.2
) -> float:
    """Return the most frequent magnitude plus a correction.

    Quick and, without the correction, too low by 0.1 to 0.3 where completeness changes in time or
    space. In a file that was cut at a magnitude it is at least that magnitude.

    Parameters
    ----------
    bin_width
        Of the bins that are counted; at least the rounding of the magnitudes.
    correction
        Is added.

    Raises
    ------
    DataError
        If there are no magnitudes.

    References
    ----------
    Wiemer & Wyss (2000), https://doi.org/10.1785/0119990114; Woessner & Wiemer (2005),
    https://doi.org/10.1785/0120040007

    Examples
    --------
    >>> round(mc_maximum_curvature([1.8, 1.9, 2.0, 2.0, 2.1, 2.4]), 2)
    2.2
    """
    place = _bins(magnitudes, bin_width)
    lowest = int(place.min())
    mode = int(np.bincount(place - lowest).argmax()) + lowest
    return round(mode * bin_width + correction, 9)


def _b_of_cuts(place: IntArray, delta_m: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return b, its standard error and the number of events above each bin from the lowest on.

    The b of :func:`b_tinti` and error of Shi and Bolt, for all bins from one sum.
    """
    counts = np.bincount(place - place.min()).astype(np.float64)
    k = np.arange(len(counts))
    n, first, second = (np.cumsum((counts * k**power)[::-1])[::-1] for power in (0, 1, 2))
    mean = first / n - k
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.log1p(1.0 / mean) / delta_m / _LN10
        spread = np.sqrt(np.maximum(second / n - (first / n) ** 2, 0.0)) * delta_m
        error = _LN10 * b**2 * spread / np.sqrt(n - 1.0)
    return b, error, n


def mc_b_stability(
    magnitudes: ArrayLike, delta_m: float = _BIN, span: float = 0.5
) -> CompletenessEstimate:
    """Return the lowest magnitude from which on b stays within its error.

    Parameters
    ----------
    delta_m
        Rounding of the magnitudes.
    span
        The mean b of cuts up to that much higher must lie within one standard error.

    Raises
    ------
    DataError
        If magnitudes span less than ``span``.

    References
    ----------
    Cao & Gao (2002), https://doi.org/10.1029/2001GL013775
    """
    place = _bins(magnitudes, delta_m)
    steps = round(span / delta_m)
    b, error, _ = _b_of_cuts(place, delta_m)
    n_tested = len(b) - steps
    if n_tested < 1:
        raise DataError(
            f"magnitudes span {len(b) * delta_m:.2f}, less than the {span:g} over which b is "
            "compared; choose another method"
        )
    mean = np.convolve(b, np.ones(steps), mode="valid")[:n_tested] / steps
    moved = np.abs(mean - b[:n_tested]) / error[:n_tested]
    passed = np.flatnonzero(moved <= 1.0)
    tested = _magnitudes(int(place.min()), n_tested, delta_m)
    mc = float(tested[passed[0]]) if len(passed) else float("nan")
    return CompletenessEstimate(mc, "b-stability", tested, moved, b[:n_tested])


def mc_kolmogorov_smirnov(
    magnitudes: ArrayLike,
    rng: np.random.Generator,
    delta_m: float = _BIN,
    p_pass: float = 0.1,
    n: int = 1000,
) -> CompletenessEstimate:
    """Return the lowest magnitude above which an exponential law is not rejected.

    Parameters
    ----------
    delta_m
        Rounding of the magnitudes.
    p_pass
        From this p-value on a magnitude passes; higher ones are then not tested.
    n
        Catalogues drawn from the law for each magnitude.

    Raises
    ------
    DataError
        If there are no magnitudes.

    References
    ----------
    Clauset, Shalizi & Newman (2009), https://doi.org/10.1137/070710111; Mizrahi et al. (2021),
    https://doi.org/10.1785/0220200231
    """
    place = _bins(magnitudes, delta_m)
    lowest = int(place.min())
    counts = np.bincount(place - lowest)
    b, _, _ = _b_of_cuts(place, delta_m)
    p_values: list[float] = []
    for first in range(len(counts) - 1):
        if not np.isfinite(b[first]):
            break
        p_values.append(_p_value(counts[first:], float(b[first]), delta_m, n, rng))
        if p_values[-1] >= p_pass:
            break
    n_tested = len(p_values)
    tested = _magnitudes(lowest, n_tested, delta_m)
    passed = n_tested > 0 and p_values[-1] >= p_pass
    mc = float(tested[-1]) if passed else float("nan")
    return CompletenessEstimate(mc, "ks", tested, np.array(p_values), b[:n_tested])


def _p_value(counts: IntArray, b: float, delta_m: float, n: int, rng: np.random.Generator) -> float:
    """Return how often catalogues of the law lie further from it than counts of bins do."""
    n_events = int(counts.sum())
    ratio = 10.0 ** (-b * delta_m)
    # beyond that many bins fewer than one of all drawn catalogues has an event
    n_bins = max(len(counts), int(np.ceil(np.log(n_events * n * 1e3) / -np.log(ratio))) + 1)
    k = np.arange(n_bins)
    law = 1.0 - ratio ** (k + 1.0)
    observed = np.cumsum(np.pad(counts, (0, n_bins - len(counts)))) / n_events
    far = float(np.abs(observed - law).max())
    share = ratio**k * (1.0 - ratio)
    share[-1] += ratio**n_bins
    further = done = 0
    while done < n:
        block = min(100, n - done)
        drawn = np.cumsum(rng.multinomial(n_events, share, size=block), axis=1) / n_events
        further += int((np.abs(drawn - law).max(axis=1) >= far).sum())
        done += block
        if further == 0 and done >= min(n, 200):
            break  # hopeless: less than 2 %
    return further / done


@dataclass(frozen=True, slots=True, eq=False)
class RollingCompleteness:
    """Completeness in the course of time.

    Parameters
    ----------
    start_days, end_days
        Times of the first and last event of each window, days after 1970, shape ``(n,)``.
    mc
        Of each window.
    """

    start_days: FloatArray
    end_days: FloatArray
    mc: FloatArray


def rolling_completeness(
    catalogue: Catalogue,
    n_events: int = 500,
    step: int | None = None,
    bin_width: float = _BIN,
    correction: float = 0.2,
) -> RollingCompleteness:
    """Return the maximum-curvature completeness of windows of equally many events.

    A value stands for its window; what a forecast may know at a time are the windows that end
    before it.

    Parameters
    ----------
    step
        Events from one window to the next; by default a quarter of a window.

    Raises
    ------
    DataError
        If the catalogue has fewer events than a window.
    SettingsError
        If a number of events is below 1.
    """
    step = max(1, n_events // 4) if step is None else step
    if n_events < 1 or step < 1:
        raise SettingsError(f"windows of {n_events} events every {step} are not possible")
    if len(catalogue) < n_events:
        raise DataError(
            f"the catalogue has {len(catalogue)} events, fewer than the {n_events} of one window; "
            "choose a smaller n_events"
        )
    first = np.arange(0, len(catalogue) - n_events + 1, step)
    place = _bins(catalogue.magnitude, bin_width)
    lowest = int(place.min())
    mode = [int(np.bincount(place[i : i + n_events] - lowest).argmax()) for i in first]
    mc = ((np.array(mode) + lowest) * bin_width + correction).round(9)
    time = catalogue.time_days
    return RollingCompleteness(time[first], time[first + n_events - 1], mc)


def refuse_below_completeness(catalogue: Catalogue, mc: float) -> None:
    """Refuse a magnitude of completeness that lies clearly below that of the catalogue.

    Counted are events of at least ``mc`` and of at least the completeness that the catalogue
    itself states, by how far they exceed it. Were they complete, the smallest would be the most
    frequent; half a unit is allowed, since completeness changes in time and space. That is no
    proof of completeness: it stops gross errors.

    Raises
    ------
    DataError
        If the most frequent magnitude lies more than half a unit above ``mc``.
    """
    chosen = catalogue.above(mc)
    if len(chosen) < _FEWEST:
        return
    own = np.where(np.isfinite(chosen.completeness), chosen.completeness, mc)
    excess = chosen.magnitude - np.maximum(own, mc)
    mode = mc_maximum_curvature(excess, _BIN, correction=0.0)
    if mode <= _TOLERATED + 1e-6:
        return
    complete = mode + 0.2
    try:
        b = b_tinti(np.round(excess, 1), complete, _BIN).b
        n_expected = (excess >= complete - _BIN / 2).sum() * 10.0 ** (b * complete)
        missed = (
            f", and about {1.0 - len(chosen) / n_expected:.0%} of the events above mc are missing"
        )
    except DataError:
        missed = ""
    raise DataError(
        f"mc {mc:g} lies below the completeness of the catalogue: the most frequent magnitude is "
        f"{mc + mode:.1f}, more than {_TOLERATED:g} higher{missed}; give mc {mc + complete:.1f} or "
        "more, or a catalogue with a column mc"
    )
