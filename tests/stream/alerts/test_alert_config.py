"""The configuration of alerts: what it may say, and how faults are told."""

import traceback

import pytest

from mainshock.core.errors import SettingsError, SourceError
from mainshock.stream.alerts.config import (
    check_alert_settings,
    open_channels,
    read_alert_settings,
)
from mainshock.stream.alerts.registry import CHANNELS

GOOD = """
link = "https://example.org/#/events/{event_id}"

[[rules]]
name = "felt"
channels = ["ops", "log"]
least_magnitude = 3.5
least_probability = 0.8
region.circle = { longitude = 24.2, latitude = 35.1, radius_km = 150 }
update = { magnitude = 0.2 }

[channels.ops]
kind = "webhook"
url = "https://hooks.example.org/quakes"
secret.env = "TEST_ALERTS_SECRET"
headers.Authorization.file = "token.txt"

[channels.log]
kind = "file"
path = "alerts.jsonl"

[channels.mail]
kind = "mail"
host = "smtp.example.org"
user.env = "TEST_ALERTS_USER"
password.env = "TEST_ALERTS_PASSWORD"
sender = "quakes@example.org"
recipients = ["duty@example.org"]

[channels.broker]
kind = "mqtt"
host = "127.0.0.1"
topic = "quakes/{rule}/{event_id}"

[channels.public]
kind = "cap"
sender = "quakes@example.org"
out_folder = "cap"
webhook = { url = "https://cap.example.org/in" }
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Returns a function that writes a configuration whose secrets are there."""
    for name in ("TEST_ALERTS_SECRET", "TEST_ALERTS_USER", "TEST_ALERTS_PASSWORD"):
        monkeypatch.setenv(name, f"value of {name}")
    (tmp_path / "token.txt").write_text("Bearer abc\n")
    (tmp_path / "token.txt").chmod(0o600)

    def write(*changes):
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "alerts.toml"
        path.write_text(text)
        return path

    return write


def test_a_configuration_of_all_kinds_is_read(config, tmp_path):
    settings = read_alert_settings(config())
    assert {one.kind for one in settings.channels.values()} == set(CHANNELS.names())
    assert settings.rules[0].update.magnitude == 0.2
    assert settings.folder == tmp_path
    assert set(open_channels(settings)) == set(settings.channels)


def test_the_check_says_what_will_happen(config):
    assert check_alert_settings(config()) == [
        (
            "rule felt: least_magnitude 3.5, least_probability 0.8, update {'magnitude': 0.2}, "
            "in its region -> ops, log"
        ),
        "channel ops: webhook to hooks.example.org",
        "channel log: file to alerts.jsonl",
        "channel mail: mail to smtp.example.org:587, which no rule uses",
        "channel broker: mqtt to 127.0.0.1:1883, which no rule uses",
        "channel public: cap to cap and cap.example.org, which no rule uses",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("least_magnitude", "least_magnitud", "rules.0.least_magnitud is no known key"),
        ("= 3.5", "= 11.0", "rules.0.least_magnitude is 11.0: .*less than or equal to 10.5"),
        ('["ops", "log"]', '["opps"]', "names the channel 'opps'; this file has ops, log"),
        ('["ops", "log"]', "[]", "rules.0.channels"),
        ("radius_km = 150", "radius_km = -1", "radius_km is -1"),
        (", radius_km = 150", "", "radius_km: Field required"),
        ("region.circle", "region.disc", "disc is no known key"),
        ('kind = "file"', 'kind = "fax"', "channels.log.kind.*fax"),
        ('kind = "file"', "", "channels.log.kind.*one of cap, file, mail"),
        ('"https://hooks.example.org/quakes"', '"ftp://hooks.example.org"', "begin with http"),
        ('"https://hooks.example.org/quakes"', '"https://me:pw@x.org"', "holds a password"),
        ('"smtp.example.org"', '"smtp.example.org"\ntls = "none"', "a password needs tls"),
        ("quakes/{rule}", "quakes/#", "channels.broker.topic"),
        ('sender = "quakes@example.org"\nout', 'sender = "a b"\nout', "channels.public.sender"),
        ("{event_id}\"\n\n[[", "x\"\n\n[[", "link"),
        ('kind = "mqtt"', 'kind = "mqtt"\nqos = 0', "channels.broker.qos"),
        ("[[rules]]", "[rules", "is no TOML"),
        ("magnitude = 0.2", "magnitude = nan", "finite"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_place(old, new, told, config):
    with pytest.raises(SettingsError, match=told):
        read_alert_settings(config((old, new)))


@pytest.mark.parametrize("old", ["https://hooks.example.org", "https://cap.example.org"])
@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8080", "[::1]", "192.168.1.2", "10.0.0.1"]
)
def test_a_webhook_that_would_always_be_refused_is_told(old, host, config):
    path = config((old, f"http://{host}"))
    with pytest.raises(SettingsError, match=r"channels\.\w+: host .* is not public.*allow_private"):
        read_alert_settings(path)
    text = path.read_text()
    path.write_text(text.replace('quakes"\nsecret', 'quakes"\nallow_private = true\nsecret'))
    if old == "https://hooks.example.org":
        read_alert_settings(path)


def test_an_address_that_is_secret_is_not_shown(config):
    secret = 'url_secret.env = "TEST_ALERTS_USER"'
    path = config(('url = "https://hooks.example.org/quakes"', secret))
    with pytest.raises(SettingsError, match="must begin with http") as caught:
        check_alert_settings(path)  # the value there is none
    assert "value of" not in str(caught.value)
    assert read_alert_settings(path).channels["ops"].target() == "a secret address"


def test_faults_of_rules_names_and_channels_are_told_at_once(config):
    path = config(
        ('"ops", "log"]', '"opps", "log"]'),
        ("least_magnitude = 3.5", "least_magnitude = 99"),
        ('path = "alerts.jsonl"', ""),
        ('password.env = "TEST_ALERTS_PASSWORD"', 'password = "hunter2"'),
    )
    with pytest.raises(SettingsError) as caught:
        read_alert_settings(path)
    told = str(caught.value)
    for one in (
        "rules.0.least_magnitude is 99",
        "rule 'felt' names the channel 'opps'",
        "channels.log.path: Field required",
        (
            "channels.mail.password: a secret does not stand here; write password.env = NAME, "
            "password.file = PATH or password.vault = MOUNT/PATH#KEY"
        ),
    ):
        assert one in told
    assert "at least 1 item" not in told
    assert "hunter2" not in told


def test_all_channels_faults_are_told_at_once(config):
    path = config(('path = "alerts.jsonl"', ""), ('host = "smtp.example.org"', ""))
    with pytest.raises(SettingsError, match=r"channels\.log.*channels\.mail"):
        read_alert_settings(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('password.env = "TEST_ALERTS_PASSWORD"', 'password = "hunter2"'),
        ('password.env = "TEST_ALERTS_PASSWORD"', 'passwort = "hunter2"'),
        ('password.env = "TEST_ALERTS_PASSWORD"', 'password.env = "hunter2!"'),
        ('secret.env = "TEST_ALERTS_SECRET"', 'secret = "hunter2"'),
        ("headers.Authorization.file = ", 'headers.Authorization = "hunter2" # '),
        ('url = "https://hooks.example.org/quakes"', 'url = "htp://x/hunter2"'),
        ('url = "https://hooks.example.org/quakes"', 'url = "https://u:hunter2@x.org"'),
    ],
)
def test_a_secret_written_into_the_file_is_refused_and_not_repeated(old, new, config):
    with pytest.raises(SettingsError) as caught:
        read_alert_settings(config((old, new)))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_missing_secrets_are_told(config, tmp_path, monkeypatch):
    path = config()
    (tmp_path / "token.txt").write_text("")
    with pytest.raises(SettingsError, match=r"channel ops: .*token\.txt holds nothing"):
        check_alert_settings(path)
    (tmp_path / "token.txt").chmod(0o644)
    with pytest.raises(SettingsError, match=r"channel ops: .*open to all users .*0644"):
        check_alert_settings(path)
    (tmp_path / "token.txt").unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        check_alert_settings(path)
    monkeypatch.delenv("TEST_ALERTS_SECRET")
    with pytest.raises(SettingsError, match="TEST_ALERTS_SECRET is not set"):
        check_alert_settings(path)


def test_two_rules_need_two_names(config):
    second = '[[rules]]\nname = "felt"\nchannels = ["log"]\n\n[channels.ops]'
    with pytest.raises(SettingsError, match="2 rules are called 'felt'"):
        read_alert_settings(config(("[channels.ops]", second)))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SourceError, match="name an alerts file"):
        read_alert_settings(tmp_path / "none.toml")
