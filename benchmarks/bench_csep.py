"""Load and test 10,000 simulated catalogues, beside pyCSEP on the same events.

Run with ``python benchmarks/bench_csep.py [--catalogues N] [--rounds N]``. One thread,
processor seconds; both programs read their own file of the same ensemble, ours Parquet, pyCSEP's
CSV. Exits with 1 if a statistic or quantile differs, or the ratio is below 10.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from csep import load_catalog_forecast
from csep.core import catalog_evaluations, catalogs, regions
from numpy.typing import NDArray

from mainshock.forecast.csep_catalogues import (
    BinnedCatalogues,
    EnsembleTest,
    binned,
    ensemble_tests,
    magnitude_bin,
)
from mainshock.forecast.simulated import SimulatedCatalogues

WEST, SOUTH, STEP, N_EAST, N_NORTH = -122.0, 32.0, 0.1, 80, 50
EDGES = np.round(np.arange(3.0, 7.05, 0.1), 1)
N_EVENTS = 63  # a catalogue, on average
LEAST_RATIO = 10.0


def clustered(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], ...]:
    """Places around faults and magnitudes; decimals that a CSV keeps whole, off the cells' sides."""
    faults = np.random.default_rng(1).uniform([WEST + 1, SOUTH + 1], [WEST + 7, SOUTH + 4], (40, 2))
    place = faults[rng.integers(0, 40, n)] + rng.normal(0, 0.15, (n, 2))
    low, high = [WEST, SOUTH], [WEST + N_EAST * STEP, SOUTH + N_NORTH * STEP]
    place = np.clip(np.round(place, 3), np.add(low, 0.01), np.add(high, -0.02)) + 0.0005
    magnitude = np.round(np.minimum(3.0 + rng.exponential(1 / np.log(10), n), 7.9), 2) + 0.005
    return place[:, 0], place[:, 1], magnitude


def ensemble(rng: np.random.Generator, n_catalogues: int) -> SimulatedCatalogues:
    counts = rng.poisson(rng.gamma(3.0, N_EVENTS / 3.0, n_catalogues))
    lon, lat, magnitude = clustered(rng, int(counts.sum()))
    catalogue = np.repeat(np.arange(n_catalogues, dtype=np.int32), counts)
    day = np.sort(rng.uniform(0, 1, len(lon)) + catalogue) - catalogue
    short = np.float32
    return SimulatedCatalogues(
        18084.0, 18085.0, n_catalogues, 3.0, catalogue, day, magnitude.astype(short),
        lon.astype(short), lat.astype(short),
    )  # fmt: skip


def cell_of(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    east = np.floor((lon - WEST) / STEP + 1e-9).astype(np.int64)
    north = np.floor((lat - SOUTH) / STEP + 1e-9).astype(np.int64)
    inside = (east >= 0) & (east < N_EAST) & (north >= 0) & (north < N_NORTH)
    return np.where(inside, east * N_NORTH + north, -1)


def write_both(folder: Path, made: SimulatedCatalogues) -> None:
    """Parquet for us, CSEP's CSV for pyCSEP, which counts catalogues that no row names as empty."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "catalogue": made.catalogue, "time_days": made.time_days, "magnitude": made.magnitude,
            "longitude": made.longitude, "latitude": made.latitude,
        }
    )  # fmt: skip
    frame.to_parquet(folder / "ours.parquet", compression="zstd", index=False)
    time_of = pd.Timestamp("2019-07-07") + pd.to_timedelta(made.time_days, unit="D")
    rows = pd.DataFrame(
        {
            "lon": made.longitude.astype(float).round(4), "lat": made.latitude.astype(float).round(4),
            "mag": made.magnitude.astype(float).round(3),
            "time_string": time_of.strftime("%Y-%m-%dT%H:%M:%S.%f"), "depth": "",
            "catalog_id": made.catalogue, "event_id": "",
        }
    )  # fmt: skip
    rows.to_csv(folder / "theirs.csv", index=False)


def ours(folder: Path, observed: BinnedCatalogues, n_catalogues: int) -> list[EnsembleTest]:
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "ours.parquet", use_threads=False)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    loaded = SimulatedCatalogues(18084.0, 18085.0, n_catalogues, 3.0, **columns)
    made = binned(loaded, cell_of, N_EAST * N_NORTH, EDGES)
    return ensemble_tests(made, observed)


def theirs(folder: Path, seen: tuple[NDArray[np.float64], ...], n_catalogues: int) -> list[object]:
    corners = [(WEST + STEP * i, SOUTH + STEP * j) for i in range(N_EAST) for j in range(N_NORTH)]
    region = regions.CartesianGrid2D.from_origins(
        np.round(corners, 1), dh=STEP, magnitudes=EDGES, name="box"
    )
    forecast = load_catalog_forecast(
        str(folder / "theirs.csv"), region=region, n_cat=n_catalogues, name="forecast"
    )
    forecast.get_expected_rates()
    rows = [(str(n), 0, *one) for n, one in enumerate(zip(seen[1], seen[0], [5.0] * 99, seen[2]))]
    observed = catalogs.CSEPCatalog(data=rows, region=region, name="observed")
    tests = ("number_test", "spatial_test", "magnitude_test", "pseudolikelihood_test")
    return [getattr(catalog_evaluations, name)(forecast, observed) for name in tests]


def timed(work: Callable[[], list]) -> tuple[float, list]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def differences(mine: list[EnsembleTest], peer: list) -> list[str]:
    """Say which numbers differ."""
    found = []
    for one, other in zip(mine, peer, strict=True):
        apart = np.abs(one.simulated - np.asarray(other.test_distribution, dtype=float)).max()
        equal = (one.at_least, one.at_most) == tuple(map(float, other.quantile))
        print(
            f"  {one.name:3s} quantiles {one.at_least:.4f} {one.at_most:.4f}, pyCSEP "
            f"{other.quantile[0]:.4f} {other.quantile[1]:.4f}; statistics differ by at most {apart:.1e}"
        )
        if not equal or apart > 1e-10 * max(1.0, np.abs(one.simulated).max()):
            found.append(one.name)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalogues", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rng = np.random.default_rng(20190707)
    made = ensemble(rng, asked.catalogues)
    seen = clustered(rng, 61)
    zeros = np.zeros(61, dtype=np.int64)
    cells, sizes = cell_of(*seen[:2]), magnitude_bin(seen[2], EDGES)
    observed = BinnedCatalogues(zeros, cells, sizes, 1, N_EAST * N_NORTH, len(EDGES))
    print(f"{asked.catalogues} catalogues, {len(made)} events, {N_EAST * N_NORTH} cells")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_both(folder, made)
        ours(folder, observed, asked.catalogues)  # imports
        times = [
            timed(lambda: ours(folder, observed, asked.catalogues)) for _ in range(asked.rounds)
        ]
        peer_s, peer = timed(lambda: theirs(folder, seen, asked.catalogues))
    wrong = differences(times[0][1], peer)
    ours_s = float(np.median([one[0] for one in times]))
    print(f"load + N, S, M, PL: ours {ours_s:.3f} s, pyCSEP {peer_s:.2f} s: {peer_s / ours_s:.0f}x")
    if wrong:
        print(f"not equal: {', '.join(wrong)}")
    return int(bool(wrong) or peer_s / ours_s < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
