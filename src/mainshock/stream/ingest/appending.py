"""Appends to a file all or nothing."""

from errno import ENOSPC
from pathlib import Path

__all__ = ["append_whole"]


def append_whole(path: Path, content: bytes) -> int:
    """Append some bytes to a file and return where they begin.

    What a full disk cuts would part what comes after it, so it is taken back.

    Raises
    ------
    OSError
        If they cannot be written; the file is as it was.
    """
    with path.open("ab", buffering=0) as stream:
        length = stream.tell()
        try:
            n_written = stream.write(content)
            if n_written != len(content):
                raise OSError(ENOSPC, f"took {n_written} of {len(content)} bytes")
        except OSError:
            stream.truncate(length)
            raise
    return length
