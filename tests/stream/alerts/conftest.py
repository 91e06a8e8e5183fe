"""Events, requests and settings that the alert tests are made from."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.documents import from_document
from mainshock.core.records import Arrival, CredibleRegion, Event, Magnitude, Origin, Pick
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.stream.alerts.base import AlertRequest
from mainshock.stream.alerts.config import AlertSettings, Rule
from mainshock.stream.alerts.json_lines import FileSettings
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.messages import event_message
from mainshock.stream.records import EventVersion

ORIGIN_TIME = parse_utc("2024-05-17T10:00:00Z")
STATIONS = ("AQU", "BEL", "CAM", "DOR", "EST", "FIR", "GRA", "HOR")


def _pick(station):
    time = ORIGIN_TIME + timedelta(seconds=5)
    return Pick("XX", station, "", "P", time, 0.9, 0.1, "test")


@pytest.fixture(scope="session")
def make_version():
    """Returns a function that makes one version of an event."""

    def make(
        version=1,
        kind="new",
        status="preliminary",
        longitude=24.2,
        latitude=35.1,
        depth_km=10.0,
        magnitude=4.5,
        magnitude_sd=0.3,
        quality="B",
        n_stations=6,
        event_id="ms20240517",
        regions=(),
        **more,
    ):
        origin = Origin(
            ORIGIN_TIME, longitude, latitude, depth_km, 0.4, 2.0, 1.5, 3.0,
            np.diag([4.0, 2.25, 9.0]), "test", regions,
        )  # fmt: skip
        event = Event(
            event_id,
            origin,
            tuple(Arrival(_pick(name), 30.0, 10.0, 0.1) for name in STATIONS[:n_stations]),
            None if magnitude is None else Magnitude(magnitude, "ML", magnitude_sd, n_stations),
            quality,
        )
        issued = ORIGIN_TIME + timedelta(seconds=20 + version)
        models = {"picker": "phasenet", "velocity": "iasp91"}
        return EventVersion(event_id, version, kind, status, event, issued, models=models, **more)

    return make


@pytest.fixture(scope="session")
def square_region():
    """A 95 % region whose corners lie about 0.1 degrees from 24.2, 35.1."""
    ring = np.array([[24.1, 35.1], [24.2, 35.2], [24.3, 35.1], [24.2, 35.0], [24.1, 35.1]])
    return (CredibleRegion(0.95, 200.0, ((ring,),)),)


@pytest.fixture(scope="session")
def arrives():
    """Returns a function that gives the message of a version some seconds after its origin."""

    def message(version, after_s=20.0):
        arrival_ns = round((to_posix_s(version.event.origin.time) + after_s) * 1e9)
        return event_message(version, arrival_ns, "trace-1")

    return message


@pytest.fixture(scope="session")
def settings_of():
    """Returns a function that gives settings with rules as dictionaries, and file channels."""

    def make(*rules, names=("one", "two"), **channel):
        return AlertSettings(
            tuple(Rule.model_validate(rule) for rule in rules),
            {name: FileSettings(path="unused", **channel) for name in names},
            "https://example.org/#/events/{event_id}",
        )

    return make


@pytest.fixture(scope="session")
def read_request():
    """Returns a function that reads the request out of a message of ``alert.v1``."""
    import json

    return lambda message: from_document(AlertRequest, json.loads(message.value))


@pytest.fixture(scope="session")
def make_request(make_version, arrives, settings_of, read_request):
    """Returns a function that gives the request for a version, as the stage makes it."""

    def make(*versions, is_replay=False, **changes):
        settings = settings_of({"name": "all", "channels": ["one"], "update": {"moved_km": 0.0}})
        stage = AlertStage(settings, is_replay)
        told = versions or (make_version(),)
        _, made = stage.step(stage.start(), [arrives(one) for one in told])
        return replace(read_request(made[-1]), **changes)

    return make
