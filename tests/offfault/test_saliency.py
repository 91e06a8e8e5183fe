"""Saliency: sums that are right, signs that are right, and any model."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.network import KENet
from mainshock.offfault.pooled_network import PooledNetwork
from mainshock.offfault.saliency import TOLERANCE, grad_cam, integrated_gradients, occlusion
from mainshock.offfault.saliency_plots import plot_saliency


class _Columns:
    """A model that says the share of columns with a fault in the upper half of the map."""

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        ke = maps[:, :64].any(axis=1).mean(axis=1)
        return Efficiency(ke, ke, ke, ke, ke)


@pytest.fixture
def maps() -> NDArray[np.uint8]:
    """Two windows: a line with a strand below it, and short strands."""
    fault = np.zeros((2, 128, 64), dtype=np.uint8)
    fault[0, 40:43] = 1
    fault[0, 90:92, 10:30] = 1
    fault[1, 60:63, :24] = 1
    fault[1, 50:53, 30:50] = 1
    return fault


def _small_network() -> torch.nn.Module:
    torch.manual_seed(4)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 5, padding=2),
        torch.nn.Tanh(),
        torch.nn.AdaptiveAvgPool2d((8, 4)),
        torch.nn.Flatten(),
        torch.nn.Linear(96, 2),
    )


def test_gradients_of_a_linear_network_are_its_weights(maps: NDArray[np.uint8]) -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(128 * 64, 1))
    found = integrated_gradients(network, maps)
    weights = network[1].weight.detach().numpy().reshape(128, 64)
    np.testing.assert_allclose(found.attribution, weights * maps, atol=1e-6)
    np.testing.assert_allclose(found.attribution.sum(axis=(1, 2)), found.ke - found.empty_ke, 1e-3)
    assert found.is_complete


@pytest.mark.parametrize("build", [_small_network, KENet, PooledNetwork])
def test_shares_sum_to_the_difference_of_estimates(
    build: type[torch.nn.Module], maps: NDArray[np.uint8]
) -> None:
    torch.manual_seed(1)
    network = build()
    for layer in network.modules():  # a training leaves no unit dead at once
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.uniform_(layer.weight, 0.0, 0.1)
    found = integrated_gradients(network.eval(), maps)
    difference = found.ke - found.empty_ke
    assert np.abs(difference).min() > 1e-3
    assert (found.completeness_error <= TOLERANCE).all()
    sums = found.attribution.sum(axis=(1, 2))
    np.testing.assert_allclose(
        sums, difference, atol=TOLERANCE * max(np.abs(difference).max(), 0.01)
    )
    assert (found.attribution[maps == 0] == 0.0).all()


class _Steep(torch.nn.Module):
    """A step in the sum of the map: gradients in one place of the way only."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(400.0 * (values.mean(dim=(1, 2, 3)) * 20.0 - 0.31)).unsqueeze(1)


def test_more_points_are_taken_until_the_sum_is_right(maps: NDArray[np.uint8]) -> None:
    few = integrated_gradients(_Steep(), maps[:1], max_pieces=1)
    assert not few.is_complete
    assert few.completeness_error[0] > TOLERANCE
    enough = integrated_gradients(_Steep(), maps[:1])
    assert enough.is_complete
    assert enough.n_steps > few.n_steps


def test_an_empty_map_has_nothing_to_share() -> None:
    found = integrated_gradients(_small_network(), np.zeros((1, 128, 64), dtype=np.uint8))
    assert found.is_complete
    assert not found.attribution.any()


def test_grad_cam_has_the_sign_of_what_it_does(maps: NDArray[np.uint8]) -> None:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 1, 3, padding=1, bias=False),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
    )
    torch.nn.init.constant_(network[0].weight, 1.0)
    found = grad_cam(network, maps)
    assert found.attribution.shape == maps.shape
    assert (found.attribution >= 0.0).all()
    assert found.attribution[0, 41, 32] > 0.0
    assert found.attribution[0, 5, 32] == 0.0
    assert np.isnan(found.completeness_error).all()
    assert not found.is_complete
    torch.nn.init.constant_(network[0].weight, -1.0)
    assert grad_cam(network, maps).attribution[0, 41, 32] < 0.0
    with pytest.raises(ModelError, match="Conv2d"):
        grad_cam(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(8192, 1)), maps)


def test_occlusion_finds_what_a_model_goes_by(maps: NDArray[np.uint8]) -> None:
    found = occlusion(_Columns(), maps)
    np.testing.assert_allclose(found.ke, [1.0, 44 / 64])
    np.testing.assert_array_equal(found.empty_ke, [0.0, 0.0])
    # a patch of 8 columns on the line takes 8 of 64 away
    assert found.attribution[0, 41, 32] == pytest.approx(8 / 64)
    assert found.attribution[0, 91, 20] == 0.0  # the lower half counts nothing
    assert found.attribution[0, 10, 10] == 0.0
    assert np.isfinite(found.attribution).all()


def test_settings_and_shapes_are_checked(maps: NDArray[np.uint8]) -> None:
    with pytest.raises(SettingsError, match="stride"):
        occlusion(_Columns(), maps, patch_px=4, stride_px=8)
    with pytest.raises(SettingsError, match="max_pieces"):
        integrated_gradients(_small_network(), maps, max_pieces=0)
    with pytest.raises(DataError, match="shape"):
        occlusion(_Columns(), maps[:, :64])


def test_the_figure_shows_map_and_attribution(maps: NDArray[np.uint8]) -> None:
    found = integrated_gradients(_small_network(), maps)
    figure = plot_saliency(found, 1)
    left, right = figure.axes[:2]
    assert left.get_title() == f"Faults: KE {found.ke[1]:.2f}"
    assert "sum off by" in right.get_title()
    low, high = right.images[0].get_clim()
    assert low == -high  # nothing is the middle of the colours
    with pytest.raises(DataError, match="no window 2"):
        plot_saliency(found, 2)
