"""The headers that every answer carries."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

__all__ = ["SECURITY_HEADERS", "with_headers"]

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000; includeSubDomains"


def with_headers(send: Send, cookies: list[str], *, is_encrypted: bool) -> Send:
    """Return a ``send`` that adds the security headers to what starts an answer.

    Parameters
    ----------
    cookies
        ``Set-Cookie`` values, read when the answer starts.
    is_encrypted
        Whether browsers reach the service by TLS: they are told to use nothing else.
    """

    async def sender(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if is_encrypted:
                headers.setdefault("Strict-Transport-Security", _HSTS)
            for cookie in cookies:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sender
