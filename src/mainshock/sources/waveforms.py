"""Waveforms from files and folders in any format that ObsPy or libmseed reads."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.records import Waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.components import channel_problem
from mainshock.sources.file_search import find_files
from mainshock.sources.fragments import FragmentHeader, InstrumentKey, TimeWindow
from mainshock.sources.station_pieces import DAY_NS, SkippedList, StationPiece, load_piece
from mainshock.sources.trace_files import scan_fragments

__all__ = ["FileSource", "read_waveforms"]

_LONGEST_WHOLE_NS = 3 * DAY_NS // 2


class FileSource:
    """Waveforms in files and folders; files of one instrument are joined, whoever wrote them.

    Parameters
    ----------
    paths
        Files of any format, and folders that are searched to any depth. Inside folders hidden
        files, tables, pictures and the like are passed over.
    max_gap_s
        A longer gap ends a waveform and starts the next one.

    Attributes
    ----------
    skipped
        After an iteration: the files and channels that could not be used, with the reason.

    Raises
    ------
    SourceError
        If a path does not exist.

    Notes
    -----
    The headers of all files are read first, then one instrument at a time is read whole; a record
    of more than 36 hours is read in UTC days, so memory stays bounded.
    """

    def __init__(self, paths: Sequence[str | Path], *, max_gap_s: float = 60.0) -> None:
        self.paths = tuple(Path(path) for path in paths)
        self.max_gap_s = max_gap_s
        self.skipped: list[SkippedInput] = []
        self._files = _existing_files(self.paths)

    def __len__(self) -> int:
        """Return the number of files that will be looked at."""
        return len(self._files)

    def __iter__(self) -> Iterator[Waveform]:
        """Yield the waveforms in order of station, instrument and time."""
        skipped = SkippedList()
        self.skipped = skipped
        for piece in _pieces(self._files, skipped):
            yield from load_piece(piece, skipped, self.max_gap_s)


def read_waveforms(
    path: str | Path, *, max_gap_s: float = 60.0
) -> tuple[list[Waveform], list[SkippedInput]]:
    """Return all waveforms in a file or folder, and what could not be used.

    Parameters
    ----------
    path
        A file in miniSEED, SAC, GSE2 or another format that ObsPy reads, or a folder.
    max_gap_s
        A longer gap ends a waveform and starts the next one.

    Raises
    ------
    SourceError
        If the path does not exist.
    """
    source = FileSource([path], max_gap_s=max_gap_s)
    waveforms = list(source)
    return waveforms, source.skipped


def _existing_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files named and those below the folders named, each once."""
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files.update(dict.fromkeys(find_files(path)))
        elif path.exists():
            files[path] = None
        else:
            raise SourceError(f"{path} does not exist; name a waveform file or a folder of them")
    return tuple(files)


def _pieces(files: Iterable[Path], skipped: SkippedList) -> Iterator[StationPiece]:
    """Yield pieces in order of instrument and day."""
    index: dict[InstrumentKey, dict[Path, list[FragmentHeader]]] = {}
    for path in files:
        try:
            headers = scan_fragments(path)
        except SourceError as error:
            skipped.add([SkippedInput(str(path), str(error))])
            continue
        if not headers:
            skipped.add([SkippedInput(str(path), "file holds no samples")])
        for header in headers:
            problem = channel_problem(header)
            if problem:
                skipped.add([SkippedInput(f"{path}: {header.trace_id}", problem)])
            else:
                index.setdefault(header.key, {}).setdefault(path, []).append(header)
    for key in sorted(index):
        yield from _pieces_of_instrument(key, index[key])


def _pieces_of_instrument(
    key: InstrumentKey, headers: dict[Path, list[FragmentHeader]]
) -> Iterator[StationPiece]:
    spans = {path: [(one.start_ns, one.end_ns) for one in found] for path, found in headers.items()}
    first_ns = min(start for found in spans.values() for start, _ in found)
    last_ns = max(end for found in spans.values() for _, end in found)
    if last_ns - first_ns <= _LONGEST_WHOLE_NS:
        yield StationPiece(key, tuple(spans))
        return
    days: dict[int, dict[Path, None]] = {}
    for path, found in spans.items():
        for start, end in found:
            for day in range(start // DAY_NS, -(-end // DAY_NS)):
                days.setdefault(day, {})[path] = None
    for day in sorted(days):
        window = TimeWindow(day * DAY_NS, (day + 1) * DAY_NS)
        yield StationPiece(key, tuple(days[day]), window)
