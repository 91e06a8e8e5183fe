"""Splitters keep what they promise, alone with scikit-learn and on the published tables."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import cross_val_predict

from mainshock.core.errors import SettingsError
from mainshock.megathrust.labels import read_labels, runs_of
from mainshock.megathrust.location_only import RegionPrior
from mainshock.megathrust.segments import is_complete, read_segments
from mainshock.megathrust.splits import (
    BufferedBlocks,
    EventTime,
    ExclusionDistance,
    LeaveRegionOut,
    RandomSegments,
    RuptureDisjoint,
    audit_fold,
)

sys.path.insert(0, str(Path(__file__).parent))
from made_up import table


@given(st.floats(0.0, 700.0))
def test_nothing_nearer_than_the_exclusion_is_trained_on(exclusion_km: float) -> None:
    made = table(1)
    tested = []
    for train, test in ExclusionDistance(exclusion_km).split(made):
        found = audit_fold(made, np.zeros(len(made), int), runs_of(made), (train, test))
        assert found.nearest_km > exclusion_km
        tested.append(test)
    rows = np.concatenate(tested)
    assert np.unique(rows).size == rows.size
    assert rows.size == len(made) - 6  # the last segment of all regions but one


def test_negative_exclusion_is_told() -> None:
    with pytest.raises(SettingsError, match="negative"):
        list(ExclusionDistance(-1.0).split(table(1)))


@pytest.mark.parametrize(
    ("exclusion_km", "sizes"),
    [
        (0, [414, 415, 417, 418, 414]),
        (100, [400, 387, 389, 390, 400]),
        (600, [330, 250, 250, 253, 331]),
    ],
)
def test_published_folds_of_seven_regions(
    data_dir: Path, exclusion_km: float, sizes: list[int]
) -> None:
    """Of eight regions 442 to 446, 411 to 426 and 254 to 347 are published."""
    published = read_segments(data_dir / "megathrust/segments")
    published = published[is_complete(published)].reset_index(drop=True)
    found = [train.size for train, _ in ExclusionDistance(exclusion_km).split(published)]
    assert found == sizes


def test_published_scenarios_test_what_the_checkpoints_were_scored_on(data_dir: Path) -> None:
    """105 and 104 segments in the first scenarios, as the published scores of seven regions say."""
    published = read_segments(data_dir / "megathrust/segments")
    published = published[is_complete(published)].reset_index(drop=True)
    tests = [test.size for _, test in ExclusionDistance(100.0).split(published)]
    assert tests[1:3] == [105, 104]


def test_no_rupture_is_on_both_sides(data_dir: Path) -> None:
    published = read_segments(data_dir / "megathrust/segments")
    labels = read_labels(data_dir / "megathrust/labels.csv", published)
    y, runs = labels["class2"], labels["run_id"]
    shared = [
        audit_fold(published, y, runs, fold).shared_ruptures
        for fold in ExclusionDistance(100.0).split(published)
    ]
    assert sum(shared) > 0
    for fold in RuptureDisjoint(100.0).split(published, y, runs):
        assert audit_fold(published, y, runs, fold).shared_ruptures == 0


@given(st.floats(200.0, 900.0), st.floats(0.0, 200.0), st.integers(0, 5))
def test_blocks_keep_their_buffer(block_km: float, buffer_km: float, seed: int) -> None:
    made = table(2)
    tested = []
    for fold in BufferedBlocks(block_km, buffer_km, 4, seed).split(made):
        found = audit_fold(made, np.zeros(len(made), int), runs_of(made), fold)
        assert found.nearest_km > buffer_km
        tested.append(fold[1])
    assert np.array_equal(np.sort(np.concatenate(tested)), np.arange(len(made)))


def test_left_out_regions_are_nowhere_in_the_training() -> None:
    made = table(3)
    folds = list(LeaveRegionOut().split(made))
    assert len(folds) == LeaveRegionOut().get_n_splits(made) == 7
    for fold in folds:
        found = audit_fold(made, np.zeros(len(made), int), runs_of(made), fold)
        assert found.shared_regions == 0
        assert found.nearest_km == np.inf


def test_time_splits_by_the_year_of_the_label() -> None:
    years = np.array([1960.0, np.nan, 2011.0, 2004.0])
    ((train, test),) = EventTime(2004.0).split(table(1)[:4], None, years)
    assert train.tolist() == [0, 1]
    assert test.tolist() == [2, 3]


def test_splitters_work_in_scikit_learn() -> None:
    made = table(4)
    y = (made["m_max"] >= 8.0).to_numpy(int)
    for splitter in (LeaveRegionOut(), RandomSegments(), BufferedBlocks()):
        found = cross_val_predict(RegionPrior(), made, y, cv=splitter, method="predict_proba")
        assert found.shape == (len(made), 2)
