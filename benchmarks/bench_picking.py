"""Time of picking a day of continuous records, beside SeisBench on the same weights.

Run with ``python benchmarks/bench_picking.py``. One thread; CPU seconds of one process each, from
miniSEED files to picks, imports and the opening of the model left out. Both sides cut, normalise,
overlap and stack their windows alike, so their picks must be the same. Needs the open data sets
(``MAINSHOCK_DATA``) and the training extra.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import obspy

from mainshock.core.records import Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.network import NetworkPicker
from mainshock.detect.peaks import PeakRule, curve_picks
from mainshock.learn.models import ModelManifest, write_manifest
from mainshock.pipeline.picking import pick_waveforms
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.sds import SdsSource

THRESHOLD = 0.3
RULES = {phase: {"threshold": THRESHOLD} for phase in "PS"}
DAY_S = 86_400
BATCHES = (256, 16)  # what SeisBench ships with, and what was fastest for it here
SAME_S, SAME_PROBABILITY = 0.02, 0.05


@dataclass(frozen=True)
class Network:
    """A network, where its weights are, and how both sides stack its windows."""

    weights: str
    n_window: int
    overlap: int
    settings: dict[str, Any]
    batches: tuple[int, ...]


NETWORKS = {
    "phasenet": Network("phasenet_ncedc_190703.npz", 3001, 1500, {"stacking": "mean"}, BATCHES),
    "eqtransformer": Network(
        "eqtransformer_conservative.npz",
        6000,
        3000,
        {"stacking": "max", "blinding": [500, 500]},
        BATCHES[1:],
    ),
}


def data_folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("MAINSHOCK_DATA") or beside)


def write_day(source: Path, target: Path) -> None:
    """Write an SDS archive of a day whose channels repeat those of a shorter one."""
    for path in sorted(source.rglob("*.D.*.*")):
        (trace,) = obspy.read(str(path))
        midnight = obspy.UTCDateTime(trace.stats.starttime.date)
        trace.data = np.resize(trace.data, round(DAY_S * trace.stats.sampling_rate) - 1)
        trace.stats.starttime = midnight + trace.stats.starttime.timestamp % 0.01
        there = target / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        trace.write(str(there), format="MSEED", encoding="STEIM2", reclen=512)


def open_network(name: str) -> Any:
    import seisbench.models as sbm  # noqa: PLC0415 - slow to import, and our side has no need of it
    import torch  # noqa: PLC0415 - the same

    class PerComponent(sbm.EQTransformer):
        def annotate_batch_pre(self, batch: Any, argdict: Any) -> Any:  # noqa: ARG002
            batch = batch - batch.mean(axis=-1, keepdims=True)
            return batch / (batch.std(axis=-1, keepdims=True) + 1e-10)

    torch.set_num_threads(1)
    if name == "phasenet":
        model = sbm.PhaseNet(component_order="ENZ", phases="NPS")
    else:
        model = PerComponent(original_compatible="conservative", lstm_blocks=3)
    folder = data_folder() / "location" / "weights"
    with np.load(folder / NETWORKS[name].weights) as tensors:
        state = {key: torch.from_numpy(np.asarray(tensors[key])) for key in tensors.files}
    model.load_state_dict(state, strict=False)  # batch counters are left out of the file
    return model.eval()


def write_model(name: str, folder: Path) -> None:
    """Write a model folder of this project with the weights of the comparison."""
    import torch  # noqa: PLC0415 - our side runs without it

    from mainshock.learn.onnx_export import export_onnx  # noqa: PLC0415 - needs torch

    class Rows(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = open_network(name)

        def forward(self, windows: Any) -> Any:
            if name == "phasenet":
                return self.model(windows.flip(1))[:, [1, 2, 0]]
            detection, p, s = self.model(windows)
            return torch.stack([p, s, detection], dim=1)

    folder.mkdir()
    network = NETWORKS[name]
    example = np.random.default_rng(1).standard_normal((2, 3, network.n_window)).astype("float32")
    export_onnx(
        Rows().eval(),
        folder / "model.onnx",
        example,
        input_name="waveform",
        output_name="probability",
    )
    settings = {"sampling_rate_hz": 100.0, "window_samples": network.n_window, "rules": RULES}
    manifest = ModelManifest(
        name, "1", "pick", "for timing", "MIT", {}, settings | network.settings
    )
    write_manifest(folder, manifest)


def pick_here(name: str, archive: Path, model_dir: Path) -> tuple[float, list[Any]]:
    network = NETWORKS[name]
    picker = NetworkPicker(model_dir=model_dir, overlap=network.overlap / network.n_window)
    begin = time.process_time()
    picks = [one for item in pick_waveforms(SdsSource(archive), picker) for one in item.picks]
    spent = time.process_time() - begin
    rows = [(one.station, one.phase, one.time.timestamp(), one.probability) for one in picks]
    return spent, rows


def pick_there(name: str, archive: Path, batch: int) -> tuple[float, list[Any], list[Any]]:
    """Return CPU seconds, the picks, and those of our peak rule on SeisBench's curves."""
    model = open_network(name)
    network = NETWORKS[name]
    options: dict[str, Any] = {"overlap": network.overlap, "batch_size": batch}
    thresholds = {"P_threshold": THRESHOLD, "S_threshold": THRESHOLD}
    rows, by_our_rule, spent = [], [], 0.0
    for folder in sorted({path.parent.parent for path in archive.rglob("*.D.*.*")}):
        begin = time.process_time()
        stream = obspy.Stream()
        for path in sorted(folder.rglob("*.D.*.*")):
            stream += obspy.read(str(path))
        curves = model.annotate(stream, **options)
        picks = model.classify_aggregate(curves, options | thresholds).picks
        spent += time.process_time() - begin
        station = folder.name
        rows += [(station, x.phase, x.peak_time.timestamp, float(x.peak_value)) for x in picks]
        by_our_rule += [row for phase in "PS" for row in our_rule(curves, phase, station)]
    return spent, rows, by_our_rule


def our_rule(curves: Any, phase: str, station: str) -> list[tuple[str, str, float, float]]:
    rows = []
    for trace in curves.select(channel=f"*_{phase}"):
        start = datetime_from_ns(trace.stats.starttime.ns)
        rate_hz = float(trace.stats.sampling_rate)
        drawn = ProbabilityCurves(start, rate_hz, (phase,), trace.data[np.newaxis])
        zero = np.zeros((3, trace.stats.npts), dtype=np.float32)
        record = Waveform("XX", station, "", "HH", start, rate_hz, zero)
        picks = curve_picks(drawn, record, {phase: PeakRule(THRESHOLD)}, "")
        rows += [(station, phase, one.time.timestamp(), one.probability) for one in picks]
    return rows


def matched(ours: list[Any], theirs: list[Any]) -> tuple[int, float, float]:
    """Return how many picks both have, and the largest differences of time and probability."""
    n_same, most_s, most_probability = 0, 0.0, 0.0
    for station, phase, at_s, probability in ours:
        beside = [one for one in theirs if one[0] == station and one[1] == phase]
        nearest = min(beside, key=lambda one: abs(one[2] - at_s), default=None)
        if nearest is None or abs(nearest[2] - at_s) > 1.0:
            continue
        away_s, away = abs(nearest[2] - at_s), abs(nearest[3] - probability)
        most_s, most_probability = max(most_s, away_s), max(most_probability, away)
        n_same += away_s <= SAME_S and away <= SAME_PROBABILITY
    return n_same, most_s, most_probability


def in_own_process(*arguments: str) -> dict[str, Any]:
    """Return what a side measured in a process of its own."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--side", *arguments]
    run = subprocess.run(
        command, env=os.environ | one_thread, check=True, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


def run_side(side: str, name: str, archive: Path, extra: str) -> None:
    if side == "ours":
        spent, rows = pick_here(name, archive, Path(extra))
        print(json.dumps({"cpu_s": spent, "picks": rows}))
    else:
        spent, rows, again = pick_there(name, archive, int(extra))
        print(json.dumps({"cpu_s": spent, "picks": rows, "by_our_rule": again}))


def compare(name: str, archive: Path, folder: Path, n_days: int) -> None:
    write_model(name, folder / name)
    ours = in_own_process("ours", name, str(archive), str(folder / name))
    here_s = ours["cpu_s"] / n_days
    print(f"{name:14s} {'mainshock':24s} {here_s:8.2f} {60.0 / here_s:10.1f}")
    for batch in NETWORKS[name].batches:
        theirs = in_own_process("seisbench", name, str(archive), str(batch))
        there_s = theirs["cpu_s"] / n_days
        label = f"SeisBench, batch {batch}"
        print(
            f"{name:14s} {label:24s} {there_s:8.2f} {60.0 / there_s:10.1f} {there_s / here_s:6.2f}"
        )
    for label, key in (("its own peaks", "picks"), ("our peak rule", "by_our_rule")):
        n_same, most_s, most = matched(ours["picks"], theirs[key])
        print(
            f"  {n_same} of our {len(ours['picks'])} picks are among SeisBench's "
            f"{len(theirs[key])} ({label}); differences up to {most_s:.4f} s and {most:.4f}"
        )


def main(tell: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", nargs=4)
    chosen = parser.parse_args().side
    warnings.simplefilter("ignore")
    if chosen:
        run_side(chosen[0], chosen[1], Path(chosen[2]), chosen[3])
        return
    source = data_folder() / "continuous" / "sthelens_20220206" / "sds"
    if not (source.is_dir() and (data_folder() / "location" / "weights").is_dir()):
        tell(f"open data sets not found at {data_folder()}; set MAINSHOCK_DATA to their folder")
        return
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "sds"
        write_day(source, archive)
        n_days = len({path.parent.parent for path in archive.rglob("*.D.*.*")})
        tell(f"{n_days} station-days, 100 Hz, three components; one run each, one thread")
        tell(f"{'network':14s} {'':24s} {'CPU s/day':>8s} {'days/min':>10s} {'ratio':>6s}")
        for network in NETWORKS:
            compare(network, archive, Path(name), n_days)


if __name__ == "__main__":
    main()
