"""Calibration: stated probabilities, thresholds and false-pick rates come out as constructed."""

import numpy as np
import pytest

from mainshock.detect.calibrate import (
    Candidates,
    calibrated_rules,
    compared,
    false_picks_per_hour,
    fitted_calibration,
    reliability,
)
from mainshock.detect.peaks import Calibration
from mainshock.detect.reliability_plot import plot_reliability


def synthetic(intercept: float = 0.0, slope: float = 1.0, n: int = 4000) -> Candidates:
    """Synthetic peaks whose height h is right with probability sigmoid(a + b logit h)."""
    rng = np.random.default_rng(7)
    height = rng.uniform(0.03, 0.97, n)
    right = 1.0 / (1.0 + np.exp(-intercept - slope * np.log(height / (1.0 - height))))
    hit = rng.random(n) < right
    residual = np.where(hit, 0.04 + rng.normal(0.0, 0.05, n), np.inf)
    return Candidates(
        height=list(height),
        residual_s=list(residual),
        width_s=[0.4] * n,
        window=list(range(n)),
        is_noise=[not one for one in hit],
        dataset=["manual"] * n,
        n_labels=int(hit.sum()),
        n_noise=100 * n,  # so many that no threshold is forbidden
        noise_hours=10.0,
    )


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (1.5, 0.7), (-2.0, 1.8)])
def test_calibration_recovers_the_map_that_made_the_peaks(intercept, slope):
    fitted = fitted_calibration(synthetic(intercept, slope))
    assert fitted.intercept == pytest.approx(intercept, abs=0.15)
    assert fitted.slope == pytest.approx(slope, abs=0.12)


def test_out_of_fold_error_is_small_and_counts_every_peak():
    found = reliability(synthetic(-1.0, 2.0))
    assert found["ece"] < 0.03
    assert sum(row["n"] for row in found["bins"]) == found["n"]
    assert min(row["stated"] for row in found["bins"]) >= 0.05


def test_too_few_wrong_peaks_leave_probabilities_as_they_are():
    found = Candidates(
        height=[0.9] * 9, residual_s=[0.0] * 9, width_s=[0.3] * 9, window=list(range(9))
    )
    assert fitted_calibration(found) == Calibration()
    assert reliability(found)["ece"] is None


def test_bias_and_sigma_are_those_of_the_residuals():
    rule = calibrated_rules({"P": synthetic()})["P"]
    assert rule.bias_s == pytest.approx(0.04, abs=0.01)
    sigma = np.hypot(rule.sigma_floor_s, rule.sigma_per_width * 0.4)
    assert sigma == pytest.approx(0.05, abs=0.01)


def test_bias_comes_from_the_timing_sets_alone_and_sigma_from_all():
    found = synthetic()
    found.dataset[:2000] = ["exact"] * 2000
    found.residual_s[2000:] = [time + 0.3 for time in found.residual_s[2000:]]
    rule = calibrated_rules({"P": found}, ["exact"])["P"]
    assert rule.bias_s == pytest.approx(0.04, abs=0.01)
    # half of the picks are 0.3 s off what the exact sets call the onset; sigma says so
    assert np.hypot(rule.sigma_floor_s, rule.sigma_per_width * 0.4) > 0.2


def test_false_picks_per_hour_brackets_the_rate():
    found = synthetic()
    rate = false_picks_per_hour(found, 0.5)
    count = sum(h >= 0.5 and noise for h, noise in zip(found.height, found.is_noise, strict=True))
    assert rate["rate"] == pytest.approx(count / 10.0)
    assert rate["low"] < rate["rate"] < rate["high"]


def test_calibration_keeps_order_and_ends():
    output = np.linspace(0.0, 1.0, 101, dtype=np.float32)
    raised = Calibration(1.0, 0.5).apply(output)
    assert (np.diff(raised) >= 0.0).all()
    assert raised.dtype == np.float32
    assert Calibration().apply(output) is output


def test_diagram_shows_both_phases():
    found = {"P": reliability(synthetic()), "S": reliability(synthetic(1.0, 0.8))}
    figure = plot_reliability(found, "synthetic")
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert [label[0] for label in labels] == ["P", "S"]


def test_a_picker_that_always_alarms_gets_the_threshold_with_fewest_alarms():
    heights = [0.9] * 100 + [0.95] * 8 + [0.5] * 12
    residuals = [0.0] * 100 + [np.inf] * 20
    found = Candidates(
        height=heights,
        residual_s=residuals,
        width_s=[0.3] * 120,
        window=list(range(120)),
        is_noise=[False] * 100 + [True] * 20,
        dataset=["set"] * 120,
        n_labels=100,
        n_noise=100,
    )
    assert calibrated_rules({"P": found})["P"].threshold >= 0.52


def test_a_handful_of_peaks_gives_no_diagram():
    stated = np.array([0.01] * 50 + [0.2] * 5)
    assert compared(stated, stated > 0.1) == {"ece": None, "n": 5, "bins": []}
