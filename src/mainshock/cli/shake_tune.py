"""``mainshock shake tune``: hyper-parameters of CGM-GM by search."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, say

__all__ = ["tune"]


def tune(
    data: Annotated[Path, typer.Option(help="Records: HDF5 with its CSV, or their folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the best model.")],
    trials: Annotated[int, typer.Option(min=1, help="Models to train.")] = 30,
    epochs: Annotated[int, typer.Option(min=1, help="Passes of each training.")] = 200,
    condition: Annotated[
        int, typer.Option(min=0, max=5, help="Set of conditions; 4 is CGM-baseline.")
    ] = 2,
    legacy: Annotated[bool, typer.Option(help="As released, with its defects.")] = False,
    iterations: Annotated[
        int, typer.Option(min=1, help="Batches that the judging network is trained on.")
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    study_storage: Annotated[
        str | None,
        typer.Option(
            help="Journal file, or database such as sqlite:///study.db: commands that name the "
            "same one, and the same --out, search together."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Search the hyper-parameters of CGM-GM with Optuna and keep the best model.

    Judged by how well a small network tells generated from recorded motions of events that were
    kept apart. A trial takes as long as a training: minutes to hours.
    """
    from mainshock.shaking.cgm_gm.tune import tune as search
    from mainshock.shaking.records import open_records
    from mainshock.shaking.training import TrainingSettings

    settings = TrainingSettings(
        seed=seed, epochs=epochs, condition=condition, is_legacy=legacy, say=say
    )
    records = open_records(data)
    found = search(
        records, out, settings, n_trials=trials, n_iterations=iterations, storage=study_storage
    )
    if as_json:
        print_json({"model": str(out), "is_synthetic": records.is_synthetic, **asdict(found)})
        return
    print_result(f"discriminative score {found.score:.3f} of {len(found.trials)} trials")
    for name, value in found.parameters.items():
        print_result(f"  {name} {value:g}")
    print_result(f"-> {out}")
