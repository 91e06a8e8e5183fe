"""How a monitor ends; where its SeedLink server listens, who may read, and how much it keeps."""

import threading
from types import SimpleNamespace

import pytest

from mainshock.core.errors import SettingsError
from mainshock.serve.context import ServiceSettings
from mainshock.serve.monitor import Monitor, MonitorSettings
from mainshock.stream.run_folder import RunFolder

TOKEN = "correct-horse-battery-staple"  # of a test alone


@pytest.fixture
def settings(tmp_path):
    def make(token=None, **others):
        return MonitorSettings(
            RunFolder(tmp_path), ServiceSettings("0.0.0.0", token=token), **others
        )

    return make


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_everybody_may_read_whatever_the_page_asks_for(settings, host):
    served = settings(TOKEN, seedlink_host=host).seedlink()
    assert (served.host, served.token) == (host, None)


def test_by_default_it_listens_on_loopback_wherever_the_page_does(settings):
    served = settings(TOKEN).seedlink()
    assert (served.host, served.port, served.token) == ("127.0.0.1", 18000, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_elsewhere_clients_must_show_the_token(settings, host):
    assert settings(TOKEN, seedlink_host=host).seedlink().token == TOKEN
    with pytest.raises(SettingsError, match="--token-file"):
        settings(seedlink_host=host).seedlink()
    assert settings(seedlink_host=host, seedlink_port=None).seedlink() is None


def test_the_ring_is_as_large_as_stated(settings):
    assert settings().seedlink().ring_bytes == 64_000_000
    assert settings(seedlink_ring_mb=1.5).seedlink().ring_bytes == 1_500_000


def test_told_to_stop_it_does_not_wait_until_all_is_worked_on():
    stop = threading.Event()

    def finish(told):
        stop.set()  # as a signal does meanwhile
        assert told.wait(30)

    feed = SimpleNamespace(wait=lambda _: True, error=None)
    run = SimpleNamespace(feed=feed, finish=finish, problem="")
    assert Monitor.wait_for_end(SimpleNamespace(run=run), stop) is False


def test_a_port_of_seedlink_that_is_taken_is_told_with_its_option():
    def taken():
        raise SettingsError("SeedLink server cannot listen; choose another port")

    said = []
    service = SimpleNamespace(start=lambda: None)
    made = SimpleNamespace(
        service=service, run=service, seedlink=SimpleNamespace(start=taken), _state="starting"
    )
    Monitor.start(made, said.append)
    assert made.seedlink is None
    assert said[0].endswith("choose another port by --seedlink-port, or -1 for none")
