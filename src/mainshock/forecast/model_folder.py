"""Folders of fitted models: what they are, their numbers, and the events they were fitted to."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mainshock.core.errors import ModelError
from mainshock.core.files import make_folder, replacing
from mainshock.forecast.base import FitSettings, ModelInfo, RateModel
from mainshock.forecast.region import Region
from mainshock.forecast.registry import DEFAULT_SPATIAL, DEFAULT_TEMPORAL, RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import read_table, write_table

__all__ = [
    "info_document",
    "kind_named",
    "open_model",
    "record_validation",
    "save_model",
    "stored_events",
    "with_stored_events",
]

_FORMAT = 1
_EVENTS = "events.parquet"


def kind_named(name: str, catalogue: Catalogue) -> str:
    """Return the registered name that ``default`` stands for, or the name itself."""
    if name != "default":
        return name
    return DEFAULT_SPATIAL if catalogue.has_places else DEFAULT_TEMPORAL


def save_model(folder: Path, model: RateModel, events: Catalogue) -> None:
    """Write a fitted model and the events that it knows: sources and targets.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    model.save(folder)
    write_table(folder / _EVENTS, events)
    with replacing(folder / "model.json") as written:  # last: a folder with it is whole
        written.write_text(json.dumps(info_document(model.info), indent=2) + "\n")


def open_model(folder: str | Path) -> RateModel:
    """Return the model in a folder.

    Raises
    ------
    ModelError
        If there is none, or it cannot be read.
    """
    folder = Path(folder)
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(f"{folder} holds no forecast model; make one with `forecast fit`")
    try:
        document = json.loads(path.read_text())
        info = _info(document)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} cannot be read ({error}); fit the model again") from error
    return RATE_MODELS.load(info.kind).open(folder, info)


def record_validation(folder: str | Path, measured: Mapping[str, Any]) -> None:
    """Add what was measured on later events to what a model's folder says of itself.

    Raises
    ------
    ModelError
        If there is no model, or it cannot be read or written.
    """
    path = Path(folder) / "model.json"
    try:
        document = json.loads(path.read_text())
        document["validated"] = {**document["validated"], **measured}
        with replacing(path) as written:
            written.write_text(json.dumps(_finite(document), indent=2) + "\n")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} cannot be changed ({error}); nothing was recorded") from error


def stored_events(folder: str | Path) -> Catalogue:
    """Return the events that the model of a folder was fitted to, sources included.

    Raises
    ------
    ModelError
        If the folder has none.
    """
    path = Path(folder) / _EVENTS
    if not path.is_file():
        raise ModelError(f"{path} is missing; fit the model again")
    return read_table(path)


def with_stored_events(folder: str | Path, catalogue: Catalogue) -> tuple[Catalogue, int]:
    """Return a catalogue with the model's own events before its first one, and their number.

    A file with later years alone would else leave the model without a past.
    """
    stored = stored_events(folder)
    if len(catalogue) == 0:
        return stored, len(stored)
    before = stored.between(-math.inf, float(catalogue.time_days[0]))
    if len(before) == 0:
        return catalogue, 0
    return Catalogue.joined([before, catalogue]), len(before)


def info_document(info: ModelInfo) -> dict[str, Any]:
    """Return what a model is as JSON can hold it; NaN and infinity become None."""
    settings = asdict(replace(info.settings, region=None))
    settings["region"] = None if info.region is None else info.region.to_document()
    settings["options"] = dict(info.settings.options)
    document = {
        one: getattr(info, one) for one in ModelInfo.__dataclass_fields__ if one != "settings"
    }
    return _finite({"format": _FORMAT, **document, "settings": settings})  # type: ignore[return-value]


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def _info(document: dict[str, Any]) -> ModelInfo:
    if document.pop("format") != _FORMAT:
        raise ValueError("made by another version of this package")
    settings = dict(document.pop("settings"))
    region = settings.pop("region")
    if settings["history_start_days"] is None:
        settings["history_start_days"] = -math.inf
    numbers = ("parameters", "standard_errors")
    for name in numbers:
        document[name] = {
            key: math.nan if one is None else one for key, one in document[name].items()
        }
    document["warnings"] = tuple(document["warnings"])
    return ModelInfo(
        **document,
        settings=FitSettings(
            **settings, region=None if region is None else Region.from_document(region)
        ),
    )
