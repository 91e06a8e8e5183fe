"""A job that was stopped goes on where it was; what changed is done again."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from midnight_archive_files import write_midnight_archive

from mainshock.core.errors import SettingsError
from mainshock.core.times import parse_utc
from mainshock.pipeline.archive import manifest
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.manifest import MANIFEST, Manifest, job_digest
from mainshock.pipeline.archive.progress import ArchiveProgress
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.units import ArchiveJob, Unit, UnitReport, unit_file
from mainshock.sources.archive_stores import LocalStore

SERIAL = make_executor("serial")
ALL = Selection()


@pytest.fixture
def job(tmp_path, arrival):
    root = write_midnight_archive(tmp_path / "sds", arrival, stations=("UH3", "UH4"))
    return ArchiveJob(str(root), str(tmp_path / "out"))


def lines(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out" / MANIFEST).read_text().splitlines()]


class StopsAfterTwo:
    """An executor that is stopped by the user after two units."""

    workers = 1

    def run(self, task, items):
        for index, outcome in enumerate(SERIAL.run(task, items)):
            if index == 2:
                raise KeyboardInterrupt
            yield outcome


def test_a_stopped_job_goes_on_and_its_result_is_the_same(tmp_path, job):
    with pytest.raises(KeyboardInterrupt):
        run_archive(job, ALL, StopsAfterTwo())
    assert len(lines(tmp_path)) == 2
    result = run_archive(job, ALL, SERIAL, resume=True)
    assert (result.skipped, len(result.reports)) == (2, 2)
    at_once = replace(job, out=str(tmp_path / "at_once"))
    run_archive(at_once, ALL, SERIAL)
    merged = [(tmp_path / name / "picks.parquet").read_bytes() for name in ("out", "at_once")]
    assert merged[0] == merged[1]
    entry = lines(tmp_path)[0]
    assert entry["unit"] == "BW.UH3.2010-05-27"
    assert entry["state"] == "done"
    assert len(entry["input_sha256"]) == 64
    assert entry["model"] == "phasenet"
    assert entry["seconds"] > 0.0


def test_results_are_not_overwritten_unasked(job):
    run_archive(job, ALL, SERIAL)
    with pytest.raises(SettingsError, match="--resume"):
        run_archive(job, ALL, SERIAL)


def test_what_changed_is_done_again_with_the_day_beside_it(tmp_path, job):
    run_archive(job, ALL, SERIAL)
    changed = next((tmp_path / "sds").rglob("*UH4*.D.2010.148"))
    changed.write_bytes(changed.read_bytes() * 2)
    result = run_archive(job, ALL, SERIAL, resume=True)
    assert sorted(one.unit for one in result.reports) == ["BW.UH4.2010-05-27", "BW.UH4.2010-05-28"]


def test_another_threshold_and_a_lost_file_make_units_be_done_again(tmp_path, job):
    run_archive(job, ALL, SERIAL)
    (tmp_path / "out" / "picks" / "BW.UH3" / "2010-05-27.parquet").unlink()
    result = run_archive(job, ALL, SERIAL, resume=True)
    assert [one.unit for one in result.reports] == ["BW.UH3.2010-05-27"]
    stricter = replace(job, p_threshold=0.9)
    assert len(run_archive(stricter, ALL, SERIAL, resume=True).reports) == 4


def test_a_line_that_was_cut_off_is_passed_over(tmp_path, job):
    run_archive(job, ALL, SERIAL)
    journal = tmp_path / "out" / MANIFEST
    journal.write_bytes(journal.read_bytes()[:-40])
    result = run_archive(job, ALL, SERIAL, resume=True)
    assert len(result.reports) == 1
    assert run_archive(job, ALL, SERIAL, resume=True).skipped == 4


def test_failed_units_are_told_and_tried_again(tmp_path, job):
    good = {path: path.read_bytes() for path in (tmp_path / "sds").rglob("*UH3*.D.2010.*")}
    for path in good:
        path.write_bytes(b"nothing" * 100)
    said = []
    result = run_archive(job, ALL, SERIAL, say=said.append)
    assert [unit for unit, _ in result.failures] == ["BW.UH3.2010-05-27", "BW.UH3.2010-05-28"]
    assert {pick.station for pick in result.picks} == {"UH4"}
    assert any(text.startswith("failed: BW.UH3.2010-05-27") for text in said)
    for path, content in good.items():
        path.write_bytes(content)
    again = run_archive(job, ALL, SERIAL, resume=True)
    assert not again.failures
    assert (again.skipped, len(again.reports)) == (2, 2)
    assert {pick.station for pick in again.picks} == {"UH3", "UH4"}


def test_progress_tells_rate_and_time_left():
    said, now_s = [], [0.0]
    progress = ArchiveProgress(4, said.append, interval_s=10.0, clock=lambda: now_s[0])
    for step_s in (5.0, 15.0):
        now_s[0] += step_s
        progress.add(UnitReport("XX.AAA.2020-01-01", "done", recorded_s=86_400.0))
    assert said == ["2 of 4 units, 6 a minute, 8,640 times real time, about 20 s left"]


@pytest.mark.parametrize(
    ("stamp", "fetched", "is_done"),
    [
        ("", "2020-01-04T00:02:00Z", True),
        ("", "2020-01-04T00:01:59Z", False),
        ("", "2020-01-01T12:00:00Z", False),
        ("", "", False),
        ("", None, False),  # a manifest of an older version
        ("", "yesterday", False),
        ("changes with the files", "2020-01-01T12:00:00Z", True),
        ("changes with the files", None, True),
    ],
)
def test_without_a_stamp_a_unit_is_done_once_late_records_had_their_time(
    tmp_path, stamp, fetched, is_done
):
    store, unit = LocalStore(tmp_path), Unit("XX", "AAA", date(2020, 1, 1), stamp=stamp)
    store.write(unit_file(unit), b"picks")
    Manifest(store, "job", resume=False).add(UnitReport(unit.name, "done", stamp=stamp))
    (entry,) = [json.loads(line) for line in store.read_journal(MANIFEST).splitlines()]
    del entry["fetched"]
    told = entry if fetched is None else {**entry, "fetched": fetched}
    store.write(MANIFEST, json.dumps(told).encode() + b"\n")
    assert Manifest(store, "job", resume=True).is_done(unit) == is_done


def test_the_manifest_states_when_records_were_asked_for(tmp_path, job):
    before = datetime.now(UTC)
    run_archive(job, Selection(stations=("UH3",)), SERIAL)
    times = [parse_utc(entry["fetched"]) for entry in lines(tmp_path)]
    assert before <= times[0] <= times[1] <= datetime.now(UTC)


@dataclass
class Network:
    """What the digest of a job knows of a picker with weights."""

    model_dir: Path
    name: str = "network"


@dataclass
class Ensemble:
    """What it knows of several."""

    members: list[Network]
    settings: dict
    name: str = "ensemble"


def test_other_weights_or_settings_of_a_member_make_another_job(tmp_path, monkeypatch):
    members = []
    for name in ("one", "two"):
        members.append(Network(tmp_path / name))
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_bytes(b"weights")
    picker = Ensemble(members, {"weights": {"P": {"slopes": [1.0, 1.0]}}})
    monkeypatch.setattr(manifest, "open_picker", lambda *_, **__: picker)
    job = ArchiveJob("sds", "out", model="ensemble")
    digests = [job_digest(job), job_digest(job)]
    (tmp_path / "two" / "model.onnx").write_bytes(b"others!")
    digests.append(job_digest(job))
    picker.settings["weights"]["P"]["slopes"][0] = 0.5
    digests.append(job_digest(job))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
