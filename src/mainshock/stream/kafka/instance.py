"""The name by which a process that was killed is known again when it starts at the same place."""

import fcntl
import socket
import uuid
from itertools import count
from pathlib import Path
from typing import IO

__all__ = ["InstanceName"]


class InstanceName:
    """A name that no other living process has, and the next one at the same place takes over.

    Parameters
    ----------
    folder
        Where names are kept, a file each; made where it is missing.

    Attributes
    ----------
    name
        The name; empty where the folder cannot be written: then nothing is known again.

    Notes
    -----
    A cluster waits for a process that was killed until its session has run out. One that comes with
    the same name takes its place at once. The names of several processes at one folder are held by
    locks, which end with the process, however it ends. The machine is part of the name, so that a
    copy of the folder elsewhere is somebody else.
    """

    def __init__(self, folder: Path) -> None:
        self.name = ""
        self._file: IO[str] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _first_free(folder)
            self.name = f"{socket.gethostname()}-{_token(self._file)}"
        except OSError:
            self.release()

    def release(self) -> None:
        """Let another process have the name."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _first_free(folder: Path) -> IO[str]:
    """Return the first file that no living process holds, locked."""
    for number in count():
        file = (folder / f"instance-{number}").open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        except OSError:
            file.close()
            raise
        return file
    raise AssertionError("there is always another number")


def _token(file: IO[str]) -> str:
    """Return what a file says; in a new one something that no other has is written first."""
    file.seek(0)
    token = file.read().strip()
    if not token:
        token = uuid.uuid4().hex
        file.write(token + "\n")
        file.flush()
    return token
