"""Tables of EQTransformer and EQNeMix as they are: picks, detections and region weights."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RecordError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.sources.base import SkippedInput
from mainshock.sources.table_files import read_table, row_name

__all__ = [
    "DEFAULT_SIGMA_S",
    "SWAPPED_FLAG",
    "Detection",
    "DetectionTable",
    "is_detection_table",
    "parse_weights",
    "read_detections",
]

FloatArray = NDArray[np.float64]
_log = logging.getLogger(__name__)

DEFAULT_SIGMA_S = {"P": 0.05, "S": 0.08}
"""Standard deviation of EQTransformer's picks: 1.25 to 1.5 times its mean absolute error."""
SWAPPED_FLAG = "latitude_longitude_swapped"

_LAYOUTS: dict[str, dict[str, str]] = {
    "eqtransformer": {"P": "p_arrival_time", "S": "s_arrival_time"},
    "weights": {"P": "p_time", "S": "s_time"},
}
_WEIGHT_COLUMN = re.compile(r"cnq_w(\d+)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NUMPY_TYPE = re.compile(r"np\.float\d+")
_PLACE_COLUMNS = (("latitude", "longitude"), ("eqnemix_lat", "eqnemix_lon"))


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One row: what a picker found on one station, and what else the row says of it.

    Parameters
    ----------
    event_id
        Number of the row from 0, or the file's own ``row``.
    station_code
        ``NET.STA``.
    picks
        P and S, those that the row has.
    detection_probability
        0 to 1; NaN where it is not given.
    weights
        Probabilities of the regions without that of noise, shape ``(K,)``, as they stand in the
        file; None where it has none.
    published
        Longitude, latitude (degrees) and depth (km, NaN where not given) that the table states.
    cells
        All cells as text by column.
    """

    event_id: str
    station_code: str
    picks: tuple[Pick, ...]
    detection_probability: float = math.nan
    weights: FloatArray | None = None
    published: tuple[float, float, float] | None = None
    cells: Mapping[str, str] = field(default_factory=dict)

    def pick(self, phase: str) -> Pick | None:
        """Return the pick of a phase, or None."""
        return next((pick for pick in self.picks if pick.phase == phase), None)


@dataclass(frozen=True, slots=True, eq=False)
class DetectionTable:
    """The rows of a table, in its order.

    Parameters
    ----------
    rows
        One for each usable row.
    stations
        Those whose coordinates the table states.
    flags
        What was noticed and mended, such as ``latitude_longitude_swapped``.
    """

    rows: tuple[Detection, ...]
    stations: tuple[Station, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def picks(self) -> list[Pick]:
        """All picks."""
        return [pick for row in self.rows for pick in row.picks]


def is_detection_table(path: Path) -> bool:
    """Return whether a CSV or Parquet file has the columns of one of these tables.

    Raises
    ------
    SourceError, DataError
        If it cannot be read as a table.
    """
    return _layout(read_table(path, ())) is not None


def read_detections(path: str | Path, skipped: list[SkippedInput] | None = None) -> DetectionTable:
    """Return the detections in a table of EQTransformer or EQNeMix.

    Parameters
    ----------
    path
        ``.csv`` or ``.parquet``: EQTransformer's ``X_prediction_results``; EQNeMix's
        ``df_filtered``, ``_means`` and ``_results`` (the same columns, ``t_observed`` and
        ``clusters_weight``, and places); or ``row,network,station,p_time,s_time,det_prob,p_prob,
        s_prob,cnq_w0,...``. Save an ``.xlsx`` as CSV first.
    skipped
        Where given, rows that are not possible are appended to it and the others are returned.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it is another table, or, without ``skipped``, a row is not possible.

    Notes
    -----
    ``p_uncertainty`` of EQTransformer is the standard deviation of the *probability* over its
    random networks, not a time: ``sigma_s`` is the default (P 0.05 s, S 0.08 s) times
    ``1 + uncertainty / probability``.

    The ``_results`` table has its labels of latitude and longitude exchanged. Where a latitude
    is beyond 90 degrees, or most places come nearer to the station once exchanged, they are put
    right, with a warning and the flag ``latitude_longitude_swapped``.
    """
    path = Path(path)
    table = read_table(path, ())
    layout = _layout(table)
    if layout is None:
        raise DataError(
            f"{path} is no table of EQTransformer or EQNeMix: it has neither p_arrival_time nor "
            f"p_time beside network and station, but {', '.join(table.columns) or 'no columns'}"
        )
    rows: list[Detection] = []
    stations: dict[str, Station] = {}
    place_columns = next((pair for pair in _PLACE_COLUMNS if set(pair) <= set(table.columns)), None)
    records = table.to_dict("records")
    for number, (label, record) in enumerate(zip(table.index, records, strict=True)):
        cells = {str(name): str(value) for name, value in record.items()}
        try:
            row = _detection(cells, number, layout)
            if place_columns is not None:
                row = replace(row, published=_place(cells, *place_columns))
            _note_station(stations, cells)
            rows.append(row)
        except RecordError as error:
            if skipped is None:
                raise DataError(f"{row_name(path, label)}: {error}") from error
            skipped.append(SkippedInput(row_name(path, label), str(error)))
    found, flags = _with_places(rows, stations)
    if flags:
        _log.warning("%s: the labels of latitude and longitude are exchanged; corrected", path)
    return DetectionTable(tuple(found), tuple(stations.values()), flags)


def parse_weights(text: str) -> FloatArray | None:
    """Return the probabilities in the text of a list, shape ``(K,)``; None for an empty cell.

    Raises
    ------
    RecordError
        If there is no number, or one is negative or above 1.

    Examples
    --------
    >>> parse_weights("[np.float32(0.25), 0.5]").tolist()
    [0.25, 0.5]
    """
    if _is_empty(text):
        return None
    values = [float(number) for number in _NUMBER.findall(_NUMPY_TYPE.sub("", text))]
    if not values or not all(0.0 <= value <= 1.0 for value in values):
        raise RecordError(
            f"region probabilities are {text!r}; they must be a list of numbers from 0 to 1"
        )
    return np.array(values)


def _layout(table: pd.DataFrame) -> str | None:
    for name, columns in _LAYOUTS.items():
        if {"network", "station", columns["P"]} <= set(table.columns):
            return name
    return None


def _is_empty(text: str) -> bool:
    return text.strip().lower() in {"", "nan", "none", "nat"}


def _number(cells: Mapping[str, str], *names: str) -> float:
    """Return the first of the columns that holds something, or NaN."""
    for name in names:
        text = cells.get(name, "")
        if _is_empty(text):
            continue
        try:
            return float(text)
        except ValueError as error:
            raise RecordError(f"{name} is {text!r}; it must be a number") from error
    return math.nan


def _detection(cells: dict[str, str], number: int, layout: str) -> Detection:
    event_id = cells.get("row", "") or str(number)
    picks = [_pick(cells, phase, event_id, layout) for phase in ("P", "S")]
    return Detection(
        event_id=event_id,
        station_code=f"{cells['network']}.{cells['station']}",
        picks=tuple(pick for pick in picks if pick is not None),
        detection_probability=_number(cells, "detection_probability", "det_prob"),
        weights=_weights(cells),
        cells=cells,
    )


def _pick(cells: dict[str, str], phase: str, event_id: str, layout: str) -> Pick | None:
    column, letter = _LAYOUTS[layout][phase], phase.lower()
    text = cells.get(column, "")
    if _is_empty(text):
        return None
    probability = _number(cells, f"{letter}_probability", f"{letter}_prob")
    if math.isnan(probability):
        probability = 0.0
    uncertainty = _number(cells, f"{letter}_uncertainty")
    sigma_s = DEFAULT_SIGMA_S[phase]
    if uncertainty >= 0.0:  # not so where it is NaN
        sigma_s *= 1.0 + uncertainty / max(probability, 0.01)
    return Pick(
        network=cells["network"],
        station=cells["station"],
        location="",
        phase=phase,
        time=parse_utc(text),
        probability=probability,
        sigma_s=min(sigma_s, 60.0),
        model="eqtransformer",
        event_id=event_id,
    )


def _weights(cells: Mapping[str, str]) -> FloatArray | None:
    if "clusters_weight" in cells:
        return parse_weights(cells["clusters_weight"])
    columns = sorted(
        (int(match[1]), name) for name in cells if (match := _WEIGHT_COLUMN.fullmatch(name))
    )
    texts = [cells[name] for _, name in columns]
    if all(_is_empty(text) for text in texts):
        return None
    if any(_is_empty(text) for text in texts):
        raise RecordError(f"a weight is missing among {', '.join(n for _, n in columns)}")
    return parse_weights(" ".join(texts))


def _note_station(stations: dict[str, Station], cells: Mapping[str, str]) -> None:
    code = f"{cells['network']}.{cells['station']}"
    longitude, latitude = _number(cells, "station_lon"), _number(cells, "station_lat")
    if code in stations or math.isnan(longitude) or math.isnan(latitude):
        return
    elevation = _number(cells, "station_elv")
    stations[code] = Station(
        cells["network"],
        cells["station"],
        longitude,
        latitude,
        0.0 if math.isnan(elevation) else elevation,
    )


def _place(
    cells: Mapping[str, str], latitude_column: str, longitude_column: str
) -> tuple[float, float, float] | None:
    """Return longitude, latitude and depth as they are labelled, or None where there are none."""
    longitude, latitude = _number(cells, longitude_column), _number(cells, latitude_column)
    if not math.isfinite(longitude + latitude):
        return None
    return longitude, latitude, _published_depth_km(cells)


def _with_places(
    rows: Sequence[Detection], stations: Mapping[str, Station]
) -> tuple[list[Detection], tuple[str, ...]]:
    """Return the rows with possible places, and a flag where their labels are exchanged."""
    is_swapped = _are_swapped(rows, stations)
    found = []
    for row in rows:
        if row.published is None:
            found.append(row)
            continue
        longitude, latitude, depth_km = row.published
        if is_swapped:
            longitude, latitude = latitude, longitude
        is_possible = abs(longitude) <= 180.0 and abs(latitude) <= 90.0
        place = (longitude, latitude, depth_km) if is_possible else None
        found.append(replace(row, published=place))
    return found, (SWAPPED_FLAG,) if is_swapped else ()


def _published_depth_km(cells: Mapping[str, str]) -> float:
    depth = _number(cells, "depth_km", "depth")
    return depth if not math.isnan(depth) else _number(cells, "z_utm", "eqnemix_z_m") / 1e3


def _are_swapped(rows: Sequence[Detection], stations: Mapping[str, Station]) -> bool:
    placed = [(row.published[:2], row.station_code) for row in rows if row.published is not None]
    if any(abs(latitude) > 90.0 for (_, latitude), _ in placed):
        return True
    nearer = []
    for (longitude, latitude), code in placed:
        station = stations.get(code)
        if station is None or abs(longitude) > 90.0:
            continue
        here = (station.longitude, station.latitude)
        as_labelled = float(geodesic_distance_km(*here, longitude, latitude))
        nearer.append(float(geodesic_distance_km(*here, latitude, longitude)) < as_labelled)
    return bool(nearer) and float(np.mean(nearer)) > 0.5
