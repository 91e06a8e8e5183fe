"""Settings of Kafka: what is passed to librdkafka, where secrets lie, and what is refused."""

from pathlib import Path

import pytest

from mainshock.core.errors import SettingsError, SourceError
from mainshock.stream.kafka.settings import KafkaSettings, read_kafka_settings

BROKERS = 'bootstrap = "b1.example.org:9092,b2.example.org:9092"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "kafka.toml"
    path.write_text(BROKERS + text, encoding="utf-8")
    return path


def secret(folder: Path, value: str = "hush-hush") -> None:
    path = folder / "password"
    path.write_text(value + "\n", encoding="utf-8")
    path.chmod(0o600)


def test_a_file_of_sasl_and_tls_becomes_options_of_librdkafka(tmp_path, monkeypatch):
    secret(tmp_path)
    monkeypatch.setenv("KEY_PASSWORD", "of-the-key")
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_text("a certificate", encoding="utf-8")
    text = """
security = "sasl_ssl"
mechanism = "SCRAM-SHA-512"
user = "quakes"
password = "file:password"
ca_file = "ca.pem"
certificate_file = "client.pem"
key_file = "client.key"
key_password = "env:KEY_PASSWORD"
[options]
"compression.type" = "zstd"
"socket.keepalive.enable" = true
[secret_options]
"ssl.keystore.password" = "env:KEY_PASSWORD"
[topics]
partitions = 24
replication = 3
"""
    read = read_kafka_settings(written(tmp_path, text), {})
    assert read.client_options() == {
        "bootstrap.servers": "b1.example.org:9092,b2.example.org:9092",
        "security.protocol": "sasl_ssl",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "quakes",
        "sasl.password": "hush-hush",
        "ssl.ca.location": str(tmp_path / "ca.pem"),
        "ssl.certificate.location": str(tmp_path / "client.pem"),
        "ssl.key.location": str(tmp_path / "client.key"),
        "ssl.key.password": "of-the-key",
        "ssl.keystore.password": "of-the-key",
        "compression.type": "zstd",
        "socket.keepalive.enable": True,
    }
    assert (read.topics.partitions, read.topics.replication) == (24, 3)
    assert "hush" not in repr(read)


def test_the_environment_tells_what_the_file_does_not(tmp_path):
    secret(tmp_path, "from-the-environment")
    environ = {
        "MAINSHOCK_KAFKA_BOOTSTRAP": "other:9093",
        "MAINSHOCK_KAFKA_TOPIC_PREFIX": "north.",
        "MAINSHOCK_KAFKA_SECURITY": "sasl_plaintext",
        "MAINSHOCK_KAFKA_MECHANISM": "SCRAM-SHA-256",
        "MAINSHOCK_KAFKA_USER": "quakes",
        "MAINSHOCK_KAFKA_PASSWORD_FILE": str(tmp_path / "password"),
    }
    alone = read_kafka_settings(None, environ)
    assert (alone.bootstrap, alone.topic_prefix) == ("other:9093", "north.")
    assert alone.client_options()["sasl.password"] == "from-the-environment"
    both = read_kafka_settings(written(tmp_path, 'topic_prefix = "south."\n'), environ)
    assert (both.bootstrap.split(",")[0], both.topic_prefix) == ("b1.example.org:9092", "south.")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sesion_s = 3\n", "sesion_s: is no known key"),
        ('password = "hush-hush"\n', "password: a secret does not stand here"),
        ('security = "sasl_ssl"\n', "needs a mechanism"),
        ('security = "sasl_ssl"\nmechanism = "PLAIN"\n', "needs user and password"),
        ('user = "me"\n', "are for security sasl_ssl or sasl_plaintext, not plaintext"),
        ('ca_file = "ca.pem"\n', "for security ssl or sasl_ssl, not plaintext"),
        ('security = "ssl"\nkey_file = "k"\n', "certificate_file and key_file come together"),
        ('[options]\n"acks" = 1\n', "acks is not to be set here: it is all"),
        ('[options]\n"sasl.password" = "hush-hush"\n', "write it below secret_options"),
        ("[topics]\npartitions = 0\n", "topics.partitions: Input should be greater"),
        ("session_s = 0.1\n", "session_s: Input should be greater"),
        ("nonsense\n", "is no TOML"),
    ],
)
def test_what_makes_no_sense_is_told_without_the_secret(tmp_path, text, told):
    with pytest.raises(SettingsError) as refusal:
        read_kafka_settings(written(tmp_path, text), {})
    assert told in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_missing_files_and_addresses_are_told(tmp_path):
    with pytest.raises(SourceError, match="cannot read"):
        read_kafka_settings(tmp_path / "no.toml", {})
    with pytest.raises(SettingsError, match="MAINSHOCK_KAFKA_BOOTSTRAP"):
        read_kafka_settings(None, {})
    with pytest.raises(SettingsError, match="bootstrap"):
        read_kafka_settings(None, {"MAINSHOCK_KAFKA_BOOTSTRAP": "no port"})
    settings = KafkaSettings(bootstrap="b:1", security="ssl", ca_file=tmp_path / "none.pem")
    with pytest.raises(SettingsError, match="there is no file"):
        settings.client_options()
