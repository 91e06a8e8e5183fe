"""CSV of the USGS ComCat."""

import sys
from pathlib import Path

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import days_from_text
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import COMCAT


def test_times_of_revision_rule_what_was_known(tmp_path: Path):
    path = tmp_path / "query.csv"
    path.write_text(COMCAT)
    found = read_seismicity(path)
    assert found.known_days[0] == days_from_text("2014-01-01T12:00:00Z")
    assert list(found.as_of(days_from_text("2013-01-01")).event_id) == ["us12", "us13"]
    assert len(found.as_of(days_from_text("2014-01-02"))) == 3


def test_deleted_events_and_broken_rows_are_told(tmp_path: Path):
    path = tmp_path / "query.csv"
    deleted = COMCAT.splitlines()[2].replace("us13", "us15").replace("reviewed", "deleted")
    path.write_text(COMCAT + deleted + "\n2012-05-20,1,2\n")
    skipped: list[SkippedInput] = []
    found = read_seismicity(path, skipped=skipped)
    assert list(found.event_id) == ["us11", "us12", "us13"]
    reasons = {one.name.rsplit("line ", 1)[1]: one.reason for one in skipped}
    assert reasons["6"] == "the event is deleted"
    assert "3 cells" in reasons["7"]


def test_downloads_that_were_joined_have_headers_between(tmp_path: Path):
    path = tmp_path / "query.csv"
    path.write_text(COMCAT + COMCAT.replace(",us1", ",us2"))
    assert len(read_seismicity(path)) == 6
