"""Remembers across restarts how far a SeedLink client came."""

import json
import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from mainshock.core.files import make_folder, replacing

__all__ = ["SequenceMemory"]

_log = logging.getLogger(__name__)
_SAVE_INTERVAL_S = 10.0
_STATION = re.compile(r"[A-Za-z0-9]{1,8}_[A-Za-z0-9-]{1,8}")
_MOST_STATIONS = 900  # a server takes a thousand requests, those of the user among them


class SequenceMemory:
    """Number of the last packet of every station, in a file where one is given.

    Parameters
    ----------
    stations
        What is wanted: stations ``NET_STA`` or patterns of them.
    path
        The file, or None to remember only as long as the process lives.
    elapsed_s
        A clock that never jumps.

    Notes
    -----
    Servers may number each station by itself, so that a number says nothing about another one. Of
    what patterns match at most 900 stations are remembered.

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
        self._is_full = False
        self._pending: deque[tuple[int, str, int]] = deque()
        self._lock = threading.Lock()

    def note(self, station: str, sequence: int | None) -> None:
        """Remember a packet that was handed on."""
        self._n_noted += 1
        if sequence is None or not (station in self.sequences or self._is_new(station)):
            return
        self.sequences[station] = sequence
        if self._is_acknowledged:
            self._pending.append((self._n_noted, station, sequence))
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
                _, station, sequence = self._pending.popleft()
                self._safe[station] = sequence
            if self._safe != former:
                self._write(self._safe)

    def save(self) -> None:
        """Write the last numbers, at an orderly end; where they are acknowledged, those alone."""
        if self._is_acknowledged:
            self.acknowledge(0)
        else:
            self._write(self.sequences)

    def _is_new(self, station: str) -> bool:
        """Return whether a station is to be remembered from now on."""
        if not self._is_wanted(station):
            return False
        if station in self._stations or len(self.sequences) < _MOST_STATIONS:
            return True
        if not self._is_full:
            self._is_full = True
            _log.warning(
                "more than %d stations come by patterns: of the others, what is missed while the "
                "connection is broken is not asked for; name them",
                _MOST_STATIONS,
            )
        return False

    def _is_wanted(self, station: str) -> bool:
        # it will stand in a command, and comes from whoever made the record
        return _STATION.fullmatch(station) is not None and any(
            fnmatchcase(station, request) for request in self._stations
        )

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
            numbers = {key: content[key] for key in content if self._is_wanted(key)}
            if all(type(number) is int and number >= 0 for number in numbers.values()):
                return numbers
        except (OSError, ValueError, TypeError) as error:
            _log.warning("%s cannot be used: %s", self._path, error)
        _log.warning("%s holds no sequence numbers; starting with new data", self._path)
        return {}
