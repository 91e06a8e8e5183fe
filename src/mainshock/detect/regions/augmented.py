"""Adds changed copies of training windows: noise, stretched, compressed and shifted in time."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.core.records import Waveform
from mainshock.core.times import format_utc, parse_utc
from mainshock.detect.regions.dataset import open_region_dataset
from mainshock.signal.resample import resample_waveform
from mainshock.sources.seisbench_writer import SeisBenchWriter

__all__ = ["Augmentation", "add_gaussian_noise", "augment_dataset", "rescale_time", "shift_time"]

FloatArray = NDArray[np.float32]
Shown = Callable[[str, FloatArray, FloatArray, float], None]
_STRETCH = (1.05, 1.30)
_CLOCK = parse_utc("2000-01-01")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What copies are made of each training window.

    Parameters
    ----------
    std_factor
        Standard deviation of the Gaussian noise added to a copy, in units of that of each
        component of the window; 0 makes no such copy.
    stretch, compress, shift
        Whether copies stretched, compressed and shifted in time are made.
    copies
        Copies of each kind.
    max_shift_s
        Largest shift, either way.
    seed
        Of all that is drawn.

    Raises
    ------
    SettingsError
        If a number makes no sense, or nothing is asked for.
    """

    std_factor: float = 1.0
    stretch: bool = False
    compress: bool = False
    shift: bool = False
    copies: int = 1
    max_shift_s: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.std_factor) and self.std_factor >= 0.0):
            raise SettingsError(f"std_factor is {self.std_factor:g}; it must be 0 or more")
        if self.copies < 1 or not self.max_shift_s > 0.0 or self.seed < 0:
            raise SettingsError(
                f"copies is {self.copies}, max_shift_s {self.max_shift_s:g}, seed {self.seed}; "
                "give at least one copy, a shift above 0 s, and a seed of 0 or more"
            )
        if not self.kinds:
            raise SettingsError(
                "nothing to add: give --std-factor above 0, --stretch, --compress or --shift"
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the changes asked for."""
        wanted = {
            "noise": self.std_factor > 0.0,
            "stretch": self.stretch,
            "compress": self.compress,
            "shift": self.shift,
        }
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def add_gaussian_noise(
    samples: FloatArray, std_factor: float, rng: np.random.Generator
) -> FloatArray:
    """Return a window with noise: normal, with the mean and ``std_factor`` times the sd of each.

    Parameters
    ----------
    samples
        Shape ``(3, n_samples)``.
    std_factor
        1 adds noise as strong as the window itself.
    rng
        Draws the noise.

    References
    ----------
    Perol, Gharbi & Denolle (2018), https://doi.org/10.1126/sciadv.1700578
    """
    values = samples.astype(np.float64)
    mean, sd = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    return np.asarray(values + rng.normal(mean, std_factor * sd, values.shape), dtype=np.float32)


def rescale_time(samples: FloatArray, factor: float) -> FloatArray:
    """Return a window whose time runs slower (factor above 1) or faster, same rate and length.

    Parameters
    ----------
    samples
        Shape ``(3, n_samples)``.
    factor
        What lay at time t lies at ``factor * t`` afterwards; periods grow by it.

    Raises
    ------
    SettingsError
        If the factor is not between 0.5 and 2.

    Notes
    -----
    Resampled with the filter of ``resample_waveform``, so nothing aliases. A compressed window
    ends early; the record beyond is not known, so its end is mirrored.
    """
    if not 0.5 <= factor <= 2.0:
        raise SettingsError(f"a time factor of {factor:g} is not possible; 0.5 to 2 are")
    n = samples.shape[1]
    record = Waveform("", "", "", "", _CLOCK, 100.0, samples)
    scaled = resample_waveform(record, 100.0 * factor).samples[:, :n]
    missing = n - scaled.shape[1]
    return scaled if missing <= 0 else np.pad(scaled, ((0, 0), (0, missing)), mode="reflect")


def shift_time(samples: FloatArray, n_later: int) -> FloatArray:
    """Return a window moved by whole samples, later where ``n_later`` is positive.

    The edge that the move lays bare is filled with the mirrored record; nothing wraps around.

    Raises
    ------
    SettingsError
        If the shift is as long as the window.
    """
    n = samples.shape[1]
    if abs(n_later) >= n:
        raise SettingsError(f"a shift of {n_later} samples leaves nothing of a window of {n}")
    if n_later >= 0:
        return np.pad(samples, ((0, 0), (n_later, 0)), mode="reflect")[:, :n]
    return np.pad(samples, ((0, 0), (0, -n_later)), mode="reflect")[:, -n_later:]


def augment_dataset(
    folder: Path, output: Path, settings: Augmentation, shown: Shown | None = None
) -> dict[str, Any]:  # counts, and counts by kind
    """Write a data set with all windows of another and changed copies of its training windows.

    Parameters
    ----------
    folder
        Data set of the ``detect dataset`` commands.
    output
        Another folder. ``trace_augmentation`` states what was done to a row (empty: nothing) and
        ``trace_augmentation_value`` the factor, or the shift in seconds. Labels stay. Rows of
        other parts than train are copied as they are.
    settings
        What is made.
    shown
        Called with name, the window before and after, and the rate, for pictures.

    Returns
    -------
    dict
        ``n_windows`` (of the input), ``n_train``, ``n_added`` and ``added`` by kind.

    Raises
    ------
    SettingsError
        If both folders are the same, or the input was augmented already.
    NothingFoundError
        If no row is of the part train.
    SourceError, DataError
        If the data set cannot be read.
    """
    dataset = open_region_dataset(folder)
    if output.resolve() == folder.resolve():
        raise SettingsError(f"--output-dir is the input {folder}; name another folder")
    table = dataset.metadata
    if "trace_augmentation" in table:
        raise SettingsError(f"{folder} holds augmented rows already; give the data set before that")
    n_train = int((table["split"] == "train").sum())
    if n_train == 0:
        raise NothingFoundError(f"{folder} has no row of split train; only those are augmented")
    rates = dataset.rates_hz()
    added: Counter[str] = Counter()
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    names = [str(name) for name in table["trace_name"]]
    with SeisBenchWriter(output, float(rates[0])) as writer:
        for number, (row, samples) in enumerate(zip(rows, dataset.waveforms(names), strict=True)):
            before = {str(name): value for name, value in row.items()}
            writer.add(samples, before | {"trace_augmentation": None})
            if before["split"] != "train":
                continue
            for kind, value, changed in _copies(samples, float(rates[number]), number, settings):
                writer.add(changed, _described(before, kind, value))
                added[kind] += 1
                if shown is not None:
                    label = f"{number:06d}_{kind}_{added[kind]}"
                    shown(label, samples, changed, float(rates[number]))
    n_added = sum(added.values())
    return {"n_windows": len(rows), "n_train": n_train, "n_added": n_added, "added": dict(added)}


def _copies(
    samples: FloatArray, rate_hz: float, number: int, settings: Augmentation
) -> Iterator[tuple[str, float, FloatArray]]:
    """Yield kind, value and samples of each copy; what is drawn depends on the row alone."""
    for order, kind in enumerate(("noise", "stretch", "compress", "shift")):
        if kind not in settings.kinds:
            continue
        rng = np.random.default_rng((settings.seed, number, order))
        for _ in range(settings.copies):
            if kind == "noise":
                changed = add_gaussian_noise(samples, settings.std_factor, rng)
                yield kind, settings.std_factor, changed
            elif kind == "shift":
                most = round(settings.max_shift_s * rate_hz)
                n_later = int(rng.integers(1, most + 1)) * int(rng.choice((-1, 1)))
                yield kind, n_later / rate_hz, shift_time(samples, n_later)
            else:
                drawn = round(float(rng.uniform(*_STRETCH)), 2)
                factor = drawn if kind == "stretch" else round(1.0 / drawn, 2)
                yield kind, factor, rescale_time(samples, factor)


def _described(row: dict[str, Any], kind: str, value: float) -> dict[str, Any]:
    """Return the columns of a copy: labels stay, and arrival samples move with the record."""
    described = row | {"trace_augmentation": kind, "trace_augmentation_value": round(value, 6)}
    rate_hz = float(row["trace_sampling_rate_hz"])
    if kind == "shift" and row.get("trace_start_time"):
        start = parse_utc(str(row["trace_start_time"])) - timedelta(seconds=value)
        described["trace_start_time"] = format_utc(start)
    n_samples = int(row["trace_npts"])
    for name, sample in row.items():
        if name.endswith("_arrival_sample") and pd.notna(sample):
            factor, later = (1.0, value * rate_hz) if kind == "shift" else (value, 0.0)
            moved = float(sample) * (1.0 if kind == "noise" else factor) + later
            described[name] = moved if 0.0 <= moved < n_samples else None
    return described
