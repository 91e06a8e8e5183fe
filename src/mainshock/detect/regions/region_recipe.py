"""The recipe of a region classifier: everything that decides its weights, checked when read."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import SettingsError

__all__ = ["RegionRecipe", "WindowChanges", "read_region_recipe", "write_region_recipe"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class WindowChanges(BaseModel):
    """How often each change is made to a training window; every share is a probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise_window: Share = 0.1
    noise_superposition: Share = 0.5
    noise_log10_ratio: tuple[float, float] = (-2.0, -0.3)
    horizontal_rotation: Share = 0.5
    sign_flip: Share = 0.5
    spectral_tilt: Share = 0.3
    channel_dropped: Share = 0.1
    log_stretch: Annotated[float, Field(ge=0.0, le=1.0)] = 0.25
    log_gain_sd: Annotated[float, Field(ge=0.0, le=1.0)] = 0.2


class RegionRecipe(BaseModel):
    """What `mainshock detect regions train` needs; unknown keys are errors.

    ``head: improved`` finds P and S with a network, measures the window and reads the region from
    the measurements; ``original`` is the network of Perol et al. (2018),
    https://doi.org/10.1126/sciadv.1700578.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "regions"
    version: str = "1.0"
    description: str = "event or noise, and the region of the event"
    purpose: str = "Assign events at one station to regions of its catalogue."
    beware: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    licence: str = "GPL-3.0-or-later"
    head: Literal["improved", "original"] = "improved"
    n_clusters: Annotated[int, Field(ge=2, le=64)] | None = None
    label_column: str | None = None
    catalogue: str | None = "catalog.parquet"
    seed: int = 1234
    steps: Count = 800
    checkpoint_steps: Count = 200
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    time_limit_min: Positive = 60.0
    batch_size: Count = 32
    learning_rate: Positive = 3e-3
    final_learning_rate: Positive = 3e-5
    ema_decay: Share = 0.99
    sampling_rate_hz: Positive = 20.0
    window_samples: Annotated[int, Field(ge=64)] = 1200
    head_steps: Count = 600
    synthetic_events: Count = 20_000
    legacy_normalisation: bool = False
    augmentation: WindowChanges = WindowChanges()

    @classmethod
    def original(cls, **options: object) -> "RegionRecipe":
        """Return the recipe of the published network: 10 s at 100 Hz, Adam at 1e-4."""
        chosen: dict[str, object] = {
            "head": "original",
            "sampling_rate_hz": 100.0,
            "window_samples": 1001,
            "batch_size": 128,
            "learning_rate": 1e-4,
            "final_learning_rate": 1e-4,
            "ema_decay": 0.0,
            "steps": 2000,
        }
        return cls.model_validate(chosen | options)


def read_region_recipe(path: Path) -> RegionRecipe:
    """Return the recipe in a YAML file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a key is unknown or out of range.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return RegionRecipe.model_validate(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} is no usable recipe: {error}") from error


def write_region_recipe(path: Path, recipe: RegionRecipe) -> None:
    """Write a recipe as YAML, every value stated."""
    content = recipe.model_dump(mode="json")
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
