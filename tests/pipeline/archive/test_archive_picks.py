"""The picks of an archive are those of one run through all of it, midnight included."""

import io
from datetime import date, timedelta

import numpy as np
import obspy
import pandas as pd
import pytest
from midnight_archive_files import MIDNIGHT, write_midnight_archive, write_stream

from mainshock.core.errors import NothingFoundError, SettingsError, SourceError
from mainshock.core.times import parse_utc
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.unit_picks import picks_as_parquet, run_unit
from mainshock.pipeline.archive.units import ArchiveJob, Unit
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.sources.archive_stores import LocalStore, open_store
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.tables import read_picks

SERIAL = make_executor("serial")


def as_rows(picks):
    return [(p.station_code, p.phase, p.time, p.probability, p.sigma_s) for p in picks]


@pytest.mark.parametrize("offset_s", [-0.01, 0.0, 0.4])
def test_units_give_the_picks_of_one_run_through_the_archive(tmp_path, arrival, offset_s):
    root = write_midnight_archive(tmp_path / "sds", arrival, offset_s=offset_s)
    job = ArchiveJob(str(root), str(tmp_path / "out"))
    result = run_archive(job, Selection(), SERIAL)
    whole = pick_records([root], NetworkPicker(), keep_waveforms=False)
    assert len({unit.unit for unit in result.reports}) == 8
    assert any(abs((p.time - MIDNIGHT).total_seconds()) < 1.0 for p in result.picks)
    assert (tmp_path / "out" / "picks.parquet").read_bytes() == picks_as_parquet(whole.picks)
    assert as_rows(result.picks) == as_rows(whole.picks)
    assert read_picks(tmp_path / "out" / "picks.parquet") == list(whole.picks)


@pytest.mark.parametrize("offset_s", [-0.02, 0.0, 0.02])
def test_no_pick_is_lost_or_doubled_at_midnight(tmp_path, arrival, offset_s):
    """Beside a record that was never cut, whose windows begin where those of the days do."""
    root = write_midnight_archive(tmp_path / "sds", arrival, offset_s=offset_s, stations=("UH3",))
    stream = obspy.read(str(root / "*" / "*" / "*" / "*" / "*"))
    stream.merge()
    begin = obspy.UTCDateTime(MIDNIGHT) - 120.0
    stream.trim(begin, begin + 225.0)
    for old in root.rglob("*.D.*"):
        old.unlink()
    stream.write(str(tmp_path / "whole.mseed"), format="MSEED")
    write_stream(root, stream)
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "out")), Selection(), SERIAL)
    whole = pick_records([tmp_path / "whole.mseed"], NetworkPicker(), keep_waveforms=False).picks
    assert [(p.phase, p.station) for p in result.picks] == [(p.phase, p.station) for p in whole]
    apart = [
        abs((a.time - b.time).total_seconds()) for a, b in zip(result.picks, whole, strict=True)
    ]
    assert max(apart) <= 0.01  # one sample of the network
    near = [p for p in result.picks if abs((p.time - MIDNIGHT).total_seconds()) < 0.5]
    assert near


def test_the_file_of_a_unit_is_the_same_whenever_it_is_written(tmp_path, arrival):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    job = ArchiveJob(str(root), str(tmp_path / "out"))
    run_archive(job, Selection(), SERIAL)
    files = sorted((tmp_path / "out" / "picks").rglob("*.parquet"))
    assert [path.name for path in files] == ["2010-05-27.parquet", "2010-05-28.parquet"]
    before = [path.read_bytes() for path in files]
    run_archive(job, Selection(), SERIAL, resume=True)
    again = ArchiveJob(str(root), str(tmp_path / "again"))
    run_archive(again, Selection(), SERIAL)
    assert [path.read_bytes() for path in files] == before
    others = sorted((tmp_path / "again" / "picks").rglob("*.parquet"))
    assert [path.read_bytes() for path in others] == before
    columns = set(pd.read_parquet(io.BytesIO(before[0])).columns)
    assert columns >= {"network", "station", "phase", "time", "probability", "sigma_s", "model"}


def test_times_and_stations_choose_units_and_picks(tmp_path, arrival):
    root = write_midnight_archive(tmp_path / "sds", arrival)
    chosen = Selection(start=MIDNIGHT, stations=("BW.UH[34]",))
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "out")), chosen, SERIAL)
    assert sorted(one.unit for one in result.reports) == ["BW.UH3.2010-05-28", "BW.UH4.2010-05-28"]
    assert result.picks
    late = Selection(MIDNIGHT + timedelta(seconds=0.5), MIDNIGHT + timedelta(days=1))
    fewer = run_archive(ArchiveJob(str(root), str(tmp_path / "late")), late, SERIAL).picks
    assert fewer
    assert all(pick.time >= late.start for pick in fewer)
    with pytest.raises(NothingFoundError, match="--stations"):
        run_archive(
            ArchiveJob(str(root), str(tmp_path / "none")), Selection(stations=("XX.*",)), SERIAL
        )


def test_a_file_that_cannot_be_read_is_told_and_the_day_is_picked(tmp_path, arrival):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    bad = next(root.rglob("*SHE.D.2010.148"))
    bad.write_bytes(b"no record at all" * 64)
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "out")), Selection(), SERIAL)
    assert not result.failures
    assert any("SHE" in what for one in result.reports for what, _ in one.problems)
    for path in root.rglob("*.D.2010.148"):
        path.write_bytes(b"no record at all" * 64)
    for path in root.rglob("*.D.2010.147"):
        path.unlink()
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "bad")), Selection(), SERIAL)
    assert [unit for unit, _ in result.failures] == ["BW.UH3.2010-05-28"]
    assert "could be read" in result.failures[0][1]


def test_a_station_that_is_silent_for_a_day_has_an_empty_table(tmp_path, rng):
    noise = rng.normal(0.0, 10.0, 30_000).astype(np.float32)
    header = {"network": "XX", "station": "AAA", "channel": "HHZ", "sampling_rate": 100.0}
    trace = obspy.Trace(noise, header | {"starttime": obspy.UTCDateTime(2020, 1, 1, 6)})
    write_stream(tmp_path / "sds", obspy.Stream([trace]))
    job = ArchiveJob(str(tmp_path / "sds"), str(tmp_path / "out"), p_threshold=0.99)
    result = run_archive(job, Selection(), SERIAL)
    assert result.as_dict()["units"] == {"total": 1, "done": 1, "skipped": 0, "failed": 0}
    assert result.reports[0].recorded_s == pytest.approx(300.0)
    assert read_picks(tmp_path / "out" / "picks" / "XX.AAA" / "2020-01-01.parquet") == []


def test_what_is_no_archive_and_a_folder_inside_one_are_refused(tmp_path, arrival):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no SDS archive"):
        run_archive(ArchiveJob(str(tmp_path / "empty"), str(tmp_path / "o")), Selection(), SERIAL)
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    with pytest.raises(SettingsError, match="outside"):
        run_archive(ArchiveJob(str(root), str(root / "out")), Selection(), SERIAL)


def test_an_unexpected_error_ends_its_unit_alone(tmp_path):
    (tmp_path / "a_file").write_text("")
    job = ArchiveJob(f"fdsn:http://127.0.0.1:{1}", str(tmp_path / "a_file"))
    report = run_unit(ArchiveJob(str(tmp_path), job.out), Unit("XX", "AAA", date(2020, 1, 1)))
    assert report.state == "failed"
    assert report.error


def test_a_unit_looks_two_minutes_beyond_its_day():
    unit = Unit("XX", "AAA", date(2020, 1, 2))
    assert unit.start == parse_utc("2020-01-02")
    wide = unit.wide_window
    assert datetime_from_ns(wide.start_ns) == parse_utc("2020-01-01T23:58:00Z")
    assert datetime_from_ns(wide.end_ns) == parse_utc("2020-01-03T00:02:00Z")


def without_the_day_after(root):
    """Move what the files of the second day hold to the ends of those of the first one."""
    for path in sorted(root.rglob("*.D.2010.148")):
        first = path.with_name(path.name.replace("148", "147"))
        first.write_bytes(first.read_bytes() + path.read_bytes())
        path.unlink()


def test_what_files_hold_past_midnight_is_picked_where_the_next_day_has_none(tmp_path, arrival):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    whole = run_archive(ArchiveJob(str(root), str(tmp_path / "whole")), Selection(), SERIAL)
    without_the_day_after(root)
    moved = run_archive(ArchiveJob(str(root), str(tmp_path / "moved")), Selection(), SERIAL)
    assert [one.unit for one in moved.reports] == ["BW.UH3.2010-05-27", "BW.UH3.2010-05-28"]
    assert any(pick.time >= MIDNIGHT for pick in moved.picks)
    assert moved.picks == whole.picks
    assert moved.as_dict()["recorded_s"] == whole.as_dict()["recorded_s"]
    through = pick_records([root], NetworkPicker(), keep_waveforms=False).picks
    assert as_rows(through) == as_rows(whole.picks)
    late = Selection(start=MIDNIGHT)
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "late")), late, SERIAL)
    assert [one.unit for one in result.reports] == ["BW.UH3.2010-05-28"]


def test_a_file_of_a_store_is_read_in_parts(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    for store in (LocalStore(tmp_path), open_store(f"local://{tmp_path}")):
        assert store.read_part("a", 2, 5) == b"234"
        assert store.read_part("a", 8, 20) == b"89"
        with pytest.raises(SourceError, match="read"):
            store.read_part("b", 0, 1)


def test_a_link_to_nothing_is_left_out_of_an_archive(tmp_path, arrival, caplog):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    link = next(root.rglob("*SHZ.D.2010.148")).with_name("BW.UH3..SHZ.D.2010.149")
    link.symlink_to(tmp_path / "another disk")
    result = run_archive(ArchiveJob(str(root), str(tmp_path / "out")), Selection(), SERIAL)
    assert (len(result.reports), result.failures) == (2, ())
    assert f"{link} is left out: No such file" in caplog.text


def test_a_folder_inside_the_archive_is_seen_however_it_is_written(tmp_path, arrival, monkeypatch):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3",))
    (tmp_path / "link").symlink_to(root)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    inside = [
        ("sds", f"{root}/out"),
        ("./sds/", "sds/out"),
        (str(root), "other/../sds"),
        ("link", "sds/out"),
        (str(root), "link/out"),
        (str(root), f"file://{root}/out"),
    ]
    for source, out in inside:
        with pytest.raises(SettingsError, match="outside"):
            run_archive(ArchiveJob(source, out), Selection(), SERIAL)
    chosen = Selection(start=MIDNIGHT)
    assert run_archive(ArchiveJob("sds", "sds-picks"), chosen, SERIAL).reports
