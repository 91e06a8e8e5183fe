"""``mainshock locate calibrate``, and what its terms and a catalogue do to a location."""

import json

import numpy as np
import pandas as pd
import pytest

from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Station
from mainshock.core.times import format_utc
from mainshock.locate.simulate import PickErrors, Simulation
from mainshock.locate.simulation_sources import BoxSources
from mainshock.locate.terms import read_terms
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.sources.tables import write_picks

ASSUMED = "constant:6,3.46"
TRUE = ConstantVelocity(5.6, 3.2)
STATIONS = [Station("XX", "A", 13.0, 46.0, 500.0), Station("XX", "B", 13.2, 46.1, 900.0)]
BOX = BoxSources(LocalFrame(13.0, 46.0), (10.0, -20.0, 4.0), (30.0, 0.0, 14.0))
N_PAST = 40


@pytest.fixture(scope="module")
def events():
    errors = PickErrors(sigma_s=(0.08, 0.12), back_azimuth_sigma_deg=10.0)
    return Simulation(STATIONS, TRUE, BOX, errors).events(N_PAST + 2, np.random.default_rng(6))


@pytest.fixture
def folder(tmp_path, events):
    """Stations, picks of past events in two files, their catalogue, and picks of two new ones."""
    (tmp_path / "stations.csv").write_text(
        "network,station,longitude,latitude,elevation_m\nXX,A,13.0,46.0,500\nXX,B,13.2,46.1,900\n"
    )
    past, new = events[:N_PAST], events[N_PAST:]
    rows = [
        (one.event_id, format_utc(one.time), one.longitude, one.latitude, one.depth_km, 2.0)
        for one in past
    ]
    names = ["event_id", "time", "longitude", "latitude", "depth_km", "magnitude"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "truth.csv", index=False)
    (tmp_path / "past").mkdir()
    for number, part in enumerate((past[:20], past[20:])):
        write_picks(tmp_path / f"past/{number}.csv", [p for one in part for p in one.picks])
    write_picks(tmp_path / "all.csv", [p for one in past for p in one.picks])
    write_picks(tmp_path / "new.csv", [p for one in new for p in one.picks])
    return tmp_path


def calibrate(command, folder, *more, picks="all.csv", velocity=ASSUMED):
    return command(
        *("locate", "calibrate", "--picks", folder / picks, "--truth", folder / "truth.csv"),
        *("--stations", folder / "stations.csv", "--velocity", velocity),
        *("--out", folder / "terms.json", *more),
    )


def locate(command, folder, *more, picks="new.csv"):
    return command(
        *("locate", "--picks", folder / picks, "--stations", folder / "stations.csv"),
        *("--out", folder / "located", "--json", *more),
    )


def test_a_table_of_terms_is_printed_and_the_file_written(command, folder):
    result = calibrate(command, folder)
    assert result.exit_code == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header == "station,kind,n,shift,scale,spread"
    kinds = [tuple(row.split(",")[:3]) for row in rows]
    assert kinds == [
        ("XX.A", "P", "40"),
        ("XX.A", "S", "40"),
        ("XX.B", "P", "40"),
        ("XX.B", "S", "40"),
        ("XX.A", "azimuth", "40"),
        ("XX.B", "azimuth", "40"),
    ]
    assert "terms of 2 stations from 40 events written to" in result.stderr
    terms = read_terms(folder / "terms.json")
    assert terms.velocity_model == ASSUMED
    p = terms.stations["XX.A"].times["P"]
    assert 4.0 * p.scale + p.shift_s == pytest.approx(4.0 * 6.0 / 5.6, abs=0.08)


def test_json_is_one_document(command, folder):
    result = calibrate(command, folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.document["velocity_model"] == ASSUMED
    assert set(result.document["stations"]) == {"XX.A", "XX.B"}
    written = json.loads((folder / "terms.json").read_text())
    assert result.document == {k: v for k, v in written.items() if k in result.document}


def test_a_folder_of_picks_is_read_as_a_whole(command, folder):
    one = calibrate(command, folder, "--json").document
    other = calibrate(command, folder, "--json", picks="past").document
    assert one == other


def test_picks_without_event_id_find_their_events(command, folder):
    table = pd.read_csv(folder / "all.csv").drop(columns="event_id")
    table.to_csv(folder / "nameless.csv", index=False)
    named = calibrate(command, folder, "--json").document
    nameless = calibrate(command, folder, "--json", picks="nameless.csv").document
    assert named["stations"]["XX.A"]["times"] == nameless["stations"]["XX.A"]["times"]


def errors_km(document, events):
    truth = {one.event_id: one for one in events}
    return [
        float(
            geodesic_distance_km(
                *(row["longitude"], row["latitude"]),
                *(truth[row["event_id"]].longitude, truth[row["event_id"]].latitude),
            )
        )
        for row in document["events"]
    ]


@pytest.mark.parametrize("option", ["--catalogue", "--catalog"])
def test_terms_and_catalogue_mend_a_location(command, folder, events, option):
    assert calibrate(command, folder).exit_code == 0
    plain = locate(command, folder, "--velocity", ASSUMED)
    # the velocity is the one that the terms belong to
    both = locate(
        command, folder, "--terms", folder / "terms.json", option, folder / "truth.csv"
    )  # fmt: skip
    assert plain.exit_code == both.exit_code == 0, both.stderr
    assert len(both.document["events"]) == 2
    assert max(errors_km(both.document, events)) < max(errors_km(plain.document, events))
    areas = [[row["region95_km2"] for row in one.document["events"]] for one in (plain, both)]
    assert max(areas[1]) < 150.0
    assert all("model_error_not_included" not in row["flags"] for row in both.document["events"])
    with np.load(folder / "located/samples.npz") as samples:
        assert samples["longitude"].shape[0] == 2


def test_a_single_p_is_located_with_a_catalogue_and_refused_without(command, folder):
    table = pd.read_csv(folder / "new.csv")
    single = table[(table["phase"] == "P") & (table["station"] == "A")]
    single = single.drop(columns=["back_azimuth_deg", "back_azimuth_sigma_deg"]).head(1)
    single.to_csv(folder / "single.csv", index=False)
    velocity = ("--velocity", ASSUMED)
    refused = locate(command, folder, *velocity, picks="single.csv")
    assert refused.exit_code == 3
    assert "--catalogue" in refused.stderr
    assert refused.document["events"] == []
    found = locate(
        command, folder, *velocity, "--catalogue", folder / "truth.csv", picks="single.csv"
    )
    assert found.exit_code == 0, found.stderr
    (event,) = found.document["events"]
    assert "distance_from_prior" in event["flags"]
    assert 13.1 < event["longitude"] < 13.4


def test_a_folder_of_picks_is_located(command, folder):
    (folder / "two").mkdir()
    table = pd.read_csv(folder / "new.csv")
    for event_id, rows in table.groupby("event_id"):
        rows.to_csv(folder / f"two/{event_id}.csv", index=False)
    (folder / "two/.hidden").write_text("left by a file browser")
    result = locate(command, folder, "--velocity", ASSUMED, picks="two")
    assert result.exit_code == 0, result.stderr
    assert len(result.document["events"]) == 2


def test_terms_of_another_velocity_are_refused(command, folder):
    assert calibrate(command, folder).exit_code == 0
    result = locate(command, folder, "--terms", folder / "terms.json", "--velocity", "constant:5,3")
    assert result.exit_code == 1
    assert f"--velocity {ASSUMED}" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("missing", ["--truth", "--stations", "--out"])
def test_each_option_is_needed(command, folder, missing):
    options = {"--truth": "truth.csv", "--stations": "stations.csv", "--out": "terms.json"}
    del options[missing]
    arguments = [part for name, value in options.items() for part in (name, folder / value)]
    result = command("locate", "calibrate", "--picks", folder / "all.csv", *arguments)
    assert result.exit_code == 2
    assert missing in result.stderr


@pytest.mark.parametrize("extra", [(), ("--picks", "p.csv", "--waveforms", "w")])
def test_picks_or_waveforms_and_not_both(command, folder, extra):
    result = command(
        *("locate", "calibrate", "--truth", folder / "truth.csv"),
        *("--stations", folder / "stations.csv", "--out", folder / "t.json", *extra),
    )
    assert result.exit_code == 2
    assert "either --picks FILE or --waveforms PATH" in result.stderr


def test_picks_of_other_events_are_nothing(command, folder):
    """Two days later nothing in the catalogue is near."""
    table = pd.read_csv(folder / "all.csv").assign(event_id="")
    later = pd.to_datetime(table["time"]) + pd.Timedelta(days=2)
    table.assign(time=later.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")).to_csv(
        folder / "later.csv", index=False
    )
    result = calibrate(command, folder, picks="later.csv")
    assert result.exit_code == 3
    assert "by event_id or by time" in result.stderr
    assert not (folder / "terms.json").exists()


def test_unknown_stations_are_told_and_the_rest_is_used(command, folder):
    table = pd.read_csv(folder / "all.csv")
    table.loc[table["station"] == "B", "station"] = "NOWHERE"
    table.to_csv(folder / "some.csv", index=False)
    result = calibrate(command, folder, "--json", picks="some.csv")
    assert result.exit_code == 0, result.stderr
    assert "80 picks of XX.NOWHERE" in result.stderr
    assert set(result.document["stations"]) == {"XX.A"}


def test_none_at_a_known_station_is_nothing(command, folder):
    table = pd.read_csv(folder / "all.csv").assign(station="NOWHERE")
    table.to_csv(folder / "none.csv", index=False)
    assert calibrate(command, folder, picks="none.csv").exit_code == 3


@pytest.mark.parametrize("name", ["all.csv", "truth.csv", "stations.csv"])
def test_a_file_that_is_not_there_is_named(command, folder, name):
    (folder / name).unlink()
    result = calibrate(command, folder)
    assert result.exit_code == 1
    assert name in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--terms", "{}", "holds no station terms"),
        ("--catalogue", "longitude,latitude\n1,2\n", "depth_km"),
        ("--catalogue", "longitude,latitude,depth_km\n13,46,5\n", "at least 5 events"),
    ],
)
def test_wrong_files_are_refused_by_locate(command, folder, option, text, message):
    path = folder / "wrong.csv"
    path.write_text(text)
    result = locate(command, folder, option, path)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stdout == ""
