"""What drawing aftershock sequences needs, laid out for compiled code."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.events import Sources as Events
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.lineage import Lineage
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import authalic_latitude
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "LONGEST",
    "Law",
    "Lifting",
    "Outline",
    "PastLaw",
    "Sources",
    "Wakes",
    "background_places",
    "decay_between",
    "expected_direct",
    "law_of",
    "lifting_of",
    "outline_of",
    "past_law",
    "past_sources",
    "wakes_of",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LONGEST = 40.0
"""Times tau: nothing is left of the decay beyond."""

_N_BANDS = 256  # of latitude, for the sides of a region
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_PIECE = 0.5  # of ln(t + c): eight nodes reach 1e-12 there
_RHO = 0.5  # of the kernels of the background
_N_COLUMNS = 12
_HIDING = 2.0  # above mc: events that hide others, where nothing else is set


class Law(NamedTuple):
    """Numbers of the triggering kernel, the magnitudes and the window.

    Parameters
    ----------
    log_c, omega, tau_days, d_km2, gamma, rho
        Of the kernel of an event of lowest magnitude and mean activity.
    factor, growth
        Such an event has ``factor`` times the decay's integral direct aftershocks, one that is
        ``x`` above the lowest magnitude ``exp(growth x)`` times more.
    c_magnitude, omega_magnitude, productivity_activity, omega_activity, mean_activity
        Of :class:`mainshock.forecast.etas.law.Variation`.
    m_low, m_single, beta, cut
        Magnitudes are ``m_low - ln(1 - u cut) / beta``; ``m_single`` is the least number of single
        precision that is not below ``m_low``.
    days
        Length of the window.
    n_background, floor
        Background events expected in the window, and the share that is uniform.
    max_events
        In one catalogue.
    """

    log_c: float
    omega: float
    tau_days: float
    d_km2: float
    gamma: float
    rho: float
    factor: float
    growth: float
    c_magnitude: float
    omega_magnitude: float
    productivity_activity: float
    omega_activity: float
    mean_activity: float
    m_low: float
    m_single: np.float32
    beta: float
    cut: float
    days: float
    n_background: float
    floor: float
    max_events: int


class Lifting(NamedTuple):
    """How active events are: the law by which activity is defined, and the spread of a lineage.

    Parameters
    ----------
    is_used
        Whether it differs between events; else it is the first of ``of_background``.
    log_k0, a, c_days, exponent, per_tau, d_km2, gamma, steepness
        Of the plain law: the kernel is ``exp(log_k0 + a x - t per_tau) (t + c)^-exponent
        (r^2 + d exp(gamma x))^-steepness``.
    log_uniform
        ln of the background of events that are drawn evenly.
    activity, of_background
        Of :class:`mainshock.forecast.etas.lineage.Lineage`.
    """

    is_used: bool
    log_k0: float
    a: float
    c_days: float
    exponent: float
    per_tau: float
    d_km2: float
    gamma: float
    steepness: float
    log_uniform: float
    activity: FloatArray
    of_background: FloatArray


class Sources(NamedTuple):
    """Places from which first events are drawn, with a table for the choice.

    Parameters
    ----------
    expected
        Events expected in the window, of all.
    keep, other
        Alias table: row ``i`` stands for itself with probability ``keep``, else for ``other``.
    rows
        One row a place, shape ``(n, 12)``: longitude and authalic latitude in radians, sine and
        cosine of that latitude, the spread of the power law of distances in km^2; for times
        ``late``, ``reach``, ``bend`` and ``omega`` of :func:`_delay`; for activity ln of the
        background, days before the start, and magnitude above the lowest.
    rho, tau_days
        Of the power law of distances, and the taper.
    """

    expected: float
    keep: FloatArray
    other: IntArray
    rows: FloatArray
    rho: float
    tau_days: float


class Outline(NamedTuple):
    """Sides of a region, sorted into bands of latitude.

    Parameters
    ----------
    is_globe, is_box
        Whether all places lie inside, or all between the bounds.
    west, south, east, north
        Bounds in degrees.
    band_start
        Sides ``band_start[k]:band_start[k + 1]`` touch band ``k``.
    sides
        Longitude, latitude of the start and of the end, shape ``(n, 4)``.
    low, high
        Sine of the southern and northern authalic latitude.
    """

    is_globe: bool
    is_box: bool
    west: float
    south: float
    east: float
    north: float
    band_start: IntArray
    sides: FloatArray
    low: float
    high: float


class Wakes(NamedTuple):
    """Large past events that hide small ones, and the rule by which they do.

    Parameters
    ----------
    hides
        Whether anything is hidden.
    time_days, magnitude
        Of the past ones; days after the start of the window.
    large, offset, slope
        Of :class:`mainshock.forecast.completeness.ShortTermCompleteness`.
    """

    hides: bool
    time_days: FloatArray
    magnitude: FloatArray
    large: float
    offset: float
    slope: float


@compiled
def decay_between(
    start: FloatArray, end: FloatArray, c_days: FloatArray, omega: FloatArray, tau_days: float
) -> FloatArray:
    """Return integrals of ``exp(-t / tau) (t + c)^-(1 + omega)``, exact for late short spans."""
    found = np.zeros(len(start))
    for i in range(len(start)):
        c = c_days[i]
        low = start[i] + c
        high = min(end[i], start[i] + LONGEST * tau_days) + c
        reach = np.log(high / low)
        n = int(reach / _PIECE) + 1
        total = 0.0
        for piece in range(n):
            for k in range(len(_NODES)):
                t = low * np.exp(reach * (piece + 0.5 * (_NODES[k] + 1.0)) / n)
                total += _WEIGHTS[k] * np.exp(-(t - c) / tau_days) * t ** -omega[i]
        found[i] = total * reach / (2 * n)
    return found


def law_of(
    law: TriggeringLaw, beta: float, m_max: float, days: float, floor: float, max_events: int
) -> Law:
    """Return the numbers that compiled code needs."""
    parameters, varied = law.parameters, law.variation
    low = parameters.m_ref
    span = min(max(m_max - low, 1e-6), 36.0 / beta)  # an infinite m_max: to 2e-16
    return Law(
        log_c=float(np.log(parameters.c_days)),
        omega=parameters.omega,
        tau_days=parameters.tau_days,
        d_km2=parameters.d_km2,
        gamma=parameters.gamma,
        rho=parameters.rho,
        factor=float(parameters.space_factor(low)),
        growth=parameters.a - parameters.rho * parameters.gamma,
        c_magnitude=varied.c_magnitude,
        omega_magnitude=varied.omega_magnitude,
        productivity_activity=varied.productivity_activity,
        omega_activity=varied.omega_activity,
        mean_activity=varied.mean_activity,
        m_low=low,
        m_single=_not_below(low),
        beta=beta,
        cut=float(-np.expm1(-beta * span)),
        days=days,
        n_background=parameters.mu_per_day * days,
        floor=floor,
        max_events=max_events,
    )


def lifting_of(
    plain: EtasParameters, lineage: Lineage | None, mean_activity: float, area_km2: float
) -> Lifting:
    """Return what gives simulated events their activity: the mean, without a lineage."""
    mean = np.full((1, 1), mean_activity)
    return Lifting(
        is_used=lineage is not None,
        log_k0=float(np.log(plain.k0)),
        a=plain.a,
        c_days=plain.c_days,
        exponent=1.0 + plain.omega,
        per_tau=1.0 / plain.tau_days,
        d_km2=plain.d_km2,
        gamma=plain.gamma,
        steepness=1.0 + plain.rho,
        log_uniform=float(np.log(plain.mu_per_day / area_km2)),
        activity=mean if lineage is None else lineage.activity,
        of_background=mean[0] if lineage is None else lineage.of_background,
    )


class PastLaw(NamedTuple):
    """By which law each past event triggers others.

    Parameters
    ----------
    factor
        Times the decay's integral: the number of direct aftershocks, shape ``(n_events,)``.
    spread_km2, c_days, omega
        Of each.
    rho, tau_days
        Of all.
    log_background
        ln of the background by which the activity of new events is measured, of each.
    """

    factor: FloatArray
    spread_km2: FloatArray
    c_days: FloatArray
    omega: FloatArray
    rho: float
    tau_days: float
    log_background: FloatArray


def past_law(law: TriggeringLaw, sources: Events, log_background: FloatArray) -> PastLaw:
    """Return the law of each of some past events."""
    parameters = law.parameters
    return PastLaw(
        law.factor(sources),
        parameters.spread_km2(sources.above + parameters.m_ref),
        law.c_days(sources),
        law.omega(sources),
        parameters.rho,
        parameters.tau_days,
        log_background,
    )


def expected_direct(
    law: PastLaw, past: Catalogue, start_days: float, end_days: float
) -> FloatArray:
    """Return how many direct aftershocks each past event is expected to have in a window.

    Those outside any region count too, shape ``(n_events,)``.
    """
    since = start_days - past.time_days
    until = end_days - past.time_days
    return law.factor * decay_between(since, until, law.c_days, law.omega, law.tau_days)


def past_sources(
    law: PastLaw, past: Catalogue, m_low: float, start_days: float, days: float
) -> Sources:
    """Return past events as sources of the first generation."""
    if len(past) == 0:
        return _none()
    expected = expected_direct(law, past, start_days, start_days + days)
    late = start_days - past.time_days + law.c_days
    reach = np.log1p(np.minimum(days, LONGEST * law.tau_days) / late)
    bend = np.expm1(-law.omega * reach)
    since = start_days - past.time_days
    columns = (law.spread_km2, late, reach, bend, law.omega, law.log_background, since)
    rows = _rows(past.longitude, past.latitude, *columns, past.magnitude - m_low)
    return Sources(float(expected.sum()), *_alias(expected), rows, law.rho, law.tau_days)


def _rows(longitude: FloatArray, latitude: FloatArray, *others: FloatArray) -> FloatArray:
    """Return rows of :class:`Sources`, filled up."""
    lon, lat = np.radians(longitude), authalic_latitude(latitude)
    columns = [lon, lat, np.sin(lat), np.cos(lat), *others]
    columns += [np.zeros(len(lon))] * (_N_COLUMNS - len(columns))
    return np.column_stack(columns)


def _not_below(value: float) -> np.float32:
    """Return the least number of single precision that is not below a value."""
    single = np.float32(value)
    return single if float(single) >= value else np.nextafter(single, np.float32(np.inf))


def background_places(
    background: SmoothedPlaces | None, mu_per_day: float, lineage: Lineage | None
) -> Sources:
    """Return the kernels of the background as sources: theirs is a power law with rho of 1/2."""
    if background is None:
        return _none()
    spread = np.asarray(background.bandwidth_km, dtype=np.float64) ** 2
    none = np.zeros(len(spread))
    log = none if lineage is None else np.log(mu_per_day * lineage.density)
    rows = _rows(background.longitude, background.latitude, spread, *[none] * 4, log)
    return Sources(0.0, *_alias(background.share), rows, _RHO, np.inf)


def _none() -> Sources:
    none = np.zeros(0, dtype=np.int64)
    return Sources(0.0, np.zeros(0), none, np.zeros((0, _N_COLUMNS)), _RHO, np.inf)


def _alias(weight: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return a table that draws rows by weight at once (Walker 1977).

    https://doi.org/10.1145/355744.355749
    """
    n = len(weight)
    total = float(weight.sum())
    keep = np.ones(n) if total <= 0 else np.asarray(weight, dtype=np.float64) * (n / total)
    other = np.arange(n)
    few = np.flatnonzero(keep < 1.0).tolist()
    many = np.flatnonzero(keep >= 1.0).tolist()
    level = keep.tolist()
    while few and many:
        small, large = few.pop(), many[-1]
        other[small] = large
        level[large] -= 1.0 - level[small]
        if level[large] < 1.0:
            few.append(many.pop())
    for i in (*few, *many):  # what rounding leaves over
        level[i] = 1.0
    return np.asarray(level), other.astype(np.int64)


def outline_of(region: Region) -> Outline:
    """Return the sides of a region in bands of latitude."""
    if region.is_globe:
        west, south, east, north = -180.0, -90.0, 180.0, 90.0
        rows = np.zeros(0, dtype=np.int64)
        sides = np.zeros((0, 4))
    else:
        west, south, east, north = region.bounds
        corners = np.asarray(region.vertices, dtype=np.float64)
        sides = np.column_stack([corners, np.roll(corners, -1, axis=0)])
        ends = np.sort(sides[:, [1, 3]], axis=1)
        band = np.clip((ends - south) / (north - south) * _N_BANDS, 0.0, _N_BANDS - 1.0)
        # one more on each side: rounding may put a place into the band beside its own
        low = np.maximum(band[:, 0].astype(np.int64) - 1, 0)
        n_touched = np.minimum(band[:, 1].astype(np.int64) + 1, _N_BANDS - 1) - low + 1
        of = np.repeat(np.arange(len(sides)), n_touched)
        nth = np.arange(len(of)) - np.repeat(np.cumsum(n_touched) - n_touched, n_touched)
        rows = low[of] + nth
        order = np.argsort(rows, kind="stable")
        rows, sides = rows[order], sides[of[order]]
    return Outline(
        is_globe=region.is_globe,
        is_box=region.polygon.equals(shapely.box(west, south, east, north)),
        west=west,
        south=south,
        east=east,
        north=north,
        band_start=np.searchsorted(rows, np.arange(_N_BANDS + 1)).astype(np.int64),
        sides=np.ascontiguousarray(sides),
        low=float(np.sin(authalic_latitude(south))),
        high=float(np.sin(authalic_latitude(north))),
    )


def wakes_of(
    completeness: ShortTermCompleteness | None, past: Catalogue, start_days: float
) -> Wakes:
    """Return which events are hidden, and the past ones that still hide others."""
    if completeness is None:
        return Wakes(False, np.zeros(0), np.zeros(0), np.inf, 0.0, 1.0)
    lowest = completeness.min_magnitude
    large = completeness.large(past)
    until = large.time_days + completeness.duration_days(large.magnitude)
    large = large.take(until > start_days)
    return Wakes(
        hides=True,
        time_days=large.time_days - start_days,
        magnitude=large.magnitude,
        large=(completeness.mc + _HIDING if lowest is None else lowest) - 1e-6,
        offset=completeness.offset,
        slope=completeness.slope,
    )
