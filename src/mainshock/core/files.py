"""Writes a file whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mainshock.core.errors import SourceError

__all__ = ["make_folder", "replacing"]


def make_folder(path: Path) -> Path:
    """Make a folder with all above it, if it is not there yet, and return it.

    Raises
    ------
    SourceError
        If something else has that name, or it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"cannot make the folder {path}: {error}; name another one") from error
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and move it there when the block ends well.

    A reader never sees half a file, and an error leaves the old one as it was.

    Raises
    ------
    SourceError
        If the folder is missing or cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error}; check that its folder exists") from error
    finally:
        with suppress(OSError):  # the folder itself may be what is wrong
            temporary.unlink(missing_ok=True)
