"""Classifiers learn what can be learnt, say what they do not know, and look at nothing else."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone

from mainshock.core.errors import DataError
from mainshock.megathrust.along_trench import AlongTrenchKernel, AlongTrenchProcess
from mainshock.megathrust.applicability import Applicability
from mainshock.megathrust.combined import CombinedClassifier
from mainshock.megathrust.conformal import ConformalSets
from mainshock.megathrust.location_only import NearestAlongTrench, RegionPrior
from mainshock.megathrust.models import boosting, extra_trees, logistic
from mainshock.megathrust.ordinal import CensoredOrdinal
from mainshock.megathrust.registry import SEGMENT_CLASSIFIERS
from mainshock.megathrust.scores import score_probabilities
from mainshock.megathrust.splits import ExclusionDistance, LeaveRegionOut
from mainshock.megathrust.tuned import TunedTrees

sys.path.insert(0, str(Path(__file__).parent))
from made_up import data, table

TORCHLESS = [name for name in SEGMENT_CLASSIFIERS.names() if "network" not in name]


@pytest.mark.parametrize("name", TORCHLESS)
def test_probabilities_sum_to_one_and_a_clone_gives_the_same(name: str) -> None:
    made = data(0, planted=0.8)
    train, test = next(ExclusionDistance(50.0).split(made.table))
    known, asked = made.table.iloc[train], made.table.iloc[test]
    model = SEGMENT_CLASSIFIERS.load(name)()
    found = model.fit(known, made.y[train]).predict_proba(asked)
    assert found.shape == (test.size, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    again = clone(model).fit(known, made.y[train]).predict_proba(asked)
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("make", [extra_trees, boosting, logistic])
def test_feature_models_find_a_planted_driver(make) -> None:
    made = data(1, planted=1.0)
    for train, test in ExclusionDistance(100.0).split(made.table):
        model = make().fit(made.table.iloc[train], made.y[train])
        found = score_probabilities(made.y[test], model.predict_proba(made.table.iloc[test]))
        assert found.auc > 0.8


def test_missing_values_are_taken_and_absent_columns_too() -> None:
    made = data(2, planted=1.0)
    holes = made.table.copy()
    holes.loc[::3, "NOISE_3"] = np.nan
    model = extra_trees().fit(holes, made.y)
    assert np.isfinite(model.predict_proba(holes.drop(columns="NOISE_5"))).all()
    with pytest.raises(DataError, match="none of the 12 features"):
        model.predict_proba(holes[["region", "index", "s_km"]])


def test_classifiers_of_features_do_not_know_where_a_segment_is() -> None:
    made = data(3, planted=0.5)
    moved = made.table.assign(region="elsewhere", s_km=0.0)
    model = extra_trees().fit(made.table, made.y)
    np.testing.assert_array_equal(model.predict_proba(made.table), model.predict_proba(moved))


def test_process_along_the_trench_is_less_sure_farther_away() -> None:
    made = table(0)[:60].assign(region="a")
    y = np.ones(60, int)
    y[30:] = 0
    process = AlongTrenchProcess(AlongTrenchKernel(16.0, 300.0, 0.0)).fit(made[:30], y[:30])
    probability = process.predict_proba(made)[:, 1]
    assert (np.diff(probability[30:]) < 0.0).all()
    assert (probability > 0.5).all()


def test_laplace_gives_the_mode_of_the_posterior() -> None:
    """At the mode the latent values are the covariance times the slope of the likelihood."""
    made = table(5)[:40].assign(region="a")
    y = (made["m_max"] >= 8.0).to_numpy(int)
    process = AlongTrenchProcess(AlongTrenchKernel(4.0, 600.0, 0.2)).fit(made, y)
    covariance = process.places_.covariance(process.places_, process.kernel_)
    latent = covariance @ process.posterior_.weights
    np.testing.assert_allclose(process.posterior_.weights, y - expit(latent), atol=1e-6)


def test_process_knows_two_classes() -> None:
    with pytest.raises(DataError, match="two classes"):
        AlongTrenchProcess().fit(table(0), np.arange(420) % 3)


def test_nearest_and_prior_do_what_they_say() -> None:
    made = table(0)[:6].assign(region=["a", "a", "a", "b", "b", "b"], s_km=[0, 50, 100, 0, 50, 100])
    y = np.array([1, 1, 0, 0, 0, 0])
    asked = made.iloc[[0, 5]].assign(region=["a", "c"], s_km=[90.0, 0.0])
    assert NearestAlongTrench(1).fit(made, y).predict_proba(asked)[:, 1].tolist() == [0.0, 1 / 3]
    assert RegionPrior().fit(made, y).predict_proba(asked)[:, 1].tolist() == [2 / 3, 1 / 3]


def test_combined_uses_features_where_it_knows_no_segment() -> None:
    made = data(6, planted=1.0)
    train, test = next(LeaveRegionOut().split(made.table))
    known, asked = made.table.iloc[train], made.table.iloc[test]
    model = CombinedClassifier(n_estimators=50).fit(known, made.y[train])
    alone = extra_trees(0, 50).fit(known, made.y[train])
    expected = np.clip(alone.predict_proba(asked), 1e-3, 1.0 - 1e-3)
    np.testing.assert_allclose(model.predict_proba(asked), expected, atol=1e-9)


def test_combined_orders_three_classes() -> None:
    made = data(7, planted=0.9, n_classes=3)
    train, test = next(ExclusionDistance(100.0).split(made.table))
    model = CombinedClassifier(n_estimators=50).fit(made.table.iloc[train], made.y[train])
    found = model.predict_proba(made.table.iloc[test])
    assert found.shape == (test.size, made.y.max() + 1)
    assert (found >= -1e-12).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_sets_cover_and_hold_the_likeliest_class() -> None:
    made = data(8, planted=0.9)
    covered, sizes = [], []
    for train, test in ExclusionDistance(100.0).split(made.table):
        known, y = made.table.iloc[train], made.y[train]
        model = extra_trees(0, 50).fit(known, y)
        conformal = ConformalSets.calibrated(model, known, y, 2)
        asked = made.table.iloc[test]
        probability = model.predict_proba(asked)
        sets = conformal.sets(asked, probability)
        assert sets[np.arange(test.size), probability.argmax(axis=1)].all()
        covered.append(sets[np.arange(test.size), made.y[test]])
        sizes.append(sets.sum(axis=1))
    assert np.concatenate(covered).mean() > 0.85
    assert np.concatenate(sizes).mean() < 1.6


def test_what_is_far_from_all_that_was_learnt_is_outside() -> None:
    made = data(9, planted=1.0)
    trees = extra_trees(0, 50).fit(made.table, made.y)
    applicability = Applicability.of(made.table, trees)
    assert (applicability.share(made.table) == 1.0).all()
    far = made.table.assign(**{f"NOISE_{number}": 50.0 for number in range(12)})
    assert (applicability.share(far) == 0.0).all()


def test_censoring_raises_what_was_not_seen() -> None:
    """A segment that has not broken yet may still; the more so the shorter the catalogue."""
    made = data(10, planted=0.5, n_classes=3)
    blind = CensoredOrdinal(censored_share=0.0).fit(made.table, made.y)
    aware = CensoredOrdinal(censored_share=0.6).fit(made.table, made.y)
    quiet = made.table[made.y == 0]
    assert aware.predict_proba(quiet)[:, 0].mean() < blind.predict_proba(quiet)[:, 0].mean()


def test_ordinal_finds_a_planted_driver() -> None:
    made = data(11, planted=1.0, n_classes=3)
    train, test = next(ExclusionDistance(100.0).split(made.table))
    model = CensoredOrdinal().fit(made.table.iloc[train], made.y[train])
    found = score_probabilities(made.y[test], model.predict_proba(made.table.iloc[test]))
    assert found.auc > 0.8


def test_search_takes_the_best_of_what_it_tried() -> None:
    pytest.importorskip("optuna")
    made = data(12, planted=0.9)
    train, test = next(ExclusionDistance(100.0).split(made.table))
    model = TunedTrees(n_trials=3).fit(made.table.iloc[train], made.y[train])
    known, y = made.table.iloc[train], made.y[train]
    worse = {"max_features": 0.1, "min_samples_leaf": 60, "class_weight": None}
    assert model._loss(model.settings_, known, y) < model._loss(worse, known, y)
    found = score_probabilities(made.y[test], model.predict_proba(made.table.iloc[test]))
    assert found.auc > 0.8


def test_a_table_without_what_the_trees_go_by_is_outside() -> None:
    made = data(9, planted=1.0)
    trees = extra_trees(0, 50).fit(made.table, made.y)
    applicability = Applicability.of(made.table, trees)
    assert (applicability.share(made.table.drop(columns="NOISE_5")) > 0.0).all()
    kept = made.table[["region", "index", "s_km", "NOISE_5"]]
    assert (applicability.share(kept) == 0.0).all()
