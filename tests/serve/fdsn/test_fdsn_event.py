"""FDSN event: what ObsPy's client, its QuakeML schema, shapely and a JSON schema say of it."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jsonschema
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from obspy import UTCDateTime
from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import FDSNNoDataException
from obspy.geodetics import locations2degrees
from obspy.io.quakeml.core import _validate
from shapely.geometry import shape

from mainshock.serve.fdsn import event_formats, event_selection
from mainshock.stream.records import EventVersion
from mainshock.stream.store.live_store import LiveStore

QUERY = "/fdsnws/event/1/query"
TEXT_HEADER = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|"
    "Magnitude|MagAuthor|EventLocationName"
)
NULLABLE_NUMBER = {"type": ["number", "null"]}
PROPERTIES = {
    "mag": NULLABLE_NUMBER,
    "place": {"type": "string"},
    "time": {"type": "integer"},
    "updated": {"type": "integer"},
    "tz": {"type": ["integer", "null"]},
    "url": {"type": "string", "pattern": "^http"},
    "detail": {"type": "string", "pattern": "^http"},
    "felt": {"type": ["integer", "null"]},
    "cdi": NULLABLE_NUMBER,
    "mmi": NULLABLE_NUMBER,
    "alert": {"enum": [None, "green", "yellow", "orange", "red"]},
    "status": {"enum": ["automatic", "reviewed", "deleted"]},
    "tsunami": {"enum": [0, 1]},
    "sig": {"type": "integer", "minimum": 0, "maximum": 2000},
    "net": {"type": "string"},
    "code": {"type": "string"},
    "ids": {"type": "string", "pattern": "^,.*,$"},
    "sources": {"type": "string", "pattern": "^,.*,$"},
    "types": {"type": "string", "pattern": "^,.*,$"},
    "nst": {"type": ["integer", "null"]},
    "dmin": NULLABLE_NUMBER,
    "rms": NULLABLE_NUMBER,
    "gap": NULLABLE_NUMBER,
    "magType": {"type": ["string", "null"]},
    "type": {"const": "earthquake"},
    "title": {"type": "string"},
}
FEED_SCHEMA = {
    "type": "object",
    "required": ["type", "metadata", "features", "bbox"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "metadata": {
            "type": "object",
            "required": ["generated", "url", "title", "api", "count", "status"],
        },
        "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 6, "maxItems": 6},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "id", "properties", "geometry"],
                "properties": {
                    "type": {"const": "Feature"},
                    "id": {"type": "string"},
                    "properties": {
                        "type": "object",
                        "required": sorted(PROPERTIES),
                        "additionalProperties": False,
                        "properties": PROPERTIES,
                    },
                    "geometry": {
                        "type": "object",
                        "properties": {
                            "type": {"const": "Point"},
                            "coordinates": {
                                "type": "array",
                                "items": {"type": "number"},
                                "minItems": 3,
                                "maxItems": 3,
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def client(event_url: str) -> Client:
    return Client(event_url)


def ids_of(catalogue: obspy.Catalog) -> list[str]:
    return [event.resource_id.id.rpartition("/")[2] for event in catalogue]


def names(versions: list[EventVersion]) -> list[str]:
    return [version.event_id for version in versions]


def asked(client: Client, **parameters: Any) -> list[str]:
    try:
        return ids_of(client.get_events(**parameters))
    except FDSNNoDataException:
        return []


def test_a_client_discovers_the_service(client: Client):
    assert client.get_webservice_version("event") == [1, 2, 0]
    assert {"starttime", "minradius", "magnitudetype"} <= set(client.services["event"])
    assert client.services["available_event_catalogs"] == {"mainshock", "synthetic"}
    assert client.services["available_event_contributors"] == {"mainshock"}


def test_all_events_but_cancelled_ones_come_newest_first(client: Client, shown: list[EventVersion]):
    catalogue = client.get_events()
    assert ids_of(catalogue) == names(shown)
    for event, version in zip(catalogue, shown, strict=True):
        origin, wanted = event.preferred_origin(), version.event.origin
        assert origin.time == UTCDateTime(wanted.time.replace(tzinfo=None))
        assert origin.longitude == pytest.approx(wanted.longitude, abs=1e-9)
        assert origin.latitude == pytest.approx(wanted.latitude, abs=1e-9)
        assert origin.depth == pytest.approx(wanted.depth_km * 1e3, abs=1e-6)
        magnitude = event.preferred_magnitude()
        assert (magnitude is None) == (version.event.magnitude is None)
        assert (origin.evaluation_status == "preliminary") == (version.status == "preliminary")
        says_synthetic = any("synthetic" in comment.text for comment in event.comments)
        assert says_synthetic == version.is_synthetic


@settings(max_examples=80)
@given(data=st.data())
def test_any_limits_choose_what_a_plain_filter_chooses(
    client: Client, shown: list[EventVersion], data: st.DataObject
):
    times = sorted(version.event.origin.time for version in shown)
    start, end = sorted(data.draw(st.tuples(st.sampled_from(times), st.sampled_from(times))))
    low, high = sorted(data.draw(st.tuples(st.floats(-60, 60), st.floats(-60, 60))))
    west, east = data.draw(st.tuples(st.floats(-180, 180), st.floats(-180, 180)))
    weak = data.draw(st.none() | st.floats(-1, 3))
    deep = data.draw(st.none() | st.floats(0, 20))
    order = data.draw(st.sampled_from(["time", "time-asc"]))
    limits = {
        "starttime": UTCDateTime(start.replace(tzinfo=None)),
        "endtime": UTCDateTime(end.replace(tzinfo=None)),
        "minlatitude": low,
        "maxlatitude": high,
        "minlongitude": west,
        "maxlongitude": east,
        "orderby": order,
    }
    if weak is not None:
        limits["minmagnitude"] = weak
    if deep is not None:
        limits["mindepth"] = deep

    def holds(version: EventVersion) -> bool:
        origin, magnitude = version.event.origin, version.event.magnitude
        is_between = (
            west <= origin.longitude <= east
            if west <= east
            else origin.longitude >= west or origin.longitude <= east
        )
        return (
            start <= origin.time <= end
            and low <= origin.latitude <= high
            and is_between
            and (weak is None or (magnitude is not None and magnitude.value >= weak))
            and (deep is None or origin.depth_km >= deep)
        )

    wanted = [version for version in shown if holds(version)]
    assert asked(client, **limits) == names(wanted if order == "time" else wanted[::-1])


@pytest.mark.parametrize(
    ("longitude", "latitude", "low", "high"),
    [(180.0, -17.0, 0.0, 2.0), (11.6, 48.0, 0.2, 5.0), (0.0, 0.0, 10.0, 180.0), (10, 40, 0, 0.1)],
)
def test_a_ring_holds_what_obspy_measures_inside(
    client: Client,
    shown: list[EventVersion],
    longitude: float,
    latitude: float,
    low: float,
    high: float,
):
    got = asked(client, latitude=latitude, longitude=longitude, minradius=low, maxradius=high)
    assert got == [
        one.event_id
        for one in shown
        if low
        <= locations2degrees(
            latitude, longitude, one.event.origin.latitude, one.event.origin.longitude
        )
        <= high
    ]


def test_pages_are_parts_of_the_whole(client: Client, shown: list[EventVersion]):
    for circle in ({}, {"latitude": 0, "longitude": 0, "maxradius": 180}):
        pages = [asked(client, limit=3, offset=first, **circle) for first in range(1, 20, 3)]
        assert [one for page in pages for one in page] == names(shown)


def test_magnitudes_order_and_choose(client: Client, shown: list[EventVersion]):
    sized = [version for version in shown if version.event.magnitude is not None]
    got = asked(client, orderby="magnitude")
    wanted = sorted(sized, key=lambda one: -one.event.magnitude.value)
    assert got[: len(sized)] == names(wanted)
    local = [one for one in sized if one.event.magnitude.magnitude_type == "ML"]
    assert asked(client, magnitudetype="ml", minmagnitude=0) == names(local)


def test_names_choose(client: Client, shown: list[EventVersion]):
    synthetic = [one for one in shown if one.is_synthetic]
    assert synthetic
    assert asked(client, catalog="synthetic") == names(synthetic)
    assert asked(client, contributor="mainshock", eventtype="earthquake") == names(shown)
    assert asked(client, contributor="somebody") == []
    first, second = names(shown)[:2]
    assert asked(client, eventid=second) == [second]
    assert asked(client, eventid=f"smi:mainshock/event/{second},{first}") == [first, second]
    cut = sorted(one.issued for one in shown)[2]
    later = [one for one in shown if one.issued > cut]
    assert asked(client, updatedafter=UTCDateTime(cut.replace(tzinfo=None))) == names(later)


def test_a_cancelled_event_is_no_data(client: Client, versions: list[EventVersion]):
    cancelled = next(version for version in versions if version.kind == "cancel")
    assert asked(client, eventid=cancelled.event_id) == []


@pytest.mark.parametrize("has_arrivals", [True, False])
@pytest.mark.parametrize("has_all", [True, False])
def test_quakeml_keeps_to_its_schema_and_to_what_was_asked(
    event_url: str, shown: list[EventVersion], has_arrivals: bool, has_all: bool
):
    parameters = {"includearrivals": has_arrivals, "includeallmagnitudes": has_all}
    answer = httpx.get(event_url + QUERY, params=parameters)
    assert answer.headers["content-type"] == "application/xml"
    assert _validate(io.BytesIO(answer.content))
    catalogue = obspy.read_events(io.BytesIO(answer.content))
    for event, version in zip(catalogue, shown, strict=True):
        wanted = len(version.event.arrivals) if has_arrivals else 0
        assert len(event.picks) == len(event.origins[0].arrivals) == wanted
        assert len(event.station_magnitudes) == (
            len(version.event.station_magnitudes) if has_all else 0
        )
        for arrival in event.origins[0].arrivals:
            assert arrival.pick_id.get_referred_object() in event.picks


def test_text_has_the_columns_of_the_standard(event_url: str, shown: list[EventVersion]):
    answer = httpx.get(event_url + QUERY, params={"format": "text"})
    assert answer.headers["content-type"].startswith("text/plain")
    header, *lines = answer.text.splitlines()
    assert header == TEXT_HEADER
    assert len(lines) == len(shown)
    for line, version in zip(lines, shown, strict=True):
        columns = dict(zip(header.lstrip("#").split("|"), line.split("|"), strict=True))
        origin, magnitude = version.event.origin, version.event.magnitude
        assert columns["EventID"] == version.event_id
        assert UTCDateTime(columns["Time"]) == UTCDateTime(origin.time.replace(tzinfo=None))
        assert float(columns["Depth/km"]) == pytest.approx(origin.depth_km, abs=1e-3)
        assert columns["Catalog"] == ("synthetic" if version.is_synthetic else "mainshock")
        assert columns["Magnitude"] == ("" if magnitude is None else f"{magnitude.value:.2f}")
        assert " km " in columns["EventLocationName"]


def test_geojson_is_a_feed_that_others_read(event_url: str, shown: list[EventVersion]):
    answer = httpx.get(event_url + QUERY, params={"format": "geojson"})
    feed = answer.json()
    jsonschema.Draft202012Validator(FEED_SCHEMA).validate(feed)
    assert feed["metadata"]["count"] == len(shown)
    west, south, shallow, east, north, deep = feed["bbox"]
    for feature, version in zip(feed["features"], shown, strict=True):
        point, origin = shape(feature["geometry"]), version.event.origin
        assert (point.x, point.y, point.z) == pytest.approx(
            (origin.longitude, origin.latitude, origin.depth_km), abs=1e-6
        )
        assert west <= point.x <= east
        assert south <= point.y <= north
        assert shallow <= point.z <= deep
        properties = feature["properties"]
        assert properties["time"] == int(origin.time.timestamp() * 1000)
        assert properties["title"].startswith("[synthetic]") == version.is_synthetic
        assert 0.0 <= properties["gap"] <= 360.0
        assert httpx.get(properties["detail"]).json()["features"][0]["id"] == feature["id"]
        assert ids_of(obspy.read_events(properties["url"])) == [feature["id"]]


def test_the_significance_is_that_of_the_usgs(event_url: str):
    answer = httpx.get(event_url + QUERY, params={"format": "geojson", "minmagnitude": 2.5})
    (feature,) = answer.json()["features"]
    assert feature["properties"]["mag"] == 2.5
    assert feature["properties"]["sig"] == 96  # 2.5 * 100 * 2.5 / 6.5, as the feed's M 2.5


def test_too_many_events_are_refused_without_a_limit(
    event_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_selection, "MAX_EVENTS", 3)
    circle = {"maxradius": "180"}
    for others in ({}, circle):
        assert httpx.get(event_url + QUERY, params=others).status_code == 413
        assert httpx.get(event_url + QUERY, params={"limit": "4", **others}).status_code == 200


def test_a_store_without_events_is_no_data(
    tmp_path, archive_url: Callable[..., str], serve: Callable[..., str]
):
    from mainshock.serve.context import ServiceContext
    from mainshock.sources.stations import StationList

    with LiveStore.open(tmp_path / "empty.db") as store:
        url = serve(ServiceContext(store, tmp_path, StationList([])))
        assert httpx.get(url + QUERY).status_code == 204
        assert httpx.get(url + QUERY).content == b""
        missing = httpx.get(url + QUERY, params={"nodata": "404"})
        assert missing.status_code == 404
        assert "no event matches" in missing.text


def test_catalogues_and_contributors_are_xml(event_url: str):
    for name, element in (("catalogs", "Catalog"), ("contributors", "Contributor")):
        answer = httpx.get(f"{event_url}/fdsnws/event/1/{name}")
        root = etree.fromstring(answer.content)
        assert [one.tag for one in root] == [element] * len(root)
        assert len(root) > 0


def without_chance(document: bytes) -> bytes:
    """A document less what differs each time: names of comments, and when it was made."""
    document = re.sub(rb' id="smi:local/[^"]*"', b"", document)
    return re.sub(rb"<creationTime>[^<]*</creationTime>", b"", document)


def test_a_long_answer_in_pieces_is_one_document(
    event_url: str, shown: list[EventVersion], monkeypatch: pytest.MonkeyPatch
):
    whole = httpx.get(event_url + QUERY, params={"includearrivals": True}).content
    for size in (1, 3):
        monkeypatch.setattr(event_formats, "_EVENTS_A_PIECE", size)
        pieces = httpx.get(event_url + QUERY, params={"includearrivals": True}).content
        assert _validate(io.BytesIO(pieces))
        assert pieces.count(b"<event ") == len(shown)
        assert without_chance(pieces).split() == without_chance(whole).split()


def test_many_clients_at_once_get_the_same_answer(event_url: str):
    def ask(_: int) -> bytes:
        answer = httpx.get(event_url + QUERY, params={"includearrivals": True})
        return without_chance(answer.content)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(24)))
    assert len(answers) == 1
    assert _validate(io.BytesIO(answers.pop()))
