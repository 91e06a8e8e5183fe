"""A fitted space-time ETAS model."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.background import BackgroundKernels, KernelSettings
from mainshock.forecast.etas.coverage import Coverage
from mainshock.forecast.etas.events import Places, Sources, Targets, inside_of
from mainshock.forecast.etas.law import TriggeringLaw, Variation
from mainshock.forecast.etas.likelihood import expectation, triggered
from mainshock.forecast.etas.lineage import Lineage
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.past import FittedBackground, Past
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["SpaceTimeEtas"]

FloatArray = NDArray[np.float64]
_NUMBERS, _ARRAYS = "etas.json", "etas.npz"
_LINEAGE = fields(Lineage)


@dataclass(frozen=True, slots=True, eq=False)
class SpaceTimeEtas:
    """A fitted space-time ETAS model: intensity, integral, simulation.

    Parameters
    ----------
    info
        What it is. ``info.parameters`` are those of ``law``.
    parameters
        Of the plain law, one for all events, on the same background: by it activity is defined.
    background
        Density of background events over the region at the end of the fit; None where it is
        uniform.
    completeness
        What part of the events is seen after large ones; None where all are taken as seen.
    covariance
        Of the vector of ``parameters`` (:mod:`mainshock.forecast.etas.transform`), ``(9, 9)``.
    law
        The law that intensities and integrals follow; it may vary between events.
    background_days
        Times of the events at the kernels of the background.
    kernel_settings
        How events since the fit are smoothed.
    levels
        Moments at which the completeness over the years changes, and its values.
    lineage
        How active simulated events are; None where the law does not depend on it.
    """

    info: ModelInfo
    parameters: EtasParameters
    background: SmoothedPlaces | None
    completeness: ShortTermCompleteness | None
    covariance: FloatArray
    law: TriggeringLaw
    background_days: FloatArray
    kernel_settings: KernelSettings = field(default_factory=KernelSettings)
    levels: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    lineage: Lineage | None = None
    _kept: dict[str, Any] = field(init=False, repr=False, default_factory=dict)  # see `past`

    def __post_init__(self) -> None:
        if self.info.region is None:
            raise DataError("a space-time model needs a region; give --region")

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: yes."""
        return True

    @property
    def region(self) -> Region:
        """Return the region."""
        region = self.info.region
        if region is None:
            raise DataError("a space-time model needs a region; give --region")
        return region

    @property
    def coverage(self) -> Coverage:
        """Return what part of the events the catalogue holds."""
        return Coverage(self.info.mc, self.info.beta, self.completeness, *self.levels)

    def past(self, history: Catalogue) -> Past:
        """Return what the model makes of past events; the last answer is kept.

        What it makes of an event depends on none after it, so that the answer for a longer
        history serves shorter ones too.
        """
        kept: Past | None = self._kept.get("past")
        n = len(history)
        if kept is None or len(kept.catalogue) < n or not _begins_with(kept.catalogue, history):
            kept = Past.of(
                history,
                self.region,
                TriggeringLaw(self.parameters),
                self._fitted_background(),
                self.info.settings.threads,
            )
            self._kept["past"] = kept
        return kept.before(n)

    def sources(self, history: Catalogue) -> Sources:
        """Return past events as sources of :attr:`law`, with their activity."""
        return self.past(history).sources

    def background_at(
        self, history: Catalogue, start_days: float
    ) -> tuple[SmoothedPlaces | None, FloatArray]:
        """Return the background with what it has learnt since the fit, until a moment.

        And its density at the events that were taken up, per km^2.
        """
        past = self.past(history)
        rows, bandwidth, weight = past.learnt_at(start_days)
        if self.background is None or past.own_density is None or len(rows) == 0:
            return self.background, np.zeros(0)
        fitted = self.background
        places = replace(
            fitted,
            longitude=np.append(fitted.longitude, history.longitude[rows]),
            latitude=np.append(fitted.latitude, history.latitude[rows]),
            bandwidth_km=np.append(fitted.bandwidth_km, bandwidth),
            weight=np.append(fitted.weight, weight),
        )
        return places, past.own_density[rows]

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at each target, events a day and km^2, shape ``(n_targets,)``.

        The part of the events that the catalogue holds is counted, where some are missed.
        """
        past = self.past(history)
        asked = Targets.of(targets, self.region, past.sources)
        found = triggered(self.law, past.sources, asked, self.info.settings.threads)[:, 0]
        density = past.density(asked, self.region.area_km2)
        intensity = np.log(self.law.parameters.mu_per_day * density + found)
        return np.asarray(intensity + self.coverage.log_share(targets.time_days, history))

    def background_probability(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return the probability that nothing triggered each target, shape ``(n_targets,)``."""
        past = self.past(history)
        asked = Targets.of(targets, self.region, past.sources)
        found = triggered(self.law, past.sources, asked, self.info.settings.threads)[:, 0]
        background = self.law.parameters.mu_per_day * past.density(asked, self.region.area_km2)
        return np.asarray(background / (background + found))

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the intensity integrated over the region and a window.

        The part of the events that the catalogue holds is counted, where some are missed.
        """
        before = history.between(-np.inf, end_days)
        past = self.past(before)
        window = self.coverage.window(before, start_days, end_days, past.sources.time_days)
        return expectation(self.law, past.sources, past.crossings, window).number

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it."""
        from mainshock.forecast.etas.simulation import simulate  # noqa: PLC0415 - it imports this

        return simulate(self, history, start_days, days, n, seed)

    def save(self, folder: Path) -> None:
        """Write all that :meth:`open` needs besides ``info`` into a folder."""
        wake = self.completeness
        document = {
            "parameters": self.parameters.as_dict(),
            "law": self.law.parameters.as_dict(),
            "variation": self.law.variation.as_dict(),
            "completeness": None if wake is None else asdict(wake),
            "kernel_settings": asdict(self.kernel_settings),
            "levels": self.levels,
            "floor": None if self.background is None else self.background.floor,
        }
        (folder / _NUMBERS).write_text(json.dumps(document, indent=2) + "\n")
        arrays = {"covariance": self.covariance}
        if self.background is not None:
            arrays |= {
                "longitude": self.background.longitude,
                "latitude": self.background.latitude,
                "bandwidth_km": self.background.bandwidth_km,
                "weight": self.background.weight,
                "background_days": self.background_days,
            }
        if self.lineage is not None:
            arrays |= {f"lineage_{one.name}": getattr(self.lineage, one.name) for one in _LINEAGE}
        np.savez_compressed(folder / _ARRAYS, **arrays)  # type: ignore[arg-type]  # stub: allow_pickle

    @classmethod
    def open(cls, folder: Path, info: ModelInfo) -> "SpaceTimeEtas":
        """Return the model that :meth:`save` wrote.

        Raises
        ------
        ModelError
            If its files are missing or cannot be read.
        """
        try:
            document = json.loads((folder / _NUMBERS).read_text())
            with (folder / _ARRAYS).open("rb") as file, np.load(file) as stored:
                arrays = {name: stored[name] for name in stored.files}
            return cls._from(document, arrays, info)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise ModelError(
                f"{folder} holds no space-time ETAS model that can be read ({error}); fit it again"
            ) from error

    @classmethod
    def _from(
        cls, document: dict[str, Any], arrays: dict[str, FloatArray], info: ModelInfo
    ) -> "SpaceTimeEtas":
        background, wake = None, document["completeness"]
        if "weight" in arrays and info.region is not None:
            background = SmoothedPlaces(
                info.region,
                arrays["longitude"],
                arrays["latitude"],
                arrays["bandwidth_km"],
                arrays["weight"],
                document["floor"],
            )
        since, level = document["levels"]
        return cls(
            info=info,
            parameters=EtasParameters.from_dict(document["parameters"]),
            background=background,
            completeness=None if wake is None else ShortTermCompleteness(**wake),
            covariance=arrays["covariance"],
            law=TriggeringLaw(
                EtasParameters.from_dict(document["law"]),
                Variation.from_dict(document["variation"]),
            ),
            background_days=arrays.get("background_days", np.zeros(0)),
            kernel_settings=KernelSettings(**document["kernel_settings"]),
            levels=(tuple(since), tuple(level)),
            lineage=_lineage(arrays),
        )

    def _fitted_background(self) -> FittedBackground | None:
        """Return the background in the form in which it learns."""
        if self.background is None:
            return None
        known = Catalogue(
            self.background_days,
            np.zeros(len(self.background_days)),
            self.background.longitude,
            self.background.latitude,
        )
        h = np.asarray(self.background.bandwidth_km)
        inside, _, _ = inside_of(self.region, known).share(h**2, 0.5)
        kernels = BackgroundKernels(
            self.region.area_km2,
            self.kernel_settings,
            np.ascontiguousarray(Places(self.region).of(known).T),
            h,
            np.asarray(self.background.weight),
            inside,
            self.info.settings.threads,
        )
        return FittedBackground(kernels, self.background_days, self.info.settings.end_days)


def _lineage(arrays: dict[str, FloatArray]) -> Lineage | None:
    if "lineage_activity" not in arrays:
        return None
    return Lineage(**{one.name: arrays[f"lineage_{one.name}"] for one in _LINEAGE})


def _begins_with(longer: Catalogue, shorter: Catalogue) -> bool:
    """Return whether the first events of one catalogue are those of the other."""
    n = len(shorter)
    names = ("time_days", "magnitude", "longitude", "latitude")
    return all(np.array_equal(getattr(longer, one)[:n], getattr(shorter, one)) for one in names)
