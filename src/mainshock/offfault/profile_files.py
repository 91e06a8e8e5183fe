"""A profile of kinematic efficiency as a table, as GeoJSON, as a picture and as a page."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mainshock.core.errors import SettingsError
from mainshock.core.files import replacing
from mainshock.offfault.profile import CAVEATS, EfficiencyProfile

__all__ = ["PROFILE_SUFFIXES", "check_suffixes", "profile_to_geojson", "write_profiles"]

Png = Callable[[], bytes]  # draws when it is first asked


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
        properties = {
            # JSON knows no NaN, which intervals are that no labelled window was given for
            name: round(value, 6) if math.isfinite(value) else None
            for name, value in row.items()
        }
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


def write_profiles(
    paths: Sequence[Path], profile: EfficiencyProfile, *, title: str, model: str
) -> None:
    """Write a profile in the forms that the suffixes of files name; it is drawn once at most.

    Parameters
    ----------
    paths
        Each ``.csv``, ``.geojson``, ``.png`` or ``.html``.
    profile
        What is written.
    title
        Name of the fault, for people.
    model
        Name of what estimated it.

    Raises
    ------
    SettingsError
        If a suffix is another one; then nothing is written.
    """
    check_suffixes(paths)

    @cache
    def png() -> bytes:
        from mainshock.offfault.profile_plots import profile_png  # noqa: PLC0415 - slow to load

        return profile_png(profile, title=title, model=model)

    for path in paths:
        with replacing(path) as temporary:
            _WRITERS[path.suffix.lower()](temporary, profile, title, model, png)


def check_suffixes(paths: Sequence[Path]) -> None:
    """Refuse files that a profile cannot be written to.

    Raises
    ------
    SettingsError
        If a suffix is none of :data:`PROFILE_SUFFIXES`.
    """
    for path in paths:
        if path.suffix.lower() not in PROFILE_SUFFIXES:
            listed = ", ".join(PROFILE_SUFFIXES)
            raise SettingsError(f"{path} cannot be written; give a {listed} file")


def _write_csv(path: Path, profile: EfficiencyProfile, _title: str, _model: str, _png: Png) -> None:
    import pandas as pd  # noqa: PLC0415 - slow to load

    pd.DataFrame(profile.rows()).to_csv(path, index=False, float_format="%.6f")


def _write_geojson(
    path: Path, profile: EfficiencyProfile, title: str, model: str, _png: Png
) -> None:
    document = {"name": title, "model": model, **profile_to_geojson(profile)}
    path.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def _write_png(path: Path, _profile: EfficiencyProfile, _title: str, _model: str, png: Png) -> None:
    path.write_bytes(png())


def _write_html(path: Path, profile: EfficiencyProfile, title: str, model: str, png: Png) -> None:
    from mainshock.offfault.profile_report import profile_page  # noqa: PLC0415 - slow to load

    page = profile_page(profile, title=title, model=model, png=png())
    path.write_text(page, encoding="utf-8")


_WRITERS: Mapping[str, Callable[[Path, EfficiencyProfile, str, str, Png], None]] = {
    ".csv": _write_csv,
    ".geojson": _write_geojson,
    ".png": _write_png,
    ".html": _write_html,
}
PROFILE_SUFFIXES = tuple(_WRITERS)
