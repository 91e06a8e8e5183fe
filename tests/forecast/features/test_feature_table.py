"""Columns of the feature table against their definitions."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plain_features import BOX, made_events, plain_row

from mainshock.core.errors import DataError, MissingDependencyError, SettingsError
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.meanings import column_meaning
from mainshock.forecast.features.table import (
    FeatureSettings,
    FeatureTable,
    feature_blocks,
    targets,
)
from mainshock.sources.seismicity.catalogue import Catalogue

SETTINGS = FeatureSettings(CellGrid(BOX, 0.5), 3.0, step_days=7.0)
ISSUES = np.array([-1.0, 0.9, 40.0, 199.5, 203.0, 260.0, 641.0, 655.0, 700.25, 899.0, 1500.0])
FAMILIES = {
    "counts": ("count_", "near_count_"),
    "energy": ("log10_moment", "benioff", "near_log10_moment", "near_benioff"),
    "decaying sums": ("omori", "near_omori"),
    "long-run rates": ("rate_a_day", "near_rate_a_day"),
    "latest and largest": ("days_since", "largest"),
    "b-values": ("b", "b_n", "b_positive", "b_positive_n", "mc_maxc"),
    "gaps": ("gap_",),
    "depths": ("depth_",),
    "proximities": ("nn_",),
    "place and season": ("cell_", "season_"),
}


@cache
def table_of(with_versions: bool) -> FeatureTable:
    """Features of events that were, or were not, revised later."""
    history = made_events(with_versions=with_versions)
    blocks = list(feature_blocks(history, ISSUES, SETTINGS))
    return FeatureTable(blocks[0].names, ISSUES, np.concatenate([one.values for one in blocks]))


@cache
def plain_of(with_versions: bool) -> list[dict[str, float]]:
    history = made_events(with_versions=with_versions)
    return [
        plain_row(history, issue, cell, SETTINGS)
        for issue in ISSUES.tolist()
        for cell in range(len(SETTINGS.cells))
    ]


def family_of(name: str) -> str:
    """The family that a column belongs to: the one with the longest matching beginning."""
    fits = [
        (len(start), family)
        for family, starts in FAMILIES.items()
        for start in starts
        if name.startswith(start)
    ]
    return max(fits)[1]


@pytest.mark.parametrize("with_versions", [False, True], ids=["final", "revised"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_what_its_definition_says(family, with_versions):
    table, plain = table_of(with_versions), plain_of(with_versions)
    names = [name for name in table.names if family_of(name) == family]
    assert names
    for name in names:
        column = table.rows()[:, table.names.index(name)]
        expected = np.array([row[name] for row in plain])
        np.testing.assert_allclose(column, expected, rtol=2e-5, atol=2e-5, err_msg=name)
        assert np.isfinite(expected).any(), name


def test_the_definitions_cover_every_column():
    assert set(table_of(False).names) == set(plain_of(False)[0])


def test_revisions_change_features_so_that_the_comparison_means_something():
    assert not np.array_equal(table_of(True).values, table_of(False).values, equal_nan=True)
    n_eras = len(list(feature_blocks(made_events(with_versions=True), ISSUES, SETTINGS)))
    assert n_eras > 5


def test_every_column_has_a_unit_and_a_meaning():
    for name in (*table_of(False).names, "time", "cell", "target_count_7d", "target_any_7d"):
        stated = column_meaning(name)
        assert stated.name == name
        assert stated.unit
        assert len(stated.text) > 8
    for name in ("count", "near_7d", "speed_7d", "target_count"):
        with pytest.raises(DataError, match="no column"):
            column_meaning(name)


def test_rows_are_cells_within_issue_times():
    table = table_of(False)
    n_cells = len(SETTINGS.cells)
    assert table.rows().shape == (len(ISSUES) * n_cells, len(table.names))
    assert np.array_equal(table.rows()[n_cells + 2], table.values[1, 2], equal_nan=True)


def test_rows_do_not_depend_on_how_they_are_cut_into_blocks():
    history = made_events()
    every = table_of(False)
    parts = [
        next(feature_blocks(history, ISSUES[[k]], SETTINGS)).values for k in range(len(ISSUES))
    ]
    together = np.concatenate(parts)
    np.testing.assert_allclose(together, every.values, rtol=1e-5, atol=1e-5)


def test_targets_are_the_events_of_the_window_in_their_last_version():
    history = made_events(with_versions=True)
    last = history.as_of(np.inf)
    settings = FeatureSettings(CellGrid(BOX, 0.5), 3.0, step_days=7.0, target_mc=3.4)
    found = targets(history, ISSUES, settings)
    for j, issue in enumerate(ISSUES):
        for cell in range(len(settings.cells)):
            lon, lat = settings.cells.longitude[cell], settings.cells.latitude[cell]
            expected = (
                (last.time_days >= issue) & (last.time_days < issue + 7.0)
                & (np.abs(last.longitude - lon) < 0.25) & (np.abs(last.latitude - lat) < 0.25)
                & (last.magnitude >= 3.4 - 1e-6)
            )  # fmt: skip
            assert found[j, cell] == expected.sum()
    assert found.sum() > 5


def test_a_window_begins_with_its_issue_time_and_ends_before_the_next():
    at = Catalogue(np.array([10.0, 17.0]), np.full(2, 4.0), np.full(2, -117.1), np.full(2, 34.1))
    found = targets(at, np.array([3.0, 10.0, 17.0]), SETTINGS)
    assert found.sum(axis=1).tolist() == [0, 1, 1]
    (block,) = feature_blocks(at, np.array([10.0, 17.0, 18.0]), SETTINGS)
    counts = block.values[:, :, block.names.index("count_7d")].sum(axis=1)
    assert counts.tolist() == [0.0, 1.0, 1.0]  # a window of the past has the same ends


def test_events_below_completeness_change_nothing():
    history = made_events()
    small = Catalogue(
        np.array([300.5]), np.array([2.9]), np.array([-117.0]), np.array([34.0]), np.array([5.0])
    )
    found = list(feature_blocks(Catalogue.joined([history, small]), ISSUES, SETTINGS))
    assert np.array_equal(found[0].values, table_of(False).values, equal_nan=True)


def test_no_events_make_a_table_of_zeros_and_unknowns():
    nobody = Catalogue(np.zeros(0), np.zeros(0))
    (block,) = feature_blocks(nobody, ISSUES, SETTINGS)
    column = dict(zip(block.names, np.moveaxis(block.values, 2, 0), strict=True))
    assert not column["near_count_1825d"].any()
    assert not column["rate_a_day"].any()
    assert np.isnan(column["b"]).all()
    assert np.isnan(column["days_since_last"]).all()
    assert not targets(nobody, ISSUES, SETTINGS).any()


def test_what_makes_no_table_is_refused():
    cells = CellGrid(BOX, 0.5)
    with pytest.raises(SettingsError, match="positive"):
        FeatureSettings(cells, 3.0, step_days=0.0)
    with pytest.raises(SettingsError, match="complete"):
        FeatureSettings(cells, 3.0, target_mc=2.5)
    times = Catalogue(np.arange(3.0), np.full(3, 4.0))
    with pytest.raises(DataError, match="longitude"):
        next(feature_blocks(times, ISSUES, SETTINGS))
    with pytest.raises(DataError, match="ascend"):
        next(feature_blocks(made_events(), ISSUES[::-1], SETTINGS))


def test_a_regime_is_read_from_the_polygons_of_its_package(tmp_path, monkeypatch):
    settings = FeatureSettings(CellGrid(BOX, 1.0), 3.0, with_regime=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    if "strec" not in sys.modules:
        _write_regimes(tmp_path / "strec")
    (block,) = feature_blocks(made_events(), ISSUES, settings)
    column = dict(zip(block.names, np.moveaxis(block.values, 2, 0), strict=True))
    assert column["is_active"][0].tolist() == [1.0, 0.0, 1.0, 0.0]  # west of 117 W
    assert column["is_stable"].all()
    assert not column["is_volcanic"].any()


def _write_regimes(folder: Path) -> None:
    import json

    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    west = [[[-119.0, 32.0], [-117.0, 32.0], [-117.0, 36.0], [-119.0, 36.0], [-119.0, 32.0]]]
    every = [[[-125.0, 30.0], [-110.0, 30.0], [-110.0, 40.0], [-125.0, 40.0], [-125.0, 30.0]]]
    far = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]]
    rings = {"active": west, "stable": every}
    for name in ("active", "stable", "subduction", "volcanic", "ocean", "backarc"):
        shape = {"type": "Polygon", "coordinates": rings.get(name, far)}
        document = {"features": [{"type": "Feature", "geometry": shape}]}
        (folder / "data" / f"{name}.geojson").write_text(json.dumps(document))


def test_a_regime_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "strec").mkdir()  # an empty package hides one that may be installed
    (tmp_path / "strec" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = FeatureSettings(CellGrid(BOX, 1.0), 3.0, with_regime=True)
    with pytest.raises(MissingDependencyError, match="pip install usgs-strec"):
        next(feature_blocks(made_events(), ISSUES, settings))
