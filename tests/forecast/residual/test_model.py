"""The factor on the ETAS model is bounded, causal, and the same everywhere it is used."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from residual_factors import NOW, constant, correction, etas, history, model

from mainshock.core.errors import ModelError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.residual.evidence_kernels import EVIDENCE_NAMES
from mainshock.forecast.residual.model import RESIDUAL


def test_a_factor_of_nothing_leaves_the_etas_model() -> None:
    none, events = model(correction(0.0)), history()
    assert np.array_equal(none.log_intensity(events, events), etas().log_intensity(events, events))
    assert none.integral(events, 10.0, NOW) == etas().integral(events, 10.0, NOW)


def test_the_factor_stays_within_its_bound() -> None:
    events = history()
    found = model(correction(50.0, bound=0.4)).log_intensity(events, events)
    apart = found - etas().log_intensity(events, events)
    assert np.abs(apart).max() <= 0.4 + 1e-9
    assert np.abs(apart).max() > 0.35


def test_the_factor_is_the_bounded_mean_of_its_networks() -> None:
    rows = np.random.default_rng(3).normal(0.0, 10.0, (50, len(EVIDENCE_NAMES)))
    factor = correction(1.0)
    inputs = np.clip((rows - factor.mean) / factor.sd, -5.0, 5.0)
    said = []
    for first, second, last in zip(factor.first, factor.second, factor.last, strict=True):
        hidden = np.tanh(inputs @ first[:-1] + first[-1])
        hidden = np.tanh(hidden @ second[:-1] + second[-1])
        said.append(factor.bound * np.tanh((hidden @ last[:-1] + last[-1]) / factor.bound))
    assert np.allclose(factor(rows), np.mean(said, axis=0), atol=1e-9)


def test_events_at_or_after_a_moment_do_not_matter_to_it() -> None:
    events, factor = history(), model(correction())
    middle = len(events) // 2
    asked = events.take(np.arange(middle + 1))
    magnitude = events.magnitude.copy()
    magnitude[middle:] = 7.0
    changed = replace(events, magnitude=magnitude)
    found, expected = (factor.log_intensity(asked, one) for one in (events, changed))
    assert np.allclose(found, expected, rtol=0.0, atol=1e-6)
    # those before the last do matter
    magnitude[middle - 9 : middle] = 7.0
    other = replace(events, magnitude=magnitude)
    assert np.abs(factor.log_intensity(asked, other) - found).max() > 1e-4


def test_an_even_factor_raises_the_integral_by_as_much() -> None:
    events = history()
    plain = etas().integral(events, NOW - 20.0, NOW)
    raised = model(constant(0.5)).integral(events, NOW - 20.0, NOW)
    assert raised == pytest.approx(plain * np.exp(0.5), rel=0.02)  # it is a weighted sample


def test_integrals_of_parts_add_up() -> None:
    factor, events = model(correction()), history()
    edges = np.array([150.0, 150.7, 163.0, NOW])
    parts = factor.integrals(events, edges)
    assert parts.sum() == pytest.approx(factor.integral(events, 150.0, NOW), rel=1e-6)


def test_a_saved_factor_comes_back(tmp_path: Path) -> None:
    factor, events = model(correction()), history()
    factor.save(tmp_path)
    back = RESIDUAL.open(tmp_path, factor.info)
    found, expected = (one.log_intensity(events, events) for one in (back, factor))
    assert np.allclose(found, expected, rtol=0.0, atol=1e-6)


def test_a_factor_that_asks_for_other_evidence_is_refused(tmp_path: Path) -> None:
    factor = model(correction())
    factor.save(tmp_path)
    with np.load(tmp_path / "residual.npz") as found:
        arrays = {name: found[name] for name in found.files}
    arrays["evidence"] = np.array(["something else"])
    np.savez(tmp_path / "residual.npz", **arrays)
    with pytest.raises(ModelError, match="other evidence"):
        RESIDUAL.open(tmp_path, factor.info)


@pytest.mark.parametrize("options", [{"bound": 0.0}, {"bound": 9.0}, {"networks": 0}, {"odd": 1}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    settings = FitSettings(0.0, 150.0, 3.0, etas().region, options=options)
    with pytest.raises(SettingsError):
        RESIDUAL.fit(history(), settings)
