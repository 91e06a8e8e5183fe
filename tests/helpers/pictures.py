"""Keeps pictures of what tests see, for somebody to look at: in ``MAINSHOCK_SCREENSHOTS``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

__all__ = ["keep_picture"]

_MAPS_MS = 3000  # until maps are drawn, by software


def keep_picture(shown: "Page | Locator", name: str) -> None:
    """Write a picture of a page, or of a part of it, where the folder is set."""
    if folder := os.environ.get("MAINSHOCK_SCREENSHOTS"):
        path = Path(folder, f"{name}.png")
        if hasattr(shown, "goto"):
            shown.wait_for_timeout(_MAPS_MS)
            shown.screenshot(path=path, full_page=True)
        else:
            shown.screenshot(path=path)
