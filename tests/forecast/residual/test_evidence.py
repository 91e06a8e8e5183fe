"""The evidence is what plain sums over past events say."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

sys.path.insert(0, str(Path(__file__).parent))

from residual_factors import NOW, etas, history

from mainshock.forecast.residual.evidence import Evidence, evidence_of
from mainshock.forecast.residual.evidence_kernels import EVIDENCE_NAMES
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue


def rows_of(evidence: Evidence, targets: Catalogue) -> dict[str, np.ndarray]:
    """Columns by name."""
    base, events = evidence.base, evidence.history
    said = base.log_intensity(targets, events), base.background_probability(targets, events)
    rows = evidence.at(targets, *said)
    assert np.isfinite(rows).all()
    return dict(zip(EVIDENCE_NAMES, rows.T, strict=True))


def beside(days: float) -> Catalogue:
    """A moment and place near the mainshock, which came two days before ``NOW``."""
    return Catalogue(
        np.array([NOW - 2.0 + days]), np.zeros(1), np.array([-116.45]), np.array([34.5])
    )


def test_densities_are_sums_over_recent_events() -> None:
    targets = beside(1.9)
    rows = rows_of(evidence_of(etas(), history()), targets)
    known = history().between(-np.inf, float(targets.time_days[0]))
    apart = cartesian_km(known.longitude, known.latitude) - cartesian_km(
        targets.longitude, targets.latitude
    )
    square = (apart**2).sum(axis=1)
    for days in (365, 30):
        near = (known.time_days > targets.time_days[0] - days) & (square < 1e4)
        for km in (1, 4, 16):
            expected = (km / (square[near] + km**2) ** 1.5).sum() + 1e-5
            assert rows[f"ln_density_{km}km_{days}d"][0] == pytest.approx(
                np.log(expected), abs=1e-3
            )


def test_the_largest_source_near_a_mainshock_is_the_mainshock() -> None:
    alone = history().take(np.flatnonzero(history().magnitude > 5.7))
    rows = rows_of(evidence_of(etas(), alone), beside(1.0))
    assert rows["top_magnitude"][0] == pytest.approx(5.8)
    assert rows["top_log10_age"][0] == pytest.approx(0.0, abs=1e-3)


def test_a_mainshock_without_aftershocks_is_unproductive() -> None:
    # expected by plain quadrature: an aftershock at s counts (s + c) / (t + c) at t
    law, age = etas().law.parameters, 1.5
    alone = Catalogue(np.array([NOW - 2.0]), np.array([5.8]), np.array([-116.5]), np.array([34.5]))
    rows = rows_of(evidence_of(etas(), alone), beside(age))

    def decay(s: float) -> float:
        return np.exp(-s / law.tau_days) * (s + law.c_days) ** -law.omega / (age + law.c_days)

    factor = float(law.space_factor(np.array([5.8]))[0])
    expected = factor * integrate.quad(decay, 0.0, age)[0]
    assert rows["mean_ln_expected"][0] == pytest.approx(np.log(1.0 + expected), abs=0.02)
    assert rows["mean_ln_productivity"][0] == pytest.approx(
        np.log(0.5 / (expected + 0.5)), abs=0.02
    )
    assert rows["ln_adjusted"][0] < 0.0


def test_aftershocks_raise_the_productivity_of_their_mainshock() -> None:
    alone = Catalogue(np.array([NOW - 2.0]), np.array([5.8]), np.array([-116.5]), np.array([34.5]))
    n = 30
    near = Catalogue(
        NOW - 2.0 + np.linspace(0.05, 1.4, n),
        np.full(n, 3.0),
        np.full(n, -116.5),
        34.5 + np.linspace(-0.02, 0.02, n),
    )
    said = [
        rows_of(evidence_of(etas(), one), beside(1.5))
        for one in (alone, Catalogue.joined([alone, near]))
    ]
    for name in ("top_ln_productivity", "mean_ln_productivity", "ln_adjusted"):
        assert said[1][name][0] > said[0][name][0]
