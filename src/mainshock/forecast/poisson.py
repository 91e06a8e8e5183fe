"""Earthquakes at a constant rate: the least that any forecast must better."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.forecast.base import FitSettings, ModelInfo, targets_of
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.magnitudes import MagnitudeLaw, levelled_magnitudes, magnitude_law
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["HOMOGENEOUS", "HomogeneousPoisson", "poisson_catalogues"]

FloatArray = NDArray[np.float64]
_OPTIONS = {"m_max": None}


@dataclass(frozen=True, slots=True, eq=False)
class HomogeneousPoisson:
    """A constant rate, a day or, with a region, a day and km^2.

    Parameters
    ----------
    info
        With the parameter ``rate_per_day``.
    """

    info: ModelInfo
    _rate: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rate", self.info.parameters["rate_per_day"])

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: with a region it does."""
        return self.info.region is not None

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:  # noqa: ARG002
        """Return ln intensity at each target, shape ``(n_targets,)``."""
        region = self.info.region
        area = 1.0 if region is None else region.area_km2
        return np.full(len(targets), math.log(self._rate / area))

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:  # noqa: ARG002
        """Return the expected number of events in a window."""
        return self._rate * (end_days - start_days)

    def simulate(
        self,
        history: Catalogue,  # noqa: ARG002
        start_days: float,
        days: float,
        n: int,
        seed: int,
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window."""
        region, places = self.info.region, None
        if region is not None:  # one kernel that nothing is drawn from: the floor is all
            one = np.ones(1)
            middle = region.polygon.representative_point()
            places = SmoothedPlaces(region, middle.x * one, middle.y * one, one, one, floor=1.0)
        return poisson_catalogues(self.info, self._rate, places, start_days, days, n, seed)

    def save(self, folder: Path) -> None:
        """Write nothing: ``info`` holds the rate."""


def poisson_catalogues(
    info: ModelInfo,
    rate_per_day: float,
    places: SmoothedPlaces | None,
    start_days: float,
    days: float,
    n: int,
    seed: int,
) -> SimulatedCatalogues:
    """Return possible catalogues of independent events.

    Parameters
    ----------
    info
        Of the model: magnitudes.
    rate_per_day
        Of events in the region.
    places
        Where they come from; None for times alone.
    start_days, days
        The window, days after 1970-01-01.
    n, seed
        Number of catalogues and seed.

    Raises
    ------
    SettingsError
        If the window or the number of catalogues is not positive.
    """
    if not (math.isfinite(days) and days > 0) or n < 1:
        raise SettingsError(f"{n} catalogues of {days:g} days; give 1 or more of more than 0 days")
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(n, dtype=np.int32), rng.poisson(rate_per_day * days, n))
    share = rng.random(len(number))
    order = np.argsort(number + np.minimum(share, 1.0 - 1e-12))
    law = MagnitudeLaw(info.mc, info.m_max, info.beta)
    low = np.float32(info.mc)
    if low < info.mc:  # never below mc, whichever way float32 rounds it
        low = np.nextafter(low, np.float32(np.inf))
    magnitude = np.maximum(law.sample(len(number), rng).astype(np.float32), low)
    longitude = latitude = None
    if places is not None:
        lon, lat = places.sample(len(number), rng)
        longitude, latitude = lon.astype(np.float32), lat.astype(np.float32)
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=start_days + days,
        n_catalogues=n,
        mc=info.mc,
        catalogue=number,
        time_days=np.minimum(share[order] * days, np.nextafter(days, 0.0)),
        magnitude=magnitude,
        longitude=longitude,
        latitude=latitude,
        seed=seed,
        model=f"{info.kind} {info.catalogue_sha256[:16]}".strip(),
        is_synthetic=info.is_synthetic,
    )


class _Homogeneous:
    """The kind of model; see :class:`HomogeneousPoisson`."""

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> HomogeneousPoisson:
        """Return the mean rate of the targets.

        Raises
        ------
        DataError
            If there are no targets, or fewer than two different magnitudes.
        SettingsError
            If an option is not known.
        """
        options = fit_options("poisson", settings, _OPTIONS)
        begun, cpu = time.perf_counter(), time.process_time()
        targets = targets_of(catalogue, settings)
        law = magnitude_law(levelled_magnitudes(targets, settings.mc), settings.mc, **options)
        n, days = len(targets), settings.end_days - settings.start_days
        region = settings.region
        area = 1.0 if region is None else region.area_km2
        rates = {"rate_per_day": n / days}
        if region is not None:
            rates["rate_per_day_km2"] = n / days / area
        return HomogeneousPoisson(
            ModelInfo(
                kind="poisson",
                settings=settings,
                beta=law.beta,
                m_max=law.m_max,
                n_events=n,
                log_likelihood=n * math.log(n / days / area) - n,
                parameters=rates,
                standard_errors={name: rate / math.sqrt(n) for name, rate in rates.items()},
                seconds=time.perf_counter() - begun,
                cpu_s=time.process_time() - cpu,
                is_synthetic=catalogue.is_synthetic,
            )
        )

    def open(self, folder: Path, info: ModelInfo) -> HomogeneousPoisson:  # noqa: ARG002
        """Return the model of a folder."""
        return HomogeneousPoisson(info)


HOMOGENEOUS = _Homogeneous()
"""Registered as ``poisson``."""
