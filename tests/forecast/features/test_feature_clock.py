"""No feature at an issue time knows what happened, or was published, at that time or after."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plain_features import BOX, made_events

from mainshock.forecast.base import FitSettings
from mainshock.forecast.etas.kinds import HOMOGENEOUS_ETAS
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.clock import eras, known_before
from mainshock.forecast.features.table import FeatureSettings, feature_blocks
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.versions import with_delay

ISSUES = np.arange(420.0, 900.0, 61.0)
FEW = settings(max_examples=10)


@cache
def model() -> SpaceTimeEtas:
    """Fitted before the first issue time."""
    past = made_events().between(-np.inf, 400.0)
    found = HOMOGENEOUS_ETAS.fit(past, FitSettings(50.0, 400.0, 3.0, BOX))
    assert isinstance(found, SpaceTimeEtas)
    return found


@cache
def table_settings() -> FeatureSettings:
    return FeatureSettings(CellGrid(BOX, 0.5), 3.0, etas=model())


def features_until(catalogue: Catalogue, last: int) -> np.ndarray:
    """Features at the first issue times, computed together with those of later ones."""
    blocks = list(feature_blocks(catalogue, ISSUES, table_settings()))
    return np.concatenate([one.values for one in blocks])[: last + 1]


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether features are the same up to the order in which sums are added."""
    return bool(np.allclose(found, expected, rtol=1e-5, atol=1e-6, equal_nan=True))


@FEW
@given(seed=st.integers(0, 10_000), last=st.integers(0, len(ISSUES) - 1))
def test_editing_adding_and_deleting_later_events_changes_nothing(seed, last):
    rng = np.random.default_rng(seed)
    events, issue = made_events(), float(ISSUES[last])
    expected = features_until(events, last)
    past, later = events.between(-np.inf, issue), events.between(issue, np.inf)
    n = len(later)
    edited = Catalogue(
        later.time_days + rng.exponential(10.0, n),
        rng.uniform(2.0, 8.5, n),
        longitude=rng.uniform(-119.0, -115.0, n),
        latitude=rng.uniform(32.0, 36.0, n),
        depth_km=rng.uniform(0.0, 100.0, n),
        event_id=later.event_id,
    )
    kept = edited.take(rng.random(n) < 0.6)
    at = Catalogue(np.full(6, issue), np.full(6, 8.0), np.full(6, -117.1), np.full(6, 34.1))
    for future in (later.take([]), edited, Catalogue.joined([kept, at])):
        assert same(features_until(Catalogue.joined([past, future]), last), expected)


@FEW
@given(seed=st.integers(0, 10_000), last=st.integers(0, len(ISSUES) - 1))
def test_revisions_published_later_change_nothing(seed, last):
    rng = np.random.default_rng(seed)
    events, issue = made_events(with_versions=True), float(ISSUES[last])
    expected = features_until(events, last)
    past = events.take(events.time_days < issue)
    revised = past.take(rng.random(len(past)) < 0.5)
    n = len(revised)
    versions = replace(
        revised,
        time_days=revised.time_days + rng.uniform(-0.5, 0.5, n),
        magnitude=rng.uniform(2.0, 8.0, n),
        longitude=revised.longitude + rng.normal(0.0, 1.0, n),
        latitude=revised.latitude + rng.normal(0.0, 1.0, n),
        known_days=issue + rng.choice([0.0, 3.0, 200.0], n),  # at the issue time is too late
    )
    found = features_until(Catalogue.joined([events, versions]), last)
    assert same(found, expected)


@FEW
@given(seed=st.integers(0, 10_000), last=st.integers(0, len(ISSUES) - 1))
def test_events_that_become_known_later_change_nothing(seed, last):
    rng = np.random.default_rng(seed)
    events, issue = made_events(), float(ISSUES[last])
    expected = features_until(events, last)
    late = with_delay(made_events(120, seed), 0.0)
    late = late.take(late.time_days < issue)
    late = replace(
        late,
        known_days=issue + rng.exponential(20.0, len(late)),
        event_id=np.array([f"late{i}" for i in range(len(late))], dtype=object),
    )
    assert same(features_until(Catalogue.joined([events, late]), last), expected)


def test_what_happened_just_before_does_change_features():
    """The comparison above would notice: one event earlier is in every family."""
    events, issue = made_events(), float(ISSUES[3])
    expected = features_until(events, 3)
    before = Catalogue(
        np.array([np.nextafter(issue, 0.0)]), np.array([6.0]), np.array([-117.1]),
        np.array([34.1]), np.array([3.0]),
    )  # fmt: skip
    found = features_until(Catalogue.joined([events, before]), 3)
    assert same(found[:3], expected[:3])
    changed = ~np.isclose(found[3], expected[3], rtol=1e-5, equal_nan=True).all(axis=0)
    names = next(feature_blocks(events, ISSUES, table_settings())).names
    moved = {name for name, is_moved in zip(names, changed, strict=True) if is_moved}
    assert {
        "count_1d", "near_count_1825d", "benioff_30d", "omori_1d", "rate_a_day", "b",
        "days_since_last", "largest_365d", "gap_mean_days", "depth_mean_km", "nn_log10_eta",
        "etas_expected",
    } <= moved  # fmt: skip


def test_each_issue_time_belongs_to_one_era_that_knows_what_was_known_then():
    history = made_events(with_versions=True)
    seen = []
    for era in eras(history, ISSUES):
        for i in range(era.first, era.last):
            seen.append(i)
            then = known_before(history, float(ISSUES[i]))
            known = era.known.between(-np.inf, float(ISSUES[i]))
            assert sorted(zip(known.event_id, known.magnitude, strict=True)) == sorted(
                zip(then.event_id, then.magnitude, strict=True)
            )
    assert seen == list(range(len(ISSUES)))


def test_events_known_at_once_make_one_era():
    assert [(one.first, one.last) for one in eras(made_events(), ISSUES)] == [(0, len(ISSUES))]
    assert list(eras(made_events(), np.zeros(0))) == []


def test_an_event_revised_below_completeness_no_longer_counts():
    place = {"longitude": np.full(2, -117.1), "latitude": np.full(2, 34.1)}
    history = Catalogue(
        np.full(2, 430.0),
        np.array([3.4, 2.7]),
        event_id=np.array(["a", "a"], dtype=object),
        known_days=np.array([430.0, 445.0]),
        **place,
    )
    days = np.array([440.0, 450.0])
    blocks = list(feature_blocks(history, days, FeatureSettings(CellGrid(BOX, 0.5), 3.0)))
    counts = [one.values[0, :, one.names.index("count_365d")].sum() for one in blocks]
    assert counts == [1.0, 0.0]


@pytest.mark.parametrize(("delay", "counts"), [(0.0, [1.0, 1.0]), (2.0, [0.0, 1.0])])
def test_a_delay_moves_when_an_event_begins_to_count(delay, counts):
    one = Catalogue(np.array([430.0]), np.array([4.0]), np.array([-117.1]), np.array([34.1]))
    plain = FeatureSettings(CellGrid(BOX, 0.5), 3.0)
    found = []
    for block in feature_blocks(with_delay(one, delay), np.array([431.0, 433.0]), plain):
        found.extend(block.values[:, :, block.names.index("count_7d")].sum(axis=1).tolist())
    assert found == counts
