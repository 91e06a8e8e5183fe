"""A recipe brings the models it builds on, or says which one is missing."""

import pytest

from mainshock.core.errors import RegistryError
from mainshock.detect.recipe import PickerRecipe
from mainshock.detect.recipe_models import add_missing_models
from mainshock.learn.models import find_model

RECIPE = {
    "name": "tiny",
    "version": "0",
    "description": "synthetic test",
    "purpose": "To be tested.",
    "seeds": [1],
    "steps": 1,
    "start": "phasenet-ncedc",
}
TENSORS = "location/weights/phasenet_ncedc_190703.npz"


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))
    monkeypatch.delenv("MAINSHOCK_DATA", raising=False)


def test_a_model_beside_the_data_is_added(data_dir):
    pytest.importorskip("torch")
    source = {"source": "phasenet", "path": TENSORS}
    recipe = PickerRecipe(**RECIPE, models={"phasenet-ncedc": source})
    add_missing_models(recipe, data_dir / "waveforms")
    assert find_model("phasenet-ncedc").is_dir()


def test_a_missing_file_is_told_with_the_remedy(tmp_path):
    source = {"source": "phasenet", "path": TENSORS}
    recipe = PickerRecipe(**RECIPE, models={"phasenet-ncedc": source})
    with pytest.raises(RegistryError, match="mainshock models add phasenet --from PATH"):
        add_missing_models(recipe, tmp_path)


def test_a_name_without_source_is_the_error_of_the_store(tmp_path):
    with pytest.raises(RegistryError, match="phasenet-ncedc"):
        add_missing_models(PickerRecipe(**RECIPE), tmp_path)


def test_a_recipe_from_random_weights_needs_nothing(tmp_path):
    add_missing_models(PickerRecipe(**{**RECIPE, "start": None}), tmp_path)
