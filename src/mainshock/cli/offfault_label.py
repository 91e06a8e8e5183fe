"""``mainshock offfault label`` and ``split``: laboratory runs to labelled windows, kept apart."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import NothingFoundError

if TYPE_CHECKING:
    from mainshock.offfault.windows import LabelledWindows

__all__ = ["label", "split"]

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_QUANTILES = (0.05, 0.5, 0.95)


class _By(StrEnum):
    """How windows are divided."""

    run = "run"
    window = "window"
    legacy = "legacy"


def label(
    files: Annotated[
        list[Path],
        typer.Argument(help="Runs as .mat, .npy or .npz, folders of them, or repacked folders."),
    ],
    out: Annotated[Path, typer.Option(help="File for the windows, .npz.")],
    repack: Annotated[
        Path | None, typer.Option(help="Folder for raw_npy, slice_npy and file_master.")
    ] = None,
    dx: Annotated[
        float, typer.Option(min=1e-9, help="Grid step, in the unit of displacement (mm).")
    ] = 1.14,
    dextral: Annotated[
        bool, typer.Option("--dextral", help="Higher rows move to the left of lower ones.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Label the windows of laboratory runs with kinematic efficiency.

    Windows are 128 rows by 64 columns, one every 50 columns; those without a fault are left out.
    """
    from mainshock.offfault.laboratory import join_windows
    from mainshock.offfault.repack import is_repacked, read_repacked
    from mainshock.offfault.windows import write_windows

    folders = [one for one in files if is_repacked(one)]
    parts = [read_repacked(folder) for folder in folders]
    parts += _labelled([one for one in files if one not in folders], repack, dx, dextral=dextral)
    windows = join_windows(parts)
    write_windows(out, windows)
    say(f"{len(windows)} windows written to {out}")
    summary = _summary(windows)
    if as_json:
        print_json({"out": str(out), "n": len(windows), "runs": summary})
        return
    for name, one in summary.items():
        print_result(
            f"{name}: {one['windows']} windows of {one['frames']} frames, KE "
            f"{one['ke05']:.2f} / {one['ke50']:.2f} / {one['ke95']:.2f} (5, 50, 95 %)"
        )


def _labelled(
    files: list[Path], repack: Path | None, dx: float, *, dextral: bool
) -> "list[LabelledWindows]":
    """Return the windows of each run, and repack them where wanted."""
    from mainshock.offfault.laboratory import read_run, run_files, windows_of
    from mainshock.offfault.repack import repack as write_folder

    paths = [path for one in files for path in run_files(one)]
    parts, unused = [], []
    with progress("labelling", total=len(paths)) as advance:
        for path in paths:
            run = read_run(path, dx)
            try:
                windows = windows_of(run, dx, dextral=dextral)
            except NothingFoundError as error:
                unused.append((str(path), str(error)))
                continue
            if repack is not None:
                write_folder(run, windows, repack)
            parts.append(windows)
            advance(run.name)
    tell_not_used(unused)
    return parts


def _summary(windows: "LabelledWindows") -> dict[str, dict[str, float]]:
    """Return counts and quantiles of the efficiency by run, and tell of the wrong sense."""
    import numpy as np

    summary = {}
    for name in np.unique(windows.run).tolist():
        rows = windows.run == name
        ke05, ke50, ke95 = np.quantile(windows.ke[rows], _QUANTILES).tolist()
        frames = int(np.unique(windows.frame[rows]).size)
        summary[name] = {
            "windows": int(rows.sum()), "frames": frames, "ke05": ke05, "ke50": ke50, "ke95": ke95
        }  # fmt: skip
        if ke50 < 0.0:
            say(f"{name}: the median efficiency is {ke50:.2f}; turn --dextral on, or off")
    return summary


def split(
    windows: Annotated[Path, typer.Argument(help="Windows from `label` or `generate`, .npz.")],
    out: Annotated[Path, typer.Option(help="Folder for windows and lists of each set.")],
    by: Annotated[
        _By, typer.Option(help="run, window (no shared column) or legacy (as published, leaks).")
    ] = _By.run,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    as_json: _Json = False,
) -> None:
    """Divide windows into training, evaluation and test: an .npz and a list of names for each."""
    from dataclasses import fields

    from mainshock.core.files import make_folder
    from mainshock.offfault.splits import (
        legacy_split,
        split_by_run,
        split_by_window,
        write_lists,
    )
    from mainshock.offfault.windows import read_windows, write_windows

    read = read_windows(windows)
    splitters = {_By.run: split_by_run, _By.window: split_by_window, _By.legacy: legacy_split}
    found = splitters[by](read, seed)
    rows = {one.name: getattr(found, one.name) for one in fields(found)}
    make_folder(out)
    for name, chosen in rows.items():
        write_windows(out / f"{name}.npz", read.take(chosen))
    write_lists(out, read, found)
    if by is _By.legacy:
        say("the published split leaks windows from training to test; do not report its scores")
    dropped = len(read) - sum(chosen.size for chosen in rows.values())
    if as_json:
        listed = {name: chosen.tolist() for name, chosen in rows.items()}
        print_json({"out": str(out), "dropped": dropped, **listed})
        return
    counts = ", ".join(f"{name} {chosen.size}" for name, chosen in rows.items())
    print_result(f"{counts}, dropped {dropped}")
