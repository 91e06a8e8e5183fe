"""``mainshock offfault predict``: kinematic efficiency of drawn windows, or along mapped traces."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say
from mainshock.core.errors import DataError, NothingFoundError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainshock.offfault.base import EfficiencyModel
    from mainshock.offfault.profile import EfficiencyProfile, ProfileSettings

__all__ = ["predict"]

_Kind = Annotated[
    list[str] | None,
    typer.Option(help="Which traces: main or secondary; repeatable. Without: both."),
]


def predict(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="Traces (GeoJSON, shapefile, KML, KMZ), or windows of 128 x 64 pixels, a stack "
            "of them, or one longer drawn map (.npy, .npz).",
        ),
    ],
    model: Annotated[
        str, typer.Option(help="Name, run folder, exported .onnx, or weights of Keras (.hdf5).")
    ] = "default",
    pixel_m: Annotated[
        float | None, typer.Option(help="Side of a pixel; 75 m for traces if not given.")
    ] = None,
    stride: Annotated[
        int, typer.Option(min=1, max=256, help="Largest step between windows, pixels.")
    ] = 32,
    thickness_px: Annotated[
        list[int] | None, typer.Option(help="Of drawn traces; repeatable. Without: 2, 3 and 4.")
    ] = None,
    scale: Annotated[
        list[float] | None,
        typer.Option(help="Multiple of the pixel to try; repeatable. Without: 3/4, 1 and 4/3."),
    ] = None,
    units: Annotated[
        str, typer.Option(help="Of traces: lonlat, km, m, or auto: as the file says.")
    ] = "auto",
    kind: _Kind = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="File to write: .csv, or of traces also .geojson, .png, .html."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Estimate how much of the displacement slips on faults, from the shape of their traces.

    Traces are drawn at several scales and line widths; the band holds what these change.
    """
    from mainshock.offfault.fault_map_files import is_trace_file

    _check_out(out or [], has_traces=is_trace_file(source))
    if is_trace_file(source):
        settings = _settings(pixel_m, stride, thickness_px, scale)
        found = _along_traces(source, _opened(model), settings, units, kind)
        if pixel_m is None:
            found.warnings.append(
                f"the pixel was taken as {settings.pixel_m:g} m, the scale of published profiles; "
                "give --pixel-m for another one"
            )
    else:
        if thickness_px or scale or kind or units != "auto":
            raise SettingsError(
                "--thickness-px, --scale, --kind and --units are for traces, and "
                f"{source.name} is no file of traces"
            )
        found = _of_drawn(source, model, pixel_m, stride)
    _write(out or [], found, source.stem, model)
    _tell(found, out or [], model, as_json=as_json)


@dataclass(slots=True)
class _Found:
    """Windows as they are told, with the profile that they make up, if any."""

    rows: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)
    profile: "EfficiencyProfile | None" = None


def _settings(
    pixel_m: float | None, stride: int, thickness_px: list[int] | None, scale: list[float] | None
) -> "ProfileSettings":
    from mainshock.offfault.profile import DEFAULT_PIXEL_M, ProfileSettings

    plain = ProfileSettings()
    return ProfileSettings(
        pixel_m=DEFAULT_PIXEL_M if pixel_m is None else pixel_m,
        stride_px=stride,
        thicknesses_px=tuple(thickness_px or plain.thicknesses_px),
        scales=tuple(scale or plain.scales),
    )


def _opened(name: str) -> "EfficiencyModel":
    """Return a model by name, or the network of a run's folder."""
    from mainshock.offfault.comparison import open_model

    return open_model(name)


def _along_traces(
    source: Path,
    model: "EfficiencyModel",
    settings: "ProfileSettings",
    units: str,
    kind: list[str] | None,
) -> _Found:
    from mainshock.offfault.fault_map import KINDS
    from mainshock.offfault.fault_map_files import read_fault_map
    from mainshock.offfault.profile import efficiency_profile

    profile = efficiency_profile(read_fault_map(source, units, kind or KINDS), model, settings)
    return _Found(profile.rows(), list(profile.warnings), profile)


def _of_drawn(source: Path, model: str, pixel_m: float | None, stride: int) -> _Found:
    """Return estimates of windows that are drawn already."""
    import numpy as np

    from mainshock.offfault.profile import drawn_efficiency
    from mainshock.offfault.windows import check_maps

    drawn = _drawn(source)
    if pixel_m is None:
        pixel_m = drawn.pixel_m
    maps, firsts = _cut(drawn.maps, stride)
    try:
        check_maps(maps)
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    if len(maps) == 0:
        raise NothingFoundError(f"{source} holds 0 windows; give one or more")
    if not maps.any():
        raise NothingFoundError(f"no window of {source} holds a fault: all pixels are 0")
    found, told = drawn_efficiency(maps.astype(np.uint8), _opened(model))
    rows = found.rows()
    for row, first in zip(rows, firsts or [], strict=firsts is not None):
        row["first_column"] = first
        if pixel_m is not None:
            row["distance_along_km"] = (first + 0.5 * maps.shape[2]) * pixel_m / 1000.0
    return _Found(rows, told)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """An array of a file, and the side of its pixels where the file says it."""

    maps: "NDArray[np.uint8]"
    pixel_m: float | None = None


def _drawn(source: Path) -> _Drawn:
    """Return the drawn maps of a file."""
    import numpy as np

    from mainshock.offfault.fault_map_files import SUFFIXES
    from mainshock.offfault.windows import UNREADABLE, read_windows

    suffix = source.suffix.lower()
    if suffix not in (".npy", ".npz"):
        listed = ", ".join((".npy", ".npz", *SUFFIXES))
        raise DataError(f"{source} is of no kind that can be read; give a {listed} file")
    try:
        with source.open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            if suffix == ".npy":
                return _Drawn(stored)
            if "maps" in stored:
                return _Drawn(read_windows(source).maps)
            per_km = float(stored["px_per_km"]) if "px_per_km" in stored else 0.0
            name = next((one for one in ("fault", "mask") if one in stored), None)
            if name is None:
                raise DataError(
                    f"{source} holds {', '.join(stored)}; give an array `maps`, `fault` or `mask`"
                )
            return _Drawn(stored[name], 1000.0 / per_km if per_km > 0.0 else None)
    except DataError:
        raise
    except UNREADABLE as error:
        raise DataError(f"{source} holds no array of pixels: {error}") from error


def _cut(maps: "NDArray[np.uint8]", stride: int) -> "tuple[NDArray[np.uint8], list[int] | None]":
    """Return windows, and where they begin if they are cut from one longer map."""
    from mainshock.offfault.profile import band_windows

    if maps.ndim != 2:
        return maps, None
    return band_windows(maps, stride)


def _check_out(out: list[Path], *, has_traces: bool) -> None:
    """Refuse files that cannot be written, before anything is estimated."""
    from mainshock.offfault.profile_files import check_suffixes

    check_suffixes(out)
    for path in out:
        if not has_traces and path.suffix.lower() != ".csv":
            raise SettingsError(f"{path} needs traces as input; drawn windows give a .csv file")


def _write(out: list[Path], found: _Found, title: str, model: str) -> None:
    from mainshock.core.files import replacing
    from mainshock.offfault.profile_files import write_profiles

    if found.profile is not None:
        write_profiles(out, found.profile, title=title, model=model)
        return
    for path in out:
        import pandas as pd

        with replacing(path) as temporary:
            pd.DataFrame(found.rows).to_csv(temporary, index=False, float_format="%.6f")


def _tell(found: _Found, written: list[Path], model: str, *, as_json: bool) -> None:
    from mainshock.offfault.profile import CAVEATS

    if as_json:
        document: dict[str, Any] = {
            "windows": found.rows,
            "model": model,
            "warnings": found.warnings,
            "caveats": list(CAVEATS),
            "files": [str(path) for path in written],
        }
        if found.profile is not None:
            document |= {
                "summary": found.profile.summary(),
                "pixel_m": found.profile.pixel_m,
                "strike_deg": found.profile.strike_deg,
                "coordinates": found.profile.fault_map.crs_note,
            }
        print_json(document)
        return
    for row in found.rows:
        along = f"{row['distance_along_km']:8.2f} km" if "distance_along_km" in row else ""
        print_result(f"{row['index']:4d}{along}  {_estimate(row)}")
    for path in written:
        print_result(str(path))
    for line in (*found.warnings, *CAVEATS):
        say(line)


def _estimate(row: dict[str, Any]) -> str:
    """Return an estimate for people."""
    if math.isnan(row["ke"]):
        return "no fault"
    if math.isnan(row["lo90"]):
        return f"KE {row['ke']:.2f}  (no interval)"
    return f"KE {row['ke']:.2f}  [{row['lo90']:.2f}, {row['hi90']:.2f}]"
