"""Fixtures every test may ask for."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes says nothing here
settings.load_profile("untimed")

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session", autouse=True)
def _datagrams_stay_here() -> Iterator[None]:
    """Close the two ways out that pytest-socket leaves open: ``connect_ex`` and ``sendto``."""

    def guard(original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]
            if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
                raise RuntimeError(f"a test tried to reach {address[0]}; only loopback is open")
            return original(self, *arguments)

        return guarded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))
        patch.setattr(socket.socket, "sendto", guard(socket.socket.sendto))
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20260527)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the open data sets; absent data skip a test, but fail it under CI."""
    folder = Path(os.environ.get("MAINSHOCK_DATA") or _BESIDE_CHECKOUT)
    if folder.is_dir():
        return folder
    message = f"open data sets not found at {folder}; set MAINSHOCK_DATA to their folder"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
