"""What a series had shown by the time of a row, and nothing later."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.forecast.selection.series import PRIOR_ROWS, SeriesMeans, known_past
from mainshock.forecast.selection.user_table import prepare_table

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_table


def slow_past(table, gap: float):
    """Known past of each row, row by row."""
    last, total, count = [], [], []
    for i in range(len(table)):
        same = table.group == table.group[i]
        known = table.time <= table.time[i] - gap if gap > 0 else table.time < table.time[i]
        rows = np.flatnonzero(same & known)
        newest = rows[table.time[rows] == table.time[rows].max()] if len(rows) else rows
        last.append(table.target[newest].mean() if len(rows) else np.nan)
        total.append(table.target[rows].sum())
        count.append(len(rows))
    return np.array(last), np.array(total), np.array(count)


@pytest.mark.parametrize("gap", [0.0, 3.0, 4.5])
def test_the_known_past_is_that_of_a_plain_loop(rng, gap):
    n = 120
    frame = pd.DataFrame(
        {
            "t": np.sort(rng.integers(0, 40, n)).astype(float),
            "series": rng.choice(["a", "b", "c"], n),
            "x": rng.normal(size=n),
            "y": rng.integers(0, 9, n),
        }
    )
    table = prepare_table(frame, "y", time="t", group="series")
    found = known_past(table, gap)
    last, total, count = slow_past(table, gap)
    np.testing.assert_allclose(found.last[:, 0], last)
    np.testing.assert_allclose(found.total[:, 0], total)
    assert np.array_equal(found.count, count)


def test_editing_later_targets_changes_no_earlier_feature():
    frame = made_table(200)
    table = prepare_table(frame, "target_n_3d", group="cell")
    edited = prepare_table(
        frame.assign(target_n_3d=frame["target_n_3d"].where(frame.index < 300, 50)),
        "target_n_3d",
        group="cell",
    )
    rows = np.arange(300)
    before, after = (SeriesMeans.learnt(one, rows, 3.0)[1] for one in (table, edited))
    assert np.array_equal(before, after)


def test_means_are_drawn_towards_all_and_unknown_series_get_all():
    table = prepare_table(made_table(300), "target_n_3d", group="cell")
    rows = np.arange(600)
    made, _ = SeriesMeans.learnt(table, rows, 3.0)
    own = table.target[rows][table.group[rows] == 2]
    common = table.target[rows].mean()
    expected = (own.sum() + PRIOR_ROWS * common) / (len(own) + PRIOR_ROWS)
    found = made.columns(np.array(["west", "nowhere"]))[:, 0]
    np.testing.assert_allclose(np.exp(found), [expected, common])


def test_a_document_brings_the_same_means_back():
    table = prepare_table(made_table(100), "target_any_3d", group="cell")
    made, _ = SeriesMeans.learnt(table, np.arange(200), 3.0)
    back = SeriesMeans.from_document(json.loads(json.dumps(made.to_document())))
    names = np.array(["north", "south", "else"])
    assert np.array_equal(back.columns(names), made.columns(names))
    assert back.names() == ["past of cell"]
