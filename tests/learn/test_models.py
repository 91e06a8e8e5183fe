import json

import pytest

from mainshock.core.errors import ModelError, RegistryError
from mainshock.core.provenance import file_sha256
from mainshock.learn.models import (
    ModelManifest,
    find_model,
    list_models,
    load_manifest,
    verify_model,
    write_manifest,
)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path))
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\x01\x02")
    checksum = file_sha256(folder / "weights.bin")
    manifest = ModelManifest("mine", "1", "pick", "a test", "CC0-1.0", {"weights.bin": checksum})
    write_manifest(folder, manifest)
    return folder


def test_manifest_survives_the_file(model):
    assert load_manifest(model).files == {"weights.bin": file_sha256(model / "weights.bin")}


def test_models_of_the_store_are_listed_beside_packaged_ones(model):
    names = [manifest.name for manifest in list_models()]
    assert "mine" in names
    assert "phasenet" in names
    assert find_model("mine") == model
    assert find_model(model) == model


def test_unknown_model_lists_known_ones(model):
    with pytest.raises(RegistryError, match="phasenet"):
        find_model("nosuch")


def test_changed_and_missing_files_are_told(model):
    assert verify_model(model) == ["weights.bin"]
    (model / "weights.bin").write_bytes(b"\x01\x03")
    with pytest.raises(ModelError, match="damaged"):
        verify_model(model)
    (model / "weights.bin").unlink()
    with pytest.raises(ModelError, match="missing"):
        verify_model(model)


def test_incomplete_manifest_names_the_fields(model):
    (model / "manifest.json").write_text(json.dumps({"name": "mine"}))
    with pytest.raises(ModelError, match="licence"):
        load_manifest(model)
