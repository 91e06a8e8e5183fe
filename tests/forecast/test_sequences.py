"""Sequences gather what belongs together, and blocks keep them whole."""

import numpy as np
import pytest

from mainshock.forecast.sequences import find_sequences, time_blocks, window_days, window_km
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text

START = days_from_text("2010-01-01")


def made(seed=0, n_quiet=200, span=1500.0):
    """Two sequences 300 km apart that overlap in time, among scattered events."""
    rng = np.random.default_rng(seed)
    parts = [(rng.uniform(0, span, n_quiet), rng.uniform(-121, -115, n_quiet),
              rng.uniform(32, 36, n_quiet), 3 + rng.exponential(0.2, n_quiet))]  # fmt: skip
    for day, lon, lat, size in ((500.0, -119.0, 35.0, 6.4), (505.0, -116.0, 33.0, 5.6)):
        later = day + rng.exponential(8.0, 60)
        parts.append((later, rng.normal(lon, 0.03, 60), rng.normal(lat, 0.03, 60),
                      3 + rng.exponential(0.2, 60)))  # fmt: skip
        parts.append((np.array([day]), np.array([lon]), np.array([lat]), np.array([size])))
    time, lon, lat, magnitude = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Catalogue(START + time, magnitude, lon, lat)


def test_overlapping_sequences_are_told_apart_by_place():
    events = made()
    found = find_sequences(events, least_magnitude=5.0)
    assert len(found) == 2
    assert events.magnitude[found.mainshock].tolist() == pytest.approx([6.4, 5.6])
    assert (found.sizes() >= 61).all()
    assert found.sizes().sum() < 140
    assert found.names[0] == "M6.4 2011-05-16 (35.00, -119.00)"


def test_every_event_of_a_sequence_is_within_its_windows():
    events = made()
    found = find_sequences(events, least_magnitude=5.0)
    for one, main in enumerate(found.mainshock):
        passed = events.time_days[found.label == one] - events.time_days[main]
        assert passed.max() <= window_days(events.magnitude[main])
        assert passed.min() >= -30.0
        assert events.magnitude[found.label == one].max() == events.magnitude[main]


def test_windows_are_the_published_ones():
    # table 1 of Gardner & Knopoff: M 5.0 reaches 40 km and 155 days, M 7.0 reaches 70 km, 915 days
    assert float(window_km(5.0)) == pytest.approx(40.0, rel=0.02)
    assert float(window_days(5.0)) == pytest.approx(155.0, rel=0.1)
    assert float(window_km(7.0)) == pytest.approx(70.0, rel=0.02)
    assert float(window_days(7.0)) == pytest.approx(915.0, rel=0.02)


def test_without_places_time_alone_counts():
    events = made()
    timed = Catalogue(events.time_days, events.magnitude)
    found = find_sequences(timed, least_magnitude=5.0)
    assert len(found) == 1
    assert "(" not in found.names[0]


def test_no_events_make_no_sequence():
    found = find_sequences(Catalogue(np.zeros(0), np.zeros(0)))
    assert len(found) == 0
    assert found.label.shape == (0,)


def test_days_of_a_synthetic_catalogue_are_no_dates():
    events = made()
    synthetic = Catalogue(events.time_days - START, events.magnitude, is_synthetic=True)
    assert find_sequences(synthetic, least_magnitude=6.0).names == ("M6.4 day 500.0",)


def test_blocks_cover_the_window_and_keep_sequences_whole():
    events = made()
    found = find_sequences(events, least_magnitude=5.0)
    blocks = time_blocks(events, found, START, START + 1500.0)
    assert blocks.edges_days[0] == START
    assert blocks.edges_days[-1] == START + 1500.0
    assert (np.diff(blocks.edges_days) > 0).all()
    assert len(blocks) >= 30
    assert blocks.keeps_sequences
    main = found.mainshock
    near = (found.label == 0) & (events.time_days < events.time_days[main[0]] + 60.0)
    near &= events.time_days >= events.time_days[main[0]]
    assert len(set(blocks.of(events.time_days[near]).tolist())) == 1


def test_blocks_are_shorter_in_a_short_window():
    events = made().between(START, START + 90.0)
    blocks = time_blocks(events, find_sequences(events), START, START + 90.0)
    assert len(blocks) >= 30
    assert blocks.block_days == pytest.approx(3.0)


def test_sequences_are_cut_where_they_fill_the_window():
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 40.0, 300))
    events = Catalogue(START + time, np.append(6.0, 3 + rng.exponential(0.2, 299)))
    blocks = time_blocks(events, find_sequences(events), START, START + 40.0)
    assert not blocks.keeps_sequences
    assert len(blocks) == 30


def test_every_event_has_a_block():
    events = made()
    blocks = time_blocks(events, find_sequences(events), START, START + 1500.0)
    of = blocks.of(events.time_days)
    assert (events.time_days >= blocks.edges_days[of]).all()
    assert (events.time_days <= blocks.edges_days[of + 1]).all()
