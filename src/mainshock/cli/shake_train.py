"""``mainshock shake train`` and ``simulate``: models of shaking from records, and their records."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, say

__all__ = ["simulate", "train"]

_CONDITION = 2
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Profile(StrEnum):
    """How much a training may cost."""

    cpu = "cpu"
    gpu = "gpu"


def train(
    data: Annotated[Path, typer.Option(help="Records: X.h5 with X.csv, or their folder.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    arch: Annotated[str, typer.Option(help="flow, or cgm-gm.")] = "flow",
    condition: Annotated[
        int, typer.Option(min=0, max=5, help="CGM-GM's set of conditions; 4 is CGM-baseline.")
    ] = _CONDITION,
    legacy: Annotated[
        bool, typer.Option("--legacy", help="CGM-GM as released, with its defects.")
    ] = False,
    profile: Annotated[
        _Profile, typer.Option(help="cpu: minutes on two cores; gpu: a larger network.")
    ] = _Profile.cpu,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes through the records; the model's own number.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything drawn.")] = 0,
    as_json: _Json = False,
) -> None:
    """Train a model of shaking: medians with their spread, and accelerograms.

    All records given are learned from. Divide them first (`mainshock shake split`) to score the
    model on events and stations that it has not seen.
    """
    from mainshock.shaking.records import open_records
    from mainshock.shaking.registry import ARCHITECTURES
    from mainshock.shaking.training import TrainingSettings

    if arch != "cgm-gm" and (legacy or condition != _CONDITION):
        raise typer.BadParameter("--legacy and --condition are CGM-GM's: add --arch cgm-gm")
    architecture = ARCHITECTURES.load(arch)
    records = open_records(data)
    settings = TrainingSettings(
        seed=seed,
        profile=profile.value,
        epochs=epochs,
        condition=condition,
        is_legacy=legacy,
        say=say,
    )
    begun = time.monotonic()
    architecture.train(records, out, settings)
    seconds = time.monotonic() - begun
    told = {
        "model": str(out),
        "architecture": arch,
        "records": len(records),
        "is_synthetic": records.is_synthetic,
        "seconds": round(seconds, 1),
    }
    if as_json:
        print_json(told)
        return
    kind = "synthetic " if records.is_synthetic else ""
    print_result(f"{arch} trained on {len(records)} {kind}records in {seconds:.0f} s -> {out}")


def simulate(
    scenarios: Annotated[Path, typer.Option(help="Sources and sites, one a row: CSV or Parquet.")],
    out: Annotated[
        Path, typer.Option(help="File by suffix: .h5, .npz, .mseed; .at2 makes one file a record.")
    ],
    model: Annotated[str, typer.Option(help="Name of a model, or its folder.")] = "default",
    n: Annotated[int, typer.Option("--n", min=1, help="Realisations of each row.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same records.")] = 0,
    as_json: _Json = False,
) -> None:
    """Make three-component accelerograms of scenarios.

    In one realisation rows of one event share its term, so that they fit together. What a model
    was trained on is no design code: not for design use.
    """
    import numpy as np

    from mainshock.core.errors import ModelError
    from mainshock.shaking.record_writers import write_waveforms
    from mainshock.shaking.scenarios import read_scenarios
    from mainshock.shaking.training import open_model

    opened = open_model(model)
    if opened.waveforms is None:
        raise ModelError(f"{model!r} makes no waveforms; take one trained with --arch flow")
    asked = read_scenarios(scenarios, opened.origin)
    made = opened.waveforms.simulate(asked, n, np.random.default_rng(seed))
    kind = "synthetic records" if opened.is_synthetic else "records"
    written = write_waveforms(made, asked, out, made_by=f"{opened.name}, trained on {kind}")
    flagged = int(opened.motions.predict(asked).is_extrapolated.sum())
    if flagged:
        say(f"{flagged} of {len(asked)} scenarios lie outside what the model was trained on")
    told = {
        "model": opened.name,
        "is_synthetic": opened.is_synthetic,
        "rows": len(asked),
        "realisations": n,
        "sampling_rate_hz": made.sampling_rate_hz,
        "start_rel_origin_s": made.start_rel_origin_s,
        "extrapolated": flagged,
        "files": [str(one) for one in written],
    }
    if as_json:
        print_json(told)
        return
    print_result(f"{len(asked)} scenarios x {n}, made by a model trained on {kind} -> {out}")
