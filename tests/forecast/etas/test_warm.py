"""Compiling before a fit is timed."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, events

from mainshock.forecast.etas import kernels
from mainshock.forecast.etas.events import Sources, Targets, inside_of
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import Likelihood, Problem, Window, pair_table
from mainshock.forecast.etas.warm import warm_up

OF_A_FIT = (
    kernels.choose_pairs,
    kernels.integrate_decay,
    kernels.sum_over_all,
    kernels.sum_over_chosen,
)


def test_a_fit_after_it_compiles_no_more():
    warm_up()
    compiled = {one.__name__: list(one.signatures) for one in OF_A_FIT}
    assert all(compiled.values())
    catalogue = events(60, seed=1)
    sources = Sources.of(catalogue, BOX, 3.0)
    targets = Targets.of(catalogue, BOX, sources)
    crossings, density = inside_of(BOX, catalogue), np.full(60, 1.0 / BOX.area_km2)
    problem = Problem(sources, targets, crossings, Window.whole(0.0, 1000.0))
    law = TriggeringLaw(USUAL)
    pairs = pair_table(law, sources, targets, density, 10)
    for likelihood in (Likelihood(problem, density), Likelihood(problem, density, pairs)):
        likelihood(law)
    assert {one.__name__: list(one.signatures) for one in OF_A_FIT} == compiled
