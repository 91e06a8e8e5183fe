"""``mainshock locate``: from picks or records to the posterior of each event."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from mainshock.pipeline.from_waveforms import PickedRecords
    from mainshock.pipeline.locating import LocatedPicks

__all__ = ["app"]

NAMED_MODEL_ERROR = 0.03

app = typer.Typer(
    invoke_without_command=True,
    help=(
        "Locate events from picks or records: posterior, credible regions, QuakeML.\n\n"
        "Picks with an event_id are located as grouped; all others are associated first. "
        "Writes events.csv, events.xml, regions.geojson, samples.npz and picks.csv."
    ),
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback(invoke_without_command=True)
def locate(
    context: typer.Context,
    picks: Annotated[
        Path | None,
        typer.Option(help="Picks: CSV, Parquet, QuakeML or NonLinLoc observations."),
    ] = None,
    waveforms: Annotated[
        list[Path] | None,
        typer.Option(help="Record file, folder or SDS root; may be given several times."),
    ] = None,
    one_event_per_file: Annotated[
        bool,
        typer.Option("--one-event-per-file", help="Each file holds one event, named by its stem."),
    ] = False,
    stations: Annotated[
        Path | None, typer.Option(help="Stations: CSV, Parquet or StationXML.")
    ] = None,
    velocity: Annotated[
        str,
        typer.Option(help="iasp91, ak135, constant:VP,VS, or a CSV/JSON file of layers."),
    ] = "iasp91",
    model_error: Annotated[
        float | None,
        typer.Option(
            help="Error of the velocity model, as a share of the travel time; by default 0.03 for "
            "a named Earth model, 0 for one that you state.",
            min=0.0,
        ),
    ] = None,
    sampler: Annotated[str, typer.Option(help="Location method.")] = "grid",
    model: Annotated[str, typer.Option(help="Picker for --waveforms.")] = "default",
    seed: Annotated[int, typer.Option(help="Seed of the posterior draws.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
    as_json: _Json = False,
) -> None:
    """Locate events and write their posteriors."""
    if context.invoked_subcommand is not None:
        return
    if stations is None or out is None or (picks is None) == (not waveforms):
        raise SettingsError(
            "locate needs --stations FILE, --out DIR, and either --picks FILE or --waveforms PATH; "
            "`mainshock locate --help` shows all"
        )
    make_folder(out)
    if picks is not None:
        records = _read(picks)
    else:
        records = _pick(waveforms or [], model, stations, one_event_per_file)
    located = _locate(records, stations, velocity, model_error, sampler, seed)
    left_out = [(item.what, item.reason) for item in (*records.not_used, *located.not_used)]
    _report(located, left_out, out, as_json)


def _read(picks: Path) -> "PickedRecords":
    from mainshock.pipeline.from_waveforms import PickedRecords
    from mainshock.pipeline.results import NotUsed
    from mainshock.sources.base import SkippedInput
    from mainshock.sources.tables import read_picks

    skipped: list[SkippedInput] = []
    found = read_picks(picks, skipped)
    return PickedRecords(tuple(found), (), tuple(NotUsed(x.name, x.reason) for x in skipped))


def _has_responses(stations: Path) -> bool:
    return stations.suffix.lower() in {".xml", ".stationxml"}


def _pick(waveforms: list[Path], model: str, stations: Path, one_event: bool) -> "PickedRecords":
    from mainshock.detect.registry import open_picker
    from mainshock.pipeline.from_waveforms import pick_event_files, pick_records

    picker = open_picker(model)
    keep = _has_responses(stations)
    with progress("picking") as advance:
        if one_event:
            return pick_event_files(waveforms, picker, keep_waveforms=keep, progress=advance)
        return pick_records(waveforms, picker, keep_waveforms=keep, progress=advance)


def _locate(
    records: "PickedRecords",
    stations: Path,
    velocity: str,
    model_error: float | None,
    sampler: str,
    seed: int,
) -> "LocatedPicks":
    import numpy as np

    from mainshock.events.registry import ASSOCIATORS
    from mainshock.locate.registry import LOCATION_METHODS, TRAVEL_TIMES, open_velocity_model
    from mainshock.pipeline.locating import AmplitudeInput, EventBuilder, locate_picks
    from mainshock.sources.stations import read_inventory, read_stations

    travel_times = open_velocity_model(velocity)
    if model_error is None:  # a global model is never the crust under a network
        model_error = NAMED_MODEL_ERROR if velocity in TRAVEL_TIMES else 0.0
    method = LOCATION_METHODS.load(sampler)(travel_times=travel_times, model_error=model_error)
    amplitudes = (
        AmplitudeInput(records.waveforms, read_inventory(stations)) if records.waveforms else None
    )
    builder = EventBuilder(method, read_stations(stations), amplitudes)
    associator = ASSOCIATORS.load("grid")()
    with progress("locating") as advance:
        return locate_picks(
            records.picks, builder, associator, travel_times, np.random.default_rng(seed), advance
        )


def _report(
    located: "LocatedPicks", left_out: list[tuple[str, str]], out: Path, as_json: bool
) -> None:
    from mainshock.events.tables import event_record, events_to_frame
    from mainshock.pipeline.outputs import write_located

    tell_not_used(left_out)
    paths = write_located(out, located.events, located.picks)
    say(f"{len(located.events)} events written to {out}")
    if as_json:
        print_json(
            {
                "events": [event_record(event) for event in located.events],
                "files": paths,
                "not_used": [{"what": what, "reason": reason} for what, reason in left_out],
            }
        )
    else:
        print_result(events_to_frame(located.events).to_csv(index=False))
    if not located.events:
        raise NothingFoundError("no event could be located; the reasons stand above")


@app.command()
def evaluate(
    located: Annotated[Path, typer.Option(help="Folder that `mainshock locate` wrote.")],
    truth: Annotated[Path, typer.Option(help="Catalogue of true locations, CSV or Parquet.")],
    as_json: _Json = False,
) -> None:
    """Compare located events with a catalogue: errors, and coverage of the credible regions."""
    from mainshock.locate.evaluate import evaluate_located_folder
    from mainshock.sources.tables import read_catalogue

    scores = evaluate_located_folder(located, read_catalogue(truth))
    if as_json:
        print_json(scores)
        return
    for name, value in scores.items():
        print_result(f"{name}: {value}")
