"""Writes what was located: the four files of the contract, and the picks beside them."""

from collections.abc import Sequence
from pathlib import Path

from mainshock.core.files import make_folder, replacing
from mainshock.core.records import Event, Pick, Station
from mainshock.events.geojson import write_regions
from mainshock.events.quakeml import write_quakeml
from mainshock.events.samples import write_samples
from mainshock.events.tables import write_events
from mainshock.locate.event_figure import plot_event
from mainshock.sources.tables import write_picks

__all__ = ["write_figures", "write_located"]


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


def write_figures(
    folder: Path, events: Sequence[Event], stations: Sequence[Station], most: int
) -> dict[str, str]:
    """Draw the first events as ``figures/EVENT_ID.png`` in a folder and return their paths.

    Each shows a map with regions and draws, two sections, and the origin time.

    Parameters
    ----------
    stations
        All stations; an event is drawn with those that saw it.
    most
        Number of events to draw at most.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    inside = make_folder(folder / "figures")
    paths = {}
    for event in events[:most]:
        codes = {pick.station_code for pick in event.picks}
        seen_by = [station for station in stations if station.code in codes]
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in event.event_id)
        path = inside / f"{name}.png"
        with replacing(path) as temporary:
            plot_event(event, seen_by).savefig(temporary, dpi=110)
        paths[event.event_id] = str(path)
    return paths
