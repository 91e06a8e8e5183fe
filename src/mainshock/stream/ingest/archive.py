"""Writes records into an SDS archive as they come."""

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader, TimeWindow
from mainshock.sources.miniseed_records import (
    RecordDamageError,
    encode_records,
    record_header,
    split_records,
)
from mainshock.stream.ingest.appending import append_whole
from mainshock.stream.ingest.packing import FULL_LENGTH, packed

__all__ = ["ArchiveWriter", "sds_path"]

_DAY_NS = 86_400 * NANOSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAIL_BYTES = 256 * 1024
_SHORTEST, _LONGEST = 128, 4096
_Span = tuple[int, int]
_Waiting = tuple[int, bytes, Fragment | None]  # start, record, and what it holds where it is short


def sds_path(header: FragmentHeader, day: int) -> Path:
    """Return where an SDS archive keeps a channel's day, below its root.

    Parameters
    ----------
    header
        Names the channel.
    day
        Days since 1970-01-01.
    """
    date = _EPOCH + timedelta(days=day)
    name = f"{header.trace_id}.D.{date:%Y.%j}"
    return Path(f"{date:%Y}", header.network, header.station, f"{header.channel}.D", name)


class ArchiveWriter:
    """Appends records to day files, in order of time as far as they came close together.

    Parameters
    ----------
    root
        Root of the SDS archive; made where it is missing.
    flush_s
        Records are written at most so many seconds after they were added, when the next is added
        or ``flush_due`` is called.
    max_bytes
        Records that wait take at most so much memory.
    clock
        Returns nanoseconds that only grow.

    Notes
    -----
    A file is open only while it is written. Records of version 2 are written as they came; those
    of version 3, which not every reader of such archives knows, and those that span midnight are
    encoded anew in version 2. So are records of less than 512 bytes that continue each other to a
    quarter of a sample: what is written at once is joined, up to 512 bytes.

    After a crash a source may send again what was written already. When a day file that was there
    before is first written to, a record cut at its end is removed, and records whose time the last
    256 KiB of it (half an hour at 100 Hz) hold already are left out.

    Raises
    ------
    SourceError
        If the archive cannot be made, read or written.
    """

    def __init__(
        self,
        root: Path,
        *,
        flush_s: float = 5.0,
        max_bytes: int = 8 * 1024 * 1024,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.root = make_folder(root)
        self.n_written = 0
        self.n_repeated = 0
        self._flush_ns = round(flush_s * NANOSECONDS)
        self._max_bytes = max_bytes
        self._clock = clock
        self._last_flush_ns = clock()
        self._waiting: dict[Path, list[_Waiting]] = {}
        self._n_bytes = 0
        self._known = _KnownRecords()

    def add(self, fragment: Fragment, payload: bytes | None = None) -> None:
        """Add samples of a channel.

        Parameters
        ----------
        fragment
            The samples.
        payload
            The record that holds exactly these samples, where there is one.
        """
        header = fragment.header
        period_ns = round(NANOSECONDS / header.sampling_rate_hz)
        first, last = header.start_ns // _DAY_NS, (header.end_ns - period_ns) // _DAY_NS
        if first == last and payload is not None and payload[:2] != b"MS":
            is_short = len(payload) < FULL_LENGTH
            path = sds_path(header, first)
            self._append(path, header.start_ns, payload, fragment if is_short else None)
        else:
            length = _SHORTEST if payload is None else len(payload)
            for day in range(first, last + 1):
                part = fragment.trimmed(TimeWindow(day * _DAY_NS, (day + 1) * _DAY_NS))
                if part is not None:
                    self._append_encoded(sds_path(header, day), part, length)
        if self._n_bytes > self._max_bytes:
            self.flush()
        else:
            self.flush_due()

    def flush_due(self) -> None:
        """Write what waits if the last time is long enough ago."""
        if self._clock() - self._last_flush_ns >= self._flush_ns:
            self.flush()

    def flush(self) -> None:
        """Write what waits; after an error, what was not written waits on."""
        self._last_flush_ns = self._clock()
        while self._waiting:
            path = next(iter(self._waiting))
            self._write(self.root / path, self._waiting[path])
            self._n_bytes -= sum(len(payload) for _, payload, _ in self._waiting.pop(path))

    def close(self) -> None:
        """Write what waits."""
        self.flush()

    def _append(
        self, path: Path, start_ns: int, payload: bytes, short: Fragment | None = None
    ) -> None:
        self._waiting.setdefault(path, []).append((start_ns, payload, short))
        self._n_bytes += len(payload)

    def _append_encoded(self, path: Path, part: Fragment, length: int) -> None:
        record_length = min(_LONGEST, max(_SHORTEST, 1 << (length - 1).bit_length()))
        start_ns = part.header.start_ns
        for payload in encode_records(part, record_length):
            self._append(path, start_ns, payload)
            start_ns += 1  # keeps the order of the parts when sorted

    def _write(self, path: Path, records: list[_Waiting]) -> None:
        records.sort(key=lambda one: one[0])
        try:
            known = self._known.of(path)
            new = [(one, short) for _, one, short in records if not _is_covered(one, known)]
            self.n_repeated += len(records) - len(new)
            payloads = packed(new)
            make_folder(path.parent)
            append_whole(path, b"".join(payloads))
        except OSError as error:
            raise SourceError(
                f"cannot write {path}: {error}; free space or name another archive"
            ) from error
        self.n_written += len(payloads)


class _KnownRecords:
    """Which times the last records hold, in day files that were there before this writer."""

    def __init__(self, max_files: int = 4096) -> None:
        self._files: OrderedDict[Path, list[_Span]] = OrderedDict()
        self._max_files = max_files

    def of(self, path: Path) -> list[_Span]:
        known = self._files.get(path)
        if known is None:
            known = _mend_and_read(path) if path.exists() else []
            self._files[path] = known
            if len(self._files) > self._max_files:
                self._files.popitem(last=False)
        return known


def _mend_and_read(path: Path) -> list[_Span]:
    """Cut an unfinished record off the end of a file, and return the times of its last ones."""
    with path.open("r+b") as stream:
        position = max(0, path.stat().st_size - _TAIL_BYTES)
        stream.seek(position)
        tail = stream.read()
        past_last = 0
        headers: list[FragmentHeader] = []
        for payload in split_records(tail):
            past_last = tail.find(payload, past_last) + len(payload)
            with suppress(RecordDamageError):
                headers.append(record_header(payload))
        if headers and past_last < len(tail):
            stream.truncate(position + past_last)
    return _spans(headers)


def _spans(headers: list[FragmentHeader]) -> list[_Span]:
    """Return the times of records as spans in order, joined where they touch to half a sample."""
    spans: list[_Span] = []
    for header in sorted(headers, key=lambda one: one.start_ns):
        if spans and header.start_ns <= spans[-1][1] + _half_sample_ns(header):
            spans[-1] = spans[-1][0], max(spans[-1][1], header.end_ns)
        else:
            spans.append((header.start_ns, header.end_ns))
    return spans


def _is_covered(payload: bytes, spans: list[_Span]) -> bool:
    """Return whether all samples of a record lie in one of some spans."""
    if not spans:
        return False
    header = record_header(payload)
    half_ns = _half_sample_ns(header)
    at = bisect_right(spans, header.start_ns + half_ns, key=lambda one: one[0]) - 1
    return at >= 0 and header.end_ns <= spans[at][1] + half_ns


def _half_sample_ns(header: FragmentHeader) -> int:
    return round(0.5 * NANOSECONDS / header.sampling_rate_hz)
