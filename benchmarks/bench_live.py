"""Live stations that one processor core picks, beside a loop over SeisBench.

Run with ``python benchmarks/bench_live.py``. One thread; CPU seconds of one process each, from
miniSEED records to picks: decoded and judged by ingest, decoded and joined by the picking stage,
one early window each second and station, settled picks as a batch run gives them. The loop gives
SeisBench's PhaseNet one window of 30 s each second and station; it decodes nothing, and settles
nothing. Records are those of the open data sets (``MAINSHOCK_DATA``), ten minutes of each, or made
up where these are missing; packets of one second are made up as well. Imports and the opening of
the models are left out.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from mainshock.detect.network import NetworkPicker
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.live import SourceSettings
from mainshock.sources.live.load import LoadSource
from mainshock.sources.miniseed_records import record_header, split_records
from mainshock.sources.packets import Packet
from mainshock.stream.board import LiveBoard
from mainshock.stream.bus import Message
from mainshock.stream.ingest.ingest import Ingest
from mainshock.stream.ingest.settings import IngestSettings
from mainshock.stream.messages import read_pick_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick

STRETCH_S, MADE_UP_STATIONS, MADE_UP_S = 600.0, 10, 240.0
WINDOW_S, N_CALLS, RATE_HZ = 30.01, 200, 100.0
START = datetime(2026, 1, 1, tzinfo=UTC)
SETS = ("ridgecrest_20190707_0750", "sthelens_20220206", "iceland_dike_20140824")
MADE_UP = "made up, 1 s packets"


def data_folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("MAINSHOCK_DATA") or beside) / "continuous"


def records_of(name: str) -> list[bytes]:
    """Return the miniSEED records of a data set, or of the generator."""
    if name == MADE_UP:
        end = START + timedelta(seconds=MADE_UP_S)
        source = LoadSource(MADE_UP_STATIONS, SourceSettings(speed=0.0, start=START, end=end))
        return [packet.payload for packet in source.packets(threading.Event())]
    paths = sorted(path for path in (data_folder() / name).rglob("*.D.*") if path.is_file())
    return [bytes(record) for path in paths for record in split_records(path.read_bytes())]


def as_packets(records: Iterable[bytes]) -> tuple[list[Packet], float]:
    """Return the first minutes in order of arrival, and their length in station-seconds."""
    packets, seconds = [], {}
    for record in records:
        header = record_header(record)
        packets.append(Packet(record, header.end_ns, "benchmark"))
        seconds[id(packets[-1])] = header.n_samples / header.sampling_rate_hz / 3.0
    packets.sort(key=lambda one: one.arrival_ns)
    until_ns = packets[0].arrival_ns + round(STRETCH_S * NANOSECONDS)
    kept = [one for one in packets if one.arrival_ns < until_ns]
    return kept, sum(seconds[id(one)] for one in kept)


def run_ours(name: str) -> dict[str, float]:
    """Return station-seconds, CPU seconds and numbers of picks of one data set."""
    packets, station_s = as_packets(records_of(name))
    ingest = Ingest(IngestSettings(clock="stream"), board=LiveBoard())
    stage = PickingStage(NetworkPicker())
    state = stage.start()
    told: list[Message] = []
    steps = groupby(packets, key=lambda one: one.arrival_ns // NANOSECONDS)
    begin = time.process_time()
    for _, step in steps:
        judged = ingest.take(list(step))
        state, made = stage.step(state, [one for one in judged if one.topic == "waveform.v1"])
        told += made
    spent = time.process_time() - begin
    picks = [one for one in map(read_pick_message, told) if isinstance(one, LivePick)]
    early = sum(one.kind == "new" for one in picks)
    settled = sum(one.status == "settled" and one.kind != "cancel" for one in picks)
    return {"station_s": station_s, "cpu_s": spent, "early": early, "settled": settled}


def run_theirs() -> dict[str, float]:
    """Return the calls of SeisBench's ``annotate``, one station and second each, and their time."""
    import obspy  # noqa: PLC0415 - our side has no need of it
    import seisbench.models as sbm  # noqa: PLC0415 - the same
    import torch  # noqa: PLC0415 - the same

    torch.set_num_threads(1)
    model = sbm.PhaseNet(
        component_order="ENZ", phases="NPS"
    ).eval()  # its time has no need of weights
    rng = np.random.default_rng(20261121)
    header = {"network": "XX", "station": "A", "sampling_rate": RATE_HZ}
    stream = obspy.Stream(
        obspy.Trace(rng.normal(size=round(WINDOW_S * RATE_HZ)), header | {"channel": f"HH{letter}"})
        for letter in "ZNE"
    )
    for _ in range(5):
        model.annotate(stream.copy())
    begin = time.process_time()
    for _ in range(N_CALLS):
        model.annotate(stream)
    return {"station_s": float(N_CALLS), "cpu_s": time.process_time() - begin}


def in_own_process(*arguments: str) -> dict[str, Any] | None:
    """Return what a side measured in a process of its own; None where it cannot run."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, __file__, "--side", *arguments],
        env=os.environ | one_thread,
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        return None
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


def main(tell: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", nargs="+")
    chosen = parser.parse_args().side
    warnings.simplefilter("ignore")
    if chosen:
        tell(json.dumps(run_ours(chosen[1]) if chosen[0] == "ours" else run_theirs()))
        return
    tell("three components, 100 Hz, a window each second; one thread, CPU time")
    tell(f"{'':34s} {'ms/station-s':>12s} {'stations/core':>13s} {'ratio':>6s}")
    theirs = in_own_process("seisbench")
    theirs_s = None
    if theirs is None:
        tell("SeisBench is not installed: no ratio (make setup installs it)")
    else:
        theirs_s = theirs["cpu_s"] / theirs["station_s"]
        tell(f"{'SeisBench annotate, a call each':34s} {_row(theirs_s, theirs_s)}")
    for name in (*(one for one in SETS if (data_folder() / one / "sds").is_dir()), MADE_UP):
        ours = in_own_process("ours", name)
        if ours is None:
            raise SystemExit(f"{name}: the run failed; try --side ours '{name}'")
        ours_s = ours["cpu_s"] / ours["station_s"]
        picks = f"   {ours['early']} early, {ours['settled']} settled picks"
        tell(f"{'mainshock, ' + name:34s} {_row(ours_s, theirs_s)}{picks}")


def _row(seconds: float, theirs_s: float | None) -> str:
    ratio = "" if theirs_s is None else f"{theirs_s / seconds:6.1f}"
    return f"{1e3 * seconds:12.2f} {1.0 / seconds:13.0f} {ratio:>6s}"


if __name__ == "__main__":
    main()
