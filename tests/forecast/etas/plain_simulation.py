"""Catalogues drawn generation by generation in plain numpy, for fits to find their law again."""

from functools import cache

import numpy as np

from mainshock.core.geo import LocalFrame
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue


def magnitudes(rng, n, m_ref, beta, m_max):
    """Exponential between the reference and the greatest magnitude."""
    full = -np.expm1(-beta * (m_max - m_ref))
    return m_ref - np.log1p(-full * rng.random(n)) / beta


@cache
def _grid(p):
    days = np.append(0.0, np.geomspace(1e-6, 20.0 * p.tau_days, 20_000))
    return days, p.integral_to(days)


def waits(rng, n, p):
    """Days after an event, by the inverse of the decay's integral on a fine grid."""
    days, whole = _grid(p)
    return np.interp(rng.random(n) * whole[-1], whole, days)


def drawn(
    p: EtasParameters,
    days: float,
    seed: int,
    region: Region,
    beta: float = 2.3,
    m_max: float = 6.5,
    uneven: float = 0.0,
) -> Catalogue:
    """A SYNTHETIC catalogue; a share ``uneven`` of the background is near the region's middle.

    Aftershocks outside the region are there too, and trigger.
    """
    rng = np.random.default_rng(seed)
    west, south, east, north = region.bounds
    frame = LocalFrame((west + east) / 2, (south + north) / 2)
    n = rng.poisson(p.mu_per_day * days)
    time = rng.uniform(0.0, days, n)
    x, y = (one.copy() for one in frame.to_local(*_uniform(rng, n, region)))
    is_middle = rng.random(n) < uneven
    x[is_middle], y[is_middle] = rng.normal(0.0, 8.0, (2, is_middle.sum()))
    generation = (time, magnitudes(rng, n, p.m_ref, beta, m_max), x, y)
    found = []
    while len(generation[0]):
        found.append(generation)
        generation = _children(rng, p, generation, days, beta, m_max)
    time, magnitude, x, y = np.concatenate(found, axis=1)
    order = np.argsort(time)
    lon, lat = frame.to_geographic(x, y)
    return Catalogue(time[order], magnitude[order], lon[order], lat[order], is_synthetic=True)


def _uniform(rng, n, region):
    west, south, east, north = region.bounds
    sine = rng.uniform(np.sin(np.radians(south)), np.sin(np.radians(north)), n)
    return rng.uniform(west, east, n), np.degrees(np.arcsin(sine))


def _children(rng, p, parents, days, beta, m_max):
    parent = np.repeat(np.arange(len(parents[0])), rng.poisson(p.n_direct(parents[1])))
    time, magnitude, x, y = (one[parent] for one in parents)
    n = len(parent)
    time = time + waits(rng, n, p)
    r = np.sqrt(p.spread_km2(magnitude) * (rng.random(n) ** (-1.0 / p.rho) - 1.0))
    angle = rng.uniform(0.0, 2.0 * np.pi, n)
    made = np.array(
        [
            time,
            magnitudes(rng, n, p.m_ref, beta, m_max),
            x + r * np.cos(angle),
            y + r * np.sin(angle),
        ]
    )
    return tuple(made[:, (time < days) & (r < 500.0)])
