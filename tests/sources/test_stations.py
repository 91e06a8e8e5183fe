"""Station lists from tables and StationXML, and every doubt about a coordinate."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy import UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network
from obspy.core.inventory import Station as ObspyStation

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Station
from mainshock.sources.stations import StationList, read_inventory, read_stations

HEADER = "network,station,longitude,latitude,elevation_m"
UH1 = Station("BW", "UH1", 11.636, 48.0815, 400.0)


@pytest.fixture
def table(tmp_path):
    def write(*rows: str, header: str = HEADER):
        path = tmp_path / "stations.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def test_reads_csv_with_other_columns_blanks_and_a_byte_order_mark(table):
    path = table(
        "  CI,CLC ,x, 35.8, -117.6,775",
        "",
        "NA,007,y,17.5,-63.0,-3.5,",
        header="\ufeffnetwork,station,channels,latitude, longitude,elevation_m",
    )
    assert list(read_stations(path)) == [
        Station("CI", "CLC", -117.6, 35.8, 775.0),
        Station("NA", "007", -63.0, 17.5, -3.5),
    ]


def test_reads_parquet_with_nulls_for_the_network(tmp_path):
    path = tmp_path / "stations.parquet"
    columns = {"network": [None], "station": ["A1"], "longitude": [1.25], "latitude": [-2.5]}
    pd.DataFrame(columns | {"elevation_m": [10]}).to_parquet(path)
    assert list(read_stations(path)) == [Station("", "A1", 1.25, -2.5, 10.0)]


def test_missing_columns_are_named(table):
    path = table("BW,UH1,11.6,48.1", header="network,code,longitude,latitude")
    with pytest.raises(DataError, match="lacks the columns station, elevation_m; it has network"):
        read_stations(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("BW,UH1,48.1,111.6,400", "line 3: latitude is 111.6.*swapped"),
        ("BW,UH1,east,48.1,400", "line 3: longitude is 'east'"),
        ("BW,UH1,11.6,48.1,", "line 3: elevation_m is ''"),
        ("BW,UH1,11.6,nan,400", "line 3: latitude is nan"),
        ("BW,,11.6,48.1,400", "line 3: station code is empty"),
        ("BW,UH1,11,6,48,1,400", "line 3: 7 cells stand under 5 columns"),
        ("BW,UH1,11.6,48.1,99999", "line 3: elevation_m is 99999"),
    ],
)
def test_bad_row_is_named_by_its_line(table, row, message):
    with pytest.raises(DataError, match=message):
        read_stations(table("BW,UH0,11.5,48.0,400", row))


def test_doubled_column_is_refused(table):
    with pytest.raises(DataError, match="longitude more than once"):
        read_stations(table("BW,UH1,1,2,3,4", header=HEADER + ",longitude"))


def test_same_place_counts_once_and_another_place_is_an_error(table):
    rows = ("BW,UH1,11.6360,48.0815,400", "BW,UH1,11.6361,48.0815,400")
    assert len(read_stations(table(*rows))) == 1
    with pytest.raises(DataError, match=r"BW\.UH1 stands twice with different coordinates"):
        read_stations(table(rows[0], "BW,UH1,11.7,48.0815,400"))
    with pytest.raises(DataError, match="different coordinates"):
        read_stations(table(rows[0], "BW,UH1,11.6360,48.0815,4000"))


@pytest.mark.parametrize("name", ["absent.csv", "absent.xml", "absent.parquet"])
def test_absent_file_is_named(tmp_path, name):
    with pytest.raises(SourceError, match=name):
        read_stations(tmp_path / name)


@pytest.mark.parametrize("name", ["bad.csv", "bad.xml", "bad.parquet"])
def test_file_of_another_kind_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00 garbage \x80")
    with pytest.raises(SourceError, match=name):
        read_stations(tmp_path / name)


def test_table_without_rows_is_an_error(table):
    with pytest.raises(DataError, match="holds no station"):
        read_stations(table())


def _epoch(code, start, longitude, channels) -> ObspyStation:
    made = [
        Channel(name, "", 48.0, longitude, elevation, depth, sample_rate=100.0)
        for name, elevation, depth in channels
    ]
    return ObspyStation(code, 48.0, longitude, 500.0, channels=made, start_date=UTCDateTime(start))


def test_stationxml_gives_latest_place_and_elevation_of_the_sensor(tmp_path):
    path = tmp_path / "stations.xml"
    moved = [
        _epoch("ABC", 2015, 11.5, [("HHZ", 500.0, 0.0)]),
        _epoch("ABC", 2010, 11.0, [("HHZ", 450.0, 0.0)]),
    ]
    borehole = _epoch("DEEP", 2010, 12.0, [("EHZ", 500.0, 150.0), ("EH1", 500.0, 150.0)])
    bare = _epoch("BARE", 2010, 13.0, [])
    Inventory([Network("XX", [*moved, borehole, bare])], source="test").write(
        str(path), "STATIONXML"
    )
    assert list(read_stations(path)) == [
        Station("XX", "ABC", 11.5, 48.0, 500.0),
        Station("XX", "DEEP", 12.0, 48.0, 350.0),
        Station("XX", "BARE", 13.0, 48.0, 500.0),
    ]
    assert len(read_inventory(path)[0]) == 4


def test_both_forms_of_the_open_data_agree(data_dir):
    for folder in sorted((data_dir / "continuous").glob("*_*")):
        from_table = read_stations(folder / "stations.csv")
        from_xml = read_stations(folder / "stations.xml")
        assert {one.code for one in from_table} == {one.code for one in from_xml}
        for one in from_table:
            other = from_xml.find(one.network, one.station)
            assert (one.longitude, one.latitude) == pytest.approx(
                (other.longitude, other.latitude), abs=1e-4
            )


def test_finds_exact_codes_then_a_bare_station_code():
    stations = StationList([UH1, Station("XX", "ONE", 1.0, 1.0), Station("YY", "ONE", 2.0, 2.0)])
    assert stations.find("BW", "UH1") is UH1
    assert stations.find("", "UH1") is UH1
    assert stations.find("YY", "ONE").longitude == 2.0
    with pytest.raises(DataError, match=r"ambiguous: XX\.ONE, YY\.ONE"):
        stations.find("", "ONE")


def test_unknown_station_is_told_with_near_matches():
    stations = StationList(
        [UH1, Station("BW", "UH2", 11.7, 48.05), Station("GR", "FUR", 11.3, 48.2)]
    )
    with pytest.raises(DataError, match=r"no station BW\.UH9 .*BW\.UH1, BW\.UH2"):
        stations.find("BW", "UH9")


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("XYZ")), unique=True))
def test_every_station_given_is_found(codes):
    made = [Station(net, sta, float(number), 0.0) for number, (net, sta) in enumerate(codes)]
    stations = StationList(made)
    assert list(stations) == made
    assert [stations.find(*code) for code in codes] == made
