"""Files of a map of shaking: NetCDF, GeoTIFF, GeoJSON, ShakeMap's grid.xml, JSON and CSV."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
from mainshock.core.shaking_field import ShakingField
from mainshock.core.times import format_utc
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.contours import contours_to_geojson
from mainshock.shaking.measures import unit_of

__all__ = [
    "map_summary",
    "write_geotiff",
    "write_map_files",
    "write_netcdf",
    "write_shakemap_grid",
    "write_site_table",
]

FloatArray = NDArray[np.float64]
_PARTS = ("mean", "sd", "sd_epistemic")
_LONG_NAMES = {
    "mean": "median (natural logarithm)",
    "sd": "standard deviation of one record",
    "sd_epistemic": "part of the standard deviation that more knowledge would take away",
}
# GeoTIFF (OGC 19-008): tags, and keys as (key, place, count, value)
_PIXEL_SCALE, _TIE_POINT, _GEO_KEYS, _GDAL_METADATA = 33550, 33922, 34735, 42112
_KEYS = (
    *(1, 1, 0, 4),
    *(1024, 0, 1, 2),  # geographic coordinates
    *(1025, 0, 1, 2),  # values at points
    *(2048, 0, 1, 4326),  # WGS84
    *(2054, 0, 1, 9102),  # degrees
)
_BANDS = (*_PARTS, "is_extrapolated")


def write_map_files(
    folder: Path, field: ShakingField, made: datetime | None = None
) -> dict[str, Path]:
    """Write all files that a map allows and return their paths by kind.

    Sites that are no grid give NetCDF, CSV and JSON; grids all but CSV. ``grid.xml`` needs PGA,
    PGV or PSA among the measures.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    paths = {"netcdf": folder / "shaking.nc", "summary": folder / "summary.json"}
    write_netcdf(paths["netcdf"], field)
    if field.shape is None:
        paths["table"] = folder / "sites.csv"
        write_site_table(paths["table"], field)
    else:
        for measure in field.measures:
            paths[f"geotiff_{measure}"] = folder / f"{measure}.tif"
            write_geotiff(paths[f"geotiff_{measure}"], field, measure)
        paths["contours"] = folder / "contours.geojson"
        _write_json(paths["contours"], contours_to_geojson(field))
        if _shakemap_columns(field):
            paths["shakemap"] = folder / "grid.xml"
            write_shakemap_grid(paths["shakemap"], field, made)
    files = {kind: path.name for kind, path in paths.items()}
    _write_json(paths["summary"], {**map_summary(field), "files": files})
    return paths


def map_summary(field: ShakingField) -> dict[str, Any]:  # a JSON document
    """Return what the map is of, its labels, and the range of each measure."""
    ranges = {
        measure: {
            "unit": unit_of(measure),
            "lowest_median": float(np.exp(field.mean[:, i].min())),
            "highest_median": float(np.exp(field.mean[:, i].max())),
            "mean_sd_ln": round(float(field.sd[:, i].mean()), 4),
            "mean_sd_epistemic_ln": round(float(field.sd_epistemic[:, i].mean()), 4),
        }
        for i, measure in enumerate(field.measures)
    }
    return {**_labels(field), "measures": ranges, "cautions": field.cautions()}


def _labels(field: ShakingField) -> dict[str, Any]:
    """Return what every file states of the map."""
    return {
        "event_id": field.event_id,
        "time": "" if field.time is None else format_utc(field.time),
        "magnitude": field.magnitude,
        "magnitude_sd": field.magnitude_sd,
        "magnitude_type": field.magnitude_type,
        "longitude": field.longitude,
        "latitude": field.latitude,
        "depth_km": field.depth_km,
        "model": field.model,
        "trained_on": "synthetic records" if field.is_synthetic else "records or a published model",
        "extrapolated_share": round(field.extrapolated_share, 4),
        "n_sites": int(field.site_longitude.size),
        "n_source_draws": field.n_draws,
        "program": f"mainshock {__version__}",
    }


def write_netcdf(path: Path, field: ShakingField) -> None:
    """Write mean, spreads, mask and possible maps as NetCDF 3 with the CF conventions' names.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    from scipy.io import netcdf_file  # noqa: PLC0415 - the live path writes no files

    with replacing(path) as temporary, netcdf_file(str(temporary), "w", version=2) as file:
        file.Conventions = "CF-1.8"
        file.title = f"Shaking of {field.event_id}"
        file.comment = " ".join(field.cautions())
        for name, value in _labels(field).items():
            setattr(file, name, value)
        places = _write_places(file, field)
        sizes = tuple(file.dimensions[one] for one in places)
        for i, measure in enumerate(field.measures):
            for part in _PARTS:
                values = getattr(field, part)[:, i].reshape(sizes)
                variable = file.createVariable(f"{measure}_{part}", "f4", places)
                variable[:] = values
                variable.long_name = f"{measure}: {_LONG_NAMES[part]}"
                variable.units = f"ln({unit_of(measure)})" if part == "mean" else "1"
        mask = file.createVariable("is_extrapolated", "i1", places)
        mask[:] = field.is_extrapolated.reshape(sizes).astype(np.int8)
        mask.long_name = "1 where the model extrapolates"
        _write_realisations(file, field, places, sizes)


def _write_places(file: Any, field: ShakingField) -> tuple[str, ...]:  # a netcdf_file
    """Write coordinates and return the dimensions of the values."""
    if field.shape is None:
        file.createDimension("site", field.site_longitude.size)
        values = {"longitude": field.site_longitude, "latitude": field.site_latitude}
        places: tuple[str, ...] = ("site",)
    else:
        longitude, latitude = field.axes()
        values = {"longitude": longitude, "latitude": latitude}
        places = ("latitude", "longitude")
        for name in places:
            file.createDimension(name, values[name].size)
    for name, unit in (("longitude", "degrees_east"), ("latitude", "degrees_north")):
        variable = file.createVariable(name, "f8", places if len(places) == 1 else (name,))
        variable[:] = values[name]
        variable.units = unit
        variable.standard_name = name
    return places


def _write_realisations(
    file: Any, field: ShakingField, places: tuple[str, ...], sizes: tuple[int, ...]
) -> None:  # a netcdf_file
    if field.realisations is None:
        return
    n = len(field.realisations)
    file.createDimension("realisation", n)
    for i, measure in enumerate(field.measures):
        variable = file.createVariable(f"{measure}_realisations", "f4", ("realisation", *places))
        variable[:] = field.realisations[:, :, i].reshape(n, *sizes)
        variable.long_name = f"{measure}: possible maps"
        variable.units = f"ln({unit_of(measure)})"


def write_geotiff(path: Path, field: ShakingField, measure: str) -> None:
    """Write one measure as a GeoTIFF of four float32 bands: mean, sd, sd_epistemic and mask.

    Geographic WGS84, values at points, the first row in the north.

    Raises
    ------
    DataError
        If the sites are no grid or the map does not hold the measure.
    SourceError
        If the file cannot be written.
    """
    import tifffile  # noqa: PLC0415 - the live path writes no files

    longitude, latitude = field.axes()
    i = field.column(measure)
    shape = (latitude.size, longitude.size)
    columns = [getattr(field, part)[:, i] for part in _PARTS]
    columns.append(field.is_extrapolated.astype(np.float64))
    bands = np.stack([one.reshape(shape)[::-1] for one in columns]).astype(np.float32)
    scale = (*(float(np.ptp(axis)) / (axis.size - 1) for axis in (longitude, latitude)), 0.0)
    corner = (0.0, 0.0, 0.0, float(longitude[0]), float(latitude[-1]), 0.0)
    told = _gdal_metadata({**_labels(field), "measure": measure}, field)
    with replacing(path) as temporary:
        tifffile.imwrite(
            temporary,
            bands,
            photometric="minisblack",
            planarconfig="separate",
            metadata=None,
            description=f"{measure} of {field.event_id}. {' '.join(field.cautions())}",
            software=f"mainshock {__version__}",
            extratags=[
                (_PIXEL_SCALE, "d", 3, scale, True),
                (_TIE_POINT, "d", 6, corner, True),
                (_GEO_KEYS, "H", len(_KEYS), _KEYS, True),
                (_GDAL_METADATA, "s", 0, told, True),
            ],
        )


def _gdal_metadata(labels: Mapping[str, Any], field: ShakingField) -> str:
    """Return labels and names of bands as GDAL reads them."""
    items = [*labels.items(), ("cautions", " ".join(field.cautions()))]
    lines = [f"<Item name={quoteattr(name)}>{_escaped(value)}</Item>" for name, value in items]
    lines += [
        f'<Item name="DESCRIPTION" sample="{i}" role="description">{band}</Item>'
        for i, band in enumerate(_BANDS)
    ]
    return f"<GDALMetadata>{''.join(lines)}</GDALMetadata>"


def _escaped(value: object) -> str:
    return quoteattr(str(value))[1:-1].encode("ascii", "xmlcharrefreplace").decode()


def write_shakemap_grid(path: Path, field: ShakingField, made: datetime | None = None) -> None:
    """Write PGA, PGV and PSA with their spreads in the form of ShakeMap's ``grid.xml``.

    PGA and PSA in percent of g, PGV in cm/s, spreads in natural logarithms; rows from the north.
    There is no intensity: the models give none.

    Parameters
    ----------
    made
        When the map was made, UTC; None: now.

    Raises
    ------
    DataError
        If the sites are no grid, or there is none of these measures.
    SourceError
        If the file cannot be written.

    References
    ----------
    Worden et al. (2020), ShakeMap manual, https://doi.org/10.5066/F7D21VPQ
    """
    columns = _shakemap_columns(field)
    if not columns:
        raise DataError("grid.xml holds PGA, PGV and PSA; this map has none of them")
    longitude, latitude = field.axes()
    shape = (latitude.size, longitude.size)
    values = [field.site_longitude, field.site_latitude, *(one for _, _, one in columns)]
    rows = np.column_stack([one.reshape(shape)[::-1].ravel() for one in values])
    fields = [("LON", "dd"), ("LAT", "dd"), *((name, unit) for name, unit, _ in columns)]
    head = _shakemap_head(field, fields, made or datetime.now(UTC))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(head)
        np.savetxt(file, rows, fmt=["%.5f", "%.5f", *["%.5g"] * len(columns)])
        file.write("</grid_data>\n</shakemap_grid>\n")


def _shakemap_columns(field: ShakingField) -> list[tuple[str, str, FloatArray]]:
    """Return name, unit and values of the columns, motions before their spreads."""
    motions, spreads = [], []
    for i, measure in enumerate(field.measures):
        name, unit, factor = _shakemap_name(measure)
        if name:
            motions.append((name, unit, factor * np.exp(field.mean[:, i])))
            spreads.append((f"STD{name}", f"ln({unit})", field.sd[:, i]))
    return [*motions, *spreads]


def _shakemap_name(measure: str) -> tuple[str, str, float]:
    """Return a measure's name there, its unit and the factor to it; no name where there is none."""
    percent = 100.0 / STANDARD_GRAVITY_M_S2
    if measure == "ln_pga":
        return "PGA", "pctg", percent
    if measure == "ln_pgv":
        return "PGV", "cms", 100.0
    if measure.startswith("ln_psa_"):
        tenths = 10.0 * float(measure.removeprefix("ln_psa_").removesuffix("s"))
        return f"PSA{round(tenths):02d}", "pctg", percent
    return "", "", math.nan


def _shakemap_head(field: ShakingField, fields: list[tuple[str, str]], made: datetime) -> str:
    longitude, latitude = field.axes()
    scenario = field.time is None
    identity, time = quoteattr(field.event_id), made if field.time is None else field.time
    spacing = (np.ptp(longitude) / (longitude.size - 1), np.ptp(latitude) / (latitude.size - 1))
    caution = quoteattr(f"{field.model}: {' '.join(field.cautions())}")
    named = "\n".join(
        f'<grid_field index="{i}" name="{name}" units="{unit}" />'
        for i, (name, unit) in enumerate(fields, start=1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<shakemap_grid xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" event_id={identity} shakemap_id={identity} \
shakemap_version="1" code_version="mainshock {__version__}" \
process_timestamp="{made:%Y-%m-%dT%H:%M:%SZ}" shakemap_originator="mainshock" \
map_status="automatic" shakemap_event_type="{"SCENARIO" if scenario else "ACTUAL"}">
<event event_id={identity} magnitude="{field.magnitude:.2f}" depth="{field.depth_km:.2f}" \
lat="{field.latitude:.5f}" lon="{field.longitude:.5f}" event_timestamp="{time:%Y-%m-%dT%H:%M:%SZ}" \
event_network="" event_description={caution} />
<grid_specification lon_min="{longitude[0]:.6f}" lat_min="{latitude[0]:.6f}" \
lon_max="{longitude[-1]:.6f}" lat_max="{latitude[-1]:.6f}" \
nominal_lon_spacing="{spacing[0]:.6f}" nominal_lat_spacing="{spacing[1]:.6f}" \
nlon="{longitude.size}" nlat="{latitude.size}" />
{named}
<grid_data>
"""


def write_site_table(path: Path, field: ShakingField) -> None:
    """Write a row a site: its place, and mean and spreads of each measure.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    import pandas as pd  # noqa: PLC0415

    from mainshock.sources.table_files import write_table  # noqa: PLC0415 - brings pandas

    names = field.site_names or tuple(f"site{i}" for i in range(field.site_longitude.size))
    columns: dict[str, Any] = {
        "station": names,
        "longitude": field.site_longitude,
        "latitude": field.site_latitude,
    }
    for i, measure in enumerate(field.measures):
        columns[measure] = field.mean[:, i]
        columns[f"{measure}_sd"] = field.sd[:, i]
        columns[f"{measure}_sd_epistemic"] = field.sd_epistemic[:, i]
    columns["extrapolation"] = field.is_extrapolated
    n = len(names)
    columns |= {"model": [field.model] * n, "caution": [" ".join(field.cautions())] * n}
    write_table(path, pd.DataFrame(columns))


def _write_json(path: Path, document: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
