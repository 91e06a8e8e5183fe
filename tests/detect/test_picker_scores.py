import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.detect.evaluate import WindowResult, evaluate_picker, score_windows
from mainshock.sources.seisbench_writer import SeisBenchWriter


def result(label=None, picked=(), unlabelled=(), *, is_noise=False, phase="P"):
    other = "S" if phase == "P" else "P"
    return WindowResult(
        arrivals_s={} if label is None else {phase: label},
        unlabelled=frozenset(unlabelled),
        dataset="noise" if is_noise else "set",
        is_noise=is_noise,
        picked_s={phase: list(picked), other: []},
    )


def p_score(results, tolerance="0.5"):
    return score_windows(results)["phases"]["P"][tolerance]


def test_a_pick_within_the_tolerance_is_a_hit():
    score = p_score([result(10.0, [10.4])])
    assert (score["precision"], score["recall"], score["f1"], score["n"]) == (1.0, 1.0, 1.0, 1)
    assert score["mae_s"] == pytest.approx(0.4)
    assert p_score([result(10.0, [10.4])], "0.2")["f1"] == 0.0


def test_a_late_pick_is_a_miss_and_false():
    score = p_score([result(10.0, [11.0])])
    assert score["precision"] == score["recall"] == 0.0
    assert score["residual_mean_s"] is None


def test_every_surplus_pick_is_false_even_inside_the_tolerance():
    score = p_score([result(10.0, [10.0, 10.3, 30.0])])
    assert score["precision"] == pytest.approx(1 / 3)
    assert score["recall"] == 1.0


def test_unlabelled_phases_are_neither_right_nor_wrong():
    score = p_score([result(10.0, [10.0]), result(None, [5.0, 7.0], unlabelled=["P"])])
    assert score["f1"] == 1.0


def test_noise_counts():
    scores = score_windows([result(10.0, [10.0]), result(None, [3.0], is_noise=True)])
    assert scores["noise_windows"] == {"n": 1, "with_pick": 1}
    assert scores["phases"]["P"]["0.5"]["precision"] == 0.5


def test_no_windows_of_a_phase_give_zero_not_an_error():
    scores = score_windows([result(10.0, [10.0])])["phases"]["S"]["0.5"]
    assert scores["n"] == 0
    assert scores["f1"] == 0.0


def test_f1_agrees_with_scikit_learn_on_presence():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(2)
    truth, found = rng.random(200) < 0.5, rng.random(200) < 0.6
    results = [
        result(10.0 if is_there else None, [10.0] if is_picked else [])
        for is_there, is_picked in zip(truth, found, strict=True)
    ]
    assert p_score(results)["f1"] == pytest.approx(f1_score(truth, found))


class Silent:
    """A picker of windows of 10 s that finds nothing."""

    name, window_s = "silent", 10.0

    def classify(self, waveform):
        return []


def write_rates(folder, rates):
    """Write a dataset whose file states no rate, and windows of its first trace and of all."""
    with SeisBenchWriter(folder, 100.0) as writer:
        for number in range(len(rates)):
            writer.add(np.ones((3, 3000), dtype=np.float32), {"number": number})
    with h5py.File(folder / "waveforms.hdf5", "a") as file:
        del file["data_format/sampling_rate"]
    table = pd.read_csv(folder / "metadata.csv").assign(trace_sampling_rate_hz=rates)
    table.to_csv(folder / "metadata.csv", index=False)
    windows = table[["trace_name"]].assign(start_sample=0, npts=500)
    windows[:1].to_csv(folder / "first.csv", index=False)
    windows.to_csv(folder / "all.csv", index=False)


def test_a_row_without_a_rate_matters_only_where_its_window_is_asked_for(tmp_path):
    write_rates(tmp_path, [100.0, np.nan])
    scores = evaluate_picker(Silent(), tmp_path, tmp_path / "first.csv")
    assert scores["model"] == "silent"
    with pytest.raises(DataError, match=r"bucket0\$1.* has no trace_sampling_rate_hz"):
        evaluate_picker(Silent(), tmp_path, tmp_path / "all.csv")


def test_a_dataset_without_any_rate_says_what_to_fill_in(tmp_path):
    write_rates(tmp_path, [np.nan, np.nan])
    with pytest.raises(DataError, match="none of 2 rows"):
        evaluate_picker(Silent(), tmp_path, tmp_path / "first.csv")
