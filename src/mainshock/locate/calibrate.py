"""Station terms learnt from past events whose hypocentre and origin time are known."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, i0e

from mainshock.core.errors import NothingFoundError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.source_terms import RADII_KM, SourceTerm, left_out
from mainshock.locate.terms import AzimuthTerm, IncidenceTerm, StationTerms, TermTable, TimeTerm

__all__ = ["KnownEvent", "learn_terms"]

_log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
_FEWEST_ANGLES, _FEWEST_INCIDENCES = 8, 15
_SHIFT_SD_S, _SCALE_SD = 1.0, 0.1  # what is thought of terms before events are seen
_FREEDOMS = (3.0, 4.0, 6.0, 10.0, 30.0)
_FACTORS = np.geomspace(0.15, 2.5, 15)
_GAUSSIAN_FREEDOM = 30.0
_FEWEST_SOURCES, _LEAST_GAIN, _GROSS = 20, 3.0, 3.0  # a source term costs a radius and a table


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
    source: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _PhaseFit:
    """What was learnt of one phase."""

    term: TimeTerm
    source: SourceTerm | None
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class _Line:
    """A robust straight line: offset, slope and scale of what remains."""

    offset: float
    slope: float
    scale: float


def learn_terms(
    events: Sequence[KnownEvent],
    stations: Sequence[Station],
    model: TravelTimeModel,
    *,
    by_source: bool = False,
) -> TermTable:
    """Return the terms of all stations with picks of known events.

    Parameters
    ----------
    by_source
        Also look for corrections that depend on where the source is. Locations with them take
        several times as long.

    Raises
    ------
    NothingFoundError
        If no event has a pick at a known station, or all such events lie outside the model.

    Notes
    -----
    Picks of events outside a velocity volume, for which it has no travel time, are left out, and
    a warning in the log says how many.

    Scale and shift are robust ridge fits (Student-t, four degrees of freedom; a shift is expected
    within 1 s, a scale within 0.1 of 1), so that few events move them little. S is fitted on the
    S minus P times, which no error of the catalogue's origin times touches. Spread, degrees of
    freedom, azimuth bias and inlier share are those of greatest penalised likelihood. Where
    residuals of near events agree, so that each is foretold by the others, a source term with the
    radius that foretells best is kept.
    """
    readings = _readings(events, stations, model)
    if not readings:
        raise NothingFoundError(
            f"none of {len(events)} known events has a pick at one of {len(stations)} stations "
            f"inside the velocity model {model.name}"
        )
    trials = [
        (
            freedom,
            {
                code: _phase_fits(rows, freedom, by_source)
                for code, rows in sorted(readings.items())
            },
        )
        for freedom in _FREEDOMS
    ]
    tails, fits = max(trials, key=lambda trial: _total(trial[1]))
    learnt = {code: _station_terms(readings[code], fits[code]) for code in fits}
    return TermTable(model.name, learnt, None if tails >= _GAUSSIAN_FREEDOM else tails)


def _total(fits: Mapping[str, Mapping[str, _PhaseFit]]) -> float:
    """Return the log-likelihood of the times that locate events: S minus P, else P."""
    return sum((each.get("S") or each["P"]).log_likelihood for each in fits.values())


def _station_terms(
    rows: Sequence[Mapping[str, _Reading]], fits: Mapping[str, _PhaseFit]
) -> StationTerms:
    p_rows = [row["P"] for row in rows if "P" in row]
    return StationTerms(
        times={phase: fit.term for phase, fit in fits.items()},
        azimuth=_azimuth_term(p_rows),
        incidence=_incidence_term(p_rows),
        sources={phase: fit.source for phase, fit in fits.items() if fit.source is not None},
    )


def _readings(
    events: Sequence[KnownEvent], stations: Sequence[Station], model: TravelTimeModel
) -> dict[str, list[dict[str, _Reading]]]:
    """Return for each station, for each event, the most probable pick of each phase."""
    by_code = {station.code: station for station in stations}
    found: dict[str, list[dict[str, _Reading]]] = {}
    n_outside = 0
    for event in events:
        rows: dict[str, dict[str, _Reading]] = {}
        for pick in sorted(event.picks, key=lambda pick: pick.probability):
            station = by_code.get(pick.station_code)
            if station is not None:
                reading = _reading(pick, event, station, model)
                if math.isfinite(reading.predicted_s):
                    rows.setdefault(station.code, {})[pick.phase] = reading
                else:
                    n_outside += 1
        for code, row in rows.items():
            found.setdefault(code, []).append(row)
    if n_outside:
        _log.warning(
            "%d picks are of events outside the velocity model %s, which has no travel time for "
            "them; they are left out",
            n_outside,
            model.name,
        )
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
        source=(*place, event.depth_km),
    )


def _phase_fits(
    rows: Sequence[Mapping[str, _Reading]], freedom: float, by_source: bool
) -> dict[str, _PhaseFit]:
    """Return what was learnt of P and of S."""
    p_rows = [row["P"] for row in rows if "P" in row]
    s_rows = [row["S"] for row in rows if "S" in row]
    fits: dict[str, _PhaseFit] = {}
    if p_rows:
        observed = np.array([row.travel_s for row in p_rows])
        fits["P"] = _phase_fit(p_rows, observed, _sigma_s(p_rows), freedom, by_source)
    pairs = [(row["P"], row["S"]) for row in rows if "P" in row and "S" in row]
    if len(pairs) >= 2:
        line = fits["P"].term
        anchored = np.array(
            [s.travel_s - p.travel_s + line.scale * p.predicted_s + line.shift_s for p, s in pairs]
        )
        sigma = np.hypot(*(_sigma_s(side) for side in zip(*pairs, strict=True)))
        both = _phase_fit([s for _, s in pairs], anchored, sigma, freedom, by_source)
        fits["P"], fits["S"] = _divided(fits["P"], both)
    elif s_rows:
        observed = np.array([row.travel_s for row in s_rows])
        fits["S"] = _phase_fit(s_rows, observed, _sigma_s(s_rows), freedom, by_source)
    return fits


def _sigma_s(rows: Sequence[_Reading]) -> FloatArray:
    return np.array([row.pick.sigma_s for row in rows])


def _divided(p_fit: _PhaseFit, both: _PhaseFit) -> tuple[_PhaseFit, _PhaseFit]:
    """Return both phases with the spread of S minus P divided between them."""
    total, factor = both.term.sigma_s, both.term.pick_sigma_factor
    p_sigma = min(p_fit.term.sigma_s, total / math.sqrt(2.0))
    s_sigma = math.sqrt(total**2 - p_sigma**2)
    p_term = replace(p_fit.term, sigma_s=p_sigma, pick_sigma_factor=factor)
    s_term = replace(both.term, sigma_s=s_sigma)
    return replace(p_fit, term=p_term), replace(both, term=s_term)


def _phase_fit(
    rows: Sequence[_Reading],
    observed_s: FloatArray,
    sigma_s: FloatArray,
    freedom: float,
    by_source: bool,
) -> _PhaseFit:
    predicted = np.array([row.predicted_s for row in rows])
    usual = 0.05 + 0.01 * float(np.median(predicted))
    line, lever = _robust_line(predicted, observed_s, (0.0, _SHIFT_SD_S), (1.0, _SCALE_SD), usual)
    # what the others foretell of each event: a line through few points hides its own error
    residual = observed_s - line.offset - line.slope * predicted
    residual /= 1.0 - np.minimum(lever, 0.999)
    factor, spread, log_likelihood = _spread(residual, sigma_s, usual, freedom)
    source = None
    if by_source and len(rows) >= _FEWEST_SOURCES:
        bounded = np.clip(residual, -_GROSS * line.scale, _GROSS * line.scale)
        places = _local_km(rows)
        for radius_km in RADII_KM:
            extra = left_out(places, bounded, radius_km)
            trial = _spread(residual - extra, sigma_s, usual, freedom)
            if trial[2] > log_likelihood + _LEAST_GAIN:
                factor, spread, log_likelihood = trial
                source = _source_term(rows, bounded, radius_km)
    term = TimeTerm(line.slope, line.offset, spread, factor, len(rows))
    return _PhaseFit(term, source, log_likelihood)


def _local_km(rows: Sequence[_Reading]) -> FloatArray:
    sources = np.array([row.source for row in rows])
    frame = LocalFrame(float(sources[0, 0]), float(sources[0, 1]))
    return np.column_stack([*frame.to_local(sources[:, 0], sources[:, 1]), sources[:, 2]])


def _source_term(rows: Sequence[_Reading], residual_s: FloatArray, radius_km: float) -> SourceTerm:
    longitude, latitude, depth_km = np.array([row.source for row in rows]).T.round(5).tolist()
    residual = residual_s.round(4).tolist()
    return SourceTerm(radius_km, tuple(zip(longitude, latitude, depth_km, residual, strict=True)))


def _robust_line(
    x: FloatArray,
    y: FloatArray,
    offset: tuple[float, float],
    slope: tuple[float, float],
    usual: float = 0.0,
) -> tuple[_Line, FloatArray]:
    """Return the line of greatest Student-t likelihood, and the pull of each point on it.

    Offset and slope have a mean and sd; the scale of what remains is expected near ``usual``,
    which counts as two points.
    """
    centre = np.array([offset[0], slope[0]])
    penalty = np.diag([1.0 / offset[1] ** 2, 1.0 / slope[1] ** 2])
    design = np.column_stack([np.ones_like(x), x])
    rest = y - design @ centre
    # a first scale from the middle half, so that gross errors do not hide themselves
    scale = max(float(np.subtract(*np.percentile(rest, [75, 25]))) / 1.35, 0.05, usual)
    spare = 2.0 if usual > 0.0 else 0.0
    weight, found = np.ones_like(y), np.zeros(2)
    for _ in range(50):
        normal = design.T @ (design * weight[:, None]) / scale**2 + penalty
        found = np.linalg.solve(normal, design.T @ (weight * rest) / scale**2)
        residual = rest - design @ found
        square = np.sum(weight * residual**2) + spare * usual**2
        scale = max(float(np.sqrt(square / (y.size + spare))), 1e-3)
        weight = 5.0 / (4.0 + (residual / scale) ** 2)
    normal = design.T @ (design * weight[:, None]) / scale**2 + penalty
    pull = weight * np.einsum("ij,ji->i", design, np.linalg.solve(normal, design.T)) / scale**2
    return _Line(float(centre[0] + found[0]), float(centre[1] + found[1]), scale), pull


def _spread(
    residual: FloatArray, sigma: FloatArray, usual_s: float, freedom: float
) -> tuple[float, float, float]:
    """Return the factor on the picks' sigma, the spread beside it, and their log-posterior.

    Both are root mean squares over their posterior, so that few events do not make it narrow.
    """
    pairs = np.array(list(product(_FACTORS, usual_s * np.geomspace(0.02, 30.0, 40))))
    factor, spread = pairs.T
    scale = np.hypot(factor[:, None] * sigma, spread[:, None])
    values = (_log_student(residual / scale, freedom) - np.log(scale)).sum(axis=1)
    values -= 0.5 * (np.log(factor) / 0.7) ** 2 + 0.5 * (np.log(spread / usual_s) / 1.5) ** 2
    weights = np.exp(values - values.max())
    found = np.sqrt(weights @ pairs**2 / weights.sum())
    return float(found[0]), float(found[1]), float(values.max())


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
    line, _ = _robust_line(angle, measured, (0.0, 15.0), (0.7, 0.3))
    return IncidenceTerm(line.offset, line.slope, max(line.scale, 1.0), len(known))
