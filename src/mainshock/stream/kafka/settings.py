"""How a Kafka cluster is reached: a TOML file and the environment, secrets by their place."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from mainshock.core.errors import SettingsError
from mainshock.core.secrets import SecretReference
from mainshock.stream.toml_settings import faults_told, read_toml

__all__ = ["KafkaSettings", "TopicSettings", "read_kafka_settings"]

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_PREFIX = "MAINSHOCK_KAFKA_"
_FROM_ENVIRONMENT = ("bootstrap", "topic_prefix", "security", "mechanism", "user", "ca_file")
_SECRET_OPTIONS = ("password", "secret", "sasl.oauthbearer.config", "key.pem")
# what the bus promises rests on these
_OWN_OPTIONS = {
    "acks": "all",
    "enable.gapless.guarantee": "true",
    "enable.idempotence": "true",
    "enable.auto.commit": "false",
    "enable.partition.eof": "true",
    "group.id": "the stage's name",
    "message.max.bytes": "topics.largest_bytes",
    "group.instance.id": "keeps_place",
    "transactional.id": "none",
    "bootstrap.servers": "bootstrap",
    "security.protocol": "security",
    "sasl.mechanism": "mechanism",
    "sasl.mechanisms": "mechanism",
    "sasl.username": "user",
    "ssl.ca.location": "ca_file",
    "ssl.certificate.location": "certificate_file",
    "ssl.key.location": "key_file",
}
Seconds = Annotated[float, Field(gt=0.0, allow_inf_nan=False, le=1e9)]


def _reference(value: object) -> SecretReference:
    """Return the place of a secret; what is no place is not repeated, it may be the secret."""
    if isinstance(value, SecretReference):
        return value
    if not isinstance(value, str):
        raise ValueError("write env:NAME, file:PATH or vault:MOUNT/PATH#KEY")
    return SecretReference.parse(value)


SecretPlace = Annotated[SecretReference, BeforeValidator(_reference)]


class TopicSettings(BaseModel):
    """How topics are made where they are missing; topics that exist stay as they are.

    Attributes
    ----------
    partitions
        Of each topic of messages: no more processes can share one stage. All topics of a stage
        need the same number.
    replication
        Copies of each partition; 3 in a cluster that must survive a machine.
    retention_s
        How long messages are kept: longer than any stage may stand still.
    largest_bytes
        Of a message: one that tells of many events has several MB. Topics that exist need the same
        ``max.message.bytes``.
    is_made
        Whether missing topics are made; otherwise they are an error.
    """

    model_config = _STRICT

    partitions: Annotated[int, Field(ge=1, le=1000)] = 12
    replication: Annotated[int, Field(ge=1, le=15)] = 1
    retention_s: Seconds = 7 * 86_400.0
    largest_bytes: Annotated[int, Field(ge=10_000, le=1_000_000_000)] = 16 * 2**20
    is_made: bool = True


class KafkaSettings(BaseModel):
    """How a Kafka cluster is reached and used.

    Attributes
    ----------
    bootstrap
        ``HOST:PORT``, several with commas between.
    topic_prefix
        Before the name of each topic and group: several installations can share a cluster.
    security
        ``plaintext``, ``ssl``, ``sasl_plaintext`` or ``sasl_ssl``.
    mechanism
        ``PLAIN``, ``SCRAM-SHA-256``, ``SCRAM-SHA-512``, ``GSSAPI`` or ``OAUTHBEARER``; for the
        ``sasl_`` kinds of security.
    user, password
        Of SASL; the password by its place, never by value: ``env:NAME``, ``file:PATH`` or
        ``vault:MOUNT/PATH#KEY``.
    ca_file, certificate_file, key_file, key_password
        TLS: who signs the brokers' certificates, and this client's certificate with its key.
    topics
        How missing topics are made.
    session_s
        After so long without a sign of life another process takes a process's partitions over. A
        cluster that refuses less than 6 s, as Apache Kafka does by default, is given 6 s.
    keeps_place
        Whether a process that was killed has its place kept for ``session_s``, and takes it at once
        when it starts again on the same data folder; others then wait for it as long. Only for
        clusters that give such a member up in the end, as Apache Kafka does and tansu does not.
    publish_s
        How long a publication may take before it counts as failed.
    read_ahead
        Messages of a partition that are kept in memory ahead of the stage.
    same_within
        How many messages of a partition are remembered to drop those that come again.
    options
        Any setting of librdkafka, of producers and consumers alike.
    secret_options
        The same, each by its place.
    """

    model_config = _STRICT

    bootstrap: Annotated[str, Field(pattern=r"^[^\s,]+:\d{1,5}(,[^\s,]+:\d{1,5})*$")]
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: (
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"] | None
    ) = None
    user: str | None = None
    password: SecretPlace | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretPlace | None = None
    topics: TopicSettings = TopicSettings()
    session_s: Annotated[float, Field(ge=1.0, le=3600.0)] = 4.0
    keeps_place: bool = False
    publish_s: Seconds = 30.0
    read_ahead: Annotated[int, Field(ge=10, le=1_000_000)] = 5000
    same_within: Annotated[int, Field(ge=0, le=100_000)] = 2000
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    secret_options: dict[str, SecretPlace] = Field(default_factory=dict)
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @field_validator("options")
    @classmethod
    def _are_free(
        cls, options: dict[str, str | int | float | bool]
    ) -> dict[str, str | int | float | bool]:
        for name in options:
            if name in _OWN_OPTIONS:
                raise ValueError(f"{name} is not to be set here: it is {_OWN_OPTIONS[name]}")
            if any(word in name for word in _SECRET_OPTIONS):
                raise ValueError(
                    f"{name} is a secret; write it below secret_options as env:NAME, file:PATH or "
                    "vault:MOUNT/PATH#KEY"
                )
        return options

    @model_validator(mode="after")
    def _fits_together(self) -> "KafkaSettings":
        is_sasl = self.security.startswith("sasl")
        if is_sasl and self.mechanism is None:
            raise ValueError(f"security {self.security} needs a mechanism, such as SCRAM-SHA-512")
        if not is_sasl and (self.mechanism or self.user or self.password):
            raise ValueError(
                f"mechanism, user and password are for security sasl_ssl or sasl_plaintext, "
                f"not {self.security}"
            )
        by_name = self.mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
        if by_name and (self.user is None or self.password is None):
            raise ValueError(f"mechanism {self.mechanism} needs user and password")
        has_tls = self.ca_file or self.certificate_file or self.key_file or self.key_password
        if has_tls and not self.security.endswith("ssl"):
            raise ValueError(
                f"ca_file, certificate_file and key_file are for security ssl or sasl_ssl, "
                f"not {self.security}"
            )
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file come together")
        return self

    def client_options(self) -> dict[str, str | int | float | bool]:
        """Return what every client of librdkafka is given, secrets read.

        Raises
        ------
        SettingsError
            If a secret or a file of TLS is missing.
        """
        made: dict[str, str | int | float | bool] = {
            **self.options,
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security,
        }
        named = {"sasl.mechanisms": self.mechanism, "sasl.username": self.user}
        made |= {name: value for name, value in named.items() if value is not None}
        files = {
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
        }
        for name, path in files.items():
            if path is not None:
                made[name] = self._existing(name, path)
        secrets = {"sasl.password": self.password, "ssl.key.password": self.key_password}
        for name, secret in {**secrets, **self.secret_options}.items():
            if secret is not None:
                made[name] = secret.read(self.folder).reveal()
        return made

    def _existing(self, name: str, path: Path) -> str:
        there = self.folder / path
        if not there.exists():
            raise SettingsError(f"{name}: there is no file {there}; mend its path")
        return str(there)


def read_kafka_settings(
    path: Path | None = None, environ: Mapping[str, str] | None = None
) -> KafkaSettings:
    """Return the settings that a TOML file holds, and the environment where the file is silent.

    Parameters
    ----------
    path
        The file, or None for the environment alone.
    environ
        ``MAINSHOCK_KAFKA_BOOTSTRAP``, ``..._TOPIC_PREFIX``, ``..._SECURITY``, ``..._MECHANISM``,
        ``..._USER``, ``..._PASSWORD_FILE``, ``..._CA_FILE``; by default those of this process.
        Paths of the environment start at the working folder, those of the file at its folder.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SettingsError
        If it is not TOML, or something in it makes no sense.
    """
    env = os.environ if environ is None else environ
    stated = {} if path is None else read_toml(path, "a settings file of Kafka")
    for name in _FROM_ENVIRONMENT:
        value = env.get(_PREFIX + name.upper())
        if value and name not in stated:
            stated[name] = str(Path(value).resolve()) if name == "ca_file" else value
    password = env.get(_PREFIX + "PASSWORD_FILE")
    if password and "password" not in stated:
        stated["password"] = f"file:{Path(password).resolve()}"
    where = "the environment" if path is None else str(path)
    if "bootstrap" not in stated:
        raise SettingsError(
            f'{where} names no Kafka brokers; write bootstrap = "HOST:9092" in the settings '
            f"file, or set {_PREFIX}BOOTSTRAP"
        )
    folder = Path() if path is None else path.resolve().parent
    try:
        return KafkaSettings.model_validate({**stated, "folder": folder})
    except ValidationError as error:
        raise SettingsError(f"{where}: {faults_told(error)}") from None  # pydantic quotes its input
