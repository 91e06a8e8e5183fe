"""Velocity models from CSV and JSON files."""

import csv
import json
from pathlib import Path

from mainshock.core.errors import DataError, SourceError
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.velocity.layered import LayeredVelocity
from mainshock.locate.velocity.volume_points import read_points

__all__ = ["read_layers", "read_table"]

_COLUMNS = ("depth_km", "vp_km_s", "vs_km_s")


def read_table(path: Path) -> TravelTimeModel:
    """Return the layers in a CSV file, or the volume where it has a column ``longitude``.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, a value is no number or the velocities make no sense.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            is_volume = "longitude" in [name.strip() for name in lines.readline().split(",")]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read velocity model {path}: {error}") from error
    return read_points(path) if is_volume else read_layers(path)


def read_layers(path: Path) -> LayeredVelocity:
    """Return the layered model in a CSV or JSON file.

    Parameters
    ----------
    path
        CSV with the columns ``depth_km,vp_km_s,vs_km_s`` (depth of the layer's top), or JSON:
        either a list of objects with these keys, or one object of three lists.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, a value is no number or the layers make no sense.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read velocity model {path}: {error}") from error
    rows = _rows_of_json(text, path) if path.suffix.lower() == ".json" else _rows_of_csv(text)
    if not rows:
        raise DataError(f"velocity model {path} holds no layers")
    missing = [name for name in _COLUMNS if name not in rows[0]]
    if missing:
        raise DataError(
            f"velocity model {path} lacks {', '.join(missing)}; it needs {','.join(_COLUMNS)}"
        )
    try:
        depth, vp, vs = (tuple(float(row[name]) for row in rows) for name in _COLUMNS)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"velocity model {path} holds a value that is no number: {error}"
        ) from error
    return LayeredVelocity(depth, vp, vs, name=path.stem)


def _rows_of_csv(text: str) -> list[dict[str, object]]:
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True)
    return [{str(key).strip(): value for key, value in row.items()} for row in reader]


def _rows_of_json(text: str, path: Path) -> list[dict[str, object]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"velocity model {path} is no JSON: {error}") from error
    if isinstance(content, dict) and all(isinstance(v, list) for v in content.values()):
        lengths = {len(values) for values in content.values()}
        if len(lengths) > 1:
            raise DataError(f"velocity model {path} has lists of different lengths")
        content = [
            dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)
        ]
    if not (isinstance(content, list) and all(isinstance(row, dict) for row in content)):
        raise DataError(
            f"velocity model {path} must be a list of objects with {','.join(_COLUMNS)}"
        )
    return content
