"""Files and folders: every format, every way a file can be bad, and nothing else lost."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import obspy
import pytest

from mainshock.core.errors import NothingFoundError, SourceError
from mainshock.core.times import to_posix_s
from mainshock.sources.registry import open_source
from mainshock.sources.waveforms import FileSource, read_waveforms

START_S = 1_600_000_000


def _noise(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1000, 1000, n_samples).astype(np.int32)


def _reasons(source) -> dict[str, str]:
    return {Path(item.name).name: item.reason for item in source.skipped}


def test_three_files_of_one_station_make_one_waveform(write_trace, tmp_path):
    for seed, letter in enumerate("ENZ"):
        write_trace(f"{letter}.mseed", _noise(500, seed), channel=f"HH{letter}")
    waveforms, skipped = read_waveforms(tmp_path)
    assert [one.samples.shape for one in waveforms] == [(3, 500)]
    np.testing.assert_array_equal(waveforms[0].samples[0], _noise(500, 2))
    assert to_posix_s(waveforms[0].start) == START_S
    assert not skipped


@pytest.mark.parametrize(
    ("format_name", "suffix"),
    [("MSEED", "mseed"), ("SAC", "sac"), ("GSE2", "gse"), ("SLIST", "slist")],
)
def test_formats_give_the_same_samples(write_trace, format_name, suffix):
    path = write_trace(f"a.{suffix}", _noise(800), format_name=format_name)
    waveforms, skipped = read_waveforms(path)
    assert not skipped
    np.testing.assert_allclose(waveforms[0].samples[0], _noise(800))
    assert waveforms[0].sampling_rate_hz == pytest.approx(100.0, rel=1e-6)
    assert to_posix_s(waveforms[0].start) == pytest.approx(START_S, abs=1e-3)


def test_compressed_text_is_read(write_trace, tmp_path):
    plain = write_trace("a.slist", _noise(300), format_name="SLIST")
    packed = tmp_path / "packed" / "a.slist.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(read_waveforms(packed)[0][0].samples[0], _noise(300))


@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2", "INT32", "FLOAT32", "FLOAT64"])
def test_miniseed_agrees_with_obspy(tmp_path, encoding):
    stream = obspy.read()
    for trace in stream:
        trace.data = trace.data.astype({"FLOAT32": "f4", "FLOAT64": "f8"}.get(encoding, "i4"))
    path = tmp_path / "a.mseed"
    stream.write(str(path), format="MSEED", encoding=encoding, reclen=512)
    (waveform,), skipped = read_waveforms(path)
    assert not skipped
    for index, letter in enumerate("ZNE"):
        expected = obspy.read(str(path)).select(component=letter)[0].data
        np.testing.assert_array_equal(waveform.samples[index], expected.astype(np.float32))


def test_path_with_pattern_characters_is_one_file(write_trace, tmp_path):
    path = write_trace("set[1]*/a?.sac", _noise(100), format_name="SAC")
    assert len(read_waveforms(path)[0]) == 1


def test_folders_are_searched_and_other_files_passed_over(write_trace, tmp_path):
    write_trace("deep/er/HHZ", _noise(100))
    for name in ("stations.csv", "stations.xml", "notes.txt", ".hidden.mseed", "deep/x.npz"):
        (tmp_path / name).write_text("not a waveform")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "object").write_text("not a waveform")
    source = open_source([tmp_path])
    assert len(source) == 1
    assert len(list(source)) == 1
    assert source.skipped == []


def test_bad_files_are_told_and_the_rest_is_read(write_trace, tmp_path, rng):
    good = write_trace("good.mseed", _noise(5000))
    content = good.read_bytes()
    (tmp_path / "empty.mseed").write_bytes(b"")
    (tmp_path / "text.mseed").write_bytes(b"this is no miniSEED record" * 40)
    (tmp_path / "zeros.mseed").write_bytes(bytes(4096))
    (tmp_path / "liar.mseed").write_bytes(content[:48] + rng.bytes(20))
    (tmp_path / "broken.sac").write_bytes(rng.bytes(700))
    (tmp_path / "broken.slist.gz").write_bytes(b"\x1f\x8b" + rng.bytes(100))
    source = open_source([tmp_path])
    (waveform,) = source
    assert waveform.n_samples == 5000
    assert set(_reasons(source)) == {
        "empty.mseed",
        "text.mseed",
        "zeros.mseed",
        "liar.mseed",
        "broken.sac",
        "broken.slist.gz",
    }
    assert _reasons(source)["empty.mseed"] == "file is empty"
    assert all(_reasons(source).values())


def test_file_that_cannot_be_opened_is_told(write_trace, tmp_path):
    write_trace("good.mseed", _noise(100))
    (tmp_path / "gone.mseed").symlink_to(tmp_path / "moved_away.mseed")
    source = open_source([tmp_path])
    assert [one.station for one in source] == ["ABC"]
    assert "No such file" in _reasons(source)["gone.mseed"]


def test_truncated_file_gives_its_whole_records(write_trace):
    path = write_trace("cut.mseed", _noise(20_000))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 1000])
    waveforms, _ = read_waveforms(path)
    assert 10_000 < waveforms[0].n_samples < 20_000
    np.testing.assert_array_equal(waveforms[0].samples[0], _noise(20_000)[: waveforms[0].n_samples])


def test_damaged_record_costs_only_itself(tmp_path):
    samples = _noise(20_000)
    path = tmp_path / "damaged.mseed"
    header = {"network": "XX", "station": "ABC", "channel": "HHZ", "sampling_rate": 100.0}
    trace = obspy.Trace(samples, header)
    trace.write(str(path), format="MSEED", reclen=512, encoding="STEIM2")
    content = bytearray(path.read_bytes())
    content[512 * 3 + 64 : 512 * 4] = b"\xff" * 448  # data of the fourth record
    content[512 * 9 : 512 * 10] = b"?" * 512  # all of the tenth
    path.write_bytes(bytes(content))
    (waveform,), skipped = read_waveforms(path)
    assert "damaged" in skipped[0].reason
    assert len(waveform.gaps) == 2
    recorded = np.ones(waveform.n_samples, dtype=bool)
    for first, past_last in waveform.gaps:
        recorded[first:past_last] = False
    assert recorded.sum() > 19_000
    np.testing.assert_array_equal(waveform.samples[0][recorded], samples[recorded])


def test_file_given_twice_counts_once(write_trace, tmp_path):
    path = write_trace("a.mseed", _noise(100))
    assert len(FileSource([path, tmp_path, path])) == 1


def test_path_that_does_not_exist_is_named(tmp_path):
    for opening in (open_source, FileSource):
        with pytest.raises(SourceError, match=r"absent\.mseed"):
            opening([tmp_path / "absent.mseed"])


def test_folder_without_waveforms_is_nothing_found(tmp_path):
    (tmp_path / "stations.csv").write_text("network,station")
    with pytest.raises(NothingFoundError, match=tmp_path.name) as caught:
        open_source([tmp_path])
    assert caught.value.exit_code == 3


def test_no_input_is_nothing_found():
    with pytest.raises(NothingFoundError):
        open_source([])


def test_two_instruments_of_a_station_are_both_yielded(write_trace, tmp_path):
    write_trace("e.mseed", _noise(2000), channel="EHZ", rate_hz=200.0)
    write_trace("s.mseed", _noise(6000), channel="SHZ", rate_hz=50.0)
    found = [(one.instrument, one.sampling_rate_hz) for one in open_source([tmp_path])]
    assert found == [("EH", 200.0), ("SH", 50.0)]


def test_week_in_one_folder_is_read_by_days(write_trace, tmp_path):
    rate_hz, day_s = 2.0, 86_400
    for day in range(7):
        samples = _noise(round(day_s * rate_hz), day)
        write_trace(f"{day}.mseed", samples, rate_hz=rate_hz, at_s=day * day_s)
    waveforms = list(open_source([tmp_path]))
    assert sum(one.n_samples for one in waveforms) == 7 * day_s * rate_hz
    assert max(one.n_samples for one in waveforms) == day_s * rate_hz
    assert [one.start for one in waveforms] == sorted(one.start for one in waveforms)
    joined = np.concatenate([one.samples[0] for one in waveforms])
    expected = np.concatenate([_noise(round(day_s * rate_hz), day) for day in range(7)])
    np.testing.assert_array_equal(joined, expected)


def test_only_one_station_is_held_at_a_time(write_trace, tmp_path):
    n_samples = 400_000
    for number in range(8):
        write_trace(f"{number}.mseed", _noise(n_samples, number), station=f"S{number}")
    tracemalloc.start()
    n_seen = sum(1 for _ in open_source([tmp_path]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_seen == 8
    # one station: 3 float32 components, the mask of what is recorded, working copies
    assert peak < 2.5 * n_samples * 3 * 8


def test_second_pass_gives_the_same(write_trace, tmp_path):
    write_trace("a.mseed", _noise(100))
    (tmp_path / "bad.mseed").write_bytes(b"garbage" * 100)
    source = open_source([tmp_path])
    first = [(one.trace_id, one.start) for one in source]
    told = list(source.skipped)
    assert [(one.trace_id, one.start) for one in source] == first
    assert source.skipped == told


def test_file_of_five_thousand_pieces_is_one_waveform_with_its_gaps(tmp_path):
    samples = _noise(1000)
    header = {"network": "XX", "station": "ABC", "channel": "HHZ", "sampling_rate": 100.0}
    single = tmp_path / "single"
    with (tmp_path / "many.mseed").open("wb") as stream:
        for number in range(5000):
            if number % 500 == 0:
                parts = [
                    obspy.Trace(
                        samples[:200],
                        header | {"starttime": obspy.UTCDateTime(START_S + 17.28 * one)},
                    )
                    for one in range(number, number + 500)
                ]
                obspy.Stream(parts).write(str(single), format="MSEED", reclen=512)
                stream.write(single.read_bytes())
    single.unlink()
    waveforms, _ = read_waveforms(tmp_path / "many.mseed")
    assert len(waveforms) == 1
    assert len(waveforms[0].gaps) == 4999


@pytest.mark.slow
def test_odd_files_of_fifteen_formats_never_stop_the_reader():
    formats = "ah alsep ascii css gcf gse2 kinemetrics mseed nied reftek sac segy seisan sh win y"
    folder = Path(obspy.__file__).parent / "io"
    source = FileSource([folder / name for name in formats.split()])
    assert len(list(source)) > 80  # of some 440 files, many of them broken on purpose
    assert all(item.reason for item in source.skipped)
