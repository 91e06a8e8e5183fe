"""UTC times: aware datetimes in records, seconds since 1970 in arrays, ISO 8601 with Z in text."""

from datetime import UTC, datetime, timedelta

from mainshock.core.errors import RecordError

__all__ = ["format_utc", "parse_utc", "require_utc", "to_posix_s", "utc_from_posix"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def require_utc(value: datetime, name: str) -> datetime:
    """Return ``value`` in UTC.

    Raises
    ------
    RecordError
        If ``value`` is not a datetime or carries no time zone.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise RecordError(
            f"{name} is {value!r}; it must be a datetime with a time zone. "
            "Use mainshock.core.parse_utc for text."
        )
    return value.astimezone(UTC)


def parse_utc(text: str) -> datetime:
    """Return the time that ISO 8601 text states; text without a zone is taken as UTC.

    Raises
    ------
    RecordError
        If the text is not an ISO 8601 time.

    Examples
    --------
    >>> parse_utc("2010-05-27T16:24:33.5Z")
    datetime.datetime(2010, 5, 27, 16, 24, 33, 500000, tzinfo=datetime.timezone.utc)
    """
    try:
        value = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError) as error:
        raise RecordError(
            f"time {text!r} is not ISO 8601; write it as 2010-05-27T16:24:33.5Z"
        ) from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def format_utc(value: datetime) -> str:
    """Return ISO 8601 text with microseconds and ``Z``.

    Examples
    --------
    >>> format_utc(parse_utc("2010-05-27T18:24:33+02:00"))
    '2010-05-27T16:24:33.000000Z'
    """
    utc = require_utc(value, "time")
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def to_posix_s(value: datetime) -> float:
    """Return seconds since 1970-01-01T00:00:00Z, exact to a microsecond."""
    return (require_utc(value, "time") - _EPOCH) / timedelta(seconds=1)


def utc_from_posix(seconds: float) -> datetime:
    """Return the UTC time ``seconds`` after 1970, rounded to a microsecond."""
    return _EPOCH + timedelta(microseconds=round(seconds * 1e6))
