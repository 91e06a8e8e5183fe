"""CGM-GM's tables: written by the description of the published code, read back, and turned."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.shaking.cgm_gm_files import (
    CGM_GM_COLUMNS,
    cgm_gm_table,
    read_cgm_gm,
    records_of_cgm_gm,
    write_cgm_gm,
)

sys.path.insert(0, str(Path(__file__).parent))
from made_records import labelled, several


def test_a_table_comes_back_as_it_was(tmp_path):
    table = cgm_gm_table(several(), "N")
    path = tmp_path / "Time_Series_Data_v5_NS.csv"
    write_cgm_gm(path, table)
    back = read_cgm_gm(path)
    np.testing.assert_array_equal(back.velocity_m_s, table.velocity_m_s)
    assert back.velocity_m_s.shape == (4, 7000)
    assert back.metadata["event_id"].tolist() == ["1", "2", "3", "4"]
    for name in CGM_GM_COLUMNS[1:]:
        np.testing.assert_array_equal(back.metadata[name], table.metadata[name].astype(float))
    with path.open() as stream:
        cells = stream.readline().split(",")
    assert len(cells) == 14 + 7000
    assert cells[:8] == ["1", "37.5", "-122.0", "37.6", "-122.1", "8.0", "4.0", "100.0"]
    assert [float(one) for one in cells[8:13]] == [7000.0, 0.01, 2.0, 15.0, 3501.0]
    assert float(cells[13]) == pytest.approx(np.hypot(14.2, 8.0), abs=0.1)


def test_a_table_gives_the_acceleration_it_was_made_of(tmp_path):
    tables = {one: cgm_gm_table(several(2), one) for one in "ENZ"}
    for number, made in enumerate(records_of_cgm_gm(tables)):
        given = labelled(number).record.acceleration
        assert made.record.acceleration.shape == (3, 7000)
        inside = slice(200, 3800)  # away from where zeros were added
        spectra = [np.abs(np.fft.rfft(one[:, inside])) for one in (made.record.acceleration, given)]
        band = slice(72, 540)  # 2 to 15 Hz
        ratio = spectra[0][:, band].sum(axis=1) / spectra[1][:, band].sum(axis=1)
        np.testing.assert_allclose(ratio, 1.0, atol=0.05)
        assert made.row["event_id"] == str(number + 1)
        assert made.row["magnitude"] == pytest.approx(4.0 + 0.1 * number)


def test_ids_that_are_no_numbers_are_counted(tmp_path):
    named = [labelled(0, event_id="nc7"), labelled(1, event_id="nc5"), labelled(2, event_id="nc7")]
    table = cgm_gm_table(named)
    assert table.metadata["event_id"].tolist() == ["2", "1", "2"]
    assert table.scenarios().magnitude.tolist() == pytest.approx([4.0, 4.1, 4.2])
    table.metadata["event_id"] = "nc7"
    with pytest.raises(DataError, match="is not a number"):
        write_cgm_gm(tmp_path / "a.csv", table)


def test_what_is_no_such_table_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(SourceError):
        read_cgm_gm(path)
    path.write_text("1,2,3\n")
    with pytest.raises(DataError, match="has 3 columns"):
        read_cgm_gm(path)
    path.write_text(",".join(["name"] * 20) + "\n" + ",".join(["1"] * 20) + "\n")
    with pytest.raises(DataError, match="no header"):
        read_cgm_gm(path)
    path.write_text(",".join(["1"] * 20) + "\n" + ",".join(["1"] * 17) + "\n")
    with pytest.raises(DataError, match="row 2: a number is missing"):
        read_cgm_gm(path)
    with pytest.raises(DataError, match="component is 'X'"):
        cgm_gm_table(several(), "X")
    with pytest.raises(NothingFoundError):
        cgm_gm_table([])
    first, second = cgm_gm_table(several(2)), cgm_gm_table(several(3))
    with pytest.raises(DataError, match="unlike rows"):
        list(records_of_cgm_gm({"E": first, "N": second}))
