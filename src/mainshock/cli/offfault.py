"""``mainshock offfault``: kinematic efficiency of faults from maps of their traces."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli import (
    offfault_coseismic,
    offfault_explain,
    offfault_ke_pairs,
    offfault_label,
    offfault_predict,
    offfault_split,
    offfault_train,
)
from mainshock.cli.output import print_json, print_result, progress

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "How much of a fault system's motion is slip on its faults, from maps of their traces: "
        "learned from made-up and laboratory faults, each estimate with its interval."
    ),
)
app.command("predict")(offfault_predict.predict)
app.command("label")(offfault_label.label)
app.command("split")(offfault_split.split)
app.command("train")(offfault_train.train)
app.command("evaluate")(offfault_train.evaluate)
app.command("explain")(offfault_explain.explain)
app.command("ke-pairs")(offfault_ke_pairs.ke_pairs)
app.command("coseismic")(offfault_coseismic.coseismic)


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="File of windows to write (.npz).")],
    runs: Annotated[int, typer.Option(min=1, help="Made-up experiments.")] = 20,
    frames: Annotated[
        int, typer.Option(min=1, help="Moments of each at which maps are taken.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Runs have the seeds from here on.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result is the same.")] = 1,
    growth: Annotated[
        str, typer.Option(help="schedule: faults grow by the clock; stress: by resolved stress.")
    ] = "schedule",
    physics: Annotated[
        str, typer.Option(help="scalar: motion along strike; plane-stress: both components.")
    ] = "scalar",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make up experiments whose efficiency is known: fault maps with KE and its spread.

    An elastic sheet with growing weak faults is sheared by its base and seen by a camera. All of
    it is synthetic. The same seed gives the same windows.
    """
    import numpy as np

    from mainshock.offfault.generator.parallel import generate as simulate
    from mainshock.offfault.generator.parallel import strands_per_column
    from mainshock.offfault.generator.settings import GeneratorSettings
    from mainshock.offfault.windows import write_windows

    settings = GeneratorSettings(frames_per_run=frames, growth=growth, physics=physics)
    with progress("simulating", runs) as step:
        windows = simulate(settings, runs, seed=seed, workers=workers, step=step)
    write_windows(out, windows)
    quantiles = np.quantile(windows.ke, (0.1, 0.5, 0.9)).tolist()
    told = {
        "source": windows.source,
        "runs": runs,
        "windows": len(windows),
        "ke_10_50_90": quantiles,
        "strands_per_column": strands_per_column(windows),
        "seed": seed,
        "path": str(out),
    }
    if as_json:
        print_json(told)
        return
    low, middle, high = quantiles
    print_result(
        f"{len(windows)} synthetic windows of {runs} runs, KE {middle:.2f} (10-90 %: {low:.2f} to "
        f"{high:.2f}), {told['strands_per_column']:.2f} strands per column -> {out}"
    )
