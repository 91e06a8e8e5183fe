"""``mainshock locate``: from picks or records to the posterior of each event."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.locate_calibrate import calibrate
from mainshock.cli.locate_inputs import read_or_pick
from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from mainshock.pipeline.from_waveforms import PickedRecords
    from mainshock.pipeline.locating import LocatedPicks
    from mainshock.pipeline.location_setup import LocationSetup

__all__ = ["app"]

app = typer.Typer(
    invoke_without_command=True,
    help=(
        "Locate events from picks or records: posterior, credible regions, QuakeML.\n\n"
        "Picks with an event_id are located as grouped; all others are associated first. "
        "Writes events.csv, events.xml, regions.geojson, samples.npz and picks.csv."
    ),
)
app.command()(calibrate)
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
        str | None,
        typer.Option(
            help="iasp91, ak135, constant:VP,VS, a CSV/JSON file of layers, ...; by default the "
            "one that --terms belong to, else iasp91."
        ),
    ] = None,
    model_error: Annotated[
        float | None,
        typer.Option(
            help="Error of the velocity model, as a share of the travel time; by default 0.03 for "
            "a named Earth model, 0 for one that you state.",
            min=0.0,
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            "--catalogue",
            "--catalog",
            help="Past events, which say where earthquakes are expected: the prior.",
        ),
    ] = None,
    terms: Annotated[
        Path | None, typer.Option(help="Station terms by `mainshock locate calibrate`.")
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
    from mainshock.pipeline.location_setup import LocationSetup

    setup = LocationSetup(velocity, model_error, terms, sampler)
    make_folder(out)
    records = read_or_pick(
        picks, waveforms or [], stations, model, one_event_per_file=one_event_per_file
    )
    located = _locate(records, stations, setup, catalogue, seed)
    left_out = [(item.what, item.reason) for item in (*records.not_used, *located.not_used)]
    _report(located, left_out, out, as_json)


def _locate(
    records: "PickedRecords",
    stations: Path,
    setup: "LocationSetup",
    catalogue: Path | None,
    seed: int,
) -> "LocatedPicks":
    import numpy as np

    from mainshock.events.registry import ASSOCIATORS
    from mainshock.pipeline.locating import AmplitudeInput, EventBuilder, locate_picks
    from mainshock.pipeline.location_setup import catalogue_prior
    from mainshock.sources.stations import read_inventory, read_stations
    from mainshock.sources.tables import read_hypocentres

    sites = read_stations(stations)
    travel_times = setup.travel_times()
    prior = catalogue_prior(read_hypocentres(catalogue), list(sites)) if catalogue else None
    amplitudes = (
        AmplitudeInput(records.waveforms, read_inventory(stations)) if records.waveforms else None
    )
    builder = EventBuilder(setup.method(travel_times, prior), sites, amplitudes)
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
