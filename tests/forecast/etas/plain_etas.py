"""The model written out plainly in double precision, as an independent reference for tests."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import integrate

from mainshock.core.geo import LocalFrame
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, authalic_latitude, cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)
USUAL = EtasParameters(
    mu_per_day=0.2, k0=0.01, a=1.5, c_days=0.01, omega=0.05, tau_days=1000.0,
    d_km2=2.0, gamma=1.0, rho=0.6, m_ref=3.0,
)  # fmt: skip


@dataclass(frozen=True)
class PlainEtas:
    """Intensity and integral, term by term.

    ``vary`` gives for each event what is added to ln k0, what ln c and omega are raised by.
    """

    parameters: EtasParameters
    catalogue: Catalogue
    region: Region = BOX
    vary: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def _of(self, j):
        more, log_c, omega = (0.0, 0.0, 0.0) if self.vary is None else [v[j] for v in self.vary]
        p = self.parameters
        above = self.catalogue.magnitude[j] - p.m_ref
        return (
            p.k0 * np.exp(p.a * above + more),
            p.c_days * np.exp(log_c),
            p.omega + omega,
            p.d_km2 * np.exp(p.gamma * above),
        )

    def log_intensity(self, rows, density):
        """ln intensity at some of the events, given the background density there."""
        place = cartesian_km(self.catalogue.longitude, self.catalogue.latitude)
        time = self.catalogue.time_days
        p = self.parameters
        found = []
        for i, u in zip(rows, density, strict=True):
            total = p.mu_per_day * u
            for j in np.flatnonzero(time < time[i]):
                k, c, omega, spread = self._of(j)
                t, r2 = time[i] - time[j], ((place[i] - place[j]) ** 2).sum()
                decay = np.exp(-t / p.tau_days) * (t + c) ** (-1 - omega)
                total += k * decay * (r2 + spread) ** (-1 - p.rho)
            found.append(np.log(total))
        return np.array(found)

    def inside(self, j):
        """Part of the kernel of one event in the region, by a fan of rays in a plane."""
        _, _, _, spread = self._of(j)
        west, south, east, north = self.region.bounds
        frame = LocalFrame((west + east) / 2, (south + north) / 2)
        corners = np.array([*self.region.vertices, self.region.vertices[0]])
        fine = np.linspace(0, len(corners) - 1, 8000, endpoint=False)
        outline = [np.interp(fine, np.arange(len(corners)), one) for one in corners.T]
        x, y = frame.to_local(*outline)
        x0, y0 = frame.to_local([self.catalogue.longitude[j]], [self.catalogue.latitude[j]])
        angle = np.unwrap(np.arctan2(y - y0, x - x0))
        share = np.hypot(x - x0, y - y0)
        turned = (np.arange(7200) + 0.5) * 2 * np.pi / 7200 + angle[0]
        closed = np.append(angle, angle[0] + 2 * np.pi)
        reach = np.interp(turned, closed, np.append(share, share[0]))
        return 1.0 - ((1.0 + reach**2 / spread) ** -self.parameters.rho).mean()

    def integral(self, start, end, share=lambda _: 1.0, corners=()):
        """The integral over the region, for sources inside; ``share`` of events is held."""
        p = self.parameters
        total = p.mu_per_day * _quad(share, start, end, corners)
        for j, time in enumerate(self.catalogue.time_days):
            if time >= end:
                continue
            k, c, omega, spread = self._of(j)
            first, last = np.log(max(start - time, 0.0) + c), np.log(end - time + c)

            def decay(u, time=time, c=c, omega=omega):
                t = np.exp(u) - c
                return share(time + t) * np.exp(-t / p.tau_days - omega * u)

            edges = [np.log(one - time + c) for one in corners if one > time]
            number = _quad(decay, first, last, edges)
            total += k * np.pi / (p.rho * spread**p.rho) * self.inside(j) * number
        return total


def _quad(function, low, high, corners):
    """Gauss-Legendre between corners."""
    inner = sorted(one for one in corners if low < one < high)
    edges = np.array([low, *inner, high])
    pieces = np.concatenate(
        [np.linspace(a, b, 9)[:-1] for a, b in itertools.pairwise(edges)] + [[high]]
    )
    return sum(
        integrate.fixed_quad(np.vectorize(function), a, b, n=8)[0]
        for a, b in itertools.pairwise(pieces)
    )


def events(n, seed=0, days=1000.0, region=BOX):
    """A made-up catalogue: half scattered, half near an earlier event."""
    rng = np.random.default_rng(seed)
    west, south, east, north = region.bounds
    time = np.sort(rng.uniform(0.0, days, n))
    west, south, east, north = west + 0.05, south + 0.05, east - 0.05, north - 0.05
    lon, lat = rng.uniform(west, east, n), rng.uniform(south, north, n)
    magnitude = 3.0 + rng.exponential(0.43, n).clip(0.0, 3.5)
    for i in range(n // 3, n):
        if rng.random() < 0.6:
            j = int(rng.integers(max(0, i - 20), i))
            time[i] = time[j] + 10.0 ** rng.uniform(-3, 2)
            lon[i] = np.clip(lon[j] + rng.normal(0, 0.03), west, east)
            lat[i] = np.clip(lat[j] + rng.normal(0, 0.03), south, north)
    return Catalogue(time.clip(0.0, days - 1e-6), magnitude, lon, lat)


def grid_of(region, step):
    """Middles of cells of a region, and their areas in km^2."""
    west, south, east, north = region.bounds
    lon, lat = np.arange(west, east, step) + step / 2, np.arange(south, north, step) + step / 2
    x, y = (one.ravel() for one in np.meshgrid(lon, lat))
    low, high = authalic_latitude(y - step / 2), authalic_latitude(y + step / 2)
    return x, y, AUTHALIC_RADIUS_KM**2 * np.radians(step) * (np.sin(high) - np.sin(low))
