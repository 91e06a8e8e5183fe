"""Ends live connections when the sign-in or the key that opened them no longer counts."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.types import Message, Send

from mainshock.serve.security.identity import Identity
from mainshock.stream.store.database import StoreError

if TYPE_CHECKING:  # loads ciphers
    from mainshock.serve.security.accounts import Accounts

__all__ = ["closing_when_over"]

_PERIOD_S = 5.0
_POLICY_VIOLATION = 1008


def closing_when_over(
    send: Send,
    accounts: "Accounts",
    identity: Identity,
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Return a ``send`` that closes the connection once its identity no longer counts.

    It is asked for every 5 s, as messages are sent. The token that opened a connection may end
    meanwhile; the sign-in must not. While the store of accounts is away the connection stays.
    """
    asked_s = clock()
    is_over = False

    async def sender(message: Message) -> None:
        nonlocal asked_s, is_over
        if not is_over and clock() - asked_s >= _PERIOD_S:
            asked_s = clock()
            with suppress(StoreError):
                is_over = not await to_thread.run_sync(accounts.still_counts, identity)
            if is_over:
                reason = "the sign-in has ended"
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        if not is_over:
            await send(message)

    return sender
