"""Trees as ONNX say what scikit-learn's say."""

import numpy as np
import onnxruntime
import pytest

from mainshock.offfault.descriptor_trees import (
    DESCRIPTORS,
    ESTIMATES,
    bagged_trees,
    export_trees,
    said_by_trees,
)


@pytest.fixture
def windows(rng):
    inputs = rng.normal(size=(400, 5))
    run = np.repeat([f"PP_{number}" for number in range(20)], 20)
    return inputs, np.clip(0.5 + 0.3 * np.tanh(inputs[:, 0]), 0.0, 1.0), run


def test_exported_trees_say_what_the_fitted_ones_say(windows, tmp_path):
    inputs, ke, run = windows
    ensembles = bagged_trees(inputs, ke, run, 3, seed=1)
    assert len(ensembles) == 4
    export_trees(ensembles, tmp_path / "trees.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "trees.onnx")
    single = inputs.astype(np.float32)
    (said,) = session.run([ESTIMATES], {DESCRIPTORS: single})
    expected = np.stack([one.predict(single) for one in ensembles], axis=1)
    np.testing.assert_allclose(said, expected, atol=1e-4)
    members = said_by_trees(said)
    assert members.shape == (400, 3, 2)
    assert np.abs(members[..., 0].mean(axis=1) - ke).mean() < 0.03
    assert (np.exp(members[..., 1]) >= 0.0149).all()


def test_whole_runs_are_drawn_and_the_same_seed_draws_the_same(windows):
    one, other = (bagged_trees(*windows, 2, seed=5) for _ in range(2))
    inputs = windows[0]
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.predict(inputs), second.predict(inputs))
    assert not np.array_equal(one[0].predict(inputs), one[1].predict(inputs))
