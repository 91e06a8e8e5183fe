"""Published tables of measures of shaking, brought to the names and units used here.

Targets are natural logarithms in m/s^2 and m/s. A measure of another horizontal component than
RotD50 has that in its name: ``ln_psa_gm_0.3s`` is the geometric mean.

References
----------
Luzi et al. (2020), ESM, https://doi.org/10.13127/ESM.2; Bloemheuvel et al. (2022),
https://doi.org/10.1007/s41060-022-00349-6 (Italy); Kaklamanos and Baise (2011),
https://doi.org/10.1785/0120100038 (California); Bodenmann et al. (2023),
https://doi.org/10.5194/nhess-23-2387-2023 (residuals of NGA-West2).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.measures import psa_name
from mainshock.sources.base import SkippedInput

__all__ = ["read_flat_table"]

_FILL_IN = -7.5  # log10; lower values of the Italian table stand for none
_CM = 0.01


def read_flat_table(path: Path, skipped: list[SkippedInput] | None = None) -> pd.DataFrame:
    """Return a table with source and site of each row and its measures, told by its columns.

    Parameters
    ----------
    path
        Parquet or CSV: ESM's spectra (``X.npz`` beside ``X.csv``), the Italian table of 39
        stations, Kaklamanos and Baise's of California, NGA-West2's within-event residuals, or any
        table with the columns of scenarios, which comes back as it is.
    skipped
        Gets what was left out, with the reason and the number of rows.

    Returns
    -------
    DataFrame
        ``event_id, magnitude, ev_lat, ev_lon, depth_km, station, sta_lat, sta_lon, vs30`` and
        targets. Residuals (``dw_T..s``) stay as they are.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it lacks columns.

    Notes
    -----
    Of the Italian table only rows with both flags set are kept, and fill-ins are NaN. The table of
    residuals has no epicentres: they follow from distance and azimuth, one an event (the
    median), and the depth is not known (NaN).
    """
    skipped = skipped if skipped is not None else []
    try:
        is_parquet = path.suffix.lower() == ".parquet"
        table = pd.read_parquet(path) if is_parquet else pd.read_csv(path.with_suffix(".csv"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a table: {error}") from error
    kinds: Mapping[str, Callable[[Path, pd.DataFrame, list[SkippedInput]], pd.DataFrame]] = {
        "log10_pga": _italy,
        "source_esm_id": _esm,
        "Zhyp": _california,
        "epi_azimuth": _residuals,
    }
    for column, convert in kinds.items():
        if column in table:
            try:
                return convert(path, table, skipped)
            except KeyError as error:
                raise DataError(f"{path} lacks the column {error}") from error
    return table


def _italy(path: Path, table: pd.DataFrame, skipped: list[SkippedInput]) -> pd.DataFrame:
    is_whole = (table["flag_a"] == 1) & (table["flag_b"] == 1)
    _note(path, skipped, int((~is_whole).sum()), "flag_a or flag_b is not 1")
    table = table[is_whole].reset_index(drop=True)
    for column, name in {
        "log10_pga": "ln_pga",
        "log10_pgv": "ln_pgv",
        "log10_sa0p3": psa_name(0.3),
        "log10_sa1p0": psa_name(1.0),
        "log10_sa3p0": psa_name(3.0),
    }.items():
        is_fill_in = table[column] < _FILL_IN
        _note(path, skipped, int(is_fill_in.sum()), f"{column} is a fill-in below {_FILL_IN:g}")
        table[column] = table[column].mask(is_fill_in)
        table[name] = table[column] * np.log(10.0)
    return table


def _esm(path: Path, table: pd.DataFrame, skipped: list[SkippedInput]) -> pd.DataFrame:
    names = {
        "event_id": "source_esm_id",
        "ev_lat": "source_latitude_deg",
        "ev_lon": "source_longitude_deg",
        "depth_km": "source_depth_km",
        "network": "station_network_code",
        "station": "station_code",
        "sta_lat": "station_latitude_deg",
        "sta_lon": "station_longitude_deg",
        "vs30": "station_preferred_vs30_mps",
    }
    found = pd.DataFrame({own: table[theirs] for own, theirs in names.items()})
    found["magnitude"] = table["source_magnitude_mw"].fillna(table["source_magnitude_ml"])
    found["ln_pga"] = _ln(_CM * table["trace_rotd50_pga_cps2"])
    found["ln_pgv"] = _ln(_CM * table["trace_rotd50_pgv_cps"])
    spectra_path = path.with_suffix(".npz")
    try:
        with np.load(spectra_path, allow_pickle=False) as file:
            spectra, periods = file["spectra"].astype(np.float64), file["period_s"]
            order = [str(one) for one in file["component_order"]]
    except (OSError, KeyError, ValueError) as error:
        raise SourceError(f"cannot read the spectra in {spectra_path}: {error}") from error
    if len(spectra) != len(found):
        raise DataError(f"{spectra_path} has {len(spectra)} records, its table {len(found)}")
    horizontal = [i for i, one in enumerate(order) if one.startswith("acc") and one[-1] in "uv"]
    mean = _ln(_CM * spectra[:, horizontal]).mean(axis=1)
    columns = {_gm_name(period): mean[:, i] for i, period in enumerate(periods)}
    joined = pd.concat([found, pd.DataFrame(columns)], axis=1)
    return _with_magnitude(path, joined, skipped)


def _california(path: Path, table: pd.DataFrame, skipped: list[SkippedInput]) -> pd.DataFrame:
    names = {
        "event_id": "EQID",
        "magnitude": "M",
        "ev_lat": "HypocenterLat",
        "ev_lon": "HypocenterLong",
        "depth_km": "Zhyp",
        "station": "StaID",
        "sta_lat": "StaLat",
        "sta_lon": "StaLong",
        "vs30": "Vs30",
        "rrup_km": "Rrup",
        "rjb_km": "Rjb",
    }
    found = pd.DataFrame({own: table[theirs] for own, theirs in names.items()})
    found["ln_pga_gm"] = _ln(STANDARD_GRAVITY_M_S2 * table["PGA"])
    for column in table.columns:
        if column.startswith("T") and column.endswith("S"):
            found[_gm_name(float(column[1:-1]))] = _ln(STANDARD_GRAVITY_M_S2 * table[column])
    return _with_magnitude(path, found, skipped)


def _residuals(path: Path, table: pd.DataFrame, skipped: list[SkippedInput]) -> pd.DataFrame:
    found = table.rename(
        columns={
            "eqid": "event_id",
            "sta_id": "station",
            "station_longitude": "sta_lon",
            "station_latitude": "sta_lat",
        }
    )
    longitude, latitude = _epicentres(found)
    for name, values in (("ev_lon", longitude), ("ev_lat", latitude)):
        found[name] = pd.Series(values).groupby(found["event_id"]).transform("median")
    found["depth_km"] = np.nan
    return _with_magnitude(path, found, skipped)


def _epicentres(table: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the epicentre lies, seen from each station.

    The azimuth is that at the epicentre, so the way back is found by turning the azimuth at the
    station until it fits.
    """
    from pyproj import Geod  # noqa: PLC0415 - slow to load

    ellipsoid = Geod(ellps="WGS84")
    wanted = np.rad2deg(table["epi_azimuth"].to_numpy(dtype=np.float64))
    station_lon, station_lat = (table[name].to_numpy(np.float64) for name in ("sta_lon", "sta_lat"))
    distance_m = 1000.0 * table["epi_dist"].to_numpy(dtype=np.float64)
    back = wanted + 180.0
    for _ in range(5):
        longitude, latitude, azimuth = ellipsoid.fwd(station_lon, station_lat, back, distance_m)
        back = back + (wanted - azimuth + 180.0) % 360.0 - 180.0
    return np.asarray(longitude), np.asarray(latitude)


def _with_magnitude(path: Path, table: pd.DataFrame, skipped: list[SkippedInput]) -> pd.DataFrame:
    has = table["magnitude"].notna()
    _note(path, skipped, int((~has).sum()), "no magnitude")
    return table[has].reset_index(drop=True)


def _note(path: Path, skipped: list[SkippedInput], n_rows: int, reason: str) -> None:
    if n_rows:
        skipped.append(SkippedInput(str(path), f"{n_rows} rows or values: {reason}"))


def _ln(values: "pd.Series[float] | NDArray[np.float64]") -> NDArray[np.float64]:
    """Return natural logarithms, NaN where a value is not positive."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.log(np.where(numbers > 0.0, numbers, np.nan))


def _gm_name(period_s: float) -> str:
    return psa_name(float(f"{period_s:.6g}")).replace("ln_psa_", "ln_psa_gm_")
