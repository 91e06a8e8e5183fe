"""The recipe of a picker: everything that decides its weights, checked when read."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import SettingsError

__all__ = ["Augmentation", "PickerRecipe", "read_recipe"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class Augmentation(BaseModel):
    """How often each change is made to a training window; every share is a probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise_window: Share = 0.15
    noise_superposition: Share = 0.35
    noise_log10_ratio: tuple[float, float] = (-2.5, -0.8)
    horizontals_dropped: Share = 0.12
    one_channel_dropped: Share = 0.10
    sign_flip: Share = 0.5
    horizontal_rotation: Share = 0.3
    lower_rate: Share = 0.12
    gap: Share = 0.05
    time_stretch: Share = 0.4
    spectral_tilt: Share = 0.3


class PickerRecipe(BaseModel):
    """What `mainshock detect train` needs; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    description: str
    purpose: str
    beware: tuple[str, ...] = ()
    seed: int
    steps: Annotated[int, Field(ge=1)]
    time_limit_min: Positive = 60.0
    batch_size: Annotated[int, Field(ge=1)] = 48
    learning_rate: Positive = 2e-3
    final_learning_rate: Positive = 2e-5
    ema_decay: Share = 0.999
    sampling_rate_hz: Positive = 100.0
    window_samples: Annotated[int, Field(ge=256)] = 3001
    label_sigma_s: Positive = 0.2
    excluded_datasets: tuple[str, ...] = ()
    dataset_weights: dict[str, Positive] = {}
    label_shift_s: dict[str, dict[str, float]] = {}
    augmentation: Augmentation = Augmentation()


def read_recipe(path: Path) -> PickerRecipe:
    """Return the recipe in a YAML file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a key is unknown, missing or out of range.
    """
    try:
        return PickerRecipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} is no usable recipe: {error}") from error
