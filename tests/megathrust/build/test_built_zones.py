"""All zones from the open inputs, and the published columns and labels beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer import Typer
from typer.testing import CliRunner

from mainshock.cli.megathrust_features import features
from mainshock.core.errors import SourceError
from mainshock.megathrust.build.builder import BuildSettings
from mainshock.megathrust.build.inputs import read_inputs
from mainshock.megathrust.build.tables import BuiltSegments, build_segments, write_built
from mainshock.megathrust.build.trenches import ZONES
from mainshock.megathrust.labels import read_labels
from mainshock.megathrust.segments import feature_names, read_segments

PACKAGED = Path(__file__).parents[3] / "src" / "mainshock" / "megathrust" / "data"
# what places a published table along a built trench: features, never labels
ALIGNED_BY = ("AGE", "EGO_UP_AVE", "SED_AVE", "FRE_UP_AVE", "FRE_UP_STD")
UNKNOWN_DIRECTION = ("izu", "ker")


@pytest.fixture(scope="module")
def inputs_dir(data_dir: Path) -> Path:
    return data_dir / "megathrust" / "global_inputs"


@pytest.fixture(scope="module")
def built(inputs_dir: Path) -> BuiltSegments:
    return build_segments(read_inputs(inputs_dir), ZONES, BuildSettings())


def test_nothing_is_drawn_from_the_earthquakes_unless_asked_for(
    built: BuiltSegments, inputs_dir: Path
) -> None:
    zone = tuple(one for one in ZONES if one.code == "sam")
    asked = build_segments(read_inputs(inputs_dir), zone, BuildSettings(slab_from_earthquakes=True))
    more = set(feature_names(asked.segments)) - set(feature_names(built.segments))
    assert {"DXT_200", "FDM_600", "SDM_400", "CRD_UP_AVE", "DIP_UP_AVE"} <= more
    assert not any("catalogue" in one["method"] for one in built.provenance["columns"].values())


def test_every_zone_has_segments_and_the_plates_meet(built: BuiltSegments) -> None:
    table = built.segments
    assert table["region"].nunique() >= 12
    assert (table.groupby("region").size() >= 10).all()
    assert (table.groupby("region")["OBLIQUITY"].median() < 90.0).all()
    assert table["CONVERGENCE"].between(1.0, 270.0).all()
    assert table["LITHOSPHERE_UP_AVE"].between(5.0, 350.0).all()
    mean = table.groupby("region")["AGE"].mean()
    assert mean["cas"] < 12.0 < mean["cam"] < mean["sam"] < mean["izu"]


def test_gravity_falls_at_the_trench(built: BuiltSegments) -> None:
    table = built.segments
    assert (table["FRE_UP_AVE"] > table["FRE_DG_AVE"]).mean() > 0.6
    assert table["FRE_UP_STD"].median() > 30.0  # mGal


def test_each_column_has_its_provenance(built: BuiltSegments) -> None:
    columns = built.provenance["columns"]
    assert set(columns) == {*feature_names(built.segments), "AZIMUTH", "m_max"}
    assert all(entry["source"] and entry["licence"] and entry["doi"] for entry in columns.values())


def test_files_read_back(built: BuiltSegments, tmp_path: Path) -> None:
    write_built(built, tmp_path)
    table = read_segments(tmp_path / "segments")
    labels = read_labels(tmp_path / "labels.csv", table)
    order = ["region", "index"]
    again = built.segments.sort_values(order).reset_index(drop=True)
    pd.testing.assert_frame_equal(table.sort_values(order)[again.columns], again, check_dtype=False)
    assert labels["class2"].sum() == (table["m_max"] >= 8.0).sum()


def test_the_packaged_tables_are_those_that_are_built(built: BuiltSegments) -> None:
    packaged = read_segments(PACKAGED / "segments")
    order = ["region", "index"]
    fresh = built.segments.sort_values(order).reset_index(drop=True)
    assert packaged.shape == fresh.shape
    pd.testing.assert_frame_equal(
        packaged[fresh.columns], fresh, rtol=1e-3, atol=1e-9, check_dtype=False
    )


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[known], other[known])[0, 1])


def _at(table: pd.DataFrame, name: str, position: np.ndarray) -> np.ndarray:
    return np.interp(position, np.arange(len(table)), table[name])


def _aligned(own: pd.DataFrame, published: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the built number of each published row, which rows have one, and how well it fits."""
    best = (np.empty(0), np.empty(0, dtype=bool), -1.0)
    for stretch in np.arange(0.90, 1.101, 0.02):
        for offset in np.arange(-30, 31):
            position = np.arange(len(published)) * stretch + offset
            inside = (position >= 0) & (position <= len(own) - 1)
            if inside.mean() < 0.7:
                continue
            fit = np.mean(
                [
                    _correlation(_at(own, name, position[inside]), published[name][inside])
                    for name in ALIGNED_BY
                ]
            )
            if fit > best[2]:
                best = (position, inside, float(fit))
    return best


def _both_ways(own: pd.DataFrame, published: pd.DataFrame, region: str):  # type: ignore[no-untyped-def]
    ways = [published]
    if region in UNKNOWN_DIRECTION:
        ways.append(published.iloc[::-1].reset_index(drop=True))
    return max(((*_aligned(own, way), way) for way in ways), key=lambda one: one[2])


@pytest.fixture(scope="module")
def matched(built: BuiltSegments, data_dir: Path) -> dict[str, pd.DataFrame]:
    """Published columns beside the built ones (``built_NAME``) at the same place."""
    result = {}
    for path in sorted((data_dir / "megathrust" / "segments").glob("*.csv")):
        own = built.segments[built.segments["region"] == path.stem].reset_index(drop=True)
        position, inside, _, way = _both_ways(own, pd.read_csv(path), path.stem)
        table = way[inside].reset_index(drop=True)
        for name in ("AGE", "EGO_UP_AVE", "EGO_UP_STD", "SED_AVE", "FRE_UP_AVE", "FRE_DG_AVE"):
            table[f"built_{name}"] = _at(own, name, position[inside])
        table["built_m_max"] = own["m_max"].to_numpy()[np.round(position[inside]).astype(int)]
        result[path.stem] = table
    return result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("AGE", 0.95),
        ("EGO_UP_AVE", 0.90),
        ("EGO_UP_STD", 0.90),
        ("SED_AVE", 0.65),
        ("FRE_UP_AVE", 0.80),
    ],
)
def test_south_america_is_as_published(
    matched: dict[str, pd.DataFrame], name: str, least: float
) -> None:
    table = matched["sam"]
    assert len(table) >= 100
    assert _correlation(table[f"built_{name}"], table[name]) >= least


@pytest.mark.slow
def test_the_geoid_of_every_region_is_as_published(matched: dict[str, pd.DataFrame]) -> None:
    for region, table in matched.items():
        assert _correlation(table["built_EGO_UP_AVE"], table["EGO_UP_AVE"]) >= 0.95, region


@pytest.mark.slow
def test_great_segments_are_those_of_the_published_tables(
    matched: dict[str, pd.DataFrame],
) -> None:
    table = pd.concat(matched.values(), ignore_index=True)
    own, published = table["built_m_max"] >= 8.0, table["MR_GCMT"] >= 8.0
    f1 = 2.0 * (own & published).sum() / (own.sum() + published.sum())
    assert len(table) > 0.85 * 556
    assert f1 >= 0.8


def _run(*arguments: str):  # type: ignore[no-untyped-def]
    app = Typer()
    app.command()(features)
    return CliRunner().invoke(app, list(arguments))


def test_the_command_builds_with_a_user_s_grid(inputs_dir: Path, tmp_path: Path) -> None:
    lon, lat = np.meshgrid(np.arange(225.0, 245.1, 0.5), np.arange(35.0, 55.1, 0.5))
    rows = np.stack([lon.ravel(), lat.ravel(), np.full(lon.size, 4.5)], axis=1)
    np.savetxt(tmp_path / "strain.xyz", rows)
    arguments = ("--inputs", str(inputs_dir), "--out", str(tmp_path / "out"), "--zones", "cas")
    grid = ("--grid", f"inv={tmp_path / 'strain.xyz'}", "--spacing-km", "25", "--json")
    result = _run(*arguments, *grid)
    assert result.exit_code == 0, result.output
    table = read_segments(tmp_path / "out" / "segments")
    assert table["INV_UP_AVE"].to_numpy() == pytest.approx(4.5)
    assert np.diff(table["s_km"]) == pytest.approx(25.0)
    assert '"cas"' in result.stdout


@pytest.mark.parametrize(
    "bad", [("--zones", "nowhere"), ("--grid", "no-name"), ("--width-km", "5")]
)
def test_wrong_options_are_refused(inputs_dir: Path, tmp_path: Path, bad: tuple[str, str]) -> None:
    result = _run("--inputs", str(inputs_dir), "--out", str(tmp_path), *bad)
    assert result.exit_code != 0


def test_an_empty_folder_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lacks plate_outlines"):
        read_inputs(tmp_path)
