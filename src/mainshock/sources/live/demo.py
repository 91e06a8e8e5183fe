"""The demonstration: real records that ObsPy carries, played back as if they came in now."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mainshock.core.errors import SettingsError
from mainshock.sources.live.base import Pace, SourceSettings
from mainshock.sources.miniseed_records import encode_records, record_header
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["DemoSource", "open_demo"]

_CASE = "uh"


class DemoSource:
    """Four stations near Unterhaching with small induced earthquakes of 2010-05-27.

    Parameters
    ----------
    settings
        Speed, start, end and stations.

    Notes
    -----
    The records are real and stand in the ObsPy wheel as text; here they become miniSEED with the
    same samples.
    """

    name = "demo"
    is_live = False
    is_synthetic = False
    label = "demonstration replay of 2010 records"

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield the records in order of their ends.

        Raises
        ------
        SourceError
            If the installed ObsPy carries no such records.
        """
        records = self._records()
        pace = Pace(self.settings.speed, self.settings.timing)
        for arrival_ns, record in records:
            if not pace.wait_for(arrival_ns, stop):
                return
            yield Packet(record, arrival_ns, self.name)

    def stations(self) -> "StationList | None":
        """Return the four stations."""
        from mainshock.sources import bundled  # noqa: PLC0415  loads ObsPy

        return bundled.stations(_CASE)

    def inventory(self) -> "Inventory | None":
        """Return None: the wheel carries no responses of these stations."""
        from mainshock.sources import bundled  # noqa: PLC0415  loads ObsPy

        return bundled.inventory(_CASE)

    def _records(self) -> list[tuple[int, bytes]]:
        from mainshock.sources.bundled import record_paths  # noqa: PLC0415  loads ObsPy
        from mainshock.sources.trace_files import read_fragments  # noqa: PLC0415  loads ObsPy

        window = self.settings.window()
        records: list[tuple[int, bytes]] = []
        for path in record_paths(_CASE):
            for fragment in read_fragments(path)[0]:
                header = fragment.header
                if not self.settings.wants(header.network, header.station):
                    continue
                for record in encode_records(fragment):
                    part = record_header(record)
                    if part.end_ns > window.start_ns and part.start_ns < window.end_ns:
                        records.append((part.end_ns, record))
        return sorted(records, key=lambda item: item[0])


def open_demo(rest: str, settings: SourceSettings) -> DemoSource:
    """Return the source of ``demo``.

    Raises
    ------
    SettingsError
        If something follows the word.
    """
    if rest:
        raise SettingsError(f"demo takes no {rest!r}; write demo alone")
    return DemoSource(settings)
