"""Time of a location: 0.5 million nodes, beside the same sums in plain NumPy.

Run with ``python benchmarks/bench_posterior.py``. One thread; median of several warm runs.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel, evaluate_field
from mainshock.locate.grid import Grid
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import Observations, observe
from mainshock.locate.registry import open_velocity_model
from mainshock.locate.simulate import Simulation
from mainshock.locate.simulation_sources import BoxSources
from mainshock.locate.velocity.layered import LayeredVelocity

RUNS = 9
FRAME = LocalFrame(13.0, 46.0)
SHAPE = (100, 100, 50)
LAYERS = LayeredVelocity((0.0, 4.0, 15.0, 32.0), (5.0, 5.9, 6.6, 8.0), (2.9, 3.4, 3.8, 4.5))


def median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def plain_numpy(grid: Grid, seen: Observations, model: TravelTimeModel, doubt: float) -> np.ndarray:
    """The same posterior by whole arrays: Gaussian, or robust by reweighting and Laplace."""
    east, north = (column.reshape(SHAPE[:2])[..., None] for column in grid.columns())
    asked, precision = [], []
    for number, pick in enumerate(seen.picks):
        away = np.hypot(east - seen.east_km[number], north - seen.north_km[number])
        station = float(seen.depth_km[number])
        travel = model.travel_time_s(pick.phase, away, grid.centres(2), station)
        asked.append(seen.observed_s[number] - travel)
        precision.append(np.full(SHAPE, seen.sigma_s[number] ** -2.0))
    ask, w = np.stack(asked), np.stack(precision)
    origin = (w * ask).sum(0) / w.sum(0)
    uniform = doubt / 30.0 / (1.0 - doubt)
    for _ in range(3 if doubt else 0):
        density = np.sqrt(w / 2 / np.pi) * np.exp(-0.5 * w * (ask - origin) ** 2)
        weight = w * density / (density + uniform)
        origin = (weight * ask).sum(0) / weight.sum(0)
    density = np.sqrt(w / 2 / np.pi) * np.exp(-0.5 * w * (ask - origin) ** 2)
    total = (w * density / (density + uniform)).sum(0)
    log_density = np.log(density + uniform).sum(0) - 0.5 * np.log(total)
    mass = np.exp(log_density - log_density.max())
    return np.asarray(mass / mass.sum())


def network(n: int) -> list[Station]:
    rng = np.random.default_rng(1)
    stations = []
    for number in range(n):
        angle = 2 * np.pi * number / n
        away = rng.uniform(12, 30)
        place = FRAME.to_geographic(away * np.cos(angle), away * np.sin(angle))
        stations.append(Station("XX", f"S{number}", float(place[0]), float(place[1]), 400.0))
    return stations


def main() -> None:
    print(f"{SHAPE[0] * SHAPE[1] * SHAPE[2]} nodes, median of {RUNS} warm runs, one thread")
    print(f"{'case':42s} {'ms':>8s} {'NumPy ms':>9s} {'ratio':>6s}")
    models = {
        "constant": open_velocity_model("constant:6.0,3.46"),
        "4 layers": LAYERS,
        "iasp91": open_velocity_model("iasp91"),
    }
    cases = [("1 station, 2 picks", 1, 2), ("4 stations, 8 picks", 4, 8)]
    for label, n_stations, n_picks in cases:
        for name, model in models.items():
            simulation = Simulation(
                network(n_stations),
                model,
                BoxSources(FRAME, (-9.0, -9.0, 5.0), (9.0, 9.0, 12.0)),
            )
            (event,) = simulation.events(1, np.random.default_rng(0))
            seen = observe(event.picks, simulation.stations)
            errors = ErrorModel()
            grid = Grid(seen.frame, (-10.0, -10.0, 0.0), (10.0, 10.0, 15.0), SHAPE)
            fast = median_ms(lambda: evaluate_field(grid, seen, model, errors))  # noqa: B023
            text = f"posterior, {label}, {name}"
            if name == "constant":
                doubt = errors.doubt(n_picks)
                slow = median_ms(lambda: plain_numpy(grid, seen, model, doubt))  # noqa: B023
                print(f"{text:42s} {fast:8.1f} {slow:9.1f} {slow / fast:6.1f}")
            else:
                print(f"{text:42s} {fast:8.1f}")
            method = GridLocation(model)
            whole = median_ms(
                lambda: method.locate(  # noqa: B023
                    event.picks,  # noqa: B023
                    simulation.stations,  # noqa: B023
                    np.random.default_rng(0),
                )
            )
            print(f"{'  whole location: search, draws, regions':42s} {whole:8.1f}")


if __name__ == "__main__":
    main()
