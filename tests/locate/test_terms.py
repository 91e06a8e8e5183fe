"""Station terms: the file, its errors, and what makes no sense."""

import json

import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Station
from mainshock.locate.terms import (
    AzimuthTerm,
    IncidenceTerm,
    StationTerms,
    TermTable,
    TimeTerm,
    read_terms,
)

FULL = StationTerms(
    {"P": TimeTerm(1.02, -0.31, 0.12, 0.8, 40), "S": TimeTerm(0.97, 0.25, 0.2, 1.4, 38)},
    AzimuthTerm(-9.3, 1.25, 0.94, 40),
    IncidenceTerm(4.5, 0.72, 6.0, 33),
)
TABLE = TermTable("iasp91", {"CX.PB01": FULL, ".ALONE": StationTerms({"P": TimeTerm()})}, 4.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "terms.json"


@pytest.fixture
def content(path):
    """The document that a table is written as."""
    TABLE.write(path)
    return json.loads(path.read_text(encoding="utf-8"))


def rewritten(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "table", [TABLE, TermTable("constant:6,3.46", {}, None)], ids=["full", "empty"]
)
def test_what_is_written_is_read_again(table, path):
    table.write(path)
    assert read_terms(path) == table


def test_file_is_a_json_document_that_says_what_it_is(content):
    assert content["format"] == "mainshock-station-terms"
    assert content["version"] == 1
    assert content["velocity_model"] == "iasp91"
    assert content["stations"]["CX.PB01"]["times"]["P"]["shift_s"] == -0.31


def test_a_failed_write_leaves_the_old_file(path, content):
    with pytest.raises(SourceError, match="folder"):
        TABLE.write(path.parent / "nowhere" / "terms.json")
    assert json.loads(path.read_text(encoding="utf-8")) == content
    assert [one.name for one in path.parent.iterdir()] == ["terms.json"]


def test_a_station_without_terms_has_empty_ones():
    assert TABLE.of(Station("CX", "PB01", -69.5, -21.0)) == FULL
    other = TABLE.of(Station("CX", "PB02", -69.5, -21.0))
    assert (dict(other.times), other.azimuth, other.incidence) == ({}, None, None)


def test_another_velocity_model_is_refused_with_the_remedy():
    TABLE.require_model("iasp91")
    with pytest.raises(DataError, match=r"'iasp91', not with 'ak135'.*--velocity iasp91"):
        TABLE.require_model("ak135")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"cannot read station terms .*none\.json"):
        read_terms(tmp_path / "none.json")
    with pytest.raises(SourceError, match="cannot read station terms"):
        read_terms(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "are no JSON"),
        ("{", "are no JSON"),
        ("[1, 2]", "holds no station terms; make them by `mainshock locate calibrate`"),
        ('"mainshock-station-terms"', "holds no station terms"),
        ('{"format": "else", "version": 1}', "holds no station terms"),
        ('{"format": "mainshock-station-terms"}', "version None"),
        (
            '{"format": "mainshock-station-terms", "version": 2}',
            "version 2 of the station terms, this program reads 1; calibrate again",
        ),
        ('{"format": "mainshock-station-terms", "version": 1}', "are incomplete: 'stations'"),
    ],
)
def test_what_holds_no_terms_is_told(path, text, message):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_terms(path)


def test_bytes_that_are_no_text_are_told(path):
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(DataError, match="are no JSON"):
        read_terms(path)


@pytest.mark.parametrize("key", ["velocity_model", "stations", "degrees_of_freedom"])
def test_a_missing_part_is_named(path, content, key):
    del content[key]
    with pytest.raises(DataError, match=f"are incomplete.*{key}"):
        read_terms(rewritten(path, content))


@pytest.mark.parametrize("key", ["times", "azimuth", "incidence"])
def test_a_missing_part_of_a_station_is_named(path, content, key):
    del content["stations"]["CX.PB01"][key]
    with pytest.raises(DataError, match=f"are incomplete.*{key}"):
        read_terms(rewritten(path, content))


def test_an_unknown_key_is_refused(path, content):
    content["stations"]["CX.PB01"]["times"]["P"]["drift"] = 1.0
    with pytest.raises(DataError, match=r"are incomplete.*drift"):
        read_terms(rewritten(path, content))


@pytest.mark.parametrize("stations", [[], None, {"CX.PB01": None}, {"CX.PB01": {"times": 3}}])
def test_stations_of_another_shape_are_refused(path, content, stations):
    content["stations"] = stations
    with pytest.raises(DataError, match="are incomplete"):
        read_terms(rewritten(path, content))


@pytest.mark.parametrize(
    ("kind", "key", "value", "message"),
    [
        ("P", "scale", 0.1, "scale 0.1"),
        ("P", "scale", 5.0, "0.2 to 5"),
        ("P", "scale", float("nan"), "scale nan"),
        ("P", "scale", "one", "incomplete|must be a finite number"),
        ("P", "shift_s", float("nan"), "shift_s nan; it must be a finite number"),
        ("P", "shift_s", "late", "'late'; it must be a finite number"),
        ("S", "sigma_s", float("inf"), "sigma_s inf"),
        ("azimuth", "bias_deg", float("nan"), "bias_deg nan"),
        ("incidence", "slope", float("nan"), "slope nan"),
        ("P", "sigma_s", -0.1, "not negative"),
        ("S", "pick_sigma_factor", -1.0, "not negative"),
        ("azimuth", "sigma_factor", 0.0, "sigma_factor 0.0"),
        ("azimuth", "inlier_share", 1.2, "inlier_share 1.2"),
        ("azimuth", "inlier_share", 0.0, "must be positive"),
        ("incidence", "sigma_deg", 0.0, "sigma_deg 0.0; it must be positive"),
    ],
)
def test_values_without_sense_are_refused(path, content, kind, key, value, message):
    station = content["stations"]["CX.PB01"]
    (station["times"][kind] if kind in "PS" else station[kind])[key] = value
    with pytest.raises(DataError, match=message):
        read_terms(rewritten(path, content))


@pytest.mark.parametrize("freedom", [0.0, -1.0, float("nan"), "many"])
def test_tails_without_sense_are_refused(path, content, freedom):
    content["degrees_of_freedom"] = freedom
    with pytest.raises(DataError, match=f"degrees_of_freedom '?{freedom}"):
        read_terms(rewritten(path, content))
