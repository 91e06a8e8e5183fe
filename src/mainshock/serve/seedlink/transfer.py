"""What one client gets: its requests against the ring, record by record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mainshock.serve.seedlink.records import Conversion, StreamRecord, data_packets
from mainshock.serve.seedlink.ring import NumberedRecord, RecordRing
from mainshock.serve.seedlink.selection import StationRequest

__all__ = ["Transfer"]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The request that a stream falls under, and what its records are changed to."""

    request: StationRequest
    conversion: Conversion


class Transfer:
    """The records that a client asked for, and whether it has them all.

    Parameters
    ----------
    requests
        In the client's order: a station falls under the first one that matches it.
    ring
        Sequence numbers are made whole against it, now.
    is_version_4
        Which packets the client reads.

    Attributes
    ----------
    sequence
        Where to read the ring next.
    """

    def __init__(
        self, requests: Sequence[StationRequest], ring: RecordRing, *, is_version_4: bool
    ) -> None:
        self._ring = ring
        self._is_version_4 = is_version_4
        self._requests = tuple(_placed(request, ring, is_version_4) for request in requests)
        self._choices: dict[tuple[str, str, str], _Choice | None] = {}
        self._first_sequence = ring.first_sequence
        lowest = min(request.sequence for request in self._requests)
        self.sequence = max(lowest, self._first_sequence)

    @property
    def history(self) -> tuple[StationRequest, ...]:
        """The requests that reach back before the ring."""
        return tuple(request for request in self._requests if request.has_history)

    def wants_history(self, station_id: str, stream_id: str) -> bool:
        """Return whether records of the archive may be wanted of a stream."""
        kinds = ("2", "3")
        choices = (self._choose(station_id, stream_id, kind) for kind in kinds)
        return any(choice is not None and choice.request.has_history for choice in choices)

    def packets(self, entries: Sequence[NumberedRecord]) -> list[bytes]:
        """Return the packets of those records of the ring that were asked for."""
        packets: list[bytes] = []
        for sequence, record in entries:
            choice = self._choice(record)
            if choice is None or not choice.request.touches(record):
                continue
            skipped = max(0, choice.request.sequence - sequence)
            if skipped >= record.n_numbers:
                continue
            found = data_packets(
                record, sequence, is_version_4=self._is_version_4, conversion=choice.conversion
            )
            packets += found[skipped:] if len(found) > 1 else found
        return packets

    def history_packets(self, record: StreamRecord) -> list[bytes]:
        """Return the packets of a record of the archive, if it was asked for.

        They have the number before the oldest of the ring: who resumes after it misses nothing
        of the ring.
        """
        choice = self._choice(record)
        if choice is None or not choice.request.has_history or not choice.request.touches(record):
            return []
        return data_packets(
            record,
            max(0, self._first_sequence - 1),
            is_version_4=self._is_version_4,
            conversion=choice.conversion,
            is_numbered=False,
        )

    def _choice(self, record: StreamRecord) -> _Choice | None:
        key = (record.station_id, record.stream_id, record.payload_format)
        if key not in self._choices:
            self._choices[key] = self._choose(*key)
        return self._choices[key]

    def _choose(self, station_id: str, stream_id: str, payload_format: str) -> _Choice | None:
        for request in self._requests:
            if request.takes_station(station_id):
                conversion = request.conversion_of(stream_id, payload_format + "D")
                return None if conversion is None else _Choice(request, conversion)
        return None

    def is_done(self, now_ns: int, grace_ns: int) -> bool:
        """Return whether nothing more will come, once the ring was read to its end.

        A fetch is done then. A time window of version 3 is done when each of its streams reached
        its end, or when its end is past by the time that late records are waited for.
        """
        return all(self._is_complete(request, now_ns - grace_ns) for request in self._requests)

    def _is_complete(self, request: StationRequest, now_ns: int) -> bool:
        if request.end_ns is None:
            return request.is_fetch
        if self._is_version_4 and not request.is_fetch:
            return False  # the connection stays open: only ENDFETCH asks for an end
        return self._is_over(request, request.end_ns, now_ns)

    def _is_over(self, request: StationRequest, end_ns: int, now_ns: int) -> bool:
        if now_ns >= end_ns:
            return True
        reached = [
            span.newest.record.end_ns >= end_ns
            for span in self._ring.spans().values()
            if (choice := self._choice(span.newest.record)) and choice.request is request
        ]
        return bool(reached) and all(reached)


def _placed(request: StationRequest, ring: RecordRing, is_version_4: bool) -> StationRequest:
    """Return a request with the whole number of the packet that it begins with."""
    if request.begin == "next":
        return replace(request, sequence=ring.next_sequence)
    if request.begin == "all":
        return replace(request, sequence=0)
    if is_version_4:
        return replace(request, sequence=min(request.sequence, ring.next_sequence))
    number = ring.sequence_of_legacy(request.sequence)
    is_here = number is not None and number >= ring.first_sequence
    if request.start_ns is not None and not is_here:
        return replace(request, begin="all", sequence=0)  # the number tells nothing, the time does
    number = ring.next_sequence if number is None else number
    return replace(request, sequence=number, start_ns=None)
