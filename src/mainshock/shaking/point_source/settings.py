"""What the point-source generator makes up: a region, its earthquakes, and its physics."""

from dataclasses import dataclass

from mainshock.core.errors import SettingsError

__all__ = ["PointSourceSettings"]


@dataclass(frozen=True, slots=True)
class PointSourceSettings:
    """Constants of the generator; the defaults make a region of small earthquakes.

    Parameters
    ----------
    longitude, latitude
        Centre of the region, degrees.
    half_width_km
        Half the side of the square that holds sources and stations.
    least_magnitude, greatest_magnitude, b_value
        Of the moment magnitudes, drawn from a Gutenberg-Richter law cut at both ends.
    least_depth_km, greatest_depth_km
        Of the hypocentres.
    records_an_event
        Mean number of stations that record an event, the near ones more often.
    sampling_rate_hz, n_samples, start_rel_origin_s
        Of the records.
    p_speed_km_s, s_speed_km_s, density_kg_m3
        Of the crust; rays are straight.
    stress_drop_mpa, stress_ln_sd, stress_field_ln_sd, stress_length_km
        Median stress drop, its scatter between events, and its variation with place.
    crossover_km
        Amplitude falls with 1/R up to here, with 1/sqrt(R) beyond.
    quality_1hz, quality_exponent
        ``Q = quality_1hz * f ** quality_exponent``.
    path_field_ln_sd, path_length_km
        Variation with place of a factor on ``1/Q``, which is averaged along the ray.
    site_field_ln_sd, site_length_km
        Variation with place of the amplification, low and high frequencies apart.
    site_corner_hz
        Where the amplification passes from the low to the high field.
    kappa_s, kappa_field_ln_sd, kappa_length_km
        Median attenuation under a site, and its variation with place.
    record_ln_sd, record_octaves
        Scatter of one record about its median, and over how many octaves of frequency its
        correlation falls to 1/e.
    p_share, vertical_s_share, horizontal_p_share
        Fourier amplitude of P to S; of S on the vertical and of P on a horizontal component,
        each to the other direction.
    noise_m_s2
        Root mean square of white noise on each component.
    """

    longitude: float = -118.5
    latitude: float = 36.5
    half_width_km: float = 30.0
    least_magnitude: float = 1.3
    greatest_magnitude: float = 4.0
    b_value: float = 0.9
    least_depth_km: float = 2.0
    greatest_depth_km: float = 16.0
    records_an_event: float = 8.0
    sampling_rate_hz: float = 50.0
    n_samples: int = 1600
    start_rel_origin_s: float = -2.0
    p_speed_km_s: float = 6.0
    s_speed_km_s: float = 3.5
    density_kg_m3: float = 2750.0
    stress_drop_mpa: float = 4.0
    stress_ln_sd: float = 0.4
    stress_field_ln_sd: float = 0.5
    stress_length_km: float = 20.0
    crossover_km: float = 50.0
    quality_1hz: float = 150.0
    quality_exponent: float = 0.5
    path_field_ln_sd: float = 0.6
    path_length_km: float = 15.0
    site_field_ln_sd: float = 0.5
    site_length_km: float = 12.0
    site_corner_hz: float = 4.0
    kappa_s: float = 0.025
    kappa_field_ln_sd: float = 0.5
    kappa_length_km: float = 15.0
    record_ln_sd: float = 0.4
    record_octaves: float = 1.5
    p_share: float = 0.25
    vertical_s_share: float = 0.6
    horizontal_p_share: float = 0.5
    noise_m_s2: float = 3e-7

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        SettingsError
            If limits are the wrong way round, or what must be above 0 is not.
        """
        pairs = {
            "magnitude": (self.least_magnitude, self.greatest_magnitude),
            "depth_km": (self.least_depth_km, self.greatest_depth_km),
            "speed_km_s (S, P)": (self.s_speed_km_s, self.p_speed_km_s),
        }
        for name, (low, high) in pairs.items():
            if not low < high:
                raise SettingsError(f"{name} from {low:g} to {high:g}; the first must be less")
        above_zero = (
            "half_width_km", "least_depth_km", "b_value", "records_an_event", "sampling_rate_hz",
            "s_speed_km_s", "density_kg_m3", "stress_drop_mpa", "stress_length_km", "crossover_km",
            "quality_1hz", "path_length_km", "site_length_km", "site_corner_hz", "kappa_s",
            "kappa_length_km", "record_octaves",
        )  # fmt: skip
        for name in above_zero:
            if not getattr(self, name) > 0.0:
                raise SettingsError(f"{name} is {getattr(self, name):g}; it must be above 0")
        latest_s = self.n_samples / self.sampling_rate_hz + self.start_rel_origin_s
        if latest_s < self.greatest_distance_km() / self.s_speed_km_s:
            raise SettingsError(
                f"records end {latest_s:g} s after the origin, before S comes from "
                f"{self.greatest_distance_km():.0f} km; raise n_samples or narrow the region"
            )

    def greatest_distance_km(self) -> float:
        """Return the longest ray of the region."""
        return float((8.0 * self.half_width_km**2 + self.greatest_depth_km**2) ** 0.5)
