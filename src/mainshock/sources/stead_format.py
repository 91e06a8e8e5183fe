"""Reads STEAD, the STanford EArthquake Dataset, as its authors distribute it."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SourceError
from mainshock.core.geo import geodesic_azimuth_deg
from mainshock.sources.seisbench_format import (
    SeisBenchDataset,
    WaveformFile,
    join_chunks,
    read_table,
)

__all__ = ["is_stead", "open_stead", "stead_columns"]

_LOGGER = logging.getLogger(__name__)
_KNOWN_BY = {"trace_name", "p_arrival_sample", "receiver_code"}
_MERGED = ("merge", "merged")
_CODES = ("trace_name", "network_code", "receiver_code", "receiver_type", "source_id")
_RATE_HZ = 100.0
_AXES = ("longitude", "latitude")
_NAMES = {
    "p_arrival_sample": "trace_p_arrival_sample",
    "p_status": "trace_p_status",
    "p_weight": "trace_p_weight",
    "p_travel_sec": "path_p_travel_sec",
    "s_arrival_sample": "trace_s_arrival_sample",
    "s_status": "trace_s_status",
    "s_weight": "trace_s_weight",
    "s_travel_sec": "path_s_travel_sec",
    "back_azimuth_deg": "path_back_azimuth_original_deg",
    "snr_db": "trace_snr_db",
    "coda_end_sample": "trace_coda_end_sample",
    "network_code": "station_network_code",
    "receiver_code": "station_code",
    "receiver_type": "trace_channel",
    "receiver_latitude": "station_latitude_deg",
    "receiver_longitude": "station_longitude_deg",
    "receiver_elevation_m": "station_elevation_m",
    "source_latitude": "source_latitude_deg",
    "source_longitude": "source_longitude_deg",
    "source_distance_deg": "path_ep_distance_deg",
    "source_distance_km": "path_ep_distance_km",
}
_EXACT = (
    "trace_p_arrival_sample",
    "trace_s_arrival_sample",
    "station_latitude_deg",
    "station_longitude_deg",
    "source_latitude_deg",
    "source_longitude_deg",
)
_LENIENT = (
    "trace_p_weight",
    "trace_s_weight",
    "path_p_travel_sec",
    "path_s_travel_sec",
    "path_back_azimuth_original_deg",
    "path_ep_distance_deg",
    "path_ep_distance_km",
    "station_elevation_m",
    "source_depth_km",
    "source_depth_uncertainty_km",
    "source_horizontal_uncertainty_km",
    "source_origin_uncertainty_sec",
    "source_error_sec",
    "source_gap_deg",
    "source_magnitude",
)
_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|[-+]?inf)"
_THREE = rf"\[\s*{_NUMBER}[\s,]+{_NUMBER}[\s,]+{_NUMBER}\s*\]"


def is_stead(folder: Path) -> bool:
    """Return whether a folder holds a table of STEAD, by the names of its columns."""
    return bool(_tables(folder))


def open_stead(folder: Path) -> SeisBenchDataset:
    """Return STEAD as a dataset whose columns bear the names that SeisBench gives them.

    Parameters
    ----------
    folder
        Holds ``merge.csv`` and ``merge.hdf5``, or pairs such as ``chunk2.csv`` and
        ``chunk2.hdf5``. Beside a merged file, the chunks are left out: it holds them all.

    Raises
    ------
    SourceError
        If there is no such pair, or a file cannot be read.
    DataError
        If a sample or a coordinate is not a number.

    Notes
    -----
    A trace is ``data/NAME``, of shape ``(6000, 3)``: samples, and components E, N, Z; 100 Hz.
    For the columns see ``stead_columns``. There is no ``split``; ``split_by_event`` makes one.

    References
    ----------
    Mousavi et al. (2019), STEAD, https://doi.org/10.1109/ACCESS.2019.2947848
    """
    stems = _complete_stems(folder)
    files = {stem: WaveformFile(folder / f"{stem}.hdf5", "ENZ", "WC", _RATE_HZ) for stem in stems}
    tables = {stem: stead_columns(read_table(folder / f"{stem}.csv", _CODES)) for stem in stems}
    return SeisBenchDataset(files[stems[0]].path, join_chunks(tables), files)


def stead_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of STEAD with SeisBench's names, numbers as numbers, and right azimuths.

    Parameters
    ----------
    table
        The columns of ``merge.csv``; those with other names stay.

    Raises
    ------
    DataError
        If a sample or a coordinate is not a number.

    Notes
    -----
    ``path_back_azimuth_deg`` is computed from the coordinates, from the station towards the
    source, degrees from north; NaN without coordinates, as for noise. The distributed value
    points the other way in many rows (38 of 100 of the authors' sample); it stays as
    ``path_back_azimuth_original_deg``, and ``path_back_azimuth_was_flipped`` marks where it is
    more than 90 degrees off.

    The text ``[[3000.]]`` of the coda's end becomes 3000.0. The text ``[40. 41. 39.]`` of
    the signal-to-noise ratios becomes ``trace_E_snr_db``, ``trace_N_snr_db``,
    ``trace_Z_snr_db``, and ``trace_snr_db``, their mean.

    References
    ----------
    Mousavi et al. (2019), STEAD, https://doi.org/10.1109/ACCESS.2019.2947848
    """
    table = table.rename(columns=_NAMES)
    numbers = {name: _numbers(table[name]) for name in _EXACT if name in table}
    for name in _LENIENT:
        if name in table:
            numbers[name] = pd.to_numeric(table[name], errors="coerce")
            _tell_lost(table[name], numbers[name])
    if "trace_coda_end_sample" in table:
        text = table["trace_coda_end_sample"].astype(str)
        numbers["trace_coda_end_sample"] = text.str.extract(_NUMBER)[0].astype(float)
    table = table.assign(**numbers, trace_sampling_rate_hz=_RATE_HZ)
    if "trace_dataset" not in table:
        table["trace_dataset"] = "stead"
    return _with_back_azimuth(_with_snr(table))


def _tables(folder: Path) -> list[Path]:
    """Return the tables whose first line names columns of STEAD."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        try:
            with path.open(encoding="utf-8") as lines:
                names = {name.strip().strip('"') for name in lines.readline().split(",")}
        except (OSError, UnicodeDecodeError):
            continue  # it is not a table, so it is not one of STEAD
        if names >= _KNOWN_BY:
            found.append(path)
    return found


def _complete_stems(folder: Path) -> list[str]:
    tables = {path.stem for path in _tables(folder)}
    waveforms = {path.stem for path in folder.glob("*.hdf5")}
    stems = sorted(tables & waveforms)
    if not stems:
        raise SourceError(
            f"{folder} has {len(tables)} STEAD tables and {len(waveforms)} HDF5 files, no two of "
            "one name; it needs merge.csv with merge.hdf5, or chunk2.csv with chunk2.hdf5"
        )
    if tables ^ waveforms:
        alone = ", ".join(sorted(tables ^ waveforms))
        _LOGGER.warning("%s: %s without partner (.csv or .hdf5), left out", folder, alone)
    merged = [stem for stem in _MERGED if stem in stems][:1]
    if merged and len(stems) > 1:
        _LOGGER.warning("%s: of %d files only %s is read", folder, len(stems), merged[0])
    return merged or stems


def _numbers(cells: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce")
    lost = cells[numbers.isna() & cells.notna()]
    if len(lost):
        raise DataError(
            f"{cells.name} holds {lost.iloc[0]!r} (and {len(lost) - 1} more such cells); it must "
            "be a number or empty"
        )
    return numbers


def _tell_lost(cells: pd.Series, numbers: pd.Series) -> None:
    lost = cells[numbers.isna() & cells.notna()]
    if len(lost):
        _LOGGER.warning(
            "%s: %d cells are no numbers, such as %r; they count as absent",
            cells.name,
            len(lost),
            lost.iloc[0],
        )


def _with_snr(table: pd.DataFrame) -> pd.DataFrame:
    if "trace_snr_db" not in table:
        return table
    found = table["trace_snr_db"].astype(str).str.extract(_THREE).astype(float)
    ratios = found.where(np.isfinite(found))
    return table.assign(
        trace_snr_db=ratios.mean(axis=1, skipna=False),
        **{f"trace_{letter}_snr_db": ratios[column] for column, letter in enumerate("ENZ")},
    )


def _with_back_azimuth(table: pd.DataFrame) -> pd.DataFrame:
    places = [f"{end}_{axis}_deg" for end in ("station", "source") for axis in _AXES]
    azimuth = np.full(len(table), np.nan)
    if set(places) <= set(table.columns):
        known = table[places].notna().all(axis=1).to_numpy()
        rows = table.loc[known, places].to_numpy(dtype=np.float64)
        azimuth[known] = geodesic_azimuth_deg(*rows.T)
    original = np.full(len(table), np.nan)
    if "path_back_azimuth_original_deg" in table:
        original = table["path_back_azimuth_original_deg"].to_numpy(dtype=np.float64)
    off_deg = np.abs((original - azimuth + 180.0) % 360.0 - 180.0)
    return table.assign(path_back_azimuth_deg=azimuth, path_back_azimuth_was_flipped=off_deg > 90.0)
