"""Simulated sequences whose picks are known, and scores of associators against them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import PHASES, Pick, Station
from mainshock.core.times import utc_from_posix
from mainshock.events.base import TravelTimes

__all__ = [
    "AssociationScores",
    "SequenceSettings",
    "SimulatedSequence",
    "score_association",
    "score_origin_times",
    "simulate_sequence",
]

FloatArray = NDArray[np.float64]
_START_S = 1.0e9
_STATION_DEPTH_KM = -0.5
_PICK_ERROR_S = 0.06
_DETECTED = {"P": 0.85, "S": 0.75}


@dataclass(frozen=True, slots=True)
class SequenceSettings:
    """A sequence of aftershocks and the network that records it.

    Parameters
    ----------
    n_events, interval_s
        Number of events and the mean time between them; times are those of a Poisson process, so
        that many overlap.
    n_stations, aperture_km
        Stations, anywhere in a square of this side.
    false_per_hour
        False picks of each station in an hour, half of them P, half S.
    model_error
        Standard deviation of travel times as a share of them, the same for P and S of a path.
    least_magnitude
        Magnitudes follow Gutenberg and Richter with b = 1 from here.

    Raises
    ------
    SettingsError
        If a number makes no sense.
    """

    n_events: int = 1000
    interval_s: float = 15.0
    n_stations: int = 10
    aperture_km: float = 50.0
    false_per_hour: float = 60.0
    model_error: float = 0.03
    least_magnitude: float = 0.5

    def __post_init__(self) -> None:
        for name in ("n_events", "interval_s", "n_stations", "aperture_km"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("false_per_hour", "model_error"):
            if not getattr(self, name) >= 0.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must not be negative")


@dataclass(frozen=True, slots=True)
class SimulatedSequence:
    """Stations, picks in order of time, and the number of the event of each pick (-1: false)."""

    stations: list[Station]
    picks: list[Pick]
    owner: Mapping[Pick, int]


@dataclass(frozen=True, slots=True)
class AssociationScores:
    """How well groups of picks agree with the truth; all are shares from 0 to 1.

    Parameters
    ----------
    recall
        Of the events with enough picks, those that a group stands for.
    precision
        Of the groups, those that stand for an event, each event counted once.
    assignment
        Of the picks of the events found, those in the right group.
    purity
        Of the picks in the groups that stand for an event, those that belong to it.
    n_groups, n_events
        Number of groups, and of events with enough picks.
    """

    recall: float
    precision: float
    assignment: float
    purity: float
    n_groups: int
    n_events: int


def simulate_sequence(
    settings: SequenceSettings, travel_times: TravelTimes, rng: np.random.Generator
) -> SimulatedSequence:
    """Return a simulated sequence.

    Notes
    -----
    An event of magnitude *M* reaches stations up to ``8 * 10 ** (0.45 * M)`` km from its
    hypocentre, where 85 % of P and 75 % of S are picked, with probabilities that fall with
    distance. Those of false picks are lower, but overlap.
    """
    stations, places_km = _network(settings, rng)
    owner: dict[Pick, int] = {}
    origin_s = _START_S + np.cumsum(rng.exponential(settings.interval_s, settings.n_events))
    for number, time_s in enumerate(origin_s):
        arrivals = _arrivals(places_km, settings, travel_times, rng)
        for station, phase, travel_s, probability in arrivals:
            pick = _pick(stations[station], phase, float(time_s) + travel_s, probability)
            owner[pick] = number
    length_s = float(origin_s[-1]) - _START_S
    for station_record in stations:
        for phase in PHASES:
            count = rng.poisson(settings.false_per_hour / 2.0 * length_s / 3600.0)
            for false_s in rng.uniform(_START_S, _START_S + length_s, count):
                probability = 0.3 + 0.7 * rng.beta(1.2, 4.0)
                owner[_pick(station_record, phase, false_s, probability)] = -1
    return SimulatedSequence(stations, sorted(owner, key=lambda pick: pick.time), owner)


def _network(
    settings: SequenceSettings, rng: np.random.Generator
) -> tuple[list[Station], FloatArray]:
    half_km = settings.aperture_km / 2.0
    places_km = rng.uniform(-half_km, half_km, (settings.n_stations, 2))
    longitude, latitude = LocalFrame(-117.6, 35.8).to_geographic(*places_km.T)
    stations = [
        Station("XX", f"S{i:02d}", float(longitude[i]), float(latitude[i]), 500.0)
        for i in range(settings.n_stations)
    ]
    return stations, places_km


def _arrivals(
    places_km: FloatArray,
    settings: SequenceSettings,
    travel_times: TravelTimes,
    rng: np.random.Generator,
) -> list[tuple[int, str, float, float]]:
    """Return station number, phase, travel time and probability of the picks of one event."""
    half_km = settings.aperture_km / 2.0
    place_km, depth_km = rng.uniform(-half_km, half_km, 2), rng.uniform(2.0, 12.0)
    reach_km = 8.0 * 10.0 ** (0.45 * (settings.least_magnitude + rng.exponential(0.434)))
    found: list[tuple[int, str, float, float]] = []
    for station, (east_km, north_km) in enumerate(places_km):
        distance_km = float(np.hypot(place_km[0] - east_km, place_km[1] - north_km))
        share = float(np.hypot(distance_km, depth_km)) / reach_km
        error = 1.0 + settings.model_error * rng.normal()
        for phase in PHASES:
            if share > 1.0 or rng.random() > _DETECTED[phase]:
                continue
            travel_s = travel_times.travel_time_s(phase, distance_km, depth_km, _STATION_DEPTH_KM)
            probability = 0.95 - 0.35 * share**2 + 0.1 * rng.normal()
            late_s = float(travel_s) * error + _PICK_ERROR_S * rng.normal()
            found.append((station, phase, late_s, float(np.clip(probability, 0.3, 0.99))))
    return found


def _pick(station: Station, phase: str, time_s: float, probability: float) -> Pick:
    return Pick(
        network=station.network, station=station.station, location="", phase=phase,
        time=utc_from_posix(time_s), probability=probability, sigma_s=_PICK_ERROR_S,
        model="simulated",
    )  # fmt: skip


def score_association(
    groups: Sequence[Sequence[Pick]],
    owner: Mapping[Pick, int],
    *,
    least_picks: int = 4,
    least_stations: int = 2,
) -> AssociationScores:
    """Return how well groups of picks agree with the truth.

    A group stands for the event of more than half of its picks; a second group for the same event
    is false. Only events with ``least_picks`` at ``least_stations`` count for the recall, but
    every event counts for the precision: a pair of P and S at one station is right if both are of
    one event.
    """
    picks_of: dict[int, list[Pick]] = {}
    for pick, number in owner.items():
        picks_of.setdefault(number, []).append(pick)
    picks_of.pop(-1, None)
    found: dict[int, int] = {}
    n_right = n_grouped = 0
    for group in groups:
        number, count = Counter(owner[pick] for pick in group).most_common(1)[0]
        if number >= 0 and 2 * count > len(group) and number not in found:
            found[number] = count
            n_right += count
            n_grouped += len(group)
    large = {
        number
        for number, picks in picks_of.items()
        if len(picks) >= least_picks and len({pick.station for pick in picks}) >= least_stations
    }
    n_picks = sum(len(picks_of[number]) for number in found)
    return AssociationScores(
        recall=len(large & found.keys()) / max(len(large), 1),
        precision=len(found) / max(len(groups), 1),
        assignment=n_right / max(n_picks, 1),
        purity=n_right / max(n_grouped, 1),
        n_groups=len(groups),
        n_events=len(large),
    )


def score_origin_times(
    found_s: Sequence[float], reference_s: Sequence[float], tolerance_s: float = 2.0
) -> tuple[int, int]:
    """Return how many reference events are found, and how many of those also half a second near.

    Each origin time serves one reference event at most, the nearest first.

    Examples
    --------
    >>> score_origin_times([10.0, 10.9, 30.0], [10.1, 11.0, 50.0])
    (2, 2)
    """
    pairs = sorted(
        (abs(time_s - reference), i, k)
        for i, time_s in enumerate(found_s)
        for k, reference in enumerate(reference_s)
        if abs(time_s - reference) <= tolerance_s
    )
    used: set[int] = set()
    errors_s: dict[int, float] = {}
    for error_s, i, k in pairs:
        if i not in used and k not in errors_s:
            used.add(i)
            errors_s[k] = error_s
    return len(errors_s), sum(error_s <= 0.5 for error_s in errors_s.values())
