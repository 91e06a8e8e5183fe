"""Options of ``mainshock monitor``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

__all__ = [
    "Alerts",
    "Backfill",
    "Bus",
    "BusSettings",
    "DataDir",
    "ExitAtEnd",
    "ForecastAgency",
    "ForecastCatalogue",
    "ForecastModel",
    "ForecastRegion",
    "Host",
    "KeepDays",
    "Models",
    "NoBrowser",
    "Picker",
    "Port",
    "SeedLinkHost",
    "SeedLinkPort",
    "SeedLinkRing",
    "Source",
    "Speed",
    "Stations",
    "TokenFile",
    "chosen_bus",
    "model_settings",
    "opened_picker",
]

if TYPE_CHECKING:
    from mainshock.detect.base import Picker as OpenPicker
    from mainshock.stream.bus_choice import BusChoice
    from mainshock.stream.model_choice.settings import ModelSettings

Source = Annotated[
    str,
    typer.Option(
        help="demo, replay:PATH, seedlink://HOST:PORT/STREAMS, seedlink4://HOST:PORT/STREAMS, "
        "udp://HOST:PORT/NET.STA (Raspberry Shake) or load:N (synthetic)."
    ),
]
Speed = Annotated[
    float, typer.Option(min=0.0, help="Of a replay, times real time; 0: as fast as it goes.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: a free one.")]
Host = Annotated[
    str, typer.Option(help="Address of the page and the API; any but a loopback one needs a token.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where results are kept; by default ~/.local/share/mainshock/monitor/SOURCE.",
    ),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")]
ExitAtEnd = Annotated[
    bool,
    typer.Option(
        "--exit-at-end",
        help="End with the replay. Its end, with or without this, writes events.csv, events.xml, "
        "picks.csv, regions.geojson and samples.npz into the data folder.",
    ),
]
Stations = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="StationXML or table; for SeedLink and UDP sources."),
]
Models = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Which pickers serve, the one in use and one beside it (TOML); in place of --model.",
    ),
]
Picker = Annotated[str, typer.Option(help="Picker: a registered name or a model folder.")]
Alerts = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Rules and channels of alerts (TOML).")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File that holds the token which callers must show."),
]
SeedLinkHost = Annotated[
    str,
    typer.Option(
        help="Address that the SeedLink server listens on. Without a token on a loopback one; on "
        "any other, clients must show the token, which those of version 3 cannot."
    ),
]
SeedLinkPort = Annotated[
    int, typer.Option(min=-1, max=65535, help="Of the SeedLink server; 0: a free one, -1: none.")
]
SeedLinkRing = Annotated[
    float,
    typer.Option(
        "--seedlink-ring-mb",
        min=1.0,
        help="Records kept in memory for SeedLink clients that come late, MB.",
    ),
]
Backfill = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Data centre (FDSN) to ask for what a live source lost."),
]
Bus = Annotated[
    str,
    typer.Option(
        help="What carries the messages: embedded, a file in the data folder, or kafka, a cluster."
    ),
]
BusSettings = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="How the Kafka cluster is reached (TOML); else by MAINSHOCK_KAFKA_... variables.",
    ),
]
KeepDays = Annotated[
    float, typer.Option(min=0.04, help="How long picks and old versions of events are kept.")
]
ForecastModel = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Fitted space-time model of `forecast fit`; without it only generic tables of "
        "aftershocks are told.",
    ),
]
ForecastCatalogue = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Events since that model was fitted."),
]
ForecastRegion = Annotated[str, typer.Option(help="Name of its region, as sentences use it.")]
ForecastAgency = Annotated[str, typer.Option(help="Source of official advice that forecasts name.")]


def chosen_bus(name: str, settings: Path | None) -> "BusChoice":
    """Return the bus of a name.

    Raises
    ------
    SettingsError
        If settings are named for the embedded bus.
    """
    from mainshock.stream.bus_choice import BusChoice

    return BusChoice(name, settings)


def model_settings(model: str, file: Path | None) -> "ModelSettings":
    """Return which pickers serve, by a name or by a file.

    Raises
    ------
    SettingsError
        If both name one, or the file makes no sense.
    SourceError
        If the file cannot be read.
    """
    from mainshock.core.errors import SettingsError
    from mainshock.stream.model_choice.settings import (
        ModelSettings,
        PickerSpec,
        read_model_settings,
    )

    if file is None:
        return ModelSettings(in_use=PickerSpec(model=model))
    if model != "default":
        raise SettingsError(f"--model is {model} and {file} names one too; leave one of them out")
    return read_model_settings(file)


def opened_picker(models: "ModelSettings") -> "OpenPicker":
    """Return the picker that settings name as the one in use."""
    from mainshock.detect.registry import open_picker

    named = models.in_use
    return open_picker(named.model, p_threshold=named.p_threshold, s_threshold=named.s_threshold)
