import itertools

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.learn.integrated_gradients import captum_gradients, gradients, integrated_gradients
from mainshock.learn.relevance import DenseLayer, class_contrast, forward


def random_network(rng, widths=(6, 20, 10, 3)):
    return [
        DenseLayer(rng.normal(size=(n_out, n_in)), rng.normal(size=n_out), depth < len(widths) - 2)
        for depth, (n_in, n_out) in enumerate(itertools.pairwise(widths))
    ]


def as_torch(layers):
    torch = pytest.importorskip("torch")
    modules = []
    for layer in layers:
        module = torch.nn.Linear(*layer.weight.shape[::-1], dtype=torch.float64)
        module.weight.data, module.bias.data = map(torch.tensor, (layer.weight, layer.bias))
        modules += [module, torch.nn.ReLU()] if layer.is_rectified else [module]
    return torch.nn.Sequential(*modules)


def test_gradients_are_differences_of_outputs(rng):
    layers, inputs = random_network(rng), rng.normal(size=(10, 6))
    contrast, step = class_contrast(3, 1), 1e-6
    moved = [forward(layers, inputs + step * row)[-1] @ contrast for row in np.eye(6)]
    still = forward(layers, inputs)[-1] @ contrast
    differences = (np.array(moved).T - still[:, None]) / step
    np.testing.assert_allclose(gradients(layers, inputs, contrast), differences, atol=1e-4)


def test_shares_add_up_to_the_difference_to_the_baseline(rng):
    layers, inputs = random_network(rng), rng.normal(size=(20, 6))
    baseline = rng.normal(size=6)
    found = integrated_gradients(
        layers, inputs, class_contrast(3, 0), baseline=baseline, n_steps=2000
    )
    # gradients jump where a ReLU switches, so the error falls as one over the steps
    assert found.completeness_error.max() < 1e-3 * np.abs(found.inputs).sum(axis=1).max()
    coarse = integrated_gradients(
        layers, inputs, class_contrast(3, 0), baseline=baseline, n_steps=5
    )
    assert coarse.completeness_error.mean() > 5 * found.completeness_error.mean()


def test_a_linear_function_gives_each_input_its_weight(rng):
    layer = DenseLayer(rng.normal(size=(1, 6)), rng.normal(size=1), False)
    inputs = rng.normal(size=(5, 6))
    found = integrated_gradients([layer], inputs, np.ones(1), n_steps=1)
    np.testing.assert_allclose(found.inputs, inputs * layer.weight[0])
    assert found.completeness_error.max() < 1e-12


def test_captum_gives_the_same(rng):
    pytest.importorskip("captum")
    layers, inputs = random_network(rng), rng.normal(size=(20, 6))
    baseline = rng.normal(size=6)
    for contrast in (class_contrast(3, 2), class_contrast(3, 1, is_difference=False)):
        ours = integrated_gradients(layers, inputs, contrast, baseline=baseline)
        theirs = captum_gradients(as_torch(layers), inputs, contrast, baseline=baseline)
        np.testing.assert_allclose(
            ours.inputs, theirs.inputs, atol=1e-4
        )  # captum's steps are float32
        np.testing.assert_allclose(ours.output, theirs.output, atol=1e-9)
        np.testing.assert_allclose(ours.baseline_output, theirs.baseline_output, atol=1e-9)


def test_no_steps_and_a_wrong_baseline_are_refused(rng):
    layers = random_network(rng)
    with pytest.raises(SettingsError, match="n_steps is 0"):
        integrated_gradients(layers, np.zeros((2, 6)), class_contrast(3, 0), n_steps=0)
    with pytest.raises(DataError, match="baseline"):
        integrated_gradients(layers, np.zeros((2, 6)), class_contrast(3, 0), baseline=np.zeros(5))
