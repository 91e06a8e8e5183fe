"""Medians learned from a region whose truth is known, their spread, draws, file and command."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.cli.shake_median import median
from mainshock.core.errors import DataError, ModelError
from mainshock.shaking import training
from mainshock.shaking.base import MotionModel
from mainshock.shaking.median import fit_median
from mainshock.shaking.motion import NonErgodicMotion
from mainshock.shaking.training import ShakingModel

sys.path.insert(0, str(Path(__file__).parent))
from made_regions import PHI, TAU, made_region

MEASURES = ("ln_pga", "ln_pgv")


@pytest.fixture(scope="module")
def region():
    scenarios, values, truth = made_region()
    numbers = np.array([int(one[1:]) for one in scenarios.station])
    is_new = (scenarios.event > "e5") | (numbers >= 36)
    return scenarios, values, truth, is_new


@pytest.fixture(scope="module")
def model(region):
    scenarios, values, _, is_new = region
    return fit_median(scenarios.take(~is_new), values[~is_new], MEASURES)


def test_it_is_a_motion_model(model):
    assert isinstance(model, MotionModel)
    assert model.measures == MEASURES


def test_new_events_are_near_the_truth(model, region):
    scenarios, values, truth, is_new = region
    rows = is_new & np.isin(scenarios.station, scenarios.station[~is_new])
    found = model.predict(scenarios.take(rows))
    error = truth[rows] - found.mean
    # the field's own deviation is 0.5 and 1; event and record terms leave about 0.15 of error
    assert error.std(axis=0) == pytest.approx([0.15, 0.15], abs=0.12)
    ratio = (values[rows] - found.mean).std(axis=0) / found.sd.mean(axis=0)
    assert ratio == pytest.approx([1.0, 1.0], abs=0.2)
    assert (found.sd_epistemic < found.sd).all()


def test_event_and_record_deviations_are_found(model):
    terms = model.learned.terms[model.measures.index("ln_pga")]
    assert terms.scale * terms.variances.record**0.5 == pytest.approx(PHI, rel=0.1)
    assert terms.scale * terms.variances.group**0.5 == pytest.approx(TAU, rel=0.4)


def test_an_unknown_station_is_less_sure(model, region):
    scenarios, _, _, is_new = region
    known = np.isin(scenarios.station, scenarios.station[~is_new])
    found = model.predict(scenarios)
    assert found.sd_epistemic[~known].mean() > 1.2 * found.sd_epistemic[known].mean()


def test_training_rows_never_extrapolate(model, region):
    scenarios, _, _, is_new = region
    assert not model.predict(scenarios.take(~is_new)).is_extrapolated.any()


def test_draws_have_the_predicted_mean_and_spread(model, region, rng):
    scenarios, *_ = region
    some = scenarios.take(np.arange(0, len(scenarios), 12))
    found, drawn = model.predict(some), model.sample(some, 500, rng)
    assert drawn.shape == (len(some), 500, 2)
    assert drawn.std(axis=1) / found.sd == pytest.approx(np.ones(found.sd.shape), abs=0.2)
    assert drawn.mean(axis=1) == pytest.approx(found.mean, abs=0.15)


def test_rows_of_an_event_share_its_term(model, region, rng):
    scenarios, *_ = region
    first = scenarios.event == scenarios.event[0]
    second = scenarios.event == scenarios.event[-1]
    some = scenarios.take(np.concatenate([np.flatnonzero(first)[:2], np.flatnonzero(second)[:2]]))
    drawn = model.sample(some, 1500, rng, ["ln_pga"])[:, :, 0]
    between = np.corrcoef(drawn)
    assert between[0, 1] == pytest.approx(TAU**2 / (TAU**2 + PHI**2), abs=0.2)
    assert abs(between[0, 2]) < 0.15


def test_measures_are_correlated_as_the_records_are(model, region, rng):
    scenarios, *_ = region
    one = scenarios.take(np.arange(1))
    drawn = model.sample(one, 3000, rng)[0]
    # record terms 0.5, event terms 1
    expected = (TAU**2 + 0.5 * PHI**2) / (TAU**2 + PHI**2)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(expected, abs=0.12)


def test_the_same_seed_draws_the_same(model, region):
    scenarios, *_ = region
    drawn = [model.sample(scenarios, 2, np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(*drawn)


def test_a_file_gives_the_model_back(model, region, tmp_path):
    scenarios, *_ = region
    model.save(tmp_path)
    again = NonErgodicMotion.open(tmp_path)
    before, after = model.predict(scenarios), again.predict(scenarios, MEASURES)
    assert after.mean == pytest.approx(before.mean, abs=1e-9)
    assert after.sd == pytest.approx(before.sd, abs=1e-6)


def test_a_missing_or_damaged_file_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        NonErgodicMotion.open(tmp_path)
    (tmp_path / "median.npz").write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot be read"):
        NonErgodicMotion.open(tmp_path)


def test_a_measure_known_in_part_is_fitted_to_that_part(region):
    scenarios, values, *_ = region
    values = values.copy()
    values[::3, 1] = np.nan
    model = fit_median(scenarios, values, MEASURES)
    assert len(model.learned.grams) == 2
    assert np.isfinite(model.predict(scenarios).mean).all()


def test_wrong_input_is_told(region):
    scenarios, values, *_ = region
    with pytest.raises(DataError, match="shape"):
        fit_median(scenarios, values[:5], MEASURES)
    with pytest.raises(DataError, match="infinite"):
        fit_median(scenarios, np.where(values == values[0, 0], -np.inf, values), MEASURES)
    with pytest.raises(DataError, match="known in 0 rows"):
        fit_median(scenarios, np.full_like(values, np.nan), MEASURES)


def test_an_unknown_measure_is_told(model, region):
    with pytest.raises(DataError, match="ln_pga"):
        model.predict(region[0], ["ln_pgd"])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_command_keeps_columns_and_adds_its_own(model, tmp_path: Path, monkeypatch, suffix):
    monkeypatch.setattr(
        training, "open_model", lambda _: ShakingModel("made", model, None, is_synthetic=True)
    )
    table = pd.DataFrame(
        {
            "row_id": [7, 8],
            "event_id": ["a", "a"],
            "magnitude": [3.0, 7.5],
            "source_longitude": 13.0,
            "source_latitude": 42.5,
            "source_depth_km": 8.0,
            "station": ["X", "Y"],
            "station_longitude": [13.1, 13.2],
            "station_latitude": 42.6,
        }
    )
    given, out = tmp_path / f"scenarios{suffix}", tmp_path / f"out{suffix}"
    (table.to_csv if suffix == ".csv" else table.to_parquet)(given, index=False)
    with pytest.raises(DataError, match=r"\.csv or \.parquet"):
        median(given, tmp_path / "out.txt")
    median(given, out)
    found = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    pd.testing.assert_frame_equal(found[table.columns], table, check_dtype=False)
    for name in MEASURES:
        assert (found[f"{name}_sd"] > found[f"{name}_sd_epistemic"]).all()
        assert found[f"{name}_sd"][1] > 2.0 * found[f"{name}_sd"][0]
    assert found["extrapolation"].tolist() == [False, True]
    assert found["is_synthetic"].all()


def test_the_command_refuses_what_is_no_table(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        median(tmp_path / "a.csv", tmp_path / "b.csv")
