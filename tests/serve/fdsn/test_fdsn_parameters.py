"""Parameters of the FDSN services: abbreviations, times, limits, errors, and never a 500."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from obspy import UTCDateTime
from obspy.clients.fdsn.wadl_parser import WADLParser

from mainshock.serve.fdsn.area import distance_deg
from mainshock.serve.fdsn.event_selection import EVENT_PARAMETERS
from mainshock.serve.fdsn.parameters import FdsnError, parse_query, time_of
from mainshock.serve.fdsn.places import PlaceNames
from mainshock.serve.fdsn.station_selection import STATION_PARAMETERS
from mainshock.sources.stations import StationList

SERVICES = ("event", "station", "dataselect")
STATUSES = {200, 204, 400, 404, 413}
NAMES = sorted(
    {
        name
        for one in (*EVENT_PARAMETERS, *STATION_PARAMETERS)
        for name in (one.name, one.abbreviation)
        if name
    }
    | {"quality", "minimumlength", "longestonly"}
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.floats().map(str),
    st.integers(-(10**12), 10**12).map(str),
    st.datetimes().map(lambda time: time.isoformat()),
    st.dates().map(str),
    st.sampled_from(
        [
            "",
            "*",
            "--",
            "??",
            "../..",
            "true",
            "xml",
            "text",
            "geojson",
            "1e999",
            "nan",
            "0x1",
            "-0",
            "٣",
            "9999-12-31",
            "0001-01-01T00:00:00Z",
            "2020-02-30",
            "2020-01-01T24:00:00",
        ]
    ),
)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


@pytest.mark.parametrize("service", SERVICES)
def test_the_description_is_one_that_clients_read(event_url: str, service: str):
    answer = httpx.get(f"{event_url}/fdsnws/{service}/1/application.wadl")
    assert answer.headers["content-type"] == "application/xml"
    parser = WADLParser(answer.content)  # warns, which is an error here, where a name is missing
    assert parser.parameters["starttime"]["type"] is UTCDateTime
    root = etree.fromstring(answer.content)
    space = {"w": "http://wadl.dev.java.net/2009/02"}
    posts = root.xpath("//w:resource[@path='query']/w:method[@name='POST']", namespaces=space)
    assert len(posts) == (0 if service == "event" else 1)
    version = httpx.get(f"{event_url}/fdsnws/{service}/1/version")
    assert version.headers["content-type"].startswith("text/plain")
    assert version.text == {"event": "1.2.0"}.get(service, "1.1.0")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2014-08-24", datetime(2014, 8, 24, tzinfo=UTC)),
        ("2014-08-24Z", datetime(2014, 8, 24, tzinfo=UTC)),
        ("2014-08-24T01:02:03", datetime(2014, 8, 24, 1, 2, 3, tzinfo=UTC)),
        ("2014-08-24T01:02:03Z", datetime(2014, 8, 24, 1, 2, 3, tzinfo=UTC)),
        ("2014-08-24T01:02:03.5", datetime(2014, 8, 24, 1, 2, 3, 500_000, tzinfo=UTC)),
        ("2014-08-24T01:02:03.000001Z", datetime(2014, 8, 24, 1, 2, 3, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_all_forms_of_the_standard(text: str, wanted: datetime):
    assert time_of(text, "starttime") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2014-13-01",
        "2014-02-29",
        "20140824",
        "2014-08-24T25:00:00",
        "2014-08-24 01:02:03",
        "now",
        "2014-08-24T01:02:03+01:00",
        "0001-01-01",
        "9999-01-01",
        "2014-08-24T23:59:60",
        "２０１４-08-24",
    ],
)
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(FdsnError, match="starttime"):
        time_of(text, "starttime")


def test_abbreviations_and_cases_mean_the_same():
    short = parse_query(EVENT_PARAMETERS, [("MINLAT", "1"), ("start", "2020-01-01"), ("lon", "2")])
    full = parse_query(
        EVENT_PARAMETERS, [("minlatitude", "1.0"), ("starttime", "2020-01-01"), ("longitude", "2")]
    )
    assert short == full
    assert short.number("minlatitude") == 1.0


@pytest.mark.parametrize(
    ("service", "query", "told"),
    [
        ("event", "foo=1", "foo"),
        ("event", "minlat=1&minlatitude=2", "twice"),
        ("event", "minlat=91", "between -90 and 90"),
        ("event", "minlat=nan", "number"),
        ("event", "minlat=3&maxlat=2", "swap"),
        ("event", "minmag=3&maxmag=2", "swap"),
        ("event", "start=2020-01-02&end=2020-01-01", "swap"),
        ("event", "limit=0", "limit"),
        ("event", "limit=20001", "20000"),
        ("event", "offset=-1", "offset"),
        ("event", "orderby=size", "time-asc"),
        ("event", "format=csv", "geojson"),
        ("event", "eventid=a%20b", "eventid"),
        ("event", "nodata=500", "204"),
        ("station", "level=all", "level"),
        ("station", "start=2020-01-02&end=2020-01-01", "swap"),
        ("dataselect", "start=2020-01-02&end=2020-01-01", "swap"),
        ("dataselect", "start=yesterday", "starttime"),
        ("dataselect", "quality=X", "quality"),
        ("dataselect", "minimumlength=-1", "minimumlength"),
    ],
)
def test_errors_are_texts_in_the_form_of_the_standard(
    event_url: str, service: str, query: str, told: str
):
    answer = httpx.get(f"{event_url}/fdsnws/{service}/1/query?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("Error 400: Bad request\n\n")
    assert told in answer.text.split("\n\n")[1]
    for part in ("Usage details", "Request:\n", "Request Submitted:\n", "Service version:\n"):
        assert part in answer.text


@pytest.mark.parametrize("service", ["station", "dataselect"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"XX ABC -- HHZ 2020-01-01", 400),
        (b"XX ABC -- HHZ 2020-01-01 2019-01-01", 400),
        (b"foo=bar\nXX ABC -- HHZ 2020-01-01 2020-01-02", 400),
        (b"starttime=2020-01-01\nXX ABC -- HHZ 2020-01-01 2020-01-02", 400),
        (b"\xff\xfe", 400),
        (b"nodata=404\nXX ABC -- HHZ 2020-01-01 2020-01-02", 404),
        (b"nodata = 404\r\n\r\nXX ABC -- HHZ 2020-01-01 2020-01-02T00:00:01.5Z\r\n", 404),
        (b"XX * * * * *", 204),
        (b"XX ABC -- HHZ 2020-01-01 2020-01-02\n" * 10_001, 413),
        (b"x" * (2**20 + 1), 413),
        (b"XX " + b"A," * 1001 + b"A -- HHZ 2020-01-01 2020-01-02", 413),
    ],
)
def test_bodies_are_checked_line_by_line(event_url: str, service: str, body: bytes, status: int):
    answer = httpx.post(f"{event_url}/fdsnws/{service}/1/query", content=body)
    assert answer.status_code == status, answer.text


@settings(max_examples=300)
@given(
    service=st.sampled_from(SERVICES),
    pairs=st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=6), VALUES), max_size=4),
)
def test_no_parameters_ever_break_a_service(
    http: httpx.Client, event_url: str, service: str, pairs: list[tuple[str, str]]
):
    encodable = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in pairs
    ]
    answer = http.get(f"{event_url}/fdsnws/{service}/1/query", params=encodable)
    assert answer.status_code in STATUSES, answer.text


@settings(max_examples=150)
@given(
    service=st.sampled_from(["station", "dataselect"]),
    body=st.binary(max_size=60)
    | st.lists(
        st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES, VALUES).map(" ".join), max_size=3
    ).map(lambda lines: "\n".join(lines).encode("utf-8", "replace")),
)
def test_no_body_ever_breaks_a_service(
    http: httpx.Client, event_url: str, service: str, body: bytes
):
    answer = http.post(f"{event_url}/fdsnws/{service}/1/query", content=body)
    assert answer.status_code in STATUSES, answer.text


def test_angles_and_names_of_places_are_right():
    assert distance_deg(0.0, 90.0, 123.0, -90.0) == pytest.approx(180.0)
    assert distance_deg(10.0, 0.0, 10.0, 0.0) == 0.0
    assert PlaceNames(StationList([])).name(-17.5, 64.25) == "64.25N 17.50W"
