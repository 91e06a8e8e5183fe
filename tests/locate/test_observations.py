"""Picks beside stations: what is refused, what is mended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mainshock.core.errors import DataError
from mainshock.core.records import Station
from mainshock.core.times import parse_utc
from mainshock.locate.observations import observe

START = parse_utc("2020-01-01T00:00:00Z")


def test_s_before_p_is_refused_where_nothing_else_can_tell(munich):
    picks, stations = munich
    pair = [picks[0], replace(picks[1], time=picks[0].time - timedelta(seconds=1))]
    with pytest.raises(DataError, match=r"S before P at BW\.UH1"):
        observe(pair, stations)


def test_s_before_p_is_flagged_where_others_can_judge(munich):
    picks, stations = munich
    picks[1] = replace(picks[1], time=picks[0].time - timedelta(seconds=1))
    assert "s_before_p" in observe(picks, stations).flags


def test_most_probable_of_duplicates_stays(munich):
    picks, stations = munich
    late = picks[0].time + timedelta(seconds=0.2)
    copy = replace(picks[0], probability=0.95, time=late)
    found = observe([*picks, copy], stations)
    assert "duplicate_picks" in found.flags
    assert copy in found.picks
    assert picks[0] not in found.picks


def test_station_code_alone_is_enough_where_it_is_unambiguous(munich):
    picks, stations = munich
    bare = [replace(pick, network="") for pick in picks]
    assert observe(bare, stations).station_codes == observe(picks, stations).station_codes
    twins = [*stations, Station("ZZ", "UH1", 10.0, 48.0)]
    with pytest.raises(DataError, match="different places"):
        observe(bare, twins)


def test_stations_around_the_date_line_are_close_together(pick_at):
    stations = [
        Station("BW", "W", 179.9, -18.0),
        Station("BW", "E", -179.9, -18.0),
        Station("BW", "S", 179.95, -18.2),
    ]
    picks = [pick_at(s.station, "P", START) for s in stations]
    assert observe(picks, stations).aperture_km() < 25.0


def test_one_azimuth_for_a_station_that_of_p_first(pick_at):
    stations = [Station("BW", "A", 11.0, 48.0)]
    direction = {"back_azimuth_sigma_deg": 10.0}
    picks = [
        pick_at("A", "S", START + timedelta(seconds=3), back_azimuth_deg=80.0, **direction),
        pick_at("A", "P", START, back_azimuth_deg=-10.0, **direction),
    ]
    (azimuth,) = observe(picks, stations).azimuths
    assert azimuth.back_azimuth_deg == 350.0
