"""Instrument responses of made-up stations."""

from collections.abc import Sequence

from obspy import Inventory, UTCDateTime
from obspy.core.inventory import (
    Channel,
    InstrumentSensitivity,
    Network,
    PolesZerosResponseStage,
    Response,
)
from obspy.core.inventory import Station as InventoryStation

from mainshock.core.records import Station

__all__ = ["flat_inventory"]

_DIRECTIONS_DEG = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}  # azimuth, dip


def flat_inventory(
    places: Sequence[Station],
    components: str,
    location: str,
    rate_hz: float,
    counts_per_m_s: float,
) -> Inventory:
    """Return an inventory of stations whose counts are proportional to velocity.

    Parameters
    ----------
    places
        The stations; all bear the network code of the first one.
    components
        Letters behind ``HH``.
    location
        Location code.
    rate_hz
        Sampling rate.
    counts_per_m_s
        Counts for 1 m/s.
    """
    response = _flat(counts_per_m_s)
    stations = []
    for place in places:
        at = {
            "latitude": place.latitude,
            "longitude": place.longitude,
            "elevation": place.elevation_m,
        }
        channels = [
            Channel(
                f"HH{component}",
                location,
                **at,
                depth=0.0,
                azimuth=_DIRECTIONS_DEG[component][0],
                dip=_DIRECTIONS_DEG[component][1],
                sample_rate=rate_hz,
                start_date=UTCDateTime(1970, 1, 1),
                response=response,
            )
            for component in components
        ]
        stations.append(
            InventoryStation(
                place.station, **at, channels=channels, start_date=UTCDateTime(1970, 1, 1)
            )
        )
    network = Network(places[0].network, stations=stations, description="synthetic")
    return Inventory(networks=[network], source="mainshock generator of load: synthetic")


def _flat(counts_per_m_s: float) -> Response:
    """Return a response without poles and zeros.

    ``Response.from_paz`` evaluates it besides, for which ObsPy imports matplotlib.
    """
    units = {"input_units": "M/S", "output_units": "COUNTS"}
    stage = PolesZerosResponseStage(
        stage_sequence_number=1,
        stage_gain=counts_per_m_s,
        stage_gain_frequency=1.0,
        pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
        normalization_frequency=1.0,
        zeros=[],
        poles=[],
        normalization_factor=1.0,
        **units,
    )
    sensitivity = InstrumentSensitivity(value=counts_per_m_s, frequency=1.0, **units)
    return Response(instrument_sensitivity=sensitivity, response_stages=[stage])
