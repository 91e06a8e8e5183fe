"""``mainshock shake map``: the shaking of an event or scenario at the sites of a map."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, say
from mainshock.core.errors import NothingFoundError, SettingsError

if TYPE_CHECKING:
    from mainshock.core.shaking_field import ShakingField
    from mainshock.shaking.shaking_map import ShakingSource

__all__ = ["map_"]

_Event = Annotated[
    str,
    typer.Option(
        help="File of an event: a folder or events.csv of `mainshock locate`, its --json, "
        "QuakeML, or a table of scenarios; or the id of an event in --data-dir."
    ),
]
_Grid = Annotated[
    str,
    typer.Option(
        help="west,east,south,north,columns,rows; or radius_km[,points a side] around the "
        "epicentre; or a CSV of sites."
    ),
]
_EventId = Annotated[str | None, typer.Option(help="Which event of a file with several.")]
_DataDir = Annotated[Path | None, typer.Option(help="Folder of a monitor, where --event is an id.")]
_Magnitude = Annotated[
    float | None, typer.Option(help="Instead of the event's; needed where it has none.")
]
_MagnitudeSd = Annotated[
    float, typer.Option(min=0.0, max=5.0, help="Standard deviation of --magnitude.")
]
_Measures = Annotated[
    list[str] | None,
    typer.Option(help="Such as ln_pga or ln_fas_5hz; repeatable. Without: all of the model."),
]
_N = Annotated[int, typer.Option(min=0, max=10_000, help="Possible maps to draw as well.")]
_Draws = Annotated[
    int,
    typer.Option(
        min=1, max=10_000, help="Hypocentres and magnitudes that stand for the event's uncertainty."
    ),
]
_Seed = Annotated[int, typer.Option(min=0, help="Of all that is drawn.")]
_Stations = Annotated[
    Path | None, typer.Option(help="StationXML or a table: stations to show in the figure.")
]


def map_(
    event: _Event,
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    model: Annotated[str, typer.Option(help="Name, or folder of a trained model.")] = "default",
    grid: _Grid = "100",
    event_id: _EventId = None,
    data_dir: _DataDir = None,
    magnitude: _Magnitude = None,
    magnitude_sd: _MagnitudeSd = 0.0,
    measures: _Measures = None,
    n: _N = 0,
    draws: _Draws = 32,
    seed: _Seed = 0,
    stations: _Stations = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Map the shaking of an event, with the uncertainty of its place and magnitude.

    Writes NetCDF, GeoTIFF, contours (GeoJSON), ShakeMap's grid.xml, a figure and a summary. Not
    for design use.
    """
    from mainshock.shaking.grid import sites_from_text
    from mainshock.shaking.map_files import map_summary, write_map_files
    from mainshock.shaking.shaking_map import MapSettings, map_shaking
    from mainshock.shaking.training import open_model

    given = None if magnitude is None else (magnitude, magnitude_sd)
    source = _source(event, event_id, data_dir, given)
    opened = open_model(model)
    sites = sites_from_text(grid, source.longitude, source.latitude)
    settings = MapSettings(tuple(measures or ()), draws, n, seed)
    field = map_shaking(opened, source, sites, settings)
    paths = write_map_files(out, field)
    paths["figure"] = _draw(out / "shaking.png", field, stations)
    for caution in field.cautions():
        say(f"note: {caution}")
    if as_json:
        files = {kind: str(path) for kind, path in paths.items()}
        print_json({**map_summary(field), "files": files})
    else:
        print_result("\n".join(str(path) for path in paths.values()))


def _source(
    text: str, event_id: str | None, folder: Path | None, magnitude: tuple[float, float] | None
) -> "ShakingSource":
    """Return the event in a file, or that of an id in a monitor's folder."""
    from mainshock.pipeline.shaking_sources import read_source

    if folder is None:
        if not Path(text).exists():
            raise SettingsError(
                f"--event {text!r} is no file; name one, or add --data-dir FOLDER for an id"
            )
        return read_source(Path(text), event_id, magnitude)
    return _stored(text, folder, magnitude)


def _stored(event_id: str, folder: Path, magnitude: tuple[float, float] | None) -> "ShakingSource":
    from dataclasses import replace

    from mainshock.core.errors import SourceError
    from mainshock.core.records import Magnitude
    from mainshock.pipeline.shaking import source_of_event
    from mainshock.stream.run_folder import RunFolder
    from mainshock.stream.store.live_store import LiveStore

    path = RunFolder(folder).store
    if not path.is_file():
        raise SourceError(f"{folder} holds no {path.name}; name the folder of a monitor")
    with LiveStore.open(path) as store:
        told = store.event(event_id)
    if told is None or told.kind == "cancel":
        state = "is not" if told is None else "was cancelled and is no more"
        raise NothingFoundError(f"event {event_id!r} {state} in {path}; look into its catalogue")
    known = told.event
    if magnitude is not None:
        known = replace(known, magnitude=Magnitude(magnitude[0], "", magnitude[1], 0))
    return source_of_event(known)


def _draw(path: Path, field: "ShakingField", stations: Path | None) -> Path:
    from mainshock.core.files import replacing
    from mainshock.shaking.map_plot import plot_map

    shown = []
    if stations is not None:
        from mainshock.sources.stations import read_stations

        shown = list(read_stations(stations))
    with replacing(path) as temporary:
        plot_map(field, shown).savefig(temporary, dpi=110)
    return path
