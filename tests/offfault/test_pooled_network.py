"""The network of the packaged model, and several of them joined."""

import numpy as np
import pytest

from mainshock.offfault.roughen import redraw, roughen

torch = pytest.importorskip("torch", reason="the extra train is not installed")


def stepping_maps():
    maps = np.zeros((6, 128, 64), dtype=np.uint8)
    for i, one in enumerate(maps):
        one[60:63, : 10 * (i + 1)] = 1
        one[68:71, 30:] = 1
    return maps


@pytest.fixture(scope="module")
def network():
    from mainshock.offfault.pooled_network import PooledNetwork

    with torch.random.fork_rng():
        torch.manual_seed(3)
        return PooledNetwork().eval()


def as_tensor(maps):
    return torch.from_numpy(maps[:, None].astype(np.float32))


def test_it_returns_bounded_efficiency_and_a_width(network):
    with torch.no_grad():
        found = network(as_tensor(stepping_maps()))
    assert found.shape == (6, 2)
    assert (found[:, 0] >= 0).all()
    assert (found[:, 0] <= 1.05).all()
    assert (found[:, 1].exp() >= 0.0149).all()


def test_shifts_across_strike_change_nothing(network):
    maps = stepping_maps()
    with torch.no_grad():
        here, there = (network(as_tensor(one)) for one in (maps, np.roll(maps, 16, axis=1)))
    assert torch.allclose(here, there, atol=1e-5)


def test_columns_without_a_fault_slip_nothing(network):
    maps = stepping_maps()[:1]
    maps[0, :, 20:40] = 0
    with torch.no_grad():
        slip, _ = network.slip_along(as_tensor(maps))
    assert (slip[0, 10:20] == 0).all()
    assert (slip[0, 20:] > 0).any()


def test_an_ensemble_asks_each_network_of_both_images(network):
    from mainshock.offfault.ensemble import Ensemble

    maps = as_tensor(stepping_maps())
    with torch.no_grad():
        said = Ensemble([network, network])(maps)
        assert said.shape == (6, 4, 2)
        assert torch.equal(said[:, 0], network(maps))
        assert torch.equal(said[:, 1], network(maps.flip(3)))


def test_roughened_maps_lose_pixels_and_win_none():
    maps = stepping_maps()
    rough = roughen(maps, np.random.default_rng(0), share=1.0)
    assert (rough <= maps).all()
    assert (rough.sum(axis=(1, 2)) < maps.sum(axis=(1, 2))).all()
    assert (rough.sum(axis=(1, 2)) > 0.5 * maps.sum(axis=(1, 2))).all()
    assert np.array_equal(roughen(maps, np.random.default_rng(0), share=0.0), maps)


def test_half_of_the_maps_are_drawn_with_other_lines():
    maps = np.repeat(stepping_maps(), 20, axis=0)
    redrawn = redraw(maps, np.random.default_rng(0))
    kept = (redrawn == maps).all(axis=(1, 2))
    assert 0.3 < kept.mean() < 0.8
    assert np.unique(redrawn.sum(axis=(1, 2))).size > np.unique(maps.sum(axis=(1, 2))).size
