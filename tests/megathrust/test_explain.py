"""Explanations of classifiers of segments, on synthetic tables whose drivers are known."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import typer
from scipy.stats import spearmanr
from typer.testing import CliRunner

from mainshock.cli import megathrust_explain
from mainshock.core.errors import SettingsError
from mainshock.learn.integrated_gradients import integrated_gradients
from mainshock.learn.relevance import DenseLayer, Epsilon, propagate
from mainshock.megathrust.attributions import AttributionSettings, attribute, permutation_losses
from mainshock.megathrust.explain import ExplanationSettings, explain_folds
from mainshock.megathrust.explain_plots import plot_heat_map, plot_histogram, plot_ranking
from mainshock.megathrust.feature_groups import (
    correlated_groups,
    feature_order,
    group_members,
    group_of,
)
from mainshock.megathrust.models import boosting, extra_trees, logistic
from mainshock.megathrust.network import PublishedNetwork
from mainshock.megathrust.network_inputs import fit_inputs
from mainshock.megathrust.rankings import rank_items, robust_scaled, stability_of
from mainshock.megathrust.segments import feature_names, write_segments
from mainshock.megathrust.splits import ExclusionDistance
from mainshock.megathrust.synthetic_features import synthetic_features

WEIGHTS = {"AGE": 3.0, "SED_AVE": -1.5, "EGO_UP_AVE": 0.7, "CRD_UP_AVE": 0.0, "V_UP": 0.0}


def places(n_regions=4, n_segments=60):
    region = np.repeat([f"r{number}" for number in range(n_regions)], n_segments)
    index = np.tile(np.arange(n_segments), n_regions)
    return pd.DataFrame({"region": region, "index": index, "s_km": 50.0 * index + 25.0})


def additive_table(rng, n_segments=60):
    """A synthetic table of independent features, the class being a sum of them that is known."""
    table = places(n_segments=n_segments)
    values = pd.DataFrame({name: rng.normal(size=len(table)) for name in WEIGHTS})
    total = sum(weight * values[name] for name, weight in WEIGHTS.items())
    return pd.concat([table, values], axis=1), (total > 0.0).to_numpy().astype(np.int64)


def random_networks(table, rng, n_members=2, n_classes=3):
    inputs = fit_inputs(table)
    widths = (len(inputs.names), 7, 6, n_classes)
    members = [
        tuple(
            (rng.normal(size=(n_out, n_in)), rng.normal(size=n_out))
            for n_in, n_out in itertools.pairwise(widths)
        )
        for _ in range(n_members)
    ]
    return PublishedNetwork(n_members=n_members).set_fitted(inputs, members)


def test_additive_functions_give_each_input_its_own_term(rng):
    # f(x) = sum of a_i max(x_i, 0) + b_i max(-x_i, 0), as a network without any approximation
    rising, falling = rng.normal(size=6), rng.normal(size=6)
    layers = [
        DenseLayer(np.concatenate([np.eye(6), -np.eye(6)]), np.zeros(12)),
        DenseLayer(np.concatenate([rising, falling])[None], np.array([0.3]), False),
    ]
    inputs = rng.normal(size=(200, 6))
    known = rising * np.maximum(inputs, 0.0) + falling * np.maximum(-inputs, 0.0)
    relevance = propagate(layers, inputs, np.ones(1), rule=Epsilon(0.0))
    np.testing.assert_allclose(relevance.inputs, known, atol=1e-8)
    np.testing.assert_allclose(relevance.bias[:, 1], 0.3, atol=1e-8)
    shares = integrated_gradients(layers, inputs, np.ones(1), n_steps=1)
    np.testing.assert_allclose(shares.inputs, known, atol=1e-8)
    order = np.abs(relevance.inputs).mean(axis=0)
    assert spearmanr(order, np.abs(known).mean(axis=0)).statistic == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["lrp", "gradients"])
@pytest.mark.parametrize("is_difference", [True, False])
def test_shares_of_networks_add_up_with_gaps_and_members(rng, method, is_difference):
    table, _ = additive_table(rng)
    table.loc[::7, "AGE"] = np.nan
    network = random_networks(table, rng)
    assert "AGE_missing" in network.inputs_.names
    for rule in ("epsilon", "gamma", "alpha-beta"):
        for input_rule in ("same", "w-square", "z-box"):
            settings = AttributionSettings(
                method, rule, input_rule, is_difference=is_difference, n_steps=300
            )
            found = attribute(network, table[:50], table[50:], settings)
            assert found.names == tuple(WEIGHTS)
            assert found.values.shape == (50, 5)
            inputs = network.inputs_.transform(table[:50])
            logits = np.mean([_logits(member, inputs) for member in network.members_], axis=0)
            rows = np.arange(50)
            output = logits[rows, found.target]
            if is_difference:
                output = output - (logits.sum(axis=1) - output) / 2.0
            np.testing.assert_allclose(found.output, output, atol=1e-9)
            assert found.sum_error.max() < (1e-5 if method == "lrp" else 0.1)
            if method == "gradients":
                return


def _logits(member, inputs):
    (first, one), (second, two), (third, three) = member
    hidden = np.maximum(np.maximum(inputs @ first.T + one, 0) @ second.T + two, 0)
    return hidden @ third.T + three


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("perturbation", ["tree_path_dependent", "interventional"])
@pytest.mark.parametrize("build", [boosting, lambda: extra_trees(n_estimators=60)])
def test_tree_shap_finds_the_terms_of_an_additive_function(rng, build, perturbation):
    pytest.importorskip("shap")
    table, y = additive_table(rng, n_segments=150)
    table.loc[::9, "V_UP"] = np.nan
    train, test = table[:400], table[400:]
    classifier = build().fit(train, y[:400])
    found = attribute(
        classifier, test, train, AttributionSettings("shap", perturbation=perturbation)
    )
    probability = classifier.predict_proba(test)
    np.testing.assert_array_equal(found.target, probability.argmax(axis=1))
    # shap's interventional mode is less exact for boosted trees
    assert found.sum_error.max() < (0.05 if perturbation == "interventional" else 1e-6)
    assert found.names == tuple(WEIGHTS)
    sign = np.where(found.target == 1, 1.0, -1.0)
    for name, least in (("AGE", 0.85), ("SED_AVE", 0.75)):
        term = WEIGHTS[name] * test[name].to_numpy() * sign
        own = found.values[:, found.names.index(name)]
        assert spearmanr(term, own).statistic > least
    order = np.abs(found.values).mean(axis=0).argsort()[::-1]
    assert [found.names[place] for place in order[:3]] == ["AGE", "SED_AVE", "EGO_UP_AVE"]


def test_shuffling_costs_what_the_classifier_goes_by_and_nothing_else(rng):
    table, y = additive_table(rng)
    classifier = logistic().fit(table[:180], y[:180])
    groups = {name: (name,) for name in WEIGHTS} | {"location": ("region", "s_km")}
    losses = permutation_losses(classifier, table[180:], y[180:], groups, 20, rng).mean(axis=0)
    assert losses[:3].argsort()[::-1].tolist() == [0, 1, 2]
    assert np.abs(losses[3:5]).max() < 0.02
    assert losses[5] == 0.0  # features alone count for it


def test_methods_that_do_not_suit_the_classifier_say_so(rng):
    table, y = additive_table(rng)
    classifier = logistic().fit(table, y)
    with pytest.raises(SettingsError, match="explains networks"):
        attribute(classifier, table, table, AttributionSettings("lrp"))
    with pytest.raises(SettingsError, match="permutation_losses"):
        attribute(classifier, table, table, AttributionSettings("permutation"))
    with pytest.raises(SettingsError, match="must be one of"):
        AttributionSettings(rule="zeta")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
def test_shap_explains_no_regression(rng):
    pytest.importorskip("shap")
    table, y = additive_table(rng)
    with pytest.raises(SettingsError, match="holds none"):
        attribute(logistic().fit(table, y), table, table, AttributionSettings("shap"))


def test_a_planted_driver_comes_first_and_passes_the_synthetic_features(rng):
    table = places()
    smooth = synthetic_features(table, 6, rng, correlation_km=150.0)
    smooth.columns = ["AGE", "SED_AVE", "EGO_UP_AVE", "CRD_UP_AVE", "INV_UP_AVE", "XYZ_MEAN"]
    y = (smooth["AGE"] > 0.0).to_numpy().astype(np.int64)
    table = table.join(smooth)
    folds = list(ExclusionDistance(100.0).split(table))
    settings = ExplanationSettings(AttributionSettings("permutation", n_repeats=3), n_seeds=2)
    steps = []
    found = explain_folds(table, y, "boosting", folds, settings, steps.append)
    assert len(steps) == 15
    ranking = found.rankings[0]
    assert ranking.level == "groups"
    assert ranking.names[0] == "kinematics"
    assert ranking.synthetic_share[0] == 0.0
    assert ranking.folds.n_pairs == 20
    assert ranking.seeds.n_pairs == 5
    others = [one for one in ranking.records()[1:] if one["name"] != "location"]
    assert np.mean([one["synthetic_share"] for one in others]) > 0.2
    assert found.scores["boosting"][0] > found.scores["nearest-5"][0]
    assert set(found.heat_map.index) >= {"kinematics", "xyz", "location"}


def test_networks_are_explained_fold_by_fold(rng):
    pytest.importorskip("torch")
    table, y = additive_table(rng)
    folds = list(ExclusionDistance(100.0).split(table))
    found = explain_folds(table, y, "network", folds, ExplanationSettings(n_seeds=1))
    levels = [one.level for one in found.rankings]
    assert levels == [
        "features",
        "groups",
        "correlated features",
        "features of class 0",
        "features of class 1",
    ]
    assert found.rankings[0].names[:3] == ("AGE", "SED_AVE", "EGO_UP_AVE")
    assert found.rankings[0].importance.sum() == pytest.approx(1.0)
    assert found.rankings[0].synthetic_share[0] == 0.0
    assert found.sum_error[0] < 1e-5
    assert found.heat_map.shape == (5, 2)
    assert list(found.heat_map.index) == feature_order(feature_names(table))
    assert found.heat_map.loc["AGE"].min() > found.heat_map.loc["V_UP"].max()
    assert found.rankings[0].seeds is None
    assert len(found.segments) == sum(test.size for _, test in folds)


def test_a_class_that_no_training_holds_is_refused(rng):
    table, y = additive_table(rng)
    rows = np.arange(len(table))
    folds = [(rows[y == 0], rows[:10]), (rows[10:], rows[:10])]
    with pytest.raises(SettingsError, match="lacks one of 2 classes"):
        explain_folds(table, y, "logistic", folds, ExplanationSettings())


def test_stability_is_one_for_equal_rankings_and_chance_for_random_ones(rng):
    same = np.tile(rng.random(40), (5, 3, 1))
    for over, n_pairs in (("folds", 30), ("seeds", 15)):
        found = stability_of(same, over, rng)
        assert found.n_pairs == n_pairs
        assert found.spearman == pytest.approx(1.0)
        assert found.jaccard == 1.0
        assert found.jaccard_interval95 == (1.0, 1.0)
    random = stability_of(rng.random((20, 3, 40)), "folds", rng)
    assert abs(random.spearman) < 0.05
    assert random.jaccard == pytest.approx(random.jaccard_by_chance, abs=0.03)
    low, high = random.spearman_interval95
    assert low <= random.spearman <= high


def test_agreement_is_that_of_the_textbook(rng):
    pair = rng.random((2, 1, 30))
    found = stability_of(pair, "folds", rng, n_top=5)
    assert found.spearman == pytest.approx(spearmanr(pair[0, 0], pair[1, 0]).statistic)
    tops = [set(np.argsort(-one[0])[:5].tolist()) for one in pair]
    assert found.jaccard == pytest.approx(len(tops[0] & tops[1]) / len(tops[0] | tops[1]))


def test_there_is_no_ranking_without_its_stability(rng):
    members = {name: (name,) for name in "abcdef"}
    importance = rng.random((3, 2, 6))
    importance[1:] = np.nan
    with pytest.raises(SettingsError, match="none is given without"):
        rank_items("features", "importance", members, importance, rng)
    importance[1] = rng.random((2, 6))
    found = rank_items("features", "importance", members, importance, rng)
    assert found.folds.n_pairs == 2
    assert (np.diff(found.importance) <= 0.0).all()
    assert (found.interval95[:, 0] <= found.importance).all()
    assert (found.importance <= found.interval95[:, 1]).all()


def test_rows_are_scaled_as_in_the_published_maps():
    rows = np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0, 5.0]])
    np.testing.assert_allclose(robust_scaled(rows), [[-1.0, -0.5, 0.0, 0.5, 1.0], [0.0] * 5])


def test_published_columns_have_their_groups_and_types():
    kinds = {"SDM_400": "II", "EGR_BG_UP_AVE": "II", "V_TN": "III", "AGE": "III", "DLT_UP_STD": "I"}
    assert {name: group_of(name).kind for name in kinds} == kinds
    assert group_of("heat_flow_mw_m2").name == "lithosphere"
    assert group_of("bathymetry_m").kind == "other"
    names = ["AGE", "bathymetry_m", "EGO_UP_AVE", "SED_AVE", "SED_STD", "V_UP"]
    assert feature_order(names) == [*names[3:5], "EGO_UP_AVE", "AGE", "V_UP", "bathymetry_m"]
    assert group_members(names)["sediment"] == ("SED_AVE", "SED_STD")


def test_features_that_rise_together_are_one_set(rng):
    table, _ = additive_table(rng)
    table["V_TN"] = -np.exp(table["AGE"])
    found = correlated_groups(table, feature_names(table))
    assert {"AGE", "V_TN"} in [set(own) for own in found.values()]
    assert len(found) == 5


def test_synthetic_features_are_smooth_along_the_trench_and_differ_between_regions(rng):
    table = places(n_regions=30)
    values = synthetic_features(table, 40, rng).to_numpy().reshape(30, 60, 40)
    assert values.var() == pytest.approx(2.0, rel=0.1)
    steps = np.diff(values, axis=1)
    # exp(-(50/300)^2) between neighbours: a variance of 2 (1 - 0.973) of a step
    assert steps.var() == pytest.approx(2.0 * (1.0 - np.exp(-((1 / 6) ** 2))), rel=0.1)
    assert values.mean(axis=1).var() > 1.0


def write_case(folder, rng):
    table, y = additive_table(rng, n_segments=40)
    write_segments(table, folder / "segments")
    labels = table[["region", "index"]].rename(columns={"index": "segment"})
    labels = labels.assign(
        m_max=5.0 + 3.5 * y, class2=y, class3=y, run_id=[f"run{row}" for row in range(len(y))]
    ).assign(complete_row=1)
    labels.to_csv(folder / "labels.csv", index=False)


def run_command(folder, *options):
    app = typer.Typer()
    app.command()(megathrust_explain.explain)
    given = ["--segments", folder / "segments", "--labels", folder / "labels.csv"]
    return CliRunner().invoke(app, [*map(str, given), "--out", str(folder / "out"), *options])


def test_the_command_prints_every_ranking_with_its_stability(tmp_path, rng):
    write_case(tmp_path, rng)
    options = ["--method", "permutation", "--model", "boosting", "--seeds", "1"]
    result = run_command(tmp_path, *options, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [one["level"] for one in document["rankings"]] == [
        "groups",
        "groups of class 0",
        "groups of class 1",
    ]
    for ranking in document["rankings"]:
        folds = ranking["stability"]["folds"]
        assert folds["n_pairs"] == 10
        assert folds["spearman_interval95"][0] <= folds["spearman"]
    assert document["rankings"][0]["items"][0]["name"] == "kinematics"
    assert set(document["macro_f1"]) == {"boosting", "region-prior", "nearest-5"}
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"heat-map.png", "histogram.png", "ranking-groups.png", "rankings.csv"} <= written
    table = pd.read_csv(tmp_path / "out" / "rankings.csv")
    assert table["spearman_folds"].notna().all()
    text = run_command(tmp_path, *options)
    assert text.exit_code == 0
    assert text.stdout.count("between folds: rank correlation") >= 3


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="relevance_heat_map.png", tolerance=10, style="default"
)
def test_heat_map():
    return plot_heat_map(_heat_map(), ["class 0: stable", "class 1: not"])


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="feature_ranking.png", tolerance=10, style="default"
)
def test_ranking():
    rng = np.random.default_rng(1)
    names = ["AGE", "SED_AVE", "EGO_UP_AVE", "CRD_UP_AVE", "bathymetry_m", "V_UP"]
    importance = rng.random((5, 2, 6)) + np.arange(6.0)
    return plot_ranking(
        rank_items(
            "features",
            "importance",
            {name: (name,) for name in names},
            importance,
            rng,
            synthetic_share=np.linspace(0.5, 0.0, 6),
        )
    )


def _heat_map():
    values = np.linspace(-1.0, 3.0, 12).reshape(6, 2)
    names = ["CRD_UP_AVE", "SED_AVE", "EGO_UP_AVE", "DXT_200", "AGE", "V_UP"]
    return pd.DataFrame(values, columns=["class_0", "class_1"], index=names)


def test_histogram_counts_features():
    axes = plot_histogram(_heat_map())
    heights = [patch.get_xy()[:, 1].max() for patch in axes.patches]
    assert len(heights) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["M < 8.0", "M ≥ 8.0"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
def test_published_segments_are_explained_with_numbers_that_hold(data_dir, tmp_path):
    pytest.importorskip("torch")
    app = typer.Typer()
    app.command()(megathrust_explain.explain)
    folder = data_dir / "megathrust"
    options = ["--segments", str(folder / "segments"), "--labels", str(folder / "labels.csv")]
    result = CliRunner().invoke(app, [*options, "--out", str(tmp_path), "--seeds", "2", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["largest_sum_error"] < 1e-5
    features = document["rankings"][0]
    assert len(features["items"]) == 49
    # what the ranking of a network on smooth features is worth: little beyond smooth noise
    assert features["stability"]["folds"]["spearman"] < 0.8
