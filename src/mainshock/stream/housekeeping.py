"""Once an hour: bring the catalogue up to date, forget what need not be kept; free memory."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mainshock.core.errors import MainshockError
from mainshock.stream import sentences
from mainshock.stream.memory import LibraryPages, keep_for_good, return_free_memory
from mainshock.stream.store.catalogue_process import export_apart
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.retention import Retention

__all__ = ["Housekeeping"]

_log = logging.getLogger(__name__)
_EVERY_S, _MEMORY_S = 3600.0, 30.0
_CHANGES_KEPT = timedelta(days=1)


@dataclass(slots=True, eq=False)
class Housekeeping:
    """Keeps a store small and its catalogue complete, in a thread of its own.

    Parameters
    ----------
    store
        What is kept small.
    catalogue
        Folder of the catalogue, in Parquet; what goes from the store stays there.
    keep
        How long picks, alerts, maps, forecasts, posterior draws and old versions of events stay in
        the store after they were issued; None: for good, as of a replay, whose times are those of
        its records. The latest version of an event stays for good in any case.
    every_s
        From one time to the next, in seconds.
    clock
        Seconds since 1970.

    Attributes
    ----------
    problem
        Why it does not work; empty while it does.
    """

    store: LiveStore
    catalogue: Path
    keep: timedelta | None
    every_s: float = _EVERY_S
    clock: Callable[[], float] = time.time
    problem: str = ""
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread, after what it is doing."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def tidy(self) -> None:
        """Do it now. A fault removes nothing, and stands in ``problem`` until it works again."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        before = None if self.keep is None else now - self.keep
        retention = Retention(
            picks_before=before,
            versions_before=before,
            samples_before=before,
            maps_before=before,
            forecasts_before=before,
            alerts_before=before,
            changes_before=now - _CHANGES_KEPT,
            health_before=before,
        )
        try:
            export_apart(self.store, self.catalogue)
            self.store.retain(retention)  # after an error it removes nothing
        except MainshockError as error:
            self.problem = sentences.CATALOGUE_BEHIND.tell(error=error)
            _log.warning("%s", self.problem)
        except Exception as error:  # noqa: BLE001 - a fault here must not end the live path
            self.problem = sentences.CATALOGUE_BEHIND.tell(error=repr(error))
            _log.exception("the catalogue is not kept up to date")
        else:
            self.problem = ""

    def _run(self) -> None:
        waited_s = 0.0
        libraries: LibraryPages | None = LibraryPages()
        while not self._ending.wait(min(self.every_s, _MEMORY_S)):
            return_free_memory()
            if libraries is not None:  # once: what is needed after the start stays
                keep_for_good()
                libraries.give_back()
                libraries = None
            waited_s += min(self.every_s, _MEMORY_S)
            if waited_s >= self.every_s:
                waited_s = 0.0
                self.tidy()
