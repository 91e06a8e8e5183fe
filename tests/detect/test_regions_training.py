"""Training, evaluation and prediction of a region classifier, on real windows, a few steps long."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mainshock.core.errors import DataError, SettingsError
from mainshock.detect.regions.labels import choose_scheme
from mainshock.detect.regions.region_options import recipe_from_options
from mainshock.detect.regions.windows import RegionWindows, noise_before_p, read_windows

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def pb01(data_dir):
    return data_dir / "location" / "ipoc_pb01"


@pytest.fixture(scope="module")
def command():
    from mainshock.cli.app import app

    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, ["detect", "regions", *map(str, arguments)])


@pytest.fixture(scope="module")
def few(pb01, tmp_path_factory):
    """Forty windows in the bare form, with a short recipe."""
    folder = tmp_path_factory.mktemp("few")
    table = pd.read_csv(pb01 / "metadata.csv").iloc[:40]
    table.to_csv(folder / "metadata.csv", index=False)
    data = np.load(pb01 / "waveforms.npz")["data"][:40]
    np.savez(folder / "waveforms.npz", data=data)
    (folder / "recipe.yaml").write_text(
        "steps: 3\ncheckpoint_steps: 2\nfolds: 2\nhead_steps: 60\nsynthetic_events: 2000\n"
        "batch_size: 4\n"
    )
    return folder


@pytest.fixture(scope="module")
def trained(few, tmp_path_factory):
    from mainshock.detect.regions.train import train_regions

    out = tmp_path_factory.mktemp("model")
    recipe = recipe_from_options(few / "recipe.yaml", data_dir=few, n_clusters=3)
    return out, train_regions(few, out, recipe)


def test_published_network_has_its_published_size():
    from mainshock.detect.regions.network import ConvNetQuake, original_loss

    network = ConvNetQuake(6)
    assert sum(weight.numel() for weight in network.parameters()) == 22_951
    widths = []
    for layer in network.convolutions:
        layer.register_forward_hook(lambda _m, _i, out: widths.append(out.shape[-1]))
    assert network(torch.zeros(2, 3, 1001)).shape == (2, 7)
    assert widths == [501, 251, 126, 63, 32, 16, 8, 4]
    batch = (torch.randn(4, 3, 1001), torch.tensor([0, 1, 2, 6]))
    entropy = torch.nn.functional.cross_entropy(network(batch[0]), batch[1])
    squares = sum((layer.weight**2).sum() for layer in network.convolutions)
    expected = entropy + 0.5e-3 * squares
    assert float(original_loss(network, batch).detach()) == pytest.approx(float(expected.detach()))


def test_regions_are_fitted_on_the_windows_given_alone(pb01):
    windows = read_windows(pb01, 20.0)
    options = {"n_clusters": 4, "label_column": None, "clusters_path": None, "seed": 0}
    scheme = choose_scheme(windows.take(np.arange(60)), **options)
    assert int(scheme.clusters.counts.sum()) == 60
    assert set(scheme.truth(windows.table)) <= {0, 1, 2, 3}
    named = choose_scheme(windows, **(options | {"label_column": "class"}))
    assert named.names == ("ID", "P1", "P2", "P3", "UP")
    with pytest.raises(DataError, match="no column"):
        choose_scheme(windows, **(options | {"label_column": "region"}))


def test_noise_is_what_lies_before_p(pb01):
    windows = read_windows(pb01, 20.0)
    noise = noise_before_p(windows, 1200)
    assert len(noise) == 100
    assert all(record.shape == (3, 1200) for record in noise.records)
    p = int((windows.column("p_s")[0] - 1.0) * 20.0)
    np.testing.assert_array_equal(noise.records[0][:, :p], windows.records[0][:, :p])


@pytest.mark.slow
def test_a_model_folder_is_whole_and_says_how_it_scores(trained):
    from mainshock.learn.models import load_manifest, verify_model

    out, summary = trained
    assert summary.steps == 3
    names = ["clusters.json", "model.onnx", "polarisation.onnx", "recipe.yaml", "regions.onnx"]
    assert verify_model(out) == names
    manifest = load_manifest(out)
    assert manifest.task == "regions"
    assert not manifest.training["interim"]
    scores = manifest.metrics["cross_validation"]
    assert {"regions", "polarisation", "majority", "detection"} <= set(scores)
    card = (out / "card.md").read_text()
    assert "## Beware" in card
    assert "one to one" in card
    assert summary.warnings == [text for text in summary.warnings if "training data" not in text]


@pytest.mark.slow
def test_evaluation_gives_the_promised_keys(trained, few, command, tmp_path):
    out, _ = trained
    wrong = tmp_path / "wrong.csv"
    result = command("evaluate", out, few, "--json", "--save-false", wrong)
    assert result.exit_code == 0, result.output
    scores = json.loads(result.stdout)
    assert {"detection_accuracy", "location_accuracy", "confusion", "ece", "n"} <= set(scores)
    assert scores["n"] == 80 == int(np.sum(scores["confusion"]))
    assert {"majority", "polarisation"} <= set(scores["baselines"])
    assert scores["events"]["n"] == 40 == scores["noise"]["n"]
    assert list(pd.read_csv(wrong))[:3] == ["name", "time", "truth"]
    noise = json.loads(command("evaluate", out, few, "--json", "--noise").stdout)
    assert noise["location_accuracy"] == noise["location_accuracy_all_windows"]
    assert noise["n"] == 40
    assert command("evaluate", out, few, "--events", "--noise").exit_code == 2


@pytest.mark.slow
def test_evaluation_again_and_again(trained, few):
    from mainshock.detect.regions.evaluate import watch_regions

    out, _ = trained
    slept, told = [], []
    found = watch_regions(
        out, few, part="noise", interval_s=7.0, max_evaluations=2,
        sleep=slept.append, on_scores=told.append,
    )  # fmt: skip
    assert slept == [7.0]
    assert found == told
    assert list((out / "logs" / "evaluation").iterdir())
    with pytest.raises(DataError, match="max_evaluations"):
        watch_regions(out, few, part="all", interval_s=1.0, max_evaluations=0)


@pytest.mark.slow
def test_training_goes_on(trained, few, tmp_path):
    import shutil

    from mainshock.detect.regions.train import train_regions

    out, _ = trained
    again = tmp_path / "again"
    shutil.copytree(out, again)
    recipe = recipe_from_options(few / "recipe.yaml", data_dir=few, n_clusters=3, steps=5)
    assert train_regions(few, again, recipe, resume=True).steps == 5


def test_options_change_a_recipe_and_bad_ones_are_refused(few):
    recipe = recipe_from_options(None, data_dir=few, head="original", n_clusters=6)
    assert (recipe.window_samples, recipe.learning_rate) == (1001, 1e-4)
    assert recipe_from_options(few / "recipe.yaml", data_dir=few, epochs=2).steps == 20
    with pytest.raises(SettingsError, match="epochs"):
        recipe_from_options(None, data_dir=few, epochs=1, steps=2)
    with pytest.raises(SettingsError, match="n_clusters"):
        recipe_from_options(None, data_dir=few, n_clusters=1)


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [False, True])
def test_original_network_from_cut_windows(tmp_path, rng, legacy, command):
    n = 24
    folder = tmp_path / "data"
    folder.mkdir()
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        file["data_format/component_order"] = "ZNE"
        file["data_format/sampling_rate"] = 100.0
        file["data/bucket0"] = rng.normal(size=(n, 3, 1001)).astype(np.float32)
    ids = np.arange(n) % 3 - 1
    pd.DataFrame(
        {
            "trace_name": [f"bucket0${row},:3,:1001" for row in range(n)],
            "trace_cluster_id": ids,
            "trace_category": np.where(ids < 0, "noise", "earthquake_local"),
            "trace_start_time": [f"2014-02-{row + 1:02d}T00:00:00Z" for row in range(n)],
            "trace_p_arrival_sample": 100.0,
        }
    ).to_csv(folder / "metadata.csv", index=False)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "head: original\nsteps: 2\nfolds: 2\nbatch_size: 8\nsampling_rate_hz: 100\n"
        "window_samples: 1001\n"
    )
    extra = ["--legacy-normalisation"] if legacy else []
    out = tmp_path / "model"
    done = command("train", "--recipe", recipe, "--data", folder, "--out", out, *extra)
    assert done.exit_code == 0, done.output
    scores = json.loads(command("evaluate", out, folder, "--json").stdout)
    assert scores["n"] == n
    assert scores["labels"] == ["noise", "0", "1"]
    assert "scores on the training data" in scores["warnings"][-1]
    card = (out / "card.md").read_text()
    assert "clipped at norm 1" in card.replace("\n", " ")
    assert ("scaled alone" in card) is not legacy


def test_model_of_another_task_is_refused(command, few):
    from mainshock.core.errors import ModelError

    result = command("evaluate", "phasenet", few)
    assert isinstance(result.exception, ModelError)


@pytest.mark.slow
def test_cut_windows_without_arrivals_get_them_from_the_default_picker(few, tmp_path, command):
    table = pd.read_csv(few / "metadata.csv").iloc[:24]
    data = np.load(few / "waveforms.npz")["data"][:24, :, 60:].astype(np.float32)
    folder = tmp_path / "cut"
    folder.mkdir()
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        file["data_format/component_order"] = "ZNE"
        file["data_format/sampling_rate"] = 20.0
        file["data/bucket0"] = data
    pd.DataFrame(
        {
            "trace_name": [f"bucket0${row},:3,:1140" for row in range(24)],
            "trace_cluster_id": (table["latitude"] > -21.0).astype(int),
            "trace_category": "earthquake_local",
            "split": "train",
            "source_origin_time": table["origin_time"].str.replace("/", "-"),
            "source_longitude_deg": table["longitude"],
            "source_latitude_deg": table["latitude"],
            "source_depth_km": table["depth_km"],
            "station_longitude_deg": table["station_longitude"],
            "station_latitude_deg": table["station_latitude"],
        }
    ).to_csv(folder / "metadata.csv", index=False)
    out = tmp_path / "model"
    done = command("train", "--recipe", few / "recipe.yaml", "--data", folder, "--out", out)
    assert done.exit_code == 0, done.output
    scores = json.loads(command("evaluate", out, folder, "--json").stdout)
    assert scores["n"] == 24
    assert scores["labels"] == ["noise", "0", "1"]


def test_temperature_of_a_block_comes_from_the_other_blocks(rng):
    from mainshock.detect.regions.fold_scores import calibrated_blocks
    from mainshock.detect.regions.heads import fit_temperature

    truth = [rng.integers(0, 3, 60) for _ in range(3)]
    logits = [
        scale * (rng.normal(size=(60, 3)) + 2.0 * np.eye(3)[right])
        for scale, right in zip((1.0, 3.0, 6.0), truth, strict=True)
    ]
    found, every = calibrated_blocks(logits, truth)
    assert every == fit_temperature(np.concatenate(logits), np.concatenate(truth))
    others = fit_temperature(np.concatenate(logits[1:]), np.concatenate(truth[1:]))
    expected = np.exp(logits[0] / others)
    np.testing.assert_allclose(found[0], expected / expected.sum(axis=1, keepdims=True))
    changed, _ = calibrated_blocks(logits, [2 - truth[0], *truth[1:]])
    np.testing.assert_array_equal(changed[0], found[0])


@pytest.fixture
def copied(pb01):
    """Twenty events, each with a changed copy, and noise between and around them."""
    windows = read_windows(pb01, 20.0)
    events = windows.take(np.repeat(np.arange(20), 2))
    events.table["trace_augmentation"] = np.tile([None, "noise"], 20)
    times = np.unique(events.column("time_s"))
    noise = windows.take(np.arange(22))
    noise.table["time_s"] = np.r_[times[0] - 60.0, times + 1.0, np.nan]
    for row, record in enumerate(noise.records):
        noise.records[row] = np.full_like(record, row)
    events = type(events)(events.records, events.table, 20.0, starts_at_origin=False)
    return events, noise


@pytest.mark.parametrize("head", ["original", "improved"])
def test_a_fold_learns_neither_from_its_noise_nor_is_tested_on_copies(
    head, copied, tmp_path, monkeypatch, few
):
    from mainshock.detect.regions import train_improved, train_original

    events, noise = copied
    seen, tested = [], []

    def sampler(_records, _arrivals, quiet, *_):
        seen.append({int(one[0, 0]) for one in quiet})

    def draw(_part, quiet, *_):
        seen.append({int(one[0, 0]) for one in quiet.records})

    monkeypatch.setattr(train_improved, "ArrivalSampler", sampler)
    monkeypatch.setattr(train_original, "_Draw", draw)
    for module in (train_improved, train_original):
        monkeypatch.setattr(module, "fit_network", lambda *_, **__: 1)
        scores = module.score_blocks
        monkeypatch.setattr(
            module, "score_blocks", lambda *found, s=scores: tested.append(found[2]) or s(*found)
        )
    recipe = recipe_from_options(
        few / "recipe.yaml", data_dir=few, head=head, n_clusters=3, window_samples=1001
    )
    scheme = choose_scheme(
        events, n_clusters=3, label_column=None, clusters_path=None, seed=0
    )  # fmt: skip
    if head == "original":
        training = train_original.OriginalTraining(
            events, noise, lambda _: scheme, recipe, tmp_path
        )
    else:
        training = train_improved.ImprovedTraining(
            events, noise, lambda _: scheme, None, recipe, tmp_path
        )
    monkeypatch.setattr(type(training), "_export", lambda *_: 0.0)
    result, _ = training.run(lambda _: None)
    everything, first, second = seen[:3]
    assert everything == set(range(22))
    # ten events a fold; row 10 is noise after the tenth, so of the second; row 21 has no time
    assert first == set(range(10, 21))
    assert second == set(range(10)) | {21}
    assert [len(one) for one in tested[0]] == [10, 10]
    assert result["metrics"]["regions"]["n"] == 20


def test_a_model_no_better_than_the_most_frequent_region_is_told():
    from mainshock.detect.regions.train import _no_better

    def scores(ours: float, majority: float) -> dict:
        return {
            "cross_validation": {"regions": {"accuracy": ours}, "majority": {"accuracy": majority}}
        }

    assert _no_better(scores(0.9, 0.5)) == []
    assert "most frequent region" in _no_better(scores(0.4, 0.5))[0]
    assert _no_better({}) == []


def windows_with(**columns):
    """Windows of forty events in four groups, with further columns."""
    place = np.repeat([0.0, 1.0, 2.0, 3.0], 10) + np.tile(np.linspace(0.0, 0.1, 10), 4)
    table = pd.DataFrame(
        {
            "longitude": place,
            "latitude": 0.1 * place,
            "depth_km": 10.0,
            "is_noise": False,
            **columns,
        }
    )
    samples = [np.zeros((3, 8), dtype=np.float32)] * len(table)
    return RegionWindows(samples, table, 20.0, starts_at_origin=False)


OPTIONS = {"n_clusters": None, "label_column": None, "clusters_path": None, "seed": 0}


@pytest.mark.parametrize("n_clusters", [None, 4])
def test_a_column_with_one_region_gives_way_to_k_means(n_clusters):
    """Windows cut from a catalogue without clusters are all of region 0."""
    windows = windows_with(trace_cluster_id=0)
    scheme = choose_scheme(windows, **(OPTIONS | {"n_clusters": n_clusters}))
    assert len(scheme) == (n_clusters or 6)
    assert scheme.clusters is not None
    assert len(set(scheme.truth(windows.table))) >= 4


def test_a_column_with_several_regions_decides():
    windows = windows_with(trace_cluster_id=np.repeat([0, 2, 2, np.nan], 10))
    scheme = choose_scheme(windows, **OPTIONS)
    assert (scheme.column, scheme.names) == ("trace_cluster_id", ("0", "1", "2"))


@pytest.mark.parametrize("column", [0, np.repeat([0, 1], 20)])
def test_fewer_than_two_regions_are_refused(column):
    with pytest.raises(DataError, match="n-clusters"):
        choose_scheme(windows_with(trace_cluster_id=column), **(OPTIONS | {"n_clusters": 1}))
