"""The recipe that a recipe file and command-line options make together."""

import math
from pathlib import Path

from pydantic import ValidationError

from mainshock.core.errors import SettingsError
from mainshock.detect.regions.region_recipe import RegionRecipe, read_region_recipe
from mainshock.detect.regions.windows import read_windows

__all__ = ["recipe_from_options"]


def recipe_from_options(
    path: Path | None, *, data_dir: Path, epochs: float | None = None, **options: object
) -> RegionRecipe:
    """Return a recipe in which every option that is not None replaces the file's value.

    Parameters
    ----------
    path
        Recipe file, or None for the defaults of the head.
    data_dir
        Looked into for the number of windows, with ``epochs`` alone.
    epochs
        Passes through the event windows, instead of ``steps``.

    Raises
    ------
    SettingsError
        If a value is out of range, or both epochs and steps are given.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        if path is not None:
            base = read_region_recipe(path)
        elif given.get("head") == "original":
            base = RegionRecipe.original()
        else:
            base = RegionRecipe()
        recipe = RegionRecipe.model_validate(base.model_dump() | given)
        if epochs is None:
            return recipe
        if "steps" in given:
            raise SettingsError("both --epochs and --max-steps are given; one of them decides")
        n_events = int((~read_windows(data_dir, recipe.sampling_rate_hz).is_noise).sum())
        steps = max(1, math.ceil(epochs * n_events / recipe.batch_size))
        return RegionRecipe.model_validate(recipe.model_dump() | {"steps": steps})
    except ValidationError as error:
        raise SettingsError(f"these training options cannot be used: {error}") from error
