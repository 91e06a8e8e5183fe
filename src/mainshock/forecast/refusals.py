"""When a forecast must not be made, and what to do instead: each case is an error, no warning."""

import math
from datetime import timedelta

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast import sentences
from mainshock.forecast.base import ModelInfo
from mainshock.sources.seismicity.catalogue import text_from_days

__all__ = [
    "MAX_AGE",
    "UNVALIDATED_DAYS",
    "is_stale",
    "refuse_below_model_completeness",
    "refuse_beyond_horizon",
    "refuse_overlap",
    "refuse_stale",
    "refuse_supercritical",
    "validated_days",
]

MAX_AGE = timedelta(hours=6)
"""Age of the newest data from which on a forecast is withdrawn, where nothing else is set."""

UNVALIDATED_DAYS = 7.0
"""Longest window of a model that was not validated for it; it is labelled so."""

_ROUNDING = 1e-6


def refuse_below_model_completeness(magnitude: float, info: ModelInfo) -> None:
    """Refuse a magnitude that the model's catalogue does not hold completely.

    Raises
    ------
    DataError
        If it is below the model's magnitude of completeness, or above its largest magnitude.
    """
    if magnitude < info.mc - _ROUNDING:
        raise DataError(sentences.BELOW_COMPLETENESS.tell(magnitude=magnitude, mc=info.mc))
    if magnitude >= info.m_max:
        raise DataError(sentences.ABOVE_LARGEST.tell(magnitude=magnitude, m_max=info.m_max))


def refuse_overlap(info: ModelInfo, start_days: float) -> None:
    """Refuse a window that the model was fitted to: its events are known to it.

    Raises
    ------
    DataError
        If it opens before the end of the window of the fit.
    """
    end = info.settings.end_days
    if start_days < end - _ROUNDING:
        raise DataError(
            f"the window opens at {text_from_days(start_days)}, before {text_from_days(end)}, up "
            "to which the model was fitted: it knows what happened then; take a later window, or "
            "fit with an earlier --to"
        )


def is_stale(now_days: float, cut_off_days: float, max_age: timedelta = MAX_AGE) -> bool:
    """Return whether data up to ``cut_off_days`` are too old for a forecast at ``now_days``."""
    return now_days - cut_off_days > max_age / timedelta(days=1)


def refuse_stale(now_days: float, cut_off_days: float, max_age: timedelta = MAX_AGE) -> None:
    """Refuse to repeat a forecast whose data are older than a limit.

    Raises
    ------
    DataError
        If they are: the forecast is withdrawn.
    """
    if is_stale(now_days, cut_off_days, max_age):
        hours = (now_days - cut_off_days) * 24.0
        raise DataError(
            f"the newest data are {hours:.1f} h old, more than {max_age / timedelta(hours=1):g} h: "
            "the forecast is withdrawn; bring the feed or the catalogue up to date"
        )


def refuse_supercritical(branching_ratio: float) -> None:
    """Refuse parameters with which sequences never end.

    Raises
    ------
    ModelError
        If the branching ratio is 1 or more, or no number.
    """
    if not branching_ratio < 1.0:
        raise ModelError(
            f"the branching ratio is {branching_ratio:.3f}; it must be below 1, or sequences never "
            "end: fit the model to a longer window, or with a lower m_max (--option m_max=M)"
        )


def validated_days(info: ModelInfo) -> float:
    """Return the longest window that the model was tested on; 0 where it was not."""
    found = info.validated.get("horizon_days", 0.0)
    is_number = isinstance(found, int | float) and math.isfinite(found)
    return float(found) if is_number else 0.0


def refuse_beyond_horizon(days: float, info: ModelInfo) -> bool:
    """Return whether the model was validated for windows of that length.

    Raises
    ------
    SettingsError
        If it was not, and the window is longer than ``UNVALIDATED_DAYS``, or it is no length.
    """
    if not (days > 0 and math.isfinite(days)):
        raise SettingsError(f"a window of {days:g} days; it must be longer than 0")
    tested = validated_days(info)
    if days <= tested + _ROUNDING:
        return True
    limit = max(tested, UNVALIDATED_DAYS)
    if days > limit + _ROUNDING:
        said = sentences.TOO_LONG_TESTED if tested > 0 else sentences.TOO_LONG_UNTESTED
        raise SettingsError(said.tell(days=days, limit=limit))
    return False
