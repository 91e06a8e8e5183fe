"""Every executor gives the same files, whatever happens to its workers."""

import importlib.util
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from archive_dying_tasks import die_at, die_once, square

from mainshock.core.errors import SettingsError
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import EXECUTORS, make_executor
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.units import ArchiveJob

HERE = Path(__file__).resolve().parent
ON_RAY = """
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, {here!r})
import archive_dying_tasks as dying_tasks
from ray import cloudpickle

from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.units import ArchiveJob

cloudpickle.register_pickle_by_value(dying_tasks)  # workers look for packages, not for tests
source, out, died = sys.argv[1:]
two = make_executor("ray", 2)
result = run_archive(ArchiveJob(source, out), Selection(), two)
assert not result.failures, result.failures
assert len(result.reports) == 8

units = open_archive(source).units(Selection(stations=("UH3",)))
task = partial(dying_tasks.die_once, died, ArchiveJob(source, died))
reports = [outcome.value for outcome in two.run(task, units)]
assert [one.state for one in reports] == ["done", "done"], reports

numbers = {{o.item: o.value or o.error for o in two.run(partial(dying_tasks.die_at, 2), [1, 2])}}
assert numbers[1] == 1, numbers
assert "ended 3 times" in numbers[2], numbers
assert "three is not liked" in next(two.run(dying_tasks.square, [3])).error
import ray
assert not ray.is_initialized()
"""


def files_of(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.rglob("*.parquet"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory, midnight_archive):
    """The files that one process writes, one unit after the other."""
    out = tmp_path_factory.mktemp("serial")
    run_archive(ArchiveJob(str(midnight_archive), str(out)), Selection(), make_executor("serial"))
    return files_of(out)


def test_two_processes_write_the_same_bytes(tmp_path, midnight_archive, one_by_one):
    job = ArchiveJob(str(midnight_archive), str(tmp_path))
    result = run_archive(job, Selection(), make_executor("process", 2))
    assert not result.failures
    assert files_of(tmp_path) == one_by_one
    assert len(one_by_one) == 9


def test_a_killed_process_costs_time_and_nothing_else(tmp_path, midnight_archive, one_by_one):
    units = open_archive(str(midnight_archive)).units(Selection(stations=("UH3", "UH4")))
    task = partial(die_once, str(tmp_path), ArchiveJob(str(midnight_archive), str(tmp_path)))
    outcomes = list(make_executor("process", 2).run(task, units))
    assert sorted(one.item.name for one in outcomes) == sorted(one.name for one in units)
    assert {one.value.state for one in outcomes if one.value is not None} == {"done"}
    assert (tmp_path / "BW.UH3.2010-05-28").exists()
    written = files_of(tmp_path)
    assert len(written) == 4
    assert {name: one_by_one[name] for name in written} == written


def test_an_item_that_kills_each_worker_is_given_up_alone():
    outcomes = {o.item: o for o in make_executor("process", 2).run(partial(die_at, 2), range(6))}
    assert sorted(outcomes) == list(range(6))
    assert "ended 3 times" in outcomes[2].error
    assert [outcomes[n].value for n in (0, 1, 3, 4, 5)] == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("name", ["serial", "process"])
def test_an_error_ends_its_item_alone(name):
    outcomes = {one.item: one for one in make_executor(name, 1).run(square, [2, 3, 4])}
    assert outcomes[3].value is None
    assert "three is not liked" in outcomes[3].error
    assert (outcomes[2].value, outcomes[4].value) == (4, 16)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.timeout(500)
def test_ray_writes_the_same_bytes_and_survives_a_killed_worker(
    tmp_path, midnight_archive, one_by_one
):
    out, died = tmp_path / "out", tmp_path / "died"
    died.mkdir()
    program = tmp_path / "on_ray.py"
    program.write_text(ON_RAY.format(here=str(HERE)))
    command = [sys.executable, str(program), str(midnight_archive), str(out), str(died)]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=450, check=False, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert files_of(out) == one_by_one
    written = files_of(died)
    assert len(written) == 2
    assert {name: one_by_one[name] for name in written} == written


def test_an_unknown_executor_and_a_senseless_number_are_refused():
    with pytest.raises(SettingsError, match="process, ray, serial"):
        make_executor("spark")
    with pytest.raises(SettingsError, match="1 to 4096"):
        make_executor("process", 0)
    with pytest.raises(SettingsError, match="--executor process"):
        make_executor("serial", 2)
    assert sorted(EXECUTORS) == ["process", "ray", "serial"]
