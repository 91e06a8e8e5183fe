"""The picks within reach, and how far those of each instrument are settled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mainshock.core.documents import from_document, to_document
from mainshock.core.records import Pick
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_pick_message
from mainshock.stream.records import LivePick

__all__ = ["PickLedger"]

_MOVED = timedelta(seconds=0.05)


@dataclass(slots=True, eq=False)
class PickLedger:
    """Keeps the latest version of each pick.

    Parameters
    ----------
    picks
        By id; cancelled ones are gone.
    settled_ns
        Up to when the picks of each instrument are settled, nanoseconds since 1970.
    arrival_ns
        When the newest data behind all this arrived.
    trace
        Of the latest pick.
    """

    picks: dict[str, LivePick] = field(default_factory=dict)
    settled_ns: dict[str, int] = field(default_factory=dict)
    arrival_ns: int = 0
    trace: str = ""
    _texts: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When the newest data arrived."""
        return datetime_from_ns(self.arrival_ns)

    def take(self, message: Message) -> LivePick | None:
        """Take a message of ``pick.v1``, and return the pick that came, moved or went."""
        self.arrival_ns = max(self.arrival_ns, message.arrival_ns)
        told = read_pick_message(message)
        if not isinstance(told, LivePick):
            trace_id, until_ns, is_over = told
            if is_over:
                self.settled_ns.pop(trace_id, None)
            else:
                self.settled_ns[trace_id] = max(until_ns, self.settled_ns.get(trace_id, 0))
            return None
        known = self.picks.get(told.pick_id)
        if known is not None and known.version >= told.version:
            return None  # seen before: delivery is at least once
        self.trace = message.trace
        if told.kind == "cancel":
            self._texts.pop(told.pick_id, None)
            return told if self.picks.pop(told.pick_id, None) is not None else None
        self._put(told)
        is_new = known is None or abs(known.pick.time - told.pick.time) > _MOVED
        return told if is_new else None

    def between(self, since: datetime, until: datetime) -> list[Pick]:
        """Return picks from one time to another, in order of time."""
        found = [one.pick for one in self.picks.values() if since <= one.pick.time < until]
        return sorted(found, key=lambda pick: pick.time)

    def forget(self, before: datetime) -> None:
        """Forget the picks before a time."""
        for name in [name for name, one in self.picks.items() if one.pick.time < before]:
            del self.picks[name]
            del self._texts[name]

    def settled_until(self, behind_s: float) -> datetime | None:
        """Return up to when the picks of all instruments are settled.

        One that is further behind the newest than ``behind_s`` is not waited for.
        """
        newest = max(self.settled_ns.values(), default=None)
        if newest is None:
            return None
        oldest = newest - round(behind_s * NANOSECONDS)
        self.settled_ns = {key: one for key, one in self.settled_ns.items() if one >= oldest}
        return datetime_from_ns(min(self.settled_ns.values()))

    def snapshot(self) -> str:
        """Return all as a JSON document; each pick was written once, when it came."""
        picks = ",".join(self._texts.values())
        rest = json.dumps({"settled_ns": self.settled_ns, "arrival_ns": self.arrival_ns})
        return f'{{"picks":[{picks}],"rest":{rest}}}'

    @classmethod
    def restore(cls, document: Mapping[str, Any]) -> "PickLedger":
        """Return the ledger that a snapshot holds."""
        made = cls(**document["rest"])
        for one in document["picks"]:
            made._put(from_document(LivePick, one))
        return made

    def _put(self, pick: LivePick) -> None:
        self.picks[pick.pick_id] = pick
        self._texts[pick.pick_id] = json.dumps(to_document(pick), separators=(",", ":"))
