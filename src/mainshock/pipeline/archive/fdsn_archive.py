"""Units of a data centre that serves ``fdsnws-station`` and ``fdsnws-dataselect``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.core.times import format_utc
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.units import Unit
from mainshock.pipeline.datasets.fdsn_download import WebClient, list_stations
from mainshock.pipeline.datasets.record_parts import Selection as ChannelSelection
from mainshock.sources.fragments import TimeWindow, datetime_from_ns
from mainshock.sources.live.backfill import TooMuchError

__all__ = ["FdsnArchive"]

_DEFAULT_CHANNELS = ("HH?", "EH?", "BH?", "SH?", "CH?", "DH?", "HN?", "EN?")
_CODE = re.compile(r"[A-Za-z0-9-]{1,8}")
_SHORTEST_NS = 600_000_000_000


class FdsnArchive:
    """Stations and records of a data centre.

    Parameters
    ----------
    base_url
        Such as ``https://service.example.org``.
    channels
        Patterns of channel codes; with ``*`` those of seismometers and accelerometers that record
        20 samples a second or more.
    client
        What asks: four attempts with pauses that double, unless another one is given.

    Raises
    ------
    SettingsError
        If the address is none.
    """

    def __init__(
        self,
        base_url: str,
        channels: tuple[str, ...] = ("*",),
        client: WebClient | None = None,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise SettingsError(f"{base_url!r} is no address; write fdsn:https://HOST")
        self.base_url = base_url.rstrip("/").removesuffix("/fdsnws")
        self.channels = _DEFAULT_CHANNELS if channels == ("*",) else channels
        self.client = WebClient() if client is None else client

    def units(self, selection: Selection) -> list[Unit]:
        """Return all days of the stations that the data centre knows.

        Raises
        ------
        SettingsError
            If the selection has no begin or no end.
        NothingFoundError
            If the data centre has no such station.
        UnreachableError, SourceError
            If it does not answer, or refuses.
        """
        if selection.start is None or selection.end is None:
            raise SettingsError("a data centre has no end; give --from T and --to T")
        known = self._known(selection)
        # codes become names of folders, and these are the words of another machine
        sound = [codes for codes in known if all(_CODE.fullmatch(code) for code in codes)]
        stations = [codes for codes in sound if selection.has_station(*codes)]
        if not stations:
            raise NothingFoundError(
                f"{self.base_url} has none of the stations {', '.join(selection.stations)} with "
                f"channels {', '.join(self.channels)} in this time ({len(known)} others)"
            )
        first = datetime.combine(selection.start.date(), time(tzinfo=UTC))
        n_days = -((first - selection.end) // timedelta(days=1))
        return [
            Unit(*codes, (first + timedelta(days=index)).date())
            for codes in stations
            for index in range(n_days)
        ]

    def _known(self, selection: Selection) -> list[tuple[str, str]]:
        """Return all stations with such channels, or all where the centre lists no channels."""
        wanted = ChannelSelection(channels=self.channels, start=selection.start, end=selection.end)
        known = list_stations(self.client, self.base_url, wanted)
        if known:
            return known
        return list_stations(self.client, self.base_url, replace(wanted, channels=("*",)))

    @contextmanager
    def files_of(self, unit: Unit) -> Iterator[list[tuple[str, Path]]]:
        """Give the records of a unit as one file for the time of the block.

        Raises
        ------
        UnreachableError, SourceError
            If the data centre does not answer, or refuses.
        """
        content = self._content(unit, unit.wide_window)
        with TemporaryDirectory(prefix="mainshock-unit-") as folder:
            path = Path(folder) / "records.mseed"
            path.write_bytes(content)
            yield [(f"{unit.name} of {self.base_url}", path)] if content else []

    def _content(self, unit: Unit, window: TimeWindow) -> bytes:
        """Return the records, asked for in halves where the whole is too much."""
        parameters = {
            "network": unit.network,
            "station": unit.station,
            "location": "*",
            "channel": ",".join(self.channels),
            "starttime": _time(window.start_ns),
            "endtime": _time(window.end_ns),
        }
        try:
            return self.client.get(f"{self.base_url}/fdsnws/dataselect/1/query", parameters)
        except TooMuchError:
            if window.end_ns - window.start_ns < _SHORTEST_NS:
                raise
            middle = (window.start_ns + window.end_ns) // 2
            halves = (TimeWindow(window.start_ns, middle), TimeWindow(middle, window.end_ns))
            return b"".join(self._content(unit, half) for half in halves)


def _time(time_ns: int) -> str:
    return format_utc(datetime_from_ns(time_ns)).removesuffix("Z")
