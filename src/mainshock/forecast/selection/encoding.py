"""Columns of any kind as numbers, learnt from the rows of a training alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.selection.series import SeriesMeans
from mainshock.forecast.selection.user_table import texts_of, times_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnEncoding", "TableEncoding"]

FloatArray = NDArray[np.float64]
NUMBER, TIME, TEXT = "number", "time", "text"
_MOST_CATEGORIES = 20


@dataclass(frozen=True, slots=True)
class ColumnEncoding:
    """How one column becomes numbers.

    Parameters
    ----------
    name
        Of the column.
    kind
        ``number``, ``time`` (days) or ``text``.
    fill
        What stands for a missing number: the median.
    says_missing
        Whether a further column tells which were missing.
    low, high
        Range in the training.
    categories
        Texts that have a column of their own, at most 20, the most frequent; others have zeros.
    """

    name: str
    kind: str
    fill: float = 0.0
    says_missing: bool = False
    low: float = -np.inf
    high: float = np.inf
    categories: tuple[str, ...] = ()

    @classmethod
    def learnt(cls, column: "pd.Series") -> "ColumnEncoding":
        """Return the encoding for a column of a training."""
        name = str(column.name)
        kind = _kind(column)
        if kind == TEXT:
            texts, counts = np.unique(texts_of(column.dropna()), return_counts=True)
            order = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
            return cls(name, TEXT, categories=tuple(texts[order].tolist()))
        values = _numbers(column, kind)
        known = values[np.isfinite(values)]
        if len(known) == 0:
            return cls(name, kind, says_missing=False)
        return cls(
            name,
            kind,
            fill=float(np.median(known)),
            says_missing=len(known) < len(values),
            low=float(known.min()),
            high=float(known.max()),
        )

    def names(self) -> list[str]:
        """Return the names of the columns that it gives."""
        if self.kind == TEXT:
            return [f"{self.name}={one}" for one in self.categories]
        return [self.name, f"{self.name} missing"] if self.says_missing else [self.name]

    def columns(self, column: "pd.Series") -> list[FloatArray]:
        """Return what a column becomes, each of shape ``(n,)``."""
        if self.kind == TEXT:
            text = texts_of(column)
            return [(text == one).astype(np.float64) for one in self.categories]
        values = _numbers(column, self.kind)
        is_missing = ~np.isfinite(values)
        filled = np.where(is_missing, self.fill, values)
        return [filled, is_missing.astype(np.float64)] if self.says_missing else [filled]

    def is_outside(self, column: "pd.Series") -> NDArray[np.bool_]:
        """Return which rows hold what the training did not: another range, another text."""
        if self.kind == TEXT:
            known = np.isin(texts_of(column), ("", *self.categories))
            return ~known if len(self.categories) < _MOST_CATEGORIES else np.zeros_like(known)
        values = _numbers(column, self.kind)
        return (values < self.low) | (values > self.high)


def _kind(column: "pd.Series") -> str:
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return NUMBER
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return TIME
    return TEXT


def _numbers(column: "pd.Series", kind: str) -> FloatArray:
    import pandas as pd  # noqa: PLC0415

    if kind == TIME:
        return times_of(column, str(column.name))[0]
    try:
        found = np.asarray(pd.to_numeric(column), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(f"column {column.name!r} holds what is no number: {error}") from error
    return np.where(np.isfinite(found), found, np.nan)


@dataclass(frozen=True, slots=True)
class TableEncoding:
    """How the features of a table become one array of numbers.

    Parameters
    ----------
    columns
        In the order of the array.
    series
        Past means of series, the last columns; None without.
    """

    columns: tuple[ColumnEncoding, ...]
    series: SeriesMeans | None = None

    @classmethod
    def learnt(cls, features: "pd.DataFrame") -> "TableEncoding":
        """Return the encoding for the rows of a training."""
        return cls(tuple(ColumnEncoding.learnt(features[name]) for name in features.columns))

    def names(self) -> list[str]:
        """Return the names of the array's columns."""
        own = [name for one in self.columns for name in one.names()]
        return own + (self.series.names() if self.series else [])

    def plain(self, features: "pd.DataFrame") -> FloatArray:
        """Return the features of rows as numbers, without those of series; never NaN.

        Raises
        ------
        DataError
            If a column is missing or holds something else than in the training.
        """
        missing = [one.name for one in self.columns if one.name not in features]
        if missing:
            raise DataError(f"the table has no column {', '.join(missing)}; the model needs it")
        made = [part for one in self.columns for part in one.columns(features[one.name])]
        return np.column_stack(made) if made else np.zeros((len(features), 0))

    def matrix(
        self, features: "pd.DataFrame", series: NDArray[np.str_] | None = None
    ) -> FloatArray:
        """Return rows as numbers, shape ``(n, k)``; never NaN.

        Parameters
        ----------
        features
            The columns.
        series
            Name of the series of each row, where the training had series.

        Raises
        ------
        DataError
            If a column is missing or holds something else than in the training.
        """
        made = self.plain(features)
        if self.series is None:
            return made
        if series is None:
            raise DataError(f"the table has no column {self.series.name}; the model needs it")
        return np.column_stack([made, self.series.columns(series)])

    def n_outside(self, features: "pd.DataFrame") -> NDArray[np.int64]:
        """Return for each row how many features lie outside what the training held."""
        outside = [one.is_outside(features[one.name]) for one in self.columns]
        return np.asarray(np.sum(outside, axis=0, dtype=np.int64))

    def to_document(self) -> dict[str, Any]:
        """Return the encoding as JSON can hold it."""
        columns = [
            {
                **{name: getattr(one, name) for name in ("name", "kind", "fill", "says_missing")},
                "range": None if np.isinf(one.low) else [one.low, one.high],
                "categories": list(one.categories),
            }
            for one in self.columns
        ]
        return {"columns": columns, "series": self.series and self.series.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "TableEncoding":
        """Return the encoding of :meth:`to_document`."""
        made = []
        for one in document["columns"]:
            low, high = one["range"] or (-np.inf, np.inf)
            plain = {name: one[name] for name in ("name", "kind", "fill", "says_missing")}
            made.append(
                ColumnEncoding(**plain, low=low, high=high, categories=tuple(one["categories"]))
            )
        series = document["series"]
        return cls(tuple(made), series and SeriesMeans.from_document(series))
