"""Where the built web page lies inside the package."""

from pathlib import Path

__all__ = ["built_page"]

_ASSETS = Path(__file__).with_name("page_assets")


def built_page() -> Path | None:
    """Return the folder of the built page, or None where it was not built.

    Notes
    -----
    A source tree has it after ``make web``; an installed release always has it.
    """
    return _ASSETS if (_ASSETS / "index.html").is_file() else None
