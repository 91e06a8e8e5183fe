"""What every registered source of waveforms must do, whoever wrote it."""

import numpy as np
import pytest

from mainshock.core.records import Waveform
from mainshock.sources.base import SkippedInput, WaveformSource
from mainshock.sources.registry import SOURCES


@pytest.fixture
def make_source(write_trace, tmp_path):
    """Return a source by its name, over a small input of its own.

    A new source adds one line to ``factories``: how to build it, over input that holds at least
    one waveform, and, where that can be, one piece that is not usable.
    """

    def files() -> WaveformSource:
        for station in ("BBB", "AAA"):
            samples = np.random.default_rng(1).integers(-99, 99, 1000).astype(np.int32)
            write_trace(f"in/{station}.mseed", samples, station=station)
        (tmp_path / "in" / "bad.mseed").write_bytes(b"garbage" * 50)
        return SOURCES.load("files")([tmp_path / "in"])

    def sds() -> WaveformSource:
        samples = np.random.default_rng(1).integers(-99, 99, 1000).astype(np.int32)
        folder = "sds/2020/XX/ABC/HHZ.D"
        write_trace(f"{folder}/XX.ABC..HHZ.D.2020.257", samples)
        (tmp_path / folder / "stray").write_bytes(b"garbage" * 50)
        return SOURCES.load("sds")(tmp_path)

    factories = {"files": files, "sds": sds, "bundled": lambda: SOURCES.load("bundled")("uh")}

    def make(name: str) -> WaveformSource:
        if name not in factories:
            pytest.fail(
                f"source {name!r} has no factory; add one to `factories` in "
                "tests/sources/test_source_contract.py"
            )
        return factories[name]()

    return make


@pytest.fixture(params=SOURCES.names())
def source(request, make_source):
    return make_source(request.param)


def test_follows_the_protocol(source):
    assert isinstance(source, WaveformSource)
    assert source.skipped == []


def test_yields_valid_waveforms_in_order(source):
    waveforms = list(source)
    assert waveforms
    assert all(isinstance(one, Waveform) for one in waveforms)
    order = [
        (one.network, one.station, one.location, one.instrument, one.start) for one in waveforms
    ]
    assert order == sorted(order)


def test_missing_components_and_gaps_are_zero(source):
    for waveform in source:
        for index, is_recorded in enumerate(waveform.has_component):
            assert waveform.samples[index].any() == is_recorded
        for first, past_last in waveform.gaps:
            assert (waveform.samples[:, first:past_last] == 0).all(axis=1).any()


def test_length_counts_pieces_before_they_are_read(source):
    assert len(source) >= 1


def test_tells_what_it_skipped_with_a_reason(source):
    list(source)
    assert all(
        isinstance(item, SkippedInput) and item.name and item.reason for item in source.skipped
    )


def test_can_be_read_again(source):
    first = [(one.trace_id, one.start, float(one.samples.sum())) for one in source]
    told = list(source.skipped)
    assert [(one.trace_id, one.start, float(one.samples.sum())) for one in source] == first
    assert list(source.skipped) == told
