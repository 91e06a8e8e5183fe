"""A real S3 server for tests, on free loopback ports, ended by its process id."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["object_store"]

_START_S = 60.0
_PARTS = ("s3", "master", "volume", "filer")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _weed() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("the object store is not installed")
    return found


@contextmanager
def object_store(folder: Path, bucket: str) -> Iterator[str]:
    """Start a server with one empty bucket; give its address."""
    data = folder / "weed"
    data.mkdir()
    ports = {name: _free_port() for name in _PARTS}
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={_free_port()}" for name in _PARTS]
    with (folder / "weed.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(_weed(), "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}"),
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
