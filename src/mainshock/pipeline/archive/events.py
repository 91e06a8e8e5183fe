"""Events from the picks of an archive, by the code that `mainshock locate` uses."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mainshock.core.records import Pick
from mainshock.events.registry import ASSOCIATORS
from mainshock.pipeline.locating import EventBuilder, LocatedPicks, locate_picks
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.pipeline.outputs import write_located
from mainshock.sources.archive_stores import ArchiveStore
from mainshock.sources.stations import read_stations

__all__ = ["locate_archive", "write_archive_events"]

_FOLDER = "events"


def locate_archive(
    picks: Sequence[Pick],
    stations: Path,
    setup: LocationSetup,
    *,
    seed: int = 0,
    jobs: int | None = None,
) -> LocatedPicks:
    """Return the events behind picks; magnitudes are left out, since they need the records.

    Parameters
    ----------
    stations
        CSV, Parquet or StationXML.
    setup
        Velocity model, prior and method.
    seed
        Of the draws from the posteriors.
    jobs
        Processes; None: one for each processor.

    Raises
    ------
    SourceError, DataError, SettingsError
        If stations or setup cannot be used.
    """
    sites = read_stations(stations)
    travel_times = setup.travel_times()
    builder = EventBuilder(setup.method(travel_times, list(sites)), sites)
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(None))
    rng = np.random.default_rng(seed)
    return locate_picks(picks, builder, associator, travel_times, rng, jobs=jobs)


def write_archive_events(store: ArchiveStore, located: LocatedPicks) -> dict[str, str]:
    """Write the files of ``mainshock locate`` into the folder ``events`` of the results.

    Returns
    -------
    dict
        Name of each file to its place.
    """
    written = {}
    with TemporaryDirectory(prefix="mainshock-events-") as folder:
        for name, path in write_located(Path(folder), located.events, located.picks).items():
            place = f"{_FOLDER}/{Path(path).name}"
            store.write(place, Path(path).read_bytes())
            written[name] = f"{store.url}/{place}"
    return written
