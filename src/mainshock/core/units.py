"""Physical constants and conversions, each with its unit in the name."""

__all__ = [
    "EARTH_MEAN_RADIUS_KM",
    "KM_PER_M",
    "STANDARD_GRAVITY_M_S2",
    "WGS84_FLATTENING",
    "WGS84_SEMI_MAJOR_KM",
]

WGS84_SEMI_MAJOR_KM = 6378.137
WGS84_FLATTENING = 1.0 / 298.257223563
EARTH_MEAN_RADIUS_KM = 6371.0088
STANDARD_GRAVITY_M_S2 = 9.80665
KM_PER_M = 1e-3
