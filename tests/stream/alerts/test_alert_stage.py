"""Which versions of events are told to whom: the rules and the stage."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.stream.alerts.config import Rule
from mainshock.stream.alerts.regions import Region
from mainshock.stream.alerts.rules import matches
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.bus import Message

ANY = {"name": "any", "channels": ["one"]}


@pytest.fixture
def told(arrives, read_request):
    """Returns a function that gives (kind, version, rule, channel) of what a stage sends."""

    def run(stage, *messages):
        _, made = stage.step(stage.start(), list(messages))
        requests = [read_request(message) for message in made]
        return [(one.kind, one.version, one.rule, one.channel) for one in requests]

    return run


@pytest.mark.parametrize(
    ("rule", "event", "expected"),
    [
        ({"least_magnitude": 4.5}, {}, True),
        ({"least_magnitude": 4.6}, {}, False),
        ({"least_magnitude": 4.0, "least_probability": 0.95}, {}, True),  # 1.67 sd: 0.952
        ({"least_magnitude": 4.0, "least_probability": 0.96}, {}, False),
        ({"least_magnitude": 4.5, "least_probability": 0.9}, {"magnitude_sd": 0.0}, True),
        ({"least_magnitude": 4.0}, {"magnitude": None}, False),
        ({"least_magnitude": 4.0, "magnitude_missing": "alert"}, {"magnitude": None}, True),
        ({}, {"magnitude": None}, True),
        ({"worst_quality": "B"}, {"quality": "C"}, False),
        ({"worst_quality": "B"}, {"quality": "A"}, True),
        ({"least_stations": 7}, {}, False),
        ({"least_depth_km": 11.0}, {}, False),
        ({"largest_depth_km": 9.0}, {}, False),
        ({"least_depth_km": 10.0, "largest_depth_km": 11.0}, {}, True),
        ({"statuses": ["settled"]}, {}, False),
        ({"statuses": ["settled"]}, {"status": "settled"}, True),
        ({"region": {"circle": {"longitude": 24, "latitude": 35, "radius_km": 22}}}, {}, True),
        ({"region": {"circle": {"longitude": 24, "latitude": 35, "radius_km": 21}}}, {}, False),
    ],
)
def test_a_rule_chooses_by_each_of_its_terms(rule, event, expected, make_version):
    assert matches(Rule.model_validate(ANY | rule), make_version(**event)) is expected


@pytest.mark.parametrize(
    ("shape", "inside", "outside"),
    [
        ({"box": {"west": 170, "east": -170, "south": -20, "north": 0}}, (179, -5), (160, -5)),
        ({"box": {"west": 10, "east": 20, "south": 40, "north": 50}}, (15, 45), (15, 51)),
        ({"polygon": [[10, 40], [20, 40], [15, 50]]}, (15, 45), (11, 49)),
        ({"polygon": [[170, -20], [-170, -20], [-170, 0], [170, 0]]}, (-175, -10), (0, -10)),
        # a notch is outside
        ({"polygon": [[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]]}, (1, 5), (5, 5)),
    ],
)
def test_regions_hold_what_lies_inside(shape, inside, outside):
    region = Region.model_validate(shape)
    assert region.contains(*inside)
    assert not region.contains(*outside)


@given(
    corners=st.lists(
        st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=3, max_size=7, unique=True
    ),
    place=st.tuples(st.floats(-21, 21), st.floats(-21, 21)),
    shift=st.floats(-180, 180),
)
def test_a_polygon_agrees_with_shapely_wherever_on_earth_it_lies(corners, place, shift):
    from shapely import Point, Polygon

    def turned(longitude):
        return (longitude + shift + 180.0) % 360.0 - 180.0

    region = Region.model_validate({"polygon": [(turned(x), y) for x, y in corners]})
    polygon = Polygon(corners)
    if not polygon.is_valid or polygon.boundary.distance(Point(place)) < 1e-6:
        return
    assert region.contains(turned(place[0]), place[1]) == polygon.contains(Point(place))


def test_new_update_cancel_in_order_with_what_was_sent_before(
    make_version, arrives, settings_of, read_request
):
    stage = AlertStage(settings_of(ANY))
    versions = [
        make_version(1),
        make_version(2, "update"),  # nothing changed
        make_version(3, "update", magnitude=4.8),
        make_version(4, "cancel"),
    ]
    _, made = stage.step(stage.start(), [arrives(one) for one in versions])
    requests = [read_request(message) for message in made]
    assert [(one.kind, one.version) for one in requests] == [
        ("new", 1),
        ("update", 3),
        ("cancel", 4),
    ]
    assert [[f.version for f in one.former] for one in requests] == [[], [1], [1, 3]]
    assert requests[0].link == "https://example.org/#/events/ms20240517"
    assert [one.topic for one in made] == ["alert.v1"] * 3
    assert made[0].identity == "ms20240517.any.one#1"
    assert made[0].trace == "trace-1"


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({"longitude": 24.35}, True),  # 13.7 km
        ({"longitude": 24.25}, False),  # 4.6 km
        ({"depth_km": 25.0}, True),
        ({"magnitude": 4.8}, True),
        ({"magnitude": 4.7}, False),
        ({"magnitude": None}, True),
        ({"quality": "A"}, True),
        ({"status": "settled"}, True),
        ({"n_stations": 7}, False),
    ],
)
def test_an_update_is_sent_for_a_change_that_matters(
    change, is_told, make_version, arrives, settings_of, told
):
    stage = AlertStage(settings_of(ANY))
    first, second = arrives(make_version(1)), arrives(make_version(2, "update", **change))
    assert (len(told(stage, first, second)) == 2) is is_told


def test_updates_keep_their_interval_but_settling_and_cancelling_do_not_wait(
    make_version, arrives, settings_of, told
):
    stage = AlertStage(settings_of(ANY | {"update": {"interval_s": 30}}))
    story = [
        arrives(make_version(1), 20),
        arrives(make_version(2, "update", magnitude=5.5), 30),  # too soon
        arrives(make_version(3, "update", magnitude=5.6, status="settled"), 35),
        arrives(make_version(4, "update", magnitude=6.6, status="settled"), 40),  # too soon
        arrives(make_version(5, "cancel"), 41),
    ]
    assert [one[:2] for one in told(stage, *story)] == [("new", 1), ("update", 3), ("cancel", 5)]


def test_those_who_were_alerted_hear_more_although_the_rule_does_not_choose_it_any_more(
    make_version, arrives, settings_of, read_request
):
    stage = AlertStage(settings_of(ANY | {"least_magnitude": 4.0}))
    story = [make_version(1), make_version(2, "update", magnitude=3.0), make_version(3, "cancel")]
    _, made = stage.step(stage.start(), [arrives(one) for one in story])
    requests = [read_request(message) for message in made]
    assert [one.kind for one in requests] == ["new", "update", "cancel"]
    assert [one.matches_rule for one in requests] == [True, False, True]


def test_an_event_that_comes_to_fit_later_is_new_then(make_version, arrives, settings_of, told):
    stage = AlertStage(settings_of(ANY | {"least_magnitude": 5.0}))
    story = [arrives(make_version(1)), arrives(make_version(2, "update", magnitude=5.1))]
    assert told(stage, *story) == [("new", 2, "any", "one")]


def test_an_old_event_is_not_news_but_a_late_cancel_is_told(
    make_version, arrives, settings_of, told
):
    stage = AlertStage(settings_of(ANY))
    assert told(stage, arrives(make_version(1), 901)) == []
    assert told(stage, arrives(make_version(1), 299)) != []
    story = [arrives(make_version(1), 20), arrives(make_version(2, "cancel"), 9000)]
    assert [one[0] for one in told(stage, *story)] == ["new", "cancel"]


def test_a_cancel_reaches_what_a_removed_rule_alerted(make_version, arrives, settings_of, told):
    before = AlertStage(settings_of(ANY, {"name": "gone", "channels": ["two"]}))
    state, _ = before.step(before.start(), [arrives(make_version(1))])
    after = AlertStage(settings_of(ANY))
    _, made = after.step(
        after.restore(before.snapshot(state)), [arrives(make_version(2, "cancel"))]
    )
    assert {json.loads(one.value)["channel"] for one in made} == {"one", "two"}


def test_what_is_no_event_goes_to_the_dead_letters(make_version, arrives, settings_of):
    stage = AlertStage(settings_of(ANY))
    bad = [
        Message("event.v1", "k", "i1", b"{", 0, 0),
        Message("event.v1", "k", "i2", b'{"event_id": "x"}', 0, 0),
        Message("event.v1", "k", "i3", b"[1]", 0, 0),
        Message("event.v1", "k", "i4", b"\xff", 0, 0),
    ]
    _, made = stage.step(stage.start(), [*bad, arrives(make_version(1))])
    assert [one.topic for one in made] == ["deadletter.v1"] * 4 + ["alert.v1"]


def test_what_was_told_long_ago_is_forgotten(make_version, arrives, settings_of):
    stage = AlertStage(settings_of(ANY))
    state, _ = stage.step(stage.start(), [arrives(make_version(1))])
    days = 31 * 86_400 * 10**9
    old = {
        "ms20240517": {
            key: replace(one, arrival_ns=one.arrival_ns - days)
            for key, one in state["ms20240517"].items()
        }
    }
    state, _ = stage.step(old, [arrives(make_version(1, event_id="later"))])
    assert list(state) == ["later"]


def test_a_message_carries_the_event_with_its_uncertainty(
    make_request, make_version, square_region
):
    document = make_request(make_version(regions=square_region, is_synthetic=True)).document()
    event = document["event"]
    assert document["schema"] == "mainshock.alert/1"
    assert document["is_synthetic"] is True
    assert "not a prediction" in document["notice"]
    assert document["idempotency_key"] == "ms20240517.all.one/1"
    assert event["stations"] == [
        f"XX.{name}" for name in ("AQU", "BEL", "CAM", "DOR", "EST", "FIR")
    ]
    assert event["models"] == {"picker": "phasenet", "velocity": "iasp91"}
    assert (event["magnitude"], event["magnitude_sd"], event["east_sd_km"]) == (4.5, 0.3, 2.0)
    assert event["region95_km2"] == 200.0
    # 0.1 degrees of latitude are 11.1 km, of longitude here 9.1 km
    assert event["region95_radius_km"] == pytest.approx(11.1, abs=0.05)


def test_without_a_region_the_radius_comes_from_the_covariance(make_request):
    # 95 % of a round normal distribution lie within 2.4477 standard deviations
    assert make_request().event["region95_radius_km"] == pytest.approx(2.4477 * 2.0, abs=1e-3)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),  # event
        st.sampled_from(["update", "update", "cancel"]),
        st.sampled_from([None, 2.0, 3.9, 4.1, 6.0]),  # magnitude
        st.sampled_from(["preliminary", "settled"]),
        st.sampled_from([10.0, 200.0, 899.0, 901.0, 9000.0]),  # age at arrival
        st.booleans(),  # whether the message comes twice
    ),
    max_size=14,
)
RULES = (
    {"name": "large", "channels": ["one", "two"], "least_magnitude": 4.0},
    {"name": "sure", "channels": ["two"], "statuses": ["settled"], "update": {"interval_s": 60}},
)


@settings(max_examples=150)
@given(steps=STEPS, cuts=st.lists(st.integers(0, 20), max_size=4))
def test_any_story_is_told_in_order_and_cancelled_everywhere(
    steps, cuts, make_version, arrives, settings_of, read_request
):
    messages, numbers, ages = [], {"a": 0, "b": 0}, {}
    for event_id, kind, magnitude, status, age_s, is_twice in steps:
        numbers[event_id] += 1
        number = numbers[event_id]
        version = make_version(
            number, kind if number > 1 else "new", status, magnitude=magnitude, event_id=event_id
        )
        ages[event_id, number] = age_s
        messages += [arrives(version, age_s)] * (1 + is_twice)

    stage = AlertStage(settings_of(*RULES))
    _, at_once = stage.step(stage.start(), messages)
    state, in_parts, start = stage.start(), [], 0
    for end in [*sorted(cuts), len(messages)]:  # with a restart at each cut
        state, made = stage.step(stage.restore(stage.snapshot(state)), messages[start:end])
        in_parts += made
        start = max(start, end)
    assert in_parts == at_once

    open_alerts, last = set(), {}
    requests = [read_request(message) for message in at_once]
    for one in requests:
        assert one.version > last.get(one.alert_id, 0)
        last[one.alert_id] = one.version
        if one.kind == "new":
            assert one.alert_id not in open_alerts
            assert ages[one.event_id, one.version] <= 900.0
            open_alerts.add(one.alert_id)
        else:
            assert one.alert_id in open_alerts
            assert one.former
        if one.kind == "cancel":
            open_alerts.remove(one.alert_id)
    for event_id, number in numbers.items():  # whoever was told before a cancel got it
        if messages and number and _is_cancelled(messages, event_id, number):
            assert not [one for one in open_alerts if one.startswith(f"{event_id}.")]


def _is_cancelled(messages, event_id, number):
    newest = next(one for one in messages if one.identity == f"{event_id}#{number}")
    return json.loads(newest.value)["kind"] == "cancel"
