"""Reads a short stretch of one station out of the archive that ingest writes."""

from datetime import datetime
from pathlib import Path

from mainshock.core.records import Waveform
from mainshock.sources.fragments import (
    NANOSECONDS,
    InstrumentKey,
    TimeWindow,
    datetime_from_ns,
)
from mainshock.sources.miniseed import scan_miniseed
from mainshock.sources.station_pieces import DAY_NS, SkippedList, StationPiece, load_piece

__all__ = ["archived_waveforms", "record_start_ns"]

_MAX_GAP_S = 60.0
_LONGEST_RECORD_NS = 600 * NANOSECONDS  # one that spans midnight lies in the file of its start


def archived_waveforms(
    archive: Path, network: str, station: str, window: TimeWindow
) -> list[Waveform]:
    """Return what an SDS archive holds of a station; nothing where it holds nothing.

    Parameters
    ----------
    archive
        SDS root.
    network, station
        Codes.
    window
        From when to when.
    """
    files: dict[InstrumentKey, list[Path]] = {}
    for path in _paths(archive, network, station, window):
        _, _, location, channel, *_ = path.name.split(".")
        files.setdefault((network, station, location, channel[:-1]), []).append(path)
    waveforms: list[Waveform] = []
    for key, paths in files.items():
        piece = StationPiece(key, tuple(paths), window)
        waveforms.extend(load_piece(piece, SkippedList(), max_gap_s=_MAX_GAP_S))
    return waveforms


def record_start_ns(archive: Path, key: InstrumentKey, at_ns: int) -> int:
    """Return when the record of an instrument began that goes on at a time, in a batch run.

    That is after the last gap of more than a minute, or the last midnight (UTC); the time itself
    where nothing is archived.
    """
    window = TimeWindow(at_ns, at_ns + 1)
    headers = [
        header
        for path in _paths(archive, key[0], key[1], window)
        for header in scan_miniseed(path)
        if header.key == key and header.start_ns <= at_ns
    ]
    began_ns, end_ns = at_ns, 0
    for header in sorted(headers, key=lambda one: one.start_ns):
        if not end_ns or header.start_ns - end_ns > _MAX_GAP_S * NANOSECONDS:
            began_ns = header.start_ns
        end_ns = max(end_ns, header.end_ns)
    return max(began_ns, at_ns // DAY_NS * DAY_NS)


def _paths(archive: Path, network: str, station: str, window: TimeWindow) -> list[Path]:
    found: list[Path] = []
    first_day = (window.start_ns - _LONGEST_RECORD_NS) // DAY_NS
    for day in range(first_day, window.end_ns // DAY_NS + 1):
        date = f"{_date(day):%Y.%j}"
        found.extend(sorted((archive / date[:4] / network / station).glob(f"*.D/*.D.{date}")))
    return found


def _date(day: int) -> datetime:
    return datetime_from_ns(day * DAY_NS)
