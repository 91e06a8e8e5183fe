"""A user's own table, put in order of time: target, features, series and what was left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError, SourceError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CLASSIFY",
    "COUNT",
    "REGRESS",
    "TimedTable",
    "days_in",
    "horizon_in_name",
    "prepare_table",
    "read_frame",
    "target_days_of",
    "texts_of",
    "times_of",
]

FloatArray = NDArray[np.float64]
CLASSIFY, COUNT, REGRESS = "classify", "count", "regress"
_TIME_NAMES = ("time", "datetime", "date", "timestamp", "origin_time", "start", "day", "t")
_AHEAD = re.compile(r"(^|_)(target|next|future|label|outcome)(_|$)", re.IGNORECASE)
_UNITS = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.25}
_LENGTH = re.compile(r"^\s*([\d.]+(?:e-?\d+)?)\s*(s|min|h|d|w|y)?[a-z]*\s*$", re.IGNORECASE)
_HORIZON = re.compile(
    r"(?:^|_)(\d+(?:\.\d+)?)_?(h|hours?|d|days?|w|weeks?|y|years?)(?=_|$)", re.IGNORECASE
)
_NS_A_DAY = 86_400_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TimedTable:
    """Rows of a table, sorted by time.

    Parameters
    ----------
    features
        Columns to learn from, shape ``(n, k)``.
    target
        Numbers of classes from 0, counts, or values, shape ``(n,)``.
    time
        Days after 1970-01-01 where the table has dates, else its own numbers; never NaN.
    is_dated
        Whether ``time`` is in days.
    task
        ``classify``, ``count`` (whole numbers from 0) or ``regress``.
    classes
        Names of the classes in order; empty unless ``task`` is ``classify``.
    group
        Series that each row belongs to, numbers from 0; None without.
    group_names
        Their names.
    names
        Of the target, time and group columns; ``""`` where there is none.
    left_out
        Columns that are not features, and why.
    notes
        What the user must know about the table.
    """

    features: "pd.DataFrame"
    target: FloatArray
    time: FloatArray
    is_dated: bool
    task: str
    classes: tuple[str, ...]
    group: NDArray[np.int64] | None
    group_names: tuple[str, ...]
    names: tuple[str, str, str]
    left_out: dict[str, str]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.target)


def read_frame(path: Path) -> "pd.DataFrame":
    """Return a CSV or Parquet file as a table.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    import pandas as pd  # noqa: PLC0415

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, comment="#")
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a table: {error}") from error


def target_days_of(path: Path) -> float | None:
    """Return how far ahead the targets of a feature table look, as its own metadata says.

    None where it says nothing; a CSV never does.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix.lower() != ".parquet":
        return None
    try:
        stated = pq.read_schema(path).metadata or {}
        return float(stated[b"target_days"])
    except (OSError, KeyError, ValueError):
        return None


def days_in(text: str) -> float:
    """Return a length of time in days: ``30d``, ``12h``, ``2w``, ``1y``, or a plain number.

    Raises
    ------
    SettingsError
        If the text is no length of time.

    Examples
    --------
    >>> days_in("12h"), days_in("2w"), days_in("3")
    (0.5, 14.0, 3.0)
    """
    found = _LENGTH.match(text)
    if not found:
        raise SettingsError(f"{text!r} is no length of time; write 30d, 12h, 2w or a number")
    return float(found[1]) * _UNITS[(found[2] or "d").lower()]


def horizon_in_name(name: str) -> float | None:
    """Return how many days ahead the name of a target says that it looks, None if it does not.

    Examples
    --------
    >>> horizon_in_name("target_m4_30d"), horizon_in_name("felt")
    (30.0, None)
    """
    found = _HORIZON.findall(name)
    if not found:
        return None
    number, unit = found[-1]
    return float(number) * _UNITS[unit[0].lower()]


def texts_of(column: "pd.Series") -> NDArray[np.str_]:
    """Return the cells of a column as text; missing ones are empty, 3.0 reads as 3.

    Examples
    --------
    >>> import pandas as pd
    >>> texts_of(pd.Series(["thrust", None, 3.0], dtype=object)).tolist()
    ['thrust', '', '3']
    """
    is_missing = column.isna().to_numpy()
    cells = column.to_numpy(dtype=object)
    found = ["" if none else _class_name(one) for one, none in zip(cells, is_missing, strict=True)]
    return np.array(found, dtype=str)


def times_of(column: "pd.Series", name: str) -> tuple[FloatArray, bool]:
    """Return the times of a column, and whether they are days after 1970-01-01.

    Raises
    ------
    DataError
        If cells are neither numbers nor ISO 8601.
    """
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column, dtype=np.float64), False
    try:
        moments = pd.to_datetime(column, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(
            f"times in column {name!r} are neither numbers nor ISO 8601, as 2010-05-27T16:24:33Z: "
            f"{error}"
        ) from error
    whole = moments.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    return np.where(np.asarray(moments.isna()), np.nan, whole / _NS_A_DAY), True


def prepare_table(
    frame: "pd.DataFrame",
    target: str,
    *,
    time: str | None = None,
    group: str | None = None,
    features: Sequence[str] | None = None,
    task: str = "auto",
) -> TimedTable:
    """Return the rows that have a target and a time, in order of time.

    Parameters
    ----------
    target
        Column to forecast.
    time
        Column of times; by default the first of the usual names. Without any, the order of rows.
    group
        Column that names the series of a row, such as a cell of a grid.
    features
        Columns to learn from; by default all but those with a reason against them.
    task
        ``classify``, ``regress`` (counts are noticed) or ``auto``.

    Raises
    ------
    DataError
        If a column is missing, or too few rows are left.
    """
    _check_columns(frame, [target, time, group, *(features or [])])
    notes: list[str] = []
    time = time or _time_column(frame, (target, group, *(features or ())), notes)
    rows_in_order = np.arange(len(frame), dtype=np.float64), False
    moments, is_dated = rows_in_order if time is None else times_of(frame[time], time)
    has_target = frame[target].notna().to_numpy()
    kept = np.flatnonzero(has_target & np.isfinite(moments))
    if len(kept) < len(frame):
        notes.append(f"{len(frame) - len(kept)} rows without a target or a time were left out")
    kept = kept[np.argsort(moments[kept], kind="stable")]
    rows = frame.iloc[kept].reset_index(drop=True)
    values, task, classes = _target(rows[target], target, task)
    number, group_names = _series(rows, group)
    beside = {name for name in (target, time, group) if name is not None}
    names, left_out = _features(rows, beside, features, notes)
    return TimedTable(
        features=rows[names],
        target=values,
        time=moments[kept],
        is_dated=is_dated,
        task=task,
        classes=classes,
        group=number,
        group_names=group_names,
        names=(target, time or "", group or ""),
        left_out=left_out,
        notes=tuple(notes),
    )


def _check_columns(frame: "pd.DataFrame", wanted: Sequence[str | None]) -> None:
    missing = [name for name in wanted if name is not None and name not in frame]
    if missing:
        there = ", ".join(map(str, frame.columns[:20]))
        raise DataError(f"the table has no column {', '.join(missing)}; it has {there}")
    if frame.columns.has_duplicates:
        raise DataError("two columns of the table have one name; rename one of them")


def _time_column(
    frame: "pd.DataFrame", taken: Sequence[str | None], notes: list[str]
) -> str | None:
    here = {str(name).strip().lower(): str(name) for name in frame.columns if name not in taken}
    found = next((here[name] for name in _TIME_NAMES if name in here), None)
    if found is None:
        notes.append(
            "no column of times: rows are taken to be in order of time; name one by --time if not"
        )
    return found


def _target(column: "pd.Series", name: str, task: str) -> tuple[FloatArray, str, tuple[str, ...]]:
    import pandas as pd  # noqa: PLC0415

    if task not in ("auto", CLASSIFY, REGRESS, COUNT):
        raise SettingsError(f"--task {task!r} is none of auto, classify, regress")
    is_number = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(
        column.dtype
    )
    distinct = column.nunique()
    if distinct < 2:
        raise DataError(f"target {name!r} has one value only in {len(column)} rows")
    is_classes = not is_number or distinct == 2 if task == "auto" else task == CLASSIFY
    if is_classes:
        levels = np.sort(column.unique())
        if len(levels) > 20:
            raise DataError(
                f"target {name!r} has {len(levels)} classes, at most 20 are told apart; "
                "give --task regress, or another target"
            )
        codes = np.searchsorted(levels, column.to_numpy())
        return codes.astype(np.float64), CLASSIFY, tuple(_class_name(one) for one in levels)
    if not is_number:
        raise DataError(f"target {name!r} holds what is no number; give --task classify")
    values = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"target {name!r} holds infinite values")
    is_count = (values >= 0).all() and (values == np.round(values)).all()
    return values, COUNT if is_count else REGRESS, ()


def _class_name(value: object) -> str:
    is_whole = isinstance(value, int | float | np.number) and float(value).is_integer()
    if is_whole and not isinstance(value, bool | np.bool_):
        return str(int(value))  # type: ignore[call-overload]
    return str(value)


def _series(
    rows: "pd.DataFrame", group: str | None
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if group is None:
        return None, ()
    names, number = np.unique(texts_of(rows[group]), return_inverse=True)
    return number.astype(np.int64), tuple(str(one) for one in names)


def _features(
    rows: "pd.DataFrame", beside: set[str], wanted: Sequence[str] | None, notes: list[str]
) -> tuple[list[str], dict[str, str]]:
    left_out: dict[str, str] = {}
    names: list[str] = []
    for name in map(str, rows.columns if wanted is None else wanted):
        if name in beside:
            if wanted is not None:
                raise DataError(f"column {name!r} is the target, time or group; no feature")
            continue
        reason = _reason_against(rows[name], name)
        if reason and wanted is None:
            left_out[name] = reason
            continue
        if reason.startswith("its name"):
            notes.append(f"LEAKAGE? feature {name!r}: {reason}")
        names.append(name)
    if not names:
        raise DataError(f"no feature is left: {left_out}; name them by --features")
    return names, left_out


def _reason_against(column: "pd.Series", name: str) -> str:
    """Return why a column should be no feature, or empty text."""
    import pandas as pd  # noqa: PLC0415

    if _AHEAD.search(name):
        return "its name says that it looks ahead of the row's time"
    if column.nunique(dropna=False) < 2:
        return "it is constant"
    is_text = not (
        pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)
    )
    if is_text and column.nunique() > max(50, 0.5 * len(column)):
        return "nearly every row has another text: an identifier or a second time"
    return ""
