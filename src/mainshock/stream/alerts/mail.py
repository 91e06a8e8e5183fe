"""Alerts as mail."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.alerts.base import AlertRequest, ChannelSettings
from mainshock.stream.alerts.secret import SecretSource
from mainshock.stream.alerts.text import alert_body, alert_title

__all__ = ["MailChannel", "MailSettings", "make_mail"]

MailAddress = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:]+@[A-Za-z0-9.-]+$")]


class MailSettings(ChannelSettings):
    """Which server sends, and to whom.

    Parameters
    ----------
    host, port
        The SMTP server.
    tls
        ``starttls`` (port 587), ``implicit`` (port 465) or ``none``, which sends no password.
    user, password
        To log in; both or neither.
    sender, recipients
        Addresses without names.
    """

    kind: Literal["mail"] = "mail"
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: SecretSource | None = None
    password: SecretSource | None = None
    sender: MailAddress
    recipients: Annotated[tuple[MailAddress, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _password_only_in_private(self) -> "MailSettings":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.password is not None and self.tls == "none":
            raise ValueError("a password needs tls = 'starttls' or 'implicit'")
        return self

    def target(self) -> str:
        """Return host and port."""
        return f"{self.host}:{self.port}"


def make_mail(request: AlertRequest, settings: MailSettings) -> EmailMessage:
    """Return the mail; versions of an alert form one thread."""
    domain = settings.sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.recipients)
    mail["Subject"] = " ".join(alert_title(request).split())
    mail["Date"] = format_datetime(request.issued)
    mail["Message-ID"] = f"<{request.safe_id}.{request.version}@{domain}>"
    former = [f"<{request.safe_id}.{one.version}@{domain}>" for one in request.former]
    if former:
        mail["In-Reply-To"] = former[-1]
        mail["References"] = " ".join(former)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Idempotency-Key"] = request.idempotency_key
    mail.set_content(alert_body(request), cte="quoted-printable")  # any server takes it
    return mail


class MailChannel:
    """Sends each message as plain text to all recipients."""

    settings_kind: type[ChannelSettings] = MailSettings

    def __init__(self, settings: MailSettings, folder: Path) -> None:
        self.settings = settings
        self._user = "" if settings.user is None else settings.user.read(folder)
        self._password = "" if settings.password is None else settings.password.read(folder)

    def send(self, request: AlertRequest) -> str:
        """Send the mail; recipients that the server refused, but not all, are returned."""
        mail = make_mail(request, self.settings)
        host = self.settings.host
        try:
            with self._connected() as server:
                if self._user:
                    server.login(self._user, self._password)
                refused = server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise _failure(host, max(codes), "all recipients are refused") from None
        except smtplib.SMTPResponseException as error:
            raise _failure(host, error.smtp_code, type(error).__name__) from None
        except smtplib.SMTPNotSupportedError as error:
            raise SettingsError(f"mail server {host}: {error}; check tls and user") from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnreachableError(f"no mail server at {host}: {error!r}; is it up?") from error
        return f"refused: {', '.join(refused)}" if refused else ""

    def _connected(self) -> smtplib.SMTP:
        settings = self.settings
        if settings.tls == "implicit":
            return smtplib.SMTP_SSL(
                settings.host,
                settings.port,
                timeout=settings.timeout_s,
                context=ssl.create_default_context(),
            )
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
        if settings.tls == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def _failure(host: str, code: int, what: str) -> SettingsError | UnreachableError:
    """Return the error for an answer; its text is left out, for it may repeat what was sent."""
    if code >= 500:
        return SettingsError(f"mail server {host} answered {code}: {what}; check the settings")
    return UnreachableError(f"mail server {host} answered {code}: {what}; it is tried again")
