"""What a person says of an event reaches those who were alerted, by a real webhook."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from mainshock.serve.context import ServiceSettings
from mainshock.serve.monitor import Monitor, MonitorSettings
from mainshock.sources.live.base import SourceSettings
from mainshock.sources.live.replay import ReplaySource
from mainshock.sources.stations import StationList
from mainshock.stream.alerts.config import AlertSettings, Rule
from mainshock.stream.alerts.webhook import WebhookSettings
from mainshock.stream.run_folder import RunFolder

sys.path.insert(0, str(Path(__file__).parent))
from replay_demo import demo_parts, write_demo_archive

REVIEWER = Path(__file__).parents[1] / "stream" / "review_and_end.py"
WAIT_S = 90.0
RULE = {"name": "all", "channels": ["hook"], "stale_after_s": 1e6}


@pytest.fixture
def hook() -> Iterator[ThreadingHTTPServer]:
    """A web service that keeps what is posted to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.came.append(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.came = []
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.shutdown()
    thread.join()
    service.server_close()


@pytest.fixture
def monitor(hook, found, tmp_path) -> Iterator[Monitor]:
    """A monitor that has found and alerted what there is in the demonstration."""
    write_demo_archive(tmp_path / "sds")
    parts = demo_parts(StationList(found.stations))
    url = f"http://127.0.0.1:{hook.server_port}/in"
    settings = {"kind": "webhook", "url": url, "allow_private": True}
    made = Monitor(
        MonitorSettings(RunFolder(tmp_path / "run"), ServiceSettings(port=0), seedlink_port=None),
        ReplaySource(tmp_path / "sds", SourceSettings(speed=0.0)),
        parts.picker,
        parts.location,
        AlertSettings(
            (Rule.model_validate(RULE),), {"hook": WebhookSettings.model_validate(settings)}
        ),
    )
    made.start(lambda _: None)
    yield made
    made.stop()


def until(holds, limit_s: float = WAIT_S):
    """Return what a function gives as soon as it is something."""
    end = time.monotonic() + limit_s
    while not (given := holds()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return given


def of(hook, event_id: str) -> list[str]:
    return [one["kind"] for one in hook.came if one["event_id"] == event_id]


def test_a_rejected_event_is_taken_back_where_it_was_alerted(monitor, hook):
    event_id = until(lambda: hook.came)[0]["event_id"]
    until(lambda: monitor.run.feed.wait(0.1))
    with httpx.Client(base_url=monitor.service.url, timeout=60.0) as client:
        path = f"/api/v1/events/{event_id}"

        def review(**sent) -> dict:
            def said() -> dict | None:  # once more where a newer version has come meanwhile
                told = client.get(path)
                if told.status_code != 200:
                    return None  # alerted, and not yet in the store
                body = {"author": "Ada", "base_version": told.json()["data"]["version"], **sent}
                answer = client.post(f"{path}/review", json=body)
                return answer.json()["data"] if answer.status_code == 200 else None

            return until(said)

        made = review(action="reject", comment="a quarry blast")
        until(lambda: "cancel" in of(hook, event_id))
        cancel = next(one for one in hook.came if one["kind"] == "cancel")
        assert cancel["reason"] == "rejected: a quarry blast"
        assert cancel["version"] >= made["version"]
        restored = review(action="restore", restored_version=made["version"] - 1)
        until(lambda: of(hook, event_id)[-1] == "new")
        assert hook.came[-1]["version"] >= restored["version"]
        assert hook.came[-1]["status"] == "reviewed"

        def alerts() -> list[str]:
            kept = client.get(f"{path}/alerts").json()["data"]
            return [one["kind"] for one in kept if one["status"] == "sent"]

        assert until(lambda: len(alerts()) == len(of(hook, event_id)))
        assert client.get(path).json()["data"]["status"] == "reviewed"
        store = monitor.settings.folder.store
        other = subprocess.run([sys.executable, REVIEWER, "save", store, event_id], check=False)
        assert other.returncode == -signal.SIGKILL  # it kept a review, and told nobody
        until(lambda: of(hook, event_id)[-1] == "cancel")
        assert of(hook, event_id).count("cancel") == 2
