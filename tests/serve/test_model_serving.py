"""The model in use is exchanged while packets come in: none is lost, none is picked twice."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_copies import copy_picker

from mainshock.serve.context import ServiceSettings
from mainshock.serve.monitor import Monitor, MonitorSettings
from mainshock.sources.live.base import SourceSettings
from mainshock.sources.live.replay import ReplaySource
from mainshock.sources.packets import Packet
from mainshock.stream.model_choice.settings import ModelSettings, PickerSpec, ShadowSettings
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.audit_log import AuditQuery, AuditStore
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parent))
from replay_demo import demo_parts, write_demo_archive

API = "/api/v1/models"
WAIT_S = 90.0


@dataclass
class GatedReplay:
    """A replay as fast as it goes that waits at gates, after shares of its packets."""

    inner: ReplaySource
    gates: tuple[float, ...] = ()
    is_live: bool = False
    is_synthetic: bool = False
    given: int = 0
    reached: list[threading.Event] = field(default_factory=list)
    open: list[threading.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reached = [threading.Event() for _ in self.gates]
        self.open = [threading.Event() for _ in self.gates]

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def label(self) -> str:
        return self.inner.label

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        every = list(self.inner.packets(stop))
        holds = {round(share * len(every)): number for number, share in enumerate(self.gates)}
        for count, packet in enumerate(every):
            if count in holds:
                self.reached[holds[count]].set()
                assert self.open[holds[count]].wait(WAIT_S)
            self.given += 1
            yield packet


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "sds"
    write_demo_archive(root)
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Iterator[Path]:
    """A model store with copies of the packaged picker."""
    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAINSHOCK_MODELS", str(root))
        copy_picker(root, "twin")
        copy_picker(root, "half-rate", sampling_rate_hz=50.0)
        copy_picker(root, "broken", zooms=["no number"])
        copy_picker(root, "slow", zooms=[1] * 400)
        yield root


@pytest.fixture
def monitoring(archive, models, found, tmp_path) -> Callable[..., Any]:
    """A context of a monitor that replays the demonstration, with its source and a client."""
    from mainshock.sources.stations import StationList

    @contextmanager
    def make(folder: str = "run", gates: tuple[float, ...] = (), **settings: object):
        source = GatedReplay(ReplaySource(archive, SourceSettings(speed=0.0)), gates)
        parts = demo_parts(StationList(found.stations))
        made = Monitor(
            MonitorSettings(
                RunFolder(tmp_path / folder),
                ServiceSettings(port=0),
                seedlink_port=None,
                models=ModelSettings(**settings) if settings else None,
            ),
            source,
            parts.picker,
            parts.location,
        )
        made.start(lambda _: None)
        try:
            with httpx.Client(base_url=made.service.url, timeout=60.0) as client:
                yield made, source, client
        finally:
            for gate in source.open:
                gate.set()
            made.stop()

    return make


def ended(made: Monitor) -> None:
    stop = threading.Event()
    timer = threading.Timer(WAIT_S, stop.set)
    timer.start()
    try:
        assert made.wait_for_end(stop)
    finally:
        timer.cancel()


def all_picked(made: Monitor) -> None:
    """Wait until the picking stage has read all that there is."""
    bus = made.run._bus
    for _ in range(int(WAIT_S / 0.02)):
        if made.run.feed.n_waiting == 0 and bus.backlog("picking", ["waveform.v1"]) == 0:
            time.sleep(0.5)
            if made.run.feed.n_waiting == 0 and bus.backlog("picking", ["waveform.v1"]) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("records wait for ever")


def facts(store: LiveStore) -> set[tuple[object, ...]]:
    """What is known of each pick that stayed, but for who made it."""
    return {
        (one.pick.station_code, one.pick.phase, one.pick.time, round(one.pick.probability, 6))
        for one in store.picks(limit=None)
    }


def picked(client: httpx.Client) -> float:
    """Records that the picking stage took."""
    lines = client.get("/metrics").text.splitlines()
    named = 'mainshock_stage_messages_total{stage="picking"} '
    return float(next(one for one in lines if one.startswith(named)).removeprefix(named))


def post(client: httpx.Client, path: str, **body: object) -> httpx.Response:
    return client.post(f"{API}/{path}", json=body)


@pytest.fixture(scope="module")
def undisturbed(archive, models, found, tmp_path_factory) -> set[tuple[object, ...]]:
    """The picks of a run with one model."""
    from mainshock.sources.stations import StationList

    folder = RunFolder(tmp_path_factory.mktemp("undisturbed"))
    parts = demo_parts(StationList(found.stations))
    settings = MonitorSettings(folder, ServiceSettings(port=0), seedlink_port=None)
    source = ReplaySource(archive, SourceSettings(speed=0.0))
    made = Monitor(settings, source, parts.picker, parts.location)
    made.start(lambda _: None)
    try:
        ended(made)
        assert {one.pick.model for one in made.run.store.picks(limit=None)} == {"phasenet"}
        return facts(made.run.store)
    finally:
        made.stop()


def test_promoted_and_rolled_back_while_packets_come(monitoring, undisturbed):
    with monitoring(gates=(0.4, 0.85)) as (made, source, client):
        for gate, (path, name) in enumerate((("twin/promote", "twin"), ("rollback", "phasenet"))):
            assert source.reached[gate].wait(WAIT_S)
            all_picked(made)
            answer = post(client, path)
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]["in_use"]["name"] == name
            source.open[gate].set()
        ended(made)
        picks = made.run.store.picks(limit=None)
        assert facts(made.run.store) == undisturbed
        models = {code: [] for code in {one.pick.station_code for one in picks}}
        for one in picks:
            models[one.pick.station_code].append(one.pick.model)
        orders = [
            [a for a, b in zip(names, [*names[1:], ""], strict=True) if a != b]
            for names in models.values()
        ]
        assert ["phasenet", "twin", "phasenet"] in orders
        # no station goes back and forth
        assert all("/".join(one) in "phasenet/twin/phasenet" for one in orders)
        counts = {one.trace_id: one.counts for one in made.run.store.health()}
        judged = sum(sum(one.values()) for one in counts.values())
        assert source.given == judged == picked(client)
        events = made.run.store.events()
        assert any("twin" in one.models["picker"] for one in events)
        rows = AuditStore(made.run.store.database).rows(AuditQuery())
        told = [(one.actor, one.action, one.target, one.detail) for one in reversed(rows)]
        by_hand = [one for one in told if one[1] in ("models.promote", "models.rollback")]
        assert by_hand == [
            ("local", "models.promote", "twin", "from phasenet 2.0 to twin 9.1"),
            ("local", "models.rollback", "phasenet", "from twin 9.1 to phasenet 2.0"),
        ]
        assert [one[2] for one in told if one[1] == "models.use"] == ["twin", "phasenet"]


def test_the_model_that_was_promoted_is_in_use_after_a_restart(monitoring):
    with monitoring(gates=(0.1,)) as (_, _, client):
        assert post(client, "twin/promote").status_code == 200
    with monitoring() as (made, _, client):
        told = client.get(f"{API}/serving").json()["data"]["in_use"]
        assert (told["name"], told["by"], told["previous"]["model"]) == (
            "twin",
            "local",
            "phasenet",
        )
        ended(made)
        assert {one.pick.model for one in made.run.store.picks(limit=None)} == {"twin"}
        cards = client.get(f"{API}/cards").json()
        assert cards["meta"] == {
            "picker": "twin",
            "can_promote": True,
            "promote_problem": "",
            "promote_problem_told": [],
        }
        assert [one["name"] for one in cards["data"] if one["is_in_use"]] == ["twin"]
        assert 'name="twin",role="picker"' in client.get("/metrics").text
        assert post(client, "rollback").status_code == 200
    with monitoring() as (_, _, client):
        told = client.get(f"{API}/serving").json()["data"]["in_use"]
        assert (told["name"], told["action"]) == ("phasenet", "rollback")
        assert post(client, "twin/promote").status_code == 200
    # settings that name another model later count more
    with monitoring(in_use=PickerSpec(model="default")) as (_, _, client):
        assert client.get(f"{API}/serving").json()["data"]["in_use"]["name"] == "phasenet"


def test_what_cannot_be_changes_nothing(monitoring):
    with monitoring(gates=(0.05,)) as (made, _, client):
        for path, body, status, told in (
            ("nowhere/promote", {}, 404, "no picker is called 'nowhere'"),
            ("efficiency/promote", {}, 404, "not a picker"),
            ("phasenet/promote", {}, 409, "in use already"),
            ("half-rate/promote", {}, 409, "50 samples a second"),
            ("broken/promote", {}, 409, "fails over a record of noise"),
            ("rollback", {}, 409, "no model was promoted"),
            ("twin/promote", {"instead_of": "another"}, 409, "phasenet is in use, not another"),
            ("twin/promote", {"unknown": 1}, 400, "unknown"),
        ):
            answer = post(client, path, **body)
            assert answer.status_code == status, path
            assert told in answer.json()["error"]["message"]
        assert made.run.picker.name == "phasenet"
        now = client.get(f"{API}/serving").json()["data"]["in_use"]
        assert (now["name"], now["previous"], now["since"]) == ("phasenet", None, None)


def test_a_second_promotion_at_once_is_refused(monitoring):
    with monitoring(gates=(0.05,)) as (made, _, client):
        held, go = threading.Event(), threading.Event()
        between = made.run.serving.desk._between

        def slowly(action: Callable[[], None]) -> None:
            held.set()
            assert go.wait(WAIT_S)
            between(action)

        made.run.serving.desk._between = slowly
        answers = []
        first = threading.Thread(target=lambda: answers.append(post(client, "twin/promote")))
        first.start()
        assert held.wait(WAIT_S)
        with httpx.Client(base_url=made.service.url, timeout=60.0) as other:
            assert post(other, "slow/promote").status_code == 409
        go.set()
        first.join(WAIT_S)
        assert [one.status_code for one in answers] == [200]
        assert made.run.picker.name == "twin"


def wait_for(client: httpx.Client, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What is told of the shadow once it is as wanted."""
    for _ in range(int(WAIT_S / 0.2)):
        told = client.get(f"{API}/serving").json()["data"]["shadow"]
        if wanted(told):
            return told
        time.sleep(0.2)
    raise AssertionError(told)


def test_a_shadow_is_compared_and_kept_apart(monitoring, undisturbed):
    shadow = ShadowSettings(model="twin")
    with monitoring(in_use=PickerSpec(model="default"), shadow=shadow, gates=(0.0,)) as (
        made,
        source,
        client,
    ):
        wait_for(client, lambda told: told["state"] == "running")
        source.open[0].set()
        ended(made)
        told = wait_for(client, lambda told: told["waiting"] == 0 and told["seen"] == source.given)
        assert facts(made.run.store) == undisturbed
        assert {one.pick.model for one in made.run.store.picks(limit=None)} == {"phasenet"}
        own = client.get(f"{API}/shadow/picks").json()["data"]
        assert {one["model"] for one in own} == {"twin"}
        for phase in ("P", "S"):
            one = told["phases"][phase]
            assert one["agreement"] == 1.0
            assert one["n_both"] > 0
            assert one["residual_mean_s"] == one["residual_sd_s"] == 0.0
        assert told["shed"] == told["failures"] == 0
        text = client.get("/metrics").text
        assert 'mainshock_shadow_agreement{phase="P"} 1.0' in text
        # once it is promoted, the former model runs beside it
        assert post(client, "twin/promote").status_code == 200
        assert wait_for(client, lambda told: told["name"] == "phasenet")["start"] is None


@pytest.mark.slow
@pytest.mark.parametrize("model", ["broken", "slow", "nowhere"])
def test_a_shadow_that_fails_or_is_slow_does_not_matter(monitoring, undisturbed, model):
    shadow = ShadowSettings(model=model, most_waiting=100)
    with monitoring(in_use=PickerSpec(model="default"), shadow=shadow) as (made, _, client):
        ended(made)
        assert facts(made.run.store) == undisturbed
        told = wait_for(client, lambda told: bool(told["problem"]) or model == "slow")
        assert told["waiting"] <= 100
        assert told["shed"] > 0
        assert f"mainshock_shadow_shed_packets_total {float(told['shed'])}" in (
            client.get("/metrics").text
        )
        assert client.get("/readyz").status_code == 200
