"""Ten simulated minutes of the live path: everything runs, and memory does not run away."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import memory_kinds
import soak

STATIONS, HOURS = 10, 1 / 6
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def ran(hours: float, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, soak.__file__, "--json", *options]
    command += ["--stations", str(STATIONS), "--hours", f"{hours:.4f}"]
    return subprocess.run(
        command, env=os.environ | ONE_THREAD, check=False, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_minutes_find_earthquakes_and_memory_does_not_run_away():
    ended = ran(HOURS)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr, ended.stderr[-2000:]
    verdict = json.loads(ended.stdout.splitlines()[-1])
    assert verdict["growth_mb"] is None, "ten minutes are too short to tell"
    assert verdict["limit_mb"] == pytest.approx(400.0 + 0.5 * STATIONS)
    assert verdict["most_rss_mb"] < verdict["limit_mb"]
    # five earthquakes, most of which ten stations see well
    assert verdict["events"] >= 3
    assert verdict["picks"] > 10 * verdict["events"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_that_keeps_too_much_fails():
    kept_mb_h = 16_000.0
    ended = ran(0.03, "--planted-mb", f"{kept_mb_h}")
    assert ended.returncode == 1, ended.stdout[-2000:] + ended.stderr[-2000:]
    verdict = json.loads(ended.stdout.splitlines()[-1])
    assert verdict["most_rss_mb"] > verdict["limit_mb"]
    assert not verdict["is_good"]


def look(hour: float, own_mb: float, files_mb: float = 0.0) -> soak.Look:
    return soak.Look(hour, 3600.0 * hour, own_mb + files_mb, own_mb, 20, 1.0, 1.0, 1.0)


def judged(looks: list[soak.Look]) -> soak.Verdict:
    return soak._verdict(10, 24.0, looks, 0, 0)


@pytest.mark.parametrize(("mb_an_hour", "is_good"), [(0.0, True), (0.9, True), (1.1, False)])
def test_growth_is_judged_after_the_warm_up(mb_an_hour, is_good):
    warming = [look(hour / 10.0, 100.0 + 40.0 * hour) for hour in range(5)]
    looks = [look(hour / 10.0, 300.0 + mb_an_hour * hour / 10.0) for hour in range(5, 240)]
    verdict = judged(warming + looks)
    assert verdict.growth_mb == pytest.approx(mb_an_hour, abs=1e-6)
    assert verdict.is_good == is_good


@pytest.mark.parametrize(("mb_an_hour", "is_good"), [(0.5, True), (1.5, False)])
def test_growth_is_found_in_two_hours_between_arrays_that_come_and_go(mb_an_hour, is_good):
    rng = np.random.default_rng(5)
    hours = np.arange(0.0, 2.0, 0.01)
    odd_mb = rng.choice([0.0, 5.0, 30.0], hours.size, p=[0.7, 0.2, 0.1])
    own_mb = 250.0 + mb_an_hour * hours + odd_mb
    verdict = judged([look(float(h), float(mb)) for h, mb in zip(hours, own_mb, strict=True)])
    assert verdict.growth_mb == pytest.approx(mb_an_hour, abs=0.3)
    assert verdict.is_good == is_good


def test_pages_of_files_count_as_memory_but_not_as_growth():
    looks = [look(hour / 10.0, 200.0, 3.0 * hour / 10.0) for hour in range(240)]
    assert judged(looks).growth_mb == pytest.approx(0.0, abs=1e-6)
    assert judged(looks).most_rss_mb == pytest.approx(200.0 + 3.0 * 23.9)


def test_much_memory_is_too_much_however_steady():
    assert not judged([look(float(hour), 406.0) for hour in range(24)]).is_good
    assert judged([look(float(hour), 404.0) for hour in range(24)]).is_good


def test_a_large_array_is_own_memory_that_is_in_use():
    before, before_kinds = memory_kinds.resident(), memory_kinds.memory_kinds()
    array = np.ones(8 * 2**20)  # 64 MiB
    now, kinds = memory_kinds.resident(), memory_kinds.memory_kinds()
    assert now.own_mb - before.own_mb == pytest.approx(64.0, abs=4.0)
    assert kinds.in_use_mb - before_kinds.in_use_mb == pytest.approx(64.0, abs=1.0)
    assert now.all_mb == pytest.approx(now.own_mb + now.files_mb)
    assert array.nbytes == 64 * 2**20
