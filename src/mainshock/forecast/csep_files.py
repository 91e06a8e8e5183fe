"""Catalogue forecasts in the CSV form of CSEP, as pyCSEP reads and writes it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.forecast.simulated import SimulatedCatalogues

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["csep_time_text", "read_csep_catalogues", "write_csep_catalogues"]

FloatArray = NDArray[np.float64]
_HEADER = b"lon,lat,mag,time_string,depth,catalog_id,event_id\n"
_US_A_DAY = 86_400_000_000
_FIRST_US, _END_US = -62_135_596_800_000_000, 253_402_300_800_000_000  # years 1 to 9999
_WIDTH = len("2019-07-06T03:19:53.040000")
_COLUMNS = ["lon", "lat", "mag", "time_string", "depth", "catalog_id", "event_id"]


def write_csep_catalogues(path: Path, simulated: SimulatedCatalogues) -> None:
    """Write simulated catalogues with a row an event, and a row for each catalogue without any.

    ``event_id`` counts from 0 in each catalogue. Rows of empty catalogues have ``catalog_id``
    alone. The depth, which the model does not know, is written as 0.

    Raises
    ------
    DataError
        If there are no places, or the years are not 1 to 9999, which calendars need.
    SourceError
        If the file cannot be written.
    """
    import pyarrow.csv  # noqa: PLC0415

    table = _csep_table(simulated)
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with replacing(path) as temporary, temporary.open("wb") as written:
        written.write(_HEADER)
        pyarrow.csv.write_csv(table, written, options)


def _csep_table(simulated: SimulatedCatalogues) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    if simulated.longitude is None or simulated.latitude is None:
        raise DataError(
            "the form of CSEP needs places; write catalogues of a temporal model as .parquet"
        )
    counts = simulated.counts()
    n = len(simulated) + int((counts == 0).sum())
    rows_of = np.maximum(counts, 1)
    catalogue = np.repeat(np.arange(simulated.n_catalogues), rows_of)
    within = np.arange(n) - np.repeat(np.cumsum(rows_of) - rows_of, rows_of)
    is_empty = np.repeat(counts == 0, rows_of)
    at = np.flatnonzero(~is_empty)
    time = np.zeros(n)
    time[at] = simulated.time_days
    return pa.table(
        [
            _spread(simulated.longitude, at, is_empty),
            _spread(simulated.latitude, at, is_empty),
            _spread(simulated.magnitude, at, is_empty),
            _texts(csep_time_text(time, simulated.start_days), is_empty),
            pa.array(np.zeros(n, dtype=np.int8), mask=is_empty),
            pa.array(catalogue),
            pa.array(within, mask=is_empty),
        ],
        names=_COLUMNS,
    )


def _spread(
    values: NDArray[np.float32], at: NDArray[np.int64], is_empty: NDArray[np.bool_]
) -> "pa.Array":
    """Return values with gaps at empty catalogues; single precision makes short texts."""
    import pyarrow as pa  # noqa: PLC0415

    wider = np.zeros(len(is_empty), dtype=np.float32)
    wider[at] = values
    return pa.array(wider, mask=is_empty)


def _texts(letters: NDArray[np.uint8], is_empty: NDArray[np.bool_]) -> "pa.Array":
    """Return rows of letters as an Arrow array of texts, without a Python object each."""
    import pyarrow as pa  # noqa: PLC0415

    n, width = letters.shape
    length = np.where(is_empty, 0, width)
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(length, out=offsets[1:])
    data = np.ascontiguousarray(letters[~is_empty] if is_empty.any() else letters)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), n, buffers)


def csep_time_text(time_days: ArrayLike, start_days: float = 0.0) -> NDArray[np.uint8]:
    """Return times as letters ``2019-07-06T03:19:53.040000``, shape ``(n, 26)``.

    Parameters
    ----------
    time_days
        Days after the start; rounded down to a microsecond.
    start_days
        Days after 1970-01-01.

    Raises
    ------
    DataError
        If a year is not 1 to 9999.

    Examples
    --------
    >>> bytes(csep_time_text([0.5], 18083.0)[0])
    b'2019-07-06T12:00:00.000000'
    """
    us = np.floor(np.asarray(time_days, dtype=np.float64) * _US_A_DAY).astype(np.int64)
    us = us + round(start_days * _US_A_DAY)
    if len(us) and not _FIRST_US <= int(us.min()) <= int(us.max()) < _END_US:
        raise DataError("times lie outside the years 1 to 9999, which CSEP's form cannot hold")
    day, of_day = np.divmod(us, _US_A_DAY)
    letters = np.empty((len(us), _WIDTH), dtype=np.uint8)
    # few different days, but many events
    days, which = _unique_days(day)
    letters[:, :10] = np.frombuffer(
        days.astype("datetime64[D]").astype("S10").tobytes(), dtype=np.uint8
    ).reshape(-1, 10)[which]
    letters[:, [10, 13, 16, 19]] = np.frombuffer(b"T::.", dtype=np.uint8)
    second, fraction = np.divmod(of_day, 1_000_000)
    _write_digits(letters, (second // 3600).astype(np.int32), (11, 12))
    _write_digits(letters, (second // 60 % 60).astype(np.int32), (14, 15))
    _write_digits(letters, (second % 60).astype(np.int32), (17, 18))
    _write_digits(letters, fraction.astype(np.int32), range(20, 26))
    return letters


def _unique_days(day: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all days of the span and the place of each day among them."""
    if len(day) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    low, high = int(day.min()), int(day.max())
    if high - low > 1_000_000:
        days, which = np.unique(day, return_inverse=True)
        return days, which
    return np.arange(low, high + 1), day - low


def _write_digits(
    letters: NDArray[np.uint8], number: NDArray[np.int32], columns: "range | tuple[int, ...]"
) -> None:
    """Write whole numbers with leading zeros into columns of letters."""
    for column in reversed(columns):
        number, digit = np.divmod(number, 10)
        letters[:, column] = digit + ord("0")


def read_csep_catalogues(
    path: Path,
    start_days: float,
    end_days: float,
    mc: float,
    n_catalogues: int | None = None,
) -> SimulatedCatalogues:
    """Return the catalogues of a file in CSEP's form.

    Parameters
    ----------
    start_days, end_days, mc
        The window, days after 1970-01-01, and the least magnitude, which the file does not tell.
        Events outside them are left out.
    n_catalogues
        Number of catalogues; by default the highest ``catalog_id`` and one.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing or a cell is no number or time.
    """
    table = _read_table(path)
    number = table.column("catalog_id").to_numpy()
    n = int(number.max()) + 1 if n_catalogues is None and len(number) else n_catalogues or 0
    magnitude = table.column("mag").to_numpy()
    us = table.column("time_string").cast("int64").to_numpy(zero_copy_only=False)
    # a row with a gap is an empty catalogue; whole microseconds, so that nothing is rounded
    us = np.nan_to_num(np.asarray(us, dtype=np.float64), nan=-np.inf)
    start_us = round(start_days * _US_A_DAY)
    time_days = (us - start_us) / _US_A_DAY
    kept = np.isfinite(magnitude) & (magnitude >= mc - 1e-6)
    kept &= (time_days >= 0) & (time_days < end_days - start_days)
    order = np.lexsort([time_days[kept], number[kept]])
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=end_days,
        n_catalogues=n,
        mc=mc,
        catalogue=number[kept][order].astype(np.int32),
        time_days=time_days[kept][order],
        magnitude=magnitude[kept][order].astype(np.float32),
        longitude=table.column("lon").to_numpy()[kept][order].astype(np.float32),
        latitude=table.column("lat").to_numpy()[kept][order].astype(np.float32),
        model=f"file {path.name}",
    )


def _read_table(path: Path) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv  # noqa: PLC0415

    types = {"lon": pa.float64(), "lat": pa.float64(), "mag": pa.float64()}
    types |= {"time_string": pa.timestamp("us"), "catalog_id": pa.int64()}
    convert = pyarrow.csv.ConvertOptions(column_types=types, include_columns=list(types))
    try:
        with path.open("rb") as opened:
            has_header = opened.read(8).lstrip(b'"').lower().startswith(b"lon")
        read = pyarrow.csv.ReadOptions(column_names=_COLUMNS, skip_rows=int(has_header))
        return pyarrow.csv.read_csv(path, read_options=read, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is not in CSEP's form for catalogues: {error}") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
