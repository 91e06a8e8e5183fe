"""Records around an event out of the archive, for its magnitude."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.core.records import Pick, Waveform
from mainshock.pipeline.locating import AmplitudeInput
from mainshock.sources.fragments import TimeWindow, ns_from_datetime
from mainshock.stream.archive_reading import archived_waveforms

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = ["ArchiveAmplitudes", "has_responses"]

_BEFORE, _AFTER = timedelta(seconds=60), timedelta(seconds=90)


def has_responses(inventory: "Inventory | None") -> bool:
    """Return whether any channel states how counts become motion."""
    if inventory is None:
        return False
    return any(
        channel.response is not None and channel.response.response_stages
        for network in inventory
        for station in network
        for channel in station
    )


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveAmplitudes:
    """Reads the records of the stations that picked an event.

    Parameters
    ----------
    archive
        SDS root that ingest writes to.
    inventory
        Responses.
    flush
        Called first: has everything so far written.
    """

    archive: Path
    inventory: "Inventory"
    flush: Callable[[], None]

    def __call__(self, picks: Sequence[Pick]) -> AmplitudeInput:
        """Return records from a minute before the first pick to a minute and a half after the last.

        Stations whose records are not there are left out.
        """
        self.flush()
        start_ns = ns_from_datetime(picks[0].time - _BEFORE)
        end_ns = ns_from_datetime(max(pick.time for pick in picks) + _AFTER)
        codes = tuple(sorted({(pick.network, pick.station) for pick in picks}))
        records = _ArchivedRecords(self.archive, codes, TimeWindow(start_ns, end_ns))
        return AmplitudeInput(records, self.inventory)


@dataclass(frozen=True, slots=True, eq=False)
class _ArchivedRecords(Mapping[str, Sequence[Waveform]]):
    """The records of each station, read when asked for: those of a hundred stations are 20 MB."""

    archive: Path
    codes: tuple[tuple[str, str], ...]
    window: TimeWindow

    def __getitem__(self, code: str) -> Sequence[Waveform]:
        network, _, station = code.partition(".")
        if (network, station) not in self.codes:
            raise KeyError(code)
        return archived_waveforms(self.archive, network, station, self.window)

    def __iter__(self) -> Iterator[str]:
        return (f"{network}.{station}" for network, station in self.codes)

    def __len__(self) -> int:
        return len(self.codes)
