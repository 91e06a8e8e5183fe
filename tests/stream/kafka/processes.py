"""What processes of the live path are fed with in these tests, and what they found."""

from datetime import UTC, datetime
from pathlib import Path

from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

__all__ = ["LENGTH_S", "START_NS", "STATIONS", "found"]

START_NS = int(datetime(2019, 7, 7, 7, 51, tzinfo=UTC).timestamp()) * NANOSECONDS
"""Where the records of these tests begin: aftershocks of the Ridgecrest earthquakes."""
LENGTH_S, STATIONS = 240.0, ("B916", "B917", "B918")


def found(folder: Path) -> tuple[list[tuple[object, ...]], list[tuple[datetime, int]]]:
    """Settled picks and events, without the ids that each run gives."""
    with LiveStore.open(folder / "mainshock.sqlite") as store:
        picks, events = store.picks(limit=None), store.events(EventQuery(limit=None))
    assert {one.status for one in (*picks, *events)} == {"settled"}
    return (
        sorted(
            (one.pick.station_code, one.pick.phase, one.pick.time, round(one.pick.probability, 4))
            for one in picks
        ),
        sorted((one.event.origin.time, len(one.event.arrivals)) for one in events),
    )
