"""Relevance of features at segments: the packaged table, and how one is made and kept."""

import json
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.megathrust.assessment import packaged_assessments
from mainshock.megathrust.attributions import AttributionSettings
from mainshock.megathrust.held_out_relevance import held_out_relevance, relevance_of_segments
from mainshock.megathrust.segment_relevance import (
    NOTES,
    packaged_relevance,
    read_relevance,
    relevance_caveats,
    write_relevance,
)
from mainshock.megathrust.segments import read_segments
from mainshock.megathrust.splits import ExclusionDistance
from mainshock.megathrust.stored import DEFAULT_FOLDER

DATA = DEFAULT_FOLDER.parent
TOLERANCE = 1e-5  # of relevance and bias together from the score, in single precision


@pytest.fixture(scope="module")
def table():
    return packaged_relevance()


def test_each_assessed_segment_is_explained_by_the_features_of_its_table(table):
    assessed = {(one.region, one.index) for one in packaged_assessments()}
    assert set(zip(table.region.tolist(), table.index.tolist(), strict=True)) == assessed
    known = read_segments(DATA / "segments").set_index(["region", "index"])
    names = [one["name"] for one in table.about["features"]]
    rows = list(zip(table.region, table.index, strict=True))
    np.testing.assert_allclose(table.values, known.loc[rows, names].to_numpy(), rtol=1e-6)


def test_relevance_and_bias_add_up_to_the_score_of_each_network(table):
    total = table.relevance.sum(axis=2) + table.bias
    assert np.abs(total - table.score).max() <= TOLERANCE
    one = table.of("sam", 40)
    told = sum(feature.relevance for feature in one.features) + one.bias
    assert told == pytest.approx(one.score, abs=TOLERANCE)
    assert one.sum_error <= TOLERANCE


def test_spread_and_stability_are_those_of_the_networks(table):
    row = np.flatnonzero((table.region == "sam") & (table.index == 40))[0]
    each, one = table.relevance[:, row], table.of("sam", 40)
    agreed = [spearmanr(each[a], each[b]).statistic for a, b in combinations(range(5), 2)]
    assert one.rank_correlation == pytest.approx(np.mean(agreed))
    assert (one.rank_correlation_low, one.rank_correlation_high) == pytest.approx(
        (min(agreed), max(agreed))
    )
    first = one.features[0]
    column = [known["name"] for known in table.about["features"]].index(first.name)
    assert (first.low, first.high) == (each[:, column].min(), each[:, column].max())
    assert first.low <= first.relevance <= first.high
    assert sum(feature.share for feature in one.features) == pytest.approx(1.0)
    sizes = [abs(feature.relevance) for feature in one.features]
    assert sizes == sorted(sizes, reverse=True)
    assert one.n_for == np.count_nonzero(table.score[:, row] > 0.0)


def test_a_segment_that_is_not_held_has_no_relevance(table):
    assert table.of("sam", 100_000) is None


def test_caveats_tell_that_the_networks_are_no_better_than_the_place(table):
    told = " ".join(relevance_caveats(table.about))
    assert "no better than the place alone" in told
    assert "0 of 24 features" in told
    assert "100 km" in told
    assert NOTES[0] in told
    better = {"network": {"mean": 0.9, "sd": 0.1}, "nearest-5": {"mean": 0.8, "sd": 0.1}}
    assert "better than the place alone." in " ".join(
        relevance_caveats({**table.about, "macro_f1": better})
    )


def test_a_table_is_read_as_it_was_written_and_a_damaged_one_is_refused(table, tmp_path):
    few = replace(
        table,
        region=table.region[:3], index=table.index[:3], values=table.values[:3],
        relevance=table.relevance[:, :3], bias=table.bias[:, :3], score=table.score[:, :3],
    )  # fmt: skip
    write_relevance(tmp_path, few)
    again = read_relevance(tmp_path)
    assert again.of("alu", 1) == few.of("alu", 1)
    with pytest.raises(SourceError, match=r"recipes/megathrust/explain\.py"):
        read_relevance(tmp_path / "none")
    with (tmp_path / "relevance.npz").open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match="damaged"):
        read_relevance(tmp_path)
    shutil.copy(DATA / "relevance.npz", tmp_path)
    (tmp_path / "relevance.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        read_relevance(tmp_path)
    with pytest.raises(DataError, match="does not fit"):
        replace(few, bias=few.bias[:, :2])


def made_up(rng, n_segments=30):
    """Four regions whose class is a feature's sign, with a second feature that says nothing."""
    region = np.repeat(["ra", "rb", "rc", "rd"], n_segments)
    index = np.tile(np.arange(n_segments), 4)
    table = pd.DataFrame({"region": region, "index": index, "s_km": 50.0 * index + 25.0})
    table = table.assign(AGE=rng.normal(size=len(table)), SED_AVE=rng.normal(size=len(table)))
    return table, (table["AGE"].to_numpy() > 0.0).astype(np.int64)


@pytest.mark.slow
def test_relevance_points_to_the_feature_that_makes_the_class_and_to_its_side(rng):
    pytest.importorskip("torch")
    table, y = made_up(rng)
    found = relevance_of_segments(table, y, {"AGE": "Myr; made up"}, n_seeds=2)
    names = [one["name"] for one in found.about["features"]]
    age = found.relevance[:, :, names.index("AGE")]
    assert np.abs(age).mean() > 3.0 * np.abs(found.relevance[:, :, names.index("SED_AVE")]).mean()
    assert np.corrcoef(age.mean(axis=0), table["AGE"])[0, 1] > 0.8
    assert found.about["features"][names.index("AGE")]["description"] == "Myr; made up"
    # the last segment of each region but the last is tested by no fold, and explained all the same
    assert np.all(found.score != 0.0)


def test_what_is_not_linear_in_the_score_is_refused(rng):
    table, y = made_up(rng)
    folds = list(ExclusionDistance(100.0).split(table))
    with pytest.raises(SettingsError, match="not linear"):
        held_out_relevance(table, y, folds, 0, AttributionSettings(rule="gamma"))
    with pytest.raises(SettingsError, match="needs two"):
        relevance_of_segments(table, y + 1, {})


@pytest.mark.slow
def test_the_packaged_relevance_is_what_the_command_line_explains(table, tmp_path):
    pytest.importorskip("torch")
    done = CliRunner().invoke(
        app,
        ["megathrust", "explain", "--segments", str(DATA / "segments"), "--labels",
         str(DATA / "labels.csv"), "--out", str(tmp_path), "--all-rows", "--seeds", "1", "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = pd.read_csv(tmp_path / "segments.csv")
    one = told[(told["region"] == "sam") & (told["index"] == 40)].iloc[0]
    names = [known["name"] for known in table.about["features"]]
    sign = 1.0 if one["explained_class"] == 1 else -1.0
    row = np.flatnonzero((table.region == "sam") & (table.index == 40))[0]
    # networks trained on another machine differ by rounding
    np.testing.assert_allclose(
        sign * one[names].to_numpy(np.float64), table.relevance[0, row], atol=0.02
    )
    about = json.loads(Path(DATA / "relevance.json").read_text(encoding="utf-8"))
    assert about["exclusion_km"] == 100.0
