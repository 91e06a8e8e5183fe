"""Flags of drift: which channel or model left its control limits, told as health messages."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mainshock.core.documents import from_document, to_document
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.bus import Message

__all__ = [
    "ChannelKind",
    "DriftBoard",
    "DriftFlag",
    "ModelKind",
    "drift_message",
    "is_drift_message",
    "read_drift_message",
]

ChannelKind = Literal["gain", "noise", "quiet", "spectrum", "offset", "flat", "clipping"]
"""Figures of a channel."""
ModelKind = Literal[
    "pick_rate", "probability", "phase_ratio", "unsettled", "residual_mean", "residual_sd"
]
"""Figures of a picker."""
_MARK = "drift:"


@dataclass(frozen=True, slots=True)
class DriftFlag:
    """A figure that left its control limits, or came back.

    Parameters
    ----------
    subject
        ``NET.STA.LOC.CHA`` of a channel, or the name of a model.
    kind
        Which figure: a ``ChannelKind`` or a ``ModelKind``.
    is_open
        False once it is back, or the new level has become the usual one.
    since
        Data time at which it was noticed, UTC.
    updated
        Data time up to which that is known, UTC.
    value, usual, limit
        The figure now, its median over the reference, and how far from that it may be.
    reason
        For a reader.
    """

    subject: str
    kind: str
    is_open: bool
    since: datetime
    updated: datetime
    value: float
    usual: float
    limit: float
    reason: str

    @property
    def scope(self) -> str:
        """``NET.STA`` of a channel, or the name of the model."""
        parts = self.subject.split(".")
        return ".".join(parts[:2]) if len(parts) == 4 else self.subject


def drift_message(flag: DriftFlag, arrival_ns: int) -> Message:
    """Return the message of ``health.v1`` that tells a flag."""
    updated_ns = ns_from_datetime(flag.updated)
    state = "open" if flag.is_open else "over"
    return Message(
        topic="health.v1",
        key=flag.scope,
        identity=f"{_MARK}{flag.subject}:{flag.kind}@{updated_ns}.{state}",
        value=json.dumps({"drift": to_document(flag)}, separators=(",", ":")).encode(),
        data_ns=updated_ns,
        arrival_ns=arrival_ns,
    )


def is_drift_message(message: Message) -> bool:
    """Return whether a message of ``health.v1`` tells a flag, not how data arrive."""
    return message.identity.startswith(_MARK)


def read_drift_message(message: Message) -> DriftFlag:
    """Return the flag that a message tells.

    Raises
    ------
    DataError
        If it tells none.
    """
    return from_document(DriftFlag, json.loads(message.value).get("drift"))


class DriftBoard:
    """The flags that are open now; read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], DriftFlag] = {}

    def put(self, flags: Iterable[DriftFlag]) -> None:
        """Show flags that opened, changed or closed."""
        with self._lock:
            for flag in flags:
                if flag.is_open:
                    self._open[flag.subject, flag.kind] = flag
                else:
                    self._open.pop((flag.subject, flag.kind), None)

    def flags(self) -> list[DriftFlag]:
        """Return the open flags in order of subject and kind."""
        with self._lock:
            return [self._open[key] for key in sorted(self._open)]
