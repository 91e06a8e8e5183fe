"""Sums over sources in single precision, against the same in double precision."""

import numpy as np
import pytest

from mainshock.forecast.etas.kernels import (
    N_INTEGRALS,
    N_SUMS,
    Columns,
    choose_pairs,
    integrate_decay,
    smooth,
    sum_over_all,
    sum_over_chosen,
    sum_over_moments,
)
from mainshock.forecast.etas.parameters import decay_integral

PER_TAU, STEEPNESS = np.float32(1e-3), np.float32(1.6)


@pytest.fixture
def sources():
    """Times, places and columns of 1300 sources: more than two pieces."""
    rng = np.random.default_rng(1)
    n = 1300
    time = np.sort(rng.uniform(0, 5000, n))
    place = rng.normal(0, 100, (3, n)).astype(np.float32)
    drawn = (
        rng.normal(-4, 2, n),
        10 ** rng.uniform(-2, 3, n),
        rng.exponential(0.5, n),
        rng.normal(0, 2, n),
        10 ** rng.uniform(-4, -1, n),
        rng.uniform(0.8, 1.5, n),
    )
    return time, place, Columns(*(one.astype(np.float32) for one in drawn))


def exact(time, place, target_time, target_place, columns):
    """The twelve sums at one target."""
    lw, s, m, y, c, p = (np.asarray(one, dtype=float) for one in columns)
    j = np.flatnonzero(time < target_time)
    lw, s, m, y, c, p = (one[j] for one in (lw, s, m, y, c, p))
    t = target_time - time[j]
    r2 = ((place[:, j].T.astype(float) - target_place) ** 2).sum(axis=1)
    w = np.exp(lw - t * float(PER_TAU)) * (t + c) ** -p * (r2 + s) ** -float(STEEPNESS)
    ln_t, early, near = np.log(t + c), p * c / (t + c), s / (r2 + s)
    terms = (1, m, y, t, ln_t, ln_t * m, ln_t * y, early, early * m, np.log(r2 + s), near, near * m)
    return np.array([(w * one).sum() for one in terms])


def all_sums(time, place, columns, rows):
    before = np.searchsorted(time, time[rows], side="left")
    found = np.zeros((len(rows), N_SUMS))
    target = np.ascontiguousarray(place[:, rows].T)
    sum_over_all(time[rows], target, before, time, place, columns, PER_TAU, STEEPNESS, found)
    return found


def test_sums_over_all_sources_are_those_of_double_precision(sources):
    time, place, columns = sources
    rows = np.array([1, 511, 512, 513, 1299])
    found = all_sums(time, place, columns, rows)
    for i, row in enumerate(rows):
        expected = exact(time, place, time[row], place[:, row], columns)
        # signed sums cancel: their error counts against the sum of sizes
        assert found[i] == pytest.approx(expected, rel=2e-5, abs=2e-5 * np.abs(expected).max())


def test_the_first_event_has_no_sources(sources):
    time, place, columns = sources
    assert not all_sums(time, place, columns, np.array([0])).any()


def test_chosen_pairs_have_the_sum_of_all_pairs(sources):
    time, place, columns = sources
    rows = np.arange(0, 1300, 7)
    whole = all_sums(time, place, columns, rows)
    before = np.searchsorted(time, time[rows], side="left")
    rest = np.full(len(rows), whole[:, 0].mean())
    target = np.ascontiguousarray(place[:, rows].T)
    pairs = choose_pairs(
        time[rows], target, before, rest, time, place, columns, PER_TAU, STEEPNESS, 50,
        np.linspace(0.02, 0.98, len(rows)),
    )  # fmt: skip
    found = np.zeros_like(whole)
    sum_over_chosen(*pairs, columns, PER_TAU, STEEPNESS, found)
    assert np.diff(pairs[0]).max() <= 51
    assert found[:, 0] == pytest.approx(whole[:, 0], rel=1e-5)
    # the other sums are right on the average of many targets; times weigh the far ones most
    intensity = (whole[:, 0] + rest)[:, None]
    error = ((found - whole) / intensity).mean(axis=0) / (np.abs(whole) / intensity).mean(axis=0)
    limit = np.where(np.arange(N_SUMS) == 3, 0.15, 0.04)
    assert (np.abs(error) < limit).all()


def test_strong_sources_are_all_chosen_with_factor_one(sources):
    time, place, columns = sources
    rows = np.array([1299])
    target = np.ascontiguousarray(place[:, rows].T)
    start, _, square, source, log_factor = choose_pairs(
        time[rows], target, rows, np.zeros(1), time, place, columns, PER_TAU, STEEPNESS, 20,
        np.array([0.5]),
    )  # fmt: skip
    lw, s, _, _, c, p = (np.asarray(one, dtype=float)[:1299] for one in columns)
    t = time[1299] - time[:1299]
    r2 = ((place[:, :1299] - place[:, 1299:]) ** 2).sum(axis=0)
    w = np.exp(lw - t * 1e-3) * (t + c) ** -p * (r2 + s) ** -1.6
    strong = np.flatnonzero(w > 1.0001 * w.sum() / 20)
    assert len(strong) > 0
    assert set(strong) <= set(source.tolist())
    assert np.allclose(log_factor[np.isin(source, strong)], 0.0, atol=1e-6)
    assert square == pytest.approx(r2[source], rel=1e-4)
    assert start.tolist() == [0, len(source)]


def test_integrals_of_the_decay_are_those_of_the_model():
    rng = np.random.default_rng(3)
    n = 200
    start = np.append(np.zeros(50), rng.uniform(0, 1e4, n - 50))
    end = start + 10 ** rng.uniform(-3, 4, n)
    found = np.zeros((N_INTEGRALS, n), dtype=np.float32)
    for c, omega, tau in ((0.01, 0.1, 1e3), (1e-5, -0.2, 300.0), (0.2, 1.0, 1e6)):
        columns = np.full(n, c, np.float32), np.full(n, 1 + omega, np.float32)
        per_tau = np.float32(1 / tau)
        integrate_decay(start.astype(np.float32), end.astype(np.float32), *columns, per_tau, found)
        expected = decay_integral(end, c, omega, tau) - decay_integral(start, c, omega, tau)
        scale = decay_integral(end, c, omega, tau)
        assert np.abs(found[0] - expected).max() < 1e-5 * scale.max()
        step = 1e-4  # slopes in 1 / tau, omega and ln c
        for row, (by, high, low) in {
            1: (-step * 1e-3, (c, omega, 1 / (1 / tau + step * 1e-3)), (c, omega, tau)),
            2: (-step, (c, omega + step, tau), (c, omega, tau)),
            3: (-(1 + omega) * step, (c * np.exp(step), omega, tau), (c, omega, tau)),
        }.items():
            slope = (decay_integral(end[:50], *high) - decay_integral(end[:50], *low)) / by
            assert found[row, :50] == pytest.approx(slope, rel=5e-3, abs=1e-3 * np.abs(slope).max())


def test_moments_are_taken_from_the_integrals():
    total = np.ones((N_INTEGRALS, 2), dtype=np.float32)
    days, weight = np.array([0.5, 2.0, 1.0], np.float32), np.array([0.1, 0.2, 0.3], np.float32)
    c, p = np.full(2, 0.1, np.float32), np.full(2, 1.2, np.float32)
    sum_over_moments(np.array([0, 2, 3]), days, weight, c, p, np.float32(0.01), total)
    g = weight * np.exp(-0.01 * days) * (days + 0.1) ** -1.2
    expected = 1.0 - np.array([g, g * days, g * np.log(days + 0.1), g * 0.1 / (days + 0.1)])[
        :, :2
    ].sum(axis=1)
    assert total[:, 0] == pytest.approx(expected, rel=1e-5)
    assert total[0, 1] == pytest.approx(1.0 - g[2], rel=1e-5)


def test_smoothing_leaves_out_the_gap_between_two_runs():
    rng = np.random.default_rng(2)
    places = rng.normal(0, 50, (3, 700)).astype(np.float32)
    strength, width = rng.random(700).astype(np.float32), rng.uniform(1, 99, 700).astype(np.float32)
    first, second, last = np.array([0, 10, 700]), np.array([0, 600, 700]), np.array([700, 650, 700])
    found = np.zeros(3)
    here = np.ascontiguousarray(places[:, :3].T)
    smooth(here, first, second, last, places, strength, width, found)
    for i in range(3):
        r2 = ((places - places[:, i : i + 1]).astype(float) ** 2).sum(axis=0)
        each = strength * (r2 + width) ** -1.5
        assert found[i] == pytest.approx(
            each[: first[i]].sum() + each[second[i] : last[i]].sum(), rel=1e-5
        )
