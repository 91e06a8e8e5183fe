"""K-NET and KiK-net ASCII, as ObsPy reads it.

References
----------
Aoi et al. (2011), https://doi.org/10.1007/s11069-011-0025-z; National Research Institute for Earth
Science and Disaster Resilience, https://doi.org/10.17598/NIED.0004
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mainshock.core.errors import DataError
from mainshock.core.times import format_utc
from mainshock.shaking.labelled_records import Channel

__all__ = ["read_knet"]

_DIRECTIONS = {"EW": "E", "NS": "N", "UD": "Z"}
_PLACES = {"1": "borehole", "2": "surface", "": ""}


def read_knet(path: Path) -> list[Channel]:
    """Return the channel of a K-NET or KiK-net file.

    ``event_id`` is the origin time, as all files of an event say it. Times become UTC, and the
    15 s that the recorder adds are taken off. KiK-net's borehole and surface sensors differ in
    ``location``. The mean is taken off, as these records stand on an offset of the recorder.

    Raises
    ------
    DataError
        If ObsPy does not understand the file.
    """
    import obspy  # noqa: PLC0415 - slow to import

    try:
        trace = obspy.read(str(path), format="KNET")[0]
    except Exception as error:  # ObsPy's readers raise errors of every type
        raise DataError(f"{path} cannot be read as K-NET: {error}") from error
    about = trace.stats.knet
    acceleration = trace.data.astype(np.float64) * float(trace.stats.calib)
    origin_time = _utc(about.evot)
    component = str(trace.stats.channel)
    return [
        Channel(
            name=str(path),
            direction=_DIRECTIONS.get(component[:2], component),
            azimuth_deg=float("nan"),
            acceleration_m_s2=acceleration - acceleration.mean(),
            sampling_rate_hz=float(trace.stats.sampling_rate),
            start=_utc(trace.stats.starttime),
            origin_time=origin_time,
            row={
                "source": "knet",
                "event_id": f"jp{origin_time:%Y%m%dT%H%M%S}",
                "origin_time": format_utc(origin_time),
                "magnitude": float(about.mag),
                "ev_lat": float(about.evla),
                "ev_lon": float(about.evlo),
                "depth_km": float(about.evdp),
                "network": "BO",
                "station": str(trace.stats.station),
                "location": _PLACES.get(component[2:], component[2:]),
                "sta_lat": float(about.stla),
                "sta_lon": float(about.stlo),
                "station_elevation_m": float(about.stel),
            },
        )
    ]


def _utc(time: object) -> datetime:
    """Return an ObsPy UTCDateTime as a time that knows its zone."""
    return datetime.fromisoformat(str(time).replace("Z", "+00:00")).astimezone(UTC)
