"""Parameters of FDSN web services: what a request may say, checked before anything is looked up.

References
----------
FDSN web service specifications, version 1.2 (2019), https://www.fdsn.org/webservices/
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mainshock.core.errors import DataError, RecordError
from mainshock.core.times import parse_utc
from mainshock.sources.fragments import ns_from_datetime

__all__ = ["FdsnError", "Parameter", "ParameterKind", "Query", "codes_of", "parse_query", "time_of"]

ParameterKind = Literal["time", "number", "whole", "boolean", "codes", "choice", "ids"]
Value = datetime | float | int | bool | str | tuple[str, ...]

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?)?Z?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,9}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"\+?\d{1,9}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9*?_-]{1,16}", re.ASCII)
_LOCATION = re.compile(r"[A-Za-z0-9*?-]{1,8}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9._:/()*~+-]{1,200}", re.ASCII)
_MOST_ITEMS = 1000
_FIRST_YEAR = 1678  # nanoseconds since 1970 in 64 bits begin late in 1677
_LAST_YEAR = 2261


class FdsnError(DataError):
    """A request is answered with an error, or with nothing.

    Parameters
    ----------
    status
        HTTP status: 204 or 404 for no data, 400 for a bad request, 413 for one too big.
    message
        For a reader.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a service.

    Parameters
    ----------
    name, abbreviation
        As the standard calls it; the abbreviation is empty where there is none.
    kind
        What its values look like.
    default
        Value where a request does not name it; empty for none.
    choices
        All values of a ``choice``.
    low, high
        Limits of a number.
    """

    name: str
    kind: ParameterKind
    default: str = ""
    abbreviation: str = ""
    choices: tuple[str, ...] = ()
    low: float = -1e9
    high: float = 1e9


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asked for: checked values by the full name of their parameter."""

    values: Mapping[str, Value]

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC, or None where nothing was asked."""
        value = self.values.get(name)
        return value if isinstance(value, datetime) else None

    def time_ns(self, name: str) -> int | None:
        """Return a time in nanoseconds since 1970, or None where nothing was asked."""
        value = self.time(name)
        return None if value is None else ns_from_datetime(value)

    def number(self, name: str) -> float | None:
        """Return a number, or None where nothing was asked."""
        value = self.values.get(name)
        return float(value) if isinstance(value, float) else None

    def whole(self, name: str) -> int | None:
        """Return a whole number, or None where nothing was asked."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None

    def is_true(self, name: str) -> bool:
        """Return whether a boolean is true."""
        return self.values.get(name) is True

    def text(self, name: str) -> str:
        """Return the chosen word, or an empty text where nothing was asked."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def items(self, name: str) -> tuple[str, ...]:
        """Return the items of a list, none where nothing was asked."""
        value = self.values.get(name)
        return value if isinstance(value, tuple) else ()

    @property
    def nodata(self) -> int:
        """HTTP status where nothing is found."""
        return 404 if self.text("nodata") == "404" else 204


def parse_query(parameters: Sequence[Parameter], pairs: Iterable[tuple[str, str]]) -> Query:
    """Return the checked values of a request.

    Parameters
    ----------
    parameters
        All that the service knows.
    pairs
        Names, full or abbreviated, and values, as the request states them. An empty value counts
        as not asked.

    Raises
    ------
    FdsnError
        With status 400 for a name that is unknown or stated twice, or a value that cannot be.
    """
    known = {one.name: one for one in parameters}
    known |= {one.abbreviation: one for one in parameters if one.abbreviation}
    texts: dict[str, str] = {}
    for name, text in pairs:
        parameter = known.get(name.lower())
        if parameter is None:
            names = ", ".join(sorted(one.name for one in parameters))
            raise FdsnError(400, f"unknown parameter {name[:40]!r}; this service knows {names}")
        if parameter.name in texts:
            raise FdsnError(400, f"{parameter.name} is stated twice; state it once")
        texts[parameter.name] = text.strip()
    values: dict[str, Value] = {}
    for one in parameters:
        text = texts.get(one.name) or one.default
        if text:
            values[one.name] = _READERS[one.kind](one, text)
    return Query(values)


def time_of(text: str, name: str) -> datetime:
    """Return the time that a text in one of the standard's forms states, in UTC.

    Raises
    ------
    FdsnError
        With status 400 if it states none.

    Examples
    --------
    >>> time_of("2014-08-24", "starttime")
    datetime.datetime(2014, 8, 24, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if _TIME.fullmatch(text) is None:
        raise _bad(name, text, "write it as 2014-08-24T00:01:00.5 or 2014-08-24, in UTC")
    try:
        value = parse_utc(text.removesuffix("Z"))
    except RecordError as error:
        raise _bad(name, text, "there is no such time") from error
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise _bad(name, text, f"years lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return value


def codes_of(text: str, name: str) -> tuple[str, ...]:
    """Return the patterns in a list of codes, such as ``"Z7,B?"``; ``--`` is an empty location.

    Raises
    ------
    FdsnError
        With status 400 if one of them cannot be a code.
    """
    return _listed(name, text, _LOCATION if name == "location" else _CODE)


def _bad(name: str, text: str, remedy: str) -> FdsnError:
    return FdsnError(400, f"{name} is {text[:60]!r}; {remedy}")


def _listed(name: str, text: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(","))
    if len(items) > _MOST_ITEMS:
        raise FdsnError(413, f"{name} lists {len(items)} items; at most {_MOST_ITEMS} are allowed")
    for item in items:
        if pattern.fullmatch(item) is None:
            raise _bad(name, item, "each item is letters and digits, in a list parted by commas")
    return items


def _number(parameter: Parameter, text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise _bad(parameter.name, text, "it must be a number")
    value = float(text)
    if not parameter.low <= value <= parameter.high:
        limits = f"it must lie between {parameter.low:g} and {parameter.high:g}"
        raise _bad(parameter.name, text, limits)
    return value


def _whole(parameter: Parameter, text: str) -> int:
    if _WHOLE.fullmatch(text) is None or not parameter.low <= int(text) <= parameter.high:
        limits = f"it must be a whole number from {parameter.low:.0f} to {parameter.high:.0f}"
        raise _bad(parameter.name, text, limits)
    return int(text)


def _boolean(parameter: Parameter, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _bad(parameter.name, text, "it must be true or false")
    return text.lower() == "true"


def _choice(parameter: Parameter, text: str) -> str:
    for choice in parameter.choices:
        if text.lower() == choice.lower():
            return choice
    raise _bad(parameter.name, text, f"it must be one of {', '.join(parameter.choices)}")


_READERS: dict[ParameterKind, Callable[[Parameter, str], Value]] = {
    "time": lambda parameter, text: time_of(text, parameter.name),
    "number": _number,
    "whole": _whole,
    "boolean": _boolean,
    "codes": lambda parameter, text: codes_of(text, parameter.name),
    "choice": _choice,
    "ids": lambda parameter, text: _listed(parameter.name, text, _ID),
}
