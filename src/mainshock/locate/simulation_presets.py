"""Simulations by name: the configurations that the location must answer for."""

from mainshock.core.errors import SettingsError
from mainshock.locate.simulate import PickErrors
from mainshock.locate.simulation_config import (
    Cluster,
    Network,
    SimulationConfig,
    SourceModel,
    Told,
)

__all__ = ["PRESETS", "preset"]

_ONE_STATION = Network(n=1, elevation_m=(600.0, 600.0))
_CLUSTERS = SourceModel(
    half_width_km=60.0,
    depth_km=(0.0, 20.0),
    clusters=(
        Cluster((25.0, 10.0, 8.0), (8.0, 2.0, 3.0), 30.0, 3.0),
        Cluster((-30.0, 15.0, 10.0), (6.0, 3.0, 3.0), 120.0, 2.0),
        Cluster((5.0, -35.0, 12.0), (10.0, 3.0, 4.0), 80.0, 2.0),
        Cluster((-10.0, 40.0, 6.0), (4.0, 4.0, 2.0), 0.0, 1.0),
        Cluster((-20.0, -20.0, 14.0), (5.0, 2.0, 2.0), 45.0, 1.0),
        Cluster((8.0, 6.0, 5.0), (3.0, 2.0, 2.0), 0.0, 1.0),
    ),
)
_SINGLE_TOLD = Told(prior="sources")
_AZIMUTH = PickErrors(back_azimuth_sigma_deg=15.0, azimuth_outlier_share=0.05)

PRESETS: dict[str, SimulationConfig] = {
    config.name: config
    for config in (
        SimulationConfig(
            "sp", "one station, S minus P, prior from the clusters of events",
            _ONE_STATION, sources=_CLUSTERS, told=_SINGLE_TOLD,
        ),
        SimulationConfig(
            "p-azimuth", "one station, P and its back azimuth, prior from the clusters",
            _ONE_STATION, sources=_CLUSTERS, phases=("P",), errors=_AZIMUTH, told=_SINGLE_TOLD,
        ),
        SimulationConfig(
            "sp-azimuth", "one station, S minus P and back azimuth, prior from the clusters",
            _ONE_STATION, sources=_CLUSTERS, errors=_AZIMUTH, told=_SINGLE_TOLD,
        ),
        SimulationConfig(
            "network4", "four stations, P and S, no prior",
            Network(n=4), told=Told(outliers_unknown=True),
        ),
        SimulationConfig(
            "network10-outliers", "ten stations, a tenth of the picks wrong, a tenth missed",
            Network(n=10, aperture_km=80.0),
            errors=PickErrors(outlier_share=0.1, missed_share=0.1),
            told=Told(outliers_unknown=True),
        ),
    )
}  # fmt: skip


def preset(name: str) -> SimulationConfig:
    """Return a simulation by name.

    Raises
    ------
    SettingsError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise SettingsError(f"no simulation is called {name!r}; known are {', '.join(PRESETS)}")
    return PRESETS[name]
