"""Ground motion: CPU time of response spectra beside pyrotd, of measures, and of making records up.

Run with ``python benchmarks/bench_shaking.py``. One thread. Each part prints its own table; a part
is a function in ``PARTS``.
"""

import time
import warnings
from collections.abc import Callable

import numpy as np

from mainshock.shaking.point_source.generator import draw_network
from mainshock.shaking.point_source.hidden_fields import open_fields
from mainshock.shaking.point_source.settings import PointSourceSettings
from mainshock.shaking.point_source.waveforms import simulate
from mainshock.shaking.record_measures import measure_waveforms
from mainshock.signal.response_spectrum import rotd

N_PERIODS, N_SAMPLES, RATE_HZ = 100, 6000, 100.0
PERIODS_S = np.geomspace(0.01, 10.0, N_PERIODS)


def cpu_s(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the least CPU time of some runs, after one that compiles."""
    task()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        spent.append(time.process_time() - start)
    return min(spent)


def records(n: int) -> np.ndarray:
    """Return made-up accelerograms ``(n, 3, 1600)`` at 50 Hz."""
    rng = np.random.default_rng(1)
    settings = PointSourceSettings()
    network = draw_network(settings, n // 3, 20, rng)
    return simulate(settings, open_fields(settings, 1), network.rays.take(slice(n)), rng)


def response_spectrum() -> None:
    """RotD50 of 100 periods and 6000 samples, and how much slower pyrotd is."""
    rng = np.random.default_rng(1)
    envelope = np.exp(-0.5 * ((np.arange(N_SAMPLES) / RATE_HZ - 15.0) / 5.0) ** 2)
    pair = rng.normal(size=(2, N_SAMPLES)) * envelope
    ours = cpu_s(lambda: rotd(pair, RATE_HZ, PERIODS_S, (0, 50, 100)))
    print(f"{'RotD00/50/100, 100 periods, 6000 samples':44s} {1e3 * ours:9.1f} ms")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyrotd  # noqa: PLC0415 - the table goes on without it
    except ImportError:
        print("pyrotd is not installed: no ratio")
        return
    pyrotd.processes = 1
    theirs = cpu_s(lambda: pyrotd.calc_rotated_spec_accels(
        1.0 / RATE_HZ, pair[0], pair[1], 1.0 / PERIODS_S, 0.05, percentiles=[0, 50, 100]
    ), 1)  # fmt: skip
    print(f"{'the same by pyrotd':44s} {1e3 * theirs:9.1f} ms, {theirs / ours:.0f} times ours")


def measures() -> None:
    """All measures of records of 32 s."""
    waveforms = records(200)
    spent = cpu_s(lambda: measure_waveforms(waveforms, 50.0)) / len(waveforms)
    print(f"{'all measures, a record of 1600 samples':44s} {1e3 * spent:9.2f} ms")


def point_source() -> None:
    """Three-component records of the point source."""
    n = 384
    spent = cpu_s(lambda: records(n)) / n
    print(f"{'point source, three components, 1600 samples':44s} {1.0 / spent:9.0f} records/s")


PARTS = (response_spectrum, measures, point_source)


def main() -> None:
    for part in PARTS:
        part()


if __name__ == "__main__":
    main()
