"""Events, networks and travel times that several tests of this folder share."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from mainshock.core.geo import LocalFrame
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
    Station,
)
from mainshock.core.times import parse_utc, utc_from_posix

ORIGIN_TIME = parse_utc("2010-05-27T16:24:33.25Z")
START_S = 1.0e9
FALSE = "false"


class HomogeneousTravelTimes:
    """Straight rays; written apart from the package's own velocity models."""

    def travel_time_s(self, phase, distance_km, source_depth_km, receiver_depth_km):
        height_km = np.asarray(source_depth_km) - np.asarray(receiver_depth_km)
        return np.hypot(np.asarray(distance_km), height_km) / {"P": 6.0, "S": 3.45}[phase]


@pytest.fixture(scope="session")
def travel_times() -> HomogeneousTravelTimes:
    return HomogeneousTravelTimes()


def build_pick(station: str, phase: str, time_s: float, **changes: object) -> Pick:
    values = {"probability": 0.8, "sigma_s": 0.05, "model": "test", "network": "XX"} | changes
    return Pick(station=station, location="", phase=phase, time=utc_from_posix(time_s), **values)


def build_square(longitude: float, latitude: float, half: float, *, clockwise: bool = False):
    ring = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half + [longitude, latitude]
    return ring[::-1] if clockwise else ring


@pytest.fixture(scope="session")
def make_event() -> Callable[..., Event]:
    """Make an event of eight arrivals; any field of its origin or itself may be given."""

    def build(**changes: object) -> Event:
        origin_values = {
            "time": ORIGIN_TIME,
            "longitude": 11.64,
            "latitude": 48.05,
            "depth_km": 4.5,
            "time_sd_s": 0.1,
            "east_sd_km": 0.5,
            "north_sd_km": 0.4,
            "depth_sd_km": 0.9,
            "covariance_km2": np.array([[0.25, 0.05, 0.02], [0.05, 0.16, 0.1], [0.02, 0.1, 0.81]]),
            "velocity_model": "constant:4.35,2.38",
            "regions": tuple(
                CredibleRegion(level, area, ((build_square(11.64, 48.05, half),),))
                for level, area, half in ((0.5, 0.9, 0.004), (0.68, 1.4, 0.006), (0.95, 3.8, 0.01))
            ),
            "samples": PosteriorSamples(*np.random.default_rng(1).normal(size=(4, 50))),
        }
        event_values: dict[str, object] = {
            "event_id": "ms20100527T16243325",
            "magnitude": Magnitude(1.23, "ML", 0.2, 3),
            "quality": "B",
            "flags": ("weak_picks", "mode_reported"),
        }
        for name, value in changes.items():
            (origin_values if name in origin_values else event_values)[name] = value
        if "arrivals" not in event_values:
            event_values["arrivals"] = build_arrivals()
        return Event(origin=Origin(**origin_values), **event_values)

    return build


def build_arrivals(n_stations: int = 4, **changes: object) -> tuple[Arrival, ...]:
    """Return P and S of stations all around the epicentre."""
    start_s = ORIGIN_TIME.timestamp()
    residual_s = float(changes.pop("residual_s", 0.02))
    return tuple(
        Arrival(
            build_pick(f"UH{number + 1}", phase, start_s + travel_s, network="BW", **changes),
            distance_km=4.0 + number,
            azimuth_deg=360.0 * number / n_stations,
            residual_s=residual_s,
            inlier_probability=0.97,
        )
        for number in range(n_stations)
        for phase, travel_s in (("P", 1.4), ("S", 2.5))
    )


@dataclass(frozen=True)
class Scene:
    stations: list[Station]
    picks: list[Pick]
    truth: dict[Pick, str]


def build_scene(
    rng: np.random.Generator,
    travel_times,
    n_stations: int = 10,
    n_events: int = 20,
    interval_s: float = 5.0,
    aperture_km: float = 40.0,
    false_share: float = 0.5,
    missing_share: float = 0.2,
) -> Scene:
    """Return stations, shuffled picks without event ids, and the event of each pick."""
    half = aperture_km / 2.0
    east, north = rng.uniform(-half, half, (2, n_stations))
    longitude, latitude = LocalFrame(11.6, 48.0).to_geographic(east, north)
    stations = [
        Station("XX", f"S{i:02d}", float(longitude[i]), float(latitude[i]), 500.0)
        for i in range(n_stations)
    ]
    truth: dict[Pick, str] = {}

    def add(station: Station, phase: str, time_s: float, owner: str) -> None:
        pick = Pick(
            "XX", station.station, "", phase, utc_from_posix(time_s),
            probability=float(rng.uniform(0.3, 1.0)), sigma_s=0.05, model="test",
        )  # fmt: skip
        truth[pick] = owner

    for number in range(n_events):
        origin_s = START_S + interval_s * (number + rng.uniform(-0.1, 0.1))
        place, depth_km = rng.uniform(-half, half, 2), rng.uniform(2.0, 15.0)
        for i, station in enumerate(stations):
            distance_km = np.hypot(place[0] - east[i], place[1] - north[i])
            for phase in "PS":
                if rng.random() >= missing_share:
                    travel_s = travel_times.travel_time_s(phase, distance_km, depth_km, -0.5)
                    time_s = origin_s + float(travel_s) + rng.normal(0.0, 0.05)
                    add(station, phase, time_s, f"event{number}")
    for _ in range(int(false_share * len(truth))):
        time_s = rng.uniform(START_S, START_S + interval_s * n_events + 15.0)
        add(stations[rng.integers(n_stations)], str(rng.choice(["P", "S"])), time_s, FALSE)
    picks = list(truth)
    rng.shuffle(picks)
    return Scene(stations, picks, truth)


def score_groups(
    groups: Sequence[Sequence[Pick]], truth: dict[Pick, str]
) -> tuple[float, float, float]:
    """Return shares: of events found, of groups that are one event each, of right picks in them."""
    found: dict[str, float] = {}
    for group in groups:
        owner, count = Counter(truth[pick] for pick in group).most_common(1)[0]
        if owner != FALSE and count > len(group) / 2 and owner not in found:
            found[owner] = count / len(group)
    n_events = len({owner for owner in truth.values() if owner != FALSE})
    purity = float(np.mean(list(found.values()))) if found else 0.0
    return len(found) / n_events, len(found) / max(len(groups), 1), purity


@pytest.fixture(scope="session")
def make_pick() -> Callable[..., Pick]:
    return build_pick


@pytest.fixture(scope="session")
def make_arrivals() -> Callable[..., tuple[Arrival, ...]]:
    return build_arrivals


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Scene]:
    return build_scene


@pytest.fixture(scope="session")
def recall_and_precision() -> Callable[..., tuple[float, float, float]]:
    return score_groups


@pytest.fixture(scope="session")
def make_square() -> Callable[..., np.ndarray]:
    return build_square
