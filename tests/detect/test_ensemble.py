"""The ensemble: how curves are joined, what it says when a member is missing, how it is fitted."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError, UnreachableError
from mainshock.core.records import PHASES, Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.ensemble import EnsemblePicker, open_ensemble
from mainshock.detect.ensemble_fit import EnsembleRecipe, fitted_weights
from mainshock.detect.labels import LabelledWindow
from mainshock.detect.network import NetworkPicker

START = parse_utc("2020-01-01T00:00:00Z")
RECIPE = EnsembleRecipe(version="0", description="synthetic", members=("a", "b"))


@dataclass
class Says:
    """A member with curves given in advance; it stands for any network."""

    curves: dict[int, np.ndarray] = field(default_factory=dict)
    window_s: float = 30.0

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        return ProbabilityCurves(START, 100.0, PHASES, self.curves[int(waveform.samples[0, 0])])


def settings(*slopes: float, intercept: float = 0.0) -> dict:
    return {
        "weights": {p: {"intercept": intercept, "slopes": list(slopes)} for p in PHASES},
        "rules": {p: {"threshold": 0.5} for p in PHASES},
    }


def window(index: int, label: float | None, n: int = 3001) -> LabelledWindow:
    samples = np.full((3, n), index, dtype=np.float32)
    waveform = Waveform("XX", "TEST", "", "HH", START, 100.0, samples)
    arrivals = {} if label is None else dict.fromkeys(PHASES, label)
    return LabelledWindow(waveform, (0, n), arrivals, frozenset(), "set", label is None)


def bell(at: float, height: float, n: int = 3001) -> np.ndarray:
    return (height * np.exp(-0.5 * ((np.arange(n) - at) / 20.0) ** 2)).astype(np.float32)


def member_and_windows(*, informative: bool, seed: int) -> Says:
    """A member that peaks at the labels of ``windows()``, or high and low whatever is true."""
    rng = np.random.default_rng(seed)
    curves = {}
    for index in range(120):
        right = index % 2 == 0
        height = (0.9 if right else 0.15) if informative else rng.uniform(0.1, 0.9)
        curves[index] = np.stack([bell(1500.0, height)] * 2)
    return Says(curves)


def windows() -> list[LabelledWindow]:
    return [window(index, 1500.0 if index % 2 == 0 else None) for index in range(120)]


def test_logits_add_up():
    curves = [np.full((2, 50), value, dtype=np.float32) for value in (0.8, 0.3)]
    members = [Says({1: curve}) for curve in curves]
    picker = EnsemblePicker(members, settings(0.5, 2.0, intercept=0.1))
    waveform = Waveform("XX", "T", "", "HH", START, 100.0, np.ones((3, 50), dtype=np.float32))
    logit = 0.1 + 0.5 * np.log(0.8 / 0.2) + 2.0 * np.log(0.3 / 0.7)
    np.testing.assert_allclose(
        picker.annotate(waveform).probability, 1.0 / (1.0 + np.exp(-logit)), rtol=1e-5
    )


def test_a_gap_stays_silent():
    curve = np.full((2, 50), 0.6, dtype=np.float32)
    curve[:, 10:20] = 0.0
    picker = EnsemblePicker([Says({1: curve})], settings(1.0, intercept=8.0))
    waveform = Waveform("XX", "T", "", "HH", START, 100.0, np.ones((3, 50), dtype=np.float32))
    assert not picker.annotate(waveform).probability[:, 10:20].any()


def test_weights_must_fit_the_members():
    with pytest.raises(ModelError, match="1 members and 2 weights"):
        EnsemblePicker([NetworkPicker()], settings(1.0, 1.0))


def test_the_member_that_knows_gets_the_weight():
    members = [
        member_and_windows(informative=True, seed=1),
        member_and_windows(informative=False, seed=2),
    ]
    for fitted in fitted_weights(members, windows(), RECIPE).values():
        assert fitted["slopes"][0] > 5.0 * max(fitted["slopes"][1], 0.01)
        assert min(fitted["slopes"]) >= 0.0


def test_too_few_peaks_are_an_error():
    members = [member_and_windows(informative=True, seed=1)] * 2
    with pytest.raises(DataError, match="at least 10"):
        fitted_weights(members, windows()[:8], RECIPE)


def test_missing_member_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path))
    with pytest.raises(UnreachableError, match="mainshock models add eqtransformer") as caught:
        open_ensemble()
    assert caught.value.exit_code == 4


def test_packaged_recipe_is_the_one_in_the_repository():
    import mainshock.detect

    folder = Path(mainshock.detect.__file__).parent / "models" / "ensemble"
    recipe = Path(__file__).parents[2] / "recipes/picker/ensemble.yaml"
    assert (folder / "recipe.yaml").read_text() == recipe.read_text()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["members"][0] == "phasenet"
