"""``mainshock shake generate``: made-up records of a region whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress

__all__ = ["generate"]


def generate(
    out: Annotated[Path, typer.Option(help="File of records to write (.h5; .csv beside it).")],
    events: Annotated[int, typer.Option(min=1, help="Made-up earthquakes.")] = 500,
    stations: Annotated[int, typer.Option(min=3, help="Stations of the region.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the hidden fields and all noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make up accelerograms of small earthquakes whose median spectra are known.

    A stochastic point source in a region where stress drop, attenuation and sites differ from
    place to place. All of it is synthetic: for tests and teaching. The same seed gives the same
    records.
    """
    from mainshock.shaking.point_source.generator import KIND, write_region
    from mainshock.shaking.point_source.settings import PointSourceSettings

    with progress("simulating") as advance:
        n_records = write_region(
            out,
            PointSourceSettings(),
            n_events=events,
            n_stations=stations,
            seed=seed,
            step=lambda done: advance(f"{done} records"),
        )
    written = out.with_suffix(".h5")
    if as_json:
        print_json({"out": str(written), "kind": KIND, "n_records": n_records, "seed": seed})
        return
    print_result(f"{n_records} {KIND} records written to {written}")
