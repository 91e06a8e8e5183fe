"""Finds the files that may hold waveforms below a folder."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["find_files", "find_sds_root", "is_sds_root", "is_waveform_candidate"]

_DOCUMENTS = (
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".rst",
    ".tex",
    ".log",
    ".pdf",
    ".doc",
    ".docx",
    ".xls",
    ".xlsx",
    ".htm",
    ".html",
)
_PICTURES = (".jpg", ".jpeg", ".png", ".ps", ".svg")
_METADATA = (
    ".cfg",
    ".ini",
    ".json",
    ".toml",
    ".xml",
    ".yaml",
    ".yml",
    ".geojson",
    ".kml",
    ".obs",
    ".qml",
    ".quakeml",
)
_ARRAYS = (
    ".db",
    ".h5",
    ".hdf5",
    ".npy",
    ".npz",
    ".onnx",
    ".parquet",
    ".pickle",
    ".pkl",
    ".pt",
    ".sqlite",
)
_PROGRAMS = (".ipynb", ".py", ".sh")
_OTHER_CONTENT = frozenset(_DOCUMENTS + _PICTURES + _METADATA + _ARRAYS + _PROGRAMS)
_YEAR = re.compile(r"(19|20)\d\d")
_CHANNEL_FOLDER = re.compile(r"[A-Za-z0-9]{1,3}\.D")
_SDS_DEPTH = 4


def is_waveform_candidate(path: Path) -> bool:
    """Return whether a file found in a folder may hold waveforms, judged by its name alone.

    Examples
    --------
    >>> [is_waveform_candidate(Path(name)) for name in ("a.mseed", "stations.xml", ".hidden")]
    [True, False, False]
    """
    return not path.name.startswith(".") and path.suffix.lower() not in _OTHER_CONTENT


def find_files(folder: Path) -> Iterator[Path]:
    """Yield the waveform candidates below a folder, sorted, hidden files and folders left out.

    Linked folders are entered, as archives spread over several disks need; a folder that links
    lead to again is searched once.
    """
    entered: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (
            Path(parent, name) for name in sorted(names) if is_waveform_candidate(Path(name))
        )


def is_sds_root(path: Path) -> bool:
    """Return whether a folder is the root of an SDS archive: ``YEAR/NET/STA/CHAN.D`` below it."""
    return path.is_dir() and _holds_channel_folder(path, 0)


def _holds_channel_folder(folder: Path, depth: int) -> bool:
    if not os.access(folder, os.R_OK | os.X_OK):
        return False
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir() or entry.name.startswith("."):
            continue
        if depth == 0 and _YEAR.fullmatch(entry.name) is None:
            continue
        if depth == _SDS_DEPTH - 1:
            if _CHANNEL_FOLDER.fullmatch(entry.name):
                return True
        elif _holds_channel_folder(entry, depth + 1):
            return True
    return False


def find_sds_root(path: Path) -> Path | None:
    """Return ``path`` or ``path/sds``, whichever is the root of an SDS archive, or None."""
    return next((root for root in (path, path / "sds") if is_sds_root(root)), None)
