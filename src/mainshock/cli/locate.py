"""``mainshock locate``: from picks or records to the posterior of each event."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from mainshock.cli import locate_options as options
from mainshock.cli.locate_calibrate import calibrate
from mainshock.cli.locate_detections import locate_detection_table, refuse_unused
from mainshock.cli.locate_inputs import holds_detections, read_or_pick
from mainshock.cli.locate_report import report_located
from mainshock.cli.locate_simulate import simulate
from mainshock.cli.output import print_json, print_result, progress, say
from mainshock.core.errors import SettingsError
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from mainshock.events.base import Associator
    from mainshock.events.magnitude_settings import MagnitudeKind, MagnitudeSettings
    from mainshock.locate.base import TravelTimeModel
    from mainshock.pipeline.from_waveforms import PickedRecords
    from mainshock.pipeline.locating import EventBuilder, LocatedPicks
    from mainshock.pipeline.location_setup import LocationSetup
    from mainshock.sources.stations import StationList

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
app.command()(simulate)


@app.callback(invoke_without_command=True)
def locate(
    context: typer.Context,
    picks: options.Picks = None,
    waveforms: options.Waveforms = None,
    one_event_per_file: options.OneEventPerFile = False,
    stations: options.Stations = None,
    velocity: options.Velocity = None,
    model_error: options.ModelError = None,
    catalogue: options.Catalogue = None,
    background: options.Background = 0.02,
    max_depth: options.MaxDepth = None,
    terms: options.Terms = None,
    regions: options.Regions = None,
    clusters: options.Clusters = None,
    legacy: options.Legacy = False,
    sampler: options.Sampler = "grid",
    model: options.Picker = "default",
    magnitude: options.Magnitude = "ML",
    distance_correction: options.DistanceCorrection = "iaspei",
    figures: options.Figures = 0,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    """Locate events and write their posteriors."""
    if context.invoked_subcommand is not None:
        return
    from mainshock.pipeline.location_setup import LocationSetup

    setup = LocationSetup(velocity, model_error, terms, catalogue, sampler, background)
    if picks is not None and not waveforms and out is not None and holds_detections(picks):
        refuse_unused(context, is_legacy=legacy, has_clusters=clusters is not None)
        files = (picks, regions, clusters, stations)
        locate_detection_table(
            files, setup, out, seed, figures=figures, is_legacy=legacy, as_json=as_json
        )
        return
    if regions or clusters or legacy:
        raise SettingsError(
            "--regions, --clusters and --legacy need --picks FILE of EQTransformer or EQNeMix"
        )
    if stations is None or out is None or (picks is None) == (not waveforms):
        raise SettingsError(
            "locate needs --stations FILE, --out DIR, and either --picks FILE or --waveforms PATH; "
            "`mainshock locate --help` shows all"
        )
    from mainshock.events.magnitude_settings import MagnitudeSettings
    from mainshock.sources.stations import read_stations

    measure = MagnitudeSettings(cast("MagnitudeKind", magnitude), distance_correction)
    make_folder(out)
    prepared = _prepared(read_stations(stations), setup, measure, max_depth)
    records = read_or_pick(
        picks, waveforms or [], stations, model, one_event_per_file=one_event_per_file
    )
    located = _locate(records, stations, prepared, seed, jobs)
    left_out = [(item.what, item.reason) for item in (*records.not_used, *located.not_used)]
    drawn = (figures, list(prepared.builder.stations)) if figures else None
    report_located(located, left_out, out, figures=drawn, as_json=as_json)


class _Prepared(NamedTuple):
    """All that a run needs beside its records, checked before they are read."""

    builder: "EventBuilder"
    associator: "Associator"
    travel_times: "TravelTimeModel"


def _prepared(
    sites: "StationList",
    setup: "LocationSetup",
    measure: "MagnitudeSettings",
    deepest: float | None,
) -> _Prepared:
    from mainshock.events.registry import ASSOCIATORS
    from mainshock.pipeline.locating import EventBuilder

    travel_times = setup.travel_times()
    without = setup.stations_without_terms(sites)
    if without:
        say(
            f"warning: no station terms for {', '.join(without[:5])}"
            f"{' and others' if len(without) > 5 else ''}; compare codes with those calibrated"
        )
    if setup.is_by_default:
        say("no --velocity: iasp91, an average Earth; depths of local events may be kilometres off")
    builder = EventBuilder(
        setup.method(travel_times, list(sites)), sites, magnitude_settings=measure
    )
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(deepest))
    return _Prepared(builder, associator, travel_times)


def _locate(
    records: "PickedRecords", stations: Path, prepared: _Prepared, seed: int, jobs: int | None
) -> "LocatedPicks":
    from dataclasses import replace

    import numpy as np

    from mainshock.pipeline.locating import AmplitudeInput, locate_picks
    from mainshock.sources.stations import read_inventory

    builder, associator, travel_times = prepared
    if records.waveforms:
        amplitudes = AmplitudeInput(records.waveforms, read_inventory(stations))
        builder = replace(builder, amplitudes=amplitudes)
    rng = np.random.default_rng(seed)
    with progress("locating") as advance:
        return locate_picks(
            records.picks, builder, associator, travel_times, rng, advance, jobs=jobs
        )


@app.command()
def evaluate(
    located: Annotated[Path, typer.Option(help="Folder that `mainshock locate` wrote.")],
    truth: Annotated[Path, typer.Option(help="Catalogue of true locations, CSV or Parquet.")],
    as_json: options.Json = False,
) -> None:
    """Compare located events with a catalogue: errors, and coverage of the credible regions."""
    from mainshock.locate.evaluate import evaluate_located_folder
    from mainshock.sources.tables import read_catalogue

    scores = evaluate_located_folder(located, read_catalogue(truth))
    if as_json:
        print_json(scores)
        return
    print_result(_score_text(scores))


def _score_text(scores: dict[str, Any]) -> str:  # Any: nested statistics
    """Return the scores that matter most, a line each; --json has all."""
    error, baseline = scores["epicentral_error_km"], scores["baseline"]["epicentral_error_km"]
    lines = [
        (
            f"{scores['n']} of {scores['n_truth']} known events found among "
            f"{scores['n_located']} located"
        ),
        (
            f"epicentral error: median {error['median']:.2f}, 95th percentile "
            f"{error['p95']:.2f} km "
            f"(catalogue centroid: {baseline['median']:.2f}, {baseline['p95']:.2f})"
        ),
        f"depth error: mean {scores['depth_error_km']['mae']} km",
        f"origin time error: median {scores['origin_time_error_s']['median_absolute']:.2f} s",
    ]
    for level, found in scores["coverage"].items():
        if found["n"]:
            low, high = found["interval95"]
            lines.append(
                f"{100 * float(level):.0f} % region holds {100 * found['observed']:.0f} % "
                f"({100 * low:.0f} to {100 * high:.0f}, n = {found['n']})"
            )
    return "\n".join(lines)
