"""A profile of kinematic efficiency as a table, as GeoJSON, as a picture and as a page."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mainshock.core.errors import SettingsError
from mainshock.core.files import replacing
from mainshock.offfault.profile import CAVEATS, EfficiencyProfile

__all__ = ["PROFILE_SUFFIXES", "profile_to_geojson", "write_profile"]


def profile_to_geojson(profile: EfficiencyProfile) -> dict[str, Any]:  # a JSON document
    """Return a FeatureCollection: one piece of the smooth line along the fault for each window.

    A map without a place on Earth gives kilometres, which RFC 7946 does not know: the member
    ``note`` says so, and :func:`mainshock.offfault.fault_map_files.read_fault_map` reads it.
    """
    features = []
    for row, piece in zip(profile.rows(), profile.pieces, strict=True):
        places = profile.fault_map.to_geographic(piece)
        line = piece / 1000.0 if places is None else places
        geometry = {"type": "LineString", "coordinates": line.round(6).tolist()}
        properties = {name: round(value, 6) for name, value in row.items()}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "caveats": list(CAVEATS),
        "warnings": list(profile.warnings),
        "features": features,
    }
    if profile.fault_map.frame is None:
        document |= {"units": "km", "note": "local frame: x and y in km"}
    return document


def write_profile(path: Path, profile: EfficiencyProfile, *, title: str, model: str) -> None:
    """Write a profile in the form that a file's suffix names.

    Parameters
    ----------
    path
        ``.csv``, ``.geojson``, ``.png`` or ``.html``.
    profile
        What is written.
    title
        Name of the fault, for people.
    model
        Name of what estimated it.

    Raises
    ------
    SettingsError
        If the suffix is another one.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise SettingsError(f"{path} cannot be written; give a {', '.join(_WRITERS)} file")
    with replacing(path) as temporary:
        write(temporary, profile, title, model)


def _write_csv(path: Path, profile: EfficiencyProfile, _title: str, _model: str) -> None:
    import pandas as pd  # noqa: PLC0415 - slow to load

    pd.DataFrame(profile.rows()).to_csv(path, index=False, float_format="%.6f")


def _write_geojson(path: Path, profile: EfficiencyProfile, title: str, model: str) -> None:
    document = {"name": title, "model": model, **profile_to_geojson(profile)}
    path.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def _write_png(path: Path, profile: EfficiencyProfile, title: str, model: str) -> None:
    from mainshock.offfault.profile_plots import plot_profile  # noqa: PLC0415 - slow to load

    plot_profile(profile, title=title, model=model).savefig(path)


def _write_html(path: Path, profile: EfficiencyProfile, title: str, model: str) -> None:
    from mainshock.offfault.profile_report import profile_page  # noqa: PLC0415 - slow to load

    path.write_text(profile_page(profile, title=title, model=model), encoding="utf-8")


_WRITERS: Mapping[str, Callable[[Path, EfficiencyProfile, str, str], None]] = {
    ".csv": _write_csv,
    ".geojson": _write_geojson,
    ".png": _write_png,
    ".html": _write_html,
}
PROFILE_SUFFIXES = tuple(_WRITERS)
