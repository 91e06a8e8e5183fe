"""The newest records, numbered: what clients read from, each at its own place."""

import logging
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.serve.seedlink.records import StreamRecord

__all__ = ["NumberedRecord", "RecordRing", "RingRead", "StreamSpan"]

_log = logging.getLogger(__name__)
_LEGACY_SEQUENCES = 2**24
_NANOSECONDS = 1e9
_RESERVED = 10_000  # numbers reserved on disk at a time: the file is written this seldom


class NumberedRecord(NamedTuple):
    """A record and the sequence number of its first packet."""

    sequence: int
    record: StreamRecord

    @property
    def next_sequence(self) -> int:
        """Number of the packet after it."""
        return self.sequence + self.record.n_numbers


@dataclass(frozen=True, slots=True)
class RingRead:
    """Records from a place on, where to go on, and whether some before them were lost."""

    records: list[NumberedRecord]
    next_sequence: int
    has_lost: bool


class StreamSpan(NamedTuple):
    """The oldest and the newest record that the ring holds of one stream."""

    oldest: NumberedRecord
    newest: NumberedRecord


class RecordRing:
    """Keeps the newest records within a limit of bytes and age, and numbers them.

    Parameters
    ----------
    max_bytes
        Most bytes kept.
    max_age_s
        A record that arrived so long before the newest one is dropped, or None.
    state_file
        Where the last number is kept, or None.

    Raises
    ------
    SourceError
        If the state file cannot be read or written.

    Notes
    -----
    Numbers start at 1 and never return: they are reserved on disk ahead of their use, so that
    after a crash some are left out and none is used twice. All methods may be called from any
    thread.
    """

    def __init__(
        self, max_bytes: int, max_age_s: float | None = None, state_file: Path | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._max_age_ns = None if max_age_s is None else round(max_age_s * _NANOSECONDS)
        self._numbers = _NumberFile(state_file)
        self._next = self._numbers.first
        self._records: list[NumberedRecord] = []
        self._streams: dict[tuple[str, str], deque[NumberedRecord]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes that are kept."""
        return self._bytes

    @property
    def next_sequence(self) -> int:
        """Number that the next packet will have."""
        return self._next

    @property
    def first_sequence(self) -> int:
        """Number of the oldest packet, or of the next one where there is none."""
        with self._lock:
            return self._records[0].sequence if self._records else self._next

    def append(self, records: Sequence[StreamRecord]) -> None:
        """Keep some records under the next numbers, dropping the oldest where space is needed."""
        with self._lock:
            self._numbers.reserve(self._next + sum(record.n_numbers for record in records))
            for record in records:
                entry = NumberedRecord(self._next, record)
                self._records.append(entry)
                self._streams.setdefault(record.key, deque()).append(entry)
                self._next += record.n_numbers
                self._bytes += record.n_bytes
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        newest_ns = self._records[-1].record.arrival_ns if self._records else 0
        n_dropped = 0
        for _, record in self._records:
            is_old = (
                self._max_age_ns is not None and newest_ns - record.arrival_ns > self._max_age_ns
            )
            if self._bytes <= self._max_bytes and not is_old:
                break
            self._bytes -= record.n_bytes
            n_dropped += 1
            entries = self._streams[record.key]
            entries.popleft()
            if not entries:
                del self._streams[record.key]
        del self._records[:n_dropped]

    def read(self, sequence: int, limit: int) -> RingRead:
        """Return at most ``limit`` records from a number on, the first holding that number."""
        with self._lock:
            place = self._place(sequence)
            found = self._records[place : place + limit]
            oldest = self._records[0].sequence if self._records else self._next
            following = found[-1].next_sequence if found else max(sequence, self._next)
            return RingRead(found, following, has_lost=sequence < oldest)

    def _place(self, sequence: int) -> int:
        place = bisect_left(self._records, sequence, key=lambda entry: entry.sequence)
        if place > 0 and self._records[place - 1].next_sequence > sequence:
            return place - 1
        return place

    def sequence_of_legacy(self, number: int) -> int | None:
        """Return the whole number that a client's last 24 bits of it mean, or None.

        None where the client is ahead of the server, as after the server lost its state file.
        """
        behind = (self._next - number) % _LEGACY_SEQUENCES
        if behind > _LEGACY_SEQUENCES // 2:
            return None
        return max(0, self._next - behind)

    def spans(self) -> dict[tuple[str, str], StreamSpan]:
        """Return what is held of each stream, by station id and stream id."""
        with self._lock:
            return {
                key: StreamSpan(entries[0], entries[-1]) for key, entries in self._streams.items()
            }

    def held(self) -> list[NumberedRecord]:
        """Return the records held now, the oldest first."""
        with self._lock:
            return list(self._records)

    def close(self) -> None:
        """Keep the last number, so that the next server goes on right after it."""
        with self._lock:
            self._numbers.finish(self._next)


class _NumberFile:
    """Remembers the next number beyond a restart."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.first = 1
        if path is not None:
            make_folder(path.parent)
            self.first = max(1, self._read(path))
        self._reserved = self.first

    @staticmethod
    def _read(path: Path) -> int:
        try:
            text = path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 1
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"cannot read the sequence number in {path}: {error}; mend or delete the file"
            ) from error
        if not text.isdecimal() or len(text) > 20:
            raise SourceError(f"{path} holds {text[:40]!r}, no sequence number; delete the file")
        return int(text)

    def reserve(self, number: int) -> None:
        if number > self._reserved:
            try:
                self._write(number + _RESERVED)
            except SourceError as error:  # serving goes on; numbers may return after a crash
                _log.warning("sequence number not kept: %s", error)
                self._reserved = number + _RESERVED

    def finish(self, number: int) -> None:
        with suppress(SourceError):  # what is reserved already is right as well
            self._write(number)

    def _write(self, number: int) -> None:
        if self._path is not None:
            with replacing(self._path) as temporary:
                temporary.write_text(f"{number}\n", encoding="ascii")
        self._reserved = number
