"""A curve for the packaged model: it never falls, nor sees what it is scored on."""

import json
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.curve_fitting import fine_tune_by_curve
from mainshock.offfault.estimate_curve import EstimateCurve, fit_curve, has_curve, open_curved
from mainshock.offfault.fine_tuning import frame_groups
from mainshock.offfault.laboratory_windows import read_laboratory_figures
from mainshock.offfault.stored import default_model
from mainshock.offfault.windows import LabelledWindows


class CoveredShare:
    """A model that says which share of columns has a fault."""

    def predict(self, maps: np.ndarray) -> Efficiency:
        ke = maps.any(axis=1).mean(axis=1)
        width = np.full(len(ke), 0.1)
        return Efficiency(ke, width, ke - width, ke + width, 0.5 * width)


def made_up(shares: np.ndarray, ke: np.ndarray) -> LabelledWindows:
    maps = np.zeros((len(ke), 128, 64), dtype=np.uint8)
    for one, share in zip(maps, shares, strict=True):
        one[60:63, : round(64 * share)] = 1
    return LabelledWindows(
        maps, ke, np.full(len(ke), 0.05), np.full(len(ke), "a"), np.arange(len(ke)) // 2,
        np.zeros(len(ke), dtype=np.int64), "laboratory",
    )  # fmt: skip


def test_a_curve_is_found_again(rng: np.random.Generator) -> None:
    true = EstimateCurve(slope=-0.1, bend=-0.4)
    estimate = rng.random(60)
    found = fit_curve(estimate, true(estimate), np.arange(60).astype(str))
    np.testing.assert_allclose(found(estimate), true(estimate), atol=0.01)


def test_one_group_alone_changes_little(rng: np.random.Generator) -> None:
    estimate = rng.random(8)
    alone = fit_curve(estimate, 0.5 * estimate, np.full(8, "one"))
    assert -0.1 < alone.slope < 0.0  # nothing can be left out to choose the penalty


@pytest.mark.parametrize("seed", range(20))
def test_a_curve_never_falls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    estimate, ke = rng.random(12), 3.0 * rng.normal(size=12)
    curve = fit_curve(estimate, ke, np.repeat(np.arange(4), 3).astype(str))
    assert (np.diff(curve(np.linspace(0.0, 1.0, 101))) >= 0.0).all()


def test_no_windows_fit_no_curve() -> None:
    with pytest.raises(DataError, match="0 windows"):
        fit_curve(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.str_))


def test_a_frame_is_scored_by_a_curve_that_never_saw_it(tmp_path: Path) -> None:
    shares = np.linspace(0.2, 0.9, 12)
    ke = 0.6 * shares
    ke[4] = 1.0  # odd, and its frame with it
    windows = made_up(shares, ke)
    found = fine_tune_by_curve(CoveredShare(), windows, tmp_path)
    others = frame_groups(windows) != "a 2"
    plain = CoveredShare().predict(windows.maps).ke
    curve = fit_curve(plain[others], ke[others], frame_groups(windows)[others])
    np.testing.assert_allclose(found.efficiency.ke[4:6], curve(plain[4:6]))
    assert found.scores.mae < found.before.mae


def test_one_frame_cannot_be_left_out(tmp_path: Path) -> None:
    windows = made_up(np.array([0.3, 0.6]), np.array([0.2, 0.4]))
    with pytest.raises(DataError, match="1 frame"):
        fine_tune_by_curve(CoveredShare(), windows, tmp_path)


def test_the_packaged_model_is_fitted_to_a_laboratory_with_less_error(
    data_dir: Path, tmp_path: Path
) -> None:
    windows = read_laboratory_figures(data_dir / "offfault" / "lab")
    found = fine_tune_by_curve(default_model(), windows, tmp_path)
    assert found.scores.mae <= 0.08  # each frame by a curve that never saw it
    assert found.scores.mae < found.before.mae
    assert has_curve(tmp_path)
    opened = open_curved(tmp_path).predict(windows.maps)
    assert np.abs(opened.ke - windows.ke).mean() < found.before.mae
    assert (opened.lo90 <= opened.ke).all()
    assert (opened.ke <= opened.hi90).all()


def test_a_curve_of_another_model_is_refused(tmp_path: Path) -> None:
    windows = made_up(np.linspace(0.2, 0.9, 8), np.linspace(0.1, 0.6, 8))
    fine_tune_by_curve(CoveredShare(), windows, tmp_path)
    stored = json.loads((tmp_path / "curve.json").read_text())
    for changes, told in (
        ({"files": {"networks.onnx": "0"}}, "another version"),
        ({"kind": "other"}, "holds no curve"),
        ({"curve": {"slope": 1.0, "turn": 2.0}}, "holds no curve"),
    ):
        (tmp_path / "curve.json").write_text(json.dumps(stored | changes))
        with pytest.raises(ModelError, match=told):
            open_curved(tmp_path)
