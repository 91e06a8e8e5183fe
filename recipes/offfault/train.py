"""Trains the packaged model of kinematic efficiency from made-up runs alone, and scores it.

Run ``python recipes/offfault/train.py``: 30 minutes on two cores. Writes the model folder of the
package. Runs to train on, to calibrate intervals on and to test on are different ones.
"""

import argparse
import json
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from mainshock import __version__
from mainshock.core.files import make_folder
from mainshock.core.provenance import file_sha256
from mainshock.learn.models import ModelManifest, write_manifest
from mainshock.learn.onnx_export import export_onnx
from mainshock.learn.onnx_session import open_session
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.baselines import fit_baseline
from mainshock.offfault.descriptor_trees import bagged_trees, export_trees
from mainshock.offfault.descriptors import descriptors
from mainshock.offfault.ensemble import Ensemble
from mainshock.offfault.exported_network import INPUT, OUTPUT
from mainshock.offfault.generator.parallel import generate
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.network_efficiency import Calibration, with_lines
from mainshock.offfault.registry import EFFICIENCY_BASELINES
from mainshock.offfault.roughen import redraw, roughen
from mainshock.offfault.run_folder import read_network
from mainshock.offfault.scores import score
from mainshock.offfault.stored import (
    DEFAULT_FOLDER,
    NETWORK,
    START,
    TREES,
    EnsembleEfficiency,
    mixture,
)
from mainshock.offfault.training import TrainingSettings, train_network
from mainshock.offfault.windows import LabelledWindows, read_windows, write_windows

# the first seed of each set; runs count up from there
TRAIN, EVALUATION, TEST, CALIBRATION = (100_000, 400), (200_000, 80), (300_000, 80), (400_000, 80)
N_MEMBERS, N_TREES, EPOCHS, LINE_PX = 4, 16, 10, 3
# intervals are calibrated on runs that vary more in physics and camera than those trained on:
# real ones are not drawn from the generator
WIDER = GeneratorSettings(
    coupling_px=(16.0, 23.0),
    band_half_width_px=(4.5, 8.5),
    split_half_width_px=(0.5, 2.5),
    young_weakness=(2.5, 4.5),
    mature_weakness=(200.0, 900.0),
    mature_length_px=(75.0, 125.0),
    threshold=(0.0065, 0.0095),
    local_contrast=(0.65, 0.95),
    blur_px=(0.25, 0.55),
    noise=(0.004, 0.011),
    shear_noise=(0.005, 0.016),
)
KEPT = ("params.json", "best_loss.safetensors", "best_accuracy.safetensors")
STARTS = tuple(f"{START}/{name}" for name in KEPT)


def main() -> None:
    """Make windows, train, export, calibrate, score."""
    chosen = _arguments()
    begun = time.monotonic()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = [folder / f"{name}.npz" for name in ("train", "evaluation", "test", "calibration")]
        for path, (seed, n_runs) in zip(paths, (TRAIN, EVALUATION, TEST, CALIBRATION), strict=True):
            settings = WIDER if seed == CALIBRATION[0] else GeneratorSettings()
            write_windows(path, generate(settings, n_runs, seed=seed, workers=2))
        member = partial(train_member, paths[0], paths[1], folder, chosen.epochs)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            members = list(pool.map(member, range(chosen.members)))
        export_networks(members, chosen.out, read_windows(paths[1]))
        fit_trees(read_windows(paths[0]), chosen.out)
        model = calibrated(chosen.out, read_windows(paths[3]))
        keep(members[0], chosen.out)
        metrics = scores(model, read_windows(paths[0]), read_windows(paths[2]))
        metrics["minutes"] = round((time.monotonic() - begun) / 60.0, 1)
    describe(chosen.out, model, metrics)
    print(json.dumps(metrics, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=N_MEMBERS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    return parser.parse_args()


def train_member(
    train_path: Path, evaluation_path: Path, folder: Path, epochs: int, seed: int
) -> Path:
    """Train one network on windows of which some are roughened, and return its run folder."""
    torch.set_num_threads(1)
    train = read_windows(train_path)
    rng = np.random.default_rng(seed)
    rough = redraw(roughen(train.maps, rng), rng)
    settings = TrainingSettings(
        loss="nll-mae",
        epochs=epochs,
        batch_size=128,
        learning_rate=4e-3,
        seed=seed,
        line_px=LINE_PX,
        scheduler="onecycle",
        time_limit_min=90.0,
    )
    return train_network(
        "pooled",
        replace(train, maps=rough),
        read_windows(evaluation_path),
        settings,
        folder / f"member-{seed}",
        lambda line: print(f"network {seed}, {line}", flush=True),
    )


def export_networks(members: list[Path], out: Path, examples: LabelledWindows) -> None:
    """Write the networks that see maps as one ONNX file."""
    make_folder(out)
    networks = Ensemble([read_network(one, "loss") for one in members])
    example = examples.maps[:5, None].astype(np.float32).reshape(-1, 1, ROWS, COLUMNS)
    export_onnx(networks, out / NETWORK, example, input_name=INPUT, output_name=OUTPUT)


def fit_trees(train: LabelledWindows, out: Path) -> None:
    """Fit trees to descriptors of the training windows, and write them as one ONNX file."""
    described = descriptors(with_lines(train.maps, LINE_PX))
    export_trees(bagged_trees(described, train.ke, train.run, N_TREES, seed=0), out / TREES)


def calibrated(out: Path, calibration: LabelledWindows) -> EnsembleEfficiency:
    """Return all networks together, their intervals calibrated on some windows."""
    networks, trees = open_session(out / NETWORK), open_session(out / TREES)
    bare = EnsembleEfficiency(networks, trees, Calibration.unknown(), LINE_PX)
    output, _ = mixture(bare.members(calibration.maps))
    return replace(bare, calibration=Calibration.of(output, calibration.ke))


def keep(member: Path, out: Path) -> None:
    """Copy a network as torch opens it: fine-tuning starts from it."""
    make_folder(out / START)
    for name in STARTS:
        shutil.copy(member / Path(name).name, out / name)


def scores(
    model: EnsembleEfficiency, train: LabelledWindows, test: LabelledWindows
) -> dict[str, object]:
    """Return scores on runs that nothing was fitted to, beside those of the baselines."""
    models = {"model": model} | {
        name: fit_baseline(name, train) for name in EFFICIENCY_BASELINES.names()
    }
    return {name: asdict(score(test, fitted.predict(test.maps))) for name, fitted in models.items()}


def describe(out: Path, model: EnsembleEfficiency, metrics: dict[str, object]) -> None:
    """Write the manifest."""
    write_manifest(
        out,
        ModelManifest(
            name="efficiency",
            version=__version__,
            task="offfault",
            description="Kinematic efficiency of faults from maps of their traces",
            licence="GPL-3.0-or-later",
            files={name: file_sha256(out / name) for name in (NETWORK, TREES, *STARTS)},
            settings={**asdict(model.calibration), "line_px": LINE_PX},
            training={
                "recipe": "recipes/offfault/train.py",
                "data": "synthetic alone: mainshock.offfault.generator, default settings",
                "seeds": {
                    "train": TRAIN,
                    "evaluation": EVALUATION,
                    "test": TEST,
                    "calibration": CALIBRATION,
                },
                "generator": asdict(GeneratorSettings()),
                "calibration_generator": asdict(WIDER),
            },
            metrics=metrics,
        ),
    )


if __name__ == "__main__":
    main()
