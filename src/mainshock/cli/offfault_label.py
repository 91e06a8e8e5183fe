"""``mainshock offfault label``: laboratory runs to labelled windows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import NothingFoundError

if TYPE_CHECKING:
    from mainshock.offfault.windows import LabelledWindows

__all__ = ["label"]

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_QUANTILES = (0.05, 0.5, 0.95)


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
    runs = [one for one in files if one not in folders]
    measured, unused = _labelled(runs, repack, dx, dextral=dextral)
    parts += measured
    tell_not_used(unused)
    windows = join_windows(parts)
    write_windows(out, windows)
    say(f"{len(windows)} windows written to {out}")
    summary = _summary(windows)
    if as_json:
        not_used = [{"what": what, "reason": reason} for what, reason in unused]
        print_json({"out": str(out), "n": len(windows), "runs": summary, "not_used": not_used})
        return
    for name, one in summary.items():
        print_result(
            f"{name}: {one['windows']} windows of {one['frames']} frames, KE "
            f"{one['ke05']:.2f} / {one['ke50']:.2f} / {one['ke95']:.2f} (5, 50, 95 %)"
        )


def _labelled(
    files: list[Path], repack: Path | None, dx: float, *, dextral: bool
) -> "tuple[list[LabelledWindows], list[tuple[str, str]]]":
    """Return the windows of each run, repacked where wanted, and the files that hold none."""
    from mainshock.offfault.laboratory import read_run, run_files, windows_of
    from mainshock.offfault.repack import repack as write_folder

    paths = [path for one in files for path in run_files(one)]
    parts: list[LabelledWindows] = []
    unused: list[tuple[str, str]] = []
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
    return parts, unused


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
