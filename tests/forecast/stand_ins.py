"""Models whose every number is known: a steady rate, and one that events raise for a while."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.region import Region
from mainshock.forecast.residual_analysis import places_in
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)
BETA = np.log(10.0)


def info_of(region: Region | None = BOX, end_days: float = 0.0, **changes: object) -> ModelInfo:
    """A model fitted to the thousand days before ``end_days``, complete from magnitude 3."""
    settings = FitSettings(end_days - 1000.0, end_days, 3.0, region)
    made = ModelInfo("stand-in", settings, float(BETA), 8.0, 10, -1.0, {"mu": 1.0}, {"mu": 0.1})
    return replace(made, **changes)


@dataclass(frozen=True)
class Raised:
    """Rate ``mu + sum(n decay exp(-decay (t - t_i)))`` a day, even over the region.

    With ``n`` 0 it is steady. ``wrong`` multiplies the simulated rates: a model that errs.
    """

    info: ModelInfo
    mu: float = 1.0
    n: float = 0.0
    decay: float = 2.0
    wrong: float = 1.0

    @property
    def is_spatial(self) -> bool:
        return self.info.region is not None

    @property
    def area(self) -> float:
        return 1.0 if self.info.region is None else self.info.region.area_km2

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> np.ndarray:
        passed = targets.time_days[:, None] - history.time_days[None, :]
        raised = np.where(passed > 0, np.exp(-self.decay * np.maximum(passed, 0.0)), 0.0)
        return np.log((self.mu + self.n * self.decay * raised.sum(axis=1)) / self.area)

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        time = history.time_days[history.time_days < end_days]
        left = np.exp(-self.decay * np.maximum(start_days - time, 0.0))
        rest = np.exp(-self.decay * (end_days - time))
        return float(self.mu * (end_days - start_days) + self.n * (left - rest).sum())

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        rng = np.random.default_rng(seed)
        own = history.time_days[history.time_days > start_days - 20.0 / self.decay] - start_days
        counts = rng.poisson(self.wrong * self.mu * days, n)
        which, time = [np.repeat(np.arange(n), counts)], [rng.uniform(0, days, counts.sum())]
        parents = [np.repeat(np.arange(n), len(own)), np.tile(own, n)]
        while True:
            parents = [np.append(parents[0], which[-1]), np.append(parents[1], time[-1])]
            born = rng.poisson(self.wrong * self.n, len(parents[1]))
            of = np.repeat(parents[0], born)
            at = np.repeat(parents[1], born) + rng.exponential(1 / self.decay, born.sum())
            inside = (at >= 0) & (at < days)
            parents = [np.zeros(0, int), np.zeros(0)]
            if not inside.any():
                break
            which.append(of[inside])
            time.append(at[inside])
        catalogue, at = np.concatenate(which), np.concatenate(time)
        order = np.lexsort((at, catalogue))
        size = (3.0 + rng.exponential(1 / BETA, len(at))).astype(np.float32)
        places = (None, None)
        if self.info.region is not None:
            found = places_in(self.info.region, len(at), rng)
            places = tuple(one.astype(np.float32) for one in found)
        return SimulatedCatalogues(
            start_days, start_days + days, n, 3.0, catalogue[order].astype(np.int32), at[order],
            size, *places, seed=seed, model="stand-in",
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        (folder / "stand-in").write_text("")


def one_catalogue(model: Raised, start_days: float, days: float, seed: int = 0) -> Catalogue:
    """What the model itself makes of a window, as if it had happened."""
    nothing = Catalogue(np.zeros(0), np.zeros(0))
    made = model.simulate(nothing, start_days, days, 1, seed)
    places = [] if made.longitude is None else [made.longitude, made.latitude]
    return Catalogue(start_days + made.time_days, np.round(made.magnitude, 2), *places)
