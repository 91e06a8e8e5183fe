"""Error and time of station tables in 3-D, beside other solvers where they are installed.

Run with ``python benchmarks/bench_travel_times.py``. One thread; 131 x 131 x 31 nodes of 1 km;
errors against closed times, CPU time of one table after compilation.
"""

import importlib
import importlib.util
import time
from collections.abc import Callable

import numpy as np

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.velocity.gradient import GradientVelocity
from mainshock.locate.velocity.volume import VolumeVelocity, sample_volume

FRAME = LocalFrame(13.0, 46.0)
FIRST, LAST = (-65.0, -65.0, -1.0), (65.0, 65.0, 29.0)
AXES = [np.arange(low, high + 0.5) for low, high in zip(FIRST, LAST, strict=True)]
PLACES = {
    "off the nodes": (0.3, -2.7, 800.0),
    "on the edge": (-65.0, 0.5, 0.0),
    "in the corner": (-65.0, -65.0, 1000.0),
    "above the top": (10.0, 3.0, 1700.0),
}


def station_at(east: float, north: float, elevation_m: float) -> Station:
    longitude, latitude = FRAME.to_geographic(east, north)
    return Station("XX", "A", float(longitude), float(latitude), elevation_m)


def volume_of(exact: GradientVelocity) -> VolumeVelocity:
    def speeds(_east: np.ndarray, _north: np.ndarray, depth: np.ndarray) -> tuple:
        return (
            exact.vp_km_s + exact.vp_gradient_s * depth,
            exact.vs_km_s + exact.vs_gradient_s * depth,
        )

    return sample_volume(speeds, FRAME, FIRST, LAST, (1.0, 1.0, 1.0))


def exact_s(model: GradientVelocity, place: tuple[float, float, float]) -> np.ndarray:
    east, north, depth = np.meshgrid(*AXES, indexing="ij")
    distance = np.hypot(east - place[0], north - place[1])
    return model.travel_time_s("P", distance, depth, -1e-3 * place[2])


def own_s(volume: VolumeVelocity, place: tuple[float, float, float]) -> tuple[np.ndarray, float]:
    start = time.process_time()
    table = volume.station_table("P", station_at(*place))
    spent = time.process_time() - start
    return table.time_s(AXES[0][:, None, None], AXES[1][:, None], AXES[2]), spent


def scikit_fmm_s(
    volume: VolumeVelocity, place: tuple[float, float, float]
) -> tuple[np.ndarray, float]:
    skfmm = importlib.import_module("skfmm")
    east, north, depth = np.meshgrid(*AXES, indexing="ij")
    # it needs a surface: a ball of one cell around the source, whose time is added
    ball = np.sqrt((east - place[0]) ** 2 + (north - place[1]) ** 2 + (depth + place[2] / 1e3) ** 2)
    start = time.process_time()
    times = skfmm.travel_time(ball - 1.0, volume.vp_km_s.astype(float), dx=1.0, order=2)
    spent = time.process_time() - start
    return np.asarray(times) + 1.0 / volume.vp_km_s[65, 65, 1], spent


def pyekfmm_s(
    volume: VolumeVelocity, place: tuple[float, float, float]
) -> tuple[np.ndarray, float]:
    fmm = importlib.import_module("pyekfmm")
    source = np.array([place[0], place[1], -1e-3 * place[2]]) - np.array(FIRST)
    flat = volume.vp_km_s.transpose(2, 1, 0).ravel(order="C").astype(np.float32)
    start = time.process_time()
    times = fmm.eikonal(flat, xyz=source, ax=[0, 1, 131], ay=[0, 1, 131], az=[0, 1, 31], order=2)
    spent = time.process_time() - start
    return np.asarray(times).reshape(131, 131, 31, order="F"), spent


OTHERS: dict[str, Callable] = {"skfmm": scikit_fmm_s, "pyekfmm": pyekfmm_s}


def line(label: str, times: np.ndarray, exact: np.ndarray, spent: float, own: float) -> None:
    error = 1e3 * np.abs(times - exact)
    text = f"{np.percentile(error, 95):9.3f} {error.max():9.3f} {spent:7.2f} {spent / own:6.1f}"
    print(f"{label:44s} {text}")


def main() -> None:
    print(f"{'medium, station, solver':44s} {'p95 ms':>9s} {'max ms':>9s} {'CPU s':>7s} ratio")
    own_s(volume_of(GradientVelocity(5.0, 0.01, 2.9, 0.01)), (0.0, 0.0, 0.0))
    for gradient in (0.0, 0.02, 0.05, 0.08):
        model = GradientVelocity(5.0, gradient, 2.9, 0.5 * gradient)
        volume = volume_of(model)
        for label, place in PLACES.items():
            exact = exact_s(model, place)
            times, own = own_s(volume, place)
            line(f"gradient {gradient:.2f}, {label}, mainshock", times, exact, own, own)
            for name, solver in OTHERS.items():
                if importlib.util.find_spec(name) is not None and label == "off the nodes":
                    times, spent = solver(volume, place)
                    line(f"  the same, {name}", times, exact, spent, own)


if __name__ == "__main__":
    main()
