"""Remembers across restarts how far a SeedLink client came."""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from mainshock.core.files import make_folder, replacing

__all__ = ["SequenceMemory"]

_log = logging.getLogger(__name__)
_SAVE_INTERVAL_S = 10.0


class SequenceMemory:
    """Number of the last packet of every request, in a file where one is given.

    Parameters
    ----------
    stations
        The requests' stations; patterns among them remember the last packet of any match.
    path
        The file, or None to remember only as long as the process lives.
    elapsed_s
        A clock that never jumps.

    Notes
    -----
    The file gets the numbers of the packets that were acknowledged. Where nobody acknowledges,
    every 10 s it gets the numbers of 10 s before, and at the end the last ones. After a crash some
    packets therefore come twice; none is missing because it had been fetched but not been worked
    on.
    """

    def __init__(
        self, stations: tuple[str, ...], path: Path | None, elapsed_s: Callable[[], float]
    ) -> None:
        self._stations = stations
        self._path = path
        self._elapsed_s = elapsed_s
        self._saved_s = elapsed_s()
        self.sequences: dict[str, int] = self._read()
        self._earlier = dict(self.sequences)
        self._safe = dict(self.sequences)
        self._is_acknowledged = False
        self._n_noted = 0
        self._n_safe = 0
        self._pending: deque[tuple[int, str, int]] = deque()
        self._lock = threading.Lock()

    def note(self, station: str, sequence: int | None) -> None:
        """Remember a packet that was handed on."""
        self._n_noted += 1
        if sequence is None or not station:
            return
        for request in self._stations:
            if request == station or fnmatchcase(station, request):
                self.sequences[request] = sequence
                if self._is_acknowledged:
                    self._pending.append((self._n_noted, request, sequence))
        if self._is_acknowledged:
            return
        if self._path is not None and self._elapsed_s() - self._saved_s >= _SAVE_INTERVAL_S:
            self._write(self._earlier)
            self._earlier = dict(self.sequences)
            self._saved_s = self._elapsed_s()

    def acknowledge(self, n_packets: int) -> None:
        """Write the numbers of the first packets, as they were noted; from any thread."""
        with self._lock:
            self._is_acknowledged = True
            self._n_safe = max(self._n_safe, n_packets)
            former = dict(self._safe)
            while self._pending and self._pending[0][0] <= self._n_safe:
                _, request, sequence = self._pending.popleft()
                self._safe[request] = sequence
            if self._safe != former:
                self._write(self._safe)

    def save(self) -> None:
        """Write the last numbers, at an orderly end; where they are acknowledged, those alone."""
        if self._is_acknowledged:
            self.acknowledge(0)
        else:
            self._write(self.sequences)

    def _write(self, sequences: dict[str, int]) -> None:
        if self._path is None:
            return
        make_folder(self._path.parent)
        with replacing(self._path) as temporary:
            temporary.write_text(json.dumps(sequences, indent=1, sort_keys=True), encoding="utf-8")

    def _read(self) -> dict[str, int]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            numbers = {
                station: content[station] for station in self._stations if station in content
            }
            if all(type(number) is int and number >= 0 for number in numbers.values()):
                return numbers
        except (OSError, ValueError, TypeError) as error:
            _log.warning("%s cannot be used: %s", self._path, error)
        _log.warning("%s holds no sequence numbers; starting with new data", self._path)
        return {}
