"""SDS archives: found, cut into days, chosen by name and time."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.errors import SourceError
from mainshock.core.times import parse_utc
from mainshock.sources.file_search import find_sds_root, is_sds_root
from mainshock.sources.registry import open_source
from mainshock.sources.sds import SdsSource

FIRST_DAY_S = 18_519 * 86_400 - 1_600_000_000  # 2020-09-14, relative to the fixture's time
RATE_HZ = 2.0
N_DAY = round(86_400 * RATE_HZ)


def _noise(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1000, 1000, n_samples).astype(np.int32)


@pytest.fixture
def archive(write_trace, tmp_path):
    """Two days of two stations; the first file spills ten minutes over midnight."""
    spill = round(600 * RATE_HZ)
    for station in ("AAA", "BBB"):
        whole = _noise(2 * N_DAY, ord(station[0]))
        parts = (whole[: N_DAY + spill], whole[N_DAY + spill :])
        for number, samples in enumerate(parts):
            day = 258 + number
            at_s = FIRST_DAY_S + number * (86_400 + 600)
            name = f"sds/2020/XX/{station}/HHZ.D/XX.{station}..HHZ.D.2020.{day}"
            write_trace(name, samples, station=station, rate_hz=RATE_HZ, at_s=at_s)
    return tmp_path


def test_root_is_recognised_with_and_without_sds(archive):
    assert is_sds_root(archive / "sds")
    assert not is_sds_root(archive)
    assert find_sds_root(archive) == find_sds_root(archive / "sds") == archive / "sds"
    assert find_sds_root(archive / "sds" / "2020") is None


def test_station_days_come_in_order_and_lose_no_sample_at_midnight(archive):
    source = SdsSource(archive)
    waveforms = list(source)
    assert len(source) == 4
    assert [(one.station, one.start.day) for one in waveforms] == [
        ("AAA", 14),
        ("AAA", 15),
        ("BBB", 14),
        ("BBB", 15),
    ]
    assert all(one.n_samples == N_DAY and not one.gaps for one in waveforms)
    joined = np.concatenate([one.samples[0] for one in waveforms[:2]])
    np.testing.assert_array_equal(joined, _noise(2 * N_DAY, ord("A")))


def test_times_and_patterns_choose(archive):
    start = datetime(2020, 9, 14, 23, 0, tzinfo=UTC)
    end = datetime(2020, 9, 15, 1, 0, tzinfo=UTC)
    waveforms = list(SdsSource(archive, start=start, end=end, networks=["X?"], stations=["B*"]))
    assert [one.station for one in waveforms] == ["BBB", "BBB"]
    assert waveforms[0].start == start
    assert waveforms[1].end == end - timedelta(seconds=1 / RATE_HZ)
    assert len(SdsSource(archive, networks=["YY"])) == 0


def test_strange_and_damaged_files_are_told_once(archive):
    folder = archive / "sds" / "2020" / "XX" / "AAA" / "HHZ.D"
    (folder / "copy.of.something").write_bytes(b"?")
    (folder / "XX.AAA..HHZ.D.2020.259").write_bytes(b"garbage" * 100)
    source = SdsSource(archive)
    waveforms = list(source)
    assert {one.station for one in waveforms} == {"AAA", "BBB"}
    assert len(source.skipped) == 2
    assert any("copy.of.something" in item.name for item in source.skipped)


def test_folder_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no SDS archive"):
        SdsSource(tmp_path)


def test_archive_and_files_are_read_together(archive, write_trace, tmp_path):
    extra = write_trace("elsewhere/extra.mseed", _noise(500), station="ZZZ")
    shutil.move(str(extra), tmp_path.parent / "extra.mseed")
    source = open_source([archive, tmp_path.parent / "extra.mseed"])
    assert len(source) == 5
    assert [one.station for one in source] == ["AAA", "AAA", "BBB", "BBB", "ZZZ"]
    assert source.skipped == []


def test_real_archives_are_read_without_loss(data_dir):
    dike = list(open_source([data_dir / "continuous" / "iceland_dike_20140824"]))
    assert len(dike) == 12
    for waveform in dike:
        lengths = [(b - a) / waveform.sampling_rate_hz for a, b in waveform.gaps]
        assert lengths == pytest.approx([6.9, 23.0, 4.7], abs=0.05)
        assert waveform.has_component == (True, True, True)
    ridgecrest = open_source([data_dir / "continuous" / "ridgecrest_20190707_0750" / "sds"])
    waveforms = list(ridgecrest)
    assert [one.station for one in waveforms] == ["B916", "B917", "B918", "B921"]
    assert all("horizontals_not_geographic" in one.flags for one in waveforms)
    assert waveforms[0].start == parse_utc("2019-07-07T07:50:00Z")
    assert ridgecrest.skipped == []


SPILL = round(600 * RATE_HZ)


def spilling(write_trace, before: int, after: int) -> np.ndarray:
    """Write one file, of 15 September, that begins or ends some samples outside of its day."""
    samples = _noise(before + N_DAY + after)
    write_trace(
        "sds/2020/XX/AAA/HHZ.D/XX.AAA..HHZ.D.2020.259",
        samples,
        station="AAA",
        rate_hz=RATE_HZ,
        at_s=FIRST_DAY_S + 86_400 - before / RATE_HZ,
    )
    return samples


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [(0, 0, [15]), (0, 2, [15, 16]), (0, SPILL, [15, 16]), (SPILL, SPILL, [14, 15, 16])],
)
def test_what_a_file_holds_of_days_without_one_is_not_lost(
    write_trace, tmp_path, before, after, days
):
    samples = spilling(write_trace, before, after)
    source = SdsSource(tmp_path)
    assert len(source) == len(days)
    waveforms = list(source)
    assert [one.start.day for one in waveforms] == days
    np.testing.assert_array_equal(np.concatenate([one.samples[0] for one in waveforms]), samples)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0)])
def test_a_file_that_ends_with_the_sample_of_midnight_makes_no_other_day(
    write_trace, tmp_path, before, after
):
    spilling(write_trace, before, after)
    assert len(SdsSource(tmp_path)) == 1


def test_days_without_a_file_are_chosen_by_time_too(write_trace, tmp_path):
    spilling(write_trace, SPILL, SPILL)
    midnight = datetime(2020, 9, 16, tzinfo=UTC)
    (waveform,) = SdsSource(tmp_path, start=midnight)
    assert (waveform.start, waveform.n_samples) == (midnight, SPILL)
    assert len(SdsSource(tmp_path, start=midnight - timedelta(days=1), end=midnight)) == 1


def test_a_file_that_is_no_miniseed_reaches_into_no_other_day(write_trace, tmp_path):
    path = tmp_path / "sds/2020/XX/AAA/HHZ.D/XX.AAA..HHZ.D.2020.259"
    write_trace(
        path, _noise(500), station="AAA", at_s=FIRST_DAY_S + 2 * 86_400 - 1.0, format_name="SAC"
    )
    assert len(SdsSource(tmp_path)) == 1
    path.unlink()
    path.symlink_to(tmp_path / "nothing")
    source = SdsSource(tmp_path)
    assert (len(source), list(source)) == (1, [])
    assert [one.name for one in source.skipped] == [str(path)]
