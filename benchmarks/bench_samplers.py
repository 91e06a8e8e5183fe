"""Time and effective size of every location method, on an event of one mode and one of two.

Run with ``python benchmarks/bench_samplers.py``. One thread; median of several warm runs. The
first run, which may compile, is told apart. Methods that are not installed are named.
"""

import statistics
import time
from datetime import timedelta

import numpy as np

from mainshock.core.errors import MissingDependencyError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.modes import find_modes
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.regions import credible_regions
from mainshock.locate.registry import LOCATION_METHODS
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.weighted_draws import SampledLocation

RUNS = 5
VELOCITY = ConstantVelocity(6.0, 3.464)
FRAME = LocalFrame(13.0, 46.0)
START = parse_utc("2020-01-01T00:00:00Z")
LEGACY = {"eqnemix"}  # solves a density of its own


def exact_picks(stations: list[Station], place: tuple[float, float, float]) -> list[Pick]:
    picks = []
    for station in stations:
        away = geodesic_distance_km(*place[:2], station.longitude, station.latitude)
        for phase in "PS":
            seconds = float(VELOCITY.travel_time_s(phase, away, place[2], station.depth_km))
            when = START + timedelta(seconds=seconds)
            picks.append(Pick("XX", station.station, "", phase, when, 0.9, 0.1, "bench"))
    return picks


def one_mode() -> tuple[list[Pick], list[Station], dict[str, object]]:
    rng = np.random.default_rng(1)
    stations = []
    for number in range(4):
        angle, away = 0.5 * np.pi * number, rng.uniform(12, 30)
        place = FRAME.to_geographic(away * np.cos(angle), away * np.sin(angle))
        stations.append(Station("XX", f"S{number}", float(place[0]), float(place[1]), 400.0))
    return exact_picks(stations, (13.05, 46.03, 9.0)), stations, {}


def two_modes() -> tuple[list[Pick], list[Station], dict[str, object]]:
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    prior = GaussianMixturePrior(
        FRAME,
        np.array([0.6, 0.4]),
        np.array([[0.0, 25.0, 8.0], [20.0, -15.0, 8.0]]),
        np.repeat(np.diag([9.0, 9.0, 4.0])[None], 2, axis=0),
        background=0.01,
    )
    fields: dict[str, object] = {"prior": prior, "depth_range_km": (0.0, 30.0)}
    return exact_picks(stations, (13.0, 46.225, 8.0)), stations, fields


def row(name: str, picks: list[Pick], stations: list[Station], fields: dict[str, object]) -> str:
    method = LOCATION_METHODS.load(name)(travel_times=VELOCITY, **fields)
    problem = method.problem(picks, stations)
    times = []
    for seed in range(RUNS + 1):
        start = time.perf_counter()
        summary = method.summarise(problem, np.random.default_rng(seed))
        times.append(1e3 * (time.perf_counter() - start))
    ms = statistics.median(times[1:])
    size = float(method.n_samples)  # a grid's draws are independent, as many as are asked for
    if isinstance(method, SampledLocation):
        size = method.sample(problem, np.random.default_rng(0)).effective_size
    (region,) = credible_regions(summary.marginal, (0.68,))
    shares = [mode.share for mode in find_modes(summary.marginal, summary.draws)]
    told = " ".join(f"{share:.2f}" for share in shares)
    return (
        f"{name:14s} {times[0]:9.0f} {ms:9.1f} {size:9.0f} {1e3 * size / ms:9.0f} "
        f"{region.area_km2:9.2f}  {told}"
    )


def main() -> None:
    cases = {"4 stations, 8 picks, one mode": one_mode(), "1 station, two modes": two_modes()}
    for label, case in cases.items():
        print(f"{label}; uniform half-space, median of {RUNS} warm runs")
        print(
            f"{'method':14s} {'first ms':>9s} {'ms':>9s} {'ESS':>9s} {'ESS/s':>9s} "
            f"{'68% km2':>9s}  shares of modes"
        )
        for name in LOCATION_METHODS.names():
            if name in LEGACY:
                continue
            try:
                print(row(name, *case))
            except MissingDependencyError as error:
                print(f"{name:14s} left out: {error}")
        print()


if __name__ == "__main__":
    main()
