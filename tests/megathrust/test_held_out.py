"""Held-out assessments know nothing of the segments that they are about."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.megathrust.held_out import assess_held_out


@pytest.fixture
def table() -> pd.DataFrame:
    """Made-up segments: one feature is noise, so that only a leak could tell the classes."""
    rng = np.random.default_rng(4)
    regions = [f"mad{number}" for number in range(3)]
    frames = []
    for region in regions:
        runs = np.repeat(rng.permutation([8.5, 6.0, 8.2, 7.0, 8.8, 6.5, 8.1, 7.2]), 5)
        index = np.arange(runs.size)
        noise = rng.normal(size=runs.size)
        frame = {"region": region, "index": index, "s_km": 50.0 * (index + 0.5), "NOISE": noise}
        frames.append(pd.DataFrame(frame | {"m_max": runs}))
    return pd.concat(frames, ignore_index=True)


def test_each_segment_is_assessed_once_and_not_by_heart(table):
    found = assess_held_out(table, "logistic", 0)
    pd.testing.assert_frame_equal(found[["region", "index"]], table[["region", "index"]])
    great = (table["m_max"] >= 8.0).to_numpy()
    agreement = float(np.mean(found["class"].to_numpy() == great))
    assert 0.2 < agreement < 0.8


def test_no_label_of_a_held_out_block_or_its_ruptures_matters(table):
    """What a block's own labels are changes nothing of what is said of the block."""
    before = assess_held_out(table, "logistic", 0)
    changed = table.copy()
    first = (table["region"] == "mad0") & (table["index"] < 5)  # one rupture inside one block
    changed.loc[first, "m_max"] = np.where(table.loc[first, "m_max"] >= 8.0, 6.1, 8.4)
    after = assess_held_out(changed, "logistic", 0)
    np.testing.assert_allclose(after.loc[first, "probability"], before.loc[first, "probability"])
    assert not np.allclose(after["probability"], before["probability"])


def test_tables_that_cannot_be_held_out_are_refused(table):
    with pytest.raises(DataError, match="no MR_GCMT"):
        assess_held_out(table.drop(columns="m_max"), "logistic", 0)
    with pytest.raises(DataError, match="5 segments are too few"):
        assess_held_out(table.head(5), "logistic", 0)
