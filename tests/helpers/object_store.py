"""A real S3 server for tests, on free loopback ports, ended by its process id."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools_at_hand import find_program

__all__ = ["free_port", "object_store"]

_START_S = 60.0
_PARTS = ("s3", "master", "volume", "filer")


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def object_store(folder: Path, bucket: str) -> Iterator[str]:
    """Start a server with one empty bucket; give its address."""
    weed, data = find_program("weed", "install the extra dev"), folder / "weed"
    data.mkdir()
    ports = {name: free_port() for name in _PARTS}
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={free_port()}" for name in _PARTS]
    with (folder / "weed.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(weed, "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}"),
                *("-master.volumeSizeLimitMB=64", "-volume.max=20", *options),
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        address = f"http://127.0.0.1:{ports['s3']}"
        _make_bucket(f"{address}/{bucket}", process)
        yield address
    finally:
        process.kill()
        process.wait(30.0)


def _make_bucket(url: str, process: "subprocess.Popen[bytes]") -> None:
    end_s = time.monotonic() + _START_S
    while True:
        assert process.poll() is None, f"it ended with {process.returncode}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5.0):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end_s:
                raise
            time.sleep(0.2)
