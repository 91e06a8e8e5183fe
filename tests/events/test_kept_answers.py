"""What is kept of the last answers saves work and changes nothing."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.events import association
from mainshock.events.association import GridAssociator
from mainshock.events.kept_answers import KeptAnswers, digest

PLAIN = GridAssociator(n_horizontal=8)
WINDOW, STEP = timedelta(seconds=900), timedelta(seconds=60)


def windows(picks):
    """Picks from a start until ever later, as the live path looks; the start moves on once."""
    ordered = sorted(picks, key=lambda pick: pick.time)
    begin = ordered[0].time - timedelta(seconds=1)
    until = begin + WINDOW
    while until < ordered[-1].time:
        since = begin if until < begin + 1.2 * WINDOW else begin + 5 * STEP
        yield [pick for pick in ordered if since <= pick.time < until]
        until += STEP


@pytest.fixture
def scene(rng, travel_times, make_scene):
    return make_scene(rng, travel_times, n_events=48, interval_s=25.0, false_share=0.5)


def test_what_is_kept_changes_no_event(scene, travel_times):
    keeping = replace(PLAIN, kept=KeptAnswers())
    turns = list(windows(scene.picks))
    assert len(turns) > 5
    for picks in turns:
        assert keeping.associate(picks, scene.stations, travel_times) == PLAIN.associate(
            picks, scene.stations, travel_times
        )


def test_most_of_a_window_seen_before_is_not_searched_again(scene, travel_times, monkeypatch):
    searched: list[int] = []
    scan = association.scan_nodes

    def counted(search, used, blocked):
        searched.append(search.picks.time.size)
        return scan(search, used, blocked)

    monkeypatch.setattr(association, "scan_nodes", counted)
    keeping = replace(PLAIN, kept=KeptAnswers())
    n_searched = []
    for picks in windows(scene.picks):
        searched.clear()
        keeping.associate(picks, scene.stations, travel_times)
        n_searched.append(len(searched))
    assert sum(n_searched[1:]) < 0.4 * n_searched[0] * (len(n_searched) - 1)


def test_other_stations_and_settings_are_other_questions(rng, travel_times, make_scene):
    scene = make_scene(rng, travel_times, n_events=10, interval_s=25.0, false_share=0.5)
    kept = KeptAnswers()
    keeping = replace(PLAIN, kept=kept)
    for stations in (scene.stations, scene.stations[:-1], scene.stations):
        assert keeping.associate(scene.picks, stations, travel_times) == PLAIN.associate(
            scene.picks, stations, travel_times
        )
    plain, strict = (
        replace(one, min_score=60.0).associate(scene.picks, scene.stations, travel_times)
        for one in (PLAIN, keeping)
    )
    assert strict == plain
    usual = keeping.associate(scene.picks, scene.stations, travel_times)
    assert len(plain.groups) < len(usual.groups)


def test_what_was_not_asked_for_in_the_last_round_is_forgotten():
    kept, found = KeptAnswers(), []

    def answer(name: bytes) -> int:
        return kept.answer(name, lambda: found.append(name) or len(found))

    kept.begin()
    assert [answer(b"a"), answer(b"b"), answer(b"a")] == [1, 2, 1]
    kept.begin()
    assert answer(b"a") == 1
    kept.begin()
    assert [answer(b"a"), answer(b"b")] == [1, 3]
    assert found == [b"a", b"b", b"b"]
    assert len(kept) == 2


def test_an_answer_that_fails_is_not_kept():
    kept = KeptAnswers()
    with pytest.raises(ZeroDivisionError):
        kept.answer(b"a", lambda: 1 // 0)
    assert kept.answer(b"a", lambda: 3) == 3


def test_a_digest_tells_values_shapes_kinds_and_their_order_apart():
    ones = np.ones(4)
    told = [
        digest(ones),
        digest(ones.reshape(2, 2)),
        digest(ones.astype(np.float32)),
        digest(np.ones(2), np.ones(2)),
        digest(np.array([1.0, 1.0, 1.0, 1.0 + 1e-15])),
        digest(b"a", ones),
        digest(ones, b"a"),
        digest(0.5),
    ]
    assert len(set(told)) == len(told)
    assert digest(ones[::-1]) == digest(ones)
    assert digest(0.5) == digest(np.float64(0.5))
