"""What an archive job is made of: station-days, what is done to each, and what came of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from mainshock.core.times import format_utc
from mainshock.sources.fragments import TimeWindow, ns_from_datetime
from mainshock.sources.station_pieces import DAY_NS

__all__ = ["LEAD_NS", "ArchiveJob", "Unit", "UnitReport", "unit_file"]

LEAD_NS = 120_000_000_000
"""How far a unit looks into the days beside it: twice what a seam at midnight needs."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One UTC day of one station.

    Parameters
    ----------
    network, station
        FDSN codes.
    day
        The day.
    files
        Paths in the store of the archive that may hold samples of the day and of two minutes on
        either side; none where records are asked for by code and time.
    stamp
        Changes when one of the files does; empty where the archive cannot tell.
    """

    network: str
    station: str
    day: date
    files: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def name(self) -> str:
        """``NET.STA.YYYY-MM-DD``.

        Examples
        --------
        >>> Unit("BW", "UH1", date(2010, 5, 27)).name
        'BW.UH1.2010-05-27'
        """
        return f"{self.network}.{self.station}.{self.day.isoformat()}"

    @property
    def start(self) -> datetime:
        """The midnight it begins with."""
        return datetime.combine(self.day, time(tzinfo=UTC))

    @property
    def end(self) -> datetime:
        """The midnight it ends before."""
        return self.start + timedelta(days=1)

    @property
    def window(self) -> TimeWindow:
        """The day."""
        first = ns_from_datetime(self.start)
        return TimeWindow(first, first + DAY_NS)

    @property
    def wide_window(self) -> TimeWindow:
        """The day and what it looks at beside it."""
        return TimeWindow(self.window.start_ns - LEAD_NS, self.window.end_ns + LEAD_NS)


def unit_file(unit: Unit) -> str:
    """Return where the picks of a unit lie, below the folder of results.

    Examples
    --------
    >>> unit_file(Unit("BW", "UH1", date(2010, 5, 27)))
    'picks/BW.UH1/2010-05-27.parquet'
    """
    return f"picks/{unit.network}.{unit.station}/{unit.day.isoformat()}.parquet"


@dataclass(frozen=True, slots=True)
class ArchiveJob:
    """What is done to each unit; sent to every worker.

    Parameters
    ----------
    source
        The archive: a folder or address in SDS layout, or ``fdsn:URL``.
    out
        Folder or address of the results.
    model
        Picker: a registered name or a model folder.
    p_threshold, s_threshold
        Smallest probability of a pick; None: the model's.
    channels
        Patterns of channel codes.
    max_gap_s
        A longer gap ends a record and starts the next one.
    """

    source: str
    out: str
    model: str = "default"
    p_threshold: float | None = None
    s_threshold: float | None = None
    channels: tuple[str, ...] = ("*",)
    max_gap_s: float = 60.0


@dataclass(frozen=True, slots=True)
class UnitReport:
    """What came of a unit.

    Parameters
    ----------
    unit
        Its name.
    state
        ``done``: its file holds all picks of the day, perhaps none. ``failed``: there is no file.
    stamp
        As the unit had it.
    model
        Name that the picks carry.
    input_sha256
        Over the content of the files that were read, in order.
    n_picks
        Rows of its file.
    recorded_s
        Seconds of record, instruments counted each.
    seconds, cpu_s
        Time that a worker took for it, and its processor time.
    fetched
        When its records were asked for or its files opened, UTC; None where that did not happen.
    error
        Why it failed.
    problems
        Files and channels that were left out, with the reason.
    """

    unit: str
    state: Literal["done", "failed"]
    stamp: str = ""
    model: str = ""
    input_sha256: str = ""
    n_picks: int = 0
    recorded_s: float = 0.0
    seconds: float = 0.0
    cpu_s: float = 0.0
    fetched: datetime | None = None
    error: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return a dictionary that JSON can hold."""
        names = [name for name in self.__slots__ if name != "problems"]
        document = {name: getattr(self, name) for name in names}
        for name in ("recorded_s", "seconds", "cpu_s"):
            document[name] = round(document[name], 3)
        document["fetched"] = "" if self.fetched is None else format_utc(self.fetched)
        return {**document, "problems": [list(pair) for pair in self.problems]}
