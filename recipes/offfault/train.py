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
from mainshock.offfault.ensemble import Ensemble
from mainshock.offfault.generator.parallel import generate
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.network_efficiency import Calibration
from mainshock.offfault.registry import BASELINES
from mainshock.offfault.roughen import roughen
from mainshock.offfault.run_folder import read_network
from mainshock.offfault.scores import score
from mainshock.offfault.stored import (
    DEFAULT_FOLDER,
    INPUT,
    NETWORK,
    OUTPUT,
    START,
    EnsembleEfficiency,
    mixture,
)
from mainshock.offfault.training import TrainingSettings, train_network
from mainshock.offfault.windows import LabelledWindows, read_windows, write_windows

# the first seed of each set; runs count up from there
TRAIN, CALIBRATION, TEST = (100_000, 400), (200_000, 80), (300_000, 80)
N_MEMBERS, EPOCHS, LINE_PX = 4, 10, 3
KEPT = ("params.json", "best_loss.safetensors", "best_accuracy.safetensors")
STARTS = tuple(f"{START}/{name}" for name in KEPT)


def main() -> None:
    """Make windows, train, export, calibrate, score."""
    chosen = _arguments()
    begun = time.monotonic()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = [folder / f"{name}.npz" for name in ("train", "calibration", "test")]
        for path, (seed, n_runs) in zip(paths, (TRAIN, CALIBRATION, TEST), strict=True):
            write_windows(path, generate(GeneratorSettings(), n_runs, seed=seed, workers=2))
        member = partial(train_member, paths[0], paths[1], folder, chosen.epochs)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            members = list(pool.map(member, range(chosen.members)))
        model = export(members, chosen.out, read_windows(paths[1]))
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
    rough = roughen(train.maps, np.random.default_rng(seed))
    settings = TrainingSettings(
        loss="nll-mae",
        epochs=epochs,
        batch_size=128,
        learning_rate=4e-3,
        seed=seed,
        line_px=LINE_PX,
        scheduler="onecycle",
        time_limit_min=30.0,
    )
    return train_network(
        "pooled",
        replace(train, maps=rough),
        read_windows(evaluation_path),
        settings,
        folder / f"member-{seed}",
        lambda line: print(f"network {seed}, {line}", flush=True),
    )


def export(members: list[Path], out: Path, calibration: LabelledWindows) -> EnsembleEfficiency:
    """Write all networks as one ONNX file, and return them with calibrated intervals."""
    make_folder(out)
    networks = Ensemble([read_network(one, "loss") for one in members])
    example = calibration.maps[:5, None].astype(np.float32).reshape(-1, 1, ROWS, COLUMNS)
    export_onnx(networks, out / NETWORK, example, input_name=INPUT, output_name=OUTPUT)
    session = open_session(out / NETWORK)
    bare = EnsembleEfficiency(session, Calibration.unknown(), LINE_PX)
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
    models = {"model": model} | {name: fit_baseline(name, train) for name in BASELINES}
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
            files={name: file_sha256(out / name) for name in (NETWORK, *STARTS)},
            settings={**asdict(model.calibration), "line_px": LINE_PX},
            training={
                "recipe": "recipes/offfault/train.py",
                "data": "synthetic alone: mainshock.offfault.generator, default settings",
                "seeds": {"train": TRAIN, "calibration": CALIBRATION, "test": TEST},
                "generator": asdict(GeneratorSettings()),
            },
            metrics=metrics,
        ),
    )


if __name__ == "__main__":
    main()
