"""Temporal ETAS: CPU time of a fit, error of the fast sums, simulation and the live state.

Run with ``python benchmarks/bench_temporal_etas.py [CATALOGUE ...]``, each a file with times and
magnitudes, as ``FILE:MC``. Without any, catalogues are drawn from the model itself. One thread.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mainshock.forecast.base import FitSettings
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.temporal_etas.exact import ExactSums
from mainshock.forecast.temporal_etas.likelihood import TemporalData, log_likelihood
from mainshock.forecast.temporal_etas.model import TEMPORAL_ETAS, TemporalEtas
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.forecast.temporal_etas.simulation import FirstGeneration, draw_catalogues
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.read import read_seismicity

EXACT_EVENTS = 20_000
TRUTH = TemporalParameters(0.02, 0.005, 0.8, 0.1, 1.08, 2.0)
BETA, M_MAX = 2.3, 7.0


def cpu_s(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the least CPU time of some runs, after one that compiles."""
    task()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        spent.append(time.process_time() - start)
    return min(spent)


def drawn(days: float) -> tuple[Catalogue, float]:
    """Return a catalogue drawn from the model, and its magnitude of completeness."""
    made = TEMPORAL_ETAS.fit(*_few())
    info = replace(made.info, beta=BETA, m_max=M_MAX, settings=FitSettings(0.0, days, 2.0))
    nothing = FirstGeneration(TRUTH.mu_per_day * days, np.zeros(0), np.zeros(0))
    found = draw_catalogues(info, TRUTH, nothing, 0.0, days, 1, seed=1)
    magnitude = found.magnitude.astype(np.float64)
    return Catalogue(found.time_days, magnitude, is_synthetic=True), 2.0


def _few() -> tuple[Catalogue, FitSettings]:
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0.0, 100.0, 60))
    return Catalogue(times, 2.0 + rng.exponential(0.4, 60)), FitSettings(0.0, 100.0, 2.0)


def named(text: str) -> tuple[Catalogue, float]:
    """Return the catalogue of ``FILE:MC``, and its magnitude of completeness."""
    path, _, mc = text.rpartition(":")
    return read_seismicity(Path(path)), float(mc)


def fit(catalogue: Catalogue, mc: float) -> TemporalEtas:
    """Print what a fit gives and takes."""
    start, end = float(catalogue.time_days[0]), float(catalogue.time_days[-1]) + 1e-9
    settings = FitSettings(start, end, mc)
    model = TEMPORAL_ETAS.fit(catalogue, settings)
    spent = cpu_s(lambda: TEMPORAL_ETAS.fit(catalogue, settings), 2)
    info = model.info
    print(f"  {info.n_events} events, fit {spent:.2f} CPU s, LL {info.log_likelihood:.2f}")
    for name, value in info.parameters.items():
        error = info.standard_errors.get(name, np.nan)
        print(f"    {name:26s} {value:11.5g} +- {error:.2g}")
    for one in info.warnings:
        print(f"    {one}")
    return model


def exactness(catalogue: Catalogue, model: TemporalEtas) -> None:
    """Print the error of the fast sums, and how long either way takes."""
    some = catalogue.above(model.info.mc)
    some = some.take(np.arange(min(EXACT_EVENTS, len(some))))
    start, end = float(some.time_days[0]), float(some.time_days[-1]) + 1e-9
    data = TemporalData.of(some, FitSettings(start, end, model.info.mc))
    few = TemporalData.of(some.take(np.arange(3)), FitSettings(start, end, model.info.mc))
    exact = ExactSums(data.times_days, data.is_target)
    log_likelihood(few, model.parameters, ExactSums(few.times_days, few.is_target))  # compiles
    begun = time.process_time()
    value, _ = log_likelihood(data, model.parameters, exact)
    slow = time.process_time() - begun
    sums = data.fast_sums()
    fast = cpu_s(lambda: log_likelihood(data, model.parameters, sums))
    error = (log_likelihood(data, model.parameters, sums)[0] - value) / data.n_targets
    print(
        f"  value and gradient, {data.n_targets} events: {1e3 * fast:.1f} ms, all pairs "
        f"{1e3 * slow:.0f} ms ({slow / fast:.0f} times); error {error:.1e} nats an event"
    )


def future(catalogue: Catalogue, model: TemporalEtas) -> None:
    """Print what simulation and the live state take."""
    if not model.info.parameters["branching_ratio"] < 1:
        options = {"max_branching_ratio": 0.95}
        model = TEMPORAL_ETAS.fit(catalogue, replace(model.info.settings, options=options))
    now = model.info.settings.end_days
    for days in (1.0, 7.0):
        spent = cpu_s(lambda days=days: model.simulate(catalogue, now, days, 10_000, 1), 2)
        n = model.simulate(catalogue, now, days, 10_000, 1).counts().mean()
        mean = model.state(catalogue, now).expected(now, now + days)
        print(f"  10,000 catalogues of {days:g} d: {spent:.2f} CPU s, {n:.2f} events each ", end="")
        print(f"(by the mean of all futures {mean:.2f})")
    state = model.state(catalogue, now)
    begun = time.process_time()
    for i in range(20_000):
        state.update(now + 1e-4 * i, 2.5)
    print(f"  an event into the live state: {50 * (time.process_time() - begun):.1f} us")
    with TemporaryDirectory() as folder:
        save_model(Path(folder), model, catalogue)
        print(f"  opening the model: {1e3 * cpu_s(lambda: open_model(folder)):.1f} ms")


def main() -> None:
    cases = {text: named(text) for text in sys.argv[1:]}
    if not cases:
        cases = {f"drawn from the model, {days:g} days": drawn(days) for days in (2e5, 3e6)}
    for label, (catalogue, mc) in cases.items():
        print(label)
        model = fit(catalogue, mc)
        exactness(catalogue, model)
        future(catalogue, model)
        print()


if __name__ == "__main__":
    main()
