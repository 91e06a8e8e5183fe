"""A small catalogue drawn from a temporal ETAS model whose parameters are known."""

import numpy as np

from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.forecast.temporal_etas.simulation import FirstGeneration, draw_catalogues
from mainshock.sources.seismicity.catalogue import Catalogue

TRUTH = TemporalParameters(mu_per_day=0.3, k=0.02, alpha=0.7, c_days=0.02, p=1.25, m_ref=3.0)
BETA, M_MAX = 2.3, 7.5


def info_of(parameters: TemporalParameters = TRUTH, days: float = 4000.0) -> ModelInfo:
    """A model with given parameters, as if fitted to the days from 0 on."""
    values = {
        "mu": parameters.mu_per_day,
        "k": parameters.k,
        "alpha": parameters.alpha,
        "c": parameters.c_days,
        "p": parameters.p,
    }
    settings = FitSettings(0.0, days, parameters.m_ref)
    return ModelInfo("etas-temporal", settings, BETA, M_MAX, 100, 0.0, values, {})


def drawn_events(days: float = 4000.0, seed: int = 1) -> Catalogue:
    """One catalogue from day 0 on, without a past."""
    nothing = FirstGeneration(TRUTH.mu_per_day * days, np.zeros(0), np.zeros(0))
    found = draw_catalogues(info_of(days=days), TRUTH, nothing, 0.0, days, 1, seed)
    return Catalogue(found.time_days, found.magnitude.astype(np.float64))
