"""Packets that were written to a file in order of arrival, with an index of where each lies."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.times import parse_utc
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.packets import Packet

__all__ = ["read_packet_file"]

_COLUMNS = ("offset", "length")
_LONGEST = 16 * 1024 * 1024


def read_packet_file(
    packets: Path, index: Path, *, needs_arrival: bool = False
) -> Iterator[Packet]:
    """Yield the packets of a file.

    Parameters
    ----------
    packets
        The bytes of all packets.
    index
        CSV with the columns ``offset`` and ``length`` (bytes), a row a packet in order of arrival,
        and optionally ``arrival`` (ISO 8601). Other columns are ignored. A packet that the file
        ends in is as long as what is there.
    needs_arrival
        Whether each row must tell when its packet arrived.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If the index misses a column or tells of a place that cannot be.
    """
    try:
        size = packets.stat().st_size
        with packets.open("rb") as stream, index.open(encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text)
            _check_columns(index, rows.fieldnames or [], needs_arrival)
            for row in rows:
                where = f"{index}, line {rows.line_num}"
                offset, length = (_count(row, name, where) for name in _COLUMNS)
                if offset > size or length > _LONGEST:
                    raise DataError(
                        f"{where}: {length} bytes from {offset}; {packets} has {size} bytes, and "
                        f"a packet at most {_LONGEST}. Is it the index of another file?"
                    )
                stream.seek(offset)
                yield Packet(stream.read(length), _arrival_ns(row, where), packets.name)
    except UnicodeDecodeError as error:
        raise DataError(f"{index} is no text: {error}; it must be a CSV table") from error
    except csv.Error as error:
        raise DataError(f"{index} is no CSV table: {error}") from error
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"cannot read {error.filename}: {error.strerror}") from error


def _check_columns(index: Path, columns: Sequence[str], needs_arrival: bool) -> None:
    wanted = (*_COLUMNS, "arrival") if needs_arrival else _COLUMNS
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    remedy = " (or judge by --clock stream)" if missing == ["arrival"] else ""
    raise DataError(
        f"{index} has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}{remedy}"
    )


def _count(row: dict[str, str], name: str, where: str) -> int:
    text = row[name]
    try:
        value = int(text)
    except (TypeError, ValueError):
        value = -1
    if value < 0:
        raise DataError(f"{where}: {name} is {text!r}; it must be a whole number from 0 up")
    return value


def _arrival_ns(row: dict[str, str], where: str) -> int:
    text = row.get("arrival")
    if not text:
        return 0
    try:
        return ns_from_datetime(parse_utc(text))
    except RecordError as error:
        raise DataError(f"{where}: arrival: {error}") from error
