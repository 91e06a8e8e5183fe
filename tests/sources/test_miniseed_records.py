"""Single records: exact when sound, and nothing but one kind of error when not."""

import io
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pymseed import DataEncoding, MS3Record

from mainshock.core.errors import DataError
from mainshock.sources.fragments import Fragment, FragmentHeader
from mainshock.sources.miniseed import read_miniseed
from mainshock.sources.miniseed_records import (
    RecordDamageError,
    decode_record,
    encode_records,
    record_header,
    split_records,
)

START_NS = 1_600_000_000_123_456_000


def fragment(samples, rate=100.0, start_ns=START_NS, codes=("XX", "ABC", "00", "HHZ")):
    return Fragment(FragmentHeader(*codes, start_ns, rate, len(samples)), np.asarray(samples))


def wave(n=3000):
    return np.cumsum(np.random.default_rng(1).integers(-400, 400, n)).astype(np.int32)


@pytest.fixture
def records():
    return encode_records(fragment(wave()))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("length", [256, 512, 4096])
@pytest.mark.parametrize(
    "samples", [wave(), wave().astype(np.int64), wave().astype(np.float32) / 3, wave() / 3.0, [5]]
)
def test_samples_and_header_come_back_exactly(samples, length, version):
    made = encode_records(fragment(samples), length, version)
    parts = [decode_record(one) for one in made]
    assert np.array_equal(np.concatenate([one.samples for one in parts]), samples)
    assert all(len(one) <= length for one in made)
    assert [record_header(one) for one in made] == [one.header for one in parts]
    first = parts[0].header
    assert first.trace_id == "XX.ABC.00.HHZ"
    assert (first.start_ns, first.sampling_rate_hz) == (START_NS, 100.0)
    for before, after in pairwise(parts):
        assert abs(after.header.start_ns - before.header.end_ns) <= 1000


def test_the_shortest_records_of_version_2_have_128_bytes():
    made = encode_records(fragment(wave(500)), 128)
    assert {len(one) for one in made} == {128}
    assert np.array_equal(np.concatenate([decode_record(one).samples for one in made]), wave(500))


def test_obspy_reads_what_is_encoded(records):
    import obspy

    stream = obspy.read(io.BytesIO(b"".join(records))).merge()
    assert np.array_equal(stream[0].data, wave())
    assert stream[0].stats.starttime.ns == START_NS


def test_records_of_real_files_decode_to_what_the_file_holds(data_dir):
    for path in sorted(data_dir.glob("continuous/*/sds/*/*/*/*Z.D/*"))[:6]:
        whole, problem = read_miniseed(path)
        parts = [decode_record(one) for one in split_records(path.read_bytes())]
        assert not problem
        assert np.array_equal(
            np.concatenate([one.samples for one in parts]),
            np.concatenate([one.samples for one in whole]),
        )


@pytest.mark.parametrize("n_bytes", [0, 1, 7, 20, 47, 63, 64, 200, 511])
@pytest.mark.parametrize("version", [2, 3])
def test_a_cut_record_is_truncated(n_bytes, version):
    record = encode_records(fragment(wave()), 512, version)[0]
    with pytest.raises(RecordDamageError) as caught:
        decode_record(record[: min(n_bytes, len(record) - 1)])
    assert caught.value.kind == "truncated"


def damaged(record, at, *, value):
    return record[:at] + value + record[at + len(value) :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record + b"\0",
        lambda record: b"no record at all, but as long as one" * 20,
        lambda record: bytes(512),
        lambda record: damaged(record, 8, value=b"\xff\xfe"),  # station is no text
        lambda record: damaged(record, 8, value=b"../"),  # station leads elsewhere
        lambda record: damaged(record, 22, value=struct.pack(">H", 400)),  # day of the year
        lambda record: damaged(record, 24, value=b"\x1f"),  # hour
        lambda record: damaged(record, 32, value=struct.pack(">hh", 0, 0)),  # no rate
        lambda record: damaged(record, 32, value=struct.pack(">hh", 32000, 32000)),
        lambda record: damaged(record, 30, value=struct.pack(">H", 60_000)),  # sample count
        lambda record: damaged(record, 30, value=struct.pack(">H", 100)),
        lambda record: damaged(record, 48, value=b"\0\0"),  # no blockette 1000
        lambda record: damaged(record, 72, value=b"\x7f"),  # last sample
        lambda record: damaged(record, 300, value=bytes(40)),
    ],
)
def test_what_cannot_be_true_is_corrupt(records, damage):
    with pytest.raises(RecordDamageError) as caught:
        decode_record(damage(records[0]))
    assert caught.value.kind == "corrupt"


def test_a_checksum_that_is_wrong_is_corrupt():
    record = encode_records(fragment(wave() / 3.0), 512, version=3)[0]
    with pytest.raises(RecordDamageError) as caught:
        decode_record(damaged(record, len(record) - 1, value=b"\x55"))
    assert caught.value.kind == "corrupt"


def test_a_record_of_version_3_cannot_ask_for_memory():
    record = encode_records(fragment(wave()), 512, version=3)[0]
    with pytest.raises(RecordDamageError, match="4294967295 samples"):
        decode_record(damaged(record, 24, value=b"\xff\xff\xff\xff"))


def test_text_is_no_channel():
    record = MS3Record()
    record.sourceid = "FDSN:XX_ABC__L_O_G"
    record.reclen, record.formatversion = 512, 2
    record.encoding = DataEncoding.TEXT
    record.set_starttime_str("2024-01-01T00:00:00Z")
    (made,) = record.generate(data_samples=b"door opened", sample_type="t")
    with pytest.raises(RecordDamageError) as caught:
        decode_record(made)
    assert caught.value.kind == "unknown"


def test_clipped_and_spiky_records_are_sound():
    clipped = np.clip(wave(2000) * 3000, -(2**23), 2**23 - 1)
    spiky = wave(2000)
    spiky[::50] = 2**27
    for samples in (clipped, spiky):
        parts = [decode_record(one) for one in encode_records(fragment(samples))]
        assert np.array_equal(np.concatenate([one.samples for one in parts]), samples)


def test_floats_that_are_not_finite_are_corrupt():
    samples = np.array([1.0, np.nan, 2.0], dtype=np.float32)
    with pytest.raises(RecordDamageError):
        decode_record(encode_records(fragment(samples))[0])


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (wave(), {"record_length": 500}),
        (wave(), {"record_length": 64}),
        (wave(), {"version": 4}),
        (np.array([0, 2**40]), {}),
        (np.array([-(2**31), 2**31 - 1]), {}),
        (np.array(["a"]), {}),
        (np.zeros(0, dtype=np.int32), {}),
    ],
)
def test_what_has_no_place_in_a_record_is_told(samples, options):
    with pytest.raises(DataError):
        encode_records(fragment(samples), **options)


def test_splitting_passes_over_what_is_no_record(records):
    three = encode_records(fragment(wave()), 512, version=3)
    data = b"junk" + records[0] + b"\0" * 100 + three[0] + records[1] + records[2][:300]
    assert list(split_records(data)) == [records[0], three[0], records[1]]


@settings(max_examples=300)
@given(st.binary(max_size=700))
def test_random_bytes_raise_nothing_but_damage(data):
    for payload in (data, b"000001D " + data, b"MS\x03" + data):
        with pytest.raises(RecordDamageError):
            decode_record(payload)
        assert all(len(one) <= len(payload) for one in split_records(payload))


@settings(max_examples=300)
@given(
    version=st.sampled_from([2, 3]),
    changes=st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 40),
)
def test_changed_records_raise_nothing_but_damage(version, changes, cut):
    record = bytearray(encode_records(fragment(wave()), 512, version)[0])
    for at, value in changes:
        record[at % len(record)] = value
    payload = bytes(record[: len(record) - cut])
    try:
        decoded = decode_record(payload)
    except RecordDamageError:
        decoded = None
    assert decoded is None or decoded.samples.size == decoded.header.n_samples
    list(split_records(payload))


@settings(max_examples=100)
@given(
    samples=npst.arrays(np.int32, st.integers(1, 900), elements=st.integers(-(2**28), 2**28 - 1)),
    length=st.sampled_from([128, 256, 512, 1024]),
)
def test_any_integers_come_back(samples, length):
    parts = [decode_record(one) for one in encode_records(fragment(samples), length)]
    assert np.array_equal(np.concatenate([one.samples for one in parts]), samples)


def test_most_damage_to_real_payloads_shows(data_dir, rng):
    path = next(iter(sorted(data_dir.glob("continuous/ridge*/sds/*/*/*/*Z.D/*"))))
    n_unseen = 0
    for record in list(split_records(path.read_bytes()))[:300]:
        flipped = bytearray(record)
        for at in rng.integers(64, 512, 5):
            flipped[at] ^= int(rng.integers(1, 256))
        try:
            n_unseen += not np.array_equal(
                decode_record(bytes(flipped)).samples, decode_record(record).samples
            )
        except RecordDamageError:
            continue
    assert n_unseen <= 5  # two changes within one byte of small differences may cancel
