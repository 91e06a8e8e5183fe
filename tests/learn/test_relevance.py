import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.learn.integrated_gradients import gradients
from mainshock.learn.relevance import (
    AlphaBeta,
    DenseLayer,
    Epsilon,
    Gamma,
    WSquare,
    ZBox,
    class_contrast,
    forward,
    propagate,
)

RULES = [Epsilon(), Epsilon(0.25), Gamma(0.0), Gamma(0.5), AlphaBeta(), AlphaBeta(1.0, 0.0)]
INPUT_RULES = [None, WSquare(), ZBox(-20.0, 20.0)]

# Reference numbers: made once with zennit 0.5.1 and torch 2.13.0 in double precision (stabiliser
# 1e-9; biases left out of w-square, as here) for the two logits of this network. Its weights were
# drawn at random until each neuron that carries relevance had contributions of both signs: where
# one sign is missing, zennit's alpha-beta loses relevance and ours does not.
WEIGHTS = [
    [[0.9, 0.3, 0.5], [-0.2, 1.0, -1.5], [1.1, -0.3, -0.2], [-1.1, -1.6, -0.5]],
    [
        [0.7, 0.3, 0.9, -0.2],
        [0.2, -0.2, -1.1, -0.1],
        [-0.5, 0.8, -0.2, -0.1],
        [0.5, 0.9, -0.1, -0.1],
    ],
    [[0.2, 1.0, -0.9, -1.1], [2.9, -0.2, 0.1, -2.1]],
]
BIASES = [[-0.2, -0.1, -0.2, -0.2], [-0.1, 0.1, 0.4, -0.5], [-0.5, 0.2]]
INPUTS = np.array([[0.1, -0.9, -1.4], [-0.8, 0.0, 0.6], [1.0, 0.7, -1.0]])
REFERENCE = {
    "epsilon": [
        [[0.0671, 1.8423, -3.2214], [-0.0088, 0.0, 0.003], [0.883, -1.2453, -2.401]],
        [[0.3686, 1.0548, -1.456], [0.0088, 0.0, -0.003], [4.105, -1.0507, -1.315]],
    ],
    "epsilon 0.25": [
        [
            [0.023666, 0.811555, -1.419726],
            [0.013342, 0.0, -0.004548],
            [0.571173, -0.855885, -1.669861],
        ],
        [
            [0.090648, 0.205307, -0.398712],
            [-0.000487, 0.0, 0.000166],
            [2.379835, -0.683087, -0.805908],
        ],
    ],
    "gamma 0.25": [
        [
            [0.038127, 0.978728, -2.073045],
            [0.00926, 0.0, -0.002526],
            [0.556706, -1.091238, -2.125355],
        ],
        [
            [0.195095, 0.220147, -0.04635],
            [0.002458, 0.0, -0.00067],
            [2.823085, -0.421311, -0.413548],
        ],
    ],
    "alpha 2 beta 1": [
        [
            [-1.945631, 0.327624, -4.322256],
            [2.452521, 0.0, -0.735756],
            [-15.387309, 2.574644, -0.019977],
        ],
        [
            [0.525799, 0.229121, -0.1347],
            [0.310402, 0.0, -0.09312],
            [8.666663, -2.280314, -0.527534],
        ],
    ],
    "alpha 1 beta 0": [
        [[-0.149874, -0.367872, -1.085253], [0.0, 0.0, 0.0], [-1.664055, -0.430714, -0.935531]],
        [[0.03915, 0.096094, 0.319373], [0.0, 0.0, 0.0], [1.063002, 0.291728, 0.633164]],
    ],
    "w-square": [
        [
            [0.261691, -0.340661, -1.19403],
            [-0.001144, -0.00242, -0.000236],
            [0.351154, -0.923509, -2.127945],
        ],
        [
            [0.94139, -0.664906, -0.699084],
            [0.001144, 0.00242, 0.000236],
            [2.497092, -0.345643, -1.064149],
        ],
    ],
    "z-box": [
        [
            [0.103963, -0.199826, -1.177137],
            [-0.00156, -0.001792, -0.000448],
            [0.198664, -1.096274, -1.802689],
        ],
        [
            [0.550219, -0.326845, -0.645973],
            [0.00156, 0.001792, 0.000448],
            [2.031263, -0.288222, -0.655741],
        ],
    ],
}
SETTINGS = {
    "epsilon": (Epsilon(), None),
    "epsilon 0.25": (Epsilon(0.25), None),
    "gamma 0.25": (Gamma(0.25), None),
    "alpha 2 beta 1": (AlphaBeta(2.0, 1.0), None),
    "alpha 1 beta 0": (AlphaBeta(1.0, 0.0), None),
    "w-square": (Epsilon(), WSquare()),
    "z-box": (Epsilon(), ZBox(-3.0, 3.0)),
}


def reference_network():
    return [
        DenseLayer(np.array(weight), np.array(bias), depth < 2)
        for depth, (weight, bias) in enumerate(zip(WEIGHTS, BIASES, strict=True))
    ]


def random_network(rng, widths=(6, 8, 5, 3)):
    return [
        DenseLayer(rng.normal(size=(n_out, n_in)), rng.normal(size=n_out), depth < len(widths) - 2)
        for depth, (n_in, n_out) in enumerate(itertools.pairwise(widths))
    ]


@pytest.mark.parametrize("name", REFERENCE)
def test_rules_agree_with_another_program(name):
    rule, input_rule = SETTINGS[name]
    for logit in (0, 1):
        found = propagate(
            reference_network(), INPUTS, np.eye(2)[logit], rule=rule, input_rule=input_rule
        )
        # stored with six decimals
        np.testing.assert_allclose(found.inputs, REFERENCE[name][logit], atol=1e-6)


def test_a_neuron_worked_by_hand():
    # contributions 2*1, -1*3, -2*-1 and bias 1: positive 2 + 2 + 1, negative -3, sum 2
    layer = DenseLayer(np.array([[1.0, 3.0, -1.0]]), np.array([1.0]), False)
    inputs = np.array([[2.0, -1.0, -2.0]])
    one = np.ones(1)
    assert propagate([layer], inputs, one).inputs[0] == pytest.approx([2.0, -3.0, 2.0])
    signed = propagate([layer], inputs, one, rule=AlphaBeta(2.0, 1.0))
    assert signed.inputs[0] == pytest.approx([4 * 2 / 5, -2.0, 4 * 2 / 5])
    assert signed.bias[0] == pytest.approx([4 / 5])
    # gamma 1 doubles what is positive: 2 * 5 - 3 = 7
    doubled = propagate([layer], inputs, one, rule=Gamma(1.0))
    assert doubled.inputs[0] == pytest.approx([8 / 7, -6 / 7, 8 / 7])
    squares = propagate([layer], inputs, one, input_rule=WSquare())
    assert squares.inputs[0] == pytest.approx([2 / 11, 18 / 11, 2 / 11])


def plain_signed(layers, sample, contrast, alpha, beta):
    """Alpha-beta as matrices of contributions, one sample and one layer at a time."""
    values = forward(layers, sample[None])
    last = layers[-1]
    chain = [
        *[(layer.weight, layer.bias) for layer in layers[:-1]],
        ((contrast @ last.weight)[None], np.array([contrast @ last.bias])),
    ]
    relevance = np.array([contrast @ values[-1][0]])
    for (weight, bias), inputs in zip(reversed(chain), reversed(values[:-1]), strict=True):
        matrix = np.column_stack([weight * inputs[0], bias])  # the bias is one more input
        given_back = np.zeros_like(matrix)
        for neuron, row in enumerate(matrix):
            positive, negative = np.maximum(row, 0.0), np.minimum(row, 0.0)
            if positive.any() and negative.any():
                share = alpha * positive / positive.sum() - beta * negative / negative.sum()
            else:
                share = row / row.sum() if row.any() else np.zeros_like(row)
            given_back[neuron] = share * relevance[neuron]
        relevance = given_back.sum(axis=0)[:-1]
    return relevance


@given(seed=st.integers(0, 2**32 - 1), beta=st.floats(0.0, 2.0))
def test_alpha_beta_of_signed_inputs_is_the_plain_matrix_form(seed, beta):
    rng = np.random.default_rng(seed)
    layers, inputs = random_network(rng), rng.normal(size=(4, 6))
    contrast = class_contrast(3, 1)
    found = propagate(layers, inputs, contrast, rule=AlphaBeta(1.0 + beta, beta))
    plain = [plain_signed(layers, sample, contrast, 1.0 + beta, beta) for sample in inputs]
    np.testing.assert_allclose(found.inputs, plain, atol=1e-8, rtol=1e-8)


@given(seed=st.integers(0, 2**32 - 1), n_layers=st.integers(1, 4))
@pytest.mark.parametrize("input_rule", INPUT_RULES, ids=str)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_relevance_of_inputs_and_biases_is_the_output(rule, input_rule, seed, n_layers):
    rng = np.random.default_rng(seed)
    layers = random_network(rng, (6, *rng.integers(1, 9, size=n_layers - 1), 2))
    inputs = rng.normal(size=(5, 6))
    contrast = class_contrast(2, 1)
    found = propagate(layers, inputs, contrast, rule=rule, input_rule=input_rule)
    np.testing.assert_allclose(found.output, forward(layers, inputs)[-1] @ contrast)
    assert found.conservation_error.max() < 1e-5
    assert found.bias.shape == (5, n_layers)


def test_biases_are_not_only_what_is_left_over(rng):
    # without biases and stabiliser nothing is taken, whatever the rule
    layers = [
        DenseLayer(layer.weight, np.zeros_like(layer.bias), layer.is_rectified)
        for layer in random_network(rng)
    ]
    for rule in (Epsilon(0.0), Gamma(0.5), AlphaBeta()):
        found = propagate(layers, rng.normal(size=(20, 6)), class_contrast(3, 0), rule=rule)
        assert np.abs(found.bias).max() < 1e-6  # gamma keeps a stabiliser of 1e-9
        np.testing.assert_allclose(found.inputs.sum(axis=1), found.output, atol=1e-6)


def test_input_rules_give_biases_of_the_first_layer_nothing(rng):
    layers, inputs = random_network(rng), rng.normal(size=(20, 6))
    for input_rule in (WSquare(), ZBox(-9.0, 9.0)):
        found = propagate(layers, inputs, class_contrast(3, 2), input_rule=input_rule)
        assert np.abs(found.bias[:, 0]).max() == 0.0
        assert np.abs(found.bias[:, 1]).max() > 0.0


def test_a_tiny_epsilon_is_the_gradient_times_the_input(rng):
    layers, inputs = random_network(rng), rng.normal(size=(50, 6))
    contrast = class_contrast(3, 0, is_difference=False)
    found = propagate(layers, inputs, contrast, rule=Epsilon(0.0))
    np.testing.assert_allclose(found.inputs, inputs * gradients(layers, inputs, contrast))


def test_a_difference_of_logits_is_the_difference_of_their_relevance_for_epsilon(rng):
    layers, inputs = random_network(rng, (6, 8, 5, 2)), rng.normal(size=(10, 6))
    both = [propagate(layers, inputs, np.eye(2)[logit]).inputs for logit in (0, 1)]
    found = propagate(layers, inputs, class_contrast(2, 1)).inputs
    np.testing.assert_allclose(found, both[1] - both[0], atol=1e-6)


def test_what_speaks_for_all_classes_alike_does_not_count_in_a_difference(rng):
    layers = random_network(rng, (6, 8, 5, 2))
    shift = rng.normal(size=5)
    last = layers[-1]
    shifted = [*layers[:-1], DenseLayer(last.weight + shift, last.bias + 3.0, False)]
    inputs = rng.normal(size=(10, 6))
    for rule in RULES:
        before = propagate(layers, inputs, class_contrast(2, 0), rule=rule)
        after = propagate(shifted, inputs, class_contrast(2, 0), rule=rule)
        np.testing.assert_allclose(after.inputs, before.inputs, atol=1e-6)


def test_default_rules_of_captum_are_the_gradient_times_the_input(rng):
    torch = pytest.importorskip("torch")
    captum = pytest.importorskip("captum.attr")
    layers, inputs = random_network(rng), rng.normal(size=(20, 6))
    modules = []
    for layer in layers:
        module = torch.nn.Linear(*layer.weight.shape[::-1], dtype=torch.float64)
        module.weight.data, module.bias.data = map(torch.tensor, (layer.weight, layer.bias))
        modules += [module, torch.nn.ReLU()] if layer.is_rectified else [module]
    network = torch.nn.Sequential(*modules)
    theirs = captum.LRP(network).attribute(torch.tensor(inputs, requires_grad=True), target=1)
    contrast = class_contrast(3, 1, is_difference=False)
    product = inputs * gradients(layers, inputs, contrast)
    np.testing.assert_allclose(theirs.detach().numpy(), product, atol=1e-6)
    ours = propagate(layers, inputs, contrast)
    np.testing.assert_allclose(ours.inputs, product, atol=1e-6)
    # what biases took is lost there and kept here
    assert np.abs(product.sum(axis=1) - ours.output).max() > 0.1
    assert ours.conservation_error.max() < 1e-9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Epsilon(-1.0), "epsilon is -1.0"),
        (lambda: Gamma(float("nan")), "gamma is nan"),
        (lambda: AlphaBeta(2.0, 0.5), "must be 1"),
        (lambda: ZBox(1.0, 0.0), "low is above high"),
        (lambda: class_contrast(2, 2), "class 2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()


def test_shapes_that_do_not_fit_are_refused(rng):
    layers = random_network(rng)
    with pytest.raises(DataError, match="must agree"):
        propagate(layers, np.zeros((2, 5)), class_contrast(3, 0))
    with pytest.raises(DataError, match="must be"):
        DenseLayer(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(DataError, match="contrast"):
        propagate(layers, np.zeros((2, 6)), np.ones(2))
    with pytest.raises(DataError, match="outside the box"):
        propagate(layers, np.full((2, 6), 2.0), class_contrast(3, 0), input_rule=ZBox(-1.0, 1.0))
