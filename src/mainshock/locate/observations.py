"""The picks of one event, checked and set beside their stations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import format_utc, to_posix_s
from mainshock.locate.source_terms import SourceTerm
from mainshock.locate.terms import AzimuthTerm, IncidenceTerm, StationTerms, TermTable, TimeTerm

__all__ = ["FEWEST_PICKS_TO_DOUBT", "Azimuth", "Incidence", "Observations", "observe"]

FloatArray = NDArray[np.float64]
FEWEST_PICKS_TO_DOUBT = 5
_SAME_EVENT_S = 30.0  # beyond it two picks of a phase are of two events


@dataclass(frozen=True, slots=True)
class Azimuth:
    """Direction from a station to the source.

    Parameters
    ----------
    east_km, north_km
        Place of the station.
    back_azimuth_deg, sigma_deg
        Degrees true, the station's bias taken off, and standard deviation.
    outlier_probability
        Probability that it tells nothing; None: what is assumed of all azimuths.
    """

    east_km: float
    north_km: float
    back_azimuth_deg: float
    sigma_deg: float
    outlier_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Incidence:
    """Apparent incidence of P at a station that has a term for it.

    Parameters
    ----------
    east_km, north_km, depth_km
        Place of the station.
    incidence_deg
        Measured angle from the vertical.
    term
        What the station's past events say it means.
    """

    east_km: float
    north_km: float
    depth_km: float
    incidence_deg: float
    term: IncidenceTerm


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """What a location starts from; arrays are per pick.

    Parameters
    ----------
    picks, stations
        The picks that are used, earliest first, and the station of each.
    frame
        Local frame centred on the stations.
    east_km, north_km, depth_km
        Places of the stations, shape ``(n_picks,)``.
    reference_posix_s
        Time that ``observed_s`` counts from.
    observed_s, sigma_s
        Arrival time and its standard deviation, s.
    time_scale
        Factor on the velocity model's travel times, learnt for the station; 1 where nothing is.
    has_term
        Whether a term replaces the general model error, per pick.
    source_terms
        Corrections of the travel time that depend on the source, per pick; they add up.
    azimuths
        Directions to the source, one for each station that has one.
    incidences
        Apparent incidence angles, one for each station that has one and a term for it.
    degrees_of_freedom
        Of the Student-t that the residuals of few picks follow; None: Gaussian.
    flags
        What was noticed, for the origin's flags.
    """

    picks: tuple[Pick, ...]
    stations: tuple[Station, ...]
    frame: LocalFrame
    east_km: FloatArray
    north_km: FloatArray
    depth_km: FloatArray
    reference_posix_s: float
    observed_s: FloatArray
    sigma_s: FloatArray
    time_scale: FloatArray
    has_term: NDArray[np.bool_]
    source_terms: tuple[tuple[SourceTerm, ...], ...]
    azimuths: tuple[Azimuth, ...]
    incidences: tuple[Incidence, ...]
    degrees_of_freedom: float | None
    flags: tuple[str, ...]

    @property
    def station_codes(self) -> list[str]:
        """Codes of the stations, each once."""
        return list(dict.fromkeys(station.code for station in self.stations))

    def pairs(self) -> list[tuple[int, int]]:
        """Return the numbers of the P and S pick of each station that has both."""
        place = {(s.code, p.phase): i for i, (s, p) in enumerate(self._rows())}
        return [
            (place[code, "P"], place[code, "S"])
            for code in self.station_codes
            if (code, "P") in place and (code, "S") in place
        ]

    def _rows(self) -> list[tuple[Station, Pick]]:
        return list(zip(self.stations, self.picks, strict=True))

    def aperture_km(self) -> float:
        """Return the longest distance between a station and the middle of all."""
        return float(np.hypot(self.east_km, self.north_km).max())

    def azimuthal_gap_deg(self, longitude: float, latitude: float) -> float:
        """Return the widest angle without a station, seen from an epicentre."""
        places = np.array([(s.longitude, s.latitude) for s in self.stations])
        angles = geodesic_azimuth_deg(longitude, latitude, places[:, 0], places[:, 1])
        angles = np.unique(np.round(angles, 6))
        return float(np.diff(np.append(angles, angles[0] + 360.0)).max())

    def paths(self, longitude: float, latitude: float) -> tuple[FloatArray, FloatArray]:
        """Return distance in km and azimuth in degrees from an epicentre to each station."""
        places = np.array([(s.longitude, s.latitude) for s in self.stations])
        path = (longitude, latitude, places[:, 0], places[:, 1])
        return geodesic_distance_km(*path), geodesic_azimuth_deg(*path)


def observe(
    picks: Sequence[Pick],
    stations: Sequence[Station],
    terms: TermTable | None = None,
    has_prior: bool = False,
) -> Observations:
    """Return the picks of one event with their stations, checked and corrected.

    Of several picks of one phase at one station the most probable is kept (flag
    ``duplicate_picks``). Where S comes before P at a station and there are enough other picks to
    judge, both stay and the outlier model decides (flag ``s_before_p``).

    Parameters
    ----------
    terms
        What past events taught about the stations.
    has_prior
        Whether a prior says where earthquakes happen: then a single pick is enough.

    Raises
    ------
    DataError
        If there are no picks, a station is unknown, the picks cannot fix an origin, or S comes
        before P and nothing else tells which of them is wrong.
    """
    if not picks:
        raise DataError("no picks; a location needs P and S of one station, or three picks")
    known = [_station_of(pick, stations) for pick in picks]
    kept, flags = _without_duplicates(picks, known)
    flags += _require_enough(kept, has_prior)
    flags += _check_order(kept)
    kept.sort(key=lambda row: (row[1].time, row[0].code, row[1].phase))
    sites, used = tuple(row[0] for row in kept), tuple(row[1] for row in kept)
    frame = _frame_of(sites)
    east, north = frame.to_local([s.longitude for s in sites], [s.latitude for s in sites])
    reference = to_posix_s(used[0].time)
    learnt = [terms.of(site) if terms else StationTerms() for site in sites]
    times = [each.times.get(pick.phase) for each, pick in zip(learnt, used, strict=True)]
    places = list(zip(east.tolist(), north.tolist(), strict=True))
    return Observations(
        picks=used,
        stations=sites,
        frame=frame,
        east_km=east,
        north_km=north,
        depth_km=np.array([site.depth_km for site in sites]),
        reference_posix_s=reference,
        observed_s=_corrected_s(used, times, reference),
        sigma_s=_sigma_s(used, times),
        time_scale=np.array([term.scale if term else 1.0 for term in times]),
        has_term=np.array([term is not None for term in times]),
        source_terms=_source_terms(sites, used, learnt),
        azimuths=_azimuths(sites, used, learnt, places),
        incidences=_incidences(sites, used, learnt, places),
        degrees_of_freedom=terms.degrees_of_freedom if terms else None,
        flags=flags,
    )


def _source_terms(
    stations: Sequence[Station], picks: Sequence[Pick], terms: Sequence[StationTerms]
) -> tuple[tuple[SourceTerm, ...], ...]:
    """Return the corrections of each pick; at a single station that of P tells nothing of place."""
    is_single = len({station.code for station in stations}) == 1
    names = {"P": () if is_single else ("P",), "S": ("S",) if is_single else ("P", "S")}
    return tuple(
        tuple(each.sources[name] for name in names[pick.phase] if name in each.sources)
        for pick, each in zip(picks, terms, strict=True)
    )


def _corrected_s(
    picks: Sequence[Pick], terms: Sequence[TimeTerm | None], reference_posix_s: float
) -> FloatArray:
    return np.array(
        [
            to_posix_s(pick.time) - reference_posix_s - (term.shift_s if term else 0.0)
            for pick, term in zip(picks, terms, strict=True)
        ]
    )


def _sigma_s(picks: Sequence[Pick], terms: Sequence[TimeTerm | None]) -> FloatArray:
    return np.array(
        [
            max(float(np.hypot(term.pick_sigma_factor * pick.sigma_s, term.sigma_s)), 1e-3)
            if term
            else pick.sigma_s
            for pick, term in zip(picks, terms, strict=True)
        ]
    )


def _station_of(pick: Pick, stations: Sequence[Station]) -> Station:
    exact = [s for s in stations if s.code == pick.station_code]
    loose = [s for s in stations if s.station == pick.station and not (s.network and pick.network)]
    found = exact or loose
    places = {(s.longitude, s.latitude, s.elevation_m) for s in found}
    if len(places) == 1:
        return found[0]
    if found:
        raise DataError(
            f"station {pick.station_code} has {len(places)} different places: "
            f"{', '.join(s.code for s in found)}; give the network or remove the copies"
        )
    known = ", ".join(sorted(s.code for s in stations)[:10]) or "none"
    raise DataError(
        f"station {pick.station_code} of a {pick.phase} pick is unknown; add its coordinates. "
        f"Known stations: {known}"
    )


def _without_duplicates(
    picks: Sequence[Pick], stations: Sequence[Station]
) -> tuple[list[tuple[Station, Pick]], tuple[str, ...]]:
    best: dict[tuple[str, str], tuple[Station, Pick]] = {}
    for station, pick in zip(stations, picks, strict=True):
        key = (station.code, pick.phase)
        if key in best:
            apart_s = abs(to_posix_s(pick.time) - to_posix_s(best[key][1].time))
            if apart_s > _SAME_EVENT_S:
                raise DataError(
                    f"picks of {pick.phase} at {station.code} lie {apart_s:.0f} s apart; those of "
                    f"one event lie within {_SAME_EVENT_S:g} s. Give each event its own event_id"
                )
        if key not in best or pick.probability > best[key][1].probability:
            best[key] = (station, pick)
    return list(best.values()), ("duplicate_picks",) if len(best) < len(picks) else ()


def _check_order(rows: Sequence[tuple[Station, Pick]]) -> tuple[str, ...]:
    p_time = {station.code: pick.time for station, pick in rows if pick.phase == "P"}
    flags: tuple[str, ...] = ()
    for station, pick in rows:
        earlier = p_time.get(station.code)
        if pick.phase == "P" or earlier is None or pick.time > earlier:
            continue
        if len(rows) < FEWEST_PICKS_TO_DOUBT:
            raise DataError(
                f"S before P at {station.code}: S {format_utc(pick.time)}, P "
                f"{format_utc(earlier)}; remove or correct one of them"
            )
        flags = ("s_before_p",)
    return flags


def _require_enough(rows: Sequence[tuple[Station, Pick]], has_prior: bool) -> tuple[str, ...]:
    """Return the flags of an event that needs more than its picks; raise where there is nothing."""
    phases: dict[str, set[str]] = {}
    for station, pick in rows:
        phases.setdefault(station.code, set()).add(pick.phase)
    if len(rows) >= 3 or any(len(found) == 2 for found in phases.values()):
        return ()
    if has_prior:
        return ("distance_from_prior",)
    if any(pick.back_azimuth_deg is not None for _, pick in rows):
        return ("distance_unconstrained",)
    have = ", ".join(f"{pick.phase} at {station.code}" for station, pick in rows)
    raise DataError(
        f"origin time and place are unconstrained by {len(rows)} pick(s) ({have}); a location "
        "needs P and S of one station, at least three picks, a back azimuth, or a prior "
        "(--catalogue)"
    )


def _frame_of(stations: Sequence[Station]) -> LocalFrame:
    """Return the frame in the middle of the stations, also across the date line."""
    unique = {(s.longitude, s.latitude) for s in stations}
    longitude, latitude = np.radians(np.array(sorted(unique))).T
    x, y, z = (
        float(np.mean(part))
        for part in (
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        )
    )
    if len(unique) == 1:
        return LocalFrame(*next(iter(unique)))
    return LocalFrame(
        float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))
    )


def _azimuths(
    stations: Sequence[Station],
    picks: Sequence[Pick],
    terms: Sequence[StationTerms],
    places: Sequence[tuple[float, float]],
) -> tuple[Azimuth, ...]:
    found: dict[str, Azimuth] = {}
    for station, pick, learnt, place in zip(stations, picks, terms, places, strict=True):
        if pick.back_azimuth_deg is None or pick.back_azimuth_sigma_deg is None:
            continue
        if station.code in found and pick.phase != "P":
            continue
        term = learnt.azimuth or AzimuthTerm()
        found[station.code] = Azimuth(
            *place,
            (pick.back_azimuth_deg - term.bias_deg) % 360.0,
            min(pick.back_azimuth_sigma_deg * term.sigma_factor, 180.0),
            1.0 - term.inlier_share if learnt.azimuth else None,
        )
    return tuple(found.values())


def _incidences(
    stations: Sequence[Station],
    picks: Sequence[Pick],
    terms: Sequence[StationTerms],
    places: Sequence[tuple[float, float]],
) -> tuple[Incidence, ...]:
    return tuple(
        Incidence(*place, station.depth_km, pick.incidence_deg, learnt.incidence)
        for station, pick, learnt, place in zip(stations, picks, terms, places, strict=True)
        if pick.phase == "P" and pick.incidence_deg is not None and learnt.incidence is not None
    )
