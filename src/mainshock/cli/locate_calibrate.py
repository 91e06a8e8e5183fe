"""``mainshock locate calibrate``: station terms from past events."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.locate_inputs import read_or_pick
from mainshock.cli.output import print_json, print_result, say, tell_not_used
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from mainshock.locate.terms import TermTable

__all__ = ["calibrate"]


def calibrate(
    truth: Annotated[
        Path, typer.Option(help="Catalogue of past events with known hypocentres: CSV or Parquet.")
    ],
    stations: Annotated[Path, typer.Option(help="Stations: CSV, Parquet or StationXML.")],
    out: Annotated[Path, typer.Option(help="File for the terms, JSON.")],
    picks: Annotated[Path | None, typer.Option(help="Picks of the past events.")] = None,
    waveforms: Annotated[
        list[Path] | None,
        typer.Option(help="Records of the past events; may be given several times."),
    ] = None,
    one_event_per_file: Annotated[
        bool,
        typer.Option("--one-event-per-file", help="Each file holds one event, named by its stem."),
    ] = False,
    velocity: Annotated[
        str, typer.Option(help="Velocity model that the terms are to correct.")
    ] = "iasp91",
    by_source: Annotated[
        bool,
        typer.Option(
            "--by-source",
            help="Also learn corrections that depend on the source; locations take longer.",
        ),
    ] = False,
    model: Annotated[str, typer.Option(help="Picker for --waveforms.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print the terms as JSON.")] = False,
) -> None:
    """Learn station terms from past events: time shifts, azimuth bias, and how both scatter.

    Picks belong to the event whose event_id they carry, else to the one whose predicted arrival
    is nearest. Give the file to `mainshock locate --terms`, with the same velocity model.
    """
    from mainshock.locate.calibrate import learn_terms
    from mainshock.locate.registry import open_velocity_model
    from mainshock.locate.terms import term_record
    from mainshock.pipeline.known_events import known_events
    from mainshock.pipeline.locating import with_known_station
    from mainshock.sources.stations import read_stations
    from mainshock.sources.tables import read_catalogue

    make_folder(out.parent)
    catalogue, sites = read_catalogue(truth), read_stations(stations)
    travel_times = open_velocity_model(velocity)
    records = read_or_pick(
        picks, waveforms or [], stations, model, one_event_per_file=one_event_per_file
    )
    known, unknown = with_known_station(records.picks, sites)
    tell_not_used([(item.what, item.reason) for item in (*records.not_used, *unknown)])
    events = known_events(known, catalogue, list(sites), travel_times)
    terms = learn_terms(events, list(sites), travel_times, by_source=by_source)
    terms.write(out)
    say(f"terms of {len(terms.stations)} stations from {len(events)} events written to {out}")
    if as_json:
        print_json(term_record(terms))
    else:
        print_result(_table(terms))


def _table(terms: "TermTable") -> str:
    """Return the terms as CSV: one row for each station and phase."""
    rows = [
        "station,kind,n,shift,scale,spread",
        *(
            f"{code},{phase},{term.n},{term.shift_s:.3f} s,{term.scale:.4f},{term.sigma_s:.3f} s"
            for code, station in terms.stations.items()
            for phase, term in station.times.items()
        ),
    ]
    for code, station in terms.stations.items():
        if station.azimuth is not None:
            azimuth = station.azimuth
            rows.append(
                f"{code},azimuth,{azimuth.n},{azimuth.bias_deg:.0f} deg,"
                f"{azimuth.sigma_factor:.2f},{100.0 * azimuth.inlier_share:.0f} % inliers"
            )
        if station.incidence is not None:
            angle = station.incidence
            rows.append(
                f"{code},incidence,{angle.n},{angle.intercept_deg:.1f} deg,{angle.slope:.3f},"
                f"{angle.sigma_deg:.1f} deg"
            )
        rows.extend(
            f"{code},{phase} by source,{len(term.sources)},within {term.radius_km:g} km,,"
            for phase, term in station.sources.items()
        )
    if terms.degrees_of_freedom is not None:
        rows.append(f"all,Student-t,,,,{terms.degrees_of_freedom:g} degrees of freedom")
    return "\n".join(rows)
