"""A process is known again by the place where it runs, and never taken for another."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mainshock.stream.kafka.instance import InstanceName

HOLDER = """
import sys
from pathlib import Path
from mainshock.stream.kafka.instance import InstanceName
held = InstanceName(Path(sys.argv[1]))
print(held.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def taken() -> Iterator[Callable[[Path], InstanceName]]:
    """Takes a name at a place; it is given back at the end."""
    held: list[InstanceName] = []

    def take(folder: Path) -> InstanceName:
        held.append(InstanceName(folder))
        return held[-1]

    yield take
    for one in held:
        one.release()


def test_processes_at_one_place_have_names_of_their_own(taken, tmp_path):
    one, two = taken(tmp_path / "names"), taken(tmp_path / "names")
    assert one.name != two.name
    assert taken(tmp_path / "elsewhere").name not in {one.name, two.name}
    one.release()
    assert taken(tmp_path / "names").name == one.name


def test_the_name_of_a_process_that_was_killed_is_taken_over(taken, tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        name = holder.stdout.readline().strip()
        assert taken(tmp_path).name != name
        holder.kill()
        holder.wait(30.0)
    assert taken(tmp_path).name == name


def test_a_name_is_one_that_kafka_takes(taken, tmp_path):
    name = taken(tmp_path).name
    assert 0 < len(name) < 250
    assert all(one.isalnum() or one in "._-" for one in name)


def test_where_nothing_can_be_written_there_is_no_name(taken, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert taken(tmp_path / "file").name == ""
