"""TLS and SASL: what librdkafka takes and refuses, and what reaches a listener that has both."""

import logging
import ssl

import pytest
from certificates import make_certificate
from greeter import Greeter
from tools_at_hand import needed_package

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.kafka.clients import Clients
from mainshock.stream.kafka.settings import KafkaSettings, read_kafka_settings
from mainshock.stream.kafka.topics import Topics

USER, PASSWORD = "quakes", "pencil"
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(autouse=True)
def _has_client() -> None:
    needed_package("confluent_kafka", "kafka")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = make_certificate(folder, "authority")
    return {
        "authority": authority,
        "stranger": make_certificate(folder, "stranger"),
        "broker": make_certificate(folder, "broker", authority),
        "elsewhere": make_certificate(folder, "elsewhere", authority, address="127.0.0.9"),
        "client": make_certificate(folder, "client", authority),
    }


@pytest.fixture
def password(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "password"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return f"file:{path}"

    return write


def speaking(certificate, client_authority=None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key_file)
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority.file)
    return context


def greet(greeter: Greeter, **settings: object) -> str:
    """Have a client ask for a topic; the listener answers greetings alone, so it fails."""
    made = KafkaSettings(bootstrap=greeter.address, publish_s=3.0, **settings)
    with pytest.raises(UnreachableError) as failure:
        Topics(Clients(made)).partitions("waveform.v1")
    return str(failure.value)


def warnings_in(caplog) -> list[str]:
    named = [one for one in caplog.records if one.name == "mainshock.stream.kafka.clients"]
    return [one.getMessage() for one in named if one.levelno == logging.WARNING]


def test_tls_is_spoken_with_a_broker_whose_certificate_is_good(certificates, caplog):
    with Greeter(speaking(certificates["broker"])) as greeter:
        told = greet(greeter, security="ssl", ca_file=certificates["authority"].file)
        assert greeter.is_greeted.is_set(), greeter.refusals
        assert greeter.n_secure > 0
    assert "look whether the Kafka brokers are up" in told
    assert not warnings_in(caplog)


@pytest.mark.parametrize(
    ("broker", "authority"),
    [("broker", "stranger"), ("elsewhere", "authority")],
    ids=["of an authority that is not ours", "of another address"],
)
def test_a_certificate_that_does_not_prove_the_broker_is_refused_and_told(
    certificates, caplog, broker, authority
):
    with Greeter(speaking(certificates[broker])) as greeter:
        told = greet(greeter, security="ssl", ca_file=certificates[authority].file)
        assert not greeter.is_greeted.is_set()
    assert "certificate" in told
    assert "look at ca_file, certificate_file" in told
    assert any("look at ca_file" in one for one in warnings_in(caplog))


def test_a_broker_that_asks_who_comes_is_shown_the_certificate(certificates):
    client = certificates["client"]
    with Greeter(speaking(certificates["broker"], certificates["authority"])) as greeter:
        files = {"certificate_file": client.file, "key_file": client.key_file}
        greet(greeter, security="ssl", ca_file=certificates["authority"].file, **files)
        assert greeter.is_greeted.is_set(), greeter.refusals
        assert "client" in str(greeter.peers[-1])


@pytest.mark.parametrize("is_secure", [False, True], ids=["in the clear", "over TLS"])
@pytest.mark.parametrize("mechanism", ["PLAIN", *SCRAM])
def test_the_mechanism_asked_for_proves_user_and_password(
    certificates, password, mechanism, is_secure
):
    tls = speaking(certificates["broker"]) if is_secure else None
    files = {"ca_file": certificates["authority"].file} if is_secure else {}
    with Greeter(tls, {USER: PASSWORD}) as greeter:
        greet(
            greeter,
            security="sasl_ssl" if is_secure else "sasl_plaintext",
            mechanism=mechanism,
            user=USER,
            password=password(PASSWORD),
            **files,
        )
        assert greeter.is_greeted.is_set(), greeter.refusals
        assert set(greeter.mechanisms) == {mechanism}
        assert USER.encode() in greeter.tokens[0]
        is_shown = any(PASSWORD.encode() in one for one in greeter.tokens)
    assert is_shown is (mechanism == "PLAIN")


@pytest.mark.parametrize("mechanism", ["PLAIN", *SCRAM])
def test_a_wrong_password_is_told_as_such(password, caplog, mechanism):
    with Greeter(users={USER: PASSWORD}) as greeter:
        how = {"security": "sasl_plaintext", "mechanism": mechanism}
        told = greet(greeter, **how, user=USER, password=password("pen-cil"))
        assert not greeter.is_greeted.is_set()
    assert "no such user with this password; look at mechanism, user and password" in told
    lines = warnings_in(caplog)
    assert any("look at mechanism, user and password" in one for one in lines)
    assert len(lines) == len(set(lines)), "each is told once"
    assert "pen-cil" not in caplog.text


def whole_file(folder, certificates, mechanism: str) -> str:
    """Every key of the settings file, beside sensible options."""
    client = certificates["client"]
    return f"""
bootstrap = "127.0.0.1:1"
topic_prefix = "north."
security = "sasl_ssl"
mechanism = "{mechanism}"
user = "{USER}"
password = "file:{folder}/password"
ca_file = "{certificates["authority"].file}"
certificate_file = "{client.file}"
key_file = "{client.key_file}"
key_password = "file:{folder}/password"
session_s = 5.0
publish_s = 10.0
read_ahead = 100
same_within = 10
[topics]
partitions = 3
replication = 2
retention_s = 1000
largest_bytes = 100_000
is_made = false
[options]
"compression.type" = "zstd"
"socket.keepalive.enable" = true
"sasl.kerberos.service.name" = "kafka"
[secret_options]
"ssl.keystore.password" = "file:{folder}/password"
"""


@pytest.mark.parametrize("mechanism", ["PLAIN", *SCRAM, "OAUTHBEARER"])
def test_the_library_takes_every_key_of_the_file(tmp_path, certificates, password, mechanism):
    password(PASSWORD)
    path = tmp_path / "kafka.toml"
    path.write_text(whole_file(tmp_path, certificates, mechanism), encoding="utf-8")
    clients = Clients(read_kafka_settings(path, {}))
    clients.producer()
    clients.admin()
    clients.reader().close()
    clients.member("picking", 4.0).close()


def test_the_wheels_of_the_library_know_no_kerberos_and_say_so(certificates, password, tmp_path):
    password(PASSWORD)
    path = tmp_path / "kafka.toml"
    path.write_text(whole_file(tmp_path, certificates, "GSSAPI"), encoding="utf-8")
    clients = Clients(read_kafka_settings(path, {}))
    with pytest.raises(SettingsError, match="No provider for SASL mechanism GSSAPI"):
        clients.producer()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"no.such.option": "x"}, "no.such.option"),
        ({"compression.type": "feathers"}, "feathers"),
        ({"ssl.cipher.suites": "NONE-SUCH"}, "ssl.cipher.suites"),
    ],
)
def test_what_the_library_refuses_is_told_as_a_setting(options, told):
    settings = KafkaSettings(bootstrap="127.0.0.1:1", security="ssl", options=options)
    with pytest.raises(SettingsError, match="refuses a setting of Kafka") as refusal:
        Clients(settings).producer()
    assert told in str(refusal.value)


def test_a_file_that_holds_no_certificate_is_refused_at_the_start(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("no certificate", encoding="utf-8")
    settings = KafkaSettings(bootstrap="127.0.0.1:1", security="ssl", ca_file=file)
    with pytest.raises(SettingsError, match=r"refuses a setting.*ssl\.ca\.location"):
        Clients(settings).producer()
