"""Log lines: one JSON object each, with the packet or request, and without secrets."""

import io
import json
import logging
from datetime import datetime, timedelta

import pytest

from mainshock.core.errors import SettingsError
from mainshock.core.logs import (
    configure_logging,
    current_trace,
    following,
    log_format,
    redacted,
    serving,
)

SECRET = "s3cr3t-value-of-a-test"


@pytest.fixture
def logged():
    """Return a function that sets logging up and gives what is written; undone at the end."""
    root = logging.getLogger()
    own = logging.getLogger("mainshock")
    handlers, level, own_level = root.handlers[:], root.level, own.level

    def start(form, *, is_verbose=False):
        stream = io.StringIO()
        configure_logging(form, is_verbose=is_verbose, stream=stream)
        return stream

    yield start
    configure_logging("text")
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)


def lines(stream):
    return [json.loads(one) for one in stream.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_utc_time(logged):
    stream = logged("json")
    logging.getLogger("mainshock.x").info("two\nlines of %s", "text")
    (line,) = lines(stream)
    assert line["level"] == "info"
    assert line["logger"] == "mainshock.x"
    assert line["message"] == "two\nlines of text"
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert "trace" not in line


def test_lines_carry_the_packet_and_request_they_are_about(logged):
    stream = logged("json")
    log = logging.getLogger("mainshock.x")
    with following("1a2b-00ff"), serving("req-7"):
        log.warning("within")
        log.warning("of another", extra={"trace": "other"})
    log.warning("outside")
    within, other, outside = lines(stream)
    assert (within["trace"], within["request"]) == ("1a2b-00ff", "req-7")
    assert other["trace"] == "other"
    assert "trace" not in outside
    assert "request" not in outside
    assert current_trace() == ""


def test_a_fault_is_told_with_its_traceback_on_the_same_line(logged):
    stream = logged("json")
    try:
        raise ValueError(f"bad password={SECRET}")
    except ValueError:
        logging.getLogger("mainshock.x").exception("it failed")
    (line,) = lines(stream)
    assert "ValueError" in line["error"]
    assert SECRET not in stream.getvalue()


def test_a_message_that_is_json_is_given_as_fields_too(logged):
    stream = logged("json")
    logging.getLogger("mainshock.access").info("%s", json.dumps({"status": 200}))
    assert lines(stream)[0]["fields"] == {"status": 200}


@pytest.mark.parametrize(
    "text",
    [
        f"GET /?token={SECRET}&x=1",
        f"Authorization: Bearer {SECRET}",
        f'{{"authorization": "Basic {SECRET}"}}',
        f"headers {{'Authorization': 'Bearer {SECRET}'}}",
        f"postgresql://quakes:{SECRET}@db/live",
        f'"password": "{SECRET}"',
        f"sasl.password={SECRET}",
        f"X-API-Key: {SECRET}",
        f"api_key={SECRET}",
        f"cookie: session={SECRET}",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_a_line(logged, form, text):
    stream = logged(form)
    logging.getLogger("mainshock.x").warning("said %s", text)
    assert SECRET not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_what_is_no_secret_stays_as_it_is():
    for text in ("12 tokens were given out", "stage picking waits", "station BW.UH1 at 10:20:30"):
        assert redacted(text) == text


@pytest.mark.parametrize(
    ("form", "is_verbose", "levels"),
    [
        ("text", False, {"WARNING"}),
        ("text", True, {"WARNING", "INFO"}),
        ("json", False, {"warning", "info"}),
        ("json", True, {"warning", "info", "debug"}),
    ],
)
def test_json_tells_what_text_tells_only_on_request(logged, form, is_verbose, levels):
    stream = logged(form, is_verbose=is_verbose)
    log = logging.getLogger("mainshock.x")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        log.log(level, "a line")
    logging.getLogger("a_library").debug("nobody asked for this")
    text = stream.getvalue()
    assert len(text.splitlines()) == len(levels)
    assert all(f" {one} " in text or f'"{one}"' in text for one in levels)


def test_an_unknown_format_is_refused_with_the_remedy():
    with pytest.raises(SettingsError, match=r"'xml'.*text, json.*MAINSHOCK_LOG_FORMAT"):
        log_format("xml")
