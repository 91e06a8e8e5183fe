"""The catalogues that can be explored: the live one, those in the data folder, and uploads."""

import re
import secrets
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mainshock.core.errors import MainshockError
from mainshock.serve import sentences
from mainshock.serve.catalogue_columns import (
    EventColumns,
    columns_of_catalogue,
    columns_of_summaries,
)
from mainshock.serve.envelope import ApiError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.read import read_seismicity
from mainshock.sources.seismicity.registry import CATALOGUE_FORMATS, format_of
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

__all__ = ["LIVE", "CatalogueShelf", "ShelvedCatalogue"]

LIVE = "live"
MOST_UPLOADS = 8
MOST_EVENTS = 500_000  # of all uploads together
MOST_LIVE = 100_000
_MOST_FILES = 100
_MOST_FILE_BYTES = 64 * 2**20
_TOLD = 20
_GZIP = b"\x1f\x8b"
_NAME = re.compile(r"[\w .()+-]{1,100}")
_SUFFIXES = frozenset(
    (".csv", ".txt", ".tsv", ".dat", ".parquet", ".xml", ".qml", ".quakeml", ".zmap", ".ndk", ".gz")
)
Kind = Literal["live", "file", "upload"]


@dataclass(frozen=True, slots=True, eq=False)
class ShelvedCatalogue:
    """A catalogue that can be explored.

    Parameters
    ----------
    catalogue_id, name, kind
        How it is asked for, how people call it, and where it comes from.
    format
        Name of the form of its file; empty for the live one.
    events
        Its events; None while nobody asked for them.
    n_skipped, skipped
        How many rows could not be used, and the first of them with the reason.
    added
        When it was uploaded, UTC.
    """

    catalogue_id: str
    name: str
    kind: Kind
    format: str = ""
    events: EventColumns | None = None
    n_skipped: int = 0
    skipped: tuple[str, ...] = ()
    added: datetime | None = None


class CatalogueShelf:
    """Keeps uploads in memory, reads files when they are asked for, and the live one each time.

    Parameters
    ----------
    store
        Events as they are found.
    folder
        Files of catalogues that whoever keeps the service running put there; it need not exist.
    clock
        The present time, UTC.

    Notes
    -----
    At most 8 uploads with 500,000 events together are kept, until they are deleted or the service
    ends. Bytes that are sent touch the disk only while they are read, in a temporary folder.
    """

    def __init__(
        self,
        store: LiveStore,
        folder: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._folder = folder
        self._clock = clock
        self._uploads: dict[str, ShelvedCatalogue] = {}
        self._files: dict[Path, tuple[int, ShelvedCatalogue]] = {}
        self._live: tuple[int, ShelvedCatalogue] | None = None
        self._lock = threading.Lock()

    def all(self) -> list[ShelvedCatalogue]:
        """Return what is there; files without their events."""
        files = [ShelvedCatalogue(f"file-{path.name}", path.name, "file") for path in self._paths()]
        with self._lock:
            return [ShelvedCatalogue(LIVE, "", "live"), *files, *self._uploads.values()]

    def get(self, catalogue_id: str) -> ShelvedCatalogue:
        """Return a catalogue with its events.

        Raises
        ------
        ApiError
            404 if there is none of that id, 400 if its file cannot be read.
        """
        if catalogue_id == LIVE:
            return self._live_one()
        with self._lock:
            found = self._uploads.get(catalogue_id)
        if found is not None:
            return found
        for path in self._paths():
            if catalogue_id == f"file-{path.name}":
                return self._from_folder(path)
        raise ApiError(404, sentences.NO_CATALOGUE.tell(catalogue_id=catalogue_id[:100]))

    def add(self, name: str, content: bytes, format: str | None = None) -> ShelvedCatalogue:  # noqa: A002
        """Read a catalogue that was sent, and keep it.

        Parameters
        ----------
        name
            What its file is called; its ending helps to tell the form.
        format
            Name of its form; None to tell from the content.

        Raises
        ------
        ApiError
            400 if it holds no catalogue, 503 if there is no room.
        """
        if not _NAME.fullmatch(name):
            raise ApiError(400, f"name is {name[:100]!r}; give a file's name without its folder")
        if content[:2] == _GZIP or name.lower().endswith(".gz"):
            raise ApiError(400, f"{name} is compressed; unpack it before it is sent")
        with self._lock:
            if len(self._uploads) >= MOST_UPLOADS:
                raise ApiError(503, sentences.CATALOGUES_FULL.tell(count=MOST_UPLOADS))
        with tempfile.TemporaryDirectory(prefix="mainshock-catalogue-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            made = self._read(path, f"upload-{secrets.token_hex(6)}", name, "upload", format)
        with self._lock:
            kept = sum(len(one.events or ()) for one in self._uploads.values())
            if kept + len(made.events or ()) > MOST_EVENTS:
                raise ApiError(
                    503,
                    f"{kept} events are kept; with these more than {MOST_EVENTS}: delete a "
                    "catalogue first, or send a part",
                )
            self._uploads[made.catalogue_id] = made
        return made

    def remove(self, catalogue_id: str) -> ShelvedCatalogue:
        """Forget an upload, and return it.

        Raises
        ------
        ApiError
            404 if there is none; the live one and files cannot be removed.
        """
        with self._lock:
            found = self._uploads.pop(catalogue_id, None)
        if found is None:
            raise ApiError(404, f"no upload is called {catalogue_id[:100]!r}; only uploads go")
        return found

    def _paths(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        found = (
            path
            for path in sorted(self._folder.iterdir())
            if path.is_file() and path.suffix.lower() in _SUFFIXES and _NAME.fullmatch(path.name)
        )
        return list(found)[:_MOST_FILES]

    def _from_folder(self, path: Path) -> ShelvedCatalogue:
        state = path.stat()
        if state.st_size > _MOST_FILE_BYTES:
            raise ApiError(
                400, f"{path.name} has {state.st_size} bytes; the limit is {_MOST_FILE_BYTES}"
            )
        with self._lock:
            kept = self._files.get(path)
        if kept is not None and kept[0] == state.st_mtime_ns:
            return kept[1]
        made = self._read(path, f"file-{path.name}", path.name, "file", None)
        with self._lock:
            self._files.clear()  # one at a time: they may be large
            self._files[path] = (state.st_mtime_ns, made)
        return made

    def _live_one(self) -> ShelvedCatalogue:
        latest = self._store.latest_change()
        with self._lock:
            if self._live is not None and self._live[0] == latest:
                return self._live[1]
        found = self._store.event_summaries(EventQuery(order="-time", limit=MOST_LIVE))
        made = ShelvedCatalogue(LIVE, "", "live", events=columns_of_summaries(found))
        with self._lock:
            self._live = (latest, made)
        return made

    def _read(
        self, path: Path, catalogue_id: str, name: str, kind: Kind, form: str | None
    ) -> ShelvedCatalogue:
        skipped: list[SkippedInput] = []
        try:
            if form is not None and form not in CATALOGUE_FORMATS.names():
                known = ", ".join(CATALOGUE_FORMATS.names())
                raise ApiError(400, f"format is {form[:50]!r}; it must be one of {known}")
            form = form or format_of(path)
            if form == "parquet":
                _check_rows(path, name)
            catalogue = read_seismicity(path, form, skipped=skipped)
        except MainshockError as error:
            if isinstance(error, ApiError):
                raise
            text = str(error).replace(str(path), name)
            raise ApiError(400, text) from error
        told = tuple(f"{one.name}: {one.reason}".replace(str(path), name) for one in skipped)
        return ShelvedCatalogue(
            catalogue_id,
            name,
            kind,
            form,
            columns_of_catalogue(catalogue),
            len(skipped),
            told[:_TOLD],
            self._clock() if kind == "upload" else None,
        )


def _check_rows(path: Path, name: str) -> None:
    """Refuse a Parquet file whose few bytes hold very many rows, before they are unpacked."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        n_rows = parquet.ParquetFile(path).metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise ApiError(400, f"{name} is no Parquet file: {error}") from error
    if n_rows > MOST_EVENTS:
        raise ApiError(400, f"{name} has {n_rows} rows; the limit is {MOST_EVENTS}: send a part")
