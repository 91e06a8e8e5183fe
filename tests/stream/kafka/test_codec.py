"""Records of Kafka: what version 1 wrote keeps being read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.stream.bus import Message
from mainshock.stream.kafka.codec import (
    HEADER_BYTES,
    decode_message,
    encode_message,
    is_of_later_version,
)
from mainshock.stream.kafka.commit_record import Commit, read_commit, write_commit

# written by the first release that had them, and never to be changed
WAVEFORM_1 = bytes.fromhex(
    "4d5301180000018bcfe568000000018bcfe56bff0014000258582e4141412e2e48485a40313730302b343030"
    "7437000102ff"
)
COMMIT_1 = bytes.fromhex(
    "4d4301000000867b2265706f6368223a332c2273657269616c223a31322c226f666673657473223a7b22782e"
    "7069636b2e7631223a7b2230223a372c223131223a397d7d2c22746f6c64223a5b5d2c2273746174655f6279"
    "746573223a352c22636865636b73756d223a3930373036303837302c22706965636573223a5b5b34322c2233"
    "2e312e6162225d5d7d"
)
texts = st.text(max_size=40)
times = st.integers(-(2**63), 2**63 - 1)


@given(texts, texts, st.binary(max_size=700), times, times, texts)
def test_what_is_written_is_read(key, identity, value, data_ns, arrival_ns, trace):
    message = Message("pick.v1", key, identity, value, data_ns, arrival_ns, trace)
    record = encode_message(message)
    assert len(record) == HEADER_BYTES + len((identity + trace).encode()) + len(value)
    assert decode_message("pick.v1", key.encode(), record) == message


def test_a_record_of_version_1_is_read():
    times = (1_700_000_000_000, 1_700_000_001_023)
    expected = Message("waveform.v1", "XX.AAA", "XX.AAA..HHZ@1700+400", b"\0\1\2\xff", *times, "t7")
    assert decode_message("waveform.v1", b"XX.AAA", WAVEFORM_1) == expected
    assert encode_message(expected) == WAVEFORM_1


def test_a_longer_header_of_a_later_release_is_passed_over():
    message = Message("pick.v1", "XX.A", "p#1", b"{}", 5, 7, "t")
    record = bytearray(encode_message(message))
    record[3] += 6
    record[HEADER_BYTES:HEADER_BYTES] = b"\0added"
    assert decode_message("pick.v1", b"XX.A", bytes(record)) == message


@pytest.mark.parametrize("record", [None, b"", b"MS", b"{}" * 20, b"\0" * 24])
def test_what_is_no_record_is_refused(record):
    with pytest.raises(DataError, match="no message of mainshock"):
        decode_message("pick.v1", b"", record)


def test_a_later_version_is_told_apart():
    record = bytearray(encode_message(Message("pick.v1", "", "a", b"", 0, 0)))
    assert not is_of_later_version(bytes(record))
    record[2] = 2
    assert is_of_later_version(bytes(record))
    with pytest.raises(DataError, match="version 2"):
        decode_message("pick.v1", b"", bytes(record))


@given(st.integers(0, 23))
def test_every_cut_is_noticed(length):
    record = encode_message(Message("pick.v1", "", "an identity", b"", 0, 0, "t"))
    with pytest.raises(DataError):
        decode_message("pick.v1", b"", record[:length])
    with pytest.raises(DataError, match="cut short"):
        decode_message("pick.v1", b"", record[:-1])


@given(st.binary(max_size=60))
def test_no_bytes_bring_it_down(record):
    for whole in (record, b"MS\x01\x18" + record):
        try:
            decode_message("pick.v1", b"k", whole)
        except DataError:
            continue


def test_times_and_names_that_do_not_fit_are_told():
    with pytest.raises(DataError, match="does not fit"):
        encode_message(Message("pick.v1", "", "i" * 70_000, b"", 0, 0))
    with pytest.raises(DataError, match="does not fit"):
        encode_message(Message("pick.v1", "", "i", b"", 2**63, 0))


def test_a_commit_of_version_1_is_read():
    found = read_commit(COMMIT_1)
    assert found == Commit(
        3, 12, {("x.pick.v1", 0): 7, ("x.pick.v1", 11): 9}, (), 5, 907060870, ((42, "3.1.ab"),)
    )
    assert write_commit(found) == COMMIT_1


@given(st.binary(max_size=60))
def test_no_bytes_bring_a_commit_down(record):
    for whole in (record, b"MC\x01\0\0\0\x10" + record):
        with pytest.raises(DataError):
            read_commit(whole)
