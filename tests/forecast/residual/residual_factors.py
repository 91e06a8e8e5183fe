"""A residual model with given numbers, and a catalogue that its ETAS part drew."""

from dataclasses import replace
from functools import cache

import numpy as np

from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.forecast.residual.evidence_kernels import EVIDENCE_NAMES
from mainshock.forecast.residual.model import ResidualEtas
from mainshock.forecast.residual.network import Correction
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -115.0, 36.0)
NOW = 200.0
N_INPUTS = len(EVIDENCE_NAMES)


@cache
def etas() -> SpaceTimeEtas:
    """A model whose events have half an aftershock each."""
    law = EtasParameters(
        mu_per_day=0.5, k0=0.02, a=1.4, c_days=0.01, omega=0.1, tau_days=300.0,
        d_km2=0.5, gamma=1.0, rho=0.8, m_ref=3.0,
    )  # fmt: skip
    law = replace(law, k0=law.k0 * 0.5 / law.branching_ratio(2.2, 7.0))
    info = ModelInfo(
        "etas", FitSettings(0.0, 150.0, 3.0, BOX), 2.2, 7.0, 100, -500.0, law.as_dict(), {}
    )
    return SpaceTimeEtas(info, law, None, None, np.eye(9), TriggeringLaw(law), np.zeros(0))


@cache
def history() -> Catalogue:
    """Two hundred days of events of the ETAS model, and a mainshock two days before their end."""
    none = Catalogue(np.zeros(1) - 500.0, np.full(1, 3.0), np.full(1, -116.0), np.full(1, 34.0))
    drawn = etas().simulate(none, 0.0, NOW, 1, 7)
    assert drawn.longitude is not None
    assert drawn.latitude is not None
    own = Catalogue(
        drawn.time_days,
        drawn.magnitude.astype(float),
        drawn.longitude.astype(float),
        drawn.latitude.astype(float),
    )
    mainshock = Catalogue(
        np.array([NOW - 2.0]), np.array([5.8]), np.array([-116.5]), np.array([34.5])
    )
    return Catalogue.joined([own, mainshock])


def correction(last: float = 0.5, bound: float = 0.7, seed: int = 0) -> Correction:
    """Two random networks; ``last`` is the size of their last weights."""
    rng = np.random.default_rng(seed)
    shapes = ((2, N_INPUTS + 1, 6), (2, 7, 6))
    first, second = (rng.normal(0, 0.4, one).astype(np.float32) for one in shapes)
    weights = (last * rng.normal(size=(2, 7))).astype(np.float32)
    mean = np.zeros(N_INPUTS)
    return Correction(mean, np.full(N_INPUTS, 4.0), first, second, weights, bound)


def constant(value: float, bound: float = 0.7) -> Correction:
    """One that says the same number everywhere."""
    made = correction(0.0, bound)
    made.last[:, -1] = bound * np.arctanh(value / bound)
    return made


def model(factor: Correction) -> ResidualEtas:
    """The ETAS model times a factor."""
    return ResidualEtas(replace(etas().info, kind="residual"), etas(), factor)
