"""Speed of an archive job, and what its executors cost beside the work itself.

Run with ``python benchmarks/bench_archive.py --units 6 --hours 24 --workers 2``. Two things are
measured for processes and for Ray:

* units that wait a known time, so that the load of the machine does not matter: what passes
  between the first result and the last one beyond those times is the executor's;
* real station-days (noise with a local earthquake every ten minutes, 100 samples a second, three
  components) from miniSEED files to Parquet: speed as times real time for each second of a core.

Start-up is told apart. The files of both executors must be the same bytes.
"""

import argparse
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import obspy

from mainshock.pipeline.archive.base import Executor, Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.unit_picks import run_unit
from mainshock.pipeline.archive.units import ArchiveJob, UnitReport

RATE_HZ = 100.0
START = obspy.UTCDateTime(2020, 1, 1)


def write_archive(root: Path, n_units: int, hours: float) -> None:
    """Write a day of as many stations, each with its own noise."""
    event = obspy.read()
    n_samples = round(hours * 3600.0 * RATE_HZ)
    for index in range(n_units):
        rng = np.random.default_rng(index)
        for trace in event:
            samples = rng.normal(0.0, 20.0, n_samples)
            for first in range(0, n_samples - trace.stats.npts, round(600.0 * RATE_HZ)):
                samples[first : first + trace.stats.npts] += trace.data
            channel = f"HH{trace.stats.channel[-1]}"
            header = {"network": "XX", "station": f"S{index:02d}", "channel": channel}
            made = obspy.Trace(samples.astype(np.int32), header)
            made.stats.sampling_rate, made.stats.starttime = RATE_HZ, START
            folder = root / "2020" / "XX" / f"S{index:02d}" / f"{channel}.D"
            folder.mkdir(parents=True)
            made.write(str(folder / f"{made.id}.D.2020.001"), format="MSEED", encoding="STEIM2")


def wait(seconds: float, item: int) -> int:
    """Do what a unit does to an executor, and nothing to the processor."""
    time.sleep(seconds)
    return item


def waiting_overhead(executor: Executor, seconds: float, n: int) -> dict[str, float]:
    """Return the share of time that is not work, and the time to the first result beyond it."""
    began_s = time.perf_counter()
    times = [time.perf_counter() - began_s for _ in executor.run(partial(wait, seconds), range(n))]
    # the first results come together; from then on the workers are never without work
    workers = executor.workers
    ideal_s = seconds * (n - workers) / workers
    passed_s = times[-1] - times[workers - 1]
    return {"overhead": passed_s / ideal_s - 1.0, "start_s": times[0] - seconds}


def archive_run(executor: Executor, root: Path, out: Path) -> dict[str, float]:
    """Return speeds of the units of an archive."""
    units = open_archive(str(root)).units(Selection())
    began_s = time.perf_counter()
    reports: list[UnitReport] = []
    for outcome in executor.run(partial(run_unit, ArchiveJob(str(root), str(out))), units):
        if outcome.value is None or outcome.value.state != "done":
            raise SystemExit(f"{outcome.item.name}: {outcome.error or outcome.value}")
        reports.append(outcome.value)
    wall_s = time.perf_counter() - began_s
    recorded_s, cpu_s = sum(r.recorded_s for r in reports), sum(r.cpu_s for r in reports)
    return {
        "wall_s": wall_s,
        "unit_s": sum(r.seconds for r in reports) / len(reports),
        "unit_cpu_s": cpu_s / len(reports),
        "times_real_time": recorded_s / wall_s,
        "times_real_time_a_core": recorded_s / cpu_s,
        "fastest_unit_a_core": max(r.recorded_s / r.cpu_s for r in reports),
        "picks": float(sum(r.n_picks for r in reports)),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=6)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--wait-s", type=float, default=3.0)
    parser.add_argument("--waiting-units", type=int, default=12)
    parser.add_argument("--executors", default="process,ray")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    table: dict[str, Any] = {"load": os.getloadavg(), "workers": options.workers}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "sds"
        write_archive(root, options.units, options.hours)
        files: dict[str, dict[str, bytes]] = {}
        for name in options.executors.split(","):
            executor = make_executor(name, options.workers)
            found = waiting_overhead(executor, options.wait_s, options.waiting_units)
            out = Path(folder) / name
            found |= archive_run(executor, root, out)
            table[name] = {key: round(value, 4) for key, value in found.items()}
            files[name] = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.parquet")}
            print(json.dumps({name: table[name]}), flush=True)
        table["same_bytes"] = all(one == next(iter(files.values())) for one in files.values())
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
