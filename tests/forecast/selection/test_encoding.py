"""Columns become numbers by what the training held, and by nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.selection.encoding import TableEncoding


def rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


TRAINING = rows(
    depth=[5.0, np.nan, 15.0, 10.0],
    style=["thrust", "normal", "thrust", None],
    is_onshore=[True, False, True, True],
)


def test_missing_numbers_become_the_median_and_say_so():
    encoding = TableEncoding.learnt(TRAINING)
    assert encoding.names()[:2] == ["depth", "depth missing"]
    made = encoding.matrix(rows(depth=[np.nan, 1.0], style=["x", "normal"], is_onshore=[0, 1]))
    assert made[:, :2].tolist() == [[10.0, 1.0], [1.0, 0.0]]
    assert np.isfinite(made).all()


def test_texts_get_columns_by_frequency_and_unknown_ones_zeros():
    encoding = TableEncoding.learnt(TRAINING)
    assert encoding.names()[2:4] == ["style=thrust", "style=normal"]
    given = rows(depth=[1.0, 1.0, 1.0], style=["normal", "unheard", None], is_onshore=[1, 1, 1])
    assert encoding.matrix(given)[:, 2:4].tolist() == [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_rows_unlike_the_training_are_counted():
    encoding = TableEncoding.learnt(TRAINING)
    given = rows(
        depth=[10.0, 99.0, np.nan], style=["thrust", "unheard", None], is_onshore=[1, 1, 0]
    )
    assert encoding.n_outside(given).tolist() == [0, 2, 0]


def test_a_document_brings_the_same_encoding_back():
    encoding = TableEncoding.learnt(TRAINING)
    back = TableEncoding.from_document(json.loads(json.dumps(encoding.to_document())))
    assert back == encoding


def test_a_missing_column_and_a_text_among_numbers_are_told():
    encoding = TableEncoding.learnt(TRAINING)
    with pytest.raises(DataError, match="no column style"):
        encoding.matrix(rows(depth=[1.0], is_onshore=[1]))
    with pytest.raises(DataError, match="no number"):
        encoding.matrix(rows(depth=["deep"], style=["thrust"], is_onshore=[1]))


def test_a_column_without_any_number_does_no_harm():
    encoding = TableEncoding.learnt(rows(a=[np.nan, np.nan], b=[1.0, 2.0]))
    made = encoding.matrix(rows(a=[np.nan, 3.0], b=[1.0, 2.0]))
    assert made[:, 0].tolist() == [0.0, 3.0]
