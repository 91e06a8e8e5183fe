"""Located detections as one table: EQNeMix's columns, and the uncertainty it never gave."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Event, Origin, PosteriorSamples
from mainshock.core.times import format_utc
from mainshock.pipeline.double_confirmation import LocatedDetection
from mainshock.sources.table_files import write_table

__all__ = [
    "REFERENCE_COLUMNS",
    "effective_size",
    "eqnemix_frame",
    "highest_density_interval",
    "write_eqnemix",
]

REFERENCE_COLUMNS = (
    *("file_name", "network", "station", "instrument_type"),
    *("station_lat", "station_lon", "station_elv", "event_start_time", "event_end_time"),
    *("detection_probability", "detection_uncertainty"),
    *("p_arrival_time", "p_probability", "p_uncertainty", "p_snr"),
    *("s_arrival_time", "s_probability", "s_uncertainty", "s_snr"),
    *("t_observed", "clusters_weight"),
)
"""The columns of ``df_filtered``, in its order."""

_OTHER_NAMES = {  # of the table with weights in columns
    "instrument_type": "instrument",
    "detection_probability": "det_prob",
    "p_arrival_time": "p_time",
    "p_probability": "p_prob",
    "p_snr": "p_snr_db",
    "s_arrival_time": "s_time",
    "s_probability": "s_prob",
    "s_snr": "s_snr_db",
}
_AXES = ("east", "north", "depth")
_LEVEL = 0.95


def eqnemix_frame(located: Sequence[LocatedDetection]) -> pd.DataFrame:
    """Return one row for each detection, located or not, in the given order.

    Returns
    -------
    pandas.DataFrame
        ``REFERENCE_COLUMNS`` as text from the input, then ``event_id``, ``reason`` (names joined
        by ``;``), ``reference_would_drop``, ``noise_probability``, ``weights_used``, and of the
        location ``time,longitude,latitude,depth_km``, standard deviations, the covariance
        (``covariance_east_north_km2`` and so on, nine columns), 95 % highest-density intervals
        (``east_hdi95_low_km``: east and north from the reported epicentre, depth from sea
        level), ``region68_km2``, ``region95_km2``, ``ess``, ``velocity_model``, ``quality`` and
        ``flags``. What is not known is empty.
    """
    return pd.DataFrame([_row(one) for one in located])


def write_eqnemix(path: str | Path, located: Sequence[LocatedDetection]) -> None:
    """Write ``eqnemix_frame`` as CSV or Parquet, by suffix.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    write_table(Path(path), eqnemix_frame(located))


def highest_density_interval(
    values: NDArray[np.float64], level: float = _LEVEL
) -> tuple[float, float]:
    """Return the shortest interval that holds a share of equally weighted draws.

    Of a distribution with several modes it is one interval that spans what it must.

    Examples
    --------
    >>> import numpy as np
    >>> highest_density_interval(np.array([0.0, 1.0, 1.1, 1.2, 9.0]), 0.6)
    (1.0, 1.2)
    """
    ordered = np.sort(values)
    held = min(max(math.ceil(level * ordered.size), 1), ordered.size)
    widths = ordered[held - 1 :] - ordered[: ordered.size - held + 1]
    first = int(widths.argmin())
    return float(ordered[first]), float(ordered[first + held - 1])


def effective_size(samples: PosteriorSamples) -> float:
    """Return how many independent draws tell as much: repeated draws count as one weighted draw.

    Notes
    -----
    Kish: ``n^2 / sum m_i^2`` with ``m_i`` the times that draw i stands there. Draws of a grid are
    independent, so it is their number.
    """
    columns = (samples.longitude, samples.latitude, samples.depth_km)
    _, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return float(counts.sum() ** 2 / np.sum(counts.astype(np.float64) ** 2))


def _row(one: LocatedDetection) -> dict[str, Any]:
    confirmed = one.confirmed
    weights = confirmed.weights
    row: dict[str, Any] = {name: _cell(one, name) for name in REFERENCE_COLUMNS}
    row |= {
        "event_id": confirmed.detection.event_id,
        "reason": ";".join(one.reasons),
        "reference_would_drop": confirmed.reference_would_drop,
        "noise_probability": round(confirmed.noise, 6),
        "weights_used": "" if weights is None else str([round(w, 6) for w in weights.tolist()]),
    }
    if one.event is None:
        return row | {"flags": one.error}
    return row | _location(one.event)


def _cell(one: LocatedDetection, name: str) -> str:
    detection = one.confirmed.detection
    p, s = detection.pick("P"), detection.pick("S")
    if name == "t_observed":
        return "" if p is None or s is None else f"{(s.time - p.time).total_seconds():.6g}"
    if name == "clusters_weight":
        stated = one.confirmed.stated
        return "" if stated is None else str([round(w, 9) for w in stated.tolist()])
    cells = detection.cells
    return cells.get(name, "") or cells.get(_OTHER_NAMES.get(name, ""), "")


def _location(event: Event) -> dict[str, Any]:
    origin = event.origin
    areas = {region.level: region.area_km2 for region in origin.regions}
    location: dict[str, Any] = {
        "time": format_utc(origin.time),
        "longitude": round(origin.longitude, 6),
        "latitude": round(origin.latitude, 6),
        "depth_km": round(origin.depth_km, 4),
        "time_sd_s": round(origin.time_sd_s, 4),
        "east_sd_km": round(origin.east_sd_km, 4),
        "north_sd_km": round(origin.north_sd_km, 4),
        "depth_sd_km": round(origin.depth_sd_km, 4),
    }
    for i, first in enumerate(_AXES):
        for j, second in enumerate(_AXES):
            name = f"covariance_{first}_{second}_km2"
            location[name] = round(float(origin.covariance_km2[i, j]), 6)
    location |= _intervals(origin)
    return location | {
        "region68_km2": round(areas.get(0.68, math.nan), 4),
        "region95_km2": round(areas.get(0.95, math.nan), 4),
        "ess": math.nan if origin.samples is None else round(effective_size(origin.samples), 1),
        "velocity_model": origin.velocity_model,
        "quality": event.quality,
        "flags": ";".join(event.flags),
    }


def _intervals(origin: Origin) -> dict[str, float]:
    if origin.samples is None:
        return {}
    frame = LocalFrame(origin.longitude, origin.latitude)
    east, north = frame.to_local(origin.samples.longitude, origin.samples.latitude)
    draws = dict(zip(_AXES, (east, north, origin.samples.depth_km), strict=True))
    intervals = {}
    for axis, values in draws.items():
        low, high = highest_density_interval(values)
        intervals[f"{axis}_hdi95_low_km"] = round(low, 4)
        intervals[f"{axis}_hdi95_high_km"] = round(high, 4)
    return intervals
