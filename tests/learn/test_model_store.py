"""The model store: never half a model, packaged names are kept, `default` is a model."""

import pytest

from mainshock.core.errors import ModelError
from mainshock.core.settings import Settings
from mainshock.detect.registry import open_picker
from mainshock.learn.models import (
    ModelManifest,
    find_model,
    is_packaged,
    list_models,
    load_manifest,
    new_model_folder,
    write_manifest,
)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))
    return Settings.from_environment().model_store


def manifest(version: str) -> ModelManifest:
    return ModelManifest("mine", version, "pick", "a test", "CC0-1.0", {})


def test_folder_appears_under_its_name_when_it_is_whole(store):
    with new_model_folder("mine") as folder:
        write_manifest(folder, manifest("1"))
        assert "mine" not in [item.name for item in list_models()]
    assert load_manifest(find_model("mine")).version == "1"
    assert not is_packaged(find_model("mine"))
    assert [path.name for path in store.iterdir()] == ["mine"]


def test_error_leaves_what_was_there(store):
    with new_model_folder("mine") as folder:
        write_manifest(folder, manifest("1"))
    unwritable = ModelManifest("mine", "2", "pick", "a test", "CC0-1.0", {}, {"rule": object()})
    with pytest.raises(TypeError), new_model_folder("mine") as folder:
        write_manifest(folder, unwritable)
    assert load_manifest(find_model("mine")).version == "1"
    assert [path.name for path in store.iterdir()] == ["mine"]


def test_second_folder_replaces_the_first_with_all_its_files(store):
    for version in ("1", "2"):
        with new_model_folder("mine") as folder:
            write_manifest(folder, manifest(version))
            (folder / version).touch()
    assert sorted(path.name for path in (store / "mine").iterdir()) == ["2", "manifest.json"]


@pytest.mark.parametrize("name", ["phasenet", "default", "../mine", "Mine", "", ".mine"])
def test_names_that_mislead_are_refused(store, name):
    with pytest.raises(ModelError, match="name"), new_model_folder(name):
        pytest.fail("a folder was given")


def test_default_is_the_model_that_the_default_picker_runs():
    folder = find_model("default")
    assert is_packaged(folder)
    assert folder.resolve() == open_picker("default").model_dir.resolve()


def test_a_damaged_manifest_is_told_and_hides_no_other_model(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    with pytest.warns(UserWarning, match="broken.*left out"):
        names = [manifest.name for manifest in list_models()]
    assert "phasenet" in names
    with pytest.warns(UserWarning, match="left out"):
        assert find_model("phasenet").name == "phasenet"
