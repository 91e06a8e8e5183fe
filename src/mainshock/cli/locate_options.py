"""The options that the verbs of ``mainshock locate`` share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Background",
    "Catalogue",
    "Clusters",
    "DistanceCorrection",
    "Figures",
    "Jobs",
    "Json",
    "Legacy",
    "Magnitude",
    "MaxDepth",
    "ModelError",
    "OneEventPerFile",
    "Out",
    "Picker",
    "Picks",
    "Regions",
    "Sampler",
    "Seed",
    "Stations",
    "Terms",
    "Velocity",
    "Waveforms",
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Picks = Annotated[
    Path | None,
    typer.Option(
        help="Picks: CSV, Parquet, QuakeML or NonLinLoc observations, a folder of such, or a "
        "table of EQTransformer or EQNeMix."
    ),
]
Waveforms = Annotated[
    list[Path] | None,
    typer.Option(help="Record file, folder or SDS root; may be given several times."),
]
OneEventPerFile = Annotated[
    bool,
    typer.Option("--one-event-per-file", help="Each file holds one event, named by its stem."),
]
Stations = Annotated[Path | None, typer.Option(help="Stations: CSV, Parquet or StationXML.")]
Velocity = Annotated[
    str | None,
    typer.Option(
        help="iasp91, ak135, constant:VP,VS, gradient:..., taup:MODEL, nonlinloc:PREFIX, a CSV or "
        "JSON file of layers, an .npz volume; by default the one that --terms belong to, else "
        "iasp91."
    ),
]
ModelError = Annotated[
    float | None,
    typer.Option(
        help="Error of the velocity model, as a share of the travel time; by default 0.03 for a "
        "named Earth model, 0 for one that you state.",
        min=0.0,
    ),
]
Catalogue = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        "--catalog",
        help="Past events, which say where earthquakes are expected: the prior.",
    ),
]
Background = Annotated[
    float,
    typer.Option(
        help="Share of events that may happen where --catalogue has none.", min=0.001, max=0.999
    ),
]
MaxDepth = Annotated[
    float | None,
    typer.Option(
        help="Deepest event that picks are associated into, km; by default what --catalogue "
        "suggests, else 30.",
        min=1.0,
        max=800.0,
    ),
]
Terms = Annotated[Path | None, typer.Option(help="Station terms by `mainshock locate calibrate`.")]
Regions = Annotated[
    Path | None,
    typer.Option(help="ConvNetQuake's region probabilities, for --picks of EQTransformer."),
]
Clusters = Annotated[
    Path | None, typer.Option(help="The clusters that the regions are: JSON, or EQNeMix's folder.")
]
Legacy = Annotated[
    bool, typer.Option("--legacy", help="EQNeMix's own model in place of ours, for comparison.")
]
Sampler = Annotated[
    str,
    typer.Option(
        help="Location method: grid, importance, smc, variational; hamiltonian with extra bayes."
    ),
]
Picker = Annotated[str, typer.Option(help="Picker for --waveforms.")]
Seed = Annotated[int, typer.Option(help="Seed of the posterior draws.", min=0)]
Out = Annotated[Path | None, typer.Option(help="Folder for the results.")]
Jobs = Annotated[
    int | None,
    typer.Option(help="Processes for many events; one for each core by default.", min=1),
]
Magnitude = Annotated[
    str, typer.Option(help="ML, or Mw from displacement spectra; needs StationXML with responses.")
]
DistanceCorrection = Annotated[
    str,
    typer.Option(help="Of ML: iaspei, hutton-boore, richter, bakun-joyner, norway, uk, iceland."),
]
Figures = Annotated[
    int, typer.Option(help="Draw this many events, each as figures/EVENT.png.", min=0)
]
