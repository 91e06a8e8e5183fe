"""How magnitudes are distributed: b-values with their errors, and the law that models use.

Every estimator takes magnitudes as the catalogue rounds them. ``delta_m`` is the width of the
rounding (0.1 where they read 3.1, 3.2, ...; 0 where they are not rounded), and ``mc`` the smallest
rounded magnitude that is complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "BValue",
    "MagnitudeLaw",
    "b_aki",
    "b_more_positive",
    "b_positive",
    "b_tinti",
    "b_utsu",
    "b_weichert",
    "bootstrap_error",
    "levelled_magnitudes",
    "magnitude_law",
    "rounding_of",
]

FloatArray = NDArray[np.float64]
_LN10 = float(np.log(10.0))
_ROUNDING = 1e-6
_STEPS = (0.5, 0.1, 0.05, 0.01, 0.001)  # widths that catalogues round to
_FEWEST_FOR_HALVES = 20  # that few may all read x.0 or x.5 by chance
_USUAL_M_MAX, _LARGEST_M_MAX = 8.0, 9.5


@dataclass(frozen=True, slots=True)
class BValue:
    """The slope of the law of Gutenberg and Richter.

    Parameters
    ----------
    b
        Per unit of magnitude, for logarithms to base 10.
    se
        Its standard error.
    n
        Number of magnitudes, or differences of magnitudes, that it is from.
    method
        Name of the estimator.
    """

    b: float
    se: float
    n: int
    method: str

    @property
    def beta(self) -> float:
        """Return ``b ln 10``, the slope for natural logarithms."""
        return self.b * _LN10

    @property
    def beta_se(self) -> float:
        """Return the standard error of ``beta``."""
        return self.se * _LN10


@dataclass(frozen=True, slots=True)
class MagnitudeLaw:
    """Magnitudes from ``mc`` to ``m_max``, exponential between.

    Parameters
    ----------
    mc, m_max
        Smallest and largest magnitude.
    beta
        Rate of the exponential, ``b ln 10``.
    b_se
        Standard error of b; NaN where it is not known.
    n
        Number of magnitudes that the law was fitted to.
    method
        Name of the estimator.
    delta_m
        Rounding of those magnitudes.

    Raises
    ------
    DataError
        If ``beta`` is not positive, or ``m_max`` not above ``mc``.

    Examples
    --------
    >>> law = MagnitudeLaw(mc=3.0, m_max=8.0, beta=2.3)
    >>> float(law.survival(4.0).round(3))
    0.1
    """

    mc: float
    m_max: float
    beta: float
    b_se: float = float("nan")
    n: int = 0
    method: str = "given"
    delta_m: float = 0.0

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise DataError(f"beta {self.beta:g} must be above 0; check the magnitudes and mc")
        if not self.m_max > self.mc:
            raise DataError(
                f"the largest magnitude {self.m_max:g} must be above mc {self.mc:g}; give another"
            )

    @property
    def b(self) -> float:
        """Return ``beta / ln 10``."""
        return self.beta / _LN10

    def survival(self, magnitude: ArrayLike) -> FloatArray:
        """Return the probability that an event of at least ``mc`` reaches a magnitude."""
        m = np.asarray(magnitude, dtype=np.float64)
        least = np.exp(-self.beta * (self.m_max - self.mc))
        share = (np.exp(-self.beta * (m - self.mc)) - least) / (1.0 - least)
        return np.asarray(np.clip(share, 0.0, 1.0))

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return ``n`` random magnitudes, not rounded."""
        span = -np.expm1(-self.beta * (self.m_max - self.mc))
        drawn = self.mc - np.log1p(-rng.random(n) * span) / self.beta
        return np.asarray(np.minimum(drawn, self.m_max))


def rounding_of(magnitudes: ArrayLike) -> float:
    """Return the width that magnitudes are rounded to: 0.5, 0.1, ... 0.001, or 0 if to none.

    The widest of which at least 99 % are multiples.

    Examples
    --------
    >>> rounding_of([3.1, 3.4, 3.0, 4.2])
    0.1
    """
    m = np.asarray(magnitudes, dtype=np.float64)
    steps = _STEPS if len(m) >= _FEWEST_FOR_HALVES else _STEPS[1:]
    for step in steps:
        off = np.abs(m / step - np.round(m / step)) * step
        if len(m) and np.mean(off < 2e-4 * min(step / 0.01, 1.0)) >= 0.99:
            return step
    return 0.0


def _above(magnitudes: ArrayLike, mc: float, delta_m: float) -> tuple[FloatArray, float]:
    """Return the complete magnitudes and the lowest bin that is complete as a whole."""
    if delta_m < 0:
        raise SettingsError(f"delta_m {delta_m:g} must be 0 or more")
    m = np.asarray(magnitudes, dtype=np.float64)
    if delta_m > 0:
        mc = float(np.ceil((mc - _ROUNDING) / delta_m) * delta_m)
    return m[m >= mc - delta_m / 2 - _ROUNDING], mc


def _require_spread(above: FloatArray, least: float, method: str) -> None:
    if len(above) < 2 or not np.ptp(above) > 0 or not above.mean() > least:
        raise DataError(
            f"{len(above)} magnitudes of {least:g} or more, all alike or too few, give no b-value "
            f"({method}); choose a longer time, a larger region or a lower mc"
        )


def _shi_bolt(b: float, sample: FloatArray) -> float:
    """Return the standard error of b, https://doi.org/10.1785/BSSA0720051677."""
    return float(_LN10 * b**2 * sample.std() / np.sqrt(len(sample) - 1))


def _most_likely(above: FloatArray, least: float, delta_m: float, method: str) -> BValue:
    """Return the maximum-likelihood b of magnitudes in bins from ``least`` on."""
    _require_spread(above, least, method)
    mean = float(above.mean() - least)
    beta = np.log1p(delta_m / mean) / delta_m if delta_m > 0 else 1.0 / mean
    b = float(beta / _LN10)
    return BValue(b, _shi_bolt(b, above), len(above), method)


def b_aki(magnitudes: ArrayLike, mc: float) -> BValue:
    """Return b of magnitudes that are not rounded.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.

    References
    ----------
    Aki (1965), Bull. Earthq. Res. Inst. 43, 237-239
    """
    return _most_likely(_above(magnitudes, mc, 0.0)[0], mc, 0.0, "aki")


def b_utsu(magnitudes: ArrayLike, mc: float, delta_m: float) -> BValue:
    """Return b of rounded magnitudes by Utsu's correction, a little too low for wide bins.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.

    References
    ----------
    Utsu (1965), Geophys. Bull. Hokkaido Univ. 13, 99-103
    """
    above, lowest = _above(magnitudes, mc, delta_m)
    _require_spread(above, lowest, "utsu")
    b = float(1.0 / (above.mean() - lowest + delta_m / 2) / _LN10)
    return BValue(b, _shi_bolt(b, above), len(above), "utsu")


def b_tinti(magnitudes: ArrayLike, mc: float, delta_m: float) -> BValue:
    """Return b of rounded magnitudes, exact for bins of any width.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.

    References
    ----------
    Tinti & Mulargia (1987), https://doi.org/10.1785/BSSA0770062125

    Examples
    --------
    >>> round(b_tinti([3.0, 3.0, 3.1, 3.2, 3.3, 3.9], mc=3.0, delta_m=0.1).b, 3)
    1.461
    """
    above, lowest = _above(magnitudes, mc, delta_m)
    return _most_likely(above, lowest, delta_m, "tinti" if delta_m > 0 else "aki")


def b_positive(
    magnitudes: ArrayLike,
    delta_m: float,
    mc: float = -np.inf,
    min_difference: float | None = None,
) -> BValue:
    """Return b of the steps up from one event to the next, which incompleteness hardly touches.

    Parameters
    ----------
    magnitudes
        In order of time.
    min_difference
        Smallest step that counts; by default ``delta_m``. Twice that is more careful.

    Raises
    ------
    DataError
        If fewer than two different steps are left.

    References
    ----------
    van der Elst (2021), https://doi.org/10.1029/2020JB021027
    """
    above = _complete(magnitudes, mc, delta_m)
    least = delta_m if min_difference is None else min_difference
    steps = _binned(np.diff(above), delta_m)
    return _most_likely(steps[steps >= least - _half(delta_m)], least, delta_m, "b-positive")


def b_more_positive(
    magnitudes: ArrayLike,
    delta_m: float,
    mc: float = -np.inf,
    min_difference: float | None = None,
    n_bootstrap: int = 100,
    seed: int = 0,
) -> BValue:
    """Return b of the steps from each event to the next one that is larger.

    Parameters
    ----------
    magnitudes
        In order of time.
    min_difference
        By which the other must be larger; by default ``delta_m``.
    n_bootstrap
        Random selections of events for the standard error (steps share events, so that the
        error of independent values would be too small). 0: no standard error, NaN.

    Raises
    ------
    DataError
        If fewer than two different steps are left.

    References
    ----------
    Lippiello & Petrillo (2024), https://doi.org/10.1029/2023JB027849
    """
    above = _complete(magnitudes, mc, delta_m)
    least = delta_m if min_difference is None else min_difference

    def estimate(sample: FloatArray) -> BValue:
        after = _next_larger(sample, least - _half(delta_m))
        has_next = after >= 0
        steps = _binned(sample[after[has_next]] - sample[has_next], delta_m)
        return _most_likely(steps, least, delta_m, "b-more-positive")

    found = estimate(above)
    error = float("nan")
    if n_bootstrap:
        error = bootstrap_error(estimate, above, np.random.default_rng(seed), n_bootstrap)
    return BValue(found.b, error, found.n, found.method)


def _complete(magnitudes: ArrayLike, mc: float, delta_m: float) -> FloatArray:
    if np.isfinite(mc):
        return _above(magnitudes, mc, delta_m)[0]
    return np.asarray(magnitudes, dtype=np.float64)


def _half(delta_m: float) -> float:
    return delta_m / 2 if delta_m > 0 else 0.0


def _binned(steps: FloatArray, delta_m: float) -> FloatArray:
    return np.asarray(np.round(steps / delta_m) * delta_m) if delta_m > 0 else steps


@compiled
def _next_larger(magnitude: FloatArray, margin: float) -> NDArray[np.int64]:
    """Return for each event the first later one larger by at least a margin, -1 for none."""
    n = len(magnitude)
    found = np.full(n, -1)
    # later events that no event between hides: the nearest and smallest on top
    stack = np.empty(n, dtype=np.int64)
    size = 0
    for i in range(n - 1, -1, -1):
        low, high = 0, size  # entries below `low` are large enough
        while low < high:
            middle = (low + high) // 2
            if magnitude[stack[middle]] - magnitude[i] >= margin:
                low = middle + 1
            else:
                high = middle
        if low > 0:
            found[i] = stack[low - 1]
        while size > 0 and magnitude[stack[size - 1]] <= magnitude[i]:
            size -= 1
        stack[size] = i
        size += 1
    return found


def b_weichert(
    magnitudes: ArrayLike,
    time_days: ArrayLike,
    completeness: Sequence[tuple[float, float]],
    end_days: float,
    m_max: float,
    delta_m: float = 0.1,
) -> BValue:
    """Return b of a catalogue that has been complete since different times.

    Parameters
    ----------
    magnitudes, time_days
        Of the events; times in days after 1970.
    completeness
        Rising magnitudes, each with the day since when the catalogue holds all events of at least
        it; larger magnitudes since earlier.
    end_days
        End of the catalogue.
    m_max
        Largest magnitude that is possible.
    delta_m
        Width of the bins; above 0.

    Raises
    ------
    SettingsError
        If the table of completeness is in no order, or a time lies after the end.
    DataError
        If fewer than two different magnitudes are complete.

    References
    ----------
    Weichert (1980), https://doi.org/10.1785/BSSA0700041337
    """
    table = np.asarray(completeness, dtype=np.float64).reshape(-1, 2)
    limits, since = table.T
    is_ordered = (np.diff(limits) > 0).all() and (np.diff(since) <= 0).all()
    if len(table) == 0 or not is_ordered or not (since < end_days).all() or not delta_m > 0:
        raise SettingsError(
            "completeness must list rising magnitudes with ever earlier days, all before the end, "
            f"and delta_m be above 0; it is {list(completeness)} with {delta_m:g}"
        )
    centre = np.arange(limits[0], m_max + delta_m / 2, delta_m)
    of_bin = np.searchsorted(limits, centre + _ROUNDING, side="right") - 1
    length = end_days - since[of_bin]
    place = np.round((np.asarray(magnitudes) - limits[0]) / delta_m).astype(np.int64)
    inside = (place >= 0) & (place < len(centre))
    time = np.asarray(time_days, dtype=np.float64)[inside]
    place = place[inside]
    place = place[(time >= since[of_bin[place]]) & (time < end_days)]
    above = centre[place]
    _require_spread(above, float(limits[0]), "weichert")
    beta, wide = _weichert_slope(centre - limits[0], length, float(above.mean() - limits[0]))
    return BValue(beta / _LN10, 1.0 / np.sqrt(len(above) * wide) / _LN10, len(above), "weichert")


def _weichert_slope(above: FloatArray, length: FloatArray, mean: float) -> tuple[float, float]:
    """Return beta for which bins of such periods have a mean, and the variance of magnitudes."""
    beta, wide = _LN10, 1.0
    for _ in range(100):
        weight = length * np.exp(-beta * above)
        weight /= weight.sum()
        expected = float((weight * above).sum())
        wide = float((weight * (above - expected) ** 2).sum())
        step = (expected - mean) / wide
        beta = float(np.clip(beta + step, beta / 2, beta * 2))
        if abs(step) < 1e-12:
            break
    return beta, wide


def bootstrap_error(
    estimate: Callable[[FloatArray], BValue],
    magnitudes: ArrayLike,
    rng: np.random.Generator,
    n: int = 200,
) -> float:
    """Return the standard error of b from random selections of the events, in order of time.

    Parameters
    ----------
    estimate
        Gives b of magnitudes.
    n
        Number of selections; those that give no b-value are passed over.

    Raises
    ------
    DataError
        If fewer than two give a b-value.
    """
    m = np.asarray(magnitudes, dtype=np.float64)
    found = []
    for _ in range(n):
        chosen = np.sort(rng.integers(0, len(m), len(m)))
        try:
            found.append(estimate(m[chosen]).b)
        except DataError:  # one selection may hold too little
            continue
    if len(found) < 2:
        raise DataError(f"of {n} selections of {len(m)} magnitudes fewer than 2 give a b-value")
    return float(np.std(found, ddof=1))


def levelled_magnitudes(catalogue: Catalogue, mc: float) -> FloatArray:
    """Return magnitudes as if the catalogue were complete from ``mc`` on at all times.

    Where the catalogue states a completeness of its own above ``mc``, an event's magnitude is
    lowered by the difference: of an exponential law the part above any limit has the same shape.
    Elsewhere these are the magnitudes. Incomplete events are left out.
    """
    chosen = catalogue.above(mc)
    own = np.where(np.isfinite(chosen.completeness), chosen.completeness, mc)
    return np.asarray((chosen.magnitude - np.maximum(own - mc, 0.0)).round(4))


def magnitude_law(magnitudes: FloatArray, mc: float, m_max: float | None = None) -> MagnitudeLaw:
    """Return the law of the magnitudes of at least ``mc``, with b by Tinti and Mulargia.

    Parameters
    ----------
    magnitudes
        As the catalogue rounds them; the width of the rounding is found from them. Smaller ones
        than ``mc`` are ignored.
    m_max
        Largest possible magnitude; by default 0.5 above the largest, at least 8.0, at most 9.5.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.
    """
    m = np.asarray(magnitudes, dtype=np.float64)
    m = m[m >= mc - _ROUNDING]
    delta_m = rounding_of(m)
    found = b_tinti(m, mc, delta_m)
    if m_max is None:
        m_max = float(min(max(m.max() + 0.5, _USUAL_M_MAX), max(_LARGEST_M_MAX, m.max())))
    return MagnitudeLaw(mc, m_max, found.beta, found.se, found.n, found.method, delta_m)
