"""The folder of a collected dataset: parts, each with its checksum, and a manifest of them all."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.provenance import file_sha256
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns

__all__ = [
    "MANIFEST",
    "PARTS",
    "DatasetFolder",
    "Manifest",
    "Part",
    "PartKind",
    "damaged_parts",
    "read_manifest",
]

PartKind = Literal["waveforms", "catalogue"]
MANIFEST = "manifest.json"
PARTS = "parts"
_FORMAT = "mainshock dataset 1"
_SAVE_EVERY_NS = 5 * NANOSECONDS


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a dataset.

    Parameters
    ----------
    path
        Below the folder of the dataset, with ``/``.
    kind
        ``waveforms`` or ``catalogue``.
    sha256, n_bytes
        Of its content.
    n_items
        Number of miniSEED records, or of events.
    start, end
        UTC; first sample and end of the last one, or first and last origin time.
    ids
        Channels (``NET.STA.LOC.CHA``); empty for a catalogue.
    sources
        Addresses and files that its content came from.
    requests
        What was asked of them. A part with all of it is not fetched again.
    fetched
        When it was last written, UTC.
    """

    path: str
    kind: PartKind
    sha256: str
    n_bytes: int
    n_items: int
    start: datetime
    end: datetime
    ids: tuple[str, ...]
    sources: tuple[str, ...]
    requests: tuple[str, ...]
    fetched: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dataset is.

    Parameters
    ----------
    parts
        Its files, by path.
    licence, citation
        As the user stated them; empty where nothing was said.
    format
        Name and version of this layout.
    """

    parts: tuple[Part, ...] = ()
    licence: str = ""
    citation: str = ""
    format: str = _FORMAT


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in a folder, or None where there is none.

    Raises
    ------
    SourceError
        If it cannot be read.
    DataError
        If it is none of this layout.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        manifest = from_document(
            Manifest, document if isinstance(document, dict) else {"format": ""}
        )
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    except ValueError as error:  # of JSON, of a time, or of a missing field
        raise DataError(f"{path} is no manifest of a dataset: {error}") from error
    if manifest.format != _FORMAT:
        raise DataError(f"{path} has the format {manifest.format!r}; this version reads {_FORMAT}")
    return manifest


def damaged_parts(folder: Path, parts: Sequence[Part]) -> dict[str, str]:
    """Return the path of each part that is not what its checksum says, with the reason."""
    reasons = ((part.path, _damage(folder, part)) for part in parts)
    return {path: reason for path, reason in reasons if reason}


def _damage(folder: Path, part: Part) -> str:
    path = folder / part.path
    if not path.is_file():
        return "file is missing"
    if path.stat().st_size != part.n_bytes:
        return f"file has {path.stat().st_size} bytes; the manifest states {part.n_bytes}"
    return "" if file_sha256(path) == part.sha256 else "content does not fit its checksum"


@dataclass(slots=True)
class DatasetFolder:
    """A dataset that is being written.

    Parameters
    ----------
    folder
        Made where it is missing. Parts that are damaged count as not there.
    licence, citation
        Replace what the manifest says, unless empty.
    clock
        Returns nanoseconds since 1970.

    Raises
    ------
    SourceError
        If the folder cannot be made or read.
    DataError
        If its manifest is not of this layout.

    Notes
    -----
    A part is written before the manifest that names it, each whole or not at all, and the manifest
    every 5 s and at the end. A part that is newer than the manifest fails its checksum, so after a
    crash it is fetched again: nothing is lost and nothing is trusted wrongly.
    """

    folder: Path
    licence: str = ""
    citation: str = ""
    clock: Callable[[], int] = time.time_ns
    parts: dict[str, Part] = field(default_factory=dict)
    _complete: set[str] = field(default_factory=set)
    _saved_ns: int = 0

    def __post_init__(self) -> None:
        known = read_manifest(make_folder(self.folder)) or Manifest()
        self.licence = self.licence or known.licence
        self.citation = self.citation or known.citation
        damaged = damaged_parts(self.folder, known.parts)
        self.parts = {part.path: part for part in known.parts if part.path not in damaged}
        # an answer that went into several files is here only if all of them are sound
        lost = {one for part in known.parts if part.path in damaged for one in part.requests}
        self._complete = {one for part in self.parts.values() for one in part.requests} - lost
        self._saved_ns = self.clock()

    def has(self, request: str) -> bool:
        """Return whether the whole answer to a request is here, sound."""
        return request in self._complete

    def content(self, path: str) -> bytes:
        """Return what a part holds, or nothing where there is no sound part."""
        return (self.folder / path).read_bytes() if path in self.parts else b""

    def write(self, content: bytes, part: Part) -> None:
        """Write a part; the sources and requests of the one it replaces stay noted.

        Parameters
        ----------
        content
            The whole file.
        part
            Its checksum, size and time are filled in here.
        """
        before = self.parts.get(part.path)
        if before is not None:
            part = replace(
                part,
                sources=tuple(dict.fromkeys((*before.sources, *part.sources))),
                requests=tuple(dict.fromkeys((*before.requests, *part.requests))),
            )
        path = self.folder / part.path
        make_folder(path.parent)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        self.parts[part.path] = replace(
            part,
            sha256=hashlib.sha256(content).hexdigest(),
            n_bytes=len(content),
            fetched=datetime_from_ns(self.clock()),
        )

    def finish(self, request: str, until: datetime | None = None) -> None:
        """Note that all parts of a request are written, and write the manifest if it is time.

        Parameters
        ----------
        request
            As it stands in the parts.
        until
            End of the time that was asked for, UTC: what lies in the future is asked for again.
        """
        now_ns = self.clock()
        if until is None or until <= datetime_from_ns(now_ns):
            self._complete.add(request)
        if now_ns - self._saved_ns >= _SAVE_EVERY_NS:
            self.save()

    def save(self) -> None:
        """Write the manifest."""
        parts = tuple(self._settled(self.parts[path]) for path in sorted(self.parts))
        document = to_document(Manifest(parts, self.licence, self.citation))
        with replacing(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        self._saved_ns = self.clock()

    def _settled(self, part: Part) -> Part:
        """Return a part that names only requests whose answer is here whole."""
        kept = tuple(one for one in part.requests if one in self._complete)
        return part if kept == part.requests else replace(part, requests=kept)
