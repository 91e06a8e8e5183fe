"""The recipe of a picker: everything that decides its weights, checked when read."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import SettingsError

__all__ = ["Augmentation", "ModelSource", "PickerRecipe", "TeacherThresholds", "read_recipe"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class Augmentation(BaseModel):
    """How often each change is made to a training window; every share is a probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise_window: Share = 0.15
    noise_superposition: Share = 0.35
    second_event: Share = 0.0
    noise_log10_ratio: tuple[float, float] = (-2.5, -0.8)
    horizontals_dropped: Share = 0.12
    one_channel_dropped: Share = 0.10
    sign_flip: Share = 0.5
    horizontal_rotation: Share = 0.3
    lower_rate: Share = 0.12
    gap: Share = 0.05
    time_stretch: Share = 0.4
    spectral_tilt: Share = 0.3


class TeacherThresholds(BaseModel):
    """The smallest output at which a teacher's P, and S, counts as a vote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p: Share
    s: Share


class ModelSource(BaseModel):
    """Where a model comes from that is not in the store: as for `mainshock models add`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    path: Path | None = None


class PickerRecipe(BaseModel):
    """What `mainshock detect train` needs; unknown keys are errors.

    Each of ``seeds`` gives one training of ``steps`` steps; the weights are averaged over them, and
    with those of ``start``, a model of the store, which then count ``start_share``.
    ``teachers`` and ``tutor`` are models of the store: the first vote on what analysts left
    unlabelled, the second gives each training window soft labels, ``tutor_late_s`` early.
    ``models`` says where such a model comes from if the store lacks it. ``split_shares`` splits a
    dataset without the column `split` by event, ``records_before`` keeps the later part of
    continuous records apart.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    licence: str = "not stated"
    data_notes: str = "Split by the column `split` of the metadata."
    description: str
    purpose: str
    beware: tuple[str, ...] = ()
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
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
    refine_onsets: bool = False
    zooms: tuple[Annotated[int, Field(ge=1, le=4)], ...] = (1,)
    timing_datasets: tuple[str, ...] = ()
    label_shift_s: dict[str, dict[str, float]] = {}
    start: str | None = None
    start_share: Share = 0.0
    teachers: dict[str, TeacherThresholds] = {}
    tutor: str | None = None
    tutor_late_s: Annotated[float, Field(ge=0.0)] = 0.0
    models: dict[str, ModelSource] = {}
    records_before: datetime | None = None
    split_shares: dict[str, Positive] = {}
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
