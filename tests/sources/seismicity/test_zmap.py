"""The ZMAP form."""

from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.io.zmap.core import _read_zmap

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import days_from_text
from mainshock.sources.seismicity.read import read_seismicity


def _read(tmp_path: Path, text: str, skipped: list[SkippedInput] | None = None):
    path = tmp_path / "z.dat"
    path.write_text(text)
    return read_seismicity(path, format="zmap", skipped=skipped)


def test_files_read_as_obspy_reads_them():
    path = Path(obspy.__file__).parent / "io/zmap/tests/data/zmap_events.txt"
    found = read_seismicity(path)
    for i, event in enumerate(_read_zmap(str(path))):
        origin = event.origins[0]
        # obspy takes the decimals of the year, 12 here; the column of seconds holds whole ones
        assert 0.0 <= origin.time.timestamp - found.time_days[i] * 86400.0 < 1.0
        assert found.magnitude[i] == event.magnitudes[0].mag
        assert found.depth_km[i] == origin.depth / 1000.0
        assert (found.longitude[i], found.latitude[i]) == (origin.longitude, origin.latitude)


@pytest.mark.parametrize(
    ("year", "month", "day", "expected"),
    [
        ("2000.0000", 12, 31, "1999-12-31"),  # 1999.9999 in too few digits
        ("1999.9999", 12, 31, "1999-12-31"),
        ("2000.0001", 1, 1, "2000-01-01"),
        ("1999.9999", 1, 1, "2000-01-01"),
        ("1999.5", 7, 2, "1999-07-02"),
    ],
)
def test_the_month_decides_which_year_a_rounded_decimal_year_means(
    tmp_path: Path, year: str, month: int, day: int, expected: str
):
    other = "0 0 1990.5 7 2 4 10 0 0 0\n"
    found = _read(tmp_path, other + f"0 0 {year} {month} {day} 5 10 12 0 0\n")
    assert found.time_days[-1] == days_from_text(expected) + 0.5


def test_whole_years_are_years(tmp_path: Path):
    found = _read(tmp_path, "0 0 1999 12 31 5 10 0 0 0\n0 0 2000 1 1 5 10 0 0 30.5\n")
    assert found.time_days[0] == days_from_text("1999-12-31")
    assert abs(found.time_days[1] - days_from_text("2000-01-01T00:00:30.5")) < 1e-9


def test_decimals_alone_give_the_time_where_month_and_day_are_absent(tmp_path: Path):
    found = _read(tmp_path, "0 0 2001.5 0 0 5 10 0 0 0\n")
    assert found.time_days[0] == days_from_text("2001-07-02T12:00:00")


def test_impossible_dates_short_rows_and_words_are_told(tmp_path: Path):
    skipped: list[SkippedInput] = []
    text = (
        "% comment\n0 0 1999 2 30 5 10 0 0 0\n0 0 1999 2 28 5 10 0 0 0\n0 0 1999\n"
        "a b c d e f g h i j\n0 0 1999 3 1 5 10 25 0 0\n0 0 NaN 3 1 5 10 2 0 0\n"
    )
    found = _read(tmp_path, text, skipped)
    assert list(found.time_days) == [days_from_text("1999-02-28")]
    assert sorted(one.name[-1] for one in skipped) == ["2", "4", "5", "6", "7"]


def test_commas_and_columns_of_errors_are_accepted(tmp_path: Path):
    found = _read(tmp_path, "10,45,1999,2,28,5.5,10,1,2,3,0.1,0.2,0.3\n")
    assert np.isclose(found.time_days[0], days_from_text("1999-02-28T01:02:03"), atol=1e-9)
    assert found.magnitude[0] == 5.5
