"""Keeps the bytes of packets that could not be used, with the reason, in bounded space."""

import json
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder
from mainshock.core.times import format_utc
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.packets import Packet
from mainshock.stream.ingest.settings import PacketKind

__all__ = ["DeadLetterStore", "arrival_text"]

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
        self._lines: list[str] = []

    def add(self, packet: Packet, kind: PacketKind, reason: str, trace_id: str = "") -> None:
        """Remember a packet; ``flush`` writes it."""
        document = {
            "kind": kind,
            "reason": reason,
            "trace_id": trace_id,
            "arrival": arrival_text(packet),
            "source": packet.source,
            "offset": self._size,
            "length": len(packet.payload),
        }
        self._payloads.append(packet.payload)
        self._lines.append(json.dumps(document) + "\n")
        self._size += len(packet.payload)
        if self._size >= self._max_bytes // _PARTS:
            self.flush()
            self._number += 1
            self._size = 0

    def flush(self) -> None:
        """Write what was added.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        if not self._lines:
            return
        name = f"{self._number:08d}"
        try:
            with (self.folder / f"{name}.bin").open("ab") as stream:
                stream.write(b"".join(self._payloads))
            with (self.folder / f"{name}.jsonl").open("a", encoding="utf-8") as stream:
                stream.write("".join(self._lines))
        except OSError as error:
            raise SourceError(
                f"cannot write dead letters to {self.folder}: {error}; free space or name another"
            ) from error
        self._payloads.clear()
        self._lines.clear()
        self._forget_oldest()

    def close(self) -> None:
        """Write what was added."""
        self.flush()

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
