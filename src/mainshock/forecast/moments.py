"""Moments that a user gives in words, refused where they cannot be meant."""

import math

from mainshock.core.errors import RecordError, SettingsError
from mainshock.sources.seismicity.catalogue import days_from_text

__all__ = ["days_asked"]


def days_asked(name: str, text: str, *, is_synthetic: bool = False) -> float:
    """Return days after 1970-01-01T00:00Z of the value of an option.

    Parameters
    ----------
    name
        Of the option, for messages.
    text
        ISO 8601, or days.
    is_synthetic
        Whether days are counted from an arbitrary zero, so that 1985 is a day and no year.

    Raises
    ------
    SettingsError
        If the text is neither, is not finite, or may be a year.

    Examples
    --------
    >>> days_asked("--from", "1970-01-02T12:00:00Z"), days_asked("--to", "730.5")
    (1.5, 730.5)
    """
    try:
        days = days_from_text(text)
    except RecordError as error:
        raise SettingsError(f"{name}: {error}") from error
    if not math.isfinite(days):
        raise SettingsError(
            f"{name} {text} is no moment; give ISO 8601, or a finite number of days"
        )
    is_year = text.strip().isdigit() and 1900 <= int(text) <= 2100
    if is_year and not is_synthetic:
        raise SettingsError(
            f"{name} {text!r} may be a year or days after 1970-01-01; write {text}-01-01 for the "
            f"year, {text}.0 for the days"
        )
    return days
