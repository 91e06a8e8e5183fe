"""`mainshock monitor` as a process of its own, and records to feed it with."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from programs import MAINSHOCK, start_process

from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.miniseed_records import (
    decode_record,
    encode_records,
    record_header,
    split_records,
)

__all__ = ["MonitorProcess", "copy_cut", "later_records", "running"]

_START_S = 120.0


class MonitorProcess:
    """A started monitor.

    Parameters
    ----------
    arguments
        Options of `mainshock monitor`; ports are free ones, no browser is opened.
    """

    def __init__(self, *arguments: object, errors: Path) -> None:
        self.errors = errors
        self.began_s = time.monotonic()
        errors.unlink(missing_ok=True)
        command = (*MAINSHOCK, "monitor", "--no-browser", "--port", 0)
        self.process = start_process([*command, *arguments], errors)

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self.errors.read_text(encoding="utf-8", errors="replace")

    def url(self) -> str:
        """Wait until it answers, and return where."""
        for _ in range(int(_START_S / 0.05)):
            if "page at http" in self.said:
                return self.said.split("page at ", 1)[1].split()[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"it did not start: {self.said}")

    def get(self, path: str, **parameters: object) -> httpx.Response:
        """Return the answer of a route."""
        return httpx.get(self.url() + path, params=parameters, timeout=30.0)

    def data(self, path: str, **parameters: object) -> Any:
        """Return what a route of the API tells."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)["data"]

    def ended(self, within_s: float = 240.0) -> int:
        """Wait until it ends, and return its exit code."""
        return self.process.wait(within_s)

    def terminated(self) -> int:
        """End it as a service manager does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended(60.0)

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait(30.0)


@contextmanager
def running(*arguments: object, errors: Path) -> Iterator[MonitorProcess]:
    """Give a monitor that is gone at the end, whatever happens."""
    made = MonitorProcess(*arguments, errors=errors)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.kill()


def _files(root: Path, stations: tuple[str, ...]) -> list[Path]:
    return [
        path
        for path in sorted((root / "sds").rglob("*.D.*"))
        if path.is_file() and (not stations or path.name.split(".")[1] in stations)
    ]


def copy_cut(
    source: Path, target: Path, start_ns: int, length_s: float, stations: tuple[str, ...] = ()
) -> Path:
    """Copy some time of an archive with its stations, and return the new folder."""
    end_ns = start_ns + round(length_s * NANOSECONDS)
    for path in _files(source, stations):
        records = [
            one
            for one in split_records(path.read_bytes())
            if start_ns <= record_header(one).start_ns < end_ns
        ]
        copy = target / "sds" / path.relative_to(source / "sds")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(b"".join(records))
    (target / "stations.csv").write_bytes((source / "stations.csv").read_bytes())
    return target


def later_records(
    source: Path, shift_ns: int, stations: tuple[str, ...] = ()
) -> list[tuple[int, bytes]]:
    """Return the records of an archive with all times moved, each with its end, in their order."""
    moved = []
    for path in _files(source, stations):
        for record in split_records(path.read_bytes()):
            fragment = decode_record(record)
            header = replace(fragment.header, start_ns=fragment.header.start_ns + shift_ns)
            for made in encode_records(replace(fragment, header=header)):
                moved.append((record_header(made).end_ns, made))
    return sorted(moved)
