from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import ModelError, NothingFoundError
from mainshock.megathrust.network import PublishedNetwork
from mainshock.megathrust.network_training import forward
from mainshock.megathrust.published_layout import (
    find_state_dicts,
    read_network,
    read_state_dict,
    write_network,
    write_state_dict,
)

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")


class _Block(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.fc = torch.nn.Linear(n_in, n_out)
        self.dropout = torch.nn.Dropout(0.2)

    def forward(self, values):
        return torch.relu(self.dropout(self.fc(values)))


class _Network(torch.nn.Module):
    """A network with the names of the published layout, written from its description."""

    def __init__(self, sizes, n_classes):
        super().__init__()
        self.inp = _Block(49, sizes[0])
        pairs = pairwise(sizes)
        self.layers = torch.nn.ModuleList([_Block(*pair) for pair in pairs])
        self.out_cat = torch.nn.Linear(sizes[-1], n_classes)

    def forward(self, values):
        values = self.inp(values)
        for layer in self.layers:
            values = layer(values)
        return self.out_cat(values)


@pytest.fixture
def network():
    torch.manual_seed(5)
    return _Network((70, 80), 3).eval()


@pytest.mark.parametrize("sizes", [(50, 50), (700, 800), (60,), (30, 20, 10)])
def test_layers_of_any_size_give_the_logits_of_torch(sizes, rng, tmp_path: Path):
    network = _Network(sizes, 2).eval()
    torch.save(network.state_dict(), tmp_path / "scenario0_epoch7.pt")
    layers = read_state_dict(tmp_path / "scenario0_epoch7.pt")
    values = rng.normal(size=(9, 49))
    expected = network(torch.tensor(values, dtype=torch.float32)).detach()
    np.testing.assert_allclose(forward(layers, values), expected, atol=1e-5)


def test_what_we_write_loads_into_the_published_layout(network, tmp_path: Path):
    torch.save(network.state_dict(), tmp_path / "theirs.pt")
    write_state_dict(read_state_dict(tmp_path / "theirs.pt"), tmp_path / "a" / "ours.pt")
    state = torch.load(tmp_path / "a" / "ours.pt", weights_only=True)
    assert list(state) == list(network.state_dict())
    network.load_state_dict(state, strict=True)


def test_a_second_head_is_left_alone_and_a_nested_one_is_read(network, tmp_path: Path):
    state = network.state_dict()
    nested = {name.replace("out_cat.", "out_cat.fc."): value for name, value in state.items()}
    nested["out_reg.fc.weight"] = torch.zeros(1, 80)
    torch.save(state, tmp_path / "plain.pt")
    torch.save(nested, tmp_path / "nested.pt")
    plain, other = (read_state_dict(tmp_path / f"{name}.pt") for name in ("plain", "nested"))
    for (weight, bias), (other_weight, other_bias) in zip(plain, other, strict=True):
        np.testing.assert_array_equal(weight, other_weight)
        np.testing.assert_array_equal(bias, other_bias)


@pytest.mark.parametrize("name", ["inp.fc.bias", "layers.0.fc.weight", "out_cat.bias"])
def test_a_missing_tensor_is_named(network, tmp_path: Path, name):
    state = network.state_dict()
    del state[name]
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=name):
        read_state_dict(tmp_path / "a.pt")


def test_another_layout_is_refused(network, tmp_path: Path):
    torch.save({"state_dict": network.state_dict()}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match="plain state dict"):
        read_state_dict(tmp_path / "a.pt")
    torch.save(dict(network.state_dict(), **{"norm.weight": torch.ones(3)}), tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"norm\.weight"):
        read_state_dict(tmp_path / "a.pt")
    state = network.state_dict() | {"inp.fc.bias": torch.zeros(3)}
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"inp\.fc"):
        read_state_dict(tmp_path / "a.pt")


def test_a_file_that_would_run_something_is_refused(network, tmp_path: Path):
    torch.save(network, tmp_path / "whole.pt")
    (tmp_path / "text.pt").write_text("no weights")
    for name in ("whole.pt", "text.pt", "absent.pt"):
        with pytest.raises(ModelError, match=name):
            read_state_dict(tmp_path / name)


def test_checkpoints_are_found_by_their_names_the_last_epoch_counting(tmp_path: Path):
    names = (
        "ncls2-dex50/scenario0_epoch9.pt",
        "ncls2-dex50/scenario0_epoch17.pt",
        "ncls3-dex100/scenario4_epoch1.pt",
        "ncls3-dex100/notes.pt",
    )
    for name in names:
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    expected = {(2, 50, 0): names[1], (3, 100, 4): names[2]}
    for folder in (tmp_path, tmp_path / "models"):
        found = find_state_dicts(folder)
        assert {key: str(path.relative_to(tmp_path / "models")) for key, path in found.items()} == (
            expected
        )
    with pytest.raises(NothingFoundError, match="ncls2-dex50"):
        find_state_dicts(tmp_path / "models" / "ncls2-dex50")


def test_our_files_bring_back_network_and_memory(rng, tmp_path: Path):
    table = pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "c"])
    table.insert(0, "region", "aaa")
    table.insert(1, "index", np.arange(40))
    table.insert(2, "s_km", 50.0 * np.arange(40))
    table.loc[3, "b"] = np.nan
    y = (table["a"] > 0.0).to_numpy(dtype=np.int64)
    network = PublishedNetwork(hidden=(8, 4), n_epochs=2, n_members=2).fit(table, y)
    write_network(network, tmp_path / "net.safetensors", {"scenario": 3})
    again, about = read_network(tmp_path / "net.safetensors")
    assert about == {"scenario": 3}
    assert again.get_params() == network.get_params()
    np.testing.assert_array_equal(again.predict_proba(table), network.predict_proba(table))


def test_a_damaged_file_of_ours_is_refused(tmp_path: Path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"\x00" * 20)
    for one in (path, tmp_path / "absent.safetensors"):
        with pytest.raises(ModelError, match="safetensors"):
            read_network(one)
