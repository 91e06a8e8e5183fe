"""Station terms learnt from past events whose hypocentre and origin time are known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, i0e

from mainshock.core.errors import NothingFoundError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.terms import AzimuthTerm, IncidenceTerm, StationTerms, TermTable, TimeTerm

__all__ = ["KnownEvent", "learn_terms"]

FloatArray = NDArray[np.float64]
_FEWEST_ANGLES, _FEWEST_INCIDENCES = 8, 15
_SHIFT_SD_S, _SCALE_SD = 1.0, 0.1  # what is thought of terms before events are seen
_FREEDOMS = (3.0, 4.0, 6.0, 10.0, 30.0)
_FACTORS = np.geomspace(0.15, 2.5, 15)
_GAUSSIAN_FREEDOM = 30.0


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """A past event and its picks.

    Parameters
    ----------
    picks
        Arrivals at any stations.
    posix_s, longitude, latitude, depth_km
        Origin time in seconds since 1970 and hypocentre.
    """

    picks: tuple[Pick, ...]
    posix_s: float
    longitude: float
    latitude: float
    depth_km: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """A pick beside what the velocity model and geometry say of it."""

    pick: Pick
    travel_s: float
    predicted_s: float
    back_azimuth_deg: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class _Line:
    """A robust straight line: offset, slope and scale of what remains."""

    offset: float
    slope: float
    scale: float


def learn_terms(
    events: Sequence[KnownEvent], stations: Sequence[Station], model: TravelTimeModel
) -> TermTable:
    """Return the terms of all stations with picks of known events.

    Raises
    ------
    NothingFoundError
        If no event has a pick at a known station.

    Notes
    -----
    Scale and shift are robust ridge fits (Student-t, four degrees of freedom; a shift is expected
    within 1 s, a scale within 0.1 of 1), so that few events move them little. S is fitted on the
    S minus P times, which no error of the catalogue's origin times touches. Spread, degrees of
    freedom, azimuth bias and inlier share are those of greatest penalised likelihood.
    """
    readings = _readings(events, stations, model)
    if not readings:
        raise NothingFoundError(
            f"none of {len(events)} known events has a pick at one of {len(stations)} stations"
        )
    best = -np.inf
    for freedom in _FREEDOMS:
        fits = {code: _time_terms(rows, freedom) for code, rows in sorted(readings.items())}
        fit = sum(log_likelihood for _, log_likelihood in fits.values())
        if fit > best:
            best = fit
            times, tails = {code: terms for code, (terms, _) in fits.items()}, freedom
    learnt = {}
    for code, rows in sorted(readings.items()):
        p_rows = [row["P"] for row in rows if "P" in row]
        learnt[code] = StationTerms(times[code], _azimuth_term(p_rows), _incidence_term(p_rows))
    return TermTable(model.name, learnt, None if tails >= _GAUSSIAN_FREEDOM else tails)


def _readings(
    events: Sequence[KnownEvent], stations: Sequence[Station], model: TravelTimeModel
) -> dict[str, list[dict[str, _Reading]]]:
    """Return for each station, for each event, the most probable pick of each phase."""
    by_code = {station.code: station for station in stations}
    found: dict[str, list[dict[str, _Reading]]] = {}
    for event in events:
        rows: dict[str, dict[str, _Reading]] = {}
        for pick in sorted(event.picks, key=lambda pick: pick.probability):
            station = by_code.get(pick.station_code)
            if station is not None:
                reading = _reading(pick, event, station, model)
                rows.setdefault(station.code, {})[pick.phase] = reading
        for code, row in rows.items():
            found.setdefault(code, []).append(row)
    return found


def _reading(pick: Pick, event: KnownEvent, station: Station, model: TravelTimeModel) -> _Reading:
    place = (event.longitude, event.latitude)
    away = float(geodesic_distance_km(*place, station.longitude, station.latitude))
    if isinstance(model, VolumeTravelTimes):
        time = model.station_travel_time_s(pick.phase, station, *place, event.depth_km)
    else:
        time = model.travel_time_s(pick.phase, away, event.depth_km, station.depth_km)
    below = max(event.depth_km - station.depth_km, 0.0)
    return _Reading(
        pick=pick,
        travel_s=to_posix_s(pick.time) - event.posix_s,
        predicted_s=float(time),
        back_azimuth_deg=float(geodesic_azimuth_deg(station.longitude, station.latitude, *place)),
        angle_deg=float(np.degrees(np.arctan2(away, below))),
    )


def _time_terms(
    rows: Sequence[Mapping[str, _Reading]], freedom: float
) -> tuple[dict[str, TimeTerm], float]:
    """Return the terms of P and S, and the log-likelihood of the times that locate events."""
    p_rows = [row["P"] for row in rows if "P" in row]
    pairs = [(row["P"], row["S"]) for row in rows if "P" in row and "S" in row]
    terms: dict[str, TimeTerm] = {}
    log_likelihood = 0.0
    if p_rows:
        terms["P"], log_likelihood = _phase_term(p_rows, [r.travel_s for r in p_rows], freedom)
    if len(pairs) >= 2:
        p_term = terms["P"]
        anchored = [
            s.travel_s - p.travel_s + p_term.scale * p.predicted_s + p_term.shift_s
            for p, s in pairs
        ]
        sigma = [float(np.hypot(p.pick.sigma_s, s.pick.sigma_s)) for p, s in pairs]
        both, log_likelihood = _phase_term([s for _, s in pairs], anchored, freedom, sigma)
        p_sigma = min(p_term.sigma_s, both.sigma_s / math.sqrt(2.0))
        s_sigma = math.sqrt(both.sigma_s**2 - p_sigma**2)
        factor = both.pick_sigma_factor
        terms["P"] = TimeTerm(p_term.scale, p_term.shift_s, p_sigma, factor, p_term.n)
        terms["S"] = TimeTerm(both.scale, both.shift_s, s_sigma, factor, both.n)
    elif any("S" in row for row in rows):
        s_rows = [row["S"] for row in rows if "S" in row]
        terms["S"], _ = _phase_term(s_rows, [row.travel_s for row in s_rows], freedom)
    return terms, log_likelihood


def _phase_term(
    rows: Sequence[_Reading],
    observed_s: Sequence[float],
    freedom: float,
    sigma_s: Sequence[float] | None = None,
) -> tuple[TimeTerm, float]:
    predicted, observed = np.array([row.predicted_s for row in rows]), np.array(observed_s)
    sigma = np.array([row.pick.sigma_s for row in rows] if sigma_s is None else sigma_s)
    line = _robust_line(predicted, observed, (0.0, _SHIFT_SD_S), (1.0, _SCALE_SD))
    residual = observed - line.offset - line.slope * predicted
    usual = 0.05 + 0.01 * float(np.median(predicted))
    factor, spread, log_likelihood = _spread(residual, sigma, usual, freedom)
    return TimeTerm(line.slope, line.offset, spread, factor, len(rows)), log_likelihood


def _robust_line(
    x: FloatArray, y: FloatArray, offset: tuple[float, float], slope: tuple[float, float]
) -> _Line:
    """Return the line of greatest Student-t likelihood; offset and slope have a mean and sd."""
    centre = np.array([offset[0], slope[0]])
    penalty = np.diag([1.0 / offset[1] ** 2, 1.0 / slope[1] ** 2])
    design = np.column_stack([np.ones_like(x), x])
    rest = y - design @ centre
    # a first scale from the middle half, so that gross errors do not hide themselves
    scale = max(float(np.subtract(*np.percentile(rest, [75, 25]))) / 1.35, 0.05)
    weight, found = np.ones_like(y), np.zeros(2)
    for _ in range(50):
        normal = design.T @ (design * weight[:, None]) / scale**2 + penalty
        found = np.linalg.solve(normal, design.T @ (weight * rest) / scale**2)
        residual = rest - design @ found
        scale = max(float(np.sqrt(np.sum(weight * residual**2) / y.size)), 1e-3)
        weight = 5.0 / (4.0 + (residual / scale) ** 2)
    return _Line(float(centre[0] + found[0]), float(centre[1] + found[1]), scale)


def _spread(
    residual: FloatArray, sigma: FloatArray, usual_s: float, freedom: float
) -> tuple[float, float, float]:
    """Return the factor on the picks' sigma, the spread beside it, and their log-posterior."""
    spreads = usual_s * np.geomspace(0.02, 30.0, 40)
    best, chosen = -np.inf, (1.0, usual_s)
    for factor, spread in product(_FACTORS, spreads):
        scale = np.hypot(factor * sigma, spread)
        value = float(np.sum(_log_student(residual / scale, freedom) - np.log(scale)))
        value -= 0.5 * (np.log(factor) / 0.7) ** 2 + 0.5 * (np.log(spread / usual_s) / 1.5) ** 2
        if value > best:
            best, chosen = value, (float(factor), float(spread))
    return *chosen, best


def _log_student(x: FloatArray, freedom: float) -> FloatArray:
    constant = gammaln(0.5 * (freedom + 1.0)) - gammaln(0.5 * freedom)
    constant -= 0.5 * np.log(freedom * np.pi)
    return np.asarray(constant - 0.5 * (freedom + 1.0) * np.log1p(x**2 / freedom))


def _azimuth_term(rows: Sequence[_Reading]) -> AzimuthTerm | None:
    pairs = [
        (row.pick.back_azimuth_deg - row.back_azimuth_deg, row.pick.back_azimuth_sigma_deg)
        for row in rows
        if row.pick.back_azimuth_deg is not None and row.pick.back_azimuth_sigma_deg is not None
    ]
    if len(pairs) < _FEWEST_ANGLES:
        return None
    error, sigma = (np.radians(column) for column in np.array(pairs).T)
    biases = np.radians(np.arange(-180.0, 180.0, 1.0))
    cosine = np.cos(error[None, :] - biases[:, None])
    best, chosen = -np.inf, AzimuthTerm()
    for factor, inlier in product(np.geomspace(0.3, 3.0, 17), (0.99, 0.97, 0.94, 0.9, 0.8, 0.7)):
        kappa = 1.0 / (factor * sigma) ** 2
        peak = np.exp(kappa * (cosine - 1.0)) / i0e(kappa)
        value = np.log(inlier * peak + 1.0 - inlier).sum(axis=1)
        value -= 0.5 * (np.log(factor) / 0.7) ** 2 + 0.5 * (np.degrees(biases) / 30.0) ** 2
        value += 3.0 * np.log(inlier)
        place = int(value.argmax())
        if value[place] > best:
            best = float(value[place])
            bias = float(np.degrees(biases[place]))
            chosen = AzimuthTerm(bias, float(factor), inlier, len(pairs))
    return chosen


def _incidence_term(rows: Sequence[_Reading]) -> IncidenceTerm | None:
    known = [row for row in rows if row.pick.incidence_deg is not None]
    if len(known) < _FEWEST_INCIDENCES:
        return None
    angle = np.array([row.angle_deg for row in known])
    measured = np.array([row.pick.incidence_deg for row in known], np.float64)
    line = _robust_line(angle, measured, (0.0, 15.0), (0.7, 0.3))
    return IncidenceTerm(line.offset, line.slope, max(line.scale, 1.0), len(known))
