"""FDSN dataselect over archives as they are while records arrive: torn, mixed, out of order."""

import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy import Stream

from mainshock.serve.fdsn.archive_days import ArchiveDays
from mainshock.serve.fdsn.channel_request import ChannelRequest
from mainshock.serve.fdsn.parameters import FdsnError
from mainshock.sources.fragments import Fragment, FragmentHeader, ns_from_datetime
from mainshock.sources.miniseed_records import (
    decode_record,
    encode_records,
    record_header,
    split_records,
)

MIDNIGHT = datetime(2020, 2, 29, tzinfo=UTC)
QUERY = "/fdsnws/dataselect/1/query"


def records_of(
    start: datetime,
    samples: np.ndarray,
    rate_hz: float = 100.0,
    channel: str = "HHZ",
    length: int = 512,
    version: int = 2,
) -> list[bytes]:
    header = FragmentHeader(
        "XX", "ABC", "00", channel, ns_from_datetime(start), rate_hz, len(samples)
    )
    return encode_records(Fragment(header, samples), length, version)


def noise(n_samples: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-5000, 5000, n_samples, dtype=np.int32)


def write_day(root: Path, day: datetime, records: Iterable[bytes], channel: str = "HHZ") -> Path:
    folder = root / f"{day:%Y}/XX/ABC/{channel}.D"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"XX.ABC.00.{channel}.D.{day:%Y.%j}"
    path.write_bytes(b"".join(records))
    return path


def ask(url: str, start: datetime, end: datetime, **others: str) -> httpx.Response:
    span = {
        "start": start.replace(tzinfo=None).isoformat(),
        "end": end.replace(tzinfo=None).isoformat(),
    }
    return httpx.get(url + QUERY, params={"net": "XX", **span, **others})


def stream_of(answer: httpx.Response) -> Stream:
    assert answer.status_code == 200, answer.text
    return obspy.read(io.BytesIO(answer.content))


@pytest.mark.parametrize("shift", [-1, 0])
def test_records_across_midnight_are_found_in_either_file(
    tmp_path: Path, archive_url: Callable[..., str], shift: int
):
    samples = noise(20_000)
    start = MIDNIGHT - timedelta(seconds=100)
    records = records_of(start, samples)
    write_day(tmp_path, MIDNIGHT + timedelta(days=shift), records)
    url = archive_url(tmp_path)
    for second in (-50, -1, 0, 1, 60):
        first = MIDNIGHT + timedelta(seconds=second)
        (trace,) = stream_of(ask(url, first, first + timedelta(seconds=3)))
        position = (second + 100) * 100
        np.testing.assert_array_equal(trace.data, samples[position : position + 301])
        assert trace.stats.starttime == obspy.UTCDateTime(first)


def test_a_year_s_end_is_no_border(tmp_path: Path, archive_url: Callable[..., str]):
    new_year = datetime(2021, 1, 1, tzinfo=UTC)
    samples = noise(4000)
    records = records_of(new_year - timedelta(seconds=20), samples)
    half = len(records) // 2
    write_day(tmp_path, new_year - timedelta(days=1), records[:half])
    write_day(tmp_path, new_year, records[half:])
    url = archive_url(tmp_path)
    around = timedelta(seconds=15)
    (trace,) = stream_of(ask(url, new_year - around, new_year + around))
    np.testing.assert_array_equal(trace.data, samples[500:3501])


@pytest.mark.parametrize("torn", [1, 63, 200, 511])
def test_a_record_that_is_being_written_is_not_there_yet(
    tmp_path: Path, archive_url: Callable[..., str], torn: int
):
    records = records_of(MIDNIGHT, noise(5000))
    path = write_day(tmp_path, MIDNIGHT, [*records[:5], records[5][:torn]])
    url = archive_url(tmp_path)
    whole_day = (MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert ask(url, *whole_day).content == b"".join(records[:5])
    path.write_bytes(b"".join(records))
    assert ask(url, *whole_day).content == b"".join(records)


def test_damage_in_the_middle_costs_no_sound_record(
    tmp_path: Path, archive_url: Callable[..., str]
):
    records = records_of(MIDNIGHT, noise(5000))
    garbage = np.random.default_rng(3).bytes(700)
    write_day(tmp_path, MIDNIGHT, [*records[:4], garbage, *records[4:]])
    answer = ask(archive_url(tmp_path), MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert answer.content == b"".join(records)


def test_an_empty_or_senseless_file_is_no_data(tmp_path: Path, archive_url: Callable[..., str]):
    write_day(tmp_path, MIDNIGHT, [])
    write_day(tmp_path, MIDNIGHT, [b"no record at all" * 100], channel="HHN")
    answer = ask(archive_url(tmp_path), MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert answer.status_code == 204


def test_an_edge_record_that_does_not_decode_is_left_out(
    tmp_path: Path, archive_url: Callable[..., str]
):
    records = records_of(MIDNIGHT, noise(3000))
    broken = bytearray(records[0])
    broken[64 + 8 : 64 + 12] = b"\x7f\x00\x00\x01"  # the last sample that the record states
    write_day(tmp_path, MIDNIGHT, [bytes(broken), *records[1:]])
    start = MIDNIGHT + timedelta(seconds=1)
    answer = ask(archive_url(tmp_path), start, MIDNIGHT + timedelta(days=1))
    assert answer.content == b"".join(records[1:])


def test_late_records_at_the_end_of_a_file_are_found(
    tmp_path: Path, archive_url: Callable[..., str]
):
    samples = noise(9000)
    records = records_of(MIDNIGHT, samples)
    write_day(tmp_path, MIDNIGHT, [*records[:3], *records[6:], *records[3:6]])
    start, end = MIDNIGHT + timedelta(seconds=5), MIDNIGHT + timedelta(seconds=80)
    (trace,) = stream_of(ask(archive_url(tmp_path), start, end)).merge(-1)
    np.testing.assert_array_equal(trace.data, samples[500:8001])


def test_records_of_another_channel_in_a_file_are_not_told(
    tmp_path: Path, archive_url: Callable[..., str]
):
    own, foreign = records_of(MIDNIGHT, noise(900)), records_of(MIDNIGHT, noise(900), channel="BHZ")
    write_day(tmp_path, MIDNIGHT, [*own, *foreign])
    answer = ask(archive_url(tmp_path), MIDNIGHT, MIDNIGHT + timedelta(days=1), cha="HHZ")
    assert answer.content == b"".join(own)


def test_an_edge_keeps_the_quality_of_its_record(tmp_path: Path, archive_url: Callable[..., str]):
    records = [one[:6] + b"M" + one[7:] for one in records_of(MIDNIGHT, noise(3000))]
    write_day(tmp_path, MIDNIGHT, records)
    start = MIDNIGHT + timedelta(seconds=1)
    answer = ask(archive_url(tmp_path), start, MIDNIGHT + timedelta(seconds=20))
    assert {one[6:7] for one in split_records(answer.content)} == {b"M"}
    assert len(stream_of(answer)) == 1


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("length", [256, 4096])
def test_every_kind_of_record_is_cut_to_the_sample(
    tmp_path: Path, archive_url: Callable[..., str], dtype: type, version: int, length: int
):
    samples = noise(6000).astype(dtype) * dtype(1.1 if dtype is not np.int32 else 1)
    write_day(tmp_path, MIDNIGHT, records_of(MIDNIGHT, samples, 100.0, "HHZ", length, version))
    start = MIDNIGHT + timedelta(seconds=7, microseconds=5000)
    answer = ask(archive_url(tmp_path), start, start + timedelta(seconds=21))
    fragments = [decode_record(one) for one in split_records(answer.content)]
    fragments.sort(key=lambda one: one.header.start_ns)
    got = np.concatenate([one.samples for one in fragments])
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, samples[701:2801])
    assert fragments[0].header.start_ns == ns_from_datetime(MIDNIGHT) + 7_010_000_000


@settings(max_examples=60)
@given(data=st.data())
def test_odd_rates_are_cut_as_obspy_cuts_them(
    odd_rates: dict[float, tuple[str, Stream]], data: st.DataObject
):
    rate_hz = data.draw(st.sampled_from(sorted(odd_rates)))
    url, whole = odd_rates[rate_hz]
    start = MIDNIGHT + timedelta(microseconds=data.draw(st.integers(-(10**6), 6 * 10**7)))
    end = start + timedelta(microseconds=data.draw(st.integers(0, 3 * 10**7)))
    begin, finish = (obspy.UTCDateTime(time.replace(tzinfo=None)) for time in (start, end))
    wanted = whole.slice(begin, finish, nearest_sample=False)
    answer = ask(url, start, end)
    if not wanted:
        assert answer.status_code == 204
        return
    (trace,) = stream_of(answer)
    np.testing.assert_array_equal(trace.data, wanted[0].data)
    assert abs(trace.stats.starttime - wanted[0].stats.starttime) < 1e-4  # what version 2 keeps


@pytest.fixture(scope="module")
def odd_rates(
    tmp_path_factory: pytest.TempPathFactory, archive_url: Callable[..., str]
) -> dict[float, tuple[str, Stream]]:
    """Archives at rates whose samples do not fall on microseconds; one record each."""
    archives = {}
    for rate_hz in (1.0, 18.18, 30.0, 62.5, 128.0, 1000.0 / 3.0):
        root = tmp_path_factory.mktemp("rate")
        samples = noise(int(rate_hz * 60))
        records = records_of(MIDNIGHT, samples, rate_hz, length=2**17)
        assert len(records) == 1
        path = write_day(root, MIDNIGHT, records)
        archives[rate_hz] = archive_url(root), obspy.read(str(path))
    return archives


@pytest.mark.parametrize(
    "code", ["..", "../..", "%2e%2e%2f", "/etc", "a b", "[A-Z]", "Ä", "\0", "A" * 17, "!A", ","]
)
@pytest.mark.parametrize("name", ["net", "sta", "loc", "cha"])
def test_what_is_no_code_is_refused(event_url: str, name: str, code: str):
    answer = httpx.get(event_url + QUERY, params={name: code})
    assert answer.status_code == 400
    body = " ".join(
        [*(code if name == one else "*" for one in ("net", "sta", "loc", "cha")), "*", "*"]
    )
    assert httpx.post(event_url + QUERY, content=body.encode()).status_code == 400


def test_a_link_out_of_the_archive_does_not_come_by_name(
    tmp_path: Path, archive_url: Callable[..., str]
):
    root = tmp_path / "archive"
    write_day(root, MIDNIGHT, records_of(MIDNIGHT, noise(500)))
    secret = tmp_path / "secret"
    secret.write_bytes(b"".join(records_of(MIDNIGHT, noise(500))))
    (root / "2020/XX/ABC/HHZ.D/secret").symlink_to(secret)
    answer = ask(archive_url(root), MIDNIGHT, MIDNIGHT + timedelta(days=1), sta="*", cha="*")
    assert len(list(split_records(answer.content))) == len(records_of(MIDNIGHT, noise(500)))
    assert record_header(answer.content[:512]).station == "ABC"


def post(url: str, *lines: str) -> httpx.Response:
    return httpx.post(url + QUERY, content="\n".join(lines).encode())


@pytest.mark.parametrize(
    ("filtered", "less"), [({"minimumlength": "1e9"}, 204), ({"longestonly": "true"}, 200)]
)
def test_bytes_count_before_short_segments_are_left_out(
    tmp_path: Path, archive_url: Callable[..., str], filtered: dict[str, str], less: int
):
    for number in range(3):
        day = MIDNIGHT + timedelta(days=number)
        write_day(tmp_path, day, records_of(day, noise(5000)))
    url = archive_url(tmp_path, max_bytes=20_000)
    answer = ask(url, MIDNIGHT, MIDNIGHT + timedelta(days=3), **filtered)
    assert answer.status_code == 413
    assert "20000 bytes" in answer.text
    answer = ask(url, MIDNIGHT, MIDNIGHT + timedelta(seconds=10), **filtered)
    assert answer.status_code == less


def test_so_many_day_files_are_looked_at_and_no_more(
    tmp_path: Path, archive_url: Callable[..., str]
):
    days = [MIDNIGHT + timedelta(days=number) for number in range(6)]
    for day in days:
        write_day(tmp_path, day, records_of(day, noise(1000)))
    url = archive_url(tmp_path, max_files=4)
    refused = ask(url, days[0], days[-1], minimumlength="1e9")
    assert refused.status_code == 413
    assert "6 day files would have to be looked at, the limit is 4; ask for less" in refused.text
    assert ask(url, days[2], days[2] + timedelta(hours=1)).status_code == 200
    line = "XX ABC * {} 2020-02-29T00:00:0{} 2020-02-29T00:00:09"
    assert post(url, line.format("HH?", 0), line.format("HHZ", 1)).status_code == 200
    refused = post(url, *(line.format("*", second) for second in range(8)))
    assert refused.status_code == 413
    assert "6 day files" in refused.text


def test_the_same_line_twice_is_answered_once(tmp_path: Path, archive_url: Callable[..., str]):
    records = records_of(MIDNIGHT, noise(5000))
    write_day(tmp_path, MIDNIGHT, records)
    url = archive_url(tmp_path, max_files=1)
    answer = post(url, *["* * * * 2020-02-29T00:00:00 2020-02-29T12:00:00"] * 100)
    assert answer.status_code == 200
    assert answer.content == b"".join(records)


def test_lines_that_name_nothing_list_each_folder_once(tmp_path: Path):
    write_day(tmp_path, MIDNIGHT, records_of(MIDNIGHT, noise(100)))
    lines = [ChannelRequest(channels=(f"X{number}",)) for number in range(20)]
    days = ArchiveDays(tmp_path, most_compared=300)
    assert [days.channels(one) for one in lines[:10]] == [[]] * 10
    write_day(tmp_path, MIDNIGHT, [], channel="X9")
    assert days.channels(lines[9]) == []
    with pytest.raises(FdsnError, match="over 300 names") as refused:
        [days.channels(one) for one in lines * 2]
    assert refused.value.status == 413
