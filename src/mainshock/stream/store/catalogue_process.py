"""The export of the catalogue in a process of its own: what it needs of memory goes with it."""

import pickle
import subprocess
import sys
from pathlib import Path

from mainshock.core.errors import DataError, MainshockError, SourceError
from mainshock.stream.store.catalogue import CatalogueExport, export_catalogue
from mainshock.stream.store.database import Database
from mainshock.stream.store.live_store import LiveStore

__all__ = ["export_apart"]

_MODULE = "mainshock.stream.store.catalogue_process"
_LONGEST_S = 1800.0
_SHOWN = 500  # characters of what it said last

_Answer = CatalogueExport | tuple[str, str]  # what was written, or the kind of fault and its text


def export_apart(store: LiveStore, folder: Path) -> CatalogueExport:
    """Do as ``export_catalogue`` does, and keep nothing of its libraries: 70 MB stay otherwise.

    Raises
    ------
    SourceError
        If the folder cannot be written, or the process fails.
    DataError
        If a file in the folder is no part of a catalogue.
    """
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-m", _MODULE],  # no modules of the working folder
            input=pickle.dumps((store.database.address, folder)),
            capture_output=True,
            timeout=_LONGEST_S,
            start_new_session=True,  # an interrupt from the keyboard lets it finish its file
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"the catalogue is not exported: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-_SHOWN:]
        raise SourceError(f"the export of the catalogue ended with {done.returncode}: {said}")
    answer: _Answer = pickle.loads(done.stdout)  # noqa: S301 - our own process
    if isinstance(answer, CatalogueExport):
        return answer
    kind, text = answer
    raise DataError(text) if kind == DataError.__name__ else SourceError(text)


def _answered(asked: bytes) -> _Answer:
    address, folder = pickle.loads(asked)  # noqa: S301 - from the process that started this one
    try:
        with LiveStore(Database(address)) as store:
            return export_catalogue(store, folder)
    except MainshockError as error:
        return type(error).__name__, str(error)


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(_answered(sys.stdin.buffer.read())))
