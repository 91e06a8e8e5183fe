"""The dialogue without a socket: what each command is answered, and that nothing breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.times import parse_utc
from mainshock.serve.seedlink import SeedLinkSettings
from mainshock.serve.seedlink.protocol import (
    Close,
    Dialogue,
    InfoRequest,
    ListStations,
    Reply,
    StartTransfer,
)
from mainshock.serve.seedlink.selection import parse_selector_v3, parse_selector_v4
from mainshock.sources.fragments import ns_from_datetime

SETTINGS = SeedLinkSettings(organisation="A network", max_stations=3, max_selectors=4)


def answers(*lines: str, dialogue: Dialogue | None = None) -> list[str]:
    """The replies to some lines, as text."""
    dialogue = dialogue or Dialogue(SETTINGS)
    actions = dialogue.receive("".join(f"{line}\r\n" for line in lines).encode())
    return [action.data.decode().strip() for action in actions if isinstance(action, Reply)]


def started(*lines: str) -> StartTransfer:
    """The transfer that some lines begin."""
    actions = Dialogue(SETTINGS).receive("".join(f"{line}\r" for line in lines).encode())
    (start,) = [action for action in actions if isinstance(action, StartTransfer)]
    return start


def test_hello_tells_versions_and_who_it_is():
    (reply,) = answers("HELLO")
    first, second = reply.split("\r\n")
    assert first.startswith("SeedLink v4.0 (mainshock ")
    assert {"SLPROTO:3.1", "SLPROTO:4.0"} <= set(first.split(" :: ")[1].split())
    assert second == "A network"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\n\r"])
def test_any_line_end_will_do_and_a_line_may_come_in_pieces(end):
    dialogue = Dialogue(SETTINGS)
    assert dialogue.receive(b"slproto ") == []
    assert dialogue.receive(b"4.0" + end) == [Reply(b"OK\r\n")]
    assert dialogue.is_version_4


def test_a_handshake_of_version_4_may_be_sent_in_one_go():
    assert answers(
        "SLPROTO 4.0",
        "USERAGENT a/1 b/2",
        "GETCAPABILITIES",
        "STATION GE_APE",
        "SELECT",
        "SELECT *_B_H_?.2D",
        "DATA 1405339897",
        "STATION GE_WLF",
        "SELECT *_H_H_?:native *_H_H_?:5",
        "FETCH",
        "NONSENSE",
    ) == [
        "OK",
        "OK",
        "SLPROTO:3.1 SLPROTO:4.0 TIME NSWILDCARD BATCH",
        "OK",
        "ERROR ARGUMENTS an empty SELECT is of version 3",
        "OK",
        "OK",
        "OK",
        "ERROR ARGUMENTS no such pattern, format or filter",
        "ERROR UNSUPPORTED a command of version 3",
        "ERROR UNSUPPORTED no such command",
    ]


def test_requests_of_version_4_hold_what_was_asked():
    start = started(
        "SLPROTO 4.0",
        "STATION GE_APE",
        "SELECT _B_H_Z !*.*E",
        "DATA 77 2019-07-07T07:50:00Z 2019-07-07T08:00:00.5Z",
        "STATION *",
        "DATA ALL",
        "END",
    )
    first, second = start.requests
    assert start.is_version_4
    assert (first.pattern, first.begin, first.sequence) == ("GE_APE", "sequence", 77)
    assert first.start_ns == ns_from_datetime(parse_utc("2019-07-07T07:50:00Z"))
    assert first.end_ns == ns_from_datetime(parse_utc("2019-07-07T08:00:00.5Z"))
    assert first.conversion_of("_B_H_Z", "2D") == "native"
    assert first.conversion_of("_B_H_Z", "2E") is None
    assert (second.pattern, second.begin, second.start_ns) == ("*", "all", None)
    assert not second.is_fetch


def test_end_fetch_ends_with_what_is_there():
    start = started("SLPROTO 4.0", "STATION *", "DATA ALL", "ENDFETCH")
    assert [request.is_fetch for request in start.requests] == [True]


def test_requests_of_version_3_hold_what_was_asked():
    start = started(
        "STATION APE GE",
        "SELECT BH?.D",
        "TIME 2019,07,07,07,50,00 2019,7,7,8,0,0.25",
        "STATION WLF",
        "FETCH 0x00A0F",
        "STATION NODATA GE",
        "END",
    )
    first, second = start.requests  # a station without DATA gets none
    assert (first.pattern, first.begin) == ("GE_APE", "all")
    assert first.start_ns == ns_from_datetime(parse_utc("2019-07-07T07:50:00Z"))
    assert first.end_ns == ns_from_datetime(parse_utc("2019-07-07T08:00:00.25Z"))
    assert (second.pattern, second.sequence, second.is_fetch) == ("*_WLF", 0xA0F, True)


def test_without_a_station_data_flow_at_once_and_without_a_reply():
    dialogue = Dialogue(SETTINGS)
    actions = dialogue.receive(b"SELECT 00BHZ\rDATA\r")
    assert isinstance(actions[1], StartTransfer)
    assert actions[0] == Reply(b"OK\r\n")
    assert len(actions) == 2


def test_what_follows_a_refused_station_is_refused():
    assert answers("STATION GE_AP/E GE", "SELECT BHZ", "DATA", "END") == ["ERROR"] * 4


def test_while_data_flow_only_info_and_bye_are_obeyed():
    dialogue = Dialogue(SETTINGS)
    dialogue.receive(b"STATION * *\rDATA\rEND\r")
    actions = dialogue.receive(b"STATION A B\rHELLO\rNONSENSE\rINFO ID\rBYE\rINFO ID\r")
    assert actions == [InfoRequest("ID", is_version_4=False), Close()]


def test_batch_gives_no_replies():
    dialogue = Dialogue(SETTINGS)
    assert answers("BATCH", "STATION A B", "SELECT /", "DATA", dialogue=dialogue) == ["OK"]


def test_too_many_requests_are_refused():
    stations = [f"STATION A_{number}" for number in range(4)]
    assert answers("SLPROTO 4.0", *stations)[-1].startswith("ERROR LIMIT at most 3")
    assert answers("SLPROTO 4.0", "STATION *", "SELECT a b c", "SELECT d e")[-1].startswith(
        "ERROR LIMIT at most 4"
    )


@pytest.mark.parametrize("piece", [b"A" * 5000, b"A" * 5000 + b"\r"])
def test_an_endless_line_ends_the_connection_or_the_command(piece):
    dialogue = Dialogue(SETTINGS)
    actions = dialogue.receive(piece)
    assert actions[0] == Reply(b"ERROR\r\n")
    assert (actions[-1] == Close()) == (not piece.endswith(b"\r"))
    assert len(dialogue._unread) <= 4096


@pytest.mark.parametrize(
    "command",
    [
        "DATA x",
        "DATA 1 2 3",
        "DATA 123456789",
        "TIME",
        "TIME 2019,13,01,00,00,00",
        "TIME 0001-01-01T00:00:00+23:59",
        "TIME 9999999",
        "TIME 2019,07,07,08,00,00 2019,07,07,07,00,00",
        "SELECT BHZZZZ",
        "SELECT B",
        "SLPROTO 5.0",
        "STATION",
        "STATION A B C",
        "AUTH JWT x",
        "END",
        "ENDFETCH",
    ],
)
def test_wrong_commands_of_version_3_are_refused(command):
    assert answers(command) == ["ERROR"]


def test_version_3_shows_no_token_and_gets_nothing_where_one_is_needed():
    dialogue = Dialogue(SeedLinkSettings(token="t" * 16))
    assert answers("STATION A B", "DATA", "CAT", "INFO ID", dialogue=dialogue) == ["ERROR"] * 4


def test_the_list_of_stations_is_of_version_3():
    assert Dialogue(SETTINGS).receive(b"CAT\r") == [ListStations()]
    assert answers("SLPROTO 4.0", "CAT")[1].startswith("ERROR UNSUPPORTED")


@pytest.mark.parametrize(
    ("text", "stream", "is_match"),
    [
        ("BHZ", "00_B_H_Z", True),
        ("BHZ", "_B_H_Z", True),
        ("BH?", "_B_H_1", True),
        ("00BHZ", "00_B_H_Z", True),
        ("00BHZ", "_B_H_Z", False),
        ("--BHZ", "_B_H_Z", True),
        ("--BHZ", "00_B_H_Z", False),
        ("??BHZ", "_B_H_Z", True),
        ("*Z", "00_B_H_Z", True),
        ("HH*", "00_H_H_Z", True),
        ("HH*", "00_B_H_Z", False),
        ("BHZ.D", "00_B_H_Z", True),
        ("BHZ.E", "00_B_H_Z", False),
        ("D", "00_B_H_Z", True),
        ("E", "00_B_H_Z", False),
    ],
)
def test_selectors_of_version_3(text, stream, is_match):
    selector = parse_selector_v3(text)
    assert selector is not None
    assert selector.matches(stream, "2D") == is_match


@pytest.mark.parametrize(
    ("text", "stream", "is_match"),
    [
        ("_*Z", "_B_H_Z", True),
        ("_*Z", "00_B_H_Z", False),
        ("_*Z", "_B_Z_H", False),
        ("B_H_Z", "_B_H_Z", True),
        ("B_H_Z", "10_B_H_Z", True),
        ("*.2", "_B_H_Z", True),
        ("*.3", "_B_H_Z", False),
        ("*.?D", "_B_H_Z", True),
        ("00_B_H_?:3", "00_B_H_Z", True),
    ],
)
def test_selectors_of_version_4(text, stream, is_match):
    selector = parse_selector_v4(text)
    assert selector is not None
    assert selector.matches(stream, "2D") == is_match


WORDS = st.sampled_from(
    [
        *Dialogue(SETTINGS)._commands,
        *("4.0", "3.1", "*", "GE", "APE", "GE_*", "BHZ", "!*", "*:3", "-1", "ALL", "1F", "JWT"),
        *("2019,07,07,07,50,00", "2019-07-07T07:50:00Z", "STREAMS", "[", "\xff", "\0"),
    ]
)
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=12)


@given(LINES.map(lambda lines: "\r".join([*lines, ""]).encode("latin-1")) | st.binary(max_size=200))
def test_whatever_comes_is_answered_the_same_in_one_piece_or_in_many(data):
    whole = Dialogue(SETTINGS)
    expected = whole.receive(data)
    bytewise = Dialogue(SETTINGS)
    actions = []
    for position in range(len(data)):
        actions += bytewise.receive(data[position : position + 1])
        if actions and actions[-1] == Close():
            break
    assert actions == expected
    for action in actions:
        if isinstance(action, StartTransfer):
            assert action.requests
        if isinstance(action, Reply):
            assert action.data.endswith(b"\r\n")
            assert action.data.isascii()
