"""The published network in torch, and the weights that Keras wrote for it."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import correlate

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.offfault.network import KENet
from mainshock.offfault.reference_weights import read_reference_network

Arrays = dict[str, NDArray[np.float32]]
ORDER = ("conv2d", "conv2d_1", "batch_normalization", "conv2d_2", "conv2d_3",
         "batch_normalization_1", "dense", "batch_normalization_2", "dense_1")  # fmt: skip


def random_layers(rng: np.random.Generator, n: int = 4) -> dict[str, Arrays]:
    """Random weights as Keras names and lays them out: kernels height, width, in, out."""
    shapes = {
        "conv2d": (3, 3, 1, n), "conv2d_1": (3, 3, n, n), "conv2d_2": (3, 3, n, 2 * n),
        "conv2d_3": (3, 3, 2 * n, 2 * n), "dense": (32 * 16 * 2 * n, 2 * n), "dense_1": (2 * n, 1),
    }  # fmt: skip
    layers: dict[str, Arrays] = {}
    for name, shape in shapes.items():
        scale = np.sqrt(2.0 / np.prod(shape[:-1]))
        layers[name] = {
            "kernel": (scale * rng.normal(size=shape)).astype(np.float32),
            "bias": (0.1 * rng.normal(size=shape[-1])).astype(np.float32),
        }
    layers["dense_1"]["kernel"] *= 0.2
    layers["dense_1"]["bias"] += 4.0
    widths = {"batch_normalization": n, "batch_normalization_1": 2 * n,
              "batch_normalization_2": 2 * n}  # fmt: skip
    for name, width in widths.items():
        layers[name] = {
            "gamma": rng.uniform(0.5, 1.5, width).astype(np.float32),
            "beta": (0.1 * rng.normal(size=width)).astype(np.float32),
            "moving_mean": (0.1 * rng.normal(size=width)).astype(np.float32),
            "moving_variance": rng.uniform(0.5, 1.5, width).astype(np.float32),
        }
    return layers


def write_keras(
    path: Path, layers: dict[str, Arrays], *, whole: bool, ordered: bool = True
) -> None:
    """Write weights as Keras 2 does: of a whole model, or alone."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        empty = ("input_1", "activation", "max_pooling2d", "flatten", "dropout")
        if ordered:
            root.attrs["layer_names"] = [name.encode() for name in (*empty, *ORDER)]
        for name in empty:
            root.create_group(name)
        for name, weights in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{one}:0".encode() for one in weights]
            for one, array in weights.items():
                group.create_dataset(f"{name}/{one}:0", data=array)
        if whole:
            file.create_group("optimizer_weights").create_dataset("Adam/iter:0", data=3)


def plain_convolution(
    maps: NDArray[np.float64], layer: Arrays, dilation: int
) -> NDArray[np.float64]:
    """Convolve maps (row, column, channel) with zeros around, in the layout of Keras."""
    kernel = np.zeros((2 * dilation + 1, 2 * dilation + 1, *layer["kernel"].shape[2:]))
    kernel[::dilation, ::dilation] = layer["kernel"]
    outs = [
        sum(correlate(maps[..., i], kernel[..., i, o], mode="same") for i in range(maps.shape[-1]))
        for o in range(kernel.shape[-1])
    ]
    return np.stack(outs, axis=-1) + layer["bias"]


def plain_norm(values: NDArray[np.float64], layer: Arrays) -> NDArray[np.float64]:
    scale = layer["gamma"] / np.sqrt(layer["moving_variance"].astype(float) + 1e-3)
    return (values - layer["moving_mean"]) * scale + layer["beta"]


def plain_forward(layers: dict[str, Arrays], fault_map: NDArray[np.uint8]) -> float:
    """The network written out plainly, channels last."""
    x = fault_map[..., None].astype(np.float64)
    for first, second, norm in (("conv2d", "conv2d_1", "batch_normalization"),
                                ("conv2d_2", "conv2d_3", "batch_normalization_1")):  # fmt: skip
        x = plain_convolution(plain_convolution(x, layers[first], 1), layers[second], 2)
        x = np.maximum(plain_norm(x, layers[norm]), 0.0)
        rows, columns, channels = x.shape
        x = x.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))
    x = x.reshape(-1) @ layers["dense"]["kernel"] + layers["dense"]["bias"]
    x = plain_norm(x, layers["batch_normalization_2"])
    x = x @ layers["dense_1"]["kernel"] + layers["dense_1"]["bias"]
    return float(np.maximum(x, 0.0)[0])


def count(network: KENet, *, with_statistics: bool) -> int:
    trained = sum(one.numel() for one in network.parameters())
    moving = sum(one.numel() for name, one in network.named_buffers() if "running" in name)
    return trained + with_statistics * moving


@pytest.mark.parametrize(("n_channels", "total", "fixed"), [(4, 33_933, 40), (1, 2_151, 10)])
def test_parameters_are_as_many_as_published(n_channels: int, total: int, fixed: int) -> None:
    network = KENet(n_channels)
    assert count(network, with_statistics=True) == total
    assert total - count(network, with_statistics=False) == fixed


def test_layers_have_the_published_sizes() -> None:
    network = KENet()
    sizes = [
        sum(one.numel() for one in layer.parameters())
        for layer in network.modules()
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
    ]
    assert sizes == [40, 148, 296, 584, 32_776, 9]


def test_efficiency_is_never_negative(rng: np.random.Generator) -> None:
    maps = torch.from_numpy((rng.random((64, 1, 128, 64)) < 0.1).astype(np.float32))
    network = KENet().train()
    found = network(maps)
    assert found.shape == (64, 1)
    assert float(found.detach().min()) == 0.0 < float(found.detach().max())


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("n_channels", [4, 1])
def test_keras_weights_give_what_a_plain_forward_pass_gives(
    rng: np.random.Generator, tmp_path: Path, whole: bool, n_channels: int
) -> None:
    layers = random_layers(rng, n_channels)
    write_keras(tmp_path / "weights.hdf5", layers, whole=whole)
    network = read_reference_network(tmp_path / "weights.hdf5")
    maps = (rng.random((3, 128, 64)) < 0.05).astype(np.uint8)
    maps[0, 60:63] = 1
    with torch.no_grad():
        found = network(torch.from_numpy(maps[:, None].astype(np.float32)))[:, 0].numpy()
    expected = [plain_forward(layers, one) for one in maps]
    assert max(expected) > 0.0
    # float32 sums of 4096 products
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_layers_without_a_stored_order_are_taken_by_the_number_in_their_name(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    layers = random_layers(rng)
    write_keras(tmp_path / "ordered.hdf5", layers, whole=True)
    write_keras(tmp_path / "names.hdf5", layers, whole=True, ordered=False)
    states = [
        read_reference_network(tmp_path / name).state_dict()
        for name in ("ordered.hdf5", "names.hdf5")
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_weights_survive_the_way_to_keras_and_back(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    network = KENet().eval()
    convolutions = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    dense = [one for one in network.modules() if isinstance(one, torch.nn.Linear)]
    layers = random_layers(rng)
    norms = [network.features[2], network.features[7], network.norm]
    with torch.no_grad():
        for name, conv in zip(ORDER[:2] + ORDER[3:5], convolutions, strict=True):
            layers[name]["kernel"] = conv.weight.permute(2, 3, 1, 0).numpy()
            layers[name]["bias"] = conv.bias.numpy()
        for name, one in zip(("dense", "dense_1"), dense, strict=True):
            layers[name]["kernel"] = one.weight.T.numpy()
            layers[name]["bias"] = one.bias.numpy()
        for name, norm in zip(
            ("batch_normalization", "batch_normalization_1", "batch_normalization_2"),
            norms,
            strict=True,
        ):
            layers[name] = {"gamma": norm.weight.numpy(), "beta": norm.bias.numpy(),
                            "moving_mean": norm.running_mean.numpy(),
                            "moving_variance": norm.running_var.numpy()}  # fmt: skip
        write_keras(tmp_path / "weights.hdf5", layers, whole=False)
        again = read_reference_network(tmp_path / "weights.hdf5")
        maps = torch.from_numpy((rng.random((4, 1, 128, 64)) < 0.1).astype(np.float32))
        assert torch.equal(again(maps), network(maps))


def test_other_networks_are_refused_with_their_shapes(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    path = tmp_path / "weights.hdf5"
    layers = random_layers(rng)
    del layers["conv2d_3"]
    write_keras(path, layers, whole=True)
    with pytest.raises(DataError, match=r"3 convolutions.*\(3, 3, 1, 4\)"):
        read_reference_network(path)
    layers = random_layers(rng)
    layers["dense"]["kernel"] = layers["dense"]["kernel"][:1000]
    write_keras(path, layers, whole=True)
    with pytest.raises(DataError, match=r"\(8, 1000\).*\(8, 4096\)"):
        read_reference_network(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(SourceError, match="cannot be read as HDF5"):
        read_reference_network(path)


def test_a_network_has_channels() -> None:
    with pytest.raises(SettingsError, match="at least 1"):
        KENet(0)
