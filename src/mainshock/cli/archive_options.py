"""The options of ``mainshock archive``."""

from typing import Annotated

import typer

__all__ = [
    "Begin",
    "Channels",
    "End",
    "Executor",
    "Json",
    "Locate",
    "Model",
    "Out",
    "PThreshold",
    "Resume",
    "SThreshold",
    "Source",
    "Stations",
    "Velocity",
    "Workers",
]

Source = Annotated[
    str,
    typer.Argument(
        help="SDS folder; s3://BUCKET/PREFIX, gs:// or hdfs:// with the same layout; or fdsn:URL "
        "of a data centre."
    ),
]
Out = Annotated[str, typer.Option(help="Folder or address of an object store for the results.")]
Begin = Annotated[str | None, typer.Option("--from", help="First time, ISO 8601 UTC.")]
End = Annotated[
    str | None, typer.Option("--to", help="Up to, not including, this time, ISO 8601 UTC.")
]
Stations = Annotated[
    list[str] | None,
    typer.Option(
        help="Stations to process, such as 'CX.PB*' or 'UH1,UH2'; repeatable. With --locate also "
        "the file of stations: CSV, Parquet or StationXML."
    ),
]
Channels = Annotated[
    str, typer.Option(help="Channels to process, such as 'HH?,EH?'; all by default.")
]
Model = Annotated[str, typer.Option(help="Picker: a registered name or a model folder.")]
PThreshold = Annotated[
    float | None, typer.Option(help="Smallest probability of a P, 0 to 1; else the model's.")
]
SThreshold = Annotated[
    float | None, typer.Option(help="Smallest probability of an S, 0 to 1; else the model's.")
]
Executor = Annotated[str, typer.Option(help="Where the work is done: process, ray or serial.")]
Workers = Annotated[
    int | None, typer.Option(help="Units at a time; one for each processor by default.", min=1)
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")]
Locate = Annotated[
    bool, typer.Option("--locate", help="Then associate and locate; needs --stations FILE.")
]
Velocity = Annotated[
    str | None, typer.Option(help="Velocity model for --locate, as `mainshock locate` has it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
