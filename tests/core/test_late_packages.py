"""Packages that run their ``__init__`` only when they are asked for something."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from mainshock.core.late_packages import import_late


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "heavy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("loaded = True\nfrom heavy_package.light import NUMBER\n")
    (folder / "light.py").write_text("NUMBER = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in ("heavy_package", "heavy_package.light"):
        sys.modules.pop(name, None)


def test_a_module_of_it_does_not_load_it_and_a_name_of_it_does(package: str) -> None:
    import_late(package)
    assert import_module("heavy_package.light").NUMBER == 3
    assert "loaded" not in vars(sys.modules[package])
    from heavy_package import NUMBER

    assert NUMBER == 3
    assert vars(sys.modules[package])["loaded"]
    with pytest.raises(AttributeError):
        _ = sys.modules[package].nothing


def test_everything_can_be_taken_from_it(package: str) -> None:
    import_late(package)
    taken: dict[str, object] = {}
    exec(f"from {package} import *", taken)
    assert taken["loaded"]


def test_threads_wait_for_the_one_that_loads(package: str) -> None:
    folder = Path(sys.path[0]) / package
    (folder / "__init__.py").write_text("import time\ntime.sleep(0.3)\nloaded = True\n")
    import_late(package)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: sys.modules[package].loaded, range(6)))
    assert found == [True] * 6


def test_a_load_that_failed_is_tried_again(package: str) -> None:
    folder = Path(sys.path[0]) / package
    (folder / "__init__.py").write_text(
        f"from pathlib import Path\nif not Path({str(folder / 'ready')!r}).exists():\n"
        "    raise OSError('not yet')\nloaded = True\n"
    )
    import_late(package)
    with pytest.raises(OSError, match="not yet"):
        _ = sys.modules[package].loaded
    (folder / "ready").touch()
    assert sys.modules[package].loaded


def test_what_is_there_stays(package: str) -> None:
    sys.modules[package] = sys
    import_late(package)
    assert sys.modules[package] is sys


def test_unknown_package_is_told() -> None:
    with pytest.raises(ModuleNotFoundError, match="no package nowhere_at_all"):
        import_late("nowhere_at_all")


def test_instrument_responses_need_no_matplotlib_and_obspy_stays_whole() -> None:
    program = """
import sys
from mainshock.signal.response import ground_velocity_m_s
from obspy.core.inventory import Response
from mainshock.sources.live.synthetic_inventory import flat_inventory
from mainshock.core.records import Station, Waveform
import numpy as np
from datetime import datetime, UTC
inventory = flat_inventory([Station("XX", "A", 0.0, 0.0)], "ZNE", "00", 100.0, 5e8)
samples = np.random.default_rng(0).normal(size=(3, 3000)).astype("f4")
record = Waveform("XX", "A", "00", "HH", datetime(2026, 1, 1, tzinfo=UTC), 100.0, samples)
assert np.isfinite(ground_velocity_m_s(record, inventory)).all()
heavy = {"matplotlib", "scipy.signal", "scipy.stats", "scipy.interpolate._bsplines"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from obspy.signal import PPSD
import obspy, scipy.interpolate
assert scipy.interpolate.interp1d and obspy.read().filter("bandpass", freqmin=1, freqmax=5)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
