"""Picks of past events beside the catalogue that knows where they were."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import NothingFoundError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.locate.registry import open_velocity_model
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.pipeline.known_events import known_events

VELOCITY = ConstantVelocity(6.0, 3.46)
A, B = Station("XX", "A", 13.0, 46.0, 500.0), Station("XX", "B", 13.3, 46.1, 300.0)
START = parse_utc("2020-01-01T00:00:00Z")
ROWS = [("one", 0.0, 13.1, 46.0, 8.0), ("two", 600.0, 12.9, 46.1, 12.0)]


def catalogue(*rows):
    """Return a catalogue of rows of id, seconds after the start, longitude, latitude, depth."""
    ids, seconds, longitude, latitude, depth = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "event_id": ids,
            "time": [pd.Timestamp(START + timedelta(seconds=s)) for s in seconds],
            "longitude": np.array(longitude, float),
            "latitude": np.array(latitude, float),
            "depth_km": np.array(depth, float),
            "magnitude": 1.0,
        }
    )


def arrivals(row, stations=(A, B), event_id="", late_s=0.0):
    _, seconds, longitude, latitude, depth_km = row
    picks = []
    for station in stations:
        away = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        for phase in "PS":
            travel = float(VELOCITY.travel_time_s(phase, away, depth_km, station.depth_km))
            time = START + timedelta(seconds=seconds + travel + late_s)
            picks.append(
                Pick("XX", station.station, "", phase, time, 0.9, 0.1, "m", event_id=event_id)
            )
    return picks


def joined(picks, truth, stations=(A, B), model=VELOCITY):
    return known_events(picks, truth, list(stations), model)


def test_picks_follow_their_event_id():
    """Even where their times would say another: an analyst's grouping is taken as it is."""
    picks = [*arrivals(ROWS[0], event_id="two"), *arrivals(ROWS[1], event_id="one")]
    first, second = joined(picks, catalogue(*ROWS))
    assert {pick.event_id for pick in first.picks} == {"one"}
    assert {pick.event_id for pick in second.picks} == {"two"}
    assert first.posix_s == pytest.approx(to_posix_s(START), abs=1e-5)
    assert (second.longitude, second.latitude, second.depth_km) == (12.9, 46.1, 12.0)


@pytest.mark.parametrize("event_id", ["", "ms2020", "three"], ids=["none", "other", "wrong"])
def test_picks_without_a_known_id_follow_their_times(event_id):
    picks = [pick for row in ROWS for pick in arrivals(row, event_id=event_id, late_s=0.4)]
    first, second = joined(picks, catalogue(*ROWS))
    assert set(first.picks) == set(picks[:4])
    assert set(second.picks) == set(picks[4:])


def test_ids_that_are_numbers_are_known():
    truth = catalogue(*[(str(7 + n), *row[1:]) for n, row in enumerate(ROWS)])
    truth["event_id"] = truth["event_id"].astype(int)
    assert len(joined(arrivals(ROWS[1], event_id="8"), truth)) == 1


@pytest.mark.parametrize(("late_s", "n"), [(1.4, 4), (-1.4, 4), (12.0, 0)])
def test_the_tolerance_grows_with_the_travel_time(late_s, n):
    picks = arrivals(ROWS[0], late_s=late_s)
    if n == 0:
        with pytest.raises(NothingFoundError):
            joined(picks, catalogue(*ROWS))
        return
    (event,) = joined(picks, catalogue(*ROWS))
    assert len(event.picks) == n


def test_of_two_events_close_in_time_the_nearer_prediction_wins():
    """The second is 60 km off; its P comes 0.4 s after the first one's."""
    rows = [("one", 0.0, 13.05, 46.0, 8.0), ("two", -8.4, 13.8, 46.0, 8.0)]
    picks = [pick for row in rows for pick in arrivals(row, stations=[A], late_s=0.1)]
    first, second = joined(picks, catalogue(*rows), [A])
    assert set(first.picks) == set(picks[:2])
    assert set(second.picks) == set(picks[2:])


def test_a_far_event_with_a_wide_tolerance_takes_nothing_from_a_near_one():
    """The far one's tolerance is 8 s; a pick it misses by 6 s is not its own."""
    near = ("near", 0.0, 13.05, 46.0, 8.0)
    away = float(geodesic_distance_km(16.0, 46.0, A.longitude, A.latitude))
    travel = float(VELOCITY.travel_time_s("P", away, 8.0, A.depth_km))
    far = ("far", -travel - 4.0, 16.0, 46.0, 8.0)
    picks = arrivals(near, stations=[A])[:1]
    (event,) = joined(picks, catalogue(near, far), [A])
    assert event.longitude == 13.05


def test_picks_of_unknown_stations_find_no_event_by_time():
    picks = [Pick("XX", "Z", "", p.phase, p.time, 0.9, 0.1, "m") for p in arrivals(ROWS[0], [A])]
    with pytest.raises(NothingFoundError, match=r"none of 2 picks.*2 events.*event_id or by time"):
        joined(picks, catalogue(*ROWS))
    (event,) = joined([*picks, *arrivals(ROWS[0], [B])], catalogue(*ROWS))
    assert {pick.station for pick in event.picks} == {"B"}


def test_events_without_a_depth_are_left_out():
    truth = catalogue(*ROWS)
    truth.loc[0, "depth_km"] = np.nan
    picks = [pick for row in ROWS for pick in arrivals(row)]
    (event,) = joined(picks, truth)
    assert event.depth_km == 12.0


@pytest.mark.parametrize("kept", [[], [0]])
def test_a_catalogue_without_hypocentres_is_told(kept):
    truth = catalogue(*ROWS).iloc[kept].copy()
    truth["depth_km"] = np.nan
    with pytest.raises(NothingFoundError, match="0 events of the catalogue"):
        joined(arrivals(ROWS[0], event_id="one"), truth)


def test_no_picks_are_told():
    with pytest.raises(NothingFoundError, match="no pick at a known station"):
        joined([], catalogue(*ROWS))


def test_events_come_in_the_order_of_the_catalogue():
    picks = [*arrivals(ROWS[1]), *arrivals(ROWS[0])]
    assert [event.depth_km for event in joined(picks, catalogue(*ROWS))] == [8.0, 12.0]


def test_an_event_at_the_antipode_does_no_harm():
    """A world catalogue holds places that a regional model cannot tell a time for."""
    truth = catalogue(*ROWS, ("far", 300.0, -167.0, -46.0, 10.0))
    (event,) = joined(arrivals(ROWS[0]), truth, model=open_velocity_model("iasp91"))
    assert len(event.picks) == 4
