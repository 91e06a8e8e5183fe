"""Sentences are found again in their English texts, also in texts of several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.core.sentences import Sentence, Sentences, Told

WAITS = Sentence("stage.waits", "stage {stage} waits: {error}")
SETTLED = Sentence("change.settled", "settled")
MORE = Sentence("change.more", "{count} picks more")
UNKNOWN_EVENT = Sentence("event.unknown", "there is no event {event_id!r}; look again")
KNOWN = Sentences((WAITS, SETTLED, MORE, UNKNOWN_EVENT))


def codes(told):
    return [one.code for one in told]


@given(st.text(min_size=1, max_size=40), st.integers(0, 10**9))
def test_values_come_back_from_the_text_that_they_were_told_in(event_id, count):
    told = KNOWN.told(UNKNOWN_EVENT.tell(event_id=event_id))
    assert (told.code, told.values) == ("event.unknown", {"event_id": event_id})
    assert KNOWN.told(MORE.tell(count=count)).values == {"count": str(count)}


def test_a_text_that_nobody_knows_has_no_code():
    assert KNOWN.told("the moon is full") == Told("the moon is full")
    assert KNOWN.told("settled " * 1000).code is None


def test_several_sentences_are_found_one_by_one():
    told = KNOWN.told_parts("settled; 3 picks more, ML 3.4")
    assert codes(told) == ["change.settled", "change.more", None]
    assert told[-1].text == "ML 3.4"


def test_what_follows_an_open_end_belongs_to_it_up_to_the_next_sentence():
    told = KNOWN.told_parts("stage a waits: no answer; start it, now; stage b waits: gone")
    assert [one.values["error"] for one in told] == ["no answer; start it, now", "gone"]


def test_a_sentence_with_a_semicolon_stays_whole():
    assert codes(KNOWN.told_parts("there is no event 'x'; look again")) == ["event.unknown"]
    assert KNOWN.told_parts("") == []


def test_unknown_parts_stay_together():
    assert [one.text for one in KNOWN.told_parts("a; b, c")] == ["a; b, c"]


def test_a_text_of_very_many_parts_is_left_as_it_is():
    assert len(KNOWN.told_parts("; ".join(["settled"] * 500))) == 1


def test_two_sentences_of_one_code_are_refused():
    with pytest.raises(SettingsError, match=r"stage\.waits"):
        Sentences((WAITS, Sentence("stage.waits", "other")))


def test_a_code_is_words_with_points():
    with pytest.raises(SettingsError, match="Bad"):
        Sentence("Bad", "text")


def test_the_plain_text_names_its_places_alone():
    assert UNKNOWN_EVENT.plain_text == "there is no event {event_id}; look again"
