"""What a simulation is made of, read from YAML or JSON; unknown keys are errors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from mainshock.core.errors import MissingDependencyError, SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.base import LocationMethod
from mainshock.locate.catalogue_prior import prior_from_catalogue
from mainshock.locate.priors import GaussianMixturePrior, Prior
from mainshock.locate.registry import LOCATION_METHODS, open_velocity_model
from mainshock.locate.simulate import PickErrors, Simulation
from mainshock.locate.simulation_sources import (
    BoxSources,
    CatalogueSources,
    Hypocentres,
    MixtureSources,
    Sources,
)
from mainshock.sources.stations import read_stations
from mainshock.sources.tables import read_catalogue

__all__ = [
    "Cluster",
    "Network",
    "SimulationConfig",
    "SourceModel",
    "Told",
    "changed_config",
    "read_config",
]

_FORBID = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Network:
    """Stations from a file, or ``n`` of them around a centre; one stands on the centre.

    Parameters
    ----------
    file
        CSV, Parquet or StationXML; None: they are generated.
    n, aperture_km, seed
        Number of stations, diameter of the network, and seed of their places.
    longitude, latitude
        The centre, which is also that of the sources; degrees.
    elevation_m
        Lowest and highest station.
    """

    __pydantic_config__ = _FORBID

    file: Path | None = None
    n: int = 6
    aperture_km: float = 60.0
    longitude: float = 13.0
    latitude: float = 46.0
    elevation_m: tuple[float, float] = (0.0, 800.0)
    seed: int = 1

    def stations(self) -> list[Station]:
        """Return the stations."""
        if self.file is not None:
            return list(read_stations(self.file))
        if self.n < 1 or not self.aperture_km > 0.0:
            raise SettingsError(
                f"a network of {self.n} stations over {self.aperture_km} km is none; give at "
                "least one station and a positive aperture"
            )
        rng = np.random.default_rng(self.seed)
        angle = 2.0 * np.pi * np.arange(self.n) / self.n + rng.uniform(-0.3, 0.3, self.n)
        away_km = 0.5 * self.aperture_km * rng.uniform(0.4, 1.0, self.n) * (self.n > 1)
        elevation_m = rng.uniform(*self.elevation_m, self.n)
        longitude, latitude = self.frame().to_geographic(
            away_km * np.sin(angle), away_km * np.cos(angle)
        )
        return [
            Station("XX", f"S{i}", float(longitude[i]), float(latitude[i]), float(elevation_m[i]))
            for i in range(self.n)
        ]

    def frame(self) -> LocalFrame:
        """Return the local frame around the centre."""
        return LocalFrame(self.longitude, self.latitude)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Gaussian cluster of events.

    Parameters
    ----------
    mean_km
        East, north, down from the network's centre.
    sd_km
        Along its strike, across, and in depth.
    strike_deg
        Clockwise from north.
    weight
        Share of events, scaled to sum to 1.
    """

    __pydantic_config__ = _FORBID

    mean_km: tuple[float, float, float]
    sd_km: tuple[float, float, float] = (5.0, 2.0, 3.0)
    strike_deg: float = 0.0
    weight: float = 1.0

    def covariance_km2(self) -> NDArray[np.float64]:
        """Return the covariance, east, north, down; shape ``(3, 3)``."""
        sine, cosine = np.sin(np.radians(self.strike_deg)), np.cos(np.radians(self.strike_deg))
        turn = np.array([[sine, cosine, 0.0], [cosine, -sine, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(turn @ np.diag(np.square(self.sd_km)) @ turn.T)


@dataclass(frozen=True, slots=True)
class SourceModel:
    """Where events happen: evenly in a box, in clusters, or where a catalogue has them.

    Parameters
    ----------
    half_width_km, depth_km
        The box around the network's centre; its depths hold for clusters and catalogue too.
    clusters, background
        With at least one cluster, events come from the Gaussian mixture, and a share of
        ``background`` from the box.
    catalogue, jitter_km, n_components
        A file: its rows are drawn, moved by ``jitter_km`` (horizontal, vertical). The prior that
        is told is a mixture of ``n_components`` fitted to it.
    """

    __pydantic_config__ = _FORBID

    half_width_km: float = 30.0
    depth_km: tuple[float, float] = (0.0, 20.0)
    clusters: tuple[Cluster, ...] = ()
    background: float = 0.03
    catalogue: Path | None = None
    jitter_km: tuple[float, float] = (1.0, 1.0)
    n_components: int = 6

    def __post_init__(self) -> None:
        if not (self.half_width_km > 0.0 and self.depth_km[0] < self.depth_km[1]):
            raise SettingsError(
                f"sources of half width {self.half_width_km} km and depths {self.depth_km} km "
                "have no volume; the shallower depth comes first"
            )
        if self.clusters and self.catalogue is not None:
            raise SettingsError("sources come from clusters or from a catalogue; give one of them")

    def sources(self, frame: LocalFrame) -> Sources:
        """Return what events are drawn from."""
        half = self.half_width_km
        box = BoxSources(frame, (-half, -half, self.depth_km[0]), (half, half, self.depth_km[1]))
        if self.catalogue is not None:
            table = read_catalogue(self.catalogue).dropna(subset=["depth_km"])
            places = (table[name].to_numpy(float) for name in Hypocentres._fields)
            return CatalogueSources(Hypocentres(*places), box, self.jitter_km, self.n_components)
        if not self.clusters:
            return box
        mixture = GaussianMixturePrior(
            frame,
            np.array([cluster.weight for cluster in self.clusters]),
            np.array([cluster.mean_km for cluster in self.clusters]),
            np.array([cluster.covariance_km2() for cluster in self.clusters]),
            self.background,
            box.volume_km3,
        )
        return MixtureSources(mixture, box)


@dataclass(frozen=True, slots=True)
class Told:
    """What the locator is told where that is not the truth: shows the harm of wrong beliefs.

    Parameters
    ----------
    sigma_s, model_error, outlier_share, outlier_window_s, back_azimuth_sigma_deg, \
    azimuth_outlier_share
        As in the errors; None: the truth.
    outliers_unknown
        Leave the outlier share and window of picks to the locator's defaults.
    velocity
        Another velocity model.
    prior
        ``sources``: the density that events are drawn from; ``catalogue``: what the locator makes
        of ``n_past`` events drawn from it, as it would of a real catalogue; ``none``: uniform.
    """

    __pydantic_config__ = _FORBID

    sigma_s: tuple[float, float] | None = None
    model_error: float | None = None
    outlier_share: float | None = None
    outlier_window_s: float | None = None
    outliers_unknown: bool = False
    back_azimuth_sigma_deg: float | None = None
    azimuth_outlier_share: float | None = None
    velocity: str | None = None
    prior: Literal["sources", "catalogue", "none"] = "none"
    n_past: int = 2000

    def errors(self, truth: PickErrors) -> PickErrors:
        """Return the errors that are claimed."""
        names = (
            "sigma_s", "model_error", "outlier_share", "outlier_window_s",
            "back_azimuth_sigma_deg", "azimuth_outlier_share",
        )  # fmt: skip
        claimed = {name: getattr(self, name) for name in names}
        return replace(truth, **{k: value for k, value in claimed.items() if value is not None})


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """A whole simulation: the truth, what the locator is told, and how it locates.

    Parameters
    ----------
    name, description
        Of the case.
    network, velocity, sources, phases, errors
        The truth.
    told
        What the locator believes instead.
    method, options
        The location method, and fields of it such as ``n_nodes``.
    """

    __pydantic_config__ = _FORBID

    name: str = "simulation"
    description: str = ""
    network: Network = Network()
    velocity: str = "constant:6.0,3.46"
    sources: SourceModel = SourceModel()
    phases: tuple[Literal["P", "S"], ...] = ("P", "S")
    errors: PickErrors = field(default_factory=PickErrors)
    told: Told = Told()
    method: str = "grid"
    options: Mapping[str, Any] = field(default_factory=dict)  # whatever the method has

    def simulation(self) -> Simulation:
        """Return the simulation.

        Raises
        ------
        SettingsError, SourceError, DataError
            If a number makes no sense or a file cannot be read.
        """
        return Simulation(
            self.network.stations(),
            open_velocity_model(self.velocity),
            self.sources.sources(self.network.frame()),
            self.errors,
            self.told.errors(self.errors),
            self.phases,
        )

    def locator(self) -> LocationMethod:
        """Return the location method with what it is told.

        Raises
        ------
        SettingsError
            If the method does not have one of the options.
        """
        claimed = self.told.errors(self.errors)
        fields: dict[str, Any] = {
            "model_error": claimed.model_error,
            "azimuth_outlier_probability": claimed.azimuth_outlier_share,
        }
        if not self.told.outliers_unknown:
            fields["outlier_probability"] = claimed.outlier_share
            fields["outlier_window_s"] = claimed.outlier_window_s
        if self.told.prior != "none":
            fields["prior"] = self._prior()
            fields["depth_range_km"] = self.sources.depth_km
        travel_times = open_velocity_model(self.told.velocity or self.velocity)
        try:
            method = LOCATION_METHODS.load(self.method)
            return method(travel_times=travel_times, **(fields | dict(self.options)))
        except TypeError as error:
            raise SettingsError(f"location method {self.method!r}: {error}") from error

    def past_events(self) -> Hypocentres:
        """Return the hypocentres of past events, from the same sources as the simulated ones."""
        sources = self.sources.sources(self.network.frame())
        return sources.draw(self.told.n_past, np.random.default_rng(self.network.seed))

    def _prior(self) -> Prior:
        if self.told.prior == "catalogue":
            return prior_from_catalogue(*self.past_events())
        return self.sources.sources(self.network.frame()).prior()

    def as_dict(self) -> dict[str, Any]:
        """Return all values, ready for JSON."""
        document: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return document


_ADAPTER = TypeAdapter(SimulationConfig)


def read_config(path: Path) -> SimulationConfig:
    """Return the simulation that a YAML or JSON file states; what it leaves out has its default.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a key is unknown or makes no sense.
    MissingDependencyError
        If it is YAML and PyYAML is not installed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else _from_yaml(path, text)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is no usable simulation: {error}") from error
    return _validated(content, str(path))


def changed_config(config: SimulationConfig, changes: Sequence[str]) -> SimulationConfig:
    """Return the simulation with values changed.

    Parameters
    ----------
    changes
        Each ``KEY=VALUE`` with the key's parts joined by dots and the value as JSON or bare text.

    Raises
    ------
    SettingsError
        If a key is unknown or a value makes no sense.

    Examples
    --------
    >>> changed_config(SimulationConfig(), ["errors.outlier_share=0.1"]).errors.outlier_share
    0.1
    """
    document = config.as_dict()
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise SettingsError(f"{change!r} changes nothing; write KEY=VALUE, as in network.n=4")
        *parents, last = key.strip().split(".")
        place = document
        for name in parents:
            place = place.get(name) if isinstance(place, dict) else None  # type: ignore[assignment]
        if not isinstance(place, dict):
            raise SettingsError(f"{key!r} is no key of a simulation; see the documentation")
        try:
            place[last] = json.loads(text)
        except ValueError:
            place[last] = text
    return _validated(document, "the changes")


def _validated(content: object, origin: str) -> SimulationConfig:
    try:
        return _ADAPTER.validate_python(content)
    except (ValidationError, SettingsError) as error:
        raise SettingsError(f"{origin}: no usable simulation: {error}") from error


def _from_yaml(path: Path, text: str) -> object:
    try:
        import yaml  # noqa: PLC0415  # not part of the base install
    except ImportError as error:
        raise MissingDependencyError(
            f"{path} is YAML, which needs PyYAML; install it or write the file as JSON"
        ) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is no usable simulation: {error}") from error
