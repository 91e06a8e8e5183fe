"""Models kept as plain arrays say what scikit-learn's own would."""

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from mainshock.core.errors import ModelError
from mainshock.forecast.selection.predictors import (
    ConstantPredictor,
    predictor_from,
    transformed,
)
from mainshock.forecast.selection.tabular_models import MODELS, FitContext, TrainingRows

N = 400


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return np.random.default_rng(1).gamma(0.7, 2.0, (N, 5))


def targets(task: str, matrix: np.ndarray) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(2)
    score = np.log1p(matrix[:, 0]) - 0.5 * matrix[:, 1] + rng.normal(0.0, 0.7, N)
    if task == "two":
        return (score > 0).astype(float), 2
    if task == "three":
        return np.digitize(score, [-0.5, 0.5]).astype(float), 3
    if task == "count":
        return rng.poisson(np.exp(0.4 * score)).astype(float), 0
    return score, 0


def fitted(name: str, task: str, matrix: np.ndarray):
    target, n_classes = targets(task, matrix)
    kind = MODELS[name]
    context = FitContext("classify" if n_classes else task, n_classes, seed=4)
    rows = TrainingRows(matrix, target, np.ones(N))
    return kind.fit(kind.first, rows, context), target


@pytest.mark.parametrize("task", ["two", "three", "count", "regress"])
def test_a_forest_says_what_scikit_learns_does(matrix, task):
    predictor, target = fitted("forest", task, matrix)
    options = MODELS["forest"].first
    kind = RandomForestClassifier if task in ("two", "three") else RandomForestRegressor
    theirs = kind(
        n_estimators=options["n_trees"],
        max_leaf_nodes=options["max_leaves"],
        min_samples_leaf=options["min_leaf"],
        max_features=options["feature_share"],
        random_state=4,
    ).fit(matrix, target, sample_weight=np.ones(N))  # rows are drawn another way without
    new = np.random.default_rng(9).gamma(0.7, 2.0, (300, 5))
    if task in ("two", "three"):
        expected = np.maximum(theirs.predict_proba(new), 1e-9)
        expected /= expected.sum(axis=1, keepdims=True)
    else:
        expected = theirs.predict(new)[:, None]
    np.testing.assert_allclose(predictor.predict(new), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("task", ["two", "three", "count", "regress"])
def test_boosting_says_what_scikit_learns_does(matrix, task):
    predictor, target = fitted("boosting", task, matrix)
    options = MODELS["boosting"].first
    given = {
        "max_iter": options["n_trees"],
        "learning_rate": options["learning_rate"],
        "max_leaf_nodes": options["max_leaves"],
        "min_samples_leaf": options["min_leaf"],
        "l2_regularization": options["strength"],
        "early_stopping": False,
        "random_state": 4,
    }
    new = np.random.default_rng(9).gamma(0.7, 2.0, (300, 5))
    if task in ("two", "three"):
        expected = HistGradientBoostingClassifier(**given).fit(matrix, target).predict_proba(new)
    elif task == "count":
        made = HistGradientBoostingRegressor(loss="poisson", **given).fit(matrix, target)
        expected = made.predict(new)[:, None]
    else:
        expected = HistGradientBoostingRegressor(**given).fit(matrix, target).predict(new)[:, None]
    np.testing.assert_allclose(predictor.predict(new), expected, rtol=1e-10)


@pytest.mark.parametrize("task", ["two", "three", "count", "regress"])
def test_a_linear_model_says_what_scikit_learns_does(matrix, task):
    predictor, target = fitted("linear", task, matrix)
    strength = MODELS["linear"].first["strength"]
    columns = transformed(matrix, predictor.centre, predictor.scale, is_log=True)
    if task in ("two", "three"):
        made = LogisticRegression(C=1.0 / (strength * N), max_iter=500)
        expected = made.fit(columns, target).predict_proba(columns)
    elif task == "count":
        made = PoissonRegressor(alpha=strength, max_iter=500)
        expected = made.fit(columns, target).predict(columns)[:, None]
    else:
        expected = Ridge(alpha=strength * N).fit(columns, target).predict(columns)[:, None]
    np.testing.assert_allclose(predictor.predict(matrix), expected, rtol=1e-9)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("task", ["two", "three", "count", "regress"])
def test_arrays_and_document_bring_the_same_predictor_back(matrix, name, task):
    predictor, _ = fitted(name, task, matrix)
    back = predictor_from(predictor.document(), predictor.arrays())
    assert np.array_equal(back.predict(matrix), predictor.predict(matrix))
    if task in ("two", "three"):
        np.testing.assert_allclose(back.predict(matrix).sum(axis=1), 1.0)


def test_a_linear_model_does_not_run_away_on_a_row_unlike_all_others(matrix):
    predictor, _ = fitted("linear", "count", matrix)
    largest = predictor.predict(matrix).max()
    assert predictor.predict(np.full((1, 5), 1e30))[0, 0] < 1e4 * largest


def test_a_damaged_document_is_told():
    with pytest.raises(ModelError, match="damaged"):
        predictor_from({"form": "oracle"}, {})
    with pytest.raises(ModelError, match="damaged"):
        predictor_from(ConstantPredictor(np.ones(1)).document(), {"weights": np.ones(1)})


def test_weights_of_two_count_like_a_row_twice(matrix):
    target, _ = targets("two", matrix)
    context = FitContext("classify", 2, seed=0)
    twice = np.r_[np.arange(N), np.arange(50)]
    weight = np.r_[np.full(50, 2.0), np.ones(N - 50)]
    kind = MODELS["linear"]
    once = kind.fit(kind.first, TrainingRows(matrix, target, weight), context)
    rows = TrainingRows(matrix[twice], target[twice], np.ones(len(twice)))
    np.testing.assert_allclose(
        once.predict(matrix), kind.fit(kind.first, rows, context).predict(matrix), atol=2e-4
    )
