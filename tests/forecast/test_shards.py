"""One task on many items: the same results in threads, processes and on Ray."""

import importlib.util
import subprocess
import sys

import pytest

from mainshock.core.errors import DataError, MissingDependencyError, SettingsError
from mainshock.forecast.shards import chunks_of, map_shards

ON_RAY = """
from mainshock.forecast.shards import map_shards

if __name__ == "__main__":
    print(map_shards(pow, 3, list(range(6)), workers=2, backend="ray"))
"""


def test_results_come_in_the_order_of_the_items():
    expected = [3**k for k in range(20)]
    assert map_shards(pow, 3, range(20)) == expected
    assert map_shards(pow, 3, range(20), workers=4) == expected
    assert map_shards(pow, 3, [], workers=4) == []


@pytest.mark.slow
def test_processes_give_the_results_of_threads():
    assert map_shards(pow, 3, range(6), workers=2, backend="processes") == [
        1, 3, 9, 27, 81, 243,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.timeout(600)
def test_ray_gives_the_results_of_threads(tmp_path):
    program = tmp_path / "on_ray.py"
    program.write_text(ON_RAY)
    result = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[1, 3, 9, 27, 81, 243]"


def test_without_ray_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"mainshock\[ray\]"):
        map_shards(pow, 3, range(3), backend="ray")


def failing(limit, item):
    if item >= limit:
        raise DataError(f"item {item} is not below {limit}")
    return item


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_a_task_reaches_the_caller(workers):
    with pytest.raises(DataError, match="item 4 is not below 4"):
        map_shards(failing, 4, range(6), workers=workers)


def test_senseless_workers_and_backends_are_refused():
    with pytest.raises(SettingsError, match="0 workers"):
        map_shards(pow, 3, range(3), workers=0)
    with pytest.raises(SettingsError, match="'dask'"):
        map_shards(pow, 3, range(3), backend="dask")


def test_chunks_together_are_the_whole_range():
    for n in (0, 1, 7, 100):
        for workers in (1, 3):
            chunks = chunks_of(n, workers)
            assert [k for chunk in chunks for k in chunk] == list(range(n))
            assert max(map(len, chunks)) - min(map(len, chunks)) <= 1
