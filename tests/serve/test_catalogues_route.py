"""Catalogues that are explored: the live one, files of the data folder, and what is sent in."""

import json
import struct

import numpy as np
import pytest

from mainshock.forecast.magnitudes import b_tinti
from mainshock.serve.catalogue_columns import columns_of_catalogue, encoded
from mainshock.serve.catalogue_shelf import MOST_UPLOADS, CatalogueShelf
from mainshock.serve.envelope import ApiError
from mainshock.serve.magnitude_statistics import magnitude_statistics
from mainshock.sources.seismicity.catalogue import Catalogue

API = "/api/v1/catalogues"
BYTES = {"Content-Type": "application/octet-stream"}
CONTRACT = """time,magnitude,longitude,latitude,depth_km,event_id
2020-01-01T00:00:10Z,2.1,-117.5,35.2,8.0,b
2020-01-01T00:00:00Z,3.4,-117.6,35.1,,a
never,1.0,-117.6,35.1,5.0,c
"""
COMCAT = """time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type
2019-07-06T03:19:53.040Z,35.77,-117.599,8,7.1,mw,,,,,ci,ci38457511,2020-01-01T00:00:00Z,X,earthquake
"""
ZMAP = "-117.5 35.2 2019.5 7 6 2.5 8.0 3 19 0\n-117.6 35.1 2019.5 7 6 2.0 7.0 4 20 1\n"
QUAKEML = """<?xml version="1.0"?>
<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">
<eventParameters publicID="smi:local/all"><event publicID="smi:local/1">
<origin publicID="smi:local/1/o"><time><value>2020-01-01T00:00:00Z</value></time>
<latitude><value>35.0</value></latitude><longitude><value>-117.0</value></longitude>
<depth><value>5000</value></depth></origin>
<magnitude publicID="smi:local/1/m"><mag><value>2.5</value></mag></magnitude>
</event></eventParameters></q:quakeml>
"""


def decoded(content):
    (length,) = struct.unpack_from("<I", content)
    header = json.loads(content[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    columns = {
        one["name"]: np.frombuffer(content, f"<{one['type']}", header["n"], start + one["offset"])
        for one in header["columns"]
    }
    return header, columns


@pytest.fixture
def sent(client):
    """A function that sends a catalogue; what it sent is removed in the end."""
    made = []

    def send(name, content):
        body = content if isinstance(content, bytes) else content.encode()
        answer = client.post(API, params={"name": name}, content=body, headers=BYTES)
        if answer.status_code == 200:
            made.append(answer.json()["data"]["catalogue_id"])
        return answer

    yield send
    for one in made:
        client.delete(f"{API}/{one}")


def test_the_live_catalogue_is_there_with_its_qualities(client, events):
    listed = client.get(API).json()["data"]
    assert listed[0]["catalogue_id"] == "live"
    answer = client.get(f"{API}/live/events")
    header, columns = decoded(answer.content)
    assert header["n"] == len(events)
    assert set(header["ids"]) == {one.event_id for one in events}
    assert (np.diff(columns["time_s"]) >= 0).all()
    assert set(columns["quality"]) <= {1, 2, 3, 4}
    first = min(events, key=lambda one: one.origin.time)
    assert columns["latitude"][0] == pytest.approx(first.origin.latitude, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "form", "count"),
    [
        ("mine.csv", CONTRACT, "csv", 2),
        ("query.csv", COMCAT, "comcat", 1),
        ("zmap.dat", ZMAP, "zmap", 2),
        ("some.xml", QUAKEML, "quakeml", 1),
    ],
)
def test_a_file_that_is_sent_is_read_by_its_form(client, sent, name, content, form, count):
    told = sent(name, content).json()["data"]
    assert (told["kind"], told["format"], told["count"]) == ("upload", form, count)
    header, columns = decoded(client.get(f"{API}/{told['catalogue_id']}/events").content)
    assert header["n"] == count
    assert np.isfinite(columns["magnitude"]).all()


def test_rows_that_are_not_used_are_told_without_a_path_of_the_machine(client, sent):
    told = sent("mine.csv", CONTRACT).json()["data"]
    assert told["skipped_count"] == 1
    assert told["skipped"][0].startswith("mine.csv, line 4: ")
    _, columns = decoded(client.get(f"{API}/{told['catalogue_id']}/events").content)
    assert np.isnan(columns["depth_km"][0])
    assert columns["depth_km"][1] == 8.0


def test_parquet_is_read(client, sent, tmp_path):
    import pandas as pd

    path = tmp_path / "a.parquet"
    table = {"time": ["2020-01-01T00:00:00Z"], "magnitude": [4.0]}
    pd.DataFrame({**table, "longitude": [10.0], "latitude": [50.0]}).to_parquet(path)
    told = sent("a.parquet", path.read_bytes()).json()["data"]
    assert (told["format"], told["count"]) == ("parquet", 1)
    assert sent("b.parquet", b"PAR1 but no more").status_code == 400


def test_what_is_deleted_is_gone_and_only_uploads_can_be(client, sent):
    told = sent("mine.csv", CONTRACT).json()["data"]
    one = f"{API}/{told['catalogue_id']}"
    assert client.delete(one).status_code == 200
    assert client.get(one).status_code == 404
    assert client.delete(one).status_code == 404
    assert client.delete(f"{API}/live").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"no catalogue at all", "no form that is known"),
        ("../../a.csv", CONTRACT.encode(), "without its folder"),
        ("a.csv.gz", CONTRACT.encode(), "unpack"),
        ("a.csv", b"\x1f\x8b and so on", "unpack"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_reason(sent, name, content, words):
    answer = sent(name, content)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert words in message
    assert "/tmp" not in message


def test_a_page_of_another_site_can_send_nothing(client):
    form = {"Content-Type": "text/plain"}
    answer = client.post(API, params={"name": "a.csv"}, content=CONTRACT, headers=form)
    assert answer.status_code == 415


def test_no_more_is_kept_than_there_is_room_for(empty_store, tmp_path):
    shelf = CatalogueShelf(empty_store, tmp_path / "none")
    for number in range(MOST_UPLOADS):
        shelf.add(f"{number}.csv", CONTRACT.encode())
    with pytest.raises(ApiError, match="delete one first"):
        shelf.add("more.csv", CONTRACT.encode())


def test_files_of_the_data_folder_are_listed_and_read_anew_when_they_change(empty_store, tmp_path):
    (tmp_path / "own.csv").write_text(CONTRACT)
    (tmp_path / "notes.md").write_text("no catalogue")
    shelf = CatalogueShelf(empty_store, tmp_path)
    assert [one.catalogue_id for one in shelf.all()] == ["live", "file-own.csv"]
    assert len(shelf.get("file-own.csv").events) == 2
    (tmp_path / "own.csv").write_text(CONTRACT + "2020-01-02T00:00:00Z,1.0,0,0,1,d\n")
    assert len(shelf.get("file-own.csv").events) == 3
    with pytest.raises(ApiError, match="only uploads go"):
        shelf.remove("file-own.csv")


def test_fifty_thousand_events_take_little_room():
    rng = np.random.default_rng(3)
    n = 50_000
    catalogue = Catalogue(
        np.sort(rng.uniform(0, 1e4, n)), rng.exponential(0.4, n) + 1, rng.uniform(-120, -115, n)
    )
    content = encoded(columns_of_catalogue(catalogue))
    assert len(content) < 2_000_000
    header, columns = decoded(content)
    assert header["n"] == n
    assert np.allclose(columns["time_s"], catalogue.time_days * 86_400)


@pytest.fixture(scope="module")
def magnitudes():
    """Magnitudes of b = 1, complete from 2.0 on, of which ever fewer are there below."""
    rng = np.random.default_rng(11)
    drawn = (1.0 + rng.exponential(1.0 / np.log(10.0), 60_000)).round(1)
    seen = rng.random(drawn.size) < np.clip((drawn - 0.9) / 1.1, 0.0, 1.0) ** 4
    return drawn[seen]


def test_completeness_and_b_are_those_of_the_estimators(client, magnitudes):
    content = magnitudes.astype("<f4").tobytes()
    told = client.post(f"{API}/statistics", content=content, headers=BYTES).json()["data"]
    assert told["n"] == len(magnitudes)
    assert told["rounding"] == 0.1
    assert 1.9 <= told["mc"] <= 2.3
    assert told["mc_sd"] is not None
    expected = b_tinti(magnitudes, told["mc"], 0.1)
    assert told["b"] == {
        "b": pytest.approx(expected.b),
        "se": pytest.approx(expected.se),
        "n": expected.n,
        "method": "tinti",
    }
    assert abs(told["b"]["b"] - 1.0) < 4 * told["b"]["se"]
    stated = client.post(f"{API}/statistics?mc=2.5", content=content, headers=BYTES).json()["data"]
    assert (stated["used_mc"], stated["mc"]) == (2.5, told["mc"])
    assert stated["b"]["n"] < told["b"]["n"]


def test_too_few_magnitudes_tell_nothing_but_why(client):
    content = np.array([1.0, 2.0, np.nan], "<f4").tobytes()
    told = client.post(f"{API}/statistics", content=content, headers=BYTES).json()["data"]
    assert (told["n"], told["mc"], told["b"]) == (2, None, None)
    assert "at least 50" in told["notes"][0]
    assert magnitude_statistics(np.zeros(0)).mc is None
    assert magnitude_statistics(np.full(80, 2.0)).b is None


@pytest.mark.parametrize("content", [b"abc", np.array([99.0], "<f4").tobytes()])
def test_what_are_no_magnitudes_is_refused(client, content):
    assert client.post(f"{API}/statistics", content=content, headers=BYTES).status_code == 400


def test_the_archive_tells_its_days_and_spans_with_their_gap(client):
    days = client.get("/api/v1/archive/days").json()["data"]
    assert days == [{"trace": "BW.UH1..EHZ", "days": ["2010-05-27"]}]
    query = {"start": "2010-05-27T00:00:00Z", "end": "2010-05-28T00:00:00Z"}
    (told,) = client.get("/api/v1/archive/spans", params=query).json()["data"]
    assert told["gap_count"] == 0  # the gap lies behind midnight, as the next minute does
    assert told["spans"][0]["start"] == "2010-05-27T23:59:00.000000Z"
    query["end"] = "2010-05-28T00:02:00Z"
    (told,) = client.get("/api/v1/archive/spans", params=query).json()["data"]
    assert (told["gap_count"], told["gap_s"]) == (1, pytest.approx(1.0))
    assert told["share"] == pytest.approx(119 / 86_520)
    query["stations"] = "XX.*"
    assert client.get("/api/v1/archive/spans", params=query).json()["data"] == []


def test_cards_tell_scores_and_which_model_serves(client):
    answer = client.get("/api/v1/models/cards").json()
    by_name = {one["name"]: one for one in answer["data"]}
    assert by_name["phasenet"]["serves"] is True
    assert by_name["phasenet"]["metrics"]["development"]["phases"]["P"]
    assert by_name["phasenet"]["card"].startswith("# phasenet")
    assert answer["meta"]["can_promote"] is False
    assert "models promote" in answer["meta"]["promote_problem"]
