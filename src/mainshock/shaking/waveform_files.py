"""Records from archives: miniSEED with StationXML and a catalogue, and labelled datasets."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RecordError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import COMPONENTS as ZNE
from mainshock.core.records import Station, Waveform
from mainshock.core.times import format_utc, parse_utc, to_posix_s, utc_from_posix
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.preparation import differentiated
from mainshock.shaking.quality import QualityLimits, has_spike, is_clipped
from mainshock.shaking.records import Accelerogram
from mainshock.signal.resample import bridge_gaps
from mainshock.signal.response import ground_acceleration_m_s2
from mainshock.sources.base import SkippedInput
from mainshock.sources.labelled_datasets import open_dataset
from mainshock.sources.seisbench_format import SeisBenchDataset
from mainshock.sources.stations import read_inventory, read_stations
from mainshock.sources.tables import read_catalogue
from mainshock.sources.waveforms import FileSource

__all__ = ["CutSettings", "read_dataset_records", "read_event_records"]

_TO_M_S2 = {"m/s^2": 1.0, "m/s2": 1.0, "m/s**2": 1.0, "m/s/s": 1.0, "mps2": 1.0,
            "cm/s^2": 0.01, "cm/s2": 0.01, "cmps2": 0.01, "gal": 0.01,
            "g": STANDARD_GRAVITY_M_S2}  # fmt: skip
_TO_M_S = {"m/s": 1.0, "mps": 1.0, "cm/s": 0.01, "cmps": 0.01}
_TO_ENZ = [ZNE.index(one) for one in "ENZ"]
_COLUMNS = {
    "event_id": "source_id",
    "magnitude": "source_magnitude",
    "ev_lat": "source_latitude_deg",
    "ev_lon": "source_longitude_deg",
    "depth_km": "source_depth_km",
    "network": "station_network_code",
    "station": "station_code",
    "location": "station_location_code",
    "sta_lat": "station_latitude_deg",
    "sta_lon": "station_longitude_deg",
    "vs30": "station_vs_30_mps",
}


@dataclass(frozen=True, slots=True)
class CutSettings:
    """How records are cut out of an archive and brought to acceleration.

    Parameters
    ----------
    before_s, after_s
        Kept before and after the origin time.
    max_distance_km
        Stations beyond it are left out.
    low_hz
        The instrument's response is removed above this.
    limits
        Clipping and spikes are looked for in the counts, before the response is removed; None
        for neither.
    """

    before_s: float = 30.0
    after_s: float = 150.0
    max_distance_km: float = 400.0
    low_hz: float = 0.1
    limits: QualityLimits | None = None


def read_event_records(
    paths: Sequence[str | Path],
    events: Path,
    stations: Path,
    skipped: list[SkippedInput],
    settings: CutSettings | None = None,
) -> Iterator[LabelledRecord]:
    """Yield a record for each event and instrument that recorded it.

    Parameters
    ----------
    paths
        Waveform files (miniSEED, SAC, ...) or folders of them, of events or continuous.
    events
        QuakeML, or a catalogue as CSV or Parquet.
    stations
        StationXML, by whose responses counts become acceleration; or a station table as CSV or
        Parquet, for files that hold m/s^2.
    skipped
        Gets every event and station that gave no record, with the reason.
    settings
        Of the cut; 30 s before to 150 s after the origin by default.

    Raises
    ------
    SourceError
        If a file of events or stations cannot be read.
    """
    settings = settings or CutSettings()
    catalogue = read_catalogue(events, skipped)
    known = read_stations(stations)
    is_table = stations.suffix.lower() in (".csv", ".parquet")
    inventory = None if is_table else read_inventory(stations)
    source = FileSource(list(paths))
    for waveform in source:
        try:
            station = known.find(waveform.network, waveform.station)
        except DataError as error:
            skipped.append(SkippedInput(waveform.trace_id, str(error)))
            continue
        for event in _within(catalogue, waveform, settings):
            name = f"{event['event_id']} {waveform.trace_id}"
            try:
                yield _record(name, waveform, event, station, inventory, settings)
            except (DataError, RecordError) as error:
                skipped.append(SkippedInput(name, str(error)))
    skipped.extend(source.skipped)


def read_dataset_records(
    folder: Path,
    skipped: list[SkippedInput],
    *,
    stations: Path | None = None,
    settings: CutSettings | None = None,
) -> Iterator[LabelledRecord]:
    """Yield the earthquakes of a labelled dataset, in SeisBench format or as STEAD has it.

    Parameters
    ----------
    folder
        Holds ``metadata.csv`` and ``waveforms.hdf5``, also in chunks. The file's
        ``data_format/unit`` tells what the samples are: acceleration (``m/s^2, cm/s^2, gal, g``),
        velocity (``m/s, cm/s``), or counts.
    skipped
        Gets the traces that gave no record, with the reason; traces of noise are passed over.
    stations
        StationXML, needed for counts.
    settings
        ``low_hz`` and ``limits`` are used.

    Raises
    ------
    SourceError
        If there is no dataset.
    DataError
        If samples are in counts and no StationXML is given, or the unit is not known.
    """
    settings = settings or CutSettings()
    dataset = open_dataset(folder)
    unit = _unit(dataset)
    if unit == "counts" and stations is None:
        raise DataError(f"{folder} is in counts; give --stations with StationXML of its responses")
    inventory = None if stations is None or unit != "counts" else read_inventory(stations)
    table = dataset.metadata[dataset.metadata["trace_category"].astype(str) != "noise"]
    rates = dataset.with_metadata(table).rates_hz()
    traces = dataset.waveforms(table["trace_name"].tolist())
    for (_, cells), rate_hz, samples in zip(table.iterrows(), rates, traces, strict=True):
        name = f"{folder}, {cells['trace_name']}"
        try:
            acceleration = _acceleration(cells, samples, rate_hz, unit, inventory, settings)
            record = Accelerogram(acceleration[_TO_ENZ], rate_hz, _start_rel_origin_s(cells))
            yield LabelledRecord(name, record, _row(cells, rate_hz))
        except (DataError, RecordError) as error:
            skipped.append(SkippedInput(name, str(error)))


def _within(
    catalogue: pd.DataFrame, waveform: Waveform, settings: CutSettings
) -> Iterator[Mapping[Hashable, Any]]:  # cells of several types
    """Yield the events of which a waveform holds a part of the window."""
    before, after = timedelta(seconds=settings.before_s), timedelta(seconds=settings.after_s)
    is_within = (catalogue["time"] + after > waveform.start) & (
        catalogue["time"] - before < waveform.end
    )
    yield from catalogue[is_within].to_dict("records")


def _record(
    name: str,
    waveform: Waveform,
    event: Mapping[Hashable, Any],
    station: Station,
    inventory: Any,  # an ObsPy inventory, or None
    settings: CutSettings,
) -> LabelledRecord:
    origin_time = event["time"].to_pydatetime()
    cut = _cut(waveform, origin_time, settings)
    row = {
        "source": "archive",
        "event_id": event["event_id"],
        "origin_time": format_utc(origin_time),
        "magnitude": event["magnitude"],
        "ev_lat": event["latitude"],
        "ev_lon": event["longitude"],
        "depth_km": event["depth_km"],
        "network": waveform.network,
        "station": waveform.station,
        "location": waveform.location,
        "sta_lat": station.latitude,
        "sta_lon": station.longitude,
        "station_elevation_m": station.elevation_m,
        "gap_frac": sum(past - first for first, past in cut.gaps) / cut.n_samples,
    }
    distance_km = _distance_km(row)
    if distance_km > settings.max_distance_km:
        raise DataError(f"{distance_km:.0f} km away, beyond {settings.max_distance_km:g} km")
    if inventory is not None:
        row["hp_hz"] = settings.low_hz
    start_s = to_posix_s(cut.start) - to_posix_s(origin_time)
    acceleration = _from_counts(cut, inventory, settings)[_TO_ENZ]
    return LabelledRecord(name, Accelerogram(acceleration, cut.sampling_rate_hz, start_s), row)


def _cut(waveform: Waveform, origin_time: datetime, settings: CutSettings) -> Waveform:
    """Return the part of a waveform around an event."""
    rate_hz = waveform.sampling_rate_hz
    zero_s = to_posix_s(origin_time) - to_posix_s(waveform.start)
    first = max(round((zero_s - settings.before_s) * rate_hz), 0)
    past = min(round((zero_s + settings.after_s) * rate_hz), waveform.n_samples)
    if past <= max(first, zero_s * rate_hz):
        raise DataError("the record ends before the origin time")
    gaps = tuple(
        (max(begin, first) - first, min(end, past) - first)
        for begin, end in waveform.gaps
        if begin < past and end > first
    )
    samples = waveform.samples[:, first:past]
    return replace(waveform, start=waveform.time_at(first), samples=samples, gaps=gaps)


def _from_counts(waveform: Waveform, inventory: Any, settings: CutSettings) -> NDArray[np.float32]:
    """Return acceleration, Z, N, E, of a waveform in counts, or in m/s^2 without inventory."""
    absent = [
        one for one, is_there in zip(ZNE, waveform.has_component, strict=True) if not is_there
    ]
    if absent:
        raise DataError(f"no component {', '.join(absent)}; a record needs three")
    waveform = bridge_gaps(waveform)
    limits = settings.limits
    if limits is not None:
        for component, samples in zip(ZNE, waveform.samples, strict=True):
            if is_clipped(samples, limits.clipped_samples):
                raise DataError(f"component {component} is clipped")
            if has_spike(samples, limits.spike_ratio):
                raise DataError(f"component {component} has a spike of one sample")
    if inventory is None:
        return waveform.samples
    return ground_acceleration_m_s2(waveform, inventory, settings.low_hz).astype(np.float32)


def _distance_km(row: Mapping[str, Any]) -> float:
    places = (np.array([row[name]]) for name in ("ev_lon", "ev_lat", "sta_lon", "sta_lat"))
    return float(geodesic_distance_km(*places)[0])


def _unit(dataset: SeisBenchDataset) -> str:
    """Return the unit of a dataset's samples as one of those that are known."""
    with h5py.File(dataset.waveform_path, "r") as file:
        stored = file.get("data_format/unit")
        text = stored[()] if stored is not None else b"counts"
    unit = (text.decode() if isinstance(text, bytes) else str(text)).strip().lower()
    if unit not in {"counts", *_TO_M_S2, *_TO_M_S}:
        known = ", ".join(["counts", *_TO_M_S2, *_TO_M_S])
        raise DataError(f"{dataset.waveform_path} is in {unit!r}; known units are {known}")
    return unit


def _acceleration(
    cells: pd.Series,
    samples: NDArray[np.float32],
    rate_hz: float,
    unit: str,
    inventory: Any,  # an ObsPy inventory, or None
    settings: CutSettings,
) -> NDArray[np.float32]:
    if unit in _TO_M_S2:
        return (samples * np.float32(_TO_M_S2[unit])).astype(np.float32)
    if unit in _TO_M_S:
        return (_TO_M_S[unit] * differentiated(samples, rate_hz)).astype(np.float32)
    codes = [_text(cells.get(f"station_{one}_code")) for one in ("network", "location")]
    start_s = _time_s(cells.get("trace_start_time"))
    if np.isnan(start_s):
        raise DataError("no trace_start_time, so the response at that time is not known")
    start = utc_from_posix(start_s)
    instrument = _text(cells.get("trace_channel"))[:2]
    station = _text(cells.get("station_code"))
    waveform = Waveform(codes[0], station, codes[1], instrument, start, rate_hz, samples)
    return _from_counts(waveform, inventory, settings)


def _row(cells: pd.Series, rate_hz: float) -> dict[str, Any]:  # cells of several types
    row = {own: cells[theirs] for own, theirs in _COLUMNS.items() if theirs in cells}
    row["source"] = _text(cells.get("trace_dataset")) or "dataset"
    row["origin_time"] = cells.get("source_origin_time")
    for phase in ("p", "s"):
        row[f"{phase}_pick_s"] = float(cells[f"trace_{phase}_arrival_sample"]) / rate_hz
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def _start_rel_origin_s(cells: pd.Series) -> float:
    return _time_s(cells.get("trace_start_time")) - _time_s(cells.get("source_origin_time"))


def _time_s(cell: object) -> float:
    """Return seconds since 1970, NaN for what is no time."""
    try:
        return to_posix_s(parse_utc(_text(cell).replace(" ", "T")))
    except (DataError, RecordError):
        return float("nan")


def _text(cell: Any) -> str:  # a cell of any type
    return "" if pd.isna(cell) else str(cell)
