"""Median Fourier spectra of a point source: Brune's source, a path that damps, a site."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mainshock.core.geo import LocalFrame
from mainshock.shaking.point_source.hidden_fields import HiddenFields, open_fields
from mainshock.shaking.point_source.settings import PointSourceSettings

__all__ = ["Rays", "corner_frequency_hz", "median_spectrum", "true_ln_fas", "true_map"]

FloatArray = NDArray[np.float64]

_RADIATION = 0.55  # mean over the focal sphere
_FREE_SURFACE = 2.0
_ONE_HORIZONTAL = 0.7071  # the energy of S divides into two components
_P_CORNER = 1.5  # the corner of P to that of S
_BAND = 1.12
_BAND_POINTS = 9


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Straight rays from sources to sites, one a row.

    Parameters
    ----------
    magnitude, depth_km, stress_ln
        Moment magnitude, depth of the source, and the event's own ln factor on the stress drop,
        shape ``(n_rows,)``.
    source_km, site_km
        East and north of the region's centre, shape ``(n_rows, 2)``.
    """

    magnitude: FloatArray
    depth_km: FloatArray
    stress_ln: FloatArray
    source_km: FloatArray
    site_km: FloatArray

    def __len__(self) -> int:
        """Return the number of rays."""
        return int(self.magnitude.size)

    def take(self, rows: slice) -> "Rays":
        """Return some rays."""
        return Rays(
            self.magnitude[rows], self.depth_km[rows], self.stress_ln[rows],
            self.source_km[rows], self.site_km[rows],
        )  # fmt: skip

    def distance_km(self) -> FloatArray:
        """Return the length of each ray."""
        return np.hypot(np.hypot(*(self.site_km - self.source_km).T), self.depth_km)


def median_spectrum(
    settings: PointSourceSettings,
    fields: HiddenFields,
    rays: Rays,
    frequency_hz: FloatArray,
    phase: Literal["P", "S"] = "S",
) -> FloatArray:
    """Return the Fourier amplitude of acceleration of one phase.

    Parameters
    ----------
    settings
        Constants.
    fields
        What differs from place to place.
    rays
        Sources and sites.
    frequency_hz
        Shape ``(n_frequencies,)``.
    phase
        ``S``: on one horizontal component. ``P``: on the vertical one.

    Returns
    -------
    ndarray
        m/s, shape ``(n_rows, n_frequencies)``, without terms of single records.

    References
    ----------
    .. [1] J. N. Brune (1970), J. Geophys. Res. 75, 4997-5009, doi:10.1029/JB075i026p04997.
    .. [2] D. M. Boore (2003), Pure Appl. Geophys. 160, 635-676, doi:10.1007/PL00012553.
    """
    is_p = phase == "P"
    corner_hz = corner_frequency_hz(settings, fields, rays)
    source = _column(_moment_n_m(rays)) * (2.0 * np.pi * frequency_hz) ** 2
    source /= 1.0 + (frequency_hz / _column(corner_hz * (_P_CORNER if is_p else 1.0))) ** 2
    speed_m_s = 1000.0 * settings.s_speed_km_s
    share = settings.p_share if is_p else 1.0
    constant = share * _RADIATION * _FREE_SURFACE * _ONE_HORIZONTAL
    constant /= 4.0 * np.pi * settings.density_kg_m3 * speed_m_s**3
    ln_rest = _ln_path(settings, fields, rays, frequency_hz, is_p=is_p)
    ln_rest += _ln_site(settings, fields, rays, frequency_hz)
    return np.asarray(constant * source * np.exp(ln_rest))


def corner_frequency_hz(
    settings: PointSourceSettings, fields: HiddenFields, rays: Rays
) -> FloatArray:
    """Return the corner frequency of S of each ray's event, shape ``(n_rows,)``.

    It is ``0.49 speed (stress drop / moment)^(1/3)``, with the event's own stress drop and that
    of its place.
    """
    stress_ln = rays.stress_ln + fields["source_stress"].at(*rays.source_km.T)
    stress_pa = 1e6 * settings.stress_drop_mpa * np.exp(stress_ln)
    return np.asarray(490.0 * settings.s_speed_km_s * np.cbrt(stress_pa / _moment_n_m(rays)))


def true_ln_fas(
    settings: PointSourceSettings,
    fields: HiddenFields,
    rays: Rays,
    frequencies_hz: Sequence[float],
) -> FloatArray:
    """Return the hidden truth: ln of the Fourier amplitude, without event and record terms.

    It is the expected power of the east component, S, P and noise together, over the band from
    ``f/1.12`` to ``1.12 f``. The mean logarithm of records lies 0.03 (high) to 0.12 (low
    frequencies) below it, as a short record has few independent values within a band.

    Parameters
    ----------
    settings, fields, rays
        As in :func:`median_spectrum`; ``stress_ln`` of the rays is not used.
    frequencies_hz
        Centres of the bands.

    Returns
    -------
    ndarray
        ln of m/s, shape ``(n_rows, n_frequencies)``.
    """
    usual = Rays(
        rays.magnitude, rays.depth_km, np.zeros(len(rays)), rays.source_km, rays.site_km
    )  # fmt: skip
    duration_s = settings.n_samples / settings.sampling_rate_hz
    noise = settings.noise_m_s2**2 * duration_s / settings.sampling_rate_hz
    out = np.empty((len(rays), len(frequencies_hz)))
    for k, centre in enumerate(frequencies_hz):
        band = np.linspace(centre / _BAND, centre * _BAND, _BAND_POINTS)
        power = median_spectrum(settings, fields, usual, band, "S") ** 2 + noise
        p_wave = median_spectrum(settings, fields, usual, band, "P")
        power += (settings.horizontal_p_share * p_wave) ** 2
        out[:, k] = 0.5 * np.log(power.mean(axis=1))
    return out


def true_map(
    settings: PointSourceSettings,
    seed: int,
    source: tuple[float, float, float, float],
    longitude: FloatArray,
    latitude: FloatArray,
    frequencies_hz: Sequence[float],
) -> FloatArray:
    """Return the hidden truth at any sites for one source.

    Parameters
    ----------
    settings, seed
        As the records were made.
    source
        Magnitude, longitude, latitude (degrees) and depth (km).
    longitude, latitude
        Of the sites, shape ``(n_sites,)``.
    frequencies_hz
        Centres of the bands.

    Returns
    -------
    ndarray
        As :func:`true_ln_fas`, shape ``(n_sites, n_frequencies)``.
    """
    frame = LocalFrame(settings.longitude, settings.latitude)
    magnitude, source_longitude, source_latitude, depth_km = source
    place = np.stack(frame.to_local(source_longitude, source_latitude))
    sites = np.stack(frame.to_local(longitude, latitude), axis=-1)
    n_sites = len(sites)
    rays = Rays(
        np.full(n_sites, magnitude), np.full(n_sites, depth_km), np.zeros(n_sites),
        np.broadcast_to(place, sites.shape), sites,
    )  # fmt: skip
    return true_ln_fas(settings, open_fields(settings, seed), rays, frequencies_hz)


def _ln_path(
    settings: PointSourceSettings,
    fields: HiddenFields,
    rays: Rays,
    frequency_hz: FloatArray,
    *,
    is_p: bool,
) -> FloatArray:
    """Return ln of spreading (1/m) and of damping along the ray."""
    distance_km = rays.distance_km()
    crossover = settings.crossover_km
    far = np.sqrt(np.maximum(distance_km, crossover) / crossover)
    spreading = 1.0 / (1000.0 * np.minimum(distance_km, crossover) * far)
    speed_km_s = settings.p_speed_km_s if is_p else settings.s_speed_km_s
    factor = fields["path_attenuation"].along(rays.source_km, rays.site_km)
    quality = settings.quality_1hz * np.maximum(frequency_hz, 1e-3) ** settings.quality_exponent
    damping = np.pi * frequency_hz / quality * _column(factor * distance_km / speed_km_s)
    return np.asarray(np.log(_column(spreading)) - damping)


def _ln_site(
    settings: PointSourceSettings, fields: HiddenFields, rays: Rays, frequency_hz: FloatArray
) -> FloatArray:
    """Return ln of the amplification and of the damping under the site."""
    place = rays.site_km.T
    kappa_s = settings.kappa_s * np.exp(fields["site_kappa"].at(*place))
    low_share = 1.0 / (1.0 + (frequency_hz / settings.site_corner_hz) ** 2)
    low, high = (_column(fields[name].at(*place)) for name in ("site_low", "site_high"))
    amplification = low_share * low + (1.0 - low_share) * high
    return np.asarray(amplification - np.pi * _column(kappa_s) * frequency_hz)


def _moment_n_m(rays: Rays) -> FloatArray:
    return np.asarray(10.0 ** (1.5 * rays.magnitude + 9.05))


def _column(values: FloatArray) -> FloatArray:
    return values[:, None]
