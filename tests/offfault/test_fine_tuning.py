"""Fine-tuning on real windows: nothing that is scored was seen, and all of it ends in a folder."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.offfault import fine_tuning
from mainshock.offfault.fine_tuning import (
    FineTuningSettings,
    fine_tune,
    frame_groups,
    left_out_estimates,
    recalibrate,
)
from mainshock.offfault.laboratory_windows import read_laboratory_figures
from mainshock.offfault.run_folder import open_network, read_network, read_params
from mainshock.offfault.scores import score
from mainshock.offfault.training import TrainingSettings, train_network
from mainshock.offfault.windows import LabelledWindows

QUICK = FineTuningSettings(epochs=20, learning_rate=2e-5, augment=False, repeats=1)


def made_up(n: int, run: str, factor: float, seed: int) -> LabelledWindows:
    """Windows with a fault along a part of the strike; efficiency is that part times a factor."""
    rng = np.random.default_rng(seed)
    share = rng.random(n)
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    for one, part in zip(maps, share, strict=True):
        one[60:64, : round(64 * part)] = 1
    return LabelledWindows(
        maps=maps,
        ke=factor * share,
        sd=np.full(n, 0.05),
        run=np.full(n, run),
        frame=np.repeat(np.arange(n // 3), 3),
        first_column=np.zeros(n, dtype=np.int64),
        source="synthetic",
    )


FIRST, REAL = made_up(120, "EB_050_1", 1.0, 0), made_up(12, "EB_050_1", 0.6, 1)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    settings = TrainingSettings(epochs=15, batch_size=40, augment=False, seed=1)
    yield train_network(
        "kenet", FIRST, made_up(30, "a", 1.0, 2), settings, tmp_path_factory.mktemp("run")
    )
    torch.set_num_threads(before)


def test_fine_tuning_fits_frames_it_never_saw(start: Path, tmp_path: Path) -> None:
    said: list[str] = []
    found = fine_tune(start, REAL, QUICK, tmp_path / "tuned", progress=said.append)
    assert len(said) == 4  # a line for each frame
    assert len(found.efficiency) == found.scores.n == 12
    assert found.scores.mae == score(REAL, found.efficiency).mae
    assert found.before.mae == score(REAL, open_network(start).predict(REAL.maps)).mae
    # a slope is what changed, and a line finds it
    assert found.recalibrated["affine"].mae < found.before.mae
    params = read_params(found.folder)
    assert params["fine_tuning"]["left_out"]["mae"] == found.scores.mae
    assert params["fine_tuning"]["data"]["n"] == 12
    assert params["network"] == "kenet"
    # scores of the first training are not those of this network
    assert set(params["best"]["loss"]) == {"sd_scale", "quantile90"}
    tuned = open_network(found.folder).predict(REAL.maps)
    assert np.abs(tuned.ke - REAL.ke).mean() < found.before.mae


def test_no_network_sees_the_frame_it_is_scored_on(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def remember(folder: Path, windows: LabelledWindows, *_: object) -> torch.nn.Module:
        seen.append(set(frame_groups(windows).tolist()))
        return read_network(folder)

    monkeypatch.setattr(fine_tuning, "_tuned", remember)
    found = fine_tune(start, REAL, QUICK, tmp_path / "tuned")
    everything = set(frame_groups(REAL).tolist())
    assert [everything - one for one in seen[:-1]] == [{name} for name in sorted(everything)]
    assert seen[-1] == everything  # the one that is kept
    # rows of the folds are put back in their order
    expected = open_network(start).predict(REAL.maps).ke
    np.testing.assert_allclose(found.efficiency.ke, expected, atol=1e-6)


def test_interval_of_a_frame_rests_on_the_others() -> None:
    groups = np.repeat(["a", "b"], 4)
    ke = np.array([0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4])
    output = (ke + np.repeat([0.3, 0.05], 4))[:, None]
    found = left_out_estimates(output, ke, groups)
    np.testing.assert_allclose(found.hi90 - found.ke, np.repeat([0.05, 0.3], 4))


def test_recalibration_leaves_the_group_out() -> None:
    estimate = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 0.2])
    ke = 0.5 * estimate + 0.1
    ke[5] = 0.9  # odd, and alone in its group
    groups = np.array(["a", "a", "b", "b", "c", "d"])
    found = recalibrate("affine", estimate, ke, groups)
    assert found.ke[5] == pytest.approx(0.5 * 0.2 + 0.1)
    rising = recalibrate("isotonic", estimate, ke, groups)
    assert 0.15 <= rising.ke[5] <= 0.25
    with pytest.raises(SettingsError, match="affine, isotonic"):
        recalibrate("magic", estimate, ke, groups)


def test_rehearsed_windows_are_named_apart(rng: np.random.Generator) -> None:
    # both sets have a run of the same name
    together = fine_tuning._with_rehearsal(REAL, FIRST, 4, rng)
    assert len(together) == 5 * len(REAL)
    assert set(together.run[len(REAL) :].tolist()) == {"rehearsal EB_050_1"}
    assert len(fine_tuning._with_rehearsal(REAL, FIRST, 100, rng)) == len(REAL) + len(FIRST)
    assert fine_tuning._with_rehearsal(REAL, FIRST, 0, rng) is REAL


def test_repeated_trainings_are_averaged(start: Path) -> None:
    quick = replace(QUICK, epochs=2)
    single = [
        fine_tuning._tuned(start, REAL, replace(quick, seed=seed), None).state_dict()
        for seed in (0, 1)
    ]
    both = fine_tuning._tuned(start, REAL, replace(quick, repeats=2), None).state_dict()
    for name, one in both.items():
        mean = 0.5 * (single[0][name].double() + single[1][name].double())
        torch.testing.assert_close(one, mean.to(one.dtype), atol=1e-7, rtol=1e-5)
    assert any(not torch.equal(single[0][name], single[1][name]) for name in both)


def test_statistics_of_the_batch_normalisation_stay(start: Path) -> None:
    before = read_network(start).state_dict()
    after = fine_tuning._tuned(start, REAL, QUICK, None).state_dict()
    for name, one in before.items():
        assert torch.equal(one, after[name]) == ("running" in name or "num_batches" in name)


def test_one_frame_cannot_be_left_out(start: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 frame"):
        fine_tune(start, REAL.take(np.arange(3)), QUICK, tmp_path / "tuned")
    with pytest.raises(SettingsError, match="must be positive"):
        FineTuningSettings(epochs=0)


def test_windows_of_the_figures(data_dir: Path) -> None:
    windows = read_laboratory_figures(data_dir / "offfault" / "lab")
    assert len(windows) == 22
    groups = frame_groups(windows)
    assert np.unique(groups).size == 12  # 6 insets, 3 frames of one figure, 3 of another
    assert (groups == "EB_050_1 100").sum() == 5
    assert windows.sd[windows.run == "fig1d"].tolist() == [0.08] * 3
    assert windows.ke[windows.run == "fig3_t9"].tolist() == [0.92]
    assert windows.first_column.max() == 200


def test_labels_without_windows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lacks"):
        read_laboratory_figures(tmp_path)
    np.savez(tmp_path / "windows.npz", fault=np.zeros((1, 128, 64), np.uint8), id=np.array(["a_0"]))
    names = ["id", "experiment", "frame", "window", "ke", "sd"]
    for one, message in (("b", "do not belong together"), ("a_0", None)):
        with (tmp_path / "labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows([names, [one, "", "7", "", "0.5", ""]])
        if message:
            with pytest.raises(DataError, match=message):
                read_laboratory_figures(tmp_path)
    found = read_laboratory_figures(tmp_path)
    assert (found.run[0], found.frame[0], found.sd[0]) == ("a", 7, 0.08)


@pytest.mark.parametrize(
    ("head", "line", "told"),
    [
        ("id,experiment,frame", "a_0,,7", "window, ke, sd"),
        ("id,experiment,frame,window,ke,sd", "a_0,,7,,much,", "much"),
        ("id,experiment,frame,window,ke,sd", "a_0,,first,,0.5,", "first"),
        ("id,experiment,frame,window,ke,sd", "a_0,,7", "give numbers"),
        ("", "", "lacks the columns"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, head: str, line: str, told: str) -> None:
    np.savez(tmp_path / "windows.npz", fault=np.zeros((1, 128, 64), np.uint8), id=np.array(["a_0"]))
    (tmp_path / "labels.csv").write_text(f"{head}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_laboratory_figures(tmp_path)


def test_damaged_windows_of_the_figures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "windows.npz"
    np.savez(path, fault=np.zeros((1, 128, 64), np.uint8), id=np.array(["a_0"]))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="holds no windows"):
        read_laboratory_figures(tmp_path)
