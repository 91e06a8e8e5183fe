"""Records, errors, registry, geodesy, units, settings and provenance: what every layer shares."""

from mainshock.core.errors import (
    DataError,
    GeometryError,
    MainshockError,
    MissingDependencyError,
    ModelError,
    NothingFoundError,
    RecordError,
    RegistryError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.core.files import make_folder, replacing
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.provenance import Provenance, file_sha256
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
    Station,
    Waveform,
)
from mainshock.core.registry import Registry
from mainshock.core.settings import Settings
from mainshock.core.times import format_utc, parse_utc, to_posix_s, utc_from_posix

__all__ = [
    "Arrival",
    "CredibleRegion",
    "DataError",
    "Event",
    "GeometryError",
    "LocalFrame",
    "Magnitude",
    "MainshockError",
    "MissingDependencyError",
    "ModelError",
    "NothingFoundError",
    "Origin",
    "Pick",
    "PosteriorSamples",
    "Provenance",
    "RecordError",
    "Registry",
    "RegistryError",
    "Settings",
    "SettingsError",
    "SourceError",
    "Station",
    "UnreachableError",
    "Waveform",
    "file_sha256",
    "format_utc",
    "geodesic_azimuth_deg",
    "geodesic_distance_km",
    "make_folder",
    "parse_utc",
    "replacing",
    "to_posix_s",
    "utc_from_posix",
]
