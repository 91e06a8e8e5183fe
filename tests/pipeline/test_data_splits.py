"""No event, station, day or block is on two sides of a split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.pipeline.datasets.describe import describe_dataset
from mainshock.pipeline.datasets.opening import open_any
from mainshock.pipeline.datasets.splits import SplitSettings, split_dataset, split_items

SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}


def made_up(seed: int, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    event = rng.integers(0, 150, n)
    place = rng.uniform(-1.0, 1.0, (150, 2)) * (180.0, 85.0)
    return pd.DataFrame(
        {
            "id": [f"i{row}" for row in range(n)],
            "event": [f"e{one}" for one in event],
            "station": [f"XX.S{one}" for one in rng.integers(0, 40, n)],
            "time_s": 1e9 + 86_400.0 * event + rng.uniform(0.0, 60.0, n),
            "longitude": place[event, 0],
            "latitude": place[event, 1],
        }
    )


@given(seed=st.integers(0, 10_000), by=st.sampled_from(["event", "station", "time", "region"]))
@settings(max_examples=40)
def test_all_ids_are_in_one_split_and_nothing_that_must_not_is_in_two(seed, by):
    items = made_up(seed)
    split = split_items(items, SplitSettings(by, SHARES, seed), "items")
    ids = [one for part in split.ids.values() for one in part]
    left_out = [one for part in split.left_out.values() for one in part]
    assert sorted(ids + left_out) == sorted(items["id"])
    where = items["id"].map({one: name for name, part in split.ids.items() for one in part})
    column = "station" if by == "station" else "event"
    assert where.groupby(items[column]).nunique().max() == 1
    assert split.counts["train"]["items"] == len(split.ids["train"])
    for name, share in SHARES.items():
        assert len(split.ids[name]) / len(items) == pytest.approx(share, abs=0.06)


def test_blocks_of_time_are_in_order_and_apart():
    items = made_up(1)
    split = split_items(items, SplitSettings("time", SHARES, purge_gap_s=5 * 86_400.0), "items")
    time_s = items.set_index("id")["time_s"]
    train, dev, test = (time_s[list(split.ids[name])] for name in SHARES)
    assert dev.min() - train.max() >= 5 * 86_400.0 - 120.0  # an event counts by its first trace
    assert test.min() - dev.max() >= 5 * 86_400.0 - 120.0
    assert split.left_out["in the purge gap"]


def test_a_seed_gives_the_same_split_and_another_one_another():
    items = made_up(2)
    first, again, other = (
        split_items(
            items.sample(frac=1.0, random_state=row), SplitSettings("region", SHARES, seed), ""
        )
        for row, seed in enumerate((7, 7, 8))
    )
    assert set(first.ids["test"]) == set(again.ids["test"]) != set(other.ids["test"])


@pytest.mark.parametrize("by", ["event", "station", "time", "region"])
def test_real_labelled_traces(data_dir, by):
    opened = open_any(data_dir / "waveforms")
    split = split_dataset(opened, SplitSettings(by, SHARES))
    table = opened.labelled.metadata.set_index("trace_name")
    column = "station_code" if by == "station" else "source_id"
    sides = [set(table.loc[list(ids), column].dropna()) for ids in split.ids.values()]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert split.shared["station" if by == "station" else "event"] == 0
    n_out = sum(map(len, split.left_out.values()))
    assert sum(map(len, split.ids.values())) + n_out == len(table)


def test_a_catalogue_is_split_by_time_or_region_only(data_dir):
    opened = open_any(data_dir / "catalogs" / "italy_ingv_m21_train.parquet")
    split = split_dataset(opened, SplitSettings("time", SHARES))
    assert split.counts["test"]["items"] == pytest.approx(0.2 * 17_970, rel=0.01)
    with pytest.raises(SettingsError, match="--by time"):
        split_dataset(opened, SplitSettings("event", SHARES))


def test_files_of_records_are_split_by_station(data_dir):
    opened = open_any(data_dir / "continuous" / "iceland_dike_20140824")
    split = split_dataset(opened, SplitSettings("station", SHARES))
    assert split.counts["train"]["stations"] == 8
    assert split.counts["train"]["items"] == 24
    with pytest.raises(SettingsError, match="--by station"):
        split_dataset(opened, SplitSettings("region", SHARES))


def test_what_cannot_be_split_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"too few events and stations of noise \(1\)"):
        split_items(made_up(0).iloc[:1], SplitSettings("event", SHARES), "items")
    with pytest.raises(DataError, match="gets nothing"):
        split_items(made_up(0), SplitSettings("time", SHARES, purge_gap_s=1e8), "items")
    with pytest.raises(SettingsError, match="together 1"):
        split_items(made_up(0), SplitSettings("time", {"train": 0.5}), "items")
    with pytest.raises(SettingsError, match="together 1"):
        split_items(made_up(0), SplitSettings("event", {"train": 0.5}), "items")
    twice = pd.concat([made_up(0), made_up(0)])
    with pytest.raises(DataError, match="repeat"):
        split_items(twice, SplitSettings("event", SHARES), "items")
    with pytest.raises(NothingFoundError):
        split_dataset(open_any(tmp_path), SplitSettings("event", SHARES))


def test_descriptions_of_real_data(data_dir):
    labelled = describe_dataset(open_any(data_dir / "waveforms"))["labelled"]
    assert (labelled["n_traces"], labelled["rates_hz"]) == (1566, [100.0])
    assert labelled["categories"]["noise"] == 461
    records = describe_dataset(open_any(data_dir / "continuous" / "sthelens_20220206"))["records"]
    assert records["stations"] == ["PB.B204", "UW.SHW"]
    assert len(records["channels"]) == 6
    path = data_dir / "catalogs" / "global_gcmt_train.parquet"
    events = describe_dataset(open_any(path))["catalogue"]
    assert events["n_events"] == 47_001
    assert events["magnitude"]["max"] == pytest.approx(9.12, abs=0.01)
