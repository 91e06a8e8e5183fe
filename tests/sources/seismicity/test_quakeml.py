"""QuakeML."""

import sys
import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest

from mainshock.core.errors import SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import days_from_text
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.quakeml import read_all_magnitudes
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import QUAKEML

_FOLDER = Path(obspy.__file__).parent / "io/quakeml/tests/data"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "events.xml"
    path.write_text(QUAKEML)
    return path


def test_the_preferred_origin_and_magnitude_are_taken(sample: Path):
    found = read_seismicity(sample)
    assert list(found.event_id) == ["11", "12", "13"]
    assert list(found.magnitude) == [5.8, 4.8, 4.9]
    assert list(found.magnitude_type) == ["Mwc", "ML", "ML"]


def test_an_order_of_magnitude_types_can_come_before_preference(sample: Path):
    choices = ReadChoices(by_preference=False, magnitude_order=("ml", "mw"))
    assert list(read_seismicity(sample, choices=choices).magnitude) == [5.9, 4.8, 4.9]
    choices = ReadChoices(magnitude_order=("md",))
    assert list(read_seismicity(sample, choices=choices).magnitude) == [5.8, 4.7, 4.9]


def test_a_version_is_known_once_origin_and_magnitude_are(sample: Path):
    found = read_seismicity(sample)
    assert found.known_days[0] == days_from_text("2012-05-20T06:00:00Z")
    assert np.isnan(found.known_days[1])


def test_all_magnitudes_can_be_had(sample: Path):
    found = read_all_magnitudes(sample)
    assert [(one.event_id, one.magnitude, one.magnitude_type) for one in found[:3]] == [
        ("11", 5.9, "ML"),
        ("11", 5.8, "Mwc"),
        ("12", 4.7, "md"),
    ]
    assert found[0].agency == "INGV"
    assert found[0].uncertainty == 0.2
    assert [one.is_preferred for one in found[:2]] == [False, True]


@pytest.mark.parametrize("name", ["iris_events.xml", "preferred.xml"])
def test_files_of_services_read_as_obspy_reads_them(name: str):
    found = read_seismicity(_FOLDER / name, choices=ReadChoices(earthquakes_only=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = sorted(
            obspy.read_events(str(_FOLDER / name)),
            key=lambda one: (one.preferred_origin() or one.origins[0]).time,
        )
    assert len(found) == len(events)
    for i, event in enumerate(events):
        origin = event.preferred_origin() or event.origins[0]
        assert abs(found.time_days[i] * 86400.0 - origin.time.timestamp) < 1e-4
        assert found.depth_km[i] == pytest.approx(origin.depth / 1000.0)
        if event.preferred_magnitude() is not None:
            assert found.magnitude[i] == pytest.approx(event.preferred_magnitude().mag, abs=1e-4)


def test_comcat_identifiers_are_those_of_its_other_forms():
    found = read_seismicity(_FOLDER / "usgs_event.xml", choices=ReadChoices(earthquakes_only=False))
    assert found.event_id[0] == "ci37285320"
    assert (found.magnitude[0], found.magnitude_type[0], found.depth_km[0]) == (1.54, "ml", 0.01)
    assert found.known_days[0] == days_from_text("2014-11-06T22:02:47.340Z")


def test_the_blast_is_told_with_its_line(sample: Path):
    skipped: list[SkippedInput] = []
    read_seismicity(sample, skipped=skipped)
    line = 1 + QUAKEML.splitlines().index(
        '<event publicID="smi:here/fdsnws/event/1/query?eventId=14">'
    )
    assert [one.name.rsplit(", ", 1)[1] for one in skipped] == [f"line {line}"]


def test_identifiers_that_would_repeat_stay_whole(tmp_path: Path):
    path = tmp_path / "events.xml"
    path.write_text(QUAKEML.replace("query?eventId=12", "other/11").replace("eventId=11", "11"))
    ids = list(read_seismicity(path, choices=ReadChoices(earthquakes_only=False)).event_id)
    assert len(set(ids)) == 4


def test_a_broken_document_is_refused_and_foreign_entities_are_not_opened(tmp_path: Path):
    path = tmp_path / "events.xml"
    path.write_text(QUAKEML[:2000])
    with pytest.raises(SourceError, match="QuakeML"):
        read_seismicity(path)
    secret = tmp_path / "secret.txt"
    secret.write_text("4.8")
    declared = f'<!DOCTYPE q [<!ENTITY secret SYSTEM "{secret}">]>'
    evil = QUAKEML.replace("?>\n", f"?>\n{declared}\n", 1)
    path.write_text(evil.replace("<value>4.8</value>", "<value>&secret;</value>"))
    assert 4.8 not in read_seismicity(path).magnitude
