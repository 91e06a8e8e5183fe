"""Which models serve: a TOML file that names the picker in use and one beside it."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import SettingsError, SourceError

__all__ = ["ModelSettings", "PickerSpec", "ShadowSettings", "read_model_settings"]

_STRICT = ConfigDict(extra="forbid", frozen=True)
_LARGEST_BYTES = 100_000
Threshold = Annotated[float | None, Field(gt=0.0, lt=1.0)]


class PickerSpec(BaseModel):
    """A picker and its thresholds.

    Attributes
    ----------
    model
        A name from `mainshock models list`, a registered picker, or a model folder.
    p_threshold, s_threshold
        Smallest probability of a pick, 0 to 1; by default the model's own.
    """

    model_config = _STRICT

    model: Annotated[str, Field(min_length=1, max_length=300)]
    p_threshold: Threshold = None
    s_threshold: Threshold = None


class ShadowSettings(PickerSpec):
    """A picker that sees the same records, and whose picks lead to nothing.

    Attributes
    ----------
    most_waiting
        Records that may wait for it; beyond that the oldest are dropped and counted.
    window_s
        Length of the time, back from the newest record, over which picks are compared.
    same_s
        Picks of a phase closer than this are of the same arrival.
    keep_days
        How long its picks are kept.
    longest_s
        A step that takes longer ends its process, and a new one begins.
    """

    most_waiting: Annotated[int, Field(ge=100, le=1_000_000)] = 5000
    window_s: Annotated[float, Field(ge=60.0, le=30 * 86_400.0)] = 86_400.0
    same_s: Annotated[float, Field(gt=0.0, le=5.0)] = 0.5
    keep_days: Annotated[float, Field(gt=0.0, le=3660.0)] = 7.0
    longest_s: Annotated[float, Field(ge=1.0, le=3600.0)] = 120.0

    @property
    def picker(self) -> PickerSpec:
        """The picker alone."""
        return PickerSpec(
            model=self.model, p_threshold=self.p_threshold, s_threshold=self.s_threshold
        )


class ModelSettings(BaseModel):
    """Which pickers serve.

    Attributes
    ----------
    in_use
        Whose picks count, until another one is promoted.
    shadow
        Who runs beside it; None: nobody.
    """

    model_config = _STRICT

    in_use: PickerSpec = PickerSpec(model="default")
    shadow: ShadowSettings | None = None


def read_model_settings(path: Path) -> ModelSettings:
    """Return the settings that a TOML file holds.

    A model that is stated with a slash is a folder, from the folder of the file on.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SettingsError
        If it is not TOML, or something in it makes no sense.
    """
    stated = _document(path)
    for part in ("in_use", "shadow"):
        section = stated.get(part)
        if isinstance(section, dict) and "/" in str(section.get("model", "")):
            section["model"] = str(path.resolve().parent / section["model"])
    try:
        return ModelSettings.model_validate(stated)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_told(error)}") from None


def _document(path: Path) -> dict[str, Any]:  # any TOML
    try:
        with path.open("rb") as handle:
            content = handle.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SourceError(
            f"cannot read {path}: {error.strerror}; name a settings file of models"
        ) from error
    if len(content) > _LARGEST_BYTES:
        raise SettingsError(f"{path} is larger than {_LARGEST_BYTES} bytes; name a settings file")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is no TOML: {error}; mend that line") from None


def _told(error: ValidationError) -> str:
    """Return what is wrong, place by place."""
    texts = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        is_extra = fault["type"] == "extra_forbidden"
        message = "is no known key; remove it or mend its name" if is_extra else fault["msg"]
        texts.append(f"{place}: {message}".removeprefix(": "))
    return "; ".join(texts)
