"""Kinematic efficiency: CPU time to make a window, and time of the default model for one.

Run with ``python benchmarks/bench_efficiency.py``. One process; two runs of ten frames each.
"""

import statistics
import time

from mainshock.offfault.generator.parallel import generate
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.registry import EFFICIENCY_MODELS
from mainshock.offfault.windows import LabelledWindows

N_RUNS, N_SINGLE = 2, 20


def made_with(label: str, settings: GeneratorSettings) -> LabelledWindows:
    start = time.process_time()
    windows = generate(settings, N_RUNS)
    spent = time.process_time() - start
    print(f"{label:36s} {len(windows):7d} {1e3 * spent / len(windows):9.1f}")
    return windows


def predict(windows: LabelledWindows) -> None:
    model = EFFICIENCY_MODELS.load("default")()
    model.predict(windows.maps[:1])
    times = []
    for number in range(N_SINGLE):
        start = time.perf_counter()
        model.predict(windows.maps[number : number + 1])
        times.append(time.perf_counter() - start)
    median_ms = 1e3 * statistics.median(times)
    print(f"{'default model, one by one, median':36s} {N_SINGLE:7d} {median_ms:9.1f}")


def main() -> None:
    print(f"{'case':36s} {'windows':>7s} {'ms/window':>9s}")
    windows = made_with("growth by the clock, scalar sheet", GeneratorSettings())
    made_with("growth by the clock, plane stress", GeneratorSettings(physics="plane-stress"))
    made_with("growth by stress, scalar sheet", GeneratorSettings(growth="stress"))
    predict(windows)


if __name__ == "__main__":
    main()
