"""Alerts as lines of a file, for programs that follow it."""

import os
from pathlib import Path
from typing import Literal

from mainshock.core.errors import UnreachableError
from mainshock.stream.alerts.base import AlertRequest, ChannelSettings

__all__ = ["FileChannel", "FileSettings"]


class FileSettings(ChannelSettings):
    """Which file grows; its folder must exist."""

    kind: Literal["file"] = "file"
    path: Path

    def target(self) -> str:
        """Return the path as the configuration states it."""
        return str(self.path)


class FileChannel:
    """Appends each message as one line of JSON; it is on disk when ``send`` returns."""

    settings_kind: type[ChannelSettings] = FileSettings

    def __init__(self, settings: FileSettings, folder: Path) -> None:
        self.path = folder / settings.path

    def send(self, request: AlertRequest) -> str:
        """Append the message; half a line that a crash left is ended first."""
        try:
            with self.path.open("a+b") as handle:
                if handle.tell() > 0:
                    handle.seek(-1, os.SEEK_END)
                    if handle.read(1) != b"\n":
                        handle.write(b"\n")
                handle.write(request.json_bytes() + b"\n")
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            raise UnreachableError(
                f"cannot write {self.path}: {error.strerror}; check its folder and the space left"
            ) from error
        return ""
