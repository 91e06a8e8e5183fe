"""Several processes that train one network: the same as one process with larger batches."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")

PROGRAM = """
import json
import sys
from pathlib import Path

import numpy as np
import torch

from mainshock.learn.loop import LoopSettings, fit_network

devices, folder = int(sys.argv[1]), Path(sys.argv[2])
rng = np.random.default_rng(1)
n_at_once = 2 // devices  # batches of a step that one process draws
told = []


def draw():
    x = torch.from_numpy(rng.normal(size=(n_at_once, 16, 1)).astype(np.float32))
    return x, 2.0 * x + 1.0


def loss(net, batch):
    return torch.mean((net(batch[0]) - batch[1]) ** 2)


network = torch.nn.Linear(1, 1)
torch.nn.init.zeros_(network.weight)
torch.nn.init.zeros_(network.bias)
settings = LoopSettings(
    steps=25, time_limit_min=5.0, learning_rate=0.05, final_learning_rate=0.05, ema_decay=0.5,
    seed=3, warm_up_steps=0, weight_decay=0.0, checkpoint_steps=10, devices=devices,
)
done = fit_network(network, loss, draw, settings, folder)
weights = [float(network.weight.detach()), float(network.bias.detach())]
print(json.dumps({"done": done, "weights": weights}))
"""


def trained(devices, folder):
    program = folder / "train.py"
    program.write_text(PROGRAM)
    result = subprocess.run(
        [sys.executable, str(program), str(devices), str(folder / f"logs{devices}")],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.strip().splitlines()[-1])


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_from_batches_of_both(tmp_path):
    together, alone = trained(2, tmp_path), trained(1, tmp_path)
    assert together["done"] == alone["done"] == 25
    # gradients are added in another order
    assert together["weights"] == pytest.approx(alone["weights"], abs=1e-5)
    assert abs(alone["weights"][0]) > 0.3
