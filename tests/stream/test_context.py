"""What the live path waits for before it settles an event is what association looks at."""

from mainshock.events import lone_pairs
from mainshock.stream.events.settings import EventSettings


def test_a_pair_of_one_station_is_judged_by_picks_that_are_known_to_be_free_when_it_settles():
    settings = EventSettings()
    # a pick is of no event only if none is found with picks up to reach_s later
    assert lone_pairs._CHANCE_SPAN_S + settings.reach_s <= settings.context_s
