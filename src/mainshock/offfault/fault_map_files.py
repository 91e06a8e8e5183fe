"""Fault traces from GeoJSON, shapefiles, KML and KMZ."""

import gzip
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, MainshockError, SettingsError
from mainshock.offfault import sentences
from mainshock.offfault.fault_map import (
    KINDS,
    UNITS,
    FaultMap,
    TracedLine,
    build_fault_map,
    kind_of,
)

__all__ = ["SUFFIXES", "fault_map_from_geojson", "is_trace_file", "read_fault_map"]

FloatArray = NDArray[np.float64]

SUFFIXES = (".geojson", ".json", ".geojson.gz", ".json.gz", ".shp", ".kml", ".kmz")
# of a damaged, locked or oddly packed file
_UNREADABLE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, RuntimeError)
_MOST_BYTES = 200_000_000
_DEEPEST = 8
_KML = "{*}"  # any version of the standard
_DEGREES_NOTE = "longitude and latitude, WGS84"


def is_trace_file(path: Path) -> bool:
    """Return whether a file's name is one of traces."""
    return path.name.lower().endswith(SUFFIXES)


def read_fault_map(path: Path, units: str = "auto", kinds: Iterable[str] = KINDS) -> FaultMap:
    """Return the fault traces of a file.

    Parameters
    ----------
    path
        GeoJSON (also ``.gz``), ESRI shapefile, KML or KMZ. Lines are read; polygons and points are
        left out with a note.
    units
        ``lonlat`` (WGS84 degrees), ``km``, ``m``, or ``auto``: what the file says (a ``.prj`` file,
        a ``units`` member or a note of local kilometres), else degrees.
    kinds
        Which traces are wanted, of ``main`` and ``secondary``. Traces that do not say are main.

    Raises
    ------
    DataError
        If the file is missing, cannot be read, or its coordinates make no sense.
    NothingFoundError
        If it holds no such trace.
    SettingsError
        If the units or kinds are unknown.
    """
    wanted = tuple(kinds)
    if units not in UNITS:
        raise SettingsError(f"units {units!r} are unknown; known ones: {', '.join(UNITS)}")
    if not wanted or set(wanted) - set(KINDS):
        raise SettingsError(f"kinds {wanted} are unknown; known ones: {', '.join(KINDS)}")
    name = path.name.lower()
    try:
        if name.endswith(".shp"):
            found = _read_shapefile(path, units)
        elif name.endswith((".kml", ".kmz")):
            found = _read_kml(path, units)
        elif is_trace_file(path):
            found = fault_map_from_geojson(json.loads(_content(path)), units)
        else:
            raise DataError(f"the name must end with {', '.join(SUFFIXES)}")
    except MainshockError as error:
        raise type(error)(f"{path}: {error}") from error
    except _UNREADABLE as error:
        raise DataError(f"{path} holds no fault traces: {error}") from error
    return found.of_kinds(wanted)


def fault_map_from_geojson(document: Any, units: str = "auto") -> FaultMap:
    """Return the fault traces of a GeoJSON document (RFC 7946).

    Parameters
    ----------
    document
        A FeatureCollection, Feature or geometry; what else it holds is ignored.
    units
        As in :func:`read_fault_map`.

    Raises
    ------
    DataError
        If it is no GeoJSON or its coordinates make no sense.
    NothingFoundError
        If it holds no line.
    """
    if not isinstance(document, dict) or "type" not in document:
        raise DataError(sentences.NOT_GEOJSON.tell())
    left_out: dict[str, int] = {}
    try:
        lines = list(_geojson_lines(document, {}, left_out, depth=0))
    except (TypeError, LookupError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"a GeoJSON geometry cannot be read: {error!r}") from error
    units, crs_note = _geojson_units(document, units)
    return build_fault_map(lines, units, crs_note, _left_out_notes(left_out))


def _geojson_lines(
    one: Mapping[str, Any], properties: Mapping[str, Any], left_out: dict[str, int], depth: int
) -> Iterator[TracedLine]:
    """Give the lines of any GeoJSON object, and count what is none."""
    if depth > _DEEPEST:
        raise ValueError("collections are nested too deeply")
    kind = one.get("type")
    told = one.get("properties") or properties
    children = one.get("features") if kind == "FeatureCollection" else one.get("geometries")
    if kind in ("FeatureCollection", "GeometryCollection"):
        for child in children or []:
            yield from _geojson_lines(child, told, left_out, depth + 1)
    elif kind == "Feature":
        if one.get("geometry"):
            yield from _geojson_lines(one["geometry"], told, left_out, depth + 1)
    elif kind in ("LineString", "MultiLineString"):
        parts = [one["coordinates"]] if kind == "LineString" else one["coordinates"]
        for part in parts:
            yield TracedLine(_places(part), kind_of(dict(told)))
    else:
        left_out[str(kind)[:40]] = left_out.get(str(kind)[:40], 0) + 1


def _places(coordinates: Any) -> FloatArray:
    """Return coordinates as pairs; heights are dropped."""
    pairs = [(float(place[0]), float(place[1])) for place in coordinates]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _geojson_units(document: Mapping[str, Any], units: str) -> tuple[str, str]:
    """Return the units that were asked for, or those that a document tells of."""
    if units != "auto":
        return units, _note(units)
    stated = str(document.get("units", "")).strip().lower()
    if stated in UNITS[1:]:
        return stated, f"{_note(stated)}, as its member `units` says"
    note = str(document.get("note", "")).lower()
    if "local frame" in note:
        found = "km" if "km" in note.replace(",", " ").split() else "m"
        return found, f"{_note(found)}, as its note says"
    return "lonlat", _DEGREES_NOTE


def _note(units: str) -> str:
    return _DEGREES_NOTE if units == "lonlat" else f"a local frame in {units}"


def _left_out_notes(left_out: Mapping[str, int]) -> list[str]:
    return [
        sentences.OTHER_KINDS.tell(count=count, kind=kind)
        for kind, count in sorted(left_out.items())
    ]


def _content(path: Path) -> bytes:
    """Return what a file holds, unpacked, of bounded size."""
    with path.open("rb") as packed:
        if not path.name.lower().endswith(".gz"):
            return _bounded(packed)
        with gzip.open(packed) as file:
            return _bounded(file)


def _bounded(file: Any) -> bytes:  # any open binary file
    content: bytes = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DataError(f"more than {_MOST_BYTES // 10**6} MB of traces; split the file")
    return content


def _read_shapefile(path: Path, units: str) -> FaultMap:
    import shapefile  # noqa: PLC0415 - slow to load

    left_out: dict[str, int] = {}
    lines: list[TracedLine] = []
    try:
        with shapefile.Reader(str(path)) as reader:
            for one in reader.iterShapeRecords():
                if "POLYLINE" not in one.shape.shapeTypeName:
                    name = one.shape.shapeTypeName
                    left_out[name] = left_out.get(name, 0) + 1
                    continue
                kind = kind_of(one.record.as_dict() if one.record is not None else {})
                parts = np.split(_places(one.shape.points), list(one.shape.parts)[1:])
                lines.extend(TracedLine(part, kind) for part in parts)
    except (shapefile.ShapefileException, struct.error, LookupError) as error:
        raise DataError(f"it is no shapefile: {error}") from error
    notes = _left_out_notes(left_out)
    projection = path.with_suffix(".prj")
    if units != "auto":
        return build_fault_map(lines, units, _note(units), notes)
    if not projection.is_file():
        return build_fault_map(lines, "lonlat", f"{_DEGREES_NOTE}, as no .prj file says", notes)
    return _from_projection(lines, projection, notes)


def _from_projection(lines: list[TracedLine], projection: Path, notes: list[str]) -> FaultMap:
    """Return a map whose coordinates a ``.prj`` file explains."""
    from pyproj import CRS, Transformer  # noqa: PLC0415 - slow to load
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        crs = CRS.from_wkt(projection.read_text(encoding="utf-8", errors="replace"))
    except CRSError as error:
        raise DataError(f"{projection.name} cannot be read; give the units: {error}") from error
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    degrees = [
        TracedLine(np.stack(to_degrees.transform(*one.places.T), axis=1), one.kind)
        for one in lines
        if len(one.places)
    ]
    return build_fault_map(degrees, "lonlat", f"{crs.name}, as {projection.name} says", notes)


def _read_kml(path: Path, units: str) -> FaultMap:
    from lxml import etree  # noqa: PLC0415 - slow to load

    # entities stay as they are and nothing is fetched: the file is somebody else's
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(_kml_content(path), parser)
    except etree.XMLSyntaxError as error:
        raise DataError(f"it is no KML: {error}") from error
    lines = [
        TracedLine(_kml_places(one), kind_of(_kml_properties(one)))
        for one in root.iter(f"{_KML}LineString")
    ]
    n_polygons = sum(1 for _ in root.iter(f"{_KML}Polygon"))
    notes = _left_out_notes({"Polygon": n_polygons} if n_polygons else {})
    units = "lonlat" if units == "auto" else units
    return build_fault_map(lines, units, _note(units), notes)


def _kml_content(path: Path) -> bytes:
    if path.suffix.lower() == ".kml":
        return _content(path)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".kml")]
        if not names:
            raise DataError("the archive holds no .kml file")
        with archive.open(names[0]) as file:
            return _bounded(file)


def _kml_places(line: Any) -> FloatArray:  # an element of lxml, as below
    text = line.findtext(f"{_KML}coordinates") or ""
    return _places([place.split(",") for place in text.split()])


def _kml_properties(line: Any) -> dict[str, Any]:
    """Return the extended data of the placemark that a line belongs to."""
    placemark = next(line.iterancestors(f"{_KML}Placemark"), None)
    if placemark is None:
        return {}
    told = {one.get("name"): one.findtext(f"{_KML}value") for one in placemark.iter(f"{_KML}Data")}
    simple = {one.get("name"): one.text for one in placemark.iter(f"{_KML}SimpleData")}
    return told | simple
