"""Alerts as JSON to an address of a web service, signed."""

import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, StringConstraints, model_validator

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.alerts.addresses import is_surely_private, resolve
from mainshock.stream.alerts.base import AlertRequest, ChannelSettings
from mainshock.stream.alerts.secret import SecretSource

__all__ = ["WebhookChannel", "WebhookSettings", "post"]

_LARGEST_ANSWER_BYTES = 65_536
_AGAIN = (408, 425, 429)  # statuses below 500 that pass by themselves
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class WebhookSettings(ChannelSettings):
    """Where to post, and what to show there.

    Parameters
    ----------
    url, url_secret
        The address, or where it lies if it is a secret itself; one of the two.
    secret
        Key of the signature, or None for none.
    headers
        Further headers by name, such as ``Authorization``; their values are secrets.
    allow_private
        Whether addresses of this machine and of private networks may be posted to.
    """

    kind: Literal["webhook"] = "webhook"
    url: str | None = None
    url_secret: SecretSource | None = None
    secret: SecretSource | None = None
    headers: dict[HeaderName, SecretSource] = Field(default_factory=dict)
    allow_private: bool = False

    @model_validator(mode="after")
    def _one_address(self) -> "WebhookSettings":
        if (self.url is None) == (self.url_secret is None):
            raise ValueError("a webhook needs one of url and url_secret")
        if self.url is not None:
            _split(self.url)
        return self

    def target(self) -> str:
        """Return the host, unless the whole address is a secret."""
        return "a secret address" if self.url is None else _split(self.url).hostname or ""

    def problem(self) -> str:
        """Return why ``post`` would always refuse the address, or an empty text."""
        if self.url is None or self.allow_private or not is_surely_private(self.target()):
            return ""
        return (
            f"host {self.target()} is not public; name another host, or set allow_private = true "
            "if that is meant"
        )


def _split(url: str) -> SplitResult:
    """Return the parts of an address; errors do not repeat it, for it may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError("the webhook's url cannot be read; check it") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not is_plain:
        raise SettingsError("the webhook's url must begin with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("the webhook's url holds a password; give it by headers instead")
    return parts


class WebhookChannel:
    """Posts each message as JSON; see ``post`` for how it is guarded."""

    settings_kind: type[ChannelSettings] = WebhookSettings

    def __init__(self, settings: WebhookSettings, folder: Path) -> None:
        self.settings = settings
        url = settings.url
        if settings.url_secret is not None:
            url = settings.url_secret.read(folder)
        self._url = _split(url or "")
        self._key = None if settings.secret is None else settings.secret.read(folder).encode()
        self._headers = {name: one.read(folder) for name, one in settings.headers.items()}

    def send(self, request: AlertRequest) -> str:
        """Post the message as a JSON document."""
        self.send_body(request, request.json_bytes(), "application/json")
        return ""

    def send_body(self, request: AlertRequest, body: bytes, content_type: str) -> None:
        """Post another form of a message, with its key and signature."""
        headers = {
            **self._headers,
            "Content-Type": content_type,
            "User-Agent": "mainshock",
            "Idempotency-Key": request.idempotency_key,
        }
        if self._key is not None:
            digest = hmac.new(self._key, body, hashlib.sha256).hexdigest()
            headers["X-Mainshock-Signature"] = f"sha256={digest}"
        post(self._url, body, headers, self.settings.timeout_s, self.settings.allow_private)


def post(
    url: SplitResult,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
    allow_private: bool,
) -> None:
    """Post once, to the one address that was checked; redirects and proxies are not followed.

    Raises
    ------
    UnreachableError
        If there is no answer, or one that says to come again: 408, 425, 429 and 5xx.
    SettingsError
        If the answer is another one than 2xx, or the address may not be posted to.
    """
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = resolve(host, port, allow_private)
    connection = http.client.HTTPConnection(host, url.port, timeout=timeout_s)
    connection.default_port = 443 if url.scheme == "https" else 80  # for the header Host
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connected = socket.create_connection((address, port), timeout_s)
        connection.sock = connected
        if url.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connected, server_hostname=host)
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        answer.read(_LARGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"no answer from {host}: {error!r}; is it up?") from error
    finally:
        connection.close()
    _judge(answer.status, host)


def _judge(status: int, host: str) -> None:
    if 200 <= status < 300:
        return
    if status >= 500 or status in _AGAIN:
        raise UnreachableError(f"{host} answered {status}; it is tried again")
    hint = "redirects are not followed" if 300 <= status < 400 else "check url and headers"
    raise SettingsError(f"{host} answered {status}, 200 to 299 is expected; {hint}")
