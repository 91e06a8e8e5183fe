"""``mainshock offfault split``: windows for training, evaluation and test, kept apart."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from mainshock.offfault.splits import Split
    from mainshock.offfault.windows import LabelledWindows

__all__ = ["SplitBy", "divide", "split"]


class SplitBy(StrEnum):
    """How windows are divided."""

    run = "run"
    window = "window"
    legacy = "legacy"


def divide(windows: "LabelledWindows", by: SplitBy, seed: int) -> "Split":
    """Return a split of windows, and tell of one that leaks."""
    from mainshock.offfault.splits import legacy_split, split_by_run, split_by_window

    if by is SplitBy.legacy:
        say("the published split leaks windows from training to test; do not report its scores")
    splitters = {
        SplitBy.run: split_by_run,
        SplitBy.window: split_by_window,
        SplitBy.legacy: legacy_split,
    }
    return splitters[by](windows, seed)


def split(
    windows: Annotated[Path, typer.Argument(help="Windows from `label` or `generate`, .npz.")],
    out: Annotated[Path, typer.Option(help="Folder for windows and lists of each set.")],
    by: Annotated[
        SplitBy,
        typer.Option(help="run, window (no shared column) or legacy (as published, leaks)."),
    ] = SplitBy.run,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Divide windows into training, evaluation and test: an .npz and a list of names for each."""
    from dataclasses import fields

    from mainshock.core.files import make_folder
    from mainshock.offfault.splits import write_lists
    from mainshock.offfault.windows import read_windows, write_windows

    read = read_windows(windows)
    found = divide(read, by, seed)
    rows = {one.name: getattr(found, one.name) for one in fields(found)}
    make_folder(out)
    for name, chosen in rows.items():
        write_windows(out / f"{name}.npz", read.take(chosen))
    write_lists(out, read, found)
    dropped = len(read) - sum(chosen.size for chosen in rows.values())
    if as_json:
        listed = {name: chosen.tolist() for name, chosen in rows.items()}
        print_json({"out": str(out), "dropped": dropped, **listed})
        return
    counts = ", ".join(f"{name} {chosen.size}" for name, chosen in rows.items())
    print_result(f"{counts}, dropped {dropped}")
