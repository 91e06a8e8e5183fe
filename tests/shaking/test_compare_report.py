"""The comparison page: what stands on it, for models with and without waveforms."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking import plots
from mainshock.shaking.compare_report import compare_models, write_comparison
from mainshock.shaking.evaluate import EvaluationSettings, fit_baseline, measure
from mainshock.shaking.records import open_records
from mainshock.shaking.training import ShakingModel, open_model

sys.path.insert(0, str(Path(__file__).parent))
from small_records import NoiseModel, write_records


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    baseline = fit_baseline(measure(open_records(write_records(folder / "train.h5", 1))))
    tested = measure(open_records(write_records(folder / "test.h5", 2, n_events=16)))
    return baseline, tested


@pytest.fixture(scope="module")
def compared(parts):
    baseline, tested = parts
    models = [
        open_model("bay-area"),
        ShakingModel("noise", baseline.motion, NoiseModel(), is_synthetic=True),
    ]
    settings = EvaluationSettings(n=2, max_waveforms=30)
    return compare_models(models, tested, baseline, settings, grid_points=9)


def test_the_regression_comes_first_and_all_are_on_the_same_records(compared):
    assert [one.name for one in compared.evaluations] == ["ergodic", "bay-area", "noise"]
    assert len({id(one.measured) for one in compared.evaluations}) == 1
    assert set(compared.as_dict()["models"]) == {"ergodic", "bay-area", "noise"}


def test_curves_fall_and_maps_peak_near_the_epicentre(compared):
    for curve in compared.curves:
        assert set(curve.medians) == {"ergodic", "bay-area", "noise"}
        assert (np.diff(curve.medians["ergodic"]) < 0.0).all()
        assert curve.observed.size == curve.observed_km.size > 0
    for maps in compared.maps.values():
        assert [one.name for one in maps] == ["ergodic", "bay-area", "noise"]
        for one in maps:
            peak = np.unravel_index(np.argmax(one.median), one.median.shape)
            away = np.hypot(one.longitude - one.epicentre[0], one.latitude - one.epicentre[1])
            assert away[peak] == away.min() or away[peak] < 0.1
            assert np.std(one.realisation - one.median) > 0.2


def test_the_page_stands_alone_and_says_that_it_is_synthetic(compared, tmp_path):
    page = write_comparison(tmp_path / "new" / "report.html", compared).read_text("utf-8")
    assert plots.SYNTHETIC in page
    assert page.count("data:image/png;base64,") == page.count("<figure>") == 12
    assert page.count(f"{plots.SYNTHETIC}.") >= 12  # under every figure
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    for word in ("Anderson", "Olsen", "Fréchet", "PIT", "Attenuation", "Maps", "Quantiles"):
        assert word in page
    assert "share 0 events and 12 stations" in page


def test_every_figure_of_made_up_records_says_so(compared):
    shown = compared.evaluations
    figures = [
        plots.plot_bias_and_sd(shown),
        plots.plot_split(shown),
        plots.plot_fit(shown),
        plots.plot_maps(compared.maps["ln_fas_5hz"], shown),
    ]
    for figure in figures:
        assert figure.get_suptitle() == plots.SYNTHETIC


def test_a_model_without_waveforms_gets_a_page_without_theirs(parts, tmp_path):
    baseline, tested = parts
    found = compare_models([open_model("bay-area")], tested, baseline, grid_points=6)
    page = write_comparison(tmp_path / "report.html", found).read_text("utf-8")
    assert "Generated waveforms" not in page
    assert page.count("<figure>") == 8


def test_no_model_or_one_name_twice_is_refused(parts):
    baseline, tested = parts
    with pytest.raises(DataError, match="give one or more"):
        compare_models([], tested, baseline)
    with pytest.raises(DataError, match="names that differ"):
        compare_models([open_model("bay-area")] * 2, tested, baseline)
