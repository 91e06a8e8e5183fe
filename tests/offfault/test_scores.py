"""Scores of estimates, against numbers worked out by hand."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.scores import (
    condition_of,
    is_within_2sd,
    score,
    score_by_condition,
    score_by_run,
)
from mainshock.offfault.windows import LabelledWindows


def labelled(ke: list[float], sd: list[float], run: list[str]) -> LabelledWindows:
    n = len(ke)
    return LabelledWindows(
        maps=np.zeros((n, 128, 64), dtype=np.uint8),
        ke=np.array(ke),
        sd=np.array(sd),
        run=np.array(run),
        frame=np.arange(n),
        first_column=np.zeros(n, dtype=np.int64),
        source="synthetic",
    )


def estimated(ke: list[float], half_width: float = 0.1) -> Efficiency:
    values = np.array(ke)
    return Efficiency(
        values, np.full(values.size, 0.05), values - half_width, values + half_width,
        np.zeros(values.size),
    )  # fmt: skip


FOUR = labelled(
    [0.2, 0.5, 0.75, 0.9],
    [0.1, 0.125, 0.0625, 0.01],
    ["EB_050_1", "EB_050_2", "PP_150_1", "PP_150_1"],
)
ESTIMATES = estimated([0.3, 0.75, 0.9375, 0.92])


def test_scores_by_hand() -> None:
    found = score(FOUR, ESTIMATES)
    assert (found.n, found.n_runs) == (4, 3)
    # errors 0.1 of 0.2, 0.25 of 0.25, 0.1875 of 0.125, 0.02 of 0.02
    assert is_within_2sd(FOUR, ESTIMATES.ke).tolist()[:3] == [True, True, False]
    assert found.mae == pytest.approx((0.1 + 0.25 + 0.1875 + 0.02) / 4)
    assert found.bias == pytest.approx(found.mae)
    assert found.coverage90 == 0.5
    assert found.width90 == pytest.approx(0.2)
    assert found.r == pytest.approx(np.corrcoef(FOUR.ke, ESTIMATES.ke)[0, 1])


def test_an_error_of_exactly_2sd_counts_as_right() -> None:
    exact = labelled([0.5], [0.125], ["a"])
    assert score(exact, estimated([0.75])).within_2sd == 1.0
    assert score(exact, estimated([0.7500001])).within_2sd == 0.0


def test_intervals_span_what_runs_show() -> None:
    runs = [f"r{number:02d}" for number in np.repeat(np.arange(20), 5)]
    windows = labelled([0.5] * 100, [0.05] * 100, runs)
    # half of the runs are missed by 0.2, the others by nothing
    found = score(windows, estimated([0.7 if int(run[1:]) % 2 else 0.5 for run in runs]))
    low, high = found.mae95
    assert found.mae == pytest.approx(0.1)
    # the standard error of 20 runs of 0 or 0.2 is 0.2 * 0.5 / sqrt(20)
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(20), rel=0.2)
    assert found.within_2sd95[0] < found.within_2sd < found.within_2sd95[1]
    assert score(windows, estimated([0.5] * 100)).mae95 == (0.0, 0.0)


def test_a_single_run_shows_no_spread() -> None:
    found = score(labelled([0.1, 0.2], [0.1, 0.1], ["a", "a"]), estimated([0.1, 0.3]))
    assert np.isnan(found.mae95).all()


def test_estimates_without_interval_have_no_coverage() -> None:
    found = score(FOUR, estimated([0.3, 0.5, 0.7, 0.9], half_width=float("nan")))
    assert np.isnan(found.coverage90)
    assert np.isnan(found.width90)
    assert found.mae == pytest.approx((0.1 + 0.05) / 4)


def test_scores_by_run_and_by_condition() -> None:
    by_run = score_by_run(FOUR, ESTIMATES)
    assert {name: one.n for name, one in by_run.items()} == {
        "EB_050_1": 1, "EB_050_2": 1, "PP_150_1": 2,
    }  # fmt: skip
    by_condition = score_by_condition(FOUR, ESTIMATES)
    assert {name: one.n for name, one in by_condition.items()} == {
        "EB 0.50 mm/min": 2, "PP 1.50 mm/min": 2,
    }  # fmt: skip
    assert by_condition["EB 0.50 mm/min"].mae == pytest.approx(0.175)


@pytest.mark.parametrize(
    ("run", "condition"),
    [("PP_025_2", "PP 0.25 mm/min"), ("EB_0123", "other"), ("fig1d", "other"), ("E280", "other")],
)
def test_names_of_runs_tell_the_condition(run: str, condition: str) -> None:
    assert condition_of(run) == condition


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_order_of_windows_does_not_matter(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    windows = labelled(
        rng.random(n).tolist(), rng.random(n).tolist(), [f"r{i}" for i in rng.integers(4, size=n)]
    )
    estimates = rng.random(n)
    order = rng.permutation(n)
    one = score(windows, estimated(estimates.tolist()), n_draws=20)
    other = score(windows.take(order), estimated(estimates[order].tolist()), n_draws=20)
    for name in ("within_2sd", "mae", "bias", "coverage90", "width90", "mae95"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True, abs=1e-12)


def test_every_window_needs_an_estimate() -> None:
    with pytest.raises(DataError, match="4 labelled windows and 1 estimates"):
        score(FOUR, estimated([0.5]))


def test_scores_need_no_torch() -> None:
    code = "import sys, mainshock.offfault.scores; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
