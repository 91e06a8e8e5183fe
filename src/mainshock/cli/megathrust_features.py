"""``mainshock megathrust features``: cut trenches into segments with features and labels."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress, say
from mainshock.core.errors import SettingsError

__all__ = ["features"]


def _named_grids(grids: list[str]) -> dict[str, list[Path]]:
    """Return files by name from ``NAME=FILE`` texts."""
    named: dict[str, list[Path]] = {}
    for text in grids:
        name, separator, file = text.partition("=")
        if not separator or not name.isidentifier() or not file:
            raise SettingsError(f"--grid {text!r} is not NAME=FILE with a name of letters")
        named.setdefault(name.upper(), []).append(Path(file))
    return named


_SlabFromEarthquakes = Annotated[
    bool,
    typer.Option(
        "--slab-from-earthquakes",
        help="Without a SLAB grid: draw the slab from the earthquakes, as the labels are.",
    ),
]


def features(
    inputs: Annotated[Path, typer.Option(help="Folder of open global inputs.")],
    out: Annotated[Path, typer.Option(help="Folder for segments, labels and provenance.")],
    zones: Annotated[str, typer.Option(help="Codes such as sam,alu; none: all.")] = "",
    spacing_km: Annotated[float, typer.Option(help="Length of a segment.")] = 50.0,
    width_km: Annotated[float, typer.Option(help="Width of the cell on each side.")] = 300.0,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE, NetCDF or XYZ; SLAB is slab depth in km; repeatable."),
    ] = None,
    slab_from_earthquakes: _SlabFromEarthquakes = False,
    ruptures: Annotated[
        Path | None, typer.Option(help="Great ruptures, in place of the packaged table.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Build segments, features and labels of trenches from open data and your own grids.

    Missing values stay empty. The labels are from a short catalogue: no event means none was seen.
    """
    from mainshock.megathrust.build.builder import BuildSettings
    from mainshock.megathrust.build.inputs import read_inputs
    from mainshock.megathrust.build.tables import build_segments, write_built
    from mainshock.megathrust.build.trenches import chosen_zones

    chosen = chosen_zones(tuple(code for code in zones.replace(" ", "").split(",") if code))
    settings = BuildSettings(
        spacing_km=spacing_km, width_km=width_km, slab_from_earthquakes=slab_from_earthquakes
    )
    named = _named_grids(grid or [])
    with progress("building", total=len(chosen) + 2) as advance:
        built = build_segments(
            read_inputs(inputs, advance),
            chosen,
            settings,
            grids=named,
            ruptures=ruptures,
            progress=advance,
        )
    paths = write_built(built, out)
    say(f"{len(paths)} files written to {out}")
    labels = built.labels.groupby("region", sort=False)
    summary = {
        str(zone): {
            "segments": len(rows),
            "great": int(rows["class2"].sum()),
            "no_event": int(rows["no_event"].sum()),
        }
        for zone, rows in labels
    }
    if as_json:
        print_json({"out": str(out), "zones": summary, "columns": built.provenance["columns"]})
        return
    for zone, counts in summary.items():
        print_result(
            f"{zone}: {counts['segments']} segments, {counts['great']} of them in a rupture of "
            f"M 8.0 or more, {counts['no_event']} without an event"
        )
