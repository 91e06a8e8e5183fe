"""The forms of files that hold catalogues, by name, and the choice of one for a file."""

import gzip
from pathlib import Path

from mainshock.core.errors import DataError, SourceError
from mainshock.core.registry import Registry
from mainshock.sources.seismicity.base import CatalogueFormat

__all__ = ["CATALOGUE_FORMATS", "format_of"]

_HEAD_BYTES = 16384
_BY_SUFFIX = {".parquet": "parquet", ".ndk": "ndk"}

CATALOGUE_FORMATS: Registry[CatalogueFormat] = Registry(
    "catalogue format",
    {
        "comcat": "mainshock.sources.seismicity.comcat:COMCAT",
        "csep": "mainshock.sources.seismicity.csep:CSEP",
        "csv": "mainshock.sources.seismicity.contract_tables:CSV",
        "fdsn-text": "mainshock.sources.seismicity.fdsn_text:FDSN_TEXT",
        "ndk": "mainshock.sources.seismicity.ndk:NDK",
        "parquet": "mainshock.sources.seismicity.contract_tables:PARQUET",
        "quakeml": "mainshock.sources.seismicity.quakeml:QUAKEML",
        "zmap": "mainshock.sources.seismicity.zmap:ZMAP",
    },
)


def format_of(path: Path) -> str:
    """Return the name of the form that a file has, from its content.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it is of no known form.
    """
    by_suffix = _BY_SUFFIX.get(path.suffix.lower())
    if by_suffix is not None:
        return by_suffix
    head = _head(path)
    for name in CATALOGUE_FORMATS.names():
        if CATALOGUE_FORMATS.load(name).recognises(head):
            return name
    known = ", ".join(CATALOGUE_FORMATS.names())
    raise DataError(
        f"{path} is of no form that is known ({known}); a table needs a first line with the "
        "columns time and magnitude"
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path, "rb") as unpacked:
                head = unpacked.read(_HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    return head.removeprefix(b"\xef\xbb\xbf")
