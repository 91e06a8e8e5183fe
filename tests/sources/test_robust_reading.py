import io
import os
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.registry import open_source
from mainshock.sources.station_pieces import SkippedList
from mainshock.sources.waveforms import read_waveforms

HEADER = {"network": "XX", "station": "ABC", "channel": "HHZ", "sampling_rate": 100.0}
START = obspy.UTCDateTime(2020, 9, 13)


def _counts(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9_000, 9_000, n_samples).astype(np.int32)


def _miniseed(samples: np.ndarray, record_bytes: int = 512) -> bytes:
    stream = io.BytesIO()
    obspy.Trace(samples, HEADER | {"starttime": START}).write(
        stream, format="MSEED", reclen=record_bytes, encoding="STEIM2"
    )
    return stream.getvalue()


def _read(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.mseed"
        path.write_bytes(content)
        return read_waveforms(path)


@given(
    record_bytes=st.sampled_from([256, 512, 4096]),
    share=st.floats(0.3, 1.0),
    seed=st.integers(0, 3),
)
@settings(max_examples=50)
def test_what_a_cut_file_lost_is_told_and_the_rest_is_kept(record_bytes, share, seed):
    samples = _counts(12_000, seed)
    whole = _miniseed(samples, record_bytes)
    n_kept = max(record_bytes, round(share * len(whole)))
    (waveform,), skipped = _read(whole[:n_kept])
    np.testing.assert_array_equal(waveform.samples[0], samples[: waveform.n_samples])
    n_lost = n_kept % record_bytes
    assert [item.reason for item in skipped] == (
        [f"file ends inside a record: its last {n_lost} bytes could not be used"] if n_lost else []
    )


def test_cut_file_of_version_3_is_told(tmp_path):
    from pymseed import MS3TraceList

    traces = MS3TraceList()
    samples = _counts(9_000)
    traces.add_data("FDSN:XX_ABC__H_H_Z", samples, "i", 100.0, starttime=START.ns)
    path = tmp_path / "three.mseed"
    traces.to_file(str(path), format_version=3)
    content = path.read_bytes()
    assert content[:3] == b"MS\x03"
    assert not read_waveforms(path)[1]
    path.write_bytes(content[:-77])
    _, skipped = read_waveforms(path)
    assert "ends inside a record" in skipped[0].reason


def test_path_that_is_missing_among_others_is_told(write_trace, tmp_path):
    source = open_source([tmp_path / "absent.mseed", write_trace("good.mseed", _counts(500))])
    for _ in range(2):  # a second pass tells the same
        assert [one.station for one in source] == ["ABC"]
        told = [(Path(one.name).name, one.reason) for one in source.skipped]
        assert told == [("absent.mseed", "path does not exist")]


def test_missing_paths_alone_are_an_error_that_names_all(tmp_path):
    with pytest.raises(SourceError, match=r"one\.mseed.*two\.mseed"):
        open_source([tmp_path / "one.mseed", tmp_path / "two.mseed"])


def test_linked_folders_of_an_archive_are_entered_once(write_trace, tmp_path):
    name = "XX.ABC..HHZ.D.2020.257"
    write_trace(f"disk/XX/ABC/HHZ.D/{name}", _counts(500))
    (tmp_path / "sds").mkdir()
    (tmp_path / "sds" / "2020").symlink_to(tmp_path / "disk", target_is_directory=True)
    (tmp_path / "disk" / "XX" / "round").symlink_to(tmp_path / "disk", target_is_directory=True)
    source = open_source([tmp_path / "sds"])
    assert len(source) == 1
    assert [one.n_samples for one in source] == [500]


def test_list_of_what_was_skipped_takes_each_entry_once():
    items = [SkippedInput(str(number % 7), "bad") for number in range(50)]
    skipped = SkippedList(items)
    skipped.add(items)
    assert [item.name for item in skipped] == [str(number) for number in range(7)]


@pytest.mark.parametrize("in_one_file", [True, False])
def test_day_in_pieces_is_the_day(tmp_path, in_one_file):
    """Synthetic counts: 600 pieces, some twice, some cut short and repeated, in any order."""
    samples = _counts(60_000)
    rng = np.random.default_rng(1)
    edges = np.r_[0, np.sort(rng.choice(np.arange(1, 60_000), 599, replace=False)), 60_000]
    pieces = []
    for number, (first, past_last) in enumerate(pairwise(edges)):
        start = START + float(first / 100.0)
        pieces.append(obspy.Trace(samples[first:past_last], HEADER | {"starttime": start}))
        if number % 3 == 0:
            shorter = samples[first : max(first + 1, past_last - 5)]
            pieces.append(obspy.Trace(shorter, HEADER | {"starttime": start}))
    order = rng.permutation(len(pieces))
    with (tmp_path / "day.mseed").open("wb") as day:
        for number in order:
            path = tmp_path / f"{number}.mseed"
            pieces[number].write(str(path), format="MSEED", reclen=256)
            if in_one_file:
                day.write(path.read_bytes())
                path.unlink()
    if not in_one_file:
        (tmp_path / "day.mseed").unlink()
    (waveform,) = open_source([tmp_path])
    assert not waveform.gaps
    np.testing.assert_array_equal(waveform.samples[0], samples)


def test_piece_with_small_gaps_keeps_every_sample(tmp_path):
    samples = _counts(50_000)
    stream = obspy.Stream()
    for first in range(0, 50_000, 100):
        header = HEADER | {"starttime": START + first / 100.0}
        stream += obspy.Trace(samples[first : first + 97], header)
    stream.write(str(tmp_path / "day.mseed"), format="MSEED", reclen=512)
    (waveform,), skipped = read_waveforms(tmp_path / "day.mseed")
    assert not skipped
    assert len(waveform.gaps) == 499
    expected = samples.reshape(500, 100).copy()
    expected[:, 97:] = 0
    np.testing.assert_array_equal(waveform.samples[0], expected.ravel()[:-3])


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_flat_tops_are_flagged_in_counts_and_in_floats(write_trace, dtype):
    """Synthetic: a decaying 3 Hz wave cut off at 2 ** 23 counts, the limit of a digitiser."""
    time_s = np.arange(6_000) / 100.0
    wave = 3e7 * np.exp(-time_s / 15.0) * np.sin(2.0 * np.pi * 3.0 * time_s)
    wave += np.random.default_rng(0).normal(0.0, 50.0, wave.size)
    cut = np.clip(wave, -(2.0**23), 2.0**23 - 1.0)
    (clipped,), _ = read_waveforms(write_trace("clipped.mseed", cut.astype(dtype)))
    (sound,), _ = read_waveforms(write_trace("sound.mseed", (wave / 10.0).astype(dtype)))
    assert "clipped" in clipped.flags
    assert "clipped" not in sound.flags


def test_counts_and_floats_of_the_same_value_are_the_same(write_trace):
    whole, _ = read_waveforms(write_trace("counts.mseed", _counts(800)))
    real, _ = read_waveforms(write_trace("floats.mseed", _counts(800).astype(np.float64)))
    np.testing.assert_array_equal(whole[0].samples, real[0].samples)


def test_seismometer_and_accelerometer_stay_two_records(write_trace, tmp_path):
    for number, channel in enumerate(("HHZ", "HHN", "HHE", "HNZ")):
        write_trace(f"{channel}.mseed", _counts(600, number), channel=channel)
    found = {one.instrument: one.has_component for one in open_source([tmp_path])}
    assert found == {"HH": (True, True, True), "HN": (True, False, False)}


def test_real_day_survives_being_copied_in_halves_that_overlap(data_dir, tmp_path):
    source = data_dir / "continuous" / "sthelens_20220206" / "sds" / "2022" / "UW" / "SHW" / "HHZ.D"
    (path,) = source.iterdir()
    content = path.read_bytes()
    middle = len(content) // 1024 * 512
    (tmp_path / "b.mseed").write_bytes(content[: middle + 512 * 20])
    (tmp_path / "a.mseed").write_bytes(content[middle:])
    (whole,), _ = read_waveforms(path)
    (halves,), _ = read_waveforms(tmp_path)
    np.testing.assert_array_equal(whole.samples, halves.samples)
    assert whole.start == halves.start


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_folder_that_may_not_be_entered_does_not_stop_the_others(write_trace, tmp_path):
    write_trace("in/good.mseed", _counts(500))
    write_trace("in/closed/other.mseed", _counts(500), station="DEF")
    closed = tmp_path / "in" / "closed"
    closed.chmod(0)
    try:
        assert [one.station for one in open_source([tmp_path / "in"])] == ["ABC"]
    finally:
        closed.chmod(0o755)
        shutil.rmtree(closed)
