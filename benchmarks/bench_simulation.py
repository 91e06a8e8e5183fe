"""Processor time of 10,000 simulated catalogues of 1 and 7 days, the day after an M 7.3.

Run with ``python benchmarks/bench_simulation.py [--catalogue FILE --start T] [--catalogues N]``.
One thread. Without a file the past is made up: eleven years of events of M 3 or more in southern
California, an M 7.3, and its first day of aftershocks. Parameters are typical of that region, with
a branching ratio of 0.9. Times are the least of some runs, after one that compiles. Exits with 1 if
a bar is missed: 0.5 s for 1 day and 2 s for 7 days, Parquet included, and 5 s for CSEP's CSV.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from mainshock.forecast.base import FitSettings, ModelInfo, as_history
from mainshock.forecast.csep_files import read_csep_catalogues, write_csep_catalogues
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.simulation import simulate
from mainshock.forecast.region import Region
from mainshock.forecast.simulated_files import read_simulated, write_simulated
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity

REGION = Region.box(-122.0, 32.0, -114.0, 37.0)
START = "1992-06-29T12:00:00Z"
BETA, M_MAX, BRANCHING = 2.25, 7.8, 0.9
BARS_S = {1.0: 0.5, 7.0: 2.0}
CSV_BAR_S = 5.0


@dataclass(frozen=True)
class Model:
    """What simulation asks of a fitted model."""

    info: ModelInfo
    parameters: EtasParameters
    background: SmoothedPlaces
    completeness: None = None
    covariance: None = None


def made_up(start: float) -> Catalogue:
    """Return a past as southern California might have had."""
    rng = np.random.default_rng(1)
    n, n_after = 4000, 180
    time = np.append(rng.uniform(start - 4200.0, start, n), start - 1.0)
    after = start - 1.0 + 0.01 * np.expm1(rng.random(n_after) * np.log1p(1.0 / 0.01))
    faults = rng.uniform([-120.0, 32.5], [-115.0, 36.0], (60, 2))
    place = faults[rng.integers(0, 60, n)] + rng.normal(0, 0.1, (n, 2))
    near = np.array([-116.44, 34.2]) + rng.normal(0, 0.15, (n_after + 1, 2))
    magnitude = 3.0 + rng.exponential(1.0 / BETA, n + n_after + 1)
    magnitude[n] = 7.3
    return Catalogue(
        np.append(time, after), np.minimum(magnitude, 7.3), *np.concatenate([place, near]).T
    )


def model_for(history: Catalogue, start: float) -> Model:
    """Return a model of typical parameters."""
    parameters = EtasParameters(
        mu_per_day=0.28, k0=0.01, a=2.2, c_days=0.004, omega=0.01, tau_days=5000.0,
        d_km2=0.35, gamma=1.1, rho=0.6, m_ref=3.0,
    )  # fmt: skip
    ratio = parameters.branching_ratio(BETA, M_MAX)
    parameters = replace(parameters, k0=parameters.k0 * BRANCHING / ratio)
    settings = FitSettings(start - 2000.0, start, 3.0, REGION)
    info = ModelInfo("etas", settings, BETA, M_MAX, 6000, 0.0, parameters.as_dict(), {})
    ones = np.ones(len(history))
    background = SmoothedPlaces(REGION, history.longitude, history.latitude, 5.0 * ones, ones)
    return Model(info, parameters, background)


def cpu_s(task: Callable[[], object], repeats: int) -> float:
    """Return the least processor time of some runs."""
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        task()
        spent.append(time.process_time() - begun)
    return min(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--start", default=START)
    parser.add_argument("--catalogues", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    start = days_from_text(given.start)
    whole = made_up(start) if given.catalogue is None else read_seismicity(given.catalogue)
    settings = FitSettings(start - 2000.0, start, 3.0, REGION)
    history = as_history(whole, settings, start)
    model = model_for(history, start)
    simulate(model, history, start, 1.0, 10, 0)  # compiles
    print(f"{len(history)} past events, {given.catalogues} catalogues, one thread, CPU seconds")
    print(f"{'days':>5} {'events':>9} {'simulate':>9} {'ns/event':>9} {'Parquet':>8} {'both':>6}"
          f" {'read':>6} {'MB':>6} {'CSV':>6} {'read':>6} {'MB':>6}")  # fmt: skip
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        parquet, csv = Path(folder) / "f.parquet", Path(folder) / "f.csv"
        for days, bar in BARS_S.items():
            draw = partial(simulate, model, history, start, days, given.catalogues, 0)
            made = draw()
            window = (made.start_days, made.end_days, made.mc)
            tasks = (
                draw,
                partial(write_simulated, parquet, made),
                partial(read_simulated, parquet),
                partial(write_csep_catalogues, csv, made),
                partial(read_csep_catalogues, csv, *window),
            )
            drawn, write, read, to_csv, from_csv = (cpu_s(task, given.repeats) for task in tasks)
            missed |= drawn + write > bar or to_csv > CSV_BAR_S
            size, text = (path.stat().st_size / 1e6 for path in (parquet, csv))
            print(f"{days:5g} {len(made):9d} {drawn:9.3f} {1e9 * drawn / len(made):9.0f} "
                  f"{write:8.3f} {drawn + write:6.3f} {read:6.3f} {size:6.1f} "
                  f"{to_csv:6.2f} {from_csv:6.2f} {text:6.1f}")  # fmt: skip
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
