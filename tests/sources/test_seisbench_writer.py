"""The writer of data sets leaves a folder as it was when it fails, whatever fails."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.seisbench_writer import SeisBenchWriter

WINDOW = np.ones((3, 50), dtype=np.float32)


def write(folder):
    with SeisBenchWriter(folder, 100.0) as writer:
        writer.add(WINDOW, {"trace_category": "noise"})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("owner", "method"), [(SeisBenchWriter, "_flush"), (pd.DataFrame, "to_csv")]
)
@pytest.mark.parametrize(
    ("error", "told"), [(OSError("disk full"), SourceError), (RuntimeError("hdf5"), RuntimeError)]
)
def test_failure_at_the_end_leaves_nothing_behind(
    tmp_path, monkeypatch, owner, method, error, told
):
    def fail(*_args, **_options):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(owner, method, fail)
        with pytest.raises(told):
            write(tmp_path)
    assert names(tmp_path) == []
    write(tmp_path)
    before = (tmp_path / "waveforms.hdf5").read_bytes()
    monkeypatch.setattr(owner, method, fail)
    with pytest.raises(told):
        write(tmp_path)
    assert names(tmp_path) == ["metadata.csv", "waveforms.hdf5"]
    assert (tmp_path / "waveforms.hdf5").read_bytes() == before


def test_failure_inside_the_block_leaves_nothing_behind(tmp_path):
    with pytest.raises(DataError), SeisBenchWriter(tmp_path, 100.0) as writer:
        writer.add(np.full((3, 50), np.nan), {})
    assert names(tmp_path) == []
