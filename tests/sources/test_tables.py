"""Picks and catalogues: the contract's tables, and event files of other programs."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy import UTCDateTime
from obspy.core.event import Catalog, Event, QuantityError, ResourceIdentifier, WaveformStreamID
from obspy.core.event import Pick as ObspyPick

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Pick
from mainshock.core.times import parse_utc
from mainshock.sources.tables import (
    CATALOGUE_COLUMNS,
    PICK_COLUMNS,
    pick_record,
    picks_to_frame,
    read_catalogue,
    read_picks,
    write_picks,
)

PICKS = "network,station,location,phase,time,probability,sigma_s,model"
GOOD = "BW,UH1,,P,2010-05-27T16:56:26.13Z,0.9,0.02,phasenet"
EVENTS = "event_id,time,longitude,latitude,depth_km,magnitude"
QUAKE = "a1,2010-05-27T16:56:24.6Z,11.6,48.0,4.5,1.5"
TIME = parse_utc("2010-05-27T16:56:26.13Z")


@pytest.fixture
def table(tmp_path):
    def write(*lines: str, name: str = "table.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


code = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=5)
azimuths = st.one_of(st.just((None, None)), st.tuples(st.floats(0, 359.9), st.floats(0.1, 180.0)))


@st.composite
def _some_pick(draw) -> Pick:
    azimuth, azimuth_sigma = draw(azimuths)
    return Pick(
        network=draw(st.sampled_from(["", "NA", "1E"])),
        station=draw(code),
        location=draw(st.sampled_from(["", "00", "10"])),
        phase=draw(st.sampled_from("PS")),
        time=TIME + timedelta(microseconds=draw(st.integers(-(10**15), 10**15))),
        probability=draw(st.floats(0, 1)),
        sigma_s=draw(st.floats(1e-4, 60)),
        model=draw(st.sampled_from(["phasenet", "a, b", 'say "c"'])),
        event_id=draw(st.sampled_from(["", "007", "nan"])),
        back_azimuth_deg=azimuth,
        back_azimuth_sigma_deg=azimuth_sigma,
    )


@settings(max_examples=30)
@given(picks=st.lists(_some_pick(), max_size=5), suffix=st.sampled_from(["csv", "parquet"]))
def test_picks_come_back_exactly_as_they_were_written(tmp_path_factory, picks, suffix):
    path = tmp_path_factory.mktemp("picks") / f"picks.{suffix}"
    write_picks(path, picks)
    assert read_picks(path) == picks


def test_table_has_the_columns_of_the_contract():
    frame = picks_to_frame([Pick("BW", "UH1", "", "P", TIME, 0.9, 0.02, "m")])
    assert tuple(frame.columns) == PICK_COLUMNS
    assert PICK_COLUMNS[:8] == tuple(PICKS.split(","))
    assert frame["time"][0] == "2010-05-27T16:56:26.130000Z"
    assert list(picks_to_frame([]).columns) == list(PICK_COLUMNS)


def test_record_is_ready_for_json():
    record = pick_record(Pick("BW", "UH1", "", "P", TIME, 0.9, 0.02, "m"))
    assert record["time"] == "2010-05-27T16:56:26.130000Z"
    assert record["back_azimuth_deg"] is None


def test_optional_columns_empty_cells_and_mixed_times(table):
    path = table(
        f"extra,{PICKS},event_id,back_azimuth_deg,back_azimuth_sigma_deg",
        "x,BW,UH1,--,P,2010-05-27 16:56:26.13,0.9,0.02,m,ev1,,",
        "x,,UH2,,S,2010-05-27T18:56:27+02:00,1,0.1,m,,-350,12.5",
    )
    first, second = read_picks(path)
    assert (first.location, first.event_id, first.back_azimuth_deg) == ("", "ev1", None)
    assert first.time == TIME
    assert second.time == parse_utc("2010-05-27T16:56:27Z")
    assert (second.network, second.back_azimuth_deg) == ("", 10.0)


def test_parquet_with_time_stamps_is_read(tmp_path):
    frame = pd.DataFrame([GOOD.split(",")], columns=PICKS.split(","))
    frame["time"] = pd.to_datetime(frame["time"])
    frame["probability"] = 0.9
    frame.to_parquet(tmp_path / "picks.parquet")
    assert read_picks(tmp_path / "picks.parquet")[0].time == TIME


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (GOOD.replace(",0.9,", ",1.5,"), "probability is 1.5"),
        (GOOD.replace(",0.9,", ",,"), "probability is ''"),
        (GOOD.replace("0.02", "0"), "sigma_s is 0.0"),
        (GOOD.replace("0.02", "nan"), "sigma_s is nan"),
        (GOOD.replace(",P,", ",PKP,"), "phase is 'PKP'"),
        (GOOD.replace("2010-05-27", "27.05.2010 "), "is not ISO 8601"),
        (GOOD.replace("UH1", ""), "no station code"),
    ],
)
def test_bad_row_is_named_or_skipped(table, row, message):
    path = table(PICKS, GOOD, "", row, GOOD)
    with pytest.raises(DataError, match=f"line 4: .*{message}"):
        read_picks(path)
    skipped = []
    assert len(read_picks(path, skipped)) == 2
    assert skipped[0].name.endswith("line 4")
    assert message in skipped[0].reason


def test_missing_columns_are_named(table):
    with pytest.raises(DataError, match="lacks the columns probability, sigma_s"):
        read_picks(table("network,station,location,phase,time,model", "a,b,c,d,e,f"))


@pytest.mark.parametrize("name", ["absent.csv", "absent.xml", "absent.obs"])
def test_absent_file_is_named(tmp_path, name):
    with pytest.raises(SourceError, match=name):
        read_picks(tmp_path / name)


def test_other_suffix_and_unwritable_place_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"\.csv or \.parquet"):
        write_picks(tmp_path / "picks.xlsx", [])
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot make the folder"):
        write_picks(tmp_path / "file" / "picks.csv", [])


def test_quakeml_picks_carry_sigma_and_the_id_of_their_event(tmp_path):
    def pick(phase, errors=None, **fields):
        stream = WaveformStreamID("BW", "UH1", "")
        return ObspyPick(
            time=UTCDateTime(TIME),
            waveform_id=stream,
            phase_hint=phase,
            time_errors=errors,
            **fields,
        )

    picks = [
        pick("Pg", QuantityError(uncertainty=0.03), evaluation_mode="manual"),
        pick("S", QuantityError(lower_uncertainty=0.1, upper_uncertainty=0.3)),
        pick("Sn", backazimuth=44.0, backazimuth_errors=QuantityError(uncertainty=7.0)),
        pick("PcP"),
        pick("AML"),
    ]
    event = Event(resource_id=ResourceIdentifier("quakeml:example.org/event/ev42"), picks=picks)
    Catalog([event]).write(str(tmp_path / "events.xml"), format="QUAKEML")
    found = read_picks(tmp_path / "events.xml")
    assert [one.phase for one in found] == ["P", "S", "S"]
    assert [one.sigma_s for one in found] == pytest.approx([0.03, 0.2, 0.1])
    assert {one.event_id for one in found} == {"ev42"}
    assert found[0].model == "manual"
    assert (found[2].back_azimuth_deg, found[2].back_azimuth_sigma_deg) == (44.0, 7.0)


def test_nonlinloc_observations_of_two_events(table):
    line = "UH1    ?    ?    ? {} ? 20100527 {} {} GAU  2.00e-02 -1.00e+00 -1.00e+00 -1.00e+00"
    path = table(
        "PUBLIC_ID smi:local/x",
        line.format("P", "1656", "26.1300"),
        line.format("S", "1656", "61.5"),
        "",
        "",
        line.format("Pn", "0003", "5.0"),
        name="two.obs",
    )
    picks = read_picks(path)
    assert [one.event_id for one in picks] == ["two-1", "two-1", "two-2"]
    assert picks[0].time == TIME
    assert picks[1].time == parse_utc("2010-05-27T16:57:01.5Z")
    assert picks[2].time == parse_utc("2010-05-27T00:03:05Z")
    assert picks[0].sigma_s == 0.02


def test_bad_line_of_observations_is_named(table):
    path = table("UH1 ? ? ? P ? 2010AB27 1656 26.1 GAU 0.02 -1 -1 -1", "UH1 ? ?", name="bad.obs")
    with pytest.raises(DataError, match=r"bad\.obs, line 1"):
        read_picks(path)
    skipped = []
    assert read_picks(path, skipped) == []
    assert [item.name.rsplit(" ", 1)[1] for item in skipped] == ["1", "2"]


def test_catalogue_has_the_columns_and_types_of_the_contract(table):
    path = table(f"more,{EVENTS}", f"x,{QUAKE}", "x,002,2010-05-27,11.6,48.0,,")
    catalogue = read_catalogue(path)
    assert tuple(catalogue.columns) == CATALOGUE_COLUMNS
    assert list(catalogue["event_id"]) == ["a1", "002"]
    assert catalogue["time"].dtype == "datetime64[us, UTC]"
    assert catalogue["time"][0] == pd.Timestamp("2010-05-27T16:56:24.6Z")
    assert np.isnan(catalogue["magnitude"][1])
    assert np.isnan(catalogue["depth_km"][1])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (QUAKE.replace("11.6,48.0", "48.0,111.6"), "latitude is not a number from -90 to 90"),
        (QUAKE.replace("11.6", ""), "longitude"),
        (QUAKE.replace("4.5", "4500"), "depth_km"),
        (QUAKE.replace("1.5", "big"), "magnitude"),
        (QUAKE.replace("2010", "not a year"), "time is not ISO 8601"),
        (QUAKE.replace("a1", ""), "event_id is empty"),
    ],
)
def test_bad_event_is_named_or_skipped(table, row, message):
    path = table(EVENTS, QUAKE, row)
    with pytest.raises(DataError, match=f"line 3: .*{message}"):
        read_catalogue(path)
    skipped = []
    assert len(read_catalogue(path, skipped)) == 1
    assert message in skipped[0].reason


def test_repeated_event_id_is_an_error(table):
    with pytest.raises(DataError, match="'a1' stands more than once"):
        read_catalogue(table(EVENTS, QUAKE, QUAKE))


def test_real_quakeml_catalogue_agrees_with_its_table(data_dir):
    folder = data_dir / "continuous" / "iceland_dike_20140824"
    table = pd.read_csv(folder / "events.csv")
    catalogue = read_catalogue(folder / "events.xml")
    assert len(catalogue) == len(table) == 27
    np.testing.assert_allclose(catalogue["longitude"], table["longitude"], atol=1e-6)
    np.testing.assert_allclose(catalogue["depth_km"], table["depth_km"], atol=1e-3)
    picks = read_picks(folder / "events.xml")
    assert len(picks) == len(pd.read_csv(folder / "picks.csv"))
    assert {one.event_id for one in picks} <= set(catalogue["event_id"])


def test_large_catalogue_is_read_in_seconds(tmp_path):
    n_events = 50_000
    frame = pd.DataFrame(
        {
            "event_id": [f"e{number}" for number in range(n_events)],
            "time": pd.date_range("2000-01-01", periods=n_events, freq="h", tz="UTC"),
            "longitude": np.linspace(-180, 180, n_events),
            "latitude": np.linspace(-90, 90, n_events),
            "depth_km": 10.0,
            "magnitude": 3.0,
        }
    )
    for name in ("events.csv", "events.parquet"):
        path = tmp_path / name
        frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
        catalogue = read_catalogue(path)
        pd.testing.assert_series_equal(catalogue["longitude"], frame["longitude"])
        assert (catalogue["time"] == frame["time"]).all()
