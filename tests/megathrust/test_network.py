import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.preprocessing import PowerTransformer

from mainshock.core.errors import DataError, SettingsError
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.network import PUBLISHED, PublishedNetwork, fit_folds, network_ensemble
from mainshock.megathrust.network_inputs import NetworkInputs, fit_inputs, yeo_johnson
from mainshock.megathrust.network_training import forward
from mainshock.megathrust.registry import SEGMENT_CLASSIFIERS
from mainshock.megathrust.splits import ExclusionDistance

torch = pytest.importorskip("torch")
SMALL = {"hidden": (20, 10), "n_epochs": 12}


@pytest.fixture
def table(rng):
    """Three trenches of 40 segments; `driver` decides the class, the others are smooth noise."""
    parts = []
    for region in ("aaa", "bbb", "ccc"):
        smooth = np.cumsum(rng.normal(size=(40, 4)), axis=0)
        part = pd.DataFrame(smooth, columns=["driver", "slope", "tiny", "gappy"])
        part["tiny"] *= 1e-6
        part.insert(0, "region", region)
        part.insert(1, "index", np.arange(40))
        part.insert(2, "s_km", 50.0 * np.arange(40) + 25.0)
        parts.append(part)
    joined = pd.concat(parts, ignore_index=True)
    joined["driver"] = rng.normal(size=120)
    joined.loc[::10, "gappy"] = np.nan
    return joined


@pytest.fixture
def y(table):
    return (table["driver"] > 0.0).to_numpy(dtype=np.int64)


def test_it_learns_what_drives_the_class(table, y):
    network = PublishedNetwork(hidden=(50, 20), n_epochs=40).fit(table[:80], y[:80])
    probability = network.predict_proba(table[80:])
    assert probability.shape == (40, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert np.mean(network.predict(table[80:]) == y[80:]) > 0.8


def test_it_is_a_classifier_of_segments_by_name(table, y):
    network = SEGMENT_CLASSIFIERS.load("network")(random_state=3)
    assert network.get_params()["random_state"] == 3
    fitted = clone(network).set_params(**SMALL).fit(table, y)
    assert isinstance(fitted, SegmentClassifier)
    assert not hasattr(network, "members_")


def test_the_published_units_are_the_default(table, y):
    network = PublishedNetwork(n_epochs=1).fit(table, y)
    assert [bias.size for _, bias in network.members_[0]] == [500, 100, 2]


def test_a_seed_gives_the_same_network_and_another_one_another(table, y):
    first, again, other = (
        PublishedNetwork(random_state=seed, **SMALL).fit(table, y).predict_proba(table)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("protocol", [{}, PUBLISHED])
def test_a_fold_trained_with_others_is_as_trained_alone(table, y, protocol):
    network = PublishedNetwork(**(protocol | SMALL | {"n_members": 2}))
    folds = list(ExclusionDistance(0.0).split(table))
    together = fit_folds(network, table, y, folds)
    train, test = folds[2]
    alone = network.fit(table.iloc[train], y[train])
    np.testing.assert_allclose(
        together[2].predict_proba(table.iloc[test]),
        alone.predict_proba(table.iloc[test]),
        atol=1e-3,  # products of other shapes are rounded otherwise
    )


def test_nothing_of_the_test_rows_is_seen(table, y):
    folds = list(ExclusionDistance(100.0).split(table))[:1]
    changed, changed_y = table.copy(), y.copy()
    seen = np.isin(np.arange(len(table)), folds[0][0])
    changed.loc[~seen, ["driver", "slope", "tiny", "gappy"]] = 1e3
    changed_y[~seen] = 1 - changed_y[~seen]
    network = PublishedNetwork(**SMALL)
    first = fit_folds(network, table, y, folds)[0]
    second = fit_folds(network, changed, changed_y, folds)[0]
    assert first.inputs_ == second.inputs_
    np.testing.assert_array_equal(first.members_[0][0][0], second.members_[0][0][0])


def test_an_ensemble_is_the_mean_of_networks_that_differ(table, y):
    ensemble = network_ensemble(n_members=3, **SMALL).fit(table, y)
    members = ensemble.member_probabilities(table)
    assert members.shape == (3, 120, 2)
    assert np.abs(members[0] - members[1]).max() > 1e-3
    np.testing.assert_allclose(ensemble.predict_proba(table), members.mean(axis=0))
    assert network_ensemble().n_members == 10


def test_a_class_that_the_training_lacks_is_never_the_likeliest(table, y):
    network = PublishedNetwork(**SMALL)
    three = np.where(np.arange(120) < 110, y, 2)
    fitted = fit_folds(network, table, three, [(np.arange(110), np.arange(110, 120))])[0]
    assert fitted.predict_proba(table).shape == (120, 3)
    assert (fitted.predict(table) < 2).all()


def test_gaps_and_absent_columns_are_filled_and_told(table):
    inputs = fit_inputs(table)
    assert inputs.names == ("driver", "slope", "tiny", "gappy", "gappy_missing")
    values = inputs.transform(table)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values[:, 4], table["gappy"].isna())
    without = inputs.transform(table.drop(columns=["tiny", "gappy"]))
    assert (without[:, 4] == 1.0).all()
    assert np.abs(without[:, 2]).max() < 1.0
    with pytest.raises(DataError, match="none of them"):
        inputs.transform(table[["region", "index", "s_km"]])


def test_inputs_are_near_normal_whatever_their_unit(table):
    values = fit_inputs(table).transform(table.dropna())[:, :4]
    np.testing.assert_allclose(values.std(axis=0), 1.0, atol=0.1)
    large = table.assign(driver=1e6)
    assert np.abs(fit_inputs(table).transform(large)).max() <= 4.0


def test_the_published_preprocessing_is_that_of_scikit_learn(table):
    complete = table.assign(empty=np.nan).drop(columns="tiny")
    inputs = fit_inputs(complete, as_published=True)
    assert inputs.features == ("driver", "slope", "gappy")
    rows = complete.dropna(subset=["gappy"])
    values = rows[list(inputs.features)].to_numpy()
    np.testing.assert_allclose(
        inputs.transform(rows), PowerTransformer().fit_transform(values), atol=1e-9
    )


def test_a_preprocessing_survives_json(table):
    inputs = fit_inputs(table)
    assert NetworkInputs.from_dict(inputs.as_dict()) == inputs
    with pytest.raises(DataError, match="no preprocessing"):
        NetworkInputs.from_dict({"features": ["a"]})


@given(st.floats(-5.0, 5.0), st.floats(0.01, 3.0), st.floats(-3.0, 5.0))
def test_the_power_keeps_order_and_sign(value, step, power):
    low, high = yeo_johnson(np.array([[value], [value + step]]), np.array([power])).ravel()
    assert low < high
    assert np.sign(low) == np.sign(value)


def test_logits_are_those_of_torch(table, y):
    network = PublishedNetwork(**SMALL).fit(table, y)
    modules = []
    for weight, bias in network.members_[0]:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0]).double()
        linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
        modules += [linear, torch.nn.Dropout(0.2), torch.nn.ReLU()]
    reference = torch.nn.Sequential(*modules[:-2]).eval()
    inputs = network.inputs_.transform(table)
    np.testing.assert_allclose(
        forward(network.members_[0], inputs), reference(torch.tensor(inputs)).detach(), atol=1e-12
    )
    logits = torch.tensor(forward(network.members_[0], inputs))
    np.testing.assert_array_equal(network.predict(table), logits.sigmoid().argmax(dim=1))


def test_the_published_rate_is_a_cycle_of_updates_stepped_by_epochs():
    from mainshock.megathrust.network_training import TrainingSettings, _set_rate

    parameter = torch.zeros(1, requires_grad=True)
    reference = torch.optim.Adam([parameter], lr=0.01)
    cycle = torch.optim.lr_scheduler.OneCycleLR(reference, 0.01, epochs=120, steps_per_epoch=27)
    ours = torch.optim.AdamW([parameter], lr=0.01)
    for epoch in range(120):
        _set_rate(
            ours,
            TrainingSettings(n_epochs=120, learning_rate=0.01, schedule="published"),
            epoch,
            27,
        )
        group, expected = ours.param_groups[0], reference.param_groups[0]
        assert group["lr"] == pytest.approx(expected["lr"])
        assert group["betas"][0] == pytest.approx(expected["betas"][0])
        reference.step()
        cycle.step()
    assert group["lr"] < 0.1 * 0.01


def test_predicting_needs_no_torch(table, y, tmp_path: Path):
    path = tmp_path / "network.pickle"
    network = PublishedNetwork(**SMALL).fit(table, y)
    path.write_bytes(pickle.dumps((network, table)))
    program = (
        "import pickle, sys; network, table = pickle.load(open(sys.argv[1], 'rb')); "
        "print(network.predict_proba(table)[0, 1], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    value, has_torch = done.stdout.split()
    assert float(value) == pytest.approx(network.predict_proba(table)[0, 1], abs=1e-12)
    assert has_torch == "False"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": ()},
        {"dropout": 1.0},
        {"input_dropout": -0.1},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"protocol": "random"},
        {"n_members": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(table, y, wrong):
    with pytest.raises(SettingsError):
        PublishedNetwork(**wrong).fit(table, y)


def test_one_class_cannot_be_learnt(table):
    with pytest.raises(DataError, match="one class"):
        PublishedNetwork(**SMALL).fit(table, np.zeros(120, dtype=np.int64))
