"""Archives of the tests, made once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # processes that are started look there, too
from midnight_archive_files import write_midnight_archive

from mainshock.detect.network import NetworkPicker
from mainshock.sources.bundled import record_paths
from mainshock.sources.waveforms import FileSource


@pytest.fixture(scope="session")
def arrival():
    """The best seen arrival of the second event at UH3, in the records as they are."""
    source = [one for one in FileSource(record_paths("uh")) if one.station == "UH3"]
    picks = [pick for one in source for pick in NetworkPicker().classify(one)]
    later = [one for one in picks if one.phase == "P" and one.time.minute >= 27]
    return max(later, key=lambda one: one.probability).time


@pytest.fixture(scope="session")
def midnight_archive(tmp_path_factory, arrival):
    """Four stations with an arrival at midnight; not to be changed."""
    return write_midnight_archive(tmp_path_factory.mktemp("midnight") / "sds", arrival)
