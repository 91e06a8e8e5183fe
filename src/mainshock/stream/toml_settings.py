"""Settings in TOML files: read with a limit, and what is wrong in them told place by place."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mainshock.core.errors import SettingsError, SourceError

__all__ = ["faults_told", "read_toml"]

_LARGEST_BYTES = 1_000_000


def read_toml(path: Path, kind: str) -> dict[str, Any]:  # any TOML
    """Return what a settings file states.

    Parameters
    ----------
    path
        The file.
    kind
        What to name instead, with its article: "an alerts file".

    Raises
    ------
    SourceError
        If it cannot be read.
    SettingsError
        If it is larger than 1 MB, or no TOML.
    """
    try:
        with path.open("rb") as handle:
            content = handle.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}; name {kind}") from error
    if len(content) > _LARGEST_BYTES:
        raise SettingsError(f"{path} is larger than {_LARGEST_BYTES} bytes; name {kind}")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is no TOML: {error}; mend that line") from None


def faults_told(error: ValidationError) -> str:
    """Return what is wrong, place by place, without any value that may be a secret."""
    texts = []
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "is no known key; remove it or mend its name"
        texts.append(f"{place}: {message}".removeprefix(": "))
    return "; ".join(texts)
