"""Which records a client asked for: stations, streams, times and where to begin."""

import re
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Literal

from mainshock.serve.seedlink.records import Conversion, StreamRecord

__all__ = [
    "Selector",
    "StationRequest",
    "is_pattern",
    "parse_selector_v3",
    "parse_selector_v4",
    "pattern_matches",
]

_LONGEST_PATTERN = 64
_PATTERN = re.compile(r"[A-Za-z0-9_*?-]+")
_SELECTOR_V3 = re.compile(r"(!?)([A-Za-z0-9*?-]{0,5})(?:\.([A-Z?*]))?")
_SELECTOR_V4 = re.compile(r"(!?)([A-Za-z0-9_*?-]+)(?:\.([A-Za-z0-9*?]{1,2}))?(?::([A-Za-z0-9]+))?")
_TYPES_V3 = frozenset("DECTLO")
_CONVERSIONS: dict[str | None, Conversion] = {
    None: "native",
    "native": "native",
    "2": "2",
    "3": "3",
}


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def pattern_matches(pattern: str, text: str) -> bool:
    """Return whether all of a text matches a pattern of ``*`` and ``?``."""
    return _compiled(pattern).match(text) is not None


def is_pattern(text: str) -> bool:
    """Return whether some text can be a pattern of codes."""
    return len(text) <= _LONGEST_PATTERN and _PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Selector:
    """One SELECT.

    Parameters
    ----------
    is_excluded
        Whether matching streams are left out.
    pattern
        What the stream id ``LOC_B_S_SS`` must match; in version 3 the channel, or the location
        (``--`` for none) and channel.
    is_version_3
        How to read the pattern.
    kind
        Pattern that format and subformat, such as ``"2D"``, must begin with.
    conversion
        What the payload is changed to.
    """

    is_excluded: bool
    pattern: str
    is_version_3: bool
    kind: str = "*"
    conversion: Conversion = "native"

    def matches(self, stream_id: str, kind: str) -> bool:
        """Return whether a stream of some format and subformat matches."""
        if not pattern_matches(self.kind + "*", kind):
            return False
        if not self.is_version_3:
            return pattern_matches(self.pattern, stream_id)
        location, *letters = stream_id.split("_")
        channel = "".join(letters)
        texts = [f"{location:-<2}{channel}"] if len(self.pattern) == 5 else [channel]
        if "*" in self.pattern:
            texts = [f"{location:-<2}{channel}", channel]
        return any(pattern_matches(self.pattern, text) for text in texts)


def parse_selector_v3(text: str) -> Selector | None:
    """Return what a SELECT of version 3 asks for, ``[!][LL][CCC][.T]``, or None for no selector.

    A dash stands for a blank in a location code; ``*`` is taken as well.
    """
    match = _SELECTOR_V3.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    codes, kind = match[2], match[3] or "*"
    if codes in _TYPES_V3 and match[3] is None:  # a lone letter is a type of record
        codes, kind = "*", codes
    if "*" not in codes and len(codes) not in (0, 3, 5):
        return None
    return Selector(bool(match[1]), codes or "*", is_version_3=True, kind=f"?{kind}")


def parse_selector_v4(text: str) -> Selector | None:
    """Return what a pattern of a SELECT of version 4 asks for, or None for no selector.

    The form is ``[!]STREAM[.FORMAT][:FILTER]``. A stream pattern of three parts, ``B_H_Z``, which
    could match no stream, is taken for any location.
    """
    match = _SELECTOR_V4.fullmatch(text)
    if match is None or match[4] not in _CONVERSIONS or not is_pattern(match[2]):
        return None
    if match[1] and match[4]:
        return None
    has_location = "*" in match[2] or match[2].count("_") != 2
    pattern = match[2] if has_location else f"*_{match[2]}"
    return Selector(bool(match[1]), pattern, False, match[3] or "*", _CONVERSIONS[match[4]])


@dataclass(slots=True)
class StationRequest:
    """What is wanted of the stations that match a pattern; filled in by one command after another.

    Parameters
    ----------
    pattern
        Of the station id ``NET_STA``.
    selectors
        Streams; none: all of them.
    begin
        Where to begin in the ring: with the next record, with a sequence number, or with all.
    sequence
        The number, where ``begin`` is ``"sequence"``; its last 24 bits in version 3.
    start_ns, end_ns
        Time window that records must touch, or None.
    is_fetch
        Whether the transfer ends with what is there.
    is_chosen
        Whether a DATA, FETCH or TIME came; version 3 sends nothing without it.
    """

    pattern: str = "*"
    selectors: list[Selector] = field(default_factory=list)
    begin: Literal["next", "sequence", "all"] = "next"
    sequence: int = 0
    start_ns: int | None = None
    end_ns: int | None = None
    is_fetch: bool = False
    is_chosen: bool = False

    @property
    def has_history(self) -> bool:
        """Whether records older than the ring are wanted."""
        return self.start_ns is not None and self.begin == "all"

    def takes_station(self, station_id: str) -> bool:
        """Return whether the request is about a station."""
        return pattern_matches(self.pattern, station_id)

    def conversion_of(self, stream_id: str, kind: str) -> Conversion | None:
        """Return what to change a stream of a matching station to, or None where not wanted."""
        matching = [one for one in self.selectors if one.matches(stream_id, kind)]
        if any(one.is_excluded for one in matching):
            return None
        if matching:
            return matching[0].conversion
        has_included = any(not one.is_excluded for one in self.selectors)
        return None if has_included else "native"

    def touches(self, record: StreamRecord) -> bool:
        """Return whether a record lies in the time window, if only in part."""
        return (self.start_ns is None or record.end_ns > self.start_ns) and (
            self.end_ns is None or record.start_ns < self.end_ns
        )
