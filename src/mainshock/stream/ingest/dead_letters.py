"""Keeps the bytes of packets that could not be used, with the reason, in bounded space."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder
from mainshock.core.times import format_utc
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.packets import Packet
from mainshock.stream.ingest.appending import append_whole
from mainshock.stream.ingest.settings import PacketKind

__all__ = ["DeadLetterStore", "arrival_text"]

_log = logging.getLogger(__name__)
_PARTS = 8


def arrival_text(packet: Packet) -> str | None:
    """Return when a packet arrived, or None where nobody knows (0)."""
    return format_utc(datetime_from_ns(packet.arrival_ns)) if packet.arrival_ns else None


class DeadLetterStore:
    """A folder of dead letters: ``NUMBER.bin`` with the bytes, ``NUMBER.jsonl`` with a line each.

    A line holds ``kind``, ``reason``, ``trace_id`` (empty: not known), ``arrival`` (null: not
    known), ``source``, and the ``offset`` and ``length`` of the bytes.

    Parameters
    ----------
    folder
        Made where it is missing. What is there already is kept.
    max_bytes
        When all files together grow beyond it, the oldest are removed.

    Raises
    ------
    SourceError
        If the folder cannot be made or written.
    """

    def __init__(self, folder: Path, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.folder = make_folder(folder)
        self.n_dropped = 0
        self._max_bytes = max_bytes
        numbers = [int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdigit()]
        self._number = max(numbers, default=0) + 1
        self._size = 0
        self._payloads: list[bytes] = []
        self._documents: list[dict[str, Any]] = []

    def add(self, packet: Packet, kind: PacketKind, reason: str, trace_id: str = "") -> None:
        """Remember a packet; ``flush`` writes it."""
        document: dict[str, Any] = {
            "kind": kind,
            "reason": reason,
            "trace_id": trace_id,
            "arrival": arrival_text(packet),
            "source": packet.source,
        }
        self._payloads.append(packet.payload)
        self._documents.append(document)
        self._size += len(packet.payload)
        if self._size >= self._max_bytes // _PARTS:
            try:
                self.flush()
            except SourceError as error:  # whoever flushes next is told; no packet is to blame
                _log.warning("dead letters wait: %s", error)
                return
            self._number += 1
            self._size = 0

    def flush(self) -> None:
        """Write what was added; after an error, what was not written waits on.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        if not self._documents:
            return
        try:
            self._write(self.folder / f"{self._number:08d}.bin")
        except OSError as error:
            raise SourceError(
                f"cannot write dead letters to {self.folder}: {error}; free space or name another"
            ) from error
        self._payloads.clear()
        self._documents.clear()
        self._forget_oldest()

    def close(self) -> None:
        """Write what was added."""
        self.flush()

    def _write(self, path: Path) -> None:
        """Append bytes and lines, or neither."""
        begin = offset = append_whole(path, b"".join(self._payloads))
        lines = []
        for document, payload in zip(self._documents, self._payloads, strict=True):
            place = {"offset": offset, "length": len(payload)}
            lines.append(json.dumps(document | place) + "\n")
            offset += len(payload)
        try:
            append_whole(path.with_suffix(".jsonl"), "".join(lines).encode())
        except OSError:
            os.truncate(path, begin)
            raise

    def _forget_oldest(self) -> None:
        pairs: dict[int, list[Path]] = {}
        for path in sorted(self.folder.iterdir()):
            if path.stem.isdigit():
                pairs.setdefault(int(path.stem), []).append(path)
        total = sum(path.stat().st_size for pair in pairs.values() for path in pair)
        for number in sorted(pairs):
            if total <= self._max_bytes or number == self._number:
                break
            for path in pairs[number]:
                total -= path.stat().st_size
                if path.suffix == ".jsonl":
                    self.n_dropped += path.read_bytes().count(b"\n")
                path.unlink()
