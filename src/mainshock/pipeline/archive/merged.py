"""One table of the picks of all units."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from mainshock.core.records import Pick
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.units import Unit, unit_file
from mainshock.pipeline.picking import one_pick_per_arrival
from mainshock.sources.archive_stores import ArchiveStore
from mainshock.sources.tables import read_picks

__all__ = ["merged_picks"]


def merged_picks(store: ArchiveStore, units: Iterable[Unit], selection: Selection) -> list[Pick]:
    """Return the picks of units in order of time, one for each arrival at a station.

    Parameters
    ----------
    store
        Where the files of the units lie.
    units
        Those done, in order of station and day.
    selection
        Picks before its start, or not before its end, are left out: units are whole days.

    Raises
    ------
    SourceError
        If the file of a unit cannot be read.
    """
    picks: list[Pick] = []
    for _, group in groupby(units, key=lambda unit: (unit.network, unit.station)):
        kept, _ = one_pick_per_arrival(list(_of_units(store, group)))
        picks.extend(pick for pick in kept if _is_wanted(pick, selection))
    return sorted(picks, key=lambda pick: pick.time)


def _of_units(store: ArchiveStore, units: Iterable[Unit]) -> Iterator[Pick]:
    with TemporaryDirectory(prefix="mainshock-merge-") as folder:
        for unit in units:
            yield from read_picks(store.fetch(unit_file(unit), Path(folder)))


def _is_wanted(pick: Pick, selection: Selection) -> bool:
    return (selection.start is None or pick.time >= selection.start) and (
        selection.end is None or pick.time < selection.end
    )
