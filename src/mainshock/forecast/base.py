"""What every forecast model does: past events in, rates of future ones out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["FitSettings", "ModelInfo", "ModelKind", "RateModel", "as_history", "targets_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What a model is to be fitted to.

    Parameters
    ----------
    start_days, end_days
        Events of ``start <= time < end`` are the targets; days after 1970-01-01.
    mc
        Magnitude of completeness: smaller events are neither targets nor sources.
    region
        Targets lie inside; None where the catalogue has no places.
    history_start_days
        Sources since then count; by default all of the catalogue.
    buffer_km
        Sources lie inside the region or this near to it.
    seed, threads
        Of whatever is drawn; processor threads that may be used.
    options
        Of one kind of model, by name; an unknown one is an error.
    """

    start_days: float
    end_days: float
    mc: float
    region: Region | None = None
    history_start_days: float = -np.inf
    buffer_km: float = 100.0
    seed: int = 0
    threads: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)  # numbers, text or lists of them


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a fitted model is and where it came from; stands in ``model.json``.

    Parameters
    ----------
    kind
        Its name in the registry.
    settings
        What it was fitted to.
    beta, m_max
        Magnitudes above ``mc`` are exponential, ``exp(-beta (m - mc))``, cut at ``m_max``.
    n_events
        Number of targets.
    log_likelihood
        Of the targets, nats in all: sum of ln intensity, minus the integral.
    parameters, standard_errors
        By name; a standard error is NaN where there is none.
    warnings
        What its user must know: parameters at a bound, branching ratio of 1 or more.
    seconds, cpu_s
        Of the fit, without compiling.
    catalogue, catalogue_sha256
        Name and checksum of the file.
    is_synthetic
        Whether the catalogue was made by a model.
    validated
        What was measured on later events: scores and ``horizon_days``, the longest window.
    """

    kind: str
    settings: FitSettings
    beta: float
    m_max: float
    n_events: int
    log_likelihood: float
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_s: float = 0.0
    catalogue: str = ""
    catalogue_sha256: str = ""
    is_synthetic: bool = False
    validated: Mapping[str, Any] = field(default_factory=dict)  # JSON

    @property
    def mc(self) -> float:
        """Return the magnitude from which on events are forecast."""
        return self.settings.mc

    @property
    def region(self) -> Region | None:
        """Return the region, None for a model of times alone."""
        return self.settings.region


@runtime_checkable
class RateModel(Protocol):
    """A fitted model of the conditional intensity of events of at least ``info.mc``.

    Space-time models give events a day and km^2, temporal ones events a day.
    """

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        ...

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places."""
        ...

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at the time and place of each target, shape ``(n_targets,)``.

        Only events of ``history`` with a time before the target's count, so that targets may
        stand in the history themselves. ``history`` is what :func:`as_history` gives.
        """
        ...

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the intensity integrated over the region and a window.

        The intensity at each moment knows the events of ``history`` before it.
        """
        ...

    def simulate(
        self,
        history: Catalogue,
        start_days: float,
        days: float,
        n: int,
        seed: int,
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that :meth:`ModelKind.open` needs besides ``info`` into a folder."""
        ...


@runtime_checkable
class ModelKind(Protocol):
    """A kind of model: the class of its fitted models."""

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> RateModel:
        """Fit to the targets of a catalogue; nothing at or after ``end_days`` is looked at.

        Raises
        ------
        DataError
            If there are too few targets, or the catalogue has no places and they are needed.
        """
        ...

    def open(self, folder: Path, info: ModelInfo) -> RateModel:
        """Return the model that :meth:`RateModel.save` wrote."""
        ...


def as_history(catalogue: Catalogue, settings: FitSettings, before_days: float) -> Catalogue:
    """Return the events that may be sources: complete, near the region, in the given time.

    Events at or after ``before_days`` are left out, whatever they are.
    """
    chosen = catalogue.between(settings.history_start_days, before_days).above(settings.mc)
    if settings.region is None or settings.region.is_globe:
        return chosen
    near = settings.region.buffered(settings.buffer_km)
    return chosen.take(near.contains(chosen.longitude, chosen.latitude))


def targets_of(catalogue: Catalogue, settings: FitSettings) -> Catalogue:
    """Return the events to which a model is fitted.

    Raises
    ------
    DataError
        If there are none, or they have no places and a region is given.
    """
    chosen = catalogue.between(settings.start_days, settings.end_days).above(settings.mc)
    if settings.region is not None:
        if not chosen.has_places:
            raise DataError(
                "events of the catalogue have no longitude or latitude; fit a temporal model, "
                "such as etas-temporal"
            )
        chosen = chosen.take(settings.region.contains(chosen.longitude, chosen.latitude))
    if len(chosen) == 0:
        raise DataError(
            f"no event of magnitude {settings.mc:g} or more in the region and the window; "
            "check --mc, --region, --from and --to"
        )
    return chosen
