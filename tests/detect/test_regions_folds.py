"""Blocks of time: no event, copy, stretch of noise or region number leaks from one to another."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.detect.regions.folds import window_folds
from mainshock.detect.regions.labels import choose_scheme, numbered_as
from mainshock.detect.regions.windows import RegionWindows, noise_before_p, read_windows


def windows_of(times_s, *, is_noise=False, starts_at_origin=False, **columns):
    n = len(times_s)
    unknown = dict.fromkeys(("longitude", "latitude", "depth_km", "p_s", "s_s"), np.nan)
    table = pd.DataFrame(
        {"time_s": times_s, "is_noise": is_noise, "split": "", **unknown, **columns},
        index=range(n),
    )
    records = [np.full((3, 200), row + 1.0, dtype=np.float32) for row in range(n)]
    return RegionWindows(records, table, 20.0, starts_at_origin)


def test_noise_belongs_to_the_fold_whose_time_it_lies_in():
    events = windows_of([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    noise = windows_of([1.0, 15.0, 25.0, 35.0, 45.0, 55.0, 99.0], is_noise=True)
    folds, quiet = window_folds(events, noise, 3)
    assert folds.tolist() == [0, 0, 1, 1, 2, 2]
    assert quiet.tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_noise_without_a_time_lies_in_contiguous_blocks():
    events = windows_of([10.0, 20.0, 30.0, 40.0])
    kinds = ["", "shift", "", "shift", "", "shift", "", "shift"]
    noise = windows_of([np.nan] * 8, is_noise=True, trace_augmentation=kinds)
    assert window_folds(events, noise, 2)[1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    unequal = windows_of([np.nan] * 4, is_noise=True, trace_augmentation=["", "noise", "noise", ""])
    assert window_folds(events, unequal, 2)[1].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("name", ["source_id", "source_origin_time", "origin_time", None])
def test_an_event_and_its_copies_are_in_one_fold(name):
    n_copies = [1, 5, 1, 3]
    number = np.repeat(np.arange(4), n_copies)
    is_first = np.r_[True, number[1:] != number[:-1]]
    shifts = np.where(is_first, 0.0, 6.0)
    events = windows_of(
        10.0 * number - shifts,
        trace_start_time="stated",
        trace_augmentation=np.where(is_first, None, "shift"),
        trace_augmentation_value=shifts,
    )
    if name is not None:
        events.table[name] = [f"e{one}" for one in number]
    folds, _ = window_folds(events, events.take([]), 2)
    assert folds.tolist() == [0] * 6 + [1] * 4
    assert events.is_copy.tolist() == (~is_first).tolist()


def test_a_shifted_copy_of_noise_stays_with_the_window_it_was_made_of():
    events = windows_of([10.0, 20.0, 30.0, 40.0])
    noise = windows_of(
        [19.5, 21.5],
        is_noise=True,
        trace_start_time="stated",
        trace_augmentation=[None, "shift"],
        trace_augmentation_value=[np.nan, -2.0],
    )
    assert window_folds(events, noise, 2)[1].tolist() == [0, 0]


def test_noise_before_p_goes_with_its_event_even_without_times():
    p_s = [9.0, 1.0, 9.0, 9.0, 9.0, 1.0]
    events = windows_of([np.nan] * 6, starts_at_origin=True, p_s=p_s)
    noise = noise_before_p(events, 200)
    folds, quiet = window_folds(events, noise, 3)
    assert folds.tolist() == [0, 0, 1, 1, 2, 2]
    assert quiet.tolist() == [0, 1, 1, 2]


def test_a_fold_of_copies_alone_tests_nothing():
    events = windows_of([1.0, 2.0, 3.0, 4.0], trace_augmentation=["", "", "shift", "shift"],
                        source_id=list("abcd"))  # fmt: skip
    with pytest.raises(DataError, match="copies alone"):
        window_folds(events, events.take([]), 2)


def test_refitted_regions_take_the_numbers_of_the_nearest(rng):
    centres = np.array([[-70.0, -20.0, 30.0], [-69.0, -21.0, 100.0], [-68.0, -22.0, 120.0]])

    def scheme_of(counts):
        places = np.repeat(centres, counts, axis=0) + 0.01 * rng.normal(size=(sum(counts), 3))
        windows = windows_of(np.arange(len(places)), longitude=places[:, 0],
                             latitude=places[:, 1], depth_km=places[:, 2])  # fmt: skip
        options = {"n_clusters": 3, "label_column": None, "clusters_path": None, "seed": 0}
        return choose_scheme(windows, **options)

    table = pd.DataFrame(centres, columns=["longitude", "latitude", "depth_km"])
    full, fold = scheme_of([30, 20, 10]), scheme_of([10, 15, 20])
    assert full.truth(table).tolist() == [0, 1, 2]
    assert fold.truth(table).tolist() == [2, 1, 0]  # numbers go by count
    matched = numbered_as(fold, full)
    assert matched.truth(table).tolist() == [0, 1, 2]
    assert matched.clusters.counts.tolist() == [10, 15, 20]
    assert numbered_as(full, full).clusters.counts.tolist() == full.clusters.counts.tolist()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_array_is_told_with_its_remedy(tmp_path, share, rng):
    path = tmp_path / "waveforms.npz"
    np.savez_compressed(path, data=rng.normal(size=(4, 3, 300)).astype(np.float32))
    pd.DataFrame({"longitude": range(4)}).to_csv(tmp_path / "metadata.csv", index=False)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SourceError, match=r"damaged or not whole.*again"):
        read_windows(tmp_path, 20.0)
