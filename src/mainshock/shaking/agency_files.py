"""Reads strong-motion text files of agencies: ESM, COSMOS, K-NET and KiK-net, PEER.

Each file is told by its first lines, never by its suffix.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mainshock.core.errors import DataError, MainshockError, SourceError
from mainshock.shaking.agency_formats import read_esm_asc, read_peer_at2
from mainshock.shaking.cosmos_files import read_cosmos
from mainshock.shaking.knet_files import read_knet
from mainshock.shaking.labelled_records import Channel
from mainshock.sources.base import SkippedInput

__all__ = ["agency_format", "read_agency_file", "read_agency_files"]

_HEAD_BYTES = 4096
_READERS: Mapping[str, Callable[[Path], list[Channel]]] = {
    "knet": read_knet,
    "cosmos": read_cosmos,
    "esm": read_esm_asc,
    "at2": read_peer_at2,
}


def agency_format(path: Path) -> str | None:
    """Return ``knet``, ``cosmos``, ``esm`` or ``at2``; None for a file of another format.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("latin-1")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    marks = {
        "knet": head.startswith("Origin Time"),
        "cosmos": "(Format v" in head.partition("\n")[0] and "text lines)" in head,
        "esm": "STATION_CODE:" in head and "SAMPLING_INTERVAL_S:" in head,
        "at2": "NPTS" in head and "DT" in head and "UNITS OF G" in head.upper(),
    }
    return next((name for name, is_it in marks.items() if is_it), None)


def read_agency_file(path: Path) -> list[Channel]:
    """Return the channels of acceleration in one file.

    Parameters
    ----------
    path
        ESM ASC (DYNA 1.2; cm/s^2), COSMOS volume 1 or 2 (cm/s^2 or g, one channel or several),
        K-NET or KiK-net ASCII, or PEER AT2 (g; it says nothing of source and site).

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it is none of these, damaged, or holds no acceleration in physical units.
    """
    kind = agency_format(path)
    if kind is None:
        raise DataError(f"{path} is no file of ESM, COSMOS, K-NET or PEER; its first lines differ")
    try:
        return _READERS[kind](path)
    except (IndexError, KeyError, ValueError) as error:
        if isinstance(error, MainshockError):
            raise
        raise DataError(f"{path} is damaged as a file of {kind}: {error}") from error


def read_agency_files(paths: Iterable[Path], skipped: list[SkippedInput]) -> list[Channel]:
    """Return the channels of many files; a file that cannot be used goes to ``skipped``."""
    channels: list[Channel] = []
    for path in paths:
        try:
            channels += read_agency_file(path)
        except MainshockError as error:
            skipped.append(SkippedInput(str(path), str(error)))
    return channels
