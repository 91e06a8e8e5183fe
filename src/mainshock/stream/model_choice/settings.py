"""Which models serve: a TOML file that names the picker in use and one beside it."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import SettingsError
from mainshock.stream.toml_settings import faults_told, read_toml

__all__ = ["ModelSettings", "PickerSpec", "ShadowSettings", "read_model_settings"]

_STRICT = ConfigDict(extra="forbid", frozen=True)
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
    stated = read_toml(path, "a settings file of models")
    for part in ("in_use", "shadow"):
        section = stated.get(part)
        if isinstance(section, dict) and "/" in str(section.get("model", "")):
            section["model"] = str(path.resolve().parent / section["model"])
    try:
        return ModelSettings.model_validate(stated)
    except ValidationError as error:
        raise SettingsError(f"{path}: {faults_told(error)}") from None
