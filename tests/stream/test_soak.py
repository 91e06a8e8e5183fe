"""Ten simulated minutes of the live path: everything runs, and memory stays within its limit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "soak.py"
STATIONS, HOURS = 10, 1 / 6
SLACK_MB = 60.0  # other machines have larger pages of programs; growth by the hour is far above it


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_minutes_find_earthquakes_within_the_memory(tmp_path):
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(SCRIPT), "--json"]
    command += ["--stations", str(STATIONS), "--hours", f"{HOURS:.4f}"]
    ended = subprocess.run(
        command, env=os.environ | one_thread, check=False, capture_output=True, text=True
    )
    assert ended.returncode in (0, 1), ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr, ended.stderr[-2000:]
    verdict = json.loads(ended.stdout.splitlines()[-1])
    assert verdict["growth_mb"] is None, "ten minutes are too short to tell"
    assert verdict["limit_mb"] == pytest.approx(400.0 + 0.5 * STATIONS)
    assert verdict["most_rss_mb"] < verdict["limit_mb"] + SLACK_MB
    # five earthquakes, most of which ten stations see well
    assert verdict["events"] >= 3
    assert verdict["picks"] > 10 * verdict["events"]
    assert not list(tmp_path.iterdir()), "the folder of the run is left behind"
