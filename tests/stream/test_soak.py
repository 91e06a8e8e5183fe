"""Ten simulated minutes of the live path: everything runs, and memory does not run away."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import soak

STATIONS, HOURS = 10, 1 / 6


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_minutes_find_earthquakes_and_memory_does_not_run_away():
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, soak.__file__, "--json"]
    command += ["--stations", str(STATIONS), "--hours", f"{HOURS:.4f}"]
    ended = subprocess.run(
        command, env=os.environ | one_thread, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr, ended.stderr[-2000:]
    verdict = json.loads(ended.stdout.splitlines()[-1])
    assert verdict["growth_mb"] is None, "ten minutes are too short to tell"
    assert verdict["limit_mb"] == pytest.approx(400.0 + 0.5 * STATIONS)
    assert verdict["most_rss_mb"] < verdict["limit_mb"]
    # five earthquakes, most of which ten stations see well
    assert verdict["events"] >= 3
    assert verdict["picks"] > 10 * verdict["events"]


def look(hour: float, rss_mb: float) -> soak.Look:
    return soak.Look(hour, 3600.0 * hour, rss_mb, 20, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(("mb_an_hour", "is_good"), [(0.0, True), (0.9, True), (1.1, False)])
def test_growth_is_judged_after_the_warm_up(mb_an_hour, is_good):
    warming = [look(hour / 10.0, 100.0 + 40.0 * hour) for hour in range(5)]
    looks = [look(hour / 10.0, 300.0 + mb_an_hour * hour / 10.0) for hour in range(5, 240)]
    verdict = soak._verdict(10, 24.0, warming + looks, 0, 0)
    assert verdict.growth_mb == pytest.approx(mb_an_hour, abs=1e-6)
    assert verdict.is_good == is_good


def test_much_memory_is_too_much_however_steady():
    assert not soak._verdict(10, 24.0, [look(hour, 406.0) for hour in range(24)], 0, 0).is_good
    assert soak._verdict(10, 24.0, [look(hour, 404.0) for hour in range(24)], 0, 0).is_good
