"""Assessments keep their values through files, their caveats, and their place on the sphere."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.megathrust.assessment import (
    CAVEATS,
    COLUMNS,
    SegmentAssessment,
    assessments_of,
    caveats,
    nearest_segment,
    read_assessments,
    write_assessments,
)
from mainshock.megathrust.shapes import (
    band,
    great_ruptures,
    segments_to_geojson,
    trench_line,
    with_azimuths,
    write_geojson,
)


def made_up(n: int = 6, longitude: float = -71.0, **others) -> list[SegmentAssessment]:
    """Segments of a made-up trench that runs south from 20 S, as South America's does."""
    return [
        SegmentAssessment(
            "mad",
            number,
            probability=number / max(1, n - 1),
            predicted_class=int(number > n // 2),
            conformal_set=(0, 1) if number == n // 2 else (int(number > n // 2),),
            applicability=0.9,
            longitude=longitude,
            latitude=-20.0 - 0.45 * number,
            azimuth_deg=180.0,
            m_max=8.4 if number in (1, 2) else 9.1 if number == 3 else 1.0,
            **others,
        )
        for number in range(n)
    ]


EVALUATION = [
    {
        "scheme": "region",
        "classes": 2,
        "model": "extra-trees",
        "results": [
            {"macro_f1": 0.5, "macro_f1_pooled": 0.41, "auc": 0.55, "interval95": [0.3, 0.52]}
        ],
        "baselines": {"region-prior": [{"macro_f1": 0.18}]},
    }
]


def test_a_table_gives_the_same_assessments_after_a_file(tmp_path):
    made = [*made_up(), replace(made_up()[0], index=6, predicted_class=None, m_max=None)]
    write_assessments(tmp_path / "one.csv", made)
    assert (tmp_path / "one.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    assert read_assessments(tmp_path / "one.csv") == made
    assert assessments_of(pd.read_csv(tmp_path / "one.csv")) == made


def test_a_models_frame_may_lack_places_and_tell_applicability_as_truth():
    frame = pd.DataFrame(
        {
            "region": ["sam", "sam"],
            "index": [0, 1],
            "probability": [0.2, 0.9],
            "class": [0, 1],
            "conformal_set": ["0", "0|1"],
            "applicability": [True, False],
        }
    )
    first, second = assessments_of(frame)
    assert (first.longitude, first.m_max, first.is_applicable) == (None, None, True)
    assert (second.conformal_set, second.is_applicable) == ((0, 1), False)


def test_longitudes_above_180_are_turned_back():
    frame = pd.DataFrame([made_up()[0].as_dict()])
    frame["conformal_set"], frame["longitude"] = "0", 289.0
    assert assessments_of(frame)[0].longitude == pytest.approx(-71.0)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("probability", 1.2, "probability is 1.2"),
        ("applicability", -0.1, "applicability is -0.1"),
        ("latitude", 91.0, "latitude within 90"),
        ("latitude", None, "half a place"),
    ],
)
def test_impossible_values_are_refused(name, value, told):
    with pytest.raises(RecordError, match=told):
        replace(made_up()[0], **{name: value})


def test_files_that_are_no_assessments_are_refused(tmp_path):
    (tmp_path / "bad.csv").write_text("region,index\nsam,0\n")
    with pytest.raises(DataError, match="lacks the columns probability, class"):
        read_assessments(tmp_path / "bad.csv")
    write_assessments(tmp_path / "wrong.csv", made_up(1))
    text = (tmp_path / "wrong.csv").read_text().replace("mad,0,-71", "mad,0,west")
    (tmp_path / "wrong.csv").write_text(text)
    with pytest.raises(DataError, match=r"west.*segment mad 0"):
        read_assessments(tmp_path / "wrong.csv")
    with pytest.raises(SourceError, match="cannot read"):
        read_assessments(tmp_path / "none.csv")


def test_nearest_segment_and_its_limit():
    segments = made_up()
    found = nearest_segment(segments, -70.0, -20.95)
    assert found is not None
    assert found.segment.index == 2
    expected = float(geodesic_distance_km(-70.0, -20.95, -71.0, -20.9))
    assert found.distance_km == pytest.approx(expected)
    assert nearest_segment(segments, -60.0, -20.95) is None
    assert nearest_segment(segments, -60.0, -20.95, limit_km=2000.0) is not None
    assert nearest_segment([replace(segments[0], longitude=None, latitude=None)], 0, 0) is None


def test_nearest_segment_across_the_180th_meridian():
    found = nearest_segment(made_up(longitude=179.8), -179.9, -20.0)
    assert found is not None
    assert found.distance_km == pytest.approx(31.4, abs=0.2)


def test_caveats_always_state_leave_one_region_out():
    assert caveats()[: len(CAVEATS)] == CAVEATS
    assert "33 independent great ruptures; not a forecast" in caveats()[0]
    assert "Leave-one-region-out skill of this model is not stated" in caveats()[-1]
    told = caveats(EVALUATION)[-1]
    assert "macro-F1 0.41 (95 % interval 0.30 to 0.52)" in told
    assert "AUC within regions 0.55" in told
    assert "against macro-F1 0.18 of the region prior" in told


@given(
    longitude=st.floats(-180.0, 180.0),
    latitude=st.floats(-70.0, 70.0),
    azimuth=st.floats(0.0, 360.0),
)
def test_areas_have_their_size_anywhere_and_lie_to_the_left(longitude, latitude, azimuth):
    one = replace(made_up(1)[0], longitude=longitude, latitude=latitude, azimuth_deg=azimuth)
    line = np.array(trench_line(one))
    length = geodesic_distance_km(*line[0], *line[-1])
    assert length == pytest.approx(50.0, rel=0.01)  # a sphere against the ellipsoid
    ring = np.array(band([one], 0.0, 300.0))
    assert np.abs(np.diff(ring[:, 0])).max() < 60.0
    assert geodesic_distance_km(*ring[1], *ring[2]) == pytest.approx(300.0, rel=0.01)
    to_land = geodesic_azimuth_deg(*ring[1], *ring[2])
    turn = (azimuth - to_land - 90.0 + 180.0) % 360.0 - 180.0
    assert abs(turn) < 3.0
    assert shapely.Polygon(ring).exterior.is_ccw
    for shape in ("line", "area"):
        (feature,) = segments_to_geojson([one], shape)["features"]
        geometry = shapely.from_geojson(json.dumps(feature["geometry"]))
        west, _, east, _ = geometry.bounds
        assert geometry.is_valid
        assert -180.0 <= west <= east <= 180.0
    assert geometry.area == pytest.approx(shapely.Polygon(ring).area, rel=2e-3)


def test_land_lies_to_the_right_where_a_zone_says_so():
    """The trench off Izu runs south with Japan's side to the west."""
    izu = replace(made_up(1)[0], region="izu", longitude=142.0, latitude=33.0, azimuth_deg=180.0)
    ring = np.array(band([izu], 0.0, 300.0))
    assert ring[:, 0].max() == pytest.approx(142.0, abs=0.01)
    assert shapely.Polygon(ring).exterior.is_ccw


def test_an_area_across_180_degrees_has_two_parts():
    (feature,) = segments_to_geojson(made_up(1, longitude=179.0))["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert [len(polygon) for polygon in feature["geometry"]["coordinates"]] == [1, 1]
    (feature,) = segments_to_geojson(made_up(1, longitude=179.0), "line")["features"]
    assert feature["geometry"]["type"] == "LineString"


def test_geojson_carries_all_that_is_known_and_its_caveats(tmp_path):
    write_geojson(tmp_path / "one.geojson", made_up(), caveats(EVALUATION))
    document = json.loads((tmp_path / "one.geojson").read_text())
    assert "macro-F1 0.41" in document["caveats"][-1]
    feature = document["features"][3]
    assert feature["id"] == "mad/3"
    assert feature["properties"]["conformal_set"] == [0, 1]
    assert {"probability", "class", "applicability", "m_max"} <= set(feature["properties"])
    nowhere = replace(made_up(1)[0], longitude=None, latitude=None)
    assert segments_to_geojson([nowhere])["features"][0]["geometry"] is None


def test_missing_azimuths_come_from_the_neighbours():
    bare = [replace(one, azimuth_deg=None) for one in made_up()]
    found = with_azimuths(bare[::-1])
    assert [one.index for one in found] == list(range(6))
    assert [one.azimuth_deg for one in found] == pytest.approx([180.0] * 6)
    assert with_azimuths(bare[:1])[0].azimuth_deg is None


def test_ruptures_are_runs_of_one_great_magnitude():
    ruptures = great_ruptures(made_up())
    assert [(one.m_max, len(one.segments)) for one in ruptures] == [(8.4, 2), (9.1, 1)]
    apart = [replace(one, m_max=8.4) for one in made_up() if one.index != 3]
    assert [len(one.segments) for one in great_ruptures(apart)] == [3, 2]
    ring = band(ruptures[0].segments, 0.0, 100.0)
    assert len(ring) == 7
    assert ring[0] == ring[-1]


def test_reading_assessments_loads_nothing_heavy():
    program = (
        "import sys; from mainshock.megathrust import assessment, shapes;"
        "assessment.packaged_assessments();"
        "print([m for m in ('pandas', 'sklearn', 'shapely', 'matplotlib') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]", told.stderr
