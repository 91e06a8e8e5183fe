import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from mainshock.serve.run import ServiceThread

sys.path.insert(0, str(Path(__file__).parent))
from case_archive import write_records


@pytest.fixture(scope="module")
def asked(tmp_path_factory, make_context, found):
    root = tmp_path_factory.mktemp("explained")
    write_records(root, found)
    with (
        ServiceThread(make_context(archive=root)) as service,
        httpx.Client(base_url=service.url, timeout=120.0) as client,
    ):
        yield client


def explained(asked, arrival, **others):
    pick = arrival.pick
    query = {"station": pick.station_code, "phase": pick.phase, **others}
    return asked.get(f"/api/v1/events/{pick.event_id}/explanation", params=query)


@pytest.mark.parametrize("phase", ["P", "S"])
def test_integrated_gradients_share_what_the_network_says_within_two_per_cent(asked, found, phase):
    pytest.importorskip("torch")
    arrival = next(one for one in found.events[0].arrivals if one.pick.phase == phase)
    told = explained(asked, arrival).json()["data"]
    assert told["method"] == "integrated_gradients"
    total = sum(sum(one["relevance"]) for one in told["components"])
    difference = told["probability"] - told["baseline_probability"]
    assert total == pytest.approx(told["relevance_sum"], rel=1e-6)
    assert abs(total - difference) <= 0.02 * abs(difference)
    assert told["is_complete"]
    assert [one["component"] for one in told["components"]] == ["Z", "N", "E"]


def test_occlusion_needs_no_gradients_and_finds_the_onset(asked, found):
    arrival = max(found.events[0].arrivals, key=lambda one: one.pick.probability)
    told = explained(asked, arrival, method="occlusion").json()["data"]
    assert told["method"] == "occlusion"
    assert told["relative_error"] is None
    assert not told["is_complete"]
    relevance = np.array([one["relevance"] for one in told["components"]])
    assert relevance.shape[0] == 3
    start = np.datetime64(told["start"].rstrip("Z"))
    onset_s = (np.datetime64(told["time"].rstrip("Z")) - start) / np.timedelta64(1, "s")
    largest_s = np.abs(relevance).sum(axis=0).argmax() * told["bin_s"]
    assert abs(largest_s - onset_s) < 3.0


def test_what_is_asked_again_is_answered_alike(asked, found):
    arrival = found.events[0].arrivals[0]
    first, again = (explained(asked, arrival, method="occlusion") for _ in range(2))
    assert first.content == again.content


def test_what_cannot_be_explained_is_told(asked, found):
    event = found.events[0]
    path = f"/api/v1/events/{event.event_id}/explanation"
    missing = asked.get(path, params={"station": "XX.NONE", "phase": "P"})
    assert missing.status_code == 404
    assert asked.get(path, params={"station": "XX.NONE"}).status_code == 400
    unknown = asked.get(
        "/api/v1/events/nothing/explanation", params={"station": "XX.NONE", "phase": "P"}
    )
    assert unknown.status_code == 404
