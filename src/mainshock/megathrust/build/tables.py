"""Built segments, their labels and the provenance of each column as files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.megathrust.build.builder import (
    SLAB_GRID,
    BuildSettings,
    build_zone,
    prepared_fields,
)
from mainshock.megathrust.build.grids import RegularGrid, read_grid
from mainshock.megathrust.build.inputs import GlobalInputs, Source
from mainshock.megathrust.build.provenance import column_provenance
from mainshock.megathrust.build.ruptures import great_ruptures
from mainshock.megathrust.build.trenches import Zone
from mainshock.megathrust.labels import classes_of
from mainshock.megathrust.segments import NO_EVENT, feature_names, is_complete, write_segments

__all__ = ["BuiltSegments", "build_segments", "labels_table", "write_built"]

_SIGNIFICANT_DIGITS = 5


@dataclass(frozen=True, slots=True)
class BuiltSegments:
    """Segments of some zones.

    Parameters
    ----------
    segments
        Table in the form of :mod:`mainshock.megathrust.segments`.
    labels
        Classes, ruptures and years of :func:`labels_table`.
    provenance
        Settings, and for each column its source, licence, DOI and method.
    """

    segments: pd.DataFrame
    labels: pd.DataFrame
    provenance: dict[str, Any]


def _run_names(segments: pd.DataFrame, origin: pd.DataFrame) -> list[str]:
    """Return the rupture of each segment; each stretch without an event has a name of its own."""
    silent = (segments["m_max"] <= NO_EVENT).to_numpy()
    region = segments["region"].to_numpy()
    starts = np.ones(len(segments), dtype=bool)
    starts[1:] = (silent[1:] != silent[:-1]) | (region[1:] != region[:-1])
    first = segments["index"].to_numpy()[
        np.maximum.accumulate(np.where(starts, np.arange(len(silent)), 0))
    ]
    return [
        f"{zone}_none_{start:03d}" if none else f"{zone}_{name}"
        for zone, none, start, name in zip(region, silent, first, origin["rupture"], strict=True)
    ]


def labels_table(segments: pd.DataFrame, origin: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of segments: classes, rupture and year of the largest magnitude.

    Parameters
    ----------
    origin
        ``year`` and ``rupture`` of each row of ``segments``; year 0 where there was no event.
    """
    m_max = segments["m_max"].to_numpy(np.float64)
    table = pd.DataFrame(
        {
            "region": segments["region"],
            "segment": segments["index"],
            "s_km": segments["s_km"],
            "m_max": m_max,
            "no_event": (m_max <= NO_EVENT).astype(np.int64),
            "class2": classes_of(m_max, 2),
            "class3": classes_of(m_max, 3),
            "complete_row": is_complete(segments).astype(np.int64),
            "run_id": _run_names(segments, origin),
            "year": origin["year"].to_numpy(),
        }
    )
    table.insert(9, "run_len", table.groupby("run_id")["run_id"].transform("size"))
    return table


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    def nearest(values: "pd.Series[Any]") -> "pd.Series[Any]":
        if values.dtype != np.float64:
            return values
        return values.map(lambda value: float(f"{value:.{_SIGNIFICANT_DIGITS}g}"))

    return table.apply(nearest)


def build_segments(
    inputs: GlobalInputs,
    zones: tuple[Zone, ...],
    settings: BuildSettings,
    *,
    grids: Mapping[str, list[Path]] | None = None,
    ruptures: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> BuiltSegments:
    """Return the segments of some zones with features, labels and provenance.

    Parameters
    ----------
    grids
        Users' grids by name; several files of one name are tried in their order at each place.
        ``SLAB`` is the depth of the slab in km, all else becomes ``NAME_UP_*`` and ``NAME_DG_*``.
    ruptures
        A table of great ruptures in place of the packaged one.

    Raises
    ------
    DataError, GeometryError, SettingsError, SourceError
        As the parts say.
    """
    opened: dict[str, list[RegularGrid]] = {
        name: [read_grid(path) for path in paths] for name, paths in (grids or {}).items()
    }
    progress("filtering the geoid")
    fields = prepared_fields(inputs, settings, opened)
    known = great_ruptures(ruptures)
    segments, origins = [], []
    for zone in zones:
        table, origin = build_zone(zone, inputs, fields, known, settings)
        segments.append(table)
        origins.append(origin)
        progress(zone.code)
    joined = _rounded(pd.concat(segments, ignore_index=True))
    labels = labels_table(joined, pd.concat(origins, ignore_index=True))
    own = {name: [path.name for path in paths] for name, paths in (grids or {}).items()}
    return BuiltSegments(joined, labels, _provenance(joined, inputs.sources, zones, settings, own))


def _provenance(
    table: pd.DataFrame,
    sources: Mapping[str, Source],
    zones: tuple[Zone, ...],
    settings: BuildSettings,
    grids: Mapping[str, list[str]],
) -> dict[str, Any]:
    columns = [*feature_names(table), "AZIMUTH", "m_max"]
    return {
        "settings": asdict(settings),
        "zones": {zone.code: zone.name for zone in zones},
        "columns": {name: column_provenance(name, sources, grids, SLAB_GRID) for name in columns},
    }


def write_built(built: BuiltSegments, folder: Path) -> list[Path]:
    """Write ``segments/ZONE.csv``, ``labels.csv`` and ``provenance.json``; return the paths."""
    paths = write_segments(built.segments, folder / "segments")
    labels, provenance = folder / "labels.csv", folder / "provenance.json"
    built.labels.to_csv(labels, index=False)
    provenance.write_text(json.dumps(built.provenance, indent=1) + "\n")
    return [*paths, labels, provenance]
