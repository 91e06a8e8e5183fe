"""Load and test 10,000 simulated catalogues, beside pyCSEP on the same events.

Run with ``python benchmarks/bench_csep.py [--catalogues N] [--rounds N]``. One thread, processor
seconds; both programs read their own file of the same ensemble, ours Parquet, pyCSEP the CSV that
we write. Exits with 1 if a statistic or quantile differs, or the ratio is below 10.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from mainshock.forecast.csep_files import write_csep_catalogues
from mainshock.forecast.gridded import lon_lat_cells, magnitude_edges
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.simulated_files import read_simulated, write_simulated

WEST, SOUTH, EAST, NORTH = -122.0, 32.0, -114.0, 37.0
CELLS = lon_lat_cells(Region.box(WEST, SOUTH, EAST, NORTH), 0.1)
EDGES = magnitude_edges(3.0, 7.0)
N_EVENTS, N_SEEN = 63, 61  # a catalogue on average; observed
LEAST_RATIO = 10.0
FloatArray = NDArray[np.float64]


def clustered(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitudes and latitudes around faults, and magnitudes; none on the side of a bin."""
    faults = np.random.default_rng(1).uniform([WEST + 1, SOUTH + 1], [EAST - 1, NORTH - 1], (40, 2))
    place = faults[rng.integers(0, 40, n)] + rng.normal(0, 0.15, (n, 2))
    place = np.clip(np.round(place, 3), [WEST, SOUTH], [EAST - 0.001, NORTH - 0.001]) + 0.0005
    magnitude = np.round(np.minimum(3.0 + rng.exponential(1 / np.log(10), n), 7.9), 2) + 0.005
    return place[:, 0], place[:, 1], magnitude


def ensemble(rng: np.random.Generator, n_catalogues: int) -> SimulatedCatalogues:
    counts = rng.poisson(rng.gamma(3.0, N_EVENTS / 3.0, n_catalogues))
    lon, lat, magnitude = (one.astype(np.float32) for one in clustered(rng, int(counts.sum())))
    catalogue = np.repeat(np.arange(n_catalogues, dtype=np.int32), counts)
    day = np.sort(rng.uniform(0, 1, len(lon)) + catalogue) - catalogue
    return SimulatedCatalogues(
        18084.0, 18085.0, n_catalogues, 3.0, catalogue, day, magnitude, lon, lat
    )


def ours(path: Path, observed: BinnedCatalogues) -> list[EnsembleTest]:
    made = binned(read_simulated(path), CELLS.index_of, len(CELLS), EDGES)
    return ensemble_tests(made, observed)


def theirs(path: Path, seen: tuple[FloatArray, ...], n_catalogues: int) -> list[Any]:
    region = regions.CartesianGrid2D.from_origins(CELLS.bounds[:, :2], dh=0.1, magnitudes=EDGES)
    forecast = load_catalog_forecast(str(path), region=region, n_cat=n_catalogues, name="forecast")
    forecast.get_expected_rates()
    lon, lat, magnitude = seen
    rows = [(str(k), 0, lat[k], lon[k], 5.0, magnitude[k]) for k in range(len(lon))]
    observed = catalogs.CSEPCatalog(data=rows, region=region, name="observed")
    names = ("number_test", "spatial_test", "magnitude_test", "pseudolikelihood_test")
    return [getattr(catalog_evaluations, name)(forecast, observed) for name in names]


def timed(work: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def differences(mine: list[EnsembleTest], peer: list[Any]) -> list[str]:
    """Print quantiles side by side and return the tests whose numbers differ."""
    found = []
    for one, other in zip(mine, peer, strict=True):
        apart = np.abs(one.simulated - np.asarray(other.test_distribution, dtype=float)).max()
        equal = (one.at_least, one.at_most) == tuple(map(float, other.quantile))
        quantiles = f"{one.at_least:.4f} {one.at_most:.4f}"
        peers = f"{other.quantile[0]:.4f} {other.quantile[1]:.4f}"
        print(f"  {one.name:3s} {quantiles}, pyCSEP {peers}; statistics differ by {apart:.1e}")
        if not equal or apart > 1e-10 * max(1.0, np.abs(one.simulated).max()):
            found.append(one.name)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalogues", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rng = np.random.default_rng(20190707)
    made, seen = ensemble(rng, asked.catalogues), clustered(rng, N_SEEN)
    zeros = np.zeros(N_SEEN, dtype=np.int64)
    cells, sizes = CELLS.index_of(*seen[:2]), magnitude_bin(seen[2], EDGES)
    observed = BinnedCatalogues(zeros, cells, sizes, 1, len(CELLS), len(EDGES))
    print(f"{asked.catalogues} catalogues, {len(made)} events, {len(CELLS)} cells")
    with tempfile.TemporaryDirectory() as name:
        parquet, csv = Path(name) / "ours.parquet", Path(name) / "theirs.csv"
        write_simulated(parquet, made)
        write_csep_catalogues(csv, made)
        ours(parquet, observed)  # imports
        rounds = [timed(lambda: ours(parquet, observed)) for _ in range(asked.rounds)]
        peer_s, peer = timed(lambda: theirs(csv, seen, asked.catalogues))
    wrong = differences(rounds[0][1], peer)
    ours_s = float(np.median([one[0] for one in rounds]))
    print(f"load + N, S, M, PL: ours {ours_s:.3f} s, pyCSEP {peer_s:.2f} s: {peer_s / ours_s:.0f}x")
    if wrong:
        print(f"not equal: {', '.join(wrong)}")
    return int(bool(wrong) or peer_s / ours_s < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
