"""Flatfiles of records, and published flat tables, in one set of names and units."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.geo import geodesic_distance_km
from mainshock.shaking.flat_tables import read_flat_table
from mainshock.shaking.flatfile import FlatfileSettings, build_flatfile
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.record_measures import measure_records
from mainshock.shaking.record_writers import write_records
from mainshock.shaking.records import open_records
from mainshock.shaking.scenarios import read_scenarios, scenarios_from_table
from mainshock.sources.table_files import write_table

sys.path.insert(0, str(Path(__file__).parent))
from made_records import labelled, several

FEW = FlatfileSettings(periods_s=(0.02, 0.3, 1.0), eas_hz=(0.5, 5.0, 60.0))


@pytest.fixture
def real(data_dir):
    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5")
    usable = np.flatnonzero((records.table["snr"] > 5.0) & records.table["ev_lat"].notna())
    return records.take(usable[:: max(usable.size // 12, 1)])


def test_measures_agree_with_those_published_beside_real_records(real):
    """The table's own values were measured by another program, from the same samples."""
    settings = FlatfileSettings(periods_s=(0.5, 2.0), eas_hz=(1.0, 5.0))
    made = build_flatfile(real, settings)
    own = real.table
    for ours, theirs, tolerance in (
        ("ln_pga", "pga_rotd50", 0.01),
        ("ln_psa_0.5s", "psa_0.5", 0.05),
        ("ln_psa_2s", "psa_2", 0.05),
        ("ln_eas_1hz", "eas_1hz", 0.1),
        ("ln_eas_5hz", "eas_5hz", 0.1),
    ):
        given = np.log(own[theirs].to_numpy())
        both = np.isfinite(given)
        assert both.sum() >= 8
        np.testing.assert_allclose(made[ours][both], given[both], atol=tolerance, err_msg=ours)
    np.testing.assert_allclose(made["d5_75_s"], own["d5_75"], rtol=0.02, atol=0.1)


def test_a_flatfile_keeps_metadata_and_reads_back_as_scenarios(tmp_path):
    path = tmp_path / "set.h5"
    write_records(several(), path)
    records = open_records(path)
    out = tmp_path / "flat.parquet"
    made = build_flatfile(records, FEW)
    write_table(out, made)
    back = pd.read_parquet(out)
    assert back.columns.is_unique
    pd.testing.assert_frame_equal(back, made)
    np.testing.assert_allclose(back[list(MEASURES)], measure_records(records))
    assert back["vs30"].tolist() == [500.0] * 4
    assert not back["is_synthetic"].any()
    scenarios = read_scenarios(out)
    np.testing.assert_allclose(scenarios.magnitude, records.scenarios.magnitude)
    np.testing.assert_allclose(back["hypocentral_km"], records.scenarios.hypocentral_km())


def test_what_a_record_cannot_carry_is_empty_and_the_band_is_told(tmp_path):
    rows = {"snr_low_hz": 0.3, "snr_high_hz": 30.0, "hp_hz": 0.5, "lp_hz": 20.0}
    path = tmp_path / "set.h5"
    write_records([labelled(0, **rows), labelled(1)], path)
    made = build_flatfile(open_records(path), FEW)
    assert made["ln_psa_0.02s"].isna().all()  # below four samples
    assert made["ln_eas_60hz"].isna().all()  # above the Nyquist frequency
    assert made["ln_eas_5hz"].notna().all()
    assert made["usable_low_hz"][0] == 0.5 * 1.25
    assert made["usable_high_hz"][0] == 16.0
    assert made["usable_high_hz"][1] == 45.0
    for name in ("ln_pgd", "ln_arias", "ln_cav", "d5_95_s"):
        assert np.isfinite(made[name]).all()


def test_periods_must_be_positive():
    with pytest.raises(SettingsError, match="positive"):
        FlatfileSettings(periods_s=(0.0, 1.0))


def test_the_italian_table_obeys_its_flags(data_dir):
    path = data_dir / "groundmotion" / "flat_italy_cw_ims.parquet"
    given, skipped = pd.read_parquet(path), []
    made = read_flat_table(path, skipped)
    both = (given["flag_a"] == 1) & (given["flag_b"] == 1)
    assert len(made) == both.sum() < len(given)
    fill_in = given.loc[both, "log10_pga"].to_numpy() < -7.5
    np.testing.assert_array_equal(made["ln_pga"].isna(), fill_in)
    np.testing.assert_allclose(
        made["ln_pga"][~fill_in], np.log(10.0) * given.loc[both, "log10_pga"][~fill_in].to_numpy()
    )
    assert any("flag_a" in one.reason for one in skipped)
    assert len(scenarios_from_table(made)) == len(made)


def test_the_californian_table_is_in_m_s2(data_dir):
    path = data_dir / "groundmotion" / "flat_california_kb2011.parquet"
    given = pd.read_parquet(path)
    made = read_flat_table(path)
    np.testing.assert_allclose(np.exp(made["ln_psa_gm_0.2s"]), 9.80665 * given["T0.2S"])
    scenarios = scenarios_from_table(made)
    agrees = np.isclose(scenarios.epicentral_km(), given["Repi"], rtol=0.01, atol=0.5)
    assert agrees.mean() > 0.99  # places and distances of one row differ in the table itself


def test_epicentres_of_residuals_follow_from_distance_and_azimuth(data_dir):
    path = data_dir / "groundmotion" / "flat_ngawest2_within_event_residuals.parquet"
    skipped = []
    made = read_flat_table(path, skipped)
    assert made.groupby("event_id")["ev_lon"].nunique().max() == 1
    distance_km = geodesic_distance_km(
        *(made[name].to_numpy() for name in ("ev_lon", "ev_lat", "sta_lon", "sta_lat"))
    )
    off = np.abs(distance_km - made["epi_dist"].to_numpy())
    assert np.median(off) < 1.0
    assert np.quantile(off, 0.95) < 5.0
    pd.testing.assert_series_equal(made["dw_T1s"], pd.read_parquet(path)["dw_T1s"])


def test_esm_spectra_lie_near_the_measures_of_their_table(data_dir):
    made = read_flat_table(data_dir / "groundmotion" / "esm_sa_200.npz")
    shortest = made["ln_psa_gm_0.01s"] - made["ln_pga"]  # at 0.01 s the spectrum is the peak
    assert abs(shortest.median()) < 0.1
    assert shortest.abs().quantile(0.9) < 0.5
    assert len(scenarios_from_table(made)) == len(made)


def test_other_tables_come_back_as_they_are_and_missing_ones_are_told(tmp_path):
    path = tmp_path / "own.csv"
    pd.DataFrame({"magnitude": [3.0], "ln_pga": [-4.0]}).to_csv(path, index=False)
    assert read_flat_table(path)["ln_pga"].tolist() == [-4.0]
    with pytest.raises(SourceError):
        read_flat_table(tmp_path / "none.parquet")
    pd.DataFrame({"log10_pga": [1.0]}).to_csv(path, index=False)
    with pytest.raises(DataError, match="flag_a"):
        read_flat_table(path)
