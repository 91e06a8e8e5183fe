"""What made a result: software, inputs by checksum, parameters and time."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mainshock import __version__
from mainshock.core.errors import SourceError
from mainshock.core.times import format_utc

__all__ = ["Provenance", "file_sha256"]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"cannot read {path} for its checksum: {error}") from error


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result came about, small enough to travel with it."""

    step: str
    parameters: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    software: str = f"mainshock {__version__}"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_dict(self) -> dict[str, object]:
        """Return a plain dictionary that JSON can hold."""
        return {
            "step": self.step,
            "parameters": dict(self.parameters),
            "inputs": dict(self.inputs),
            "software": self.software,
            "created": format_utc(self.created),
        }
