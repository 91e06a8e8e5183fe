"""Association finds the events of a network, and nothing else."""

import csv
import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from counted_calls import calls_of
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.events.association import GridAssociator
from mainshock.events.base import AssociationResult, Associator
from mainshock.events.duplicates import one_event_per_source
from mainshock.events.evaluate_association import (
    SequenceSettings,
    score_association,
    simulate_sequence,
)
from mainshock.events.pyocto_plugin import PyOctoAssociator
from mainshock.events.registry import ASSOCIATORS

COARSE = GridAssociator(n_horizontal=12)


def codes(result: AssociationResult) -> list[list[str]]:
    return [[pick.station + pick.phase for pick in group] for group in result.groups]


def opened(name):
    """Return a registered associator, or skip where the package behind it is missing."""
    try:
        return ASSOCIATORS.load(name)()
    except SettingsError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ASSOCIATORS.names())
def test_every_registered_associator_keeps_the_contract(
    name, rng, travel_times, make_scene, make_pick
):
    associator = opened(name)
    assert isinstance(associator, Associator)
    assert associator.name == name
    scene = make_scene(rng, travel_times, n_stations=5, n_events=3, interval_s=30.0)
    stranger = make_pick("NOWHERE", "P", 1.0e9)
    result = associator.associate([*scene.picks, stranger], scene.stations, travel_times)
    grouped = [pick for group in result.groups for pick in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) | set(result.unassociated) == {*scene.picks, stranger}
    assert len(grouped) + len(result.unassociated) == len(scene.picks) + 1
    assert stranger in result.unassociated
    assert len(result.flags) == len(result.groups) > 0
    for group in [*result.groups, result.unassociated]:
        assert [pick.time for pick in group] == sorted(pick.time for pick in group)
    for group in result.groups:
        assert len({(pick.station_code, pick.phase) for pick in group}) == len(group)
    empty = associator.associate([], scene.stations, travel_times)
    assert (empty.groups, empty.unassociated) == ([], [])


@pytest.mark.parametrize(
    ("options", "least_recall", "least_precision", "least_purity"),
    [
        # five picks a second: half of what fits an event by chance is somebody else's
        pytest.param({"interval_s": 5.0}, 0.9, 0.9, 0.85, id="interleaved"),
        pytest.param(
            {"interval_s": 25.0, "n_stations": 12, "aperture_km": 60.0}, 0.95, 0.9, 0.95, id="apart"
        ),
        pytest.param(
            {"interval_s": 40.0, "n_stations": 4, "aperture_km": 15.0}, 0.9, 0.9, 0.9, id="four"
        ),
    ],
)
def test_synthetic_events_among_false_and_missing_picks(
    rng,
    travel_times,
    make_scene,
    recall_and_precision,
    options,
    least_recall,
    least_precision,
    least_purity,
):
    scene = make_scene(rng, travel_times, false_share=0.5, missing_share=0.2, **options)
    result = GridAssociator(n_horizontal=16).associate(scene.picks, scene.stations, travel_times)
    recall, precision, purity = recall_and_precision(result.groups, scene.truth)
    assert recall >= least_recall
    assert precision >= least_precision
    assert purity >= least_purity


def test_noise_alone_makes_no_event(rng, travel_times, make_scene, make_pick):
    stations = make_scene(rng, travel_times, n_events=1).stations
    picks = [
        make_pick(stations[rng.integers(10)].station, str(rng.choice(["P", "S"])), time_s)
        for time_s in 1.0e9 + rng.uniform(0.0, 600.0, 200)
    ]
    assert GridAssociator().associate(picks, stations, travel_times).groups == []


def test_what_comes_much_later_changes_nothing(rng, travel_times, make_scene, make_pick):
    """An hour of noise follows half an hour later."""
    scene = make_scene(rng, travel_times, n_stations=6, n_events=12, interval_s=40.0)
    last = max(to_posix_s(pick.time) for pick in scene.picks)
    noise = [
        make_pick(scene.stations[rng.integers(6)].station, str(rng.choice(["P", "S"])), time_s)
        for time_s in last + 1800.0 + rng.uniform(0.0, 3600.0, 600)
    ]
    short = COARSE.associate(scene.picks, scene.stations, travel_times)
    whole = COARSE.associate([*scene.picks, *noise], scene.stations, travel_times)
    early = [group for group in whole.groups if to_posix_s(group[0].time) < last + 60.0]
    assert early == short.groups


def test_noise_much_later_takes_no_pair_of_one_station_away(rng, travel_times, make_pick):
    stations = [Station("XX", "A", 11.0, 48.0), Station("XX", "B", 11.4, 48.0)]
    pair = [make_pick("A", "P", 1.0e9), make_pick("A", "S", 1.0e9 + 1.5)]
    quiet = [*pair, make_pick("B", "P", 1.0e9 + 900.0)]
    times = 1.0e9 + 1800.0 + rng.uniform(0.0, 3600.0, 2000)
    noise = [make_pick("A", str(rng.choice(["P", "S"])), time_s) for time_s in times]
    assert GridAssociator().associate(quiet, stations, travel_times).groups == [pair]
    assert pair in GridAssociator().associate([*quiet, *noise], stations, travel_times).groups


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1), shift_s=st.floats(-1.0e8, 5.0e8))
def test_neither_order_nor_clock_matters(travel_times, make_scene, seed, shift_s):
    rng = np.random.default_rng(seed)
    scene = make_scene(rng, travel_times, n_stations=6, n_events=3, interval_s=20.0)
    first = COARSE.associate(scene.picks, scene.stations, travel_times)
    shift = parse_utc("2001-09-09T00:00:00Z") - parse_utc("2001-09-09T00:00:00Z")
    shift += type(shift)(seconds=round(shift_s))
    moved = [replace(pick, time=pick.time + shift) for pick in reversed(scene.picks)]
    assert codes(COARSE.associate(moved, scene.stations, travel_times)) == codes(first)


def test_two_stations_with_p_and_s_are_enough_where_it_is_quiet(travel_times, make_pick):
    stations = [
        Station("XX", code, 11.0 + east, 48.0) for code, east in (("A", 0.0), ("B", 0.3), ("C", 2))
    ]
    picks = [
        make_pick("A", "P", 1.0e9 + 2.0),
        make_pick("B", "P", 1.0e9 + 2.5),
        make_pick("A", "S", 1.0e9 + 3.48),
        make_pick("B", "S", 1.0e9 + 4.35),
    ]
    elsewhere = [make_pick("C", "P", 1.0e9 - 600.0), make_pick("C", "P", 1.0e9 + 600.0)]
    result = GridAssociator().associate([*picks, *elsewhere], stations, travel_times)
    assert result.groups == [picks]
    assert result.flags == [()]


@pytest.mark.parametrize(("s_minus_p_s", "n_events"), [(1.5, 1), (12.0, 0)])
def test_a_station_is_alone_only_with_events_near_it(
    travel_times, make_pick, s_minus_p_s, n_events
):
    stations = [Station("XX", "A", 11.0, 48.0), Station("XX", "B", 11.4, 48.0)]
    picks = [make_pick("A", "P", 1.0e9), make_pick("A", "S", 1.0e9 + s_minus_p_s)]
    result = GridAssociator().associate(
        [*picks, make_pick("B", "P", 1.0e9 + 900.0)], stations, travel_times
    )
    assert result.flags == [("single_station",)] * n_events
    unsure = GridAssociator(min_pair_probability=0.9)
    assert unsure.associate(picks, stations, travel_times).groups in ([], [picks])


def test_s_followed_by_p_as_often_as_p_by_s_is_chance(travel_times, make_pick):
    stations = [Station("XX", "A", 11.0, 48.0), Station("XX", "B", 11.4, 48.0)]
    far = make_pick("B", "P", 1.0e9 + 900.0)
    picks = [
        make_pick("A", phase, 1.0e9 + 60.0 * number + late_s)
        for number, order in enumerate(("PS", "SP", "PS", "SP"))
        for phase, late_s in zip(order, (0.0, 1.5), strict=True)
    ]
    assert GridAssociator().associate([*picks, far], stations, travel_times).groups == []


def test_no_two_events_are_closer_than_the_least_interval(rng, travel_times, make_scene):
    scene = make_scene(rng, travel_times, n_stations=6, n_events=15, interval_s=2.5)
    associator = GridAssociator(min_interval_s=6.0, n_horizontal=12)
    close = GridAssociator(n_horizontal=12)
    n_groups = [
        len(one.associate(scene.picks, scene.stations, travel_times).groups)
        for one in (associator, close)
    ]
    assert n_groups[0] <= 37.5 / 6.0 + 1.0 < n_groups[1]


def test_an_s_without_p_belongs_to_its_event(rng, travel_times, make_scene):
    scene = make_scene(
        rng, travel_times, n_stations=5, n_events=1, false_share=0.0, missing_share=0.0
    )
    picks = [pick for pick in scene.picks if (pick.station, pick.phase) != ("S02", "P")]
    (group,) = GridAssociator().associate(picks, scene.stations, travel_times).groups
    assert sorted(group, key=repr) == sorted(picks, key=repr)


def test_the_better_of_two_picks_of_one_phase_is_kept(rng, travel_times, make_scene):
    scene = make_scene(
        rng, travel_times, n_stations=5, n_events=1, false_share=0.0, missing_share=0.0
    )
    later = parse_utc("2000-01-01T00:00:00.2Z") - parse_utc("2000-01-01T00:00:00Z")
    weaker = [replace(pick, time=pick.time + later, probability=0.1) for pick in scene.picks]
    result = GridAssociator().associate([*scene.picks, *weaker], scene.stations, travel_times)
    assert len(result.groups) == 1
    assert set(result.groups[0]) == set(scene.picks)


def test_stations_of_one_network_are_found_without_its_code(rng, travel_times, make_scene):
    scene = make_scene(rng, travel_times, n_stations=5, n_events=1, false_share=0.0)
    nameless = [replace(pick, network="") for pick in scene.picks]
    assert len(GridAssociator().associate(nameless, scene.stations, travel_times).groups) == 1


def test_unknown_stations_are_told(rng, travel_times, make_scene, make_pick, caplog):
    scene = make_scene(rng, travel_times, n_stations=5, n_events=1, false_share=0.0)
    with caplog.at_level(logging.WARNING):
        GridAssociator().associate(
            [*scene.picks, make_pick("LOST", "P", 1.0e9)], scene.stations, travel_times
        )
    assert "XX.LOST" in caplog.text


def test_one_station_falls_back_to_pairs(travel_times, make_pick):
    picks = [make_pick("A", "P", 1.0e9), make_pick("A", "S", 1.0e9 + 3.0)]
    stations = [Station("XX", "A", 11.0, 48.0), Station("XX", "B", 11.1, 48.0)]
    result = GridAssociator().associate(picks, stations, travel_times)
    assert result.groups == [picks]
    assert result.flags == [("single_station",)]


def test_a_simulated_sequence_is_found_and_its_picks_assigned(rng, travel_times):
    sequence = simulate_sequence(SequenceSettings(n_events=40, n_stations=6), travel_times, rng)
    result = COARSE.associate(sequence.picks, sequence.stations, travel_times)
    scores = score_association(result.groups, sequence.owner)
    assert scores.recall >= 0.85
    assert scores.precision >= 0.9
    assert scores.assignment >= 0.95
    assert scores.purity >= 0.9


def test_scores_of_perfect_and_split_groups(rng, travel_times):
    sequence = simulate_sequence(
        SequenceSettings(n_events=8, n_stations=5, least_magnitude=2.0), travel_times, rng
    )
    groups = [
        [pick for pick in sequence.picks if sequence.owner[pick] == number] for number in range(8)
    ]
    perfect = score_association(groups, sequence.owner)
    assert (perfect.recall, perfect.precision, perfect.assignment, perfect.purity) == (1, 1, 1, 1)
    split = [part for group in groups for part in (group[::2], group[1::2])]
    halves = score_association(split, sequence.owner)
    assert (halves.recall, halves.precision, halves.purity) == (1.0, 0.5, 1.0)
    assert halves.assignment == pytest.approx(0.5, abs=0.1)


def test_the_better_seen_of_two_events_at_once_is_kept(make_event, make_arrivals):
    clear = make_event(arrivals=make_arrivals(4))
    later = clear.origin.time + timedelta(seconds=1.5)
    double = make_event(event_id="double", time=later, arrivals=make_arrivals(2))
    apart = make_event(event_id="apart", time=clear.origin.time - timedelta(seconds=2.5))
    kept, dropped = one_event_per_source([double, clear, apart])
    assert ([event.event_id for event in kept], dropped) == (
        ["apart", clear.event_id],
        [double],
    )


def test_without_pyocto_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr("mainshock.events.pyocto_plugin.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="pip install --no-deps pyocto"):
        PyOctoAssociator()


def test_a_network_across_the_antimeridian(travel_times, make_scene, rng):
    scene = make_scene(rng, travel_times, n_stations=6, n_events=2, interval_s=30.0)
    moved = [
        replace(station, longitude=(station.longitude + 168.4 + 180.0) % 360.0 - 180.0)
        for station in scene.stations
    ]
    assert min(s.longitude for s in moved) < -170.0 < 170.0 < max(s.longitude for s in moved)
    here = GridAssociator().associate(scene.picks, scene.stations, travel_times)
    there = GridAssociator().associate(scene.picks, moved, travel_times)
    assert codes(there) == codes(here)


@pytest.mark.parametrize(
    "field",
    [
        {"min_picks": 1},
        {"min_stations": 0},
        {"min_score": -1.0},
        {"residual_sd_s": float("nan")},
        {"residual_growth": 2.0},
        {"detection": 1.0},
        {"min_interval_s": -1.0},
        {"min_pair_probability": 2.0},
        {"margin_km": 0.0},
        {"max_depth_km": 0.0},
        {"n_horizontal": 2},
    ],
)
def test_fields_out_of_range_are_refused(field):
    with pytest.raises(SettingsError, match=next(iter(field))):
        GridAssociator(**field)


def test_travel_times_that_are_not_finite_are_refused(rng, travel_times, make_scene):
    class Broken:
        def travel_time_s(self, phase, distance_km, source_depth_km, receiver_depth_km):
            return np.asarray(distance_km) * np.nan + np.asarray(source_depth_km)

    scene = make_scene(rng, travel_times, n_events=1)
    with pytest.raises(DataError, match="velocity model"):
        GridAssociator().associate(scene.picks, scene.stations, Broken())


def test_a_pick_of_a_wrong_year_changes_nothing_and_costs_nothing(
    rng, travel_times, make_scene, make_pick
):
    """From 1980 to 2001 there are 22 million blocks without a pick."""
    scene = make_scene(rng, travel_times, n_stations=6, n_events=6, interval_s=40.0)
    stray = make_pick(scene.stations[0].station, "P", 86_400.0 * 3653.0)
    n_calls, groups = [], []
    for picks in (scene.picks, [stray, *scene.picks]):
        work = partial(COARSE.associate, picks, scene.stations, travel_times)
        groups.append(work().groups)
        n_calls.append(calls_of(work))
    assert len(groups[0]) > 3
    assert groups[1] == groups[0]
    assert n_calls[1] < 1.1 * n_calls[0]


@pytest.mark.slow
def test_cost_grows_linearly_with_the_record(rng, travel_times, make_scene):
    n_calls = []
    for n_events in (20, 80):
        scene = make_scene(rng, travel_times, n_events=n_events, interval_s=25.0)
        work = partial(COARSE.associate, scene.picks, scene.stations, travel_times)
        work()
        n_calls.append(calls_of(work))
    assert n_calls[1] < 1.25 * 4.0 * n_calls[0]  # four times the events


@pytest.mark.slow
def test_dike_swarm_events_are_recovered_from_their_picks(
    data_dir, travel_times, recall_and_precision
):
    folder = data_dir / "continuous" / "iceland_dike_20140824"
    with (folder / "stations.csv").open() as stream:
        stations = [
            Station(
                row["network"],
                row["station"],
                float(row["longitude"]),
                float(row["latitude"]),
                float(row["elevation_m"]),
            )
            for row in csv.DictReader(stream)
        ]
    with (folder / "picks.csv").open() as stream:
        truth = {
            Pick(
                row["network"],
                row["station"],
                "",
                row["phase"],
                parse_utc(row["time"]),
                probability=0.8,
                sigma_s=float(row["uncertainty_s"]),
                model="quakemigrate",
            ): row["event_id"]
            for row in csv.DictReader(stream)
        }
    result = GridAssociator().associate(list(truth), stations, travel_times)
    recall, precision, purity = recall_and_precision(result.groups, truth)
    assert recall >= 26 / 27  # measured 26 of 27
    assert precision == 1.0
    assert purity >= 0.99
