"""``mainshock offfault ke-pairs``: efficiency of real earthquakes from slip."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.offfault.ke_pairs import KePairSettings, Lines

__all__ = ["CAVEAT", "ke_pairs"]

CAVEAT = (
    "Coseismic efficiency of one earthquake, on the fault against within about 150 m; not the "
    "efficiency of steady slip in experiments. Single pairs are noise."
)
_Lines = Annotated[
    Path | None, typer.Option(help="GeoJSON of lines with eq_name: where distance is counted.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")]
_Out = Annotated[Path | None, typer.Option(help="Folder for tables; made where missing.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def ke_pairs(
    points: Annotated[
        Path | None, typer.Option(help="Slip measurements, CSV or Parquet: FDHI flatfile or alike.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Instead: a table of pairs, CSV or Parquet.")
    ] = None,
    reference_lines: _Lines = None,
    window_km: Annotated[float, typer.Option(help="Length of windows along the rupture.")] = 5.0,
    radius_m: Annotated[float, typer.Option(help="Largest distance within a pair.")] = 500.0,
    min_pairs: Annotated[int, typer.Option(min=1, help="Leave out windows with fewer.")] = 10,
    seed: _Seed = 0,
    out: _Out = None,
    as_json: _Json = False,
) -> None:
    """Pair slip on faults with total displacement; efficiency of windows and events.

    Slip by field, lidar and satellite offsets is paired with the nearest total by optical image
    correlation. With --out: pairs.csv, windows.csv, events.csv.
    """
    from mainshock.offfault.ke_pairs import KePairSettings, summarise_events, summarise_windows
    from mainshock.offfault.slip_tables import read_reference_lines

    settings = KePairSettings(radius_m, window_km, min_pairs, seed=seed)
    lines = None if reference_lines is None else read_reference_lines(reference_lines)
    table = _pairs(points, pairs, lines, settings)
    windows = summarise_windows(table, settings) if "s_km" in table else None
    events = [asdict(one) for one in summarise_events(table, settings)]
    if lines is not None and (without := {one["eq_name"] for one in events} - set(lines)):
        say(f"no reference line: {', '.join(sorted(without))}; distance is along the longest axis")
    if windows is None:
        say("the pairs have no distance and no place: no windows, events only")
    paths = {} if out is None else _write(out, {"pairs": table, "windows": windows}, events)
    say(CAVEAT)
    if as_json:
        rows = [] if windows is None else windows.to_dict("records")
        for one in events:
            one["windows"] = [row for row in rows if row["eq_name"] == one["eq_name"]]
        print_json({"events": events, "n_pairs": len(table), "paths": paths, "caveat": CAVEAT})
        return
    for one in events:
        spread = one["sd_boot_windows"] or one["sd_boot"]
        print_result(
            f"{one['eq_name']}: {one['ratio_of_means']:.3f} ± {spread:.3f} (ratio of means), "
            f"median {one['median']:.3f}, {one['n_pairs']} pairs"
        )


def _pairs(
    points: Path | None,
    pairs: Path | None,
    lines: "Lines | None",
    settings: "KePairSettings",
) -> "pd.DataFrame":
    """Return pairs, read or made, with their distance along the rupture where it can be known."""
    from mainshock.core.errors import SettingsError
    from mainshock.offfault.ke_pairs import add_distance_along, pair_slip
    from mainshock.offfault.slip_tables import read_ke_pairs, read_slip_points

    if points is not None and pairs is None:
        return pair_slip(read_slip_points(points), lines, settings)
    if pairs is None or points is not None:
        raise SettingsError("give either --points (measurements) or --pairs (already paired)")
    table = read_ke_pairs(pairs)
    is_placed = "s_km" in table or {"lon", "lat"} <= set(table.columns)
    return add_distance_along(table, lines) if is_placed else table


def _write(
    out: Path, tables: "dict[str, pd.DataFrame | None]", events: list[dict[str, Any]]
) -> dict[str, str]:
    """Write tables into a folder and return their paths."""
    import pandas as pd

    from mainshock.core.files import make_folder, replacing

    make_folder(out)
    paths = {}
    for name, table in {**tables, "events": pd.DataFrame(events)}.items():
        if table is not None:
            path = out / f"{name}.csv"
            with replacing(path) as temporary:
                table.round(4).to_csv(temporary, index=False)
            paths[name] = str(path)
    return paths
