import numpy as np
import pytest

from mainshock.detect.evaluate import WindowResult, score_windows


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
