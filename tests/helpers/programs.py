"""Commands of mainshock, and other programs in Python, as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

__all__ = ["MAINSHOCK", "Program", "start_process"]

MAINSHOCK = ("-c", "from mainshock.cli.app import main; main()")
"""What Python runs to be the command `mainshock`."""


def start_process(
    arguments: Sequence[object], said: Path, out: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start Python with one thread for arithmetic; what it writes is added to files.

    Parameters
    ----------
    arguments
        Of Python.
    said, out
        Where its errors and its output go; without ``out`` nobody keeps the latter.
    """
    with said.open("ab") as errors, Path(out or os.devnull).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=output,
            stderr=errors,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )


@dataclass(eq=False)
class Program:
    """A command of mainshock that can be killed and started again; killed where a context ends.

    Parameters
    ----------
    name
        Of the files with its errors (``.said``) and its output (``.out``).
    arguments
        Of the command.
    folder
        Where those files lie.
    run
        What Python runs, if not the command `mainshock`.
    """

    name: str
    arguments: tuple[object, ...]
    folder: Path
    run: tuple[object, ...] = MAINSHOCK
    process: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> "Program":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def said(self) -> str:
        """What it said so far, starts before included."""
        return (self.folder / f"{self.name}.said").read_text(encoding="utf-8", errors="replace")

    @property
    def out(self) -> str:
        """Its output so far."""
        return (self.folder / f"{self.name}.out").read_text(encoding="utf-8")

    def start(self) -> None:
        files = (self.folder / f"{self.name}.{kind}" for kind in ("said", "out"))
        self.process = start_process([*self.run, *self.arguments], *files)

    def ended(self, within_s: float = 240.0) -> int:
        """Wait until it ends by itself, and return its exit code."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.wait(within_s)

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30.0)

    def end(self) -> None:
        """End it as a service manager does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60.0)
            except subprocess.TimeoutExpired:
                self.kill()

    def revive(self) -> bool:
        """Start it again if it ended by itself, as a service manager does."""
        has_ended = self.process is not None and self.process.poll() is not None
        if has_ended:
            self.start()
        return has_ended
