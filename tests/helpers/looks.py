"""Compares how a page looks with how it looked when somebody last looked at it.

Pictures are kept as the mean colours of tiles: where a tile's text changed, its colour hardly does;
where a panel is missing, moved, empty or has lost its style, many do. With the environment variable
``MAINSHOCK_NEW_LOOKS`` set, pictures are kept anew instead; look at the page before doing so.
"""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["changed_share", "tiles_of"]

_TILE_PX = 10
_LEVELS = 24  # of 255: by how much a tile must change to count


def tiles_of(page: "Page") -> NDArray[np.uint8]:
    """Return the mean colours of tiles of what is on the screen, ``(rows, columns, 3)``."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    width, height = (size // _TILE_PX for size in picture.size)
    whole = picture.crop((0, 0, width * _TILE_PX, height * _TILE_PX))
    return np.asarray(whole.resize((width, height), Image.Resampling.BOX))


def changed_share(tiles: NDArray[np.uint8], kept: Path) -> float:
    """Return the share of tiles that do not look as they were kept, 0 to 1.

    Raises
    ------
    AssertionError
        If nothing was kept under this name, or the screen was of another size.
    """
    if "MAINSHOCK_NEW_LOOKS" in os.environ:
        Image.fromarray(tiles).save(kept, optimize=True)
    assert kept.is_file(), f"{kept.name} was never kept: look at it with MAINSHOCK_NEW_LOOKS=1"
    before = np.asarray(Image.open(kept).convert("RGB"))
    assert before.shape == tiles.shape
    difference = np.abs(before.astype(int) - tiles.astype(int)).max(axis=2)
    return float((difference > _LEVELS).mean())
