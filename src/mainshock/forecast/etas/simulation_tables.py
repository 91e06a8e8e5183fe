"""What drawing aftershock sequences needs, laid out for compiled code."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import authalic_latitude
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "LONGEST",
    "N_NODES",
    "Law",
    "Outline",
    "PastLaw",
    "Sources",
    "Wakes",
    "background_places",
    "decay_between",
    "decay_table",
    "expected_direct",
    "law_of",
    "outline_of",
    "past_sources",
    "plain_law",
    "wakes_of",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LONGEST = 40.0
"""Times tau: nothing is left of the decay beyond."""

N_NODES = 4096
"""Of the table of the decay's integral: relative error below 1e-5."""

_N_BANDS = 256  # of latitude, for the sides of a region
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_PIECE = 0.5  # of ln(t + c): eight nodes reach 1e-12 there
_RHO = 0.5  # of the kernels of the background
_N_COLUMNS = 9
_HIDING = 2.0  # above mc: events that hide others, where nothing else is set


class Law(NamedTuple):
    """Numbers of the triggering kernel, the magnitudes and the window.

    Parameters
    ----------
    c_days, omega, tau_days, d_km2, gamma, rho
        Of the kernel.
    factor, growth
        An event ``x`` above ``m_low`` has ``factor exp(growth x)`` times the decay's integral
        direct aftershocks.
    m_low, m_single, beta, cut
        Magnitudes are ``m_low - ln(1 - u cut) / beta``; ``m_single`` is the least number of single
        precision that is not below ``m_low``.
    days
        Length of the window.
    node_step
        Between nodes of ``ln(1 + t / c)`` in the table of the decay's integral.
    n_background, floor
        Background events expected in the window, and the share that is uniform.
    max_events
        In one catalogue.
    """

    c_days: float
    omega: float
    tau_days: float
    d_km2: float
    gamma: float
    rho: float
    factor: float
    growth: float
    m_low: float
    m_single: np.float32
    beta: float
    cut: float
    days: float
    node_step: float
    n_background: float
    floor: float
    max_events: int


class Sources(NamedTuple):
    """Places from which first events are drawn, with a table for the choice.

    Parameters
    ----------
    expected
        Events expected in the window, of all.
    keep, other
        Alias table: row ``i`` stands for itself with probability ``keep``, else for ``other``.
    rows
        One row a place, shape ``(n, 9)``: longitude and authalic latitude in radians, sine and
        cosine of that latitude, the spread of the power law of distances in km^2, and for times
        ``late``, ``reach``, ``bend`` and ``omega`` of :func:`_delay`.
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
    parameters: EtasParameters,
    beta: float,
    m_max: float,
    days: float,
    n_nodes: int,
    floor: float,
    max_events: int,
) -> Law:
    """Return the numbers that compiled code needs; ``n_nodes`` is the length of the table."""
    low = parameters.m_ref
    span = min(max(m_max - low, 1e-6), 36.0 / beta)  # an infinite m_max: to 2e-16
    return Law(
        c_days=parameters.c_days,
        omega=parameters.omega,
        tau_days=parameters.tau_days,
        d_km2=parameters.d_km2,
        gamma=parameters.gamma,
        rho=parameters.rho,
        factor=float(parameters.space_factor(low)),
        growth=parameters.a - parameters.rho * parameters.gamma,
        m_low=low,
        m_single=_not_below(low),
        beta=beta,
        cut=float(-np.expm1(-beta * span)),
        days=days,
        node_step=float(np.log1p(days / parameters.c_days)) / (n_nodes - 1),
        n_background=parameters.mu_per_day * days,
        floor=floor,
        max_events=max_events,
    )


def decay_table(parameters: EtasParameters, days: float, n_nodes: int = N_NODES) -> FloatArray:
    """Return integrals of the decay from 0 to nodes that are even in ``ln(1 + t / c)``."""
    c = parameters.c_days
    nodes = c * np.expm1(np.linspace(0.0, np.log1p(days / c), n_nodes))
    same = np.ones(n_nodes - 1)
    pieces = decay_between(
        nodes[:-1], nodes[1:], c * same, parameters.omega * same, parameters.tau_days
    )
    return np.append(0.0, np.cumsum(pieces))


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
    """

    factor: FloatArray
    spread_km2: FloatArray
    c_days: FloatArray
    omega: FloatArray
    rho: float
    tau_days: float


def plain_law(parameters: EtasParameters, past: Catalogue) -> PastLaw:
    """Return the law of past events where all have the same one."""
    same = np.ones(len(past))
    return PastLaw(
        parameters.space_factor(past.magnitude),
        parameters.spread_km2(past.magnitude),
        parameters.c_days * same,
        parameters.omega * same,
        parameters.rho,
        parameters.tau_days,
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


def past_sources(law: PastLaw, past: Catalogue, start_days: float, days: float) -> Sources:
    """Return past events as sources of the first generation."""
    if len(past) == 0:
        return _none()
    expected = expected_direct(law, past, start_days, start_days + days)
    late = start_days - past.time_days + law.c_days
    reach = np.log1p(np.minimum(days, LONGEST * law.tau_days) / late)
    bend = np.expm1(-law.omega * reach)
    columns = (law.spread_km2, late, reach, bend, law.omega)
    rows = _rows(past.longitude, past.latitude, *columns)
    return Sources(float(expected.sum()), *_alias(expected), rows, law.rho, law.tau_days)


def _rows(longitude: FloatArray, latitude: FloatArray, *others: FloatArray) -> FloatArray:
    """Return rows of :class:`Sources`, filled up to nine columns."""
    lon, lat = np.radians(longitude), authalic_latitude(latitude)
    columns = [lon, lat, np.sin(lat), np.cos(lat), *others]
    columns += [np.zeros(len(lon))] * (_N_COLUMNS - len(columns))
    return np.column_stack(columns)


def _not_below(value: float) -> np.float32:
    """Return the least number of single precision that is not below a value."""
    single = np.float32(value)
    return single if float(single) >= value else np.nextafter(single, np.float32(np.inf))


def background_places(background: SmoothedPlaces | None) -> Sources:
    """Return the kernels of the background as sources: theirs is a power law with rho of 1/2."""
    if background is None:
        return _none()
    spread = np.asarray(background.bandwidth_km, dtype=np.float64) ** 2
    rows = _rows(background.longitude, background.latitude, spread)
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
