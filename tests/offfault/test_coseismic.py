"""The coseismic test: it finds geometry that tells, and says so where it does not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, RegistryError
from mainshock.core.geo import LocalFrame
from mainshock.offfault.coseismic import (
    PREDICTORS,
    CoseismicModel,
    predict_coseismic,
    score_coseismic,
)
from mainshock.offfault.coseismic_features import GEOLOGY, GEOMETRY, NETWORK, window_features
from mainshock.offfault.coseismic_report import plot_predictions, write_coseismic_report
from mainshock.offfault.fault_map import FaultMap
from mainshock.offfault.fault_map_files import read_fault_map
from mainshock.offfault.slip_tables import read_ke_pairs, read_reference_lines


def _windows(rng: np.random.Generator, slope: float = 0.0, n: int = 14) -> pd.DataFrame:
    """Return windows of three events with means of their own; geometry counts by ``slope``."""
    tables = []
    for event, mean in (("A", 0.5), ("B", 0.7), ("C", 0.6)):
        bend = rng.normal(0.0, 1.0, n)
        table = pd.DataFrame(
            {
                "eq_name": event,
                "window": np.arange(n),
                "s0_km": 5.0 * np.arange(n),
                "s1_km": 5.0 * np.arange(n) + 5.0,
                "ke_ratio_of_means": mean + slope * bend + rng.normal(0.0, 0.05, n),
            }
        )
        for name in (*GEOLOGY, *GEOMETRY, *NETWORK):
            table[name] = rng.normal(0.0, 1.0, n)
        tables.append(table.assign(line_bend_deg=bend, network_ke=np.nan))
    return pd.concat(tables, ignore_index=True)


def test_geometry_that_tells_is_found(rng: np.random.Generator) -> None:
    found = score_coseismic(_windows(rng, slope=0.15))
    assert found.geometry_adds
    assert found.sentence.startswith("Geometry adds to the mean")
    error = {one.predictor: one.mae for one in found.scores if one.scheme == "window"}
    assert error["geometry"] < 0.6 * error["event"]
    assert "network" not in error  # nothing known of it


def test_geometry_that_tells_nothing_is_said_to(rng: np.random.Generator) -> None:
    found = score_coseismic(_windows(rng))
    assert not found.geometry_adds
    assert "adds nothing" in found.sentence
    by_name = {one.predictor: one for one in found.scores if one.scheme == "window"}
    assert by_name["event"].mae < by_name["constant"].mae
    assert by_name["event"].gain == 0.0
    assert all(one.coverage90 >= 0.8 for one in by_name.values())


def test_an_unknown_event_gets_a_wider_interval(rng: np.random.Generator) -> None:
    windows = _windows(rng)
    model = CoseismicModel().fit(windows)
    same = model.predict(windows.iloc[[0]])
    other = model.predict(windows.iloc[[0]].assign(eq_name="D"))
    assert (other.hi90 - other.lo90)[0] > 1.3 * (same.hi90 - same.lo90)[0]
    assert same.ke[0] == pytest.approx(0.5, abs=0.05)
    assert other.ke[0] == pytest.approx(0.6, abs=0.05)


def test_a_prediction_does_not_see_its_window_or_its_neighbours(rng: np.random.Generator) -> None:
    windows = _windows(rng)
    before = predict_coseismic(windows, "event", buffer_km=1.0)
    wild = windows.copy()
    wild.loc[[4, 5, 6], "ke_ratio_of_means"] = 100.0
    after = predict_coseismic(wild, "event", buffer_km=1.0)
    assert after.ke[5] == before.ke[5]
    assert after.hi90[5] == before.hi90[5]
    assert after.ke[4] != before.ke[4]  # sees the window 6
    by_event = predict_coseismic(wild, "event", "event")
    assert by_event.ke[0] < 1.0


def test_predicting_needs_no_efficiency(rng: np.random.Generator) -> None:
    windows = _windows(rng, slope=0.15)
    apart = windows.iloc[2::3]
    model = CoseismicModel("geometry").fit(windows.drop(index=apart.index))
    found = model.predict(apart.drop(columns="ke_ratio_of_means"))
    observed = apart["ke_ratio_of_means"].to_numpy()
    assert np.abs(found.ke - observed).mean() < 0.08
    assert ((found.lo90 <= observed) & (observed <= found.hi90)).mean() >= 0.75
    nan = apart.assign(**dict.fromkeys(GEOMETRY, np.nan))
    assert np.isfinite(model.predict(nan).ke).all()


def test_what_the_network_says_by_itself_is_scored(rng: np.random.Generator) -> None:
    windows = _windows(rng, n=5)
    assert score_coseismic(windows).network_as_is is None
    windows.loc[:9, "network_ke"] = windows.loc[:9, "ke_ratio_of_means"] + 0.2
    found = score_coseismic(windows)
    assert found.network_as_is == pytest.approx({"n": 10, "mae": 0.2, "bias": 0.2})
    assert "network" in {one.predictor for one in found.scores}


def test_errors_name_the_remedy(rng: np.random.Generator) -> None:
    windows = _windows(rng)
    with pytest.raises(RegistryError, match="constant, event"):
        CoseismicModel("stars")
    with pytest.raises(RegistryError, match="window, event"):
        predict_coseismic(windows, "event", "random")
    with pytest.raises(DataError, match="window_features"):
        CoseismicModel().fit(windows.drop(columns="line_bend_deg"))
    with pytest.raises(DataError, match="three or more"):
        CoseismicModel().fit(windows.head(2))


def test_features_of_a_known_map() -> None:
    """A line of 20 km due east with a secondary strand 100 m off in its second half."""
    frame = LocalFrame(0.0, 0.0)
    ends = np.stack(frame.to_geographic([0.0, 20.0], [0.0, 0.0]), axis=1)
    main = np.array([[0.0, 0.0], [20_000.0, 0.0]])
    near = np.array([[10_000.0, 100.0], [20_000.0, 100.0]])
    far = np.array([[0.0, 1000.0], [10_000.0, 1000.0]])
    fault_map = FaultMap((main, near, far), ("main", "secondary", "secondary"), frame, "")
    windows = pd.DataFrame({"eq_name": "T", "s0_km": [0.0, 10.0], "s1_km": [10.0, 20.0]})
    pairs = pd.DataFrame(
        {"eq_name": "T", "s_km": [1, 2, 3, 4], "geology": ["Bedrock", "Old Alluvium"] * 2}
    )
    places = frame.to_geographic(np.array([5.0, 15.0]), np.zeros(2))
    found = window_features(
        windows, {"T": ends}, pairs=pairs, traces={"T": fault_map},
        network=lambda _: (*places, np.array([0.4, 0.8])),
    )  # fmt: skip
    np.testing.assert_allclose(found["main_km_per_km"], [1.0, 1.0], atol=0.01)
    np.testing.assert_allclose(found["secondary_150m_km_per_km"], [0.0, 1.0], atol=0.01)
    np.testing.assert_allclose(found["secondary_2km_km_per_km"], [1.0, 1.0], atol=0.01)
    np.testing.assert_allclose(found["line_bend_deg"], [0.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(found["network_ke"], [0.4, 0.8])
    assert found["sediment_share"][0] == 0.5
    assert np.isnan(found["sediment_share"][1])
    without = window_features(windows, {})
    assert without[list(GEOMETRY)].isna().all().all()


def test_the_report_says_it_in_words(tmp_path: Path, rng: np.random.Generator) -> None:
    found = score_coseismic(_windows(rng, n=6))
    page = write_coseismic_report(tmp_path / "new" / "report.html", found).read_text()
    assert found.sentence in page.replace("&#39;", "'")
    assert "not the efficiency of steady slip" in page
    assert (tmp_path / "new" / "predictions.png").stat().st_size > 1000
    assert len(plot_predictions(found.predictions).axes) == 3
    with pytest.raises(DataError, match="none of"):
        plot_predictions(found.predictions, ("network",))


def test_real_windows_keep_the_bars(data_dir: Path) -> None:
    """The event mean predicts unseen windows to 0.175 with 80 % cover; geometry is not promised."""
    folder = data_dir / "offfault" / "ruptures"
    windows = window_features(
        pd.read_csv(folder / "ke_windows.csv"),
        read_reference_lines(folder / "fdhi_ecs_strikeslip.geojson.gz"),
        pairs=read_ke_pairs(folder / "ke_pairs.csv"),
        traces={"Landers": read_fault_map(folder / "Landers_traces.geojson.gz")},
    )
    assert len(windows) == 22
    found = score_coseismic(windows)
    by_name = {one.predictor: one for one in found.scores if one.scheme == "window"}
    assert set(by_name) == set(PREDICTORS) - {"network"}
    assert by_name["event"].mae <= 0.175
    assert by_name["event"].coverage90 >= 0.8
    assert not found.geometry_adds
    assert "adds nothing" in found.sentence
