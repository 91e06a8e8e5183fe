"""Compiles what a fit needs, so that fits can be timed without it."""

import numpy as np

from mainshock.forecast.etas.events import Inside, Sources, Targets
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import Likelihood, Problem, Window, pair_table
from mainshock.forecast.etas.transform import first_guess

__all__ = ["warm_up"]


def warm_up() -> None:
    """Compile the kernels of a fit, or load them from where they are kept."""
    time, above = np.arange(2.0), np.zeros(2)
    place = np.zeros((3, 2), dtype=np.float32)
    sources = Sources(time, place, above, above)
    targets = Targets(time, np.ascontiguousarray(place.T), np.arange(2))
    inside = Inside(np.zeros(0, dtype=np.int64), above[:0], above[:0], np.ones(2))
    law = TriggeringLaw(first_guess(2, 1.0, 3.0, 2.3))
    problem = Problem(sources, targets, inside, Window.whole(0.0, 2.0))
    density = np.ones(2)
    pairs = pair_table(law, sources, targets, density, 10)
    Likelihood(problem, density, pairs)(law)
    Likelihood(problem, density)(law)
