"""Scores: uniform where the truth is one more draw, and off where it is not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.geo import LocalFrame
from mainshock.core.records import PosteriorSamples
from mainshock.locate.scores import (
    TrueHypocentre,
    density_rank,
    draw_scores,
    share,
    summarise,
    uniformity,
)


def ring(n, rng):
    angle, radius = rng.uniform(0.0, 2.0 * np.pi, n), rng.normal(50.0, 2.0, n)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def two_modes(n, rng):
    return rng.normal(0.0, 1.0, (n, 2)) + 30.0 * rng.choice([-1.0, 1.0], (n, 1))


@pytest.mark.parametrize("shape", [ring, two_modes])
def test_the_rank_of_one_more_draw_is_uniform(shape, rng):
    ranks = [
        density_rank(draws[1:], draws[0], rng) for draws in (shape(80, rng) for _ in range(600))
    ]
    assert uniformity(np.array(ranks))["p_value"] > 0.01


def test_a_truth_outside_the_draws_has_a_rank_near_one(rng):
    draws = rng.normal(0.0, 1.0, (400, 2))
    assert density_rank(draws, np.array([9.0, 0.0]), rng) > 0.995
    assert density_rank(draws, np.zeros(2), rng) < 0.2


def test_errors_stated_too_small_are_seen(rng):
    ranks = np.array(
        [
            density_rank(rng.normal(0.0, 0.5, (60, 2)), rng.normal(0.0, 1.0, 2), rng)
            for _ in range(300)
        ]
    )
    assert (ranks < 0.68).mean() < 0.4
    assert uniformity(ranks)["p_value"] < 1e-6


@given(longitude=st.floats(-180.0, 180.0), latitude=st.floats(-84.0, 84.0))
@settings(max_examples=25)
def test_ranks_of_draws_hold_anywhere_on_earth(longitude, latitude):
    """Draws a km east, north and below the truth put it below all of them."""
    frame = LocalFrame(longitude, latitude)
    shift = np.linspace(0.5, 1.5, 40)
    samples = PosteriorSamples(*frame.to_geographic(shift, shift), 10.0 + shift, shift)
    truth = TrueHypocentre(longitude, latitude, 10.0, 0.0)
    scores = draw_scores(samples, truth, np.random.default_rng(0))
    assert all(scores[f"pit_{name}"] < 1 / 41 for name in ("east", "north", "depth", "time"))


def test_unknown_depths_have_no_rank(rng):
    samples = PosteriorSamples(*rng.normal(10.0, 0.01, (2, 50)), np.full(50, 5.0), np.zeros(50))
    scores = draw_scores(samples, TrueHypocentre(10.0, 10.0, float("nan"), 0.0), rng)
    assert np.isnan([scores["pit_depth"], scores["rank_hypocentre"]]).all()
    assert 0.0 < scores["rank_epicentre"] < 1.0


def test_shares_carry_their_binomial_interval():
    found = share([1.0, 1.0, 0.0, np.nan])
    assert found["n"] == 3
    assert found["observed"] == pytest.approx(2 / 3, abs=1e-6)
    # Clopper and Pearson (1934) for 2 of 3
    assert found["interval95"] == pytest.approx([0.094299, 0.991596], abs=1e-5)
    assert share(()) == {"observed": None, "interval95": None, "n": 0}


def table(n, rng, sd=1.0):
    east, north, depth, seconds = rng.normal(0.0, sd, (4, n))
    return pd.DataFrame(
        {
            "epicentral_error_km": np.hypot(east, north),
            "depth_error_km": depth,
            "time_error_s": seconds,
            **dict.fromkeys(("east_sd_km", "north_sd_km", "depth_sd_km", "time_sd_s"), 1.0),
            "inside_0.68": (np.hypot(east, north) < 1.51).astype(float),
            "azimuthal_gap_deg": rng.choice([60.0, 100.0, 200.0, 360.0], n),
            "n_picks": rng.integers(4, 6, n).astype(float),
        }
    )


def test_honest_errors_have_a_ratio_of_one_to_their_sd(rng):
    scores = summarise(table(4000, rng), (0.68,))
    for found in scores["error_over_sd"].values():
        assert found["rms"] == pytest.approx(1.0, abs=0.05)
    wrong = summarise(table(4000, rng, sd=2.0), (0.68,))
    assert wrong["error_over_sd"]["depth"]["rms"] == pytest.approx(2.0, abs=0.1)


def test_classes_hold_all_events_once(rng):
    scores = summarise(table(500, rng), (0.68,))["by_geometry"]
    gaps = {(row["from"], row["to"]): row["n"] for row in scores["azimuthal_gap_deg"]}
    assert set(gaps) == {(0.0, 90.0), (90.0, 120.0), (180.0, 270.0), (270.0, 360.0)}
    assert sum(gaps.values()) == 500
    assert sum(row["n"] for row in scores["n_picks"]) == 500
    assert scores["n_picks"][0]["coverage_0.68"]["n"] == scores["n_picks"][0]["n"]


def test_one_value_makes_one_class(rng):
    alike = table(50, rng).assign(azimuthal_gap_deg=360.0, n_picks=2.0)
    scores = summarise(alike, (0.68,))["by_geometry"]
    assert [row["n"] for row in scores["n_picks"]] == [50]
    assert [row["n"] for row in scores["azimuthal_gap_deg"]] == [50]
