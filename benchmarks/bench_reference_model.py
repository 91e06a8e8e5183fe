"""Time of a posterior beside EQNeMix's model, sampled by PyMC as its authors do.

Run with ``python benchmarks/bench_reference_model.py [--events N]``. Events are those of CI.CLC,
4-6 July 2019, where the open data sets are found (folder named by MAINSHOCK_DATA, or
``shared/data`` beside the checkout), else events like them. PyMC is no dependency: where it is not
importable, the time that EQNeMix's notebooks show (18 to 26 s an event, on another machine) stands
in for it.

The reference: ``c ~ Categorical(w)``, ``m_k ~ N(mu_k, S_k)``, ``t_S - t_P ~ N(T(m_c), 0.1 s)``;
Gibbs steps for ``c`` and NUTS for ``m_k``, 300 draws after 50 of tuning, built anew for each event.
Ours: the same six clusters and weights as a prior, both picks, half a million nodes, 1000 draws.
"""

import argparse
import csv
import logging
import os
import statistics
import time
import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.sources.cluster_files import ClusterShapes, read_clusters

try:
    with warnings.catch_warnings(action="ignore"):
        import pymc
except ImportError:
    pymc = None

PUBLISHED_S = (18.0, 26.0)
DRAWS, TUNE, CHAINS = 300, 50, 2
SIGMA_S = 0.1
STATION = Station("CI", "CLC", -117.59751, 35.81574, 775.0)
VELOCITY = ConstantVelocity(6.0, 3.4)
Event = tuple[float, np.ndarray]  # S minus P time, weights of the clusters


def data_folder() -> Path | None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MAINSHOCK_DATA") or beside) / "location" / "ridgecrest_clc"
    return folder if folder.is_dir() else None


def recorded(folder: Path, n: int) -> tuple[ClusterShapes, list[Event]]:
    with (folder / "eqt_picks_cnq_weights.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = rows[:: max(len(rows) // n, 1)][:n]
    events = [
        (float(row["sp_s"]), np.array([float(row[f"cnq_w{k}"]) for k in range(6)]))
        for row in chosen
    ]
    return read_clusters(folder / "clusters6.json"), events


def like_them(n: int) -> tuple[ClusterShapes, list[Event]]:
    rng = np.random.default_rng(0)
    frame = LocalFrame(STATION.longitude, STATION.latitude)
    means = np.column_stack([rng.uniform(-25, 25, (6, 2)), rng.uniform(4, 9, 6)])
    shapes = ClusterShapes(frame, means, np.repeat(np.diag([16.0, 16.0, 6.0])[None], 6, 0), None)
    events = []
    for _ in range(n):
        away = np.linalg.norm(means[rng.integers(6)])
        events.append(
            (away * (1 / VELOCITY.vs_km_s - 1 / VELOCITY.vp_km_s), rng.dirichlet([2] * 6))
        )
    return shapes, events


def ours_s(shapes: ClusterShapes, event: Event) -> float:
    start = time.perf_counter()
    s_minus_p, weights = event
    first = parse_utc("2019-07-04T12:00:00Z")
    picks = [
        Pick("CI", "CLC", "", phase, when, 0.9, SIGMA_S / np.sqrt(2.0), "bench")
        for phase, when in (("P", first), ("S", first + timedelta(seconds=s_minus_p)))
    ]
    prior = GaussianMixturePrior(shapes.frame, weights, shapes.means_km, shapes.covariances_km2)
    GridLocation(VELOCITY, prior=prior).locate(picks, [STATION], np.random.default_rng(0))
    return time.perf_counter() - start


def reference_s(shapes: ClusterShapes, event: Event) -> float:
    """Seconds of the reference model on one event: building, compiling and sampling."""
    start = time.perf_counter()
    s_minus_p, weights = event
    east, north = shapes.frame.to_local(STATION.longitude, STATION.latitude)
    site = np.array([float(east), float(north), STATION.depth_km])
    slowness = 1.0 / VELOCITY.vs_km_s - 1.0 / VELOCITY.vp_km_s
    with pymc.Model():
        cluster = pymc.Categorical("c", p=weights / weights.sum())
        places = [
            pymc.MvNormal(f"m{k}", mu=shapes.means_km[k], cov=shapes.covariances_km2[k])
            for k in range(len(weights))
        ]
        place = pymc.math.stack(places)[cluster]
        length = pymc.math.sqrt(((place - site) ** 2).sum())
        pymc.Normal("t", mu=slowness * length, sigma=SIGMA_S, observed=s_minus_p)
        pymc.sample(
            DRAWS, tune=TUNE, chains=CHAINS, cores=1, random_seed=0, progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=4)
    n = parser.parse_args().events
    folder = data_folder()
    shapes, events = recorded(folder, n) if folder else like_them(n)
    print(f"{len(events)} {'events of CI.CLC' if folder else 'events like those of CI.CLC'}")
    ours_s(shapes, events[0])  # compiles, or loads what was compiled
    ours = statistics.median(ours_s(shapes, event) for event in events)
    print(f"grid, 0.5 million nodes, 1000 draws, regions {1e3 * ours:10.1f} ms/event")
    if pymc is None:
        low, high = PUBLISHED_S
        print(
            f"reference, as published on another machine    {1e3 * low:8.0f} to {1e3 * high:.0f} "
            f"ms/event\nratio {low / ours:.0f} to {high / ours:.0f}\n"
            "PyMC is not installed here; `pip install pymc` in this environment, or in one of its "
            "own beside mainshock, measures the reference on this machine"
        )
        return
    logging.getLogger("pymc").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    times = [reference_s(shapes, event) for event in events]
    later = statistics.median(times[1:] or times)
    text = f"reference, PyMC {pymc.__version__}, {CHAINS} chains of {TUNE} + {DRAWS}"
    print(f"{text:45s} {1e3 * later:8.0f} ms/event (first event {times[0]:.1f} s)")
    print(f"ratio {later / ours:.0f}")


if __name__ == "__main__":
    main()
