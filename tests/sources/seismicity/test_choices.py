"""Which events and which magnitudes."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import (
    SCORDILIS_2006,
    LinearRelation,
    ReadChoices,
    converted,
    count_types,
    is_earthquake,
    magnitude_family,
    preferred_index,
    require_one_type,
)


def _catalogue(types: list[str], magnitudes: list[float]) -> Catalogue:
    return Catalogue(
        np.arange(float(len(types))),
        np.array(magnitudes),
        magnitude_type=np.array(types, dtype=object),
    )


@pytest.mark.parametrize(
    "word", ["earthquake", "", "induced or triggered event", "ke", "Earthquake"]
)
def test_words_for_earthquakes(word: str):
    assert is_earthquake(word)


@pytest.mark.parametrize(
    "word",
    ["quarry blast", "explosion", "ice quake", "sonic boom", "not existing", "mining explosion"],
)
def test_words_for_other_events(word: str):
    assert not is_earthquake(word)


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        *(("Mww", "mw"), ("mwr", "mw"), ("MS", "ms"), ("ms_20", "ms"), ("MsZ", "ms"), ("mb", "mb")),
        *(
            ("mB_BB", "mb"),
            ("mb_Lg", "mblg"),
            ("MLv", "ml"),
            ("Md", "md"),
            ("Mfa", "mfa"),
            ("", ""),
        ),
    ],
)
def test_types_of_magnitude_have_families(kind: str, family: str):
    assert magnitude_family(kind) == family


def test_preference_comes_first_then_the_order_then_the_first():
    choices = ReadChoices()
    assert preferred_index(["ML", "Mw", "mb"], 2, choices) == 2
    assert preferred_index(["ML", "Mw", "mb"], None, choices) == 1
    assert preferred_index(["Mfa", "Mx"], None, choices) == 0
    assert preferred_index([], None, choices) is None
    assert preferred_index(["Mfa", "Mx"], 1, ReadChoices(by_preference=False)) == 1


def test_mixtures_of_types_can_be_refused():
    mixed = _catalogue(["Mww", "Mwc", "ML"], [5.0, 5.0, 5.0])
    assert count_types(mixed) == {"mw": 2, "ml": 1}
    with pytest.raises(DataError, match="mw 2, ml 1"):
        require_one_type(mixed)
    require_one_type(mixed.take([0, 1]))
    require_one_type(mixed, allowed=("Mw", "ML"))
    with pytest.raises(DataError, match="several types"):
        require_one_type(mixed.take([2]), allowed=("Mw",))


def test_relations_convert_what_they_fit_and_the_rest_is_handed_back():
    mixed = _catalogue(["Mw", "Ms", "Ms", "mb", "mb", "ML"], [7.0, 5.0, 7.0, 5.0, 7.0, 4.0])
    found, left = converted(mixed, SCORDILIS_2006)
    assert list(found.magnitude) == [7.0, 5.42, 7.01, 5.28]
    assert set(found.magnitude_type) == {"Mw"}
    assert list(left.magnitude_type) == ["mb", "ML"]
    assert list(left.magnitude) == [7.0, 4.0]


def test_a_type_can_be_taken_as_another():
    found, left = converted(
        _catalogue(["", "ML"], [4.0, 4.0]), [LinearRelation("ML", 1.0, 0.2)], aliases={"": "ML"}
    )
    assert list(found.magnitude) == [4.2, 4.2]
    assert len(left) == 0


def test_a_relation_must_rise():
    with pytest.raises(SettingsError, match="slope"):
        LinearRelation("ml", 0.0, 1.0)
