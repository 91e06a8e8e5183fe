"""Station terms from simulated events whose errors are known."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.errors import NothingFoundError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.locate.calibrate import KnownEvent, learn_terms
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.posterior import ranks
from mainshock.locate.simulate import PickErrors, Simulation
from mainshock.locate.simulation_sources import BoxSources
from mainshock.locate.velocity.constant import ConstantVelocity

ASSUMED, TRUE = ConstantVelocity(6.0, 3.46), ConstantVelocity(5.6, 3.2)
FRAME = LocalFrame(13.0, 46.0)
BOX = BoxSources(FRAME, (-40.0, -40.0, 2.0), (40.0, 40.0, 20.0))
ONE = [Station("XX", "A", 13.0, 46.0, 500.0)]
THREE = [*ONE, Station("XX", "B", 13.25, 46.1, 900.0), Station("XX", "C", 12.9, 45.85, 100.0)]
START_S = to_posix_s(utc_from_posix(1.6e9))
AZIMUTH_SD_DEG = 12.0


def events_at(
    stations, n, rng, *, shift_s=(0.0, 0.0), scale=(1.0, 1.0), spread_s=(0.0, 0.0),
    sigma_s=(0.05, 0.1), freedom=None, origin_error_s=0.0,
):  # fmt: skip
    """Return events whose picks are late as stated; pairs are those of P and S."""
    places = BOX.draw(n, rng)
    events = []
    for number, place in enumerate(zip(*places, strict=True)):
        longitude, latitude, depth_km = map(float, place)
        origin_s, picks = START_S + 600.0 * number, []
        for station in stations:
            away = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
            for index, phase in enumerate("PS"):
                travel = float(ASSUMED.travel_time_s(phase, away, depth_km, station.depth_km))
                sd = math.hypot(sigma_s[index], spread_s[index])
                noise = rng.standard_normal() if freedom is None else rng.standard_t(freedom)
                late = scale[index] * travel + shift_s[index] + sd * noise
                time = utc_from_posix(origin_s + late)
                picks.append(
                    Pick(
                        *("XX", station.station, "", phase, time, 0.9, sigma_s[index], "m"),
                        event_id=str(number),
                    )
                )
        error = origin_error_s * rng.standard_normal()
        events.append(KnownEvent(tuple(picks), origin_s + error, longitude, latitude, depth_km))
    return events


def with_picks(event, change):
    return replace(event, picks=tuple(change(pick) for pick in event.picks))


def with_angles(events, rng, *, bias_deg=0.0, inlier=1.0, line=None, scatter_deg=4.0):
    """Return the events with a back azimuth and an incidence on each P of the first station."""
    station, changed = ONE[0], []
    for event in events:
        place = (event.longitude, event.latitude)
        path = (station.longitude, station.latitude, *place)
        true = float(geodesic_azimuth_deg(*path))
        measured = true + bias_deg + AZIMUTH_SD_DEG * rng.standard_normal()
        if rng.random() > inlier:
            measured = rng.uniform(0.0, 360.0)
        more = {
            "back_azimuth_deg": measured % 360.0,
            "back_azimuth_sigma_deg": AZIMUTH_SD_DEG,
        }
        if line is not None:
            away = float(geodesic_distance_km(*path))
            angle = math.degrees(math.atan2(away, event.depth_km - station.depth_km))
            more["incidence_deg"] = float(
                np.clip(line[0] + line[1] * angle + scatter_deg * rng.standard_t(4), 0.0, 90.0)
            )
        picks = [
            replace(p, **more) if (p.phase, p.station) == ("P", "A") else p for p in event.picks
        ]
        changed.append(replace(event, picks=tuple(picks)))
    return changed


@pytest.mark.parametrize("stations", [ONE, THREE], ids=["one station", "three stations"])
def test_shift_scale_and_spread_are_found(stations, rng):
    truth = {"shift_s": (-0.3, 0.4), "scale": (1.06, 1.03), "spread_s": (0.1, 0.2)}
    table = learn_terms(events_at(stations, 60, rng, **truth), stations, ASSUMED)
    assert set(table.stations) == {station.code for station in stations}
    assert table.velocity_model == ASSUMED.name
    for station in stations:
        for index, phase in enumerate("PS"):
            term = table.of(station).times[phase]
            assert term.n == 60
            for travel in (2.0, 5.0, 8.0):
                expected = truth["scale"][index] * travel + truth["shift_s"][index]
                # three standard errors of a line through 60 points with an sd of 0.25 s
                assert term.scale * travel + term.shift_s == pytest.approx(expected, abs=0.12)
        p, s = (table.of(station).times[phase] for phase in "PS")
        sd = math.hypot(
            *(term.pick_sigma_factor * sigma for term, sigma in ((p, 0.05), (s, 0.1))),
            *(term.sigma_s for term in (p, s)),
        )
        # chi with 58 degrees of freedom, and a Student-t that may take part of the spread
        assert sd == pytest.approx(math.hypot(0.05, 0.1, 0.1, 0.2), rel=0.3)


def test_terms_of_one_station_tell_nothing_of_another(rng):
    events = events_at(THREE, 60, rng)
    late = timedelta(seconds=0.5)
    events = [
        with_picks(event, lambda p: replace(p, time=p.time + late * (p.station == "B")))
        for event in events
    ]
    table = learn_terms(events, THREE, ASSUMED)
    for code, expected in (("XX.A", 0.0), ("XX.B", 0.5), ("XX.C", 0.0)):
        term = table.stations[code].times["P"]
        assert 5.0 * (term.scale - 1.0) + term.shift_s == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("freedom", "bounds"), [(3.0, (3.0, 6.0)), (None, (10.0, math.inf))])
def test_the_tails_are_found(freedom, bounds):
    rng = np.random.default_rng(8)
    events = events_at(THREE, 150, rng, spread_s=(0.1, 0.15), freedom=freedom)
    found = learn_terms(events, THREE, ASSUMED).degrees_of_freedom
    assert bounds[0] <= (math.inf if found is None else found) <= bounds[1]


def test_outliers_do_not_move_the_terms(rng):
    events = events_at(ONE, 60, rng, shift_s=(0.2, 0.3), spread_s=(0.05, 0.1))
    clean = learn_terms(events, ONE, ASSUMED).stations["XX.A"]
    spoilt = [
        with_picks(event, lambda p: replace(p, time=p.time + timedelta(seconds=rng.uniform(4, 20))))
        if number % 10 == 0
        else event
        for number, event in enumerate(events)
    ]
    found = learn_terms(spoilt, ONE, ASSUMED).stations["XX.A"]
    for phase in "PS":
        one, other = clean.times[phase], found.times[phase]
        for travel in (3.0, 8.0):
            moved = (other.scale - one.scale) * travel + other.shift_s - one.shift_s
            assert abs(moved) < 0.08
        assert other.sigma_s < 0.5


def test_origin_times_of_the_catalogue_do_not_touch_s_minus_p(rng):
    truth = {"shift_s": (0.1, 0.4), "scale": (1.02, 1.05)}
    exact = events_at(ONE, 60, np.random.default_rng(1), **truth)
    wrong = [replace(one, posix_s=one.posix_s + 1.5 * rng.standard_normal()) for one in exact]
    tables = [learn_terms(events, ONE, ASSUMED).stations["XX.A"].times for events in (exact, wrong)]
    for travel in (2.0, 5.0, 8.0):
        ratio = 6.0 / 3.46
        sp = [
            t["S"].scale * ratio * travel + t["S"].shift_s - t["P"].scale * travel - t["P"].shift_s
            for t in tables
        ]
        assert sp[1] == pytest.approx(sp[0], abs=0.04)
    sd = [math.hypot(t["P"].sigma_s, t["S"].sigma_s) for t in tables]
    assert sd[1] < sd[0] + 0.05


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_events_move_little(n, rng):
    """A scale is thought to be within 0.1 of 1 and a shift within 1 s, before events are seen."""
    late = {"shift_s": (0.5, 0.8), "spread_s": (0.1, 0.2)}
    events = events_at(ONE, n, rng, **late)
    times = learn_terms(events, ONE, ASSUMED).stations["XX.A"].times
    for phase in "PS":
        assert abs(times[phase].scale - 1.0) < 0.2
        assert abs(times[phase].shift_s) < 1.2
        assert 0.0 <= times[phase].sigma_s < 1.0
        assert times[phase].n == n


def test_one_wild_event_does_not_rule(rng):
    """Ten seconds late can be no shift of a station; a line would have to bend to it."""
    times = learn_terms(events_at(ONE, 1, rng, shift_s=(10.0, 10.0)), ONE, ASSUMED)
    term = times.stations["XX.A"].times["P"]
    assert abs(term.scale - 1.0) < 0.5
    assert term.shift_s < 10.0


def test_a_station_with_s_alone_gets_a_term_of_s(rng):
    events = [
        replace(event, picks=tuple(p for p in event.picks if p.phase == "S"))
        for event in events_at(ONE, 40, rng, shift_s=(0.0, 0.6))
    ]
    times = learn_terms(events, ONE, ASSUMED).stations["XX.A"].times
    assert set(times) == {"S"}
    at_8_s = 8.0 * times["S"].scale + times["S"].shift_s
    assert at_8_s == pytest.approx(8.6, abs=0.06)


def test_of_several_picks_the_most_probable_counts(rng):
    events = events_at(ONE, 30, rng)
    later = timedelta(seconds=3.0)
    doubled = []
    for event in events:
        second = [replace(p, probability=0.3, time=p.time + later) for p in event.picks]
        doubled.append(replace(event, picks=(*event.picks, *second)))
    assert learn_terms(doubled, ONE, ASSUMED) == learn_terms(events, ONE, ASSUMED)


@pytest.mark.parametrize("n", [0, 5])
def test_no_pick_at_a_known_station_is_told(n, rng):
    stranger = [Station("YY", "Z", 13.0, 46.0)]
    with pytest.raises(NothingFoundError, match=f"none of {n} known events has a pick at one of 1"):
        learn_terms(events_at(ONE, n, rng), stranger, ASSUMED)


@pytest.mark.parametrize("bias_deg", [-20.0, 0.0, 170.0])
def test_bias_and_share_of_azimuths_are_found(bias_deg, rng):
    events = with_angles(events_at(ONE, 80, rng), rng, bias_deg=bias_deg, inlier=0.85)
    term = learn_terms(events, ONE, ASSUMED).stations["XX.A"].azimuth
    # a bias is thought to be within 30 degrees: at 170 the picks must outvote that
    assert (term.bias_deg - bias_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=5.0)
    assert 0.7 <= term.inlier_share <= 0.95
    assert 0.7 < term.sigma_factor < 1.4
    assert term.n == 80


def test_overconfident_azimuths_get_a_factor(rng):
    events = [
        with_picks(
            event,
            lambda p: replace(p, back_azimuth_sigma_deg=4.0) if p.back_azimuth_deg else p,
        )
        for event in with_angles(events_at(ONE, 80, rng), rng)
    ]
    term = learn_terms(events, ONE, ASSUMED).stations["XX.A"].azimuth
    assert 2.0 < term.sigma_factor <= 3.0  # truly 12 degrees


def test_few_angles_teach_nothing(rng):
    events = with_angles(events_at(ONE, 7, rng), rng, line=(5.0, 0.7))
    found = learn_terms(events, ONE, ASSUMED).stations["XX.A"]
    assert found.azimuth is None
    assert found.incidence is None


def test_the_line_of_incidences_is_found(rng):
    line = (6.0, 0.75)
    events = with_angles(events_at(ONE, 80, rng), rng, line=line)
    term = learn_terms(events, ONE, ASSUMED).stations["XX.A"].incidence
    for angle in (40.0, 60.0, 80.0):
        expected = line[0] + line[1] * angle
        assert term.intercept_deg + term.slope * angle == pytest.approx(expected, abs=2.5)
    assert term.sigma_deg == pytest.approx(4.0, rel=0.4)
    assert term.n == 80


def simulated(n, seed, stations):
    """Return events of an Earth slower than is assumed, with their true places."""
    errors = PickErrors(sigma_s=(0.08, 0.15), back_azimuth_sigma_deg=10.0)
    return Simulation(stations, TRUE, BOX, errors).events(n, np.random.default_rng(seed))


def known(event):
    return KnownEvent(
        event.picks, to_posix_s(event.time), event.longitude, event.latitude, event.depth_km
    )


# the azimuth's error, which terms of times leave, is most of the error from one station
@pytest.mark.parametrize(("stations", "gain"), [(ONE, 0.9), (THREE, 0.6)], ids=["one", "three"])
def test_terms_mend_a_wrong_velocity_model(stations, gain):
    past, future = simulated(80, 1, stations), simulated(100, 2, stations)
    terms = learn_terms([known(event) for event in past], stations, ASSUMED)
    inside = {"n_nodes": 12_000, "prior": BOX, "depth_range_km": (2.0, 20.0)}
    methods = {
        "with terms": GridLocation(ASSUMED, terms=terms, **inside),
        "without": GridLocation(ASSUMED, **inside),
    }
    rank, away = {}, {}
    for name, method in methods.items():
        rows = []
        for event in future:
            field = method.posterior(event.picks, stations)
            place = (event.longitude, event.latitude)
            first, second = np.unravel_index(
                int(field.mass.sum(axis=2).argmax()), field.grid.shape[:2]
            )
            found = field.grid.to_geographic(
                field.grid.centres(0)[first], field.grid.centres(1)[second]
            )
            rows.append(
                (ranks(field, *place, event.depth_km)[0], geodesic_distance_km(*place, *found))
            )
        rank[name], away[name] = np.array(rows).T
    # 100 events: 68 +- 3 sd of the binomial distribution, which is 4.7
    assert 0.54 <= np.mean(rank["with terms"] <= 0.68) <= 0.82
    assert np.mean(rank["without"] <= 0.68) < 0.45
    assert np.median(away["with terms"]) < gain * np.median(away["without"])


class Bounded:
    """A volume that ends at a meridian; NaN comes back from beyond."""

    name = "volume"
    travel_time_s = ASSUMED.travel_time_s

    def __init__(self, east_end):
        self.east_end = east_end

    def station_travel_time_s(self, phase, station, longitude, latitude, depth_km):
        away = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        times = ASSUMED.travel_time_s(phase, away, depth_km, station.depth_km)
        return np.where(np.asarray(longitude) > self.east_end, np.nan, times)


def test_events_outside_a_volume_are_left_out_and_counted(rng, caplog):
    events = events_at(THREE, 40, rng)
    inside = [event for event in events if event.longitude <= 13.3]
    assert 0 < len(inside) < len(events)
    table = learn_terms(events, THREE, Bounded(13.3))
    assert table.stations == learn_terms(inside, THREE, Bounded(13.3)).stations
    assert f"{6 * (len(events) - len(inside))} picks" in caplog.text
    with pytest.raises(NothingFoundError, match="inside the velocity model volume"):
        learn_terms(events, THREE, Bounded(-180.0))
