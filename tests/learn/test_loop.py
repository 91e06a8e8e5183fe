"""The training loop: it learns, writes checkpoints, goes on from them and calls back."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def fit(log_dir, steps, **options):
    from mainshock.learn.loop import LoopSettings, fit_network

    settings = LoopSettings(
        steps=steps,
        time_limit_min=1.0,
        learning_rate=0.05,
        final_learning_rate=0.05,
        ema_decay=0.5,
        seed=3,
        warm_up_steps=0,
        weight_decay=0.0,
        checkpoint_steps=10,
    )
    settings = replace(settings, **options.pop("settings", {}))
    network = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(network.weight)
    torch.nn.init.zeros_(network.bias)
    rng = np.random.default_rng(1)

    def draw():
        x = torch.from_numpy(rng.normal(size=(16, 1)).astype(np.float32))
        return x, 2.0 * x + 1.0

    def loss(net, batch):
        return torch.mean((net(batch[0]) - batch[1]) ** 2)

    done = fit_network(network, loss, draw, settings, log_dir, **options)
    return network, done


def test_training_goes_on_from_its_checkpoint(tmp_path):
    first, done = fit(tmp_path, 20)
    assert done == 20
    resumed, done = fit(tmp_path, 40, resume=True)
    assert done == 40
    error = [abs(float(net.weight.detach()) - 2.0) for net in (first, resumed)]
    assert error[1] < error[0]
    anew, _ = fit(tmp_path / "anew", 20)
    assert abs(float(resumed.weight.detach()) - 2.0) < abs(float(anew.weight.detach()) - 2.0)


def test_a_finished_training_resumed_keeps_its_weights(tmp_path):
    first, _ = fit(tmp_path, 20)
    again, done = fit(tmp_path, 20, resume=True)
    assert done == 20
    assert float(again.weight.detach()) == pytest.approx(float(first.weight.detach()), abs=1e-6)


def test_resume_without_a_checkpoint_starts_anew(tmp_path):
    _, done = fit(tmp_path, 10, resume=True)
    assert done == 10


def test_each_checkpoint_is_told(tmp_path):
    told = []
    fit(tmp_path, 25, at_checkpoint=told.append)
    assert told == [10, 20]
