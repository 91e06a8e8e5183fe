"""Writes what was located: the four files of the contract, and the picks beside them."""

from collections.abc import Sequence
from pathlib import Path

from mainshock.core.files import make_folder
from mainshock.core.records import Event, Pick
from mainshock.events.geojson import write_regions
from mainshock.events.quakeml import write_quakeml
from mainshock.events.samples import write_samples
from mainshock.events.tables import write_events
from mainshock.sources.tables import write_picks

__all__ = ["write_located"]


def write_located(folder: Path, events: Sequence[Event], picks: Sequence[Pick]) -> dict[str, str]:
    """Write events, regions, samples and picks into a folder and return their paths.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    paths = {
        "events": folder / "events.csv",
        "quakeml": folder / "events.xml",
        "regions": folder / "regions.geojson",
        "samples": folder / "samples.npz",
        "picks": folder / "picks.csv",
    }
    write_events(paths["events"], events)
    write_quakeml(paths["quakeml"], events)
    write_regions(paths["regions"], events)
    write_samples(paths["samples"], events)
    write_picks(paths["picks"], picks)
    return {name: str(path) for name, path in paths.items()}
