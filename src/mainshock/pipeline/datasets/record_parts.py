"""Sorts miniSEED records into the day files of a dataset, in the layout of an SDS archive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from mainshock.core.errors import SettingsError
from mainshock.pipeline.datasets.manifest import PARTS, DatasetFolder, Part
from mainshock.sources.fragments import FragmentHeader, datetime_from_ns, ns_from_datetime
from mainshock.sources.miniseed_records import RecordDamageError, record_header, split_records

__all__ = ["Selection", "Written", "sds_name", "write_records"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which channels and times are wanted.

    Parameters
    ----------
    networks, stations, locations, channels
        Patterns with ``*`` and ``?``; the location ``--`` is the empty one.
    start, end
        UTC; records with samples from ``start`` up to ``end`` are wanted, whole.

    Raises
    ------
    SettingsError
        If the end is not after the start.
    """

    networks: tuple[str, ...] = ("*",)
    stations: tuple[str, ...] = ("*",)
    locations: tuple[str, ...] = ("*",)
    channels: tuple[str, ...] = ("*",)
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise SettingsError(
                f"the end {self.end} is not after the start {self.start}; swap them"
            )

    def wants(self, header: FragmentHeader) -> bool:
        """Return whether a record is wanted."""
        pairs = (
            (header.network, self.networks),
            (header.station, self.stations),
            (header.location or "--", self.locations),
            (header.channel, self.channels),
        )
        return (
            all(any(fnmatchcase(code, one) for one in patterns) for code, patterns in pairs)
            and (self.start is None or header.end_ns > ns_from_datetime(self.start))
            and (self.end is None or header.start_ns < ns_from_datetime(self.end))
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What became of records.

    Parameters
    ----------
    n_used
        How many are in the dataset now.
    n_damaged
        How many are damaged and were left out.
    n_nameless
        How many state no network and were left out: the layout has no place for them.
    """

    n_used: int
    n_damaged: int = 0
    n_nameless: int = 0

    @property
    def problem(self) -> str:
        """What was left out and why, or an empty text."""
        told = [f"{self.n_damaged} records are damaged"] if self.n_damaged else []
        if self.n_nameless:
            told.append(
                f"{self.n_nameless} records state no network, which names the folder they would go "
                "to; write one into them (XX where there is none)"
            )
        return "; ".join(told)


def sds_name(header: FragmentHeader) -> str:
    """Return where an SDS archive keeps a record, below its root, by its first sample."""
    date = datetime.fromtimestamp(header.start_ns // 1_000_000_000, UTC)
    return (
        f"{date:%Y}/{header.network}/{header.station}/{header.channel}.D/"
        f"{header.trace_id}.D.{date:%Y.%j}"
    )


def write_records(
    dataset: DatasetFolder,
    records: Iterable[bytes],
    selection: Selection,
    source: str,
    request: str,
) -> Written:
    """Add records to the day files of a dataset; a record that is there already stays one.

    Parameters
    ----------
    dataset
        Where they go.
    records
        miniSEED 2 or 3, in any order.
    selection
        Others are left out.
    source, request
        Where they came from, and what was asked for.
    """
    days: dict[str, list[tuple[FragmentHeader, bytes]]] = {}
    n_used = n_damaged = n_nameless = 0
    for record in records:
        try:
            header = record_header(record)
        except RecordDamageError as error:
            n_damaged += error.kind != "unknown"  # logs have no place in an archive of samples
            continue
        if not selection.wants(header):
            continue
        if not header.network:
            n_nameless += 1
        else:
            n_used += 1
            days.setdefault(f"{PARTS}/sds/{sds_name(header)}", []).append((header, record))
    for path, found in days.items():
        before = [(record_header(one), one) for one in split_records(dataset.content(path))]
        _write_day(dataset, path, [*before, *found], source, request)
    return Written(n_used, n_damaged, n_nameless)


def _write_day(
    dataset: DatasetFolder,
    path: str,
    found: Sequence[tuple[FragmentHeader, bytes]],
    source: str,
    request: str,
) -> None:
    once = {record: header for header, record in found}
    ordered = sorted(once.items(), key=lambda item: item[1].start_ns)
    part = Part(
        path=path,
        kind="waveforms",
        sha256="",
        n_bytes=0,
        n_items=len(ordered),
        start=datetime_from_ns(ordered[0][1].start_ns),
        end=datetime_from_ns(max(header.end_ns for _, header in ordered)),
        ids=(ordered[0][1].trace_id,),
        sources=(source,),
        requests=(request,),
        fetched=datetime_from_ns(dataset.clock()),
    )
    dataset.write(b"".join(record for record, _ in ordered), part)
