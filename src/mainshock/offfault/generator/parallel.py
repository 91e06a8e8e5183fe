"""Simulates many runs on several cores; what comes out depends on the seed alone."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.offfault.generator.run import simulate_run
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.laboratory import join_windows
from mainshock.offfault.windows import LabelledWindows

__all__ = ["generate", "strands_per_column"]

_MOST_RUNS = 100_000


def generate(
    settings: GeneratorSettings,
    n_runs: int,
    *,
    seed: int = 0,
    workers: int = 1,
    step: Callable[[str], None] | None = None,
) -> LabelledWindows:
    """Return the windows of ``n_runs`` runs, whose seeds count up from ``seed``.

    Parameters
    ----------
    workers
        Processes; the windows are the same with any number of them.
    step
        Called after each run with a line to show.

    Raises
    ------
    SettingsError
        If the number of runs or of workers is out of range.
    NothingFoundError
        If no window shows a fault.
    """
    if not 1 <= n_runs <= _MOST_RUNS:
        raise SettingsError(f"{n_runs} runs; give 1 to {_MOST_RUNS}")
    if workers < 1:
        raise SettingsError(f"{workers} workers; give 1 or more")
    tell = step or (lambda _line: None)
    simulate = partial(simulate_run, settings)
    seeds = range(seed, seed + n_runs)
    parts: list[LabelledWindows] = []
    # the solver's own threads cost more than they bring
    if workers == 1:
        with threadpool_limits(1):
            for part in map(simulate, seeds):
                parts.append(part)
                tell(f"{len(parts)} of {n_runs} runs")
    else:
        context = get_context("spawn")
        with ProcessPoolExecutor(workers, context, threadpool_limits, (1,)) as pool:
            for part in pool.map(simulate, seeds, chunksize=2):
                parts.append(part)
                tell(f"{len(parts)} of {n_runs} runs")
    filled = [part for part in parts if len(part)]
    if not filled:
        raise NothingFoundError(
            f"no fault was mapped in any of {n_runs} runs; take later or more frames"
        )
    return join_windows(filled)


def strands_per_column(windows: LabelledWindows) -> float:
    """Return the mean number of strands in the columns that have one."""
    starts = np.diff(windows.maps.astype(np.int8), axis=1, prepend=0) == 1
    counts = starts.sum(axis=1)
    return float(counts[counts > 0].mean())
