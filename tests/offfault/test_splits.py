"""Windows are kept apart as told, and the published split leaks as published."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.offfault.splits import (
    Split,
    legacy_split,
    read_lists,
    split_by_run,
    split_by_window,
    write_lists,
)
from mainshock.offfault.windows import LabelledWindows

PUBLISHED = [
    *(f"EB_{rate}_{number}" for rate in ("025", "050", "150") for number in (1, 2, 3)),
    *(f"PP_{rate}_{number}" for rate in ("025", "050", "100") for number in (1, 2)),
    "PP_150_1",
]


def windows_of(runs: list[str], places: int = 5, stride: int = 50) -> LabelledWindows:
    """Return windows of runs; window k has k frames fewer than the first, which has nine."""
    rows = [
        (run, place * stride, frame)
        for run in runs
        for place in range(places)
        for frame in range(place % 5, 9)
    ]
    return LabelledWindows(
        maps=np.ones((len(rows), 128, 64), dtype=np.uint8),
        ke=np.linspace(-0.1, 1.0, len(rows)),
        sd=np.full(len(rows), 0.1),
        run=np.array([row[0] for row in rows]),
        frame=np.array([row[2] for row in rows], dtype=np.int64),
        first_column=np.array([row[1] for row in rows], dtype=np.int64),
        source="synthetic",
    )


def parts(split: Split) -> tuple[np.ndarray, ...]:
    return split.train, split.evaluation, split.test


def columns_of(windows: LabelledWindows, rows: np.ndarray) -> set[tuple[str, int]]:
    """Return every column of every run that windows show."""
    pairs = zip(windows.run[rows].tolist(), windows.first_column[rows].tolist(), strict=True)
    return {(run, first + step) for run, first in set(pairs) for step in range(64)}


@hypothesis_settings(max_examples=40)
@given(
    runs=st.integers(3, 12),
    seed=st.integers(0, 10_000),
    shares=st.sampled_from([(0.7, 0.15, 0.15), (0.4, 0.3, 0.3), (0.8, 0.0, 0.2)]),
)
def test_runs_are_on_one_side(runs: int, seed: int, shares: tuple[float, ...]) -> None:
    windows = windows_of([f"R{number}" for number in range(runs)], places=2)
    split = split_by_run(windows, seed, shares)
    rows = np.concatenate(parts(split))
    assert sorted(rows.tolist()) == list(range(len(windows)))
    sides = [set(windows.run[part].tolist()) for part in parts(split)]
    assert sum(map(len, sides)) == runs
    for side, share in zip(sides, shares, strict=True):
        assert (len(side) > 0) == (share > 0)
        assert abs(len(side) - share * runs) <= 2


def test_the_draw_of_runs_follows_the_seed_and_not_the_order() -> None:
    windows = windows_of(PUBLISHED, places=2)
    split = split_by_run(windows, 3)
    for first, again in zip(parts(split), parts(split_by_run(windows, 3)), strict=True):
        np.testing.assert_array_equal(first, again)
    backwards = windows.take(np.arange(len(windows))[::-1])
    again = split_by_run(backwards, 3)
    assert set(backwards.run[again.test].tolist()) == set(windows.run[split.test].tolist())
    tests = {tuple(split_by_run(windows, seed).test.tolist()) for seed in range(10)}
    assert len(tests) > 3


def test_too_few_runs_are_an_error() -> None:
    with pytest.raises(DataError, match="2 runs for 3 sets"):
        split_by_run(windows_of(["a", "b"]), 0)
    assert split_by_run(windows_of(["a", "b"]), 0, (0.5, 0.0, 0.5)).evaluation.size == 0


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.4, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_make_no_whole_are_an_error(shares: tuple[float, ...]) -> None:
    for splitter in (split_by_run, split_by_window):
        with pytest.raises(SettingsError, match="add up to 1"):
            splitter(windows_of(["a", "b", "c"]), 0, shares)


@hypothesis_settings(max_examples=40)
@given(
    places=st.integers(5, 24),
    stride=st.integers(20, 80),
    seed=st.integers(0, 10_000),
)
def test_no_column_is_on_two_sides(places: int, stride: int, seed: int) -> None:
    windows = windows_of(["EB_050_1", "long", "PP_025_2"], places, stride)
    try:
        split = split_by_window(windows, seed)
    except DataError:
        # so dense that the places between the ends all overlap an end
        assert places * stride < 64 * 6
        return
    sides = [columns_of(windows, rows) for rows in parts(split)]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    together = np.concatenate(parts(split))
    assert np.unique(together).size == together.size


def test_a_run_of_five_windows_gives_one_place_to_each_set() -> None:
    windows = windows_of(["EB_050_1"])
    split = split_by_window(windows, 0)
    places = [set(windows.first_column[rows].tolist()) for rows in parts(split)]
    assert places[0] == {100}
    assert places[1] | places[2] == {0, 200}
    assert len(split.train) == 7  # all frames of the place
    ends = {split_by_window(windows, seed).test[0] for seed in range(20)}
    assert len(ends) == 2


def test_short_runs_go_to_training_but_not_alone() -> None:
    windows = windows_of(["long"])
    short = windows_of(["short"], places=2)
    both = LabelledWindows(
        **{
            name: np.concatenate([getattr(windows, name), getattr(short, name)])
            for name in ("maps", "ke", "sd", "run", "frame", "first_column")
        },
        source="synthetic",
    )
    split = split_by_window(both, 1)
    assert (both.run[split.train] == "short").sum() == len(short)
    with pytest.raises(DataError, match="no window for evaluation"):
        split_by_window(short, 0)


def test_the_published_groups_are_kept() -> None:
    windows = windows_of(PUBLISHED)
    split = legacy_split(windows, 0)
    used = np.concatenate(parts(split))
    assert "PP_150_1" not in windows.run[used]
    assert set(windows.run[used].tolist()) == set(PUBLISHED) - {"PP_150_1"}
    held = np.concatenate([split.evaluation, split.test])
    assert all(not run.endswith("_1") for run in windows.run[held].tolist())
    assert np.unique(used).size == used.size
    # two parts of five to evaluation, one to test, of nine runs of 35 windows
    assert (split.evaluation.size, split.test.size) == (9 * 14, 9 * 7)


def test_the_published_split_leaks_and_the_others_do_not() -> None:
    windows = windows_of(PUBLISHED)

    def shared(split: Split) -> bool:
        return bool(columns_of(windows, split.train) & columns_of(windows, split.test))

    def cut_windows(split: Split) -> bool:
        places = [
            set(zip(windows.run[rows], windows.first_column[rows], strict=True))
            for rows in (split.train, split.test)
        ]
        return bool(places[0] & places[1])

    assert shared(legacy_split(windows, 0))
    assert cut_windows(legacy_split(windows, 0))  # frames of one window on both sides
    assert not shared(split_by_run(windows, 0))
    assert not shared(split_by_window(windows, 0))


def test_the_published_split_needs_its_names() -> None:
    with pytest.raises(DataError, match="EB_050_1"):
        legacy_split(windows_of(["E280", "E281"]), 0)
    seeds = [legacy_split(windows_of(PUBLISHED), seed).test.tolist() for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_lists_are_read_as_written(tmp_path: Path) -> None:
    windows = windows_of(PUBLISHED, places=12)
    split = legacy_split(windows, 4)
    write_lists(tmp_path, windows, split)
    for read, wrote in zip(parts(read_lists(tmp_path, windows)), parts(split), strict=True):
        np.testing.assert_array_equal(read, wrote)
    # folders before the names, as in lists of others
    path = tmp_path / "test.txt"
    path.write_text("".join(f"slice_npy/x/{line}\n" for line in path.read_text().split()))
    np.testing.assert_array_equal(read_lists(tmp_path, windows).test, split.test)


def test_lists_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    windows = windows_of(PUBLISHED[:4])
    with pytest.raises(SourceError, match=r"train\.txt"):
        read_lists(tmp_path, windows)
    split = legacy_split(windows, 0)
    write_lists(tmp_path, windows, split)
    with pytest.raises(DataError, match="not among"):
        read_lists(tmp_path, windows.take(windows.run != "EB_025_2"))
    (tmp_path / "evaluation.txt").write_text((tmp_path / "test.txt").read_text())
    with pytest.raises(DataError, match="twice"):
        read_lists(tmp_path, windows)
