"""The log of forecasts: no change goes unseen, no forecast is lost or written twice."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.forecast.forecast_log import FIRST, ForecastLog, verify

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC).timestamp()


def document(number, start="2026-01-02T12:01:00Z"):
    return {"forecast_id": f"f{number}", "start": start, "rows": [{"probability": 0.1 * number}]}


@pytest.fixture
def log(tmp_path):
    made = ForecastLog(tmp_path / "deep" / "forecasts.jsonl", clock=lambda: NOON)
    for number in range(5):
        made.append(document(number))
    return made


def lines_of(log):
    return log.path.read_bytes().splitlines(keepends=True)


def test_lines_are_chained_and_read_back(log):
    entries = list(log.entries())
    assert [one.number for one in entries] == list(range(5))
    assert [one.forecast["forecast_id"] for one in entries] == ["f0", "f1", "f2", "f3", "f4"]
    chain = [json.loads(line)["previous"] for line in lines_of(log)]
    assert chain == [FIRST, *(one.digest for one in entries[:-1])]
    assert log.last() == entries[-1]
    report = verify(log.path)
    assert report.is_whole
    assert (report.n, report.head) == (5, entries[-1].digest)
    assert verify(log.path, head=entries[2].digest).is_whole


def test_a_forecast_written_before_its_window_is_prospective_all_others_are_not(log):
    assert log.append(document(5)).kind == "prospective"
    assert log.append(document(6, "2026-01-02T12:00:00Z")).kind == "retrospective"
    assert log.append(document(7, "2010-01-01T00:00:00Z")).kind == "retrospective"
    assert verify(log.path).is_whole


def test_the_same_forecast_again_as_after_a_crash_is_not_written_twice(log):
    before = log.path.read_bytes()
    assert log.append(document(2)).number == 2
    assert log.append(document(4)).number == 4
    assert log.path.read_bytes() == before


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("change", ["edit", "delete", "swap", "reformat", "backdate"])
def test_every_change_is_found(log, number, change):
    lines = lines_of(log)
    if change == "edit":
        lines[number] = lines[number].replace(b'"forecast_id":"f', b'"forecast_id":"g')
    elif change == "delete":
        del lines[number]
    elif change == "swap":
        other = (number + 1) % 5
        lines[number], lines[other] = lines[other], lines[number]
    elif change == "reformat":
        lines[number] = lines[number].replace(b":", b": ", 1)
    else:
        lines[number] = lines[number].replace(b"T12:01:00Z", b"T11:59:00Z")
    log.path.write_bytes(b"".join(lines))
    report = verify(log.path)
    assert not report.is_whole
    assert report.n <= number or change in ("delete", "edit", "backdate")


def test_a_log_whose_chain_was_made_anew_is_found_by_a_head_that_somebody_kept(log, tmp_path):
    kept = log.last().digest
    other = ForecastLog(tmp_path / "other.jsonl", clock=lambda: NOON)
    for number in (0, 1, 3, 4, 5):
        other.append(document(number))
    assert verify(other.path).is_whole
    assert "was kept" in verify(other.path, head=kept).faults[0]


def test_lines_cut_off_at_the_end_are_found_and_nothing_is_added_to_such_a_log(log):
    log.path.write_bytes(b"".join(lines_of(log)[:-1]))
    assert "cut off" in verify(log.path).faults[0]
    with pytest.raises(DataError, match="not as it was written"):
        log.append(document(9))
    log.path.write_bytes(b"")
    with pytest.raises(DataError, match="empty"):
        log.append(document(9))


def test_half_a_line_of_a_writer_that_died_is_told_and_dropped(log):
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + b'{"forecast":{"forecast_id":"f5"')
    assert "not whole" in verify(log.path).faults[0]
    assert log.append(document(5)).number == 5
    assert log.path.read_bytes().startswith(whole)
    assert verify(log.path).is_whole


def test_a_writer_that_died_before_it_wrote_the_head_leaves_a_good_log(log):
    before = log.head_path.read_bytes()
    log.append(document(5))
    log.head_path.write_bytes(before)
    assert verify(log.path).is_whole
    assert log.append(document(6)).number == 6


def test_a_lost_or_damaged_head_is_told(log):
    log.head_path.write_text("nonsense")
    with pytest.raises(DataError, match="no head"):
        log.append(document(5))
    log.head_path.unlink()
    assert "head" in verify(log.path).faults[0]
    with pytest.raises(DataError, match="missing"):
        log.append(document(5))


def test_long_lines_are_read_from_the_end(tmp_path):
    log = ForecastLog(tmp_path / "long.jsonl", clock=lambda: NOON)
    for number in range(4):
        log.append({**document(number), "grid": [0.123456] * 20_000})
    assert log.last().number == 3
    assert log.append(document(0)).number == 0  # found far back
    assert verify(log.path).n == 4


@pytest.mark.parametrize(
    "wrong",
    [{}, {"forecast_id": "x"}, {"forecast_id": "", "start": "2026-01-01"}, {"start": 3}],
)
def test_what_is_no_forecast_is_not_logged(log, wrong):
    with pytest.raises(DataError, match="no forecast"):
        log.append(wrong)
    with pytest.raises(DataError, match="JSON"):
        log.append({**document(9), "rate": float("nan")})
    assert verify(log.path).n == 5


def test_without_a_file_there_is_nothing_to_read(tmp_path):
    log = ForecastLog(tmp_path / "none.jsonl")
    assert log.last() is None
    with pytest.raises(SourceError, match=r"none\.jsonl"):
        verify(log.path)


def test_a_disk_that_takes_no_more_leaves_the_log_as_it_was(log, monkeypatch):
    before = log.path.read_bytes()
    written = os.write

    def half(file, data):
        written(file, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(SourceError, match="free space"):
        log.append(document(5))
    monkeypatch.undo()
    assert log.path.read_bytes() == before
    assert log.append(document(5)).number == 5


def test_several_processes_write_one_chain(tmp_path):
    path = tmp_path / "shared.jsonl"
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mainshock.forecast.forecast_log import ForecastLog\n"
        "log = ForecastLog(Path(sys.argv[1]))\n"
        "for i in range(20):\n"
        "    log.append({'forecast_id': f'{sys.argv[2]}-{i}', 'start': '2100-01-01T00:00:00Z'})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "abc"]
    assert [one.wait() for one in running] == [0, 0, 0]
    report = verify(path)
    assert report.faults == ()
    assert report.n == 60
    names = {entry.forecast["forecast_id"] for entry in ForecastLog(path).entries()}
    assert len(names) == 60
    assert Path(f"{path}.head").is_file()
