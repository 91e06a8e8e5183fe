"""CSV of CSEP."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import CSEP


def test_a_catalogue_reads_as_pycsep_reads_it(tmp_path: Path):
    path = tmp_path / "catalogue.csv"
    path.write_text(CSEP)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        import csep
    theirs = csep.load_catalog(str(path), type="csep-csv")
    found = read_seismicity(path)
    assert np.allclose(found.time_days * 86_400_000.0, theirs.get_epoch_times(), atol=1e-2)
    assert np.allclose(found.magnitude, theirs.get_magnitudes())
    assert np.allclose(found.depth_km, theirs.get_depths())


def test_the_header_may_be_absent_and_an_empty_catalogue_is_empty(tmp_path: Path):
    path = tmp_path / "catalogue.csv"
    path.write_text(CSEP.split("\n", 1)[1])
    assert list(read_seismicity(path).event_id) == ["a", "b", "c"]
    path.write_text(CSEP.split("\n", 1)[0] + "\n,,,,,0,\n")
    assert len(read_seismicity(path)) == 0


def test_a_forecast_of_many_catalogues_is_no_catalogue(tmp_path: Path):
    path = tmp_path / "forecast.csv"
    path.write_text(CSEP.replace(",0,c", ",7,c"))
    with pytest.raises(DataError, match="2 catalogues"):
        read_seismicity(path)
