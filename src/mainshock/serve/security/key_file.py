"""Where the keys that sign tokens lie."""

from pathlib import Path

__all__ = ["key_file_of"]


def key_file_of(folder: Path) -> Path:
    """Return the file of signing keys in the data folder of a monitor."""
    return folder / "state" / "signing-keys.json"
