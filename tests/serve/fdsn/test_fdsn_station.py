"""FDSN station: every level and filter, against ObsPy's own selection."""

import io
from collections.abc import Callable
from pathlib import Path

import httpx
import obspy
import pytest
from obspy import Inventory, UTCDateTime
from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import FDSNNoDataException
from obspy.core.inventory import Channel, Network, Site, Station
from obspy.core.inventory.response import InstrumentSensitivity, Response
from obspy.geodetics import locations2degrees
from obspy.io.stationxml.core import validate_stationxml

from mainshock.pipeline.demo import DEMO_CASES
from mainshock.serve.context import ServiceContext
from mainshock.sources.stations import StationList, read_inventory
from mainshock.stream.store.live_store import LiveStore

QUERY = "/fdsnws/station/1/query"
ICELAND = "iceland_dike_20140824"
HEADERS = {
    "network": "#Network|Description|StartTime|EndTime|TotalStations",
    "station": "#Network|Station|Latitude|Longitude|Elevation|SiteName|StartTime|EndTime",
    "channel": (
        "#Network|Station|Location|Channel|Latitude|Longitude|Elevation|Depth|Azimuth|Dip|"
        "SensorDescription|Scale|ScaleFreq|ScaleUnits|SampleRate|StartTime|EndTime"
    ),
}


@pytest.fixture(scope="module")
def epochs() -> Inventory:
    """Two networks; one station has an old and a new instrument, with a response."""

    def channel(code: str, start: str, end: str | None, location: str = "") -> Channel:
        gain = InstrumentSensitivity(6.0e8, 1.0, "M/S", "COUNTS")
        return Channel(
            code,
            location,
            48.0,
            11.0,
            500.0,
            0.0,
            azimuth=0.0,
            dip=-90.0,
            sample_rate=100.0,
            start_date=UTCDateTime(start),
            end_date=end and UTCDateTime(end),
            response=Response(instrument_sensitivity=gain),
        )

    def station(code: str, longitude: float, channels: list[Channel], start: str) -> Station:
        return Station(
            code,
            48.0,
            longitude,
            500.0,
            channels=channels,
            site=Site(f"Site|{code}"),
            start_date=UTCDateTime(start),
            creation_date=UTCDateTime(start),
        )

    old, new = channel("EHZ", "2000-01-01", "2010-01-01"), channel("HHZ", "2010-01-01", None)
    own = channel("BHZ", "2015-01-01", None, "10")
    return Inventory(
        [
            Network(
                "AA",
                [station("OLD", 11.0, [old, new], "2000-01-01")],
                description="First",
                start_date=UTCDateTime("2000-01-01"),
            ),
            Network(
                "BB",
                [station("NEW", 12.0, [own], "2015-01-01")],
                start_date=UTCDateTime("2015-01-01"),
            ),
        ],
        source="test",
    )


@pytest.fixture(scope="module")
def epochs_url(epochs: Inventory, store: LiveStore, serve: Callable[..., str], tmp_path_factory):
    archive = tmp_path_factory.mktemp("none")
    return serve(ServiceContext(store, archive, StationList([]), epochs))


def channels_of(inventory: Inventory) -> list[str]:
    return sorted(
        f"{network.code}.{station.code}.{channel.location_code}.{channel.code}"
        for network in inventory
        for station in network
        for channel in station
    )


@pytest.mark.parametrize("level", ["network", "station", "channel", "response"])
def test_every_level_holds_its_part_of_the_inventory(
    region_url: Callable[[str], str], data_dir: Path, level: str
):
    url = region_url(ICELAND)
    whole = read_inventory(data_dir / "continuous" / ICELAND / "stations.xml")
    got = Client(url).get_stations(level=level)
    contents = got.get_contents()
    wanted = whole.get_contents()
    assert contents["networks"] == wanted["networks"]
    assert contents["stations"] == ([] if level == "network" else wanted["stations"])
    has_channels = level in ("channel", "response")
    assert channels_of(got) == (channels_of(whole) if has_channels else [])
    answer = httpx.get(url + QUERY, params={"level": level})
    assert answer.headers["content-type"] == "application/xml"
    is_valid, errors = validate_stationxml(io.BytesIO(answer.content))
    assert is_valid, errors


@pytest.mark.parametrize("level", ["network", "station", "channel"])
def test_text_has_the_columns_of_the_standard(epochs_url: str, epochs: Inventory, level: str):
    answer = httpx.get(epochs_url + QUERY, params={"level": level, "format": "text"})
    header, *lines = answer.text.splitlines()
    assert header == HEADERS[level]
    assert {len(line.split("|")) for line in lines} == {header.count("|") + 1}
    got = Client(epochs_url).get_stations(level=level, format="text")
    assert [network.code for network in got] == ["AA", "BB"]
    if level == "channel":
        assert channels_of(got) == channels_of(epochs)
        assert got[0][0][0].response.instrument_sensitivity.value == 6.0e8
        assert got[0][0][0].end_date == UTCDateTime("2010-01-01")


def test_the_response_is_told_at_its_level_only(epochs_url: str):
    client = Client(epochs_url)
    full = client.get_stations(level="response")[0][0][0].response
    assert full.instrument_sensitivity.value == 6.0e8
    assert httpx.get(epochs_url + QUERY, params={"level": "channel"}).text.count("Stage") == 0


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, ["AA.OLD..EHZ", "AA.OLD..HHZ", "BB.NEW.10.BHZ"]),
        ({"network": "A?"}, ["AA.OLD..EHZ", "AA.OLD..HHZ"]),
        ({"station": "O*,N*", "channel": "?HZ", "location": "10"}, ["BB.NEW.10.BHZ"]),
        ({"location": "--"}, ["AA.OLD..EHZ", "AA.OLD..HHZ"]),
        ({"location": ""}, ["AA.OLD..EHZ", "AA.OLD..HHZ"]),
        ({"channel": "EH?,BH?"}, ["AA.OLD..EHZ", "BB.NEW.10.BHZ"]),
        ({"starttime": UTCDateTime("2012-01-01")}, ["AA.OLD..HHZ", "BB.NEW.10.BHZ"]),
        ({"endtime": UTCDateTime("2005-01-01")}, ["AA.OLD..EHZ"]),
        ({"startbefore": UTCDateTime("2010-01-01")}, ["AA.OLD..EHZ"]),
        ({"startafter": UTCDateTime("2005-01-01")}, ["AA.OLD..HHZ", "BB.NEW.10.BHZ"]),
        ({"endbefore": UTCDateTime("2020-01-01")}, ["AA.OLD..EHZ"]),
        ({"endafter": UTCDateTime("2020-01-01")}, ["AA.OLD..HHZ", "BB.NEW.10.BHZ"]),
        ({"minlongitude": 11.5, "maxlatitude": 50.0}, ["BB.NEW.10.BHZ"]),
        ({"latitude": 48.0, "longitude": 12.0, "maxradius": 0.1}, ["BB.NEW.10.BHZ"]),
        ({"latitude": 48.0, "longitude": 12.0, "minradius": 90.0}, []),
        ({"network": "CC"}, []),
    ],
)
def test_filters_choose_channels(epochs_url: str, asked: dict, wanted: list[str]):
    try:
        got = channels_of(Client(epochs_url).get_stations(level="channel", **asked))
    except FDSNNoDataException:
        got = []
    assert got == wanted


def test_channels_and_epochs_choose_stations_and_networks(epochs_url: str):
    client = Client(epochs_url)
    for level in ("network", "station"):
        assert [one.code for one in client.get_stations(level=level, channel="BHZ")] == ["BB"]
        later = client.get_stations(level=level, startafter=UTCDateTime("2010-01-01"))
        assert [one.code for one in later] == ["BB"]


def test_a_circle_holds_what_obspy_measures_inside(region_url: Callable[[str], str]):
    client = Client(region_url(ICELAND))
    every = client.get_stations()[0]
    middle = every[0]
    for radius in (0.05, 0.2, 0.5):
        got = client.get_stations(
            latitude=middle.latitude, longitude=middle.longitude, maxradius=radius
        )
        near = (
            locations2degrees(middle.latitude, middle.longitude, one.latitude, one.longitude)
            for one in every
        )
        wanted = [one.code for one, away in zip(every, near, strict=True) if away <= radius]
        assert [one.code for one in got[0]] == wanted


def test_bulk_requests_join_their_lines(epochs_url: str):
    start = UTCDateTime("2012-01-01")
    lines = [
        ("AA", "OLD", "*", "HHZ", start, start + 10),
        ("BB", "*", "10", "*", start, start + 1e9),
    ]
    got = Client(epochs_url).get_stations_bulk(lines, level="channel")
    assert channels_of(got) == ["AA.OLD..HHZ", "BB.NEW.10.BHZ"]


def test_coordinates_alone_make_an_inventory(event_url: str):
    stations = DEMO_CASES[0].stations()
    got = Client(event_url).get_stations(level="station")
    assert {
        (network.code, one.code, one.longitude, one.latitude, one.elevation)
        for network in got
        for one in network
    } == {
        (one.network, one.station, one.longitude, one.latitude, one.elevation_m) for one in stations
    }
    answer = httpx.get(event_url + QUERY)
    is_valid, errors = validate_stationxml(io.BytesIO(answer.content))
    assert is_valid, errors
    text = {"level": "channel", "format": "text"}
    assert httpx.get(event_url + QUERY, params=text).status_code == 204
    assert obspy.read_inventory(io.BytesIO(answer.content))


def test_text_has_no_responses(event_url: str):
    answer = httpx.get(event_url + QUERY, params={"level": "response", "format": "text"})
    assert answer.status_code == 400
    assert "level=response" in answer.text
