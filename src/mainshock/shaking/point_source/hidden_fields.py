"""The named hidden fields of a made-up region: what differs from place to place."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import RegistryError
from mainshock.shaking.point_source.settings import PointSourceSettings

__all__ = ["FIELD_NAMES", "GaussianField", "HiddenFields", "open_fields"]

FloatArray = NDArray[np.float64]

FIELD_NAMES = (
    "source_stress",  # ln factor on the stress drop, at the epicentre
    "path_attenuation",  # ln factor on 1/Q, along the ray
    "site_low",  # ln amplification at low frequencies, at the site
    "site_high",  # ln amplification at high frequencies, at the site
    "site_kappa",  # ln factor on kappa, at the site
)
_N_WAVES = 256
_RAY_POINTS = 16
_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class GaussianField:
    """A Gaussian random field on the plane whose correlation falls as ``exp(-distance/length)``.

    It is a sum of cosines, so it has a value everywhere and needs no grid.

    Parameters
    ----------
    sd
        Standard deviation.
    wave_numbers
        Radians a km, shape ``(n_waves, 2)``.
    phases
        Radians, shape ``(n_waves,)``.
    """

    sd: float
    wave_numbers: FloatArray
    phases: FloatArray

    @classmethod
    def drawn(cls, sd: float, length_km: float, rng: np.random.Generator) -> "GaussianField":
        """Return a field; the wave numbers of an exponential correlation follow a Cauchy law."""
        waves = rng.standard_normal((_N_WAVES, 2))
        waves /= np.abs(rng.standard_normal((_N_WAVES, 1))) * length_km
        return cls(sd, waves, rng.uniform(0.0, 2.0 * np.pi, _N_WAVES))

    def at(self, east_km: FloatArray, north_km: FloatArray) -> FloatArray:
        """Return the field at places, in the shape of these."""
        shape = np.broadcast_shapes(east_km.shape, north_km.shape)
        places = np.stack([np.broadcast_to(one, shape).ravel() for one in (east_km, north_km)], 1)
        values = np.concatenate([self._block(places[one]) for one in _blocks(len(places))])
        return values.reshape(shape)

    def along(self, source: FloatArray, site: FloatArray) -> FloatArray:
        """Return the mean of ``exp(field)`` on straight lines between points ``(n_rows, 2)``."""
        share = (np.arange(_RAY_POINTS) + 0.5) / _RAY_POINTS
        points = source[:, None, :] + share[:, None] * (site - source)[:, None, :]
        return np.asarray(np.exp(self.at(points[..., 0], points[..., 1])).mean(axis=1))

    def _block(self, places: FloatArray) -> FloatArray:
        waves = np.cos(places @ self.wave_numbers.T + self.phases)
        return np.asarray(self.sd * np.sqrt(2.0 / self.phases.size) * waves.sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class HiddenFields:
    """The fields of one region, by name."""

    fields: Mapping[str, GaussianField]

    def __getitem__(self, name: str) -> GaussianField:
        """Return a field.

        Raises
        ------
        RegistryError
            If there is none of this name.
        """
        if name not in self.fields:
            raise RegistryError(f"no hidden field {name!r}; there are {', '.join(FIELD_NAMES)}")
        return self.fields[name]


def open_fields(settings: PointSourceSettings, seed: int) -> HiddenFields:
    """Return the fields that belong to a seed: each depends on the seed and its own name alone."""
    shapes = {
        "source_stress": (settings.stress_field_ln_sd, settings.stress_length_km),
        "path_attenuation": (settings.path_field_ln_sd, settings.path_length_km),
        "site_low": (settings.site_field_ln_sd, settings.site_length_km),
        "site_high": (settings.site_field_ln_sd, settings.site_length_km),
        "site_kappa": (settings.kappa_field_ln_sd, settings.kappa_length_km),
    }
    return HiddenFields(
        {
            name: GaussianField.drawn(
                sd, length_km, np.random.default_rng([seed, zlib.crc32(name.encode())])
            )
            for name, (sd, length_km) in shapes.items()
        }
    )


def _blocks(n: int) -> Iterator[slice]:
    """Return slices that keep the waves of a map of many places small in memory."""
    return (slice(start, start + _BLOCK) for start in range(0, max(n, 1), _BLOCK))
