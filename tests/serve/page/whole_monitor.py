"""A monitor as people run it: its own process, accounts, alerts, a forecast, and real records."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainshock.serve.security.passwords import hash_password
from mainshock.serve.security.permissions import ROLES
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.live_store import LiveStore

__all__ = ["PASSWORD", "WholeMonitor", "fitted_model", "running_monitor"]

PASSWORD = "brown slate under the harbour"  # of tests alone
MAINSHOCK = Path(sys.executable).parent / "mainshock"
START_S = 60.0
BOX = (11.0, 47.5, 12.4, 48.6)  # around the stations of the demonstration
ALERTS = """
[[rules]]
name = "everything"
channels = ["log"]
magnitude_missing = "alert"

[channels.log]
kind = "file"
path = "told.jsonl"
"""


@dataclass(frozen=True)
class WholeMonitor:
    """Where a monitor that runs is reached, and where it writes."""

    url: str
    folder: Path
    alerts: Path
    said: Path

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `mainshock` on its folder, as those do who keep it."""
        whole = [str(MAINSHOCK), *arguments, "--data-dir", str(self.folder)]
        return subprocess.run(whole, capture_output=True, text=True, timeout=60, check=True)

    def wait_until_said(self, pattern: str) -> re.Match[str]:
        """Return what it says, once it does."""
        end = time.monotonic() + START_S
        while (found := re.search(pattern, self.said.read_text())) is None:
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.1)
        return found


def past_events(rng: np.random.Generator, n: int = 250, days: float = 490.0) -> str:
    """Return made-up events around the stations and their aftershocks, as CSV."""
    west, south, east, north = BOX
    time_days = rng.uniform(0.0, days, n)
    magnitude = 2.0 + rng.exponential(1 / 2.3, n)
    longitude, latitude = rng.uniform(west, east, n), rng.uniform(south, north, n)
    parent = np.repeat(np.arange(n), rng.poisson(np.clip(0.25 * 5.0 ** (magnitude - 2.0), 0, 40)))
    wait = 0.01 * ((1.0 - rng.random(parent.size)) ** -4.0 - 1.0)
    time_days = np.append(time_days, time_days[parent] + wait)
    magnitude = np.append(magnitude, 2.0 + rng.exponential(1 / 2.3, parent.size))
    longitude = np.append(longitude, longitude[parent] + rng.normal(0.0, 0.02, parent.size))
    latitude = np.append(latitude, latitude[parent] + rng.normal(0.0, 0.015, parent.size))
    lines = ["event_id,time,longitude,latitude,depth_km,magnitude"]
    for i in np.argsort(time_days):
        if time_days[i] < days:
            at = np.datetime64("2009-01-10") + np.timedelta64(int(86_400 * time_days[i]), "s")
            lines.append(f"m{i},{at}Z,{longitude[i]:.4f},{latitude[i]:.4f},5.0,{magnitude[i]:.2f}")
    return "\n".join(lines) + "\n"


def fitted_model(folder: Path, rng: np.random.Generator) -> Path:
    """Fit the default model of forecasts to made-up events, and return its folder."""
    catalogue, model = folder / "past.csv", folder / "forecast-model"
    catalogue.write_text(past_events(rng))
    spans = ("--mc", "2", "--from", "2009-02-01", "--to", "2010-05-10")
    region = ("--region", ",".join(map(str, BOX)))
    command = [str(MAINSHOCK), "forecast", "fit", str(catalogue), *spans, *region]
    subprocess.run([*command, "--out", str(model)], capture_output=True, timeout=60, check=True)
    return model


@contextmanager
def running_monitor(root: Path, model: Path, speed: float) -> Iterator[WholeMonitor]:
    """Replay the demonstration's records, with an account of each role, until the end."""
    folder, said, alerts = root / "data", root / "said.txt", root / "alerts.toml"
    alerts.write_text(ALERTS)
    folder.mkdir()
    store = LiveStore.open(RunFolder(folder).store)
    accounts = AccountStore(store.database)
    for role in ROLES:
        accounts.add_user(role, role, hash_password(PASSWORD, 4))
    store.close()
    command = [str(MAINSHOCK), "monitor", "--source", "demo", "--speed", str(speed)]
    command += ["--port", "0", "--seedlink-port", "-1", "--no-browser", "--data-dir", str(folder)]
    command += ["--accounts", "--alerts", str(alerts), "--forecast-model", str(model)]
    command += ["--forecast-region", "Upper Bavaria", "--forecast-agency", "the survey"]
    with said.open("w") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        try:
            made = WholeMonitor("", folder, root / "told.jsonl", said)
            url = made.wait_until_said(r"page at (http\S+)")[1]
            yield WholeMonitor(url, folder, made.alerts, said)
        finally:
            process.terminate()
            process.wait(30)
