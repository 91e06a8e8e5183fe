"""Tables in CSV or Parquet, read as text and checked for the columns a caller needs."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing

if TYPE_CHECKING:  # pandas takes 60 MB, which a process that reads no table need not carry
    import pandas as pd

__all__ = ["TABLE_SUFFIXES", "parse_times", "read_table", "row_name", "write_table"]

TABLE_SUFFIXES = frozenset((".csv", ".parquet"))


def read_table(path: Path, required: Sequence[str]) -> "pd.DataFrame":
    """Return a table with every cell as text without blanks around it; empty cells are ``""``.

    Codes such as ``NA`` and ``007`` stay what they are. The index is the line in a CSV file, or
    the row in a Parquet file, counted from 1.

    Parameters
    ----------
    path
        ``.csv`` (UTF-8, commas) or ``.parquet``.
    required
        Columns that must be there.

    Raises
    ------
    SourceError
        If the file does not exist or is no table.
    DataError
        If its suffix is neither, a column is missing or doubled, or a row is too long.
    """
    import pandas as pd  # noqa: PLC0415

    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise DataError(f"{path} is no table; its name must end in .csv or .parquet")
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a CSV or Parquet file")
    is_csv = path.suffix.lower() == ".csv"
    try:
        table = _read_csv(path) if is_csv else _as_text(pd.read_parquet(path))
    except DataError:
        raise
    except (OSError, ValueError, csv.Error) as error:  # Arrow's errors are ValueErrors
        raise SourceError(f"{path} cannot be read as a table: {error}") from error
    table.columns = [str(name).strip() for name in table.columns]
    _require_columns(path, table, required)
    return table


def _read_csv(path: Path) -> "pd.DataFrame":
    """Return the cells as text, indexed by the line they stand on; blank lines are left out."""
    import pandas as pd  # noqa: PLC0415

    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        rows: list[list[str]] = []
        lines: list[int] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[len(header) :]):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells stand under "
                    f"{len(header)} columns; quote text that holds a comma"
                )
            padded = cells[: len(header)] + [""] * (len(header) - len(cells))
            rows.append([cell.strip() for cell in padded])
            lines.append(reader.line_num)
    return pd.DataFrame(rows, columns=header, index=lines, dtype=str)


def _as_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table from Parquet as text, indexed by rows counted from 1; nulls are empty.

    The text of a time stamp is ISO 8601, that of a number gives the number back exactly.
    """
    import pandas as pd  # noqa: PLC0415

    texts = {
        name: [
            "" if is_null else str(value).strip()
            for value, is_null in zip(table[name], table[name].isna(), strict=True)
        ]
        for name in table.columns
    }
    return pd.DataFrame(texts, index=range(1, len(table) + 1), dtype=str)


def _require_columns(path: Path, table: "pd.DataFrame", required: Sequence[str]) -> None:
    doubled = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if any(name in required for name in doubled):
        raise DataError(f"{path} has the column {', '.join(doubled)} more than once; keep one")
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise DataError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has {', '.join(table.columns) or 'none'} and needs {', '.join(required)}"
        )


def row_name(path: Path, label: object) -> str:
    """Return how the row with an index label of ``read_table`` is called in a message."""
    return f"{path}, {'line' if path.suffix.lower() == '.csv' else 'row'} {label}"


def parse_times(texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Return UTC times to the microsecond; text without a zone is UTC, what is no time is NaT."""
    import pandas as pd  # noqa: PLC0415

    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return times.dt.round("us").astype("datetime64[us, UTC]")


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a table as CSV or Parquet, whichever the suffix says, whole or not at all.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise DataError(f"{path} has the suffix {suffix!r}; a table ends in .csv or .parquet")
    make_folder(path.parent)
    with replacing(path) as temporary:
        if suffix == ".csv":
            table.to_csv(temporary, index=False)
        else:
            table.to_parquet(temporary, index=False)
