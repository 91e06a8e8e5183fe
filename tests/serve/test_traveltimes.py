"""Travel times for wavefronts: those of the models that locate."""

import numpy as np
import pytest

from mainshock.locate.registry import open_velocity_model


@pytest.mark.parametrize("name", ["constant:6,3.5", "iasp91"])
def test_times_are_those_of_the_model(client, name):
    answer = client.get("/api/v1/traveltimes", params={"depth_km": 10.2, "model": name})
    data = answer.json()["data"]
    assert answer.status_code == 200
    assert (data["model"], data["depth_km"]) == (name, 10.0)
    distance = np.array(data["distance_km"])
    assert distance[0] == 0.0
    assert distance[-1] == 1000.0
    for phase in ("P", "S"):
        wanted = open_velocity_model(name).travel_time_s(phase, distance, 10.0, 0.0)
        np.testing.assert_allclose(data[f"{phase.lower()}_s"], wanted, atol=1e-3)
        assert (np.diff(data[f"{phase.lower()}_s"]) >= 0).all()


@pytest.mark.parametrize(
    "query",
    [
        {"depth_km": 10, "model": "/etc/hostname"},
        {"depth_km": 10, "model": "constant:6"},
        {"depth_km": 10, "model": "constant:3,6"},
        {"depth_km": 1e9},
        {"model": "iasp91"},
        {"depth_km": 10, "phase": "P"},
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(client, query):
    answer = client.get("/api/v1/traveltimes", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
