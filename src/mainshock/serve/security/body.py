"""Bodies of requests, read whole and never too much of them."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

__all__ = ["MOST_BODY_BYTES", "whole_body"]

MOST_BODY_BYTES = 16 * 2**20


async def whole_body(
    scope: Scope, receive: Receive, too_large: Callable[[], Exception], *, is_safe: bool
) -> Receive:
    """Read a body that is not too large, and return a ``receive`` that gives it again.

    Parameters
    ----------
    too_large
        Makes what is raised where it is.
    is_safe
        Whether the method has no body that a route would read.
    """
    stated = Headers(scope=scope).get("content-length", "0")
    if stated.isdigit() and int(stated) > MOST_BODY_BYTES:
        raise too_large()
    if is_safe:
        return receive
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return receive  # the caller is gone
        body += message.get("body", b"")
        if len(body) > MOST_BODY_BYTES:
            raise too_large()
        if not message.get("more_body", False):
            break
    pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
