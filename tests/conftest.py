"""Fixtures every test may ask for."""

import os
from pathlib import Path

import numpy as np
import pytest

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


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
