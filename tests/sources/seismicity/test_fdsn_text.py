"""Text of FDSN event services."""

import sys
from pathlib import Path

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import FDSN


def test_identifiers_and_types_of_magnitude_are_kept(tmp_path: Path):
    path = tmp_path / "f.txt"
    path.write_text(FDSN)
    found = read_seismicity(path)
    assert list(found.event_id) == ["11", "12", "13"]
    assert list(found.magnitude_type) == ["Mw", "ML", "ML"]


def test_joined_downloads_and_missing_headers_are_read(tmp_path: Path):
    path = tmp_path / "f.txt"
    path.write_text(FDSN + FDSN.replace("\n1", "\n2"))
    assert len(read_seismicity(path)) == 6
    path.write_text("\n".join(FDSN.splitlines()[1:]) + "\n")
    assert list(read_seismicity(path).magnitude) == [5.8, 4.8, 4.9]


def test_spaces_in_the_header_and_an_older_order_of_columns_are_understood(tmp_path: Path):
    path = tmp_path / "f.txt"
    path.write_text(
        "#EventID | Time | Latitude | Longitude | Depth/km | Author | Catalog | Contributor | "
        "ContributorID | MagType | Magnitude | MagAuthor | EventLocationName\n"
        '7|2001-02-03T04:05:06|1.5|2.5|3.5|ISC|ISC|ISC|7|mb|4.5|ISC|"quoted" place\n'
    )
    found = read_seismicity(path)
    assert (found.magnitude[0], found.depth_km[0], found.event_id[0]) == (4.5, 3.5, "7")


def test_short_rows_and_rows_without_magnitude_are_told(tmp_path: Path):
    path = tmp_path / "f.txt"
    path.write_text(FDSN + "15|2012-05-22\n16|2012-05-22T00:00:00|44|11|1||||||||place|\n")
    skipped: list[SkippedInput] = []
    assert len(read_seismicity(path, skipped=skipped)) == 3
    assert sorted(one.name.rsplit("line ", 1)[1] for one in skipped) == ["5", "6", "7"]
