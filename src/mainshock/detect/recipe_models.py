"""The models that a recipe builds on: taken from the store, or put there first."""

from collections.abc import Callable
from pathlib import Path

from mainshock.core.errors import RegistryError, UnreachableError
from mainshock.core.settings import Settings
from mainshock.detect.converted.registry import AddOptions, add_model
from mainshock.detect.recipe import PickerRecipe
from mainshock.learn.models import find_model

__all__ = ["add_missing_models"]


def add_missing_models(
    recipe: PickerRecipe, data_dir: Path, say: Callable[[str], None] = lambda _text: None
) -> None:
    """Add the start, tutor and teachers that are not in the model store yet.

    Weights that the recipe names by a path are looked for beside the dataset and in the folder of
    the open data sets (``MAINSHOCK_DATA``).

    Raises
    ------
    RegistryError, UnreachableError
        If one of them is neither in the store nor where the recipe says.
    """
    named = (recipe.start, recipe.tutor, *recipe.teachers)
    for name in sorted({name for name in named if name is not None}):
        try:
            find_model(name)
        except (RegistryError, UnreachableError) as error:
            chosen = recipe.models.get(name)
            if chosen is None:
                raise
            path = None if chosen.path is None else _found(chosen.path, data_dir)
            if chosen.path is not None and path is None:
                raise RegistryError(
                    f"{error}; the recipe wants {chosen.path} for it, which lies neither beside "
                    f"{data_dir} nor in MAINSHOCK_DATA: mainshock models add {chosen.source} "
                    "--from PATH"
                ) from error
            add_model(chosen.source, AddOptions(path=path, say=say))


def _found(path: Path, data_dir: Path) -> Path | None:
    settings = Settings.from_environment()
    roots = [data_dir.resolve().parent, *([settings.data_dir] if settings.data_dir else [])]
    return next((root / path for root in roots if (root / path).exists()), None)
