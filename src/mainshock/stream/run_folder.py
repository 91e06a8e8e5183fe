"""Where a live run keeps its files, and who may write there."""

import fcntl
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mainshock.core.errors import SettingsError, SourceError
from mainshock.core.files import make_folder
from mainshock.sources.packets import PacketSource
from mainshock.stream.store.file_content import holds_results, remove_results

__all__ = ["FolderClaim", "RunFolder", "kind_of"]


def kind_of(source: PacketSource) -> str:
    """Return what results come from: ``live``, ``synthetic`` or ``replay of`` what."""
    if not source.is_live:
        return f"replay of {source.name}"
    return "synthetic" if source.is_synthetic else "live"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a live run keeps what it needs and what it found, below one folder."""

    root: Path

    @property
    def store(self) -> Path:
        """Picks, events, alerts and health."""
        return self.root / "mainshock.sqlite"

    @property
    def shadow(self) -> Path:
        """Picks of a model that runs beside the one in use."""
        return self.root / "shadow.sqlite"

    @property
    def bus(self) -> Path:
        """The message log."""
        return self.root / "bus.sqlite"

    @property
    def archive(self) -> Path:
        """Records, as an SDS archive."""
        return self.root / "sds"

    @property
    def dead_letters(self) -> Path:
        """Packets that were not used."""
        return self.root / "deadletters"

    @property
    def source(self) -> Path:
        """What the records come from."""
        return self.root / "source.txt"

    def kind(self) -> str:
        """Return ``live``, ``synthetic`` or ``replay of`` what; empty where nothing was written."""
        with suppress(FileNotFoundError):
            return self.source.read_text(encoding="utf-8").strip()
        return ""

    @property
    def catalogue(self) -> Path:
        """Events and picks in Parquet, a file a day."""
        return self.root / "catalogue"

    @property
    def forecast_log(self) -> Path:
        """What was forecast, line by line; never changed, by no later run."""
        return self.root / "forecasts.jsonl"

    @property
    def state(self) -> Path:
        """Up to where the source was read, and the stations of the last run."""
        return self.root / "state"

    def stations(self) -> Path | None:
        """Return the file of stations, StationXML before a table, or None."""
        found = (self.state / name for name in ("stations.xml", "stations.csv"))
        return next((path for path in found if path.is_file()), None)


class FolderClaim:
    """A folder for one run at a time; ``release`` gives it back, and so does the process's end.

    Parameters
    ----------
    folder
        The folder; it is made where it is missing.
    source
        What the run reads. Live sources go on with what a folder holds. A replay begins anew, and
        what an earlier replay of the same source left is removed.

    Raises
    ------
    SettingsError
        If another run writes there, if it holds what came from another kind of source, or if the
        source reads the archive that the run would write.
    SourceError
        If it cannot be written.
    """

    def __init__(self, folder: RunFolder, source: PacketSource) -> None:
        self._folder = folder
        read = getattr(source, "root", None)
        if isinstance(read, Path) and read.resolve() == folder.archive.resolve():
            raise SettingsError(
                f"{folder.archive} cannot be read and written at once; name another --data-dir"
            )
        make_folder(folder.root)
        self._lock = self._locked()
        try:
            self._take_over(source)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let other runs write there."""
        self._lock.close()

    def _locked(self) -> IO[str]:
        path = self._folder.root / "lock"
        try:
            lock = path.open("a", encoding="ascii")
        except OSError as error:
            raise SourceError(
                f"cannot write in {self._folder.root}: {error}; name another --data-dir"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise SettingsError(
                f"another monitor writes in {self._folder.root}; end it or name another --data-dir"
            ) from error
        return lock

    def _take_over(self, source: PacketSource) -> None:
        label = self._folder.source
        wanted = kind_of(source)
        there = self._folder.kind()
        if not there and holds_results(self._folder.store):
            there = "live"
        if not there and self._has_files():
            raise SettingsError(
                f"{self._folder.root} holds records or results that no monitor wrote; name another "
                "--data-dir"
            )
        if there and there != wanted:
            raise SettingsError(
                f"{self._folder.root} holds results of another kind of source ({there}), which "
                f"must not mix with {wanted}; name another --data-dir"
            )
        if there and not source.is_live:
            self._remove_results()
        label.write_text(wanted + "\n", encoding="utf-8")

    def _has_files(self) -> bool:
        folder = self._folder
        trees = (folder.archive, folder.dead_letters, folder.catalogue)
        return any(tree.is_dir() and any(tree.iterdir()) for tree in trees)

    def _remove_results(self) -> None:
        folder = self._folder
        for database in (folder.bus, folder.shadow, folder.store):
            remove_results(database)
        for tree in (folder.archive, folder.dead_letters, folder.catalogue):
            shutil.rmtree(tree, ignore_errors=True)
