"""What a channel is given, and what it promises."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from mainshock.core.documents import to_document
from mainshock.stream.records import VersionKind, VersionStatus

__all__ = [
    "NOTICE",
    "SCHEMA",
    "AlertRequest",
    "Channel",
    "ChannelKind",
    "ChannelSettings",
    "FormerMessage",
]

SCHEMA = "mainshock.alert/1"
"""Names the form of the document; a change that breaks readers gets another number."""
NOTICE = "This reports an earthquake that instruments recorded. It is not a prediction."

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class FormerMessage:
    """A message that was asked for before, about the same event by the same rule and channel.

    Parameters
    ----------
    version, issued, status, n_stations
        Of the version of the event that it told of.
    """

    version: int
    issued: datetime
    status: VersionStatus
    n_stations: int


@dataclass(frozen=True, slots=True, eq=False)
class AlertRequest:
    """One message to be sent over one channel.

    Parameters
    ----------
    alert_id
        The same for all versions: made of rule, channel and event.
    event_id, version, kind, status, issued, reason
        Of the version of the event, but ``kind`` is what it does to what this channel was told.
    rule, channel
        Names in the configuration.
    is_synthetic, is_replay
        Whether the records are made up; whether they are old ones, played again.
    matches_rule
        False for an update or cancel of an event that the rule would not choose any more.
    send_before
        A first message is not sent later than this; None: at any time (replay).
    link
        Address of the event's page, or empty.
    former
        Messages since the last ``new`` one, oldest first.
    event
        Summary of the event with its uncertainty, as ``payload.event_summary`` makes it.
    """

    alert_id: str
    event_id: str
    version: int
    kind: VersionKind
    status: VersionStatus
    issued: datetime
    rule: str
    channel: str
    event: Mapping[str, Any]
    reason: str = ""
    is_synthetic: bool = False
    is_replay: bool = False
    matches_rule: bool = True
    send_before: datetime | None = None
    link: str = ""
    former: tuple[FormerMessage, ...] = field(default=())

    @property
    def safe_id(self) -> str:
        """``alert_id`` in letters, digits, ``_.-~`` and ``%``: for file names and headers."""
        return quote(self.alert_id, safe="")

    @property
    def idempotency_key(self) -> str:
        """The same whenever this message is sent again: receivers drop the second one."""
        return f"{self.safe_id}/{self.version}"

    def document(self) -> dict[str, Any]:
        """Return the message as machines get it."""
        head = {"schema": SCHEMA, "idempotency_key": self.idempotency_key, "notice": NOTICE}
        return {**head, **to_document(self)}

    def json_bytes(self) -> bytes:
        """Return ``document`` as JSON in UTF-8, without line breaks."""
        return json.dumps(self.document(), allow_nan=False, ensure_ascii=False).encode()


class ChannelSettings(BaseModel):
    """What all kinds of channel are told.

    Parameters
    ----------
    kind
        A registered kind: ``webhook``, ``mail``, ``mqtt``, ``cap``, ``file``.
    attempts
        How often a message is tried before it counts as failed.
    first_wait_s, longest_wait_s
        Wait after the first attempt; each further one doubles it up to the longest.
    timeout_s
        For each step of a connection.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    first_wait_s: Positive = 1.0
    longest_wait_s: Positive = 60.0
    timeout_s: Annotated[float, Field(gt=0.0, le=120.0)] = 10.0

    def target(self) -> str:
        """Return where messages go, for people: a host or a path, never a secret."""
        return ""

    def problem(self) -> str:
        """Return why no message can ever be sent, or an empty text; nothing is connected to."""
        return ""


class Channel(Protocol):
    """A way out for alerts; used by one thread."""

    def send(self, request: AlertRequest) -> str:
        """Deliver a message; what an operator should know about it is returned, mostly nothing.

        Raises
        ------
        UnreachableError
            If it may work later.
        SettingsError
            If trying again cannot help.
        """
        ...


class ChannelKind(Protocol):
    """What a registered name stands for: a class of channels, with the model of its settings."""

    settings_kind: type[ChannelSettings]

    def __call__(self, settings: Any, folder: Path) -> Channel:  # settings of its own kind
        """Return a channel with its secrets read; relative paths start at ``folder``.

        Nothing is connected yet.

        Raises
        ------
        SettingsError
            If a secret is missing.
        """
        ...
