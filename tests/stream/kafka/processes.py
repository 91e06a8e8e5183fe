"""Commands of mainshock as processes of their own, and what they found."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

__all__ = ["LENGTH_S", "START_NS", "STATIONS", "command", "found"]

START_NS = int(datetime(2019, 7, 7, 7, 51, tzinfo=UTC).timestamp()) * NANOSECONDS
"""Where the records of these tests begin: aftershocks of the Ridgecrest earthquakes."""
LENGTH_S, STATIONS = 240.0, ("B916", "B917", "B918")
_RUN = "from mainshock.cli.app import main; main()"


@contextmanager
def command(folder: Path, name: str, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"{name}.said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *map(str, arguments)],
            stdout=said,
            stderr=said,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30.0)


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
