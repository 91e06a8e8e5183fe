"""Past places smoothed with adaptive kernels, at a constant rate: the baseline of all gains."""

import math
import time
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.forecast.bandwidths import MIN_BANDWIDTH_KM, neighbour_distances
from mainshock.forecast.base import FitSettings, ModelInfo, as_history, targets_of
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.magnitudes import levelled_magnitudes, magnitude_law
from mainshock.forecast.poisson import poisson_catalogues
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["ADAPTIVE", "AdaptivePoisson", "ChosenBandwidth", "choose_bandwidth"]

FloatArray = NDArray[np.float64]
_OPTIONS: dict[str, Any] = {  # what they hold is stated in the class below
    "neighbour": None,
    "min_bandwidth_km": None,
    "floor": 0.01,
    "weights": (),
    "m_max": None,
}
_NEIGHBOURS = (1, 2, 3, 5, 7, 10)
_MIN_BANDWIDTHS_KM = (0.25, MIN_BANDWIDTH_KM, 1.0, 2.0, 4.0, 6.0, 10.0, 20.0)
_ROUNDS = 3
_LATER_SHARE = 1 / 3  # of the window: where choices are tried
_MOST_TRIED = 1000
_LEAST_TRIED = 30
_USUAL_NEIGHBOUR, _USUAL_MIN_KM = 5, 2.0
_FILE = "places.npz"


@dataclass(frozen=True, slots=True, eq=False)
class AdaptivePoisson:
    """A constant rate, spread over the region as past events were.

    Parameters
    ----------
    info
        With the parameter ``rate_per_day``.
    places
        The density.

    References
    ----------
    Helmstetter, Kagan and Jackson (2007), https://doi.org/10.1785/gssrl.78.1.78
    """

    info: ModelInfo
    places: SmoothedPlaces

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: yes."""
        return True

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:  # noqa: ARG002
        """Return ln intensity at each target, events a day and km^2, shape ``(n_targets,)``."""
        density = self.places.density(targets.longitude, targets.latitude)
        return np.log(self.info.parameters["rate_per_day"] * density)

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:  # noqa: ARG002
        """Return the expected number of events in the region and a window."""
        return self.info.parameters["rate_per_day"] * (end_days - start_days)

    def simulate(
        self,
        history: Catalogue,  # noqa: ARG002
        start_days: float,
        days: float,
        n: int,
        seed: int,
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window."""
        rate = self.info.parameters["rate_per_day"]
        return poisson_catalogues(self.info, rate, self.places, start_days, days, n, seed)

    def save(self, folder: Path) -> None:
        """Write the kernels into a folder."""
        one = self.places
        np.savez(
            folder / _FILE,
            longitude=one.longitude,
            latitude=one.latitude,
            bandwidth_km=one.bandwidth_km,
            weight=one.weight,
            floor=np.asarray(one.floor),
        )


@dataclass(frozen=True, slots=True)
class ChosenBandwidth:
    """What makes later events most likely.

    Parameters
    ----------
    neighbour
        Bandwidths are the distance to that neighbour,
    min_km
        at least so much.
    n_tried
        Number of later events that chose; 0 where there were too few and usual values stand.
    """

    neighbour: int
    min_km: float
    n_tried: int


def choose_bandwidth(
    history: Catalogue,
    targets: Catalogue,
    region: Region,
    split_days: float,
    floor: float,
    neighbour: int | None = None,
    min_km: float | None = None,
) -> ChosenBandwidth:
    """Return the neighbour and smallest bandwidth that make the later targets most likely.

    Kernels stand at the events before the split alone. Neighbour and smallest bandwidth are chosen
    in turn, each with the other as it is, until neither changes.

    Parameters
    ----------
    history
        Where kernels may stand.
    targets
        Events of the window; those after ``split_days`` are tried.
    region
        The density integrates to 1 within.
    split_days
        Between earlier and later, days after 1970-01-01.
    floor
        Share of the density that is uniform.
    neighbour, min_km
        As they are to be, if not chosen.
    """
    before = history.between(-math.inf, split_days)
    later = targets.between(split_days, math.inf)
    best, least = neighbour or _USUAL_NEIGHBOUR, min_km or _USUAL_MIN_KM
    if min(len(before), len(later)) < _LEAST_TRIED or (neighbour and min_km):
        return ChosenBandwidth(best, least, 0)
    every = np.linspace(0, len(later) - 1, min(len(later), _MOST_TRIED)).astype(np.int64)
    tried = later.take(np.unique(every))
    distances = neighbour_distances(before.longitude, before.latitude, max(*_NEIGHBOURS, best))

    @cache
    def score(order: int, km: float) -> float:
        width = np.maximum(distances[:, order - 1], km)
        places = SmoothedPlaces(
            region, before.longitude, before.latitude, width, np.ones(len(width)), floor
        )
        return float(np.log(places.density(tried.longitude, tried.latitude)).mean())

    for _ in range(_ROUNDS):
        last = best, least
        if min_km is None:
            least = max(_MIN_BANDWIDTHS_KM, key=partial(score, best))
        if neighbour is None:
            best = max(_NEIGHBOURS, key=partial(score, km=least))
        if last == (best, least):
            break
    return ChosenBandwidth(best, least, len(tried))


class _Adaptive:
    """The kind of model; see :class:`AdaptivePoisson`.

    Options: ``neighbour`` and ``min_bandwidth_km`` instead of chosen ones; ``floor``, the uniform
    share; ``weights``, one number for each event of the history (of declustering, for instance);
    ``m_max``.
    """

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> AdaptivePoisson:
        """Return the mean rate of the targets, spread as the events of the history.

        The order of the neighbour and the smallest bandwidth are chosen on the last third of the
        window with kernels at the events before it; then kernels stand at all events.

        Raises
        ------
        DataError
            If there are no targets or places, no region, or fewer than two events in the history.
        SettingsError
            If an option is not known.
        """
        options = fit_options("poisson-adaptive", settings, _OPTIONS)
        begun, cpu = time.perf_counter(), time.process_time()
        if settings.region is None:
            raise DataError("poisson-adaptive needs a region; give one, or use poisson")
        targets = targets_of(catalogue, settings)
        history = as_history(catalogue, settings, settings.end_days)
        weight = _weights(options.pop("weights"), len(history))
        law = magnitude_law(
            levelled_magnitudes(targets, settings.mc), settings.mc, options["m_max"]
        )
        places, chosen = _smoothed(history, targets, settings, weight, options)
        kept = {name: one for name, one in settings.options.items() if name != "weights"}
        rate = len(targets) / (settings.end_days - settings.start_days)
        density = places.density(targets.longitude, targets.latitude)
        info = ModelInfo(
            kind="poisson-adaptive",
            settings=replace(settings, options=kept),
            beta=law.beta,
            m_max=law.m_max,
            n_events=len(targets),
            log_likelihood=float(np.log(rate * density).sum()) - len(targets),
            parameters={
                "rate_per_day": rate,
                "neighbour": float(chosen.neighbour),
                "min_bandwidth_km": chosen.min_km,
                "floor": float(options["floor"]),
            },
            standard_errors={"rate_per_day": rate / math.sqrt(len(targets))},
            seconds=time.perf_counter() - begun,
            cpu_s=time.process_time() - cpu,
            is_synthetic=catalogue.is_synthetic,
        )
        return AdaptivePoisson(info, places)

    def open(self, folder: Path, info: ModelInfo) -> AdaptivePoisson:
        """Return the model of a folder.

        Raises
        ------
        ModelError
            If its kernels cannot be read.
        """
        if info.region is None:
            raise ModelError(f"the model in {folder} has no region; fit it again")
        try:
            with (folder / _FILE).open("rb") as file, np.load(file) as stored:
                columns = {name: np.asarray(stored[name]) for name in stored.files}
            floor = float(columns.pop("floor"))
            return AdaptivePoisson(info, SmoothedPlaces(info.region, **columns, floor=floor))
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise ModelError(
                f"{folder / _FILE} cannot be read ({error}); fit the model again"
            ) from error


def _smoothed(
    history: Catalogue,
    targets: Catalogue,
    settings: FitSettings,
    weight: FloatArray,
    options: dict[str, Any],
) -> tuple[SmoothedPlaces, ChosenBandwidth]:
    """Return the density of all events of the history, and how wide its kernels are."""
    assert settings.region is not None  # checked before
    order = options["neighbour"]
    chosen = choose_bandwidth(
        history,
        targets,
        settings.region,
        settings.end_days - _LATER_SHARE * (settings.end_days - settings.start_days),
        float(options["floor"]),
        None if order is None else int(order),
        options["min_bandwidth_km"],
    )
    distances = neighbour_distances(history.longitude, history.latitude, chosen.neighbour)
    places = SmoothedPlaces(
        settings.region,
        history.longitude,
        history.latitude,
        np.maximum(distances[:, -1], chosen.min_km),
        weight if len(weight) else np.ones(len(history)),
        float(options["floor"]),
    )
    return places, chosen


def _weights(given: ArrayLike, n: int) -> FloatArray:
    weight = np.asarray(given, dtype=np.float64)
    if len(weight) not in (0, n):
        raise DataError(
            f"{len(weight)} weights for {n} events of the history; give one for each event of "
            "at least mc in the region and its buffer before the end"
        )
    return weight


ADAPTIVE = _Adaptive()
"""Registered as ``poisson-adaptive``."""
