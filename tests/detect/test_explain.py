"""Integrated gradients of picks: complete, silent where the network is deaf, and to the point."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("seisbench", reason="the extra `train` is not installed")

from mainshock.core.errors import (  # noqa: E402
    DataError,
    MissingDependencyError,
    ModelError,
    SettingsError,
)
from mainshock.core.records import Pick, Waveform  # noqa: E402
from mainshock.detect.converted import AddOptions, add_model  # noqa: E402
from mainshock.detect.converted.interface import Architecture, open_network  # noqa: E402
from mainshock.detect.converted.package import ConvertedPicker, add_picker  # noqa: E402
from mainshock.detect.ensemble import EnsemblePicker  # noqa: E402
from mainshock.detect.explain import (  # noqa: E402
    EDGES_S,
    attribution_summary,
    explain_pick,
    integrated_gradients,
    require_network,
)
from mainshock.detect.network import NetworkPicker  # noqa: E402
from mainshock.detect.stalta import StaLtaPicker  # noqa: E402
from mainshock.learn.models import find_model, load_manifest, write_manifest  # noqa: E402
from mainshock.sources.bundled import BundledSource  # noqa: E402

RATE_HZ = 100.0
START = datetime(2024, 5, 1, tzinfo=UTC)
ONSET = 300


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A model store of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAINSHOCK_MODELS", str(tmp_path_factory.mktemp("store")))
        yield


def random_picker(name, *, uses_own_scaling=False, deaf_to=None):
    """A PhaseNet that learned nothing, perhaps one that ignores a component."""
    architecture = Architecture(
        "PhaseNet",
        {"component_order": "ENZ", "phases": "NPS"},
        "ENZ",
        ("N", "P", "S"),
        uses_own_scaling=uses_own_scaling,
    )
    torch.manual_seed(11)
    network = architecture.build()
    if deaf_to is not None:
        with torch.no_grad():
            network.inc.weight[:, "ENZ".index(deaf_to)] = 0.0
    add_picker(
        ConvertedPicker(
            *(name, "1", "random", "GPL-3.0-or-later", network, architecture, RATE_HZ, 3001),
            *({"P": 0.3, "S": 0.3}, {}, {}, "# Random\n"),
        ),
        AddOptions(),
    )
    return NetworkPicker(model_dir=find_model(name))


@pytest.fixture(scope="module")
def untrained(store) -> NetworkPicker:
    return random_picker("untrained")


@pytest.fixture(scope="module")
def trained(store, data_dir) -> NetworkPicker:
    """The published PhaseNet, whose weights lie beside the open data."""
    weights = data_dir / "location" / "weights" / "phasenet_ncedc_190703.npz"
    add_model("phasenet", AddOptions(weights))
    return NetworkPicker(model_dir=find_model("phasenet-ncedc"))


@pytest.fixture(scope="module")
def uh3() -> Waveform:
    """Four minutes of three components of the ObsPy wheel."""
    return next(one for one in BundledSource("uh") if all(one.has_component))


def pick_at(waveform, second, phase="P"):
    time = waveform.start + timedelta(seconds=second)
    return Pick(waveform.network, waveform.station, "", phase, time, 0.5, 0.05, "test")


def noisy(n_samples, *, n_components=3, rate_hz=RATE_HZ):
    samples = np.random.default_rng(3).standard_normal((3, n_samples)).astype(np.float32)
    samples[n_components:] = 0.0
    has = (True, n_components > 1, n_components > 2)
    return Waveform("XX", "ABC", "", "HH", START, rate_hz, samples, has_component=has)


def onset_score(windows):
    """A detector that can be understood: energy of Z after the onset against that before it."""
    after = windows[:, 0, ONSET : ONSET + 50].square().mean(dim=1)
    before = windows[:, 0, ONSET - 50 : ONSET].square().mean(dim=1)
    return torch.sigmoid(after - 4.0 * before - 2.0)


def synthetic_p():
    rng = np.random.default_rng(8)
    window = 0.1 * rng.standard_normal((3, 600))
    wave = np.sin(0.6 * np.arange(300)) * np.exp(-np.arange(300) / 80.0)
    window[0, ONSET:] += 5.0 * wave
    window[1:, ONSET:] += 2.0 * wave
    return window.astype(np.float32)


def test_attributions_of_a_weighted_sum_are_its_terms(rng):
    weights = torch.from_numpy(rng.standard_normal((3, 40)).astype(np.float32))
    window, baseline = rng.standard_normal((2, 3, 40)).astype(np.float32)
    found = integrated_gradients(
        lambda windows: (windows * weights).sum(dim=(1, 2)), window, baseline, n_steps=3
    )
    np.testing.assert_allclose(found, (window - baseline) * weights.numpy(), atol=1e-6)


def test_attributions_of_a_product_agree_with_the_integral_done_by_hand():
    # of x y from zero, each gets half of the product
    window = np.array([[3.0], [5.0], [7.0]], dtype=np.float32)
    found = integrated_gradients(
        lambda windows: windows[:, 0, 0] * windows[:, 1, 0], window, np.zeros_like(window), 3
    )
    np.testing.assert_allclose(found[:, 0], [7.5, 7.5, 0.0], rtol=1e-6)


def test_a_synthetic_p_speaks_for_itself_and_noise_before_it_against():
    window = synthetic_p()
    found = integrated_gradients(onset_score, window, np.zeros_like(window), 200)
    assert found[0, ONSET : ONSET + 50].sum() > 0.5
    assert found[0, ONSET - 50 : ONSET].sum() < 0.0
    np.testing.assert_array_equal(found[1:], 0.0)  # the detector is deaf to them
    np.testing.assert_array_equal(found[0, : ONSET - 50], 0.0)
    both = torch.from_numpy(np.stack([window, np.zeros_like(window)]))
    high, low = onset_score(both).double()
    assert found.sum() == pytest.approx(float(high - low), rel=1e-3)


def test_a_record_of_silence_gets_nothing(untrained):
    waveform = replace(noisy(4000), samples=np.zeros((3, 4000), dtype=np.float32))
    explanation = explain_pick(untrained, waveform, pick_at(waveform, 20.0), n_steps=2)
    np.testing.assert_array_equal(explanation.attribution, 0.0)
    assert explanation.relative_error == float("inf")
    assert attribution_summary(explanation)["share_before"] == 0.0


def test_a_network_deaf_to_a_component_gives_it_nothing(store):
    waveform = noisy(5000)
    picker = random_picker("deaf", deaf_to="N")
    found = explain_pick(picker, waveform, pick_at(waveform, 25.0), n_steps=20).attribution
    np.testing.assert_array_equal(found[1], 0.0)
    assert np.abs(found[[0, 2]]).sum(axis=1).min() > 0.0


def test_a_component_that_was_not_recorded_gets_nothing(untrained):
    waveform = noisy(5000, n_components=1)
    explanation = explain_pick(untrained, waveform, pick_at(waveform, 25.0), n_steps=5)
    np.testing.assert_array_equal(explanation.attribution[1:], 0.0)
    assert attribution_summary(explanation)["components"]["Z"]["share"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("n_samples", "second", "first"),
    [(9000, 40.0, 2500), (9000, 5.0, 0), (9000, 88.0, 5999), (1000, 5.0, 0)],
    ids=["middle", "early", "late", "short record"],
)
def test_window_has_the_pick_in_its_middle_as_far_as_the_record_allows(
    untrained, n_samples, second, first
):
    waveform = noisy(n_samples)
    explanation = explain_pick(untrained, waveform, pick_at(waveform, second), n_steps=2)
    assert (explanation.start - START).total_seconds() == pytest.approx(first / RATE_HZ)
    at_pick = np.argmin(np.abs(explanation.times_s))
    assert explanation.target == (at_pick - 10, at_pick + 11)
    assert explanation.attribution.shape == explanation.window.shape == (3, 3001)
    assert explanation.n_recorded == min(n_samples, 3001)
    np.testing.assert_array_equal(explanation.attribution[:, explanation.n_recorded :], 0.0)


def test_curves_and_probability_are_those_of_the_picker(untrained):
    waveform = noisy(3001)
    explanation = explain_pick(
        untrained, waveform, pick_at(waveform, 15.0, "S"), n_steps=2, half_width_s=0.0
    )
    expected = untrained.window_curves(explanation.window[np.newaxis])[0]
    np.testing.assert_allclose(explanation.curves, expected, atol=1e-5)
    assert explanation.target == (1500, 1501)
    assert explanation.probability == pytest.approx(expected[1, 1500], abs=1e-5)


def test_other_rates_and_slower_views_are_explained_at_the_rate_of_the_network(untrained):
    waveform = noisy(9000, rate_hz=50.0)
    pick = pick_at(waveform, 100.0)
    assert explain_pick(untrained, waveform, pick, n_steps=2).sampling_rate_hz == RATE_HZ
    slow = explain_pick(untrained, waveform, pick, n_steps=2, zoom=2)
    assert slow.sampling_rate_hz == 2 * RATE_HZ
    assert np.ptp(slow.times_s) == pytest.approx(3000 / (2 * RATE_HZ))


def test_the_path_runs_behind_a_scaling_of_the_networks_own(store):
    waveform = noisy(5000)
    picker = random_picker("scaling", uses_own_scaling=True)
    explanation = explain_pick(picker, waveform, pick_at(waveform, 25.0), n_steps=200)
    raw = waveform.samples[:, 1000:4001]
    expected = open_network(picker.model_dir)(torch.from_numpy(raw[np.newaxis])).detach().numpy()
    np.testing.assert_allclose(explanation.curves, expected[0, :2], atol=1e-4)
    assert explanation.relative_error < 0.01
    # the scaling alone would make all points of the path alike, and the gradients zero
    assert np.abs(explanation.attribution).sum() > explanation.completeness_error


@pytest.mark.parametrize("phase", ["P", "S"])
def test_attributions_of_a_trained_network_are_complete(trained, uh3, phase):
    pick = next(one for one in trained.classify(uh3) if one.phase == phase)
    explanation = explain_pick(trained, uh3, pick, n_steps=200)
    assert explanation.probability > 0.5
    assert explanation.baseline_probability < 0.01
    assert explanation.relative_error < 0.01
    summary = attribution_summary(explanation)
    for lines in (summary["components"].values(), summary["times"]):
        assert sum(line["share"] for line in lines) == pytest.approx(1.0)
        assert sum(line["net"] for line in lines) == pytest.approx(explanation.attribution.sum())
    assert [line["to_s"] for line in summary["times"]] == [*EDGES_S, None]


def test_what_follows_a_real_p_speaks_for_it(trained, uh3):
    pick = trained.classify(uh3)[0]
    summary = attribution_summary(explain_pick(trained, uh3, pick))
    (after,) = (line for line in summary["times"] if line["from_s"] == 0.0)
    assert after["net"] > 0.2
    assert summary["components"]["Z"]["share"] > 0.4
    assert summary["share_before"] < 0.5


def test_silencing_what_speaks_for_a_pick_hurts_it_more_than_silencing_at_random(trained, uh3):
    pick = trained.classify(uh3)[0]
    explanation = explain_pick(trained, uh3, pick)
    first, past_last = explanation.target
    n_silenced = explanation.attribution.size // 50

    def without(cells):
        window = explanation.window.copy()
        window.flat[cells] = 0.0
        return trained.window_curves(window[np.newaxis])[0, 0, first:past_last].mean()

    most = np.argsort(explanation.attribution, axis=None)[-n_silenced:]
    rng = np.random.default_rng(4)
    at_random = [
        without(rng.choice(explanation.window.size, n_silenced, replace=False)) for _ in range(10)
    ]
    assert without(most) < 0.2 * explanation.probability
    assert without(most) < 0.5 * min(at_random)


def test_the_packaged_picker_can_be_explained(uh3):
    picker = NetworkPicker()
    explanation = explain_pick(picker, uh3, picker.classify(uh3)[0], n_steps=200)
    assert explanation.relative_error < 0.02


def test_an_ensemble_names_its_members_and_other_pickers_are_refused(untrained):
    weights = {phase: {"intercept": 0.0, "slopes": [1.0, 1.0]} for phase in "PS"}
    rules = {phase: {"threshold": 0.5} for phase in "PS"}
    ensemble = EnsemblePicker(
        [untrained, replace(untrained, name="second")], {"weights": weights, "rules": rules}
    )
    with pytest.raises(SettingsError, match="explain one of them: untrained, second"):
        require_network(ensemble)
    with pytest.raises(SettingsError, match="'stalta' is no network"):
        require_network(StaLtaPicker())


def test_a_model_without_torch_weights_is_told(untrained, tmp_path):
    (tmp_path / "model.onnx").write_bytes((untrained.model_dir / "model.onnx").read_bytes())
    write_manifest(tmp_path, load_manifest(untrained.model_dir))
    waveform = noisy(4000)
    with pytest.raises(ModelError, match="holds no torch network"):
        explain_pick(NetworkPicker(model_dir=tmp_path), waveform, pick_at(waveform, 20.0))


def test_without_the_extra_the_remedy_is_told(untrained, monkeypatch):
    monkeypatch.setitem(sys.modules, "mainshock.detect.converted.interface", None)
    waveform = noisy(4000)
    with pytest.raises(MissingDependencyError, match=r"mainshock\[train\]"):
        explain_pick(untrained, waveform, pick_at(waveform, 20.0))


def test_impossible_requests_are_refused(untrained):
    waveform = noisy(4000)
    inside = pick_at(waveform, 20.0)
    with pytest.raises(DataError, match="outside the record"):
        explain_pick(untrained, waveform, pick_at(waveform, 41.0))
    with pytest.raises(DataError, match="of station 'ABC', the record of 'DEF'"):
        explain_pick(untrained, replace(waveform, station="DEF"), inside)
    for options in ({"n_steps": 0}, {"half_width_s": -0.1}, {"zoom": 0}):
        with pytest.raises(SettingsError, match="at least"):
            explain_pick(untrained, waveform, inside, **options)
