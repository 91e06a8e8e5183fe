"""Trains the model of shaking and scores it on events and stations that it has not seen.

Run ``python recipes/shaking/train.py --data RECORDS.h5 --out FOLDER``. It trains on a part first,
measures realisations of the rest, then trains on all records and writes scores into the manifest.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mainshock.learn.models import load_manifest, write_manifest
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.record_measures import measure_records, measure_waveforms
from mainshock.shaking.records import GroundMotionRecords, open_records
from mainshock.shaking.registry import ARCHITECTURES
from mainshock.shaking.splits import split_by_both
from mainshock.shaking.training import ShakingModel, TrainingSettings
from mainshock.shaking.waveform_scores import score_samples

ARCHITECTURE = "flow"
N_REALISATIONS = 5
PARTS = ("new_events", "new_stations", "new_both")


def main() -> None:
    """Train on a part, score, train on all, describe."""
    chosen = _arguments()
    records = open_records(chosen.data)
    architecture = ARCHITECTURES.load(ARCHITECTURE)
    settings = TrainingSettings(
        seed=chosen.seed,
        profile=chosen.profile,
        epochs=chosen.epochs,
        say=lambda text: print(text, flush=True),
    )
    split = split_by_both(records.scenarios, chosen.seed)
    metrics = {}
    with TemporaryDirectory() as scratch:
        architecture.train(records.take(split.train), Path(scratch), settings)
        model = architecture.open(Path(scratch))
        for part in PARTS:
            held_out = records.take(getattr(split, part))
            metrics[part] = scores(model, held_out, chosen.seed)
    begun = time.monotonic()
    architecture.train(records, chosen.out, settings)
    metrics["training_minutes"] = round((time.monotonic() - begun) / 60.0, 1)
    manifest = load_manifest(chosen.out)
    write_manifest(chosen.out, replace(manifest, metrics=metrics))
    print(json.dumps(metrics, indent=1))


def scores(
    model: ShakingModel, records: GroundMotionRecords, seed: int
) -> dict[str, dict[str, float]]:
    """Return bias and spread of realisations beside records, for each measure."""
    if model.waveforms is None:
        raise SystemExit("this architecture makes no waveforms")
    rng = np.random.default_rng(seed)
    made = model.waveforms.simulate(records.scenarios, N_REALISATIONS, rng)
    n_samples = made.acceleration.shape[-1]
    flat = made.acceleration.reshape(-1, 3, n_samples)
    sampled = measure_waveforms(flat, made.sampling_rate_hz)
    sampled = sampled.reshape(len(records), N_REALISATIONS, len(MEASURES))
    observed = measure_records(records)
    return {
        name: score_samples(observed[:, one], sampled[..., one], records.scenarios.event)
        for one, name in enumerate(MEASURES)
        if name in model.motions.measures
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--profile", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
