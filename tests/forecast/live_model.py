"""A small space-time ETAS model with known parameters, and events for it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.etas.law import TriggeringLaw, Variation
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

END = 12_000.0
REGION = Region.box(-119.0, 33.0, -116.0, 35.0)
PARAMETERS = EtasParameters(
    mu_per_day=0.3,
    k0=0.002,
    a=1.9,
    c_days=0.01,
    omega=0.05,
    tau_days=3000.0,
    d_km2=0.3,
    gamma=1.1,
    rho=0.55,
    m_ref=3.0,
)
BETA, M_MAX = 2.2, 7.5


def info_of(**changed):
    """What the model is; fitted to events of 1000 days."""
    settings = FitSettings(END - 1000.0, END, 3.0, REGION)
    known = {
        "kind": "etas",
        "settings": settings,
        "beta": BETA,
        "m_max": M_MAX,
        "n_events": 500,
        "log_likelihood": 0.0,
        "parameters": {},
        "standard_errors": {},
        "catalogue": "events.csv",
    }
    return ModelInfo(**{**known, **changed})


def small_model(parameters=PARAMETERS, **changed):
    """A model of which only what live forecasts need is there, and what simulations need."""
    return SimpleNamespace(
        info=info_of(**changed),
        parameters=parameters,
        background=None,
        completeness=None,
        covariance=np.zeros((0, 0)),
    )


def past(n=150, seed=3, until=END + 5.0):
    """Events before a moment, with a magnitude 6 shortly before it."""
    rng = np.random.default_rng(seed)
    time = np.append(until - rng.exponential(400.0, n), until - 0.3)
    lon = np.append(rng.uniform(-119.0, -116.0, n), -117.4)
    lat = np.append(rng.uniform(33.0, 35.0, n), 34.1)
    magnitude = np.append(3.0 + rng.exponential(1.0 / BETA, n), 6.0)
    names = np.array([f"old{i}" for i in range(n)] + ["main"], dtype=object)
    return Catalogue(time, np.round(magnitude, 2), lon, lat, event_id=names)


VARIATION = Variation(0.15, 0.02, 0.12, 0.4, mean_activity=1.0)


def varied_model():
    """A whole model whose events differ, with a background at the events that it was fitted to."""
    known = past().between(-np.inf, END)
    inside = known.take(REGION.contains(known.longitude, known.latitude))
    n = len(inside)
    background = SmoothedPlaces(
        REGION, inside.longitude, inside.latitude, np.full(n, 8.0), np.ones(n)
    )
    varied = replace(PARAMETERS, tau_days=900.0, rho=0.6, mu_per_day=0.28)
    return SpaceTimeEtas(
        info_of(),
        PARAMETERS,
        background,
        None,
        np.full((9, 9), np.nan),
        TriggeringLaw(varied, VARIATION),
        inside.time_days,
    )
