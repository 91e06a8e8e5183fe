"""Kernels of large events along their ruptures: lines, sums, what they know, and fits."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, PlainEtas, grid_of
from plain_simulation import drawn

from mainshock.core.errors import SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.forecast.base import FitSettings, as_history
from mainshock.forecast.etas.elongated import ElongatedEtas, elongation_of
from mainshock.forecast.etas.elongation import Elongation, ElongationSettings
from mainshock.forecast.etas.events import Places, Sources, Targets, inside_of
from mainshock.forecast.etas.kinds import ETAS, HOMOGENEOUS_ETAS
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import Likelihood, Problem, Window, pair_table, triggered
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.sources.seismicity.catalogue import Catalogue

BEGUN, END = 300.0, 400.0
FRAME = LocalFrame(-117.0, 34.0)
ALONG = np.array([np.cos(0.7), np.sin(0.7)])
LAW = TriggeringLaw(USUAL)
SHAPED = ElongationSettings()


@cache
def sequence(half_km=25.0, n=160, seed=1):
    """A SYNTHETIC catalogue: quiet, then an M 6.7 whose aftershocks lie along a line."""
    rng = np.random.default_rng(seed)
    quiet = drawn(replace(USUAL, mu_per_day=0.5, k0=0.002), END, seed, BOX, m_max=5.0)
    after = 10.0 ** rng.uniform(-2.5, 1.9, n)
    where = rng.uniform(-half_km, half_km, n)[:, None] * ALONG + rng.normal(0, 1.5, (n, 2))
    lon, lat = FRAME.to_geographic(*where.T)
    time = np.concatenate([quiet.time_days, [BEGUN], BEGUN + after])
    magnitude = np.concatenate([quiet.magnitude, [6.7], 3.0 + rng.exponential(0.3, n).clip(0, 2)])
    longitude = np.concatenate([quiet.longitude, [-117.0], lon])
    latitude = np.concatenate([quiet.latitude, [34.0], lat])
    order = np.argsort(time)
    columns = (time, magnitude, longitude, latitude)
    return Catalogue(*(one[order] for one in columns), is_synthetic=True)


def sources_of(catalogue, settings=SHAPED):
    lines = Elongation.of(catalogue, BOX, settings)
    return replace(Sources.of(catalogue, BOX, 3.0), elongation=lines)


def test_the_line_lies_along_the_aftershocks():
    catalogue = sequence()
    lines = Elongation.of(catalogue, BOX, SHAPED)
    assert set(lines.source) == {int(np.argmax(catalogue.magnitude))}
    last = lines.point[-1].astype(float)
    ends = last[-1] - last[0]
    lon, lat = FRAME.to_geographic(*np.array([-ALONG, ALONG]).T)
    unit = np.diff(Places(BOX).of(Catalogue(np.zeros(2), np.zeros(2), lon, lat)), axis=0)[0] / 2
    assert abs(ends @ unit) / np.linalg.norm(ends) == pytest.approx(1.0, abs=0.01)
    assert np.linalg.norm(ends) * 15 / 14 == pytest.approx(50.0, rel=0.15)


def test_lines_follow_one_another_without_gaps():
    lines = Elongation.of(sequence(), BOX, SHAPED)
    assert len(lines) > 3
    assert lines.since_days[0] >= BEGUN + 0.02
    assert (lines.until_days[:-1] == lines.since_days[1:]).all()
    assert lines.until_days[-1] == np.inf


def test_a_line_knows_nothing_of_later_events():
    whole = sequence()
    lines = Elongation.of(whole, BOX, SHAPED)
    for k, since in enumerate(lines.since_days):
        known = whole.take(np.flatnonzero(whole.time_days < since))
        alone = Elongation.of(known, BOX, SHAPED)
        assert len(alone) == k + 1
        assert np.array_equal(alone.point, lines.point[: k + 1])


def test_few_aftershocks_or_small_events_give_no_line():
    catalogue, many = sequence(), replace(SHAPED, fewest=500)
    assert len(Elongation.of(catalogue, BOX, many)) == 0
    assert len(Elongation.of(catalogue, BOX, replace(SHAPED, min_magnitude=7.0))) == 0
    bare, none = Sources.of(catalogue, BOX, 3.0), sources_of(catalogue, many)
    targets = Targets.of(catalogue, BOX, bare)
    assert np.array_equal(triggered(LAW, none, targets), triggered(LAW, bare, targets))
    assert ElongationSettings.above(3.0).min_magnitude == 5.5
    assert ElongationSettings.above(4.0).min_magnitude == 6.5


def test_the_intensity_is_the_plain_one_with_part_of_a_kernel_on_points():
    catalogue = sequence()
    sources = sources_of(catalogue)
    lines, targets = sources.elongation, Targets.of(catalogue, BOX, sources)
    found = triggered(LAW, sources, targets)[:, 0]
    rows = np.flatnonzero(catalogue.time_days > BEGUN)[::9]
    alone = PlainEtas(replace(USUAL, mu_per_day=0.0), catalogue)
    plain = np.exp(alone.log_intensity(rows, np.zeros(len(rows))))
    j = lines.source[0]
    magnitude, p = catalogue.magnitude[j], USUAL
    for i, isotropic in zip(rows, plain, strict=True):
        time = catalogue.time_days[i]
        held = np.flatnonzero((lines.since_days <= time) & (time < lines.until_days))
        expected = isotropic
        for k in held:
            days = time - BEGUN
            factor = p.k0 * np.exp(p.a * (magnitude - 3.0) - days / p.tau_days)
            factor *= (days + p.c_days) ** (-1.0 - p.omega) * SHAPED.share

            def of(square, factor=factor):
                return factor * (square + p.spread_km2(magnitude)) ** (-1.0 - p.rho)

            here = targets.place[i].astype(float)
            expected += of(((here - lines.point[k]) ** 2).sum(axis=1)).mean()
            expected -= of(((here - sources.place[:, j]) ** 2).sum())
        assert found[i] == pytest.approx(expected, rel=1e-4)


def test_as_many_aftershocks_are_expected_as_of_a_round_kernel():
    catalogue = sequence()
    lon, lat, area = grid_of(BOX, 0.01)
    now = np.full(len(lon), BEGUN + 30.5)
    grid = Catalogue(now, np.full(len(lon), 3.0), lon, lat)
    known = catalogue.between(-np.inf, BEGUN + 30.5)
    rates = []
    for sources in (Sources.of(known, BOX, 3.0), sources_of(known)):
        found = triggered(LAW, sources, Targets.of(grid, BOX, sources))[:, 0]
        rates.append(found @ area)
    assert rates[1] == pytest.approx(rates[0], rel=5e-3)
    assert rates[1] != rates[0]


def test_slopes_and_chosen_pairs_hold_for_lines_too():
    catalogue = sequence()
    sources = sources_of(catalogue)
    targets = Targets.of(catalogue, BOX, sources)
    window = Window.whole(1.0, END)
    problem = Problem(sources, targets, inside_of(BOX, catalogue), window)
    density = np.full(len(targets), 1.0 / BOX.area_km2)
    whole = Likelihood(problem, density)
    exact = whole(LAW)
    pairs = pair_table(LAW, sources, targets, USUAL.mu_per_day * density, 100)
    assert Likelihood(problem, density, pairs)(LAW).value == pytest.approx(exact.value, abs=2e-2)
    size = np.sqrt(np.diag(exact.information))
    for k in range(9):
        step = 2e-3 * (np.arange(13) == k)
        up, down = (whole(LAW.at(LAW.vector + s * step)).value for s in (1, -1))
        assert (up - down) / 4e-3 == pytest.approx(exact.gradient[k], abs=0.02 * size[k] + 0.05)
    threads = replace(problem, threads=3)
    assert Likelihood(threads, density)(LAW).value == pytest.approx(exact.value, abs=1e-6)


SETTINGS = FitSettings(50.0, END, 3.0, BOX, options={"anisotropy": "on"})


@cache
def fitted(anisotropy="on"):
    settings = replace(SETTINGS, options={"anisotropy": anisotropy})
    return HOMOGENEOUS_ETAS.fit(sequence(), settings)


def test_a_fit_gains_where_aftershocks_lie_along_a_line():
    on, off = fitted(), fitted("off")
    assert isinstance(on, ElongatedEtas)
    assert not isinstance(off, ElongatedEtas)
    assert on.info.log_likelihood > off.info.log_likelihood + 5.0
    assert any("around the epicentres" in one for one in on.info.warnings)
    assert elongation_of(off.info.settings) is None
    history = as_history(sequence(), SETTINGS, END)
    targets = history.between(50.0, END)
    inside = BOX.contains(targets.longitude, targets.latitude)
    targets = targets.take(np.flatnonzero(inside))
    scored = on.log_intensity(targets, history).sum() - on.integral(history, 50.0, END)
    assert scored == pytest.approx(on.info.log_likelihood, abs=0.05)


@pytest.mark.parametrize("kind", [HOMOGENEOUS_ETAS, ETAS])
def test_what_comes_later_does_not_change_an_intensity(kind):
    model = kind.fit(sequence(), SETTINGS)
    history = as_history(sequence(), SETTINGS, END)
    now = BEGUN + 1.7
    before = history.between(-np.inf, now)
    targets = history.between(BEGUN, now)
    later = history.time_days >= now
    moved = replace(history, latitude=np.where(later, 33.2, history.latitude))
    found = [model.log_intensity(targets, one) for one in (history, before, moved)]
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    assert found[2] == pytest.approx(found[0], abs=1e-5)


def test_a_shorter_history_gives_what_it_gives_alone():
    history = as_history(sequence(), SETTINGS, END)
    part = history.between(-np.inf, BEGUN + 3.3)
    asked = history.between(BEGUN + 20.0, END)
    one, other = fitted(), HOMOGENEOUS_ETAS.fit(sequence(), SETTINGS)
    one.log_intensity(asked, history)  # the longer history is kept
    assert np.array_equal(one.log_intensity(asked, part), other.log_intensity(asked, part))


def test_a_model_with_lines_is_the_same_when_it_is_opened(tmp_path):
    history = as_history(sequence(), SETTINGS, END)
    targets = history.between(BEGUN, END)
    save_model(tmp_path, fitted(), sequence())
    again = open_model(tmp_path)
    assert isinstance(again, ElongatedEtas)
    assert np.array_equal(
        again.log_intensity(targets, history), fitted().log_intensity(targets, history)
    )


def test_the_option_is_on_or_off():
    with pytest.raises(SettingsError, match="anisotropy is on or off"):
        HOMOGENEOUS_ETAS.fit(sequence(), replace(SETTINGS, options={"anisotropy": "some"}))
