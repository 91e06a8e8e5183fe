"""A real event with a published location, and a network to simulate with."""

from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.velocity.constant import ConstantVelocity

# Eight picks near Munich, 2010-05-27, from the NonLinLoc example in ObsPy's tests
MUNICH_STATIONS = {
    "UH1": (11.63604, 48.08151),
    "UH2": (11.68201, 48.05787),
    "UH3": (11.63876, 48.03080),
    "UH4": (11.53557, 48.03229),
}
MUNICH_PICKS = [
    ("UH1", "P", 26.13, 0.02),
    ("UH1", "S", 27.46, 0.03),
    ("UH2", "P", 26.04, 0.03),
    ("UH2", "S", 27.27, 0.06),
    ("UH3", "P", 25.93, 0.02),
    ("UH3", "S", 27.10, 0.06),
    ("UH4", "P", 26.925, 0.06),
    ("UH4", "S", 28.90, 0.11),
]


def make_pick(station, phase, time, sigma_s=0.05, **more):
    return Pick("BW", station, "", phase, time, more.pop("probability", 0.9), sigma_s, "m", **more)


@pytest.fixture
def munich():
    """Picks and stations of an event that NonLinLoc put at 11.64554 E 48.04707 N, 4.58 km."""
    start = parse_utc("2010-05-27T16:56:00Z")
    picks = [
        make_pick(code, phase, start + timedelta(seconds=seconds), sigma)
        for code, phase, seconds, sigma in MUNICH_PICKS
    ]
    stations = [Station("BW", code, *place, 400.0) for code, place in MUNICH_STATIONS.items()]
    return picks, stations


@pytest.fixture
def munich_velocity():
    """The apparent speeds of that NonLinLoc example."""
    return ConstantVelocity(4.35, 2.38)


@pytest.fixture
def frame():
    return LocalFrame(13.0, 46.0)


@pytest.fixture
def network(frame):
    """Make ``n`` stations around the frame's origin, up to ``radius_km`` away."""

    def build(n, radius_km=30.0, seed=1):
        rng = np.random.default_rng(seed)
        stations = []
        for number in range(n):
            angle = 2 * np.pi * number / n + rng.uniform(-0.3, 0.3)
            away = radius_km * rng.uniform(0.4, 1.0)
            longitude, latitude = frame.to_geographic(away * np.cos(angle), away * np.sin(angle))
            elevation = float(rng.uniform(0.0, 800.0))
            stations.append(
                Station("XX", f"S{number}", float(longitude), float(latitude), elevation)
            )
        return stations

    return build


@pytest.fixture
def pick_at():
    return make_pick
