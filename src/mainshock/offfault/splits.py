"""Windows for training, evaluation and test, kept apart by run, by place, or as once published."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.offfault.base import COLUMNS
from mainshock.offfault.label import WindowName
from mainshock.offfault.repack import window_names
from mainshock.offfault.windows import LabelledWindows

__all__ = [
    "SHARES",
    "Split",
    "legacy_split",
    "read_lists",
    "split_by_run",
    "split_by_window",
    "write_lists",
]

Rows = NDArray[np.int64]

SHARES = (0.7, 0.15, 0.15)
_TRAIN, _EVALUATION, _TEST, _DROPPED = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of windows for each purpose, in ascending order; no row is in two of them."""

    train: Rows
    evaluation: Rows
    test: Rows


def split_by_run(windows: LabelledWindows, seed: int, shares: Sequence[float] = SHARES) -> Split:
    """Return a split of whole runs: nothing of a run is on two sides.

    Parameters
    ----------
    windows
        Of as many runs as there are shares above 0, or more.
    seed
        Draws the runs; the order of the windows does not matter.
    shares
        Of the runs for training, evaluation and test; each above 0 gets one run at least.

    Raises
    ------
    SettingsError
        If the shares are not three numbers of 0 or more that add up to 1.
    DataError
        If there are too few runs.
    """
    wanted = _checked(shares)
    runs = np.unique(windows.run)
    if runs.size < np.count_nonzero(wanted):
        raise DataError(
            f"{runs.size} runs for {np.count_nonzero(wanted)} sets; give more runs, "
            "or split by window"
        )
    order = np.random.default_rng(seed).permutation(runs.size)
    sets = np.repeat(np.arange(3), _counts(runs.size, wanted))
    set_of_run = np.empty(runs.size, dtype=np.int64)
    set_of_run[order] = sets
    return _split(set_of_run[np.searchsorted(runs, windows.run)])


def split_by_window(windows: LabelledWindows, seed: int, shares: Sequence[float] = SHARES) -> Split:
    """Return a split by place: no column of a run is on two sides, in any frame.

    Each run gives the windows at one end to evaluation, at the other to test (drawn by ``seed``)
    and those between to training; training windows that overlap either are dropped. All frames of
    a window stay together. Runs too short for that go to training whole.

    Parameters
    ----------
    windows, seed, shares
        As for :func:`split_by_run`, the shares of the places of a run.

    Raises
    ------
    SettingsError
        If the shares are not three numbers of 0 or more that add up to 1.
    DataError
        If a set would be empty.

    Notes
    -----
    Neighbours of a run still look alike: a split by run is the stricter test.
    """
    wanted = _checked(shares)
    rng = np.random.default_rng(seed)
    sets = np.full(len(windows), _TRAIN)
    for run in np.unique(windows.run):
        rows = np.flatnonzero(windows.run == run)
        firsts, place = np.unique(windows.first_column[rows], return_inverse=True)
        reverse = bool(rng.integers(2))
        sets[rows] = _sets_of_places(firsts, wanted, reverse=reverse)[place]
    split = _split(sets)
    for one, share in zip(fields(split), wanted.tolist(), strict=True):
        if share > 0.0 and not getattr(split, one.name).size:
            raise DataError(
                f"no window for {one.name}: runs of {COLUMNS}-column windows at more places are "
                "needed (five every 50 columns will do), or a split by run"
            )
    return split


def _sets_of_places(
    firsts: Rows, wanted: NDArray[np.float64], *, reverse: bool
) -> NDArray[np.int64]:
    """Return the set of each place of a run, ``firsts`` in ascending order."""
    if firsts.size < np.count_nonzero(wanted):
        return np.full(firsts.size, _TRAIN)
    train, evaluation, test = _counts(firsts.size, wanted).tolist()
    sets = np.repeat([_EVALUATION, _TRAIN, _TEST], [evaluation, train, test])
    if reverse:
        sets = sets[::-1].copy()
    held = firsts[sets != _TRAIN]
    overlaps = (np.abs(firsts[:, None] - held) < COLUMNS).any(axis=1)
    kept = np.where((sets == _TRAIN) & overlaps, _DROPPED, sets)
    held_apart = not _touch(firsts[sets == _EVALUATION], firsts[sets == _TEST])
    if held_apart and ((kept == _TRAIN).any() or wanted[_TRAIN] == 0.0):
        return kept
    return np.full(firsts.size, _TRAIN)


def _touch(left: Rows, right: Rows) -> bool:
    """Tell whether any two windows share a column."""
    return bool((np.abs(left[:, None] - right) < COLUMNS).any())


def legacy_split(windows: LabelledWindows, seed: int) -> Split:
    """Return the published split, with its leak, for comparison with published scores alone.

    Run names are ``CONDITION_NUMBER``. The first run of each condition goes to training. Each
    other run has its windows shuffled: two for evaluation, the third for test, the rest for
    training. A condition with a single run is left out.

    Raises
    ------
    DataError
        If the names of the runs leave a set empty.

    Notes
    -----
    As published, the list of a run, ordered by window and frame, is cut into equal parts, though
    windows have unequal numbers of frames with a fault: frames of one window land in the part of
    another. Windows of training and test overlap by 14 columns besides, and show one run in
    neighbouring frames. The published shuffle had no seed.
    """
    rng = np.random.default_rng(seed)
    sets = np.full(len(windows), _DROPPED)
    first, later = _legacy_groups(np.unique(windows.run).tolist())
    sets[np.isin(windows.run, first)] = _TRAIN
    for run in later:
        rows = np.flatnonzero(windows.run == run)
        ordered = rows[np.lexsort((windows.frame[rows], windows.first_column[rows]))]
        count = np.unique(windows.first_column[rows]).size
        parts = np.array_split(ordered, count)  # equal parts: the leak
        for rank, part in enumerate(rng.permutation(count).tolist()):
            sets[parts[part]] = (_EVALUATION, _EVALUATION, _TEST)[rank] if rank < 3 else _TRAIN
    split = _split(sets)
    if not all(getattr(split, one.name).size for one in fields(split)):
        raise DataError(
            f"the published split finds no groups among runs {', '.join([*first, *later][:6])}; "
            "it needs names such as EB_050_1 and EB_050_2 with five windows a run: "
            "split by run or by window"
        )
    return split


def _legacy_groups(runs: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the first run of each condition that has several, and the other runs."""
    conditions: dict[str, list[tuple[int, str]]] = {}
    for run in runs:
        found = re.fullmatch(r"(.+)_(\d+)", run)
        if found:
            conditions.setdefault(found[1], []).append((int(found[2]), run))
    several = [sorted(members) for members in conditions.values() if len(members) > 1]
    return (
        [members[0][1] for members in several],
        [run for members in several for _, run in members[1:]],
    )


def _checked(shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the shares as an array, after a look at them."""
    wanted = np.asarray(shares, dtype=np.float64)
    if wanted.shape != (3,) or not (wanted >= 0.0).all() or abs(wanted.sum() - 1.0) > 1e-6:
        raise SettingsError(
            f"shares {tuple(shares)}; give three of 0 or more for training, evaluation and test "
            "that add up to 1"
        )
    return wanted


def _counts(total: int, wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many of ``total`` each share gets: one at least, the rest where most is owed."""
    counts = (wanted > 0.0).astype(np.int64)
    for _ in range(total - int(counts.sum())):
        counts[np.argmax(np.where(wanted > 0.0, wanted * total - counts, -np.inf))] += 1
    return counts


def _split(sets: NDArray[np.int64]) -> Split:
    """Return the rows of each set."""
    train, evaluation, test = (
        np.flatnonzero(sets == one).astype(np.int64) for one in (_TRAIN, _EVALUATION, _TEST)
    )
    return Split(train, evaluation, test)


def write_lists(folder: Path, windows: LabelledWindows, split: Split) -> None:
    """Write ``train.txt``, ``evaluation.txt`` and ``test.txt`` with the names of windows.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    names = window_names(windows)
    for one in fields(split):
        rows = getattr(split, one.name).tolist()
        with replacing(folder / f"{one.name}.txt") as partial:
            text = "".join(f"{names[row].text()}.npy\n" for row in rows)
            partial.write_text(text, encoding="utf-8")


def read_lists(folder: Path, windows: LabelledWindows) -> Split:
    """Return the rows of windows that the three lists of a folder name.

    Windows are known by run, number and frame; labels in the names are not compared, and folders
    before a name are left out.

    Raises
    ------
    SourceError
        If a list is missing.
    DataError
        If a name is not that of a window, or comes twice.
    """
    row_of = {
        (name.run, name.window, name.frame): row for row, name in enumerate(window_names(windows))
    }
    parts = {}
    for one in fields(Split):
        path = folder / f"{one.name}.txt"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path} cannot be read ({error}); write lists first") from error
        named = [WindowName.parse(re.split(r"[/\\]", line)[-1]) for line in lines if line.strip()]
        rows = [row_of.get((name.run, name.window, name.frame), -1) for name in named]
        if -1 in rows:
            raise DataError(
                f"{path} names {lines[rows.index(-1)]}, which is not among the {len(windows)} "
                "windows; give the windows that the lists were made for"
            )
        parts[one.name] = np.sort(np.array(rows, dtype=np.int64))
    together = np.concatenate(list(parts.values()))
    if np.unique(together).size != together.size:
        raise DataError(f"the lists of {folder} name a window twice; write them again")
    return Split(**parts)
