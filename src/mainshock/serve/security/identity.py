"""Who asks: a person, a key, or whoever sits at this machine."""

from dataclasses import dataclass, replace
from typing import Literal

from mainshock.serve.security.permissions import ALL_PERMISSIONS, PUBLIC, SIGNED_IN

__all__ = ["KEY_START", "LOCAL", "TOKEN", "Identity", "by_cookie"]

KEY_START = "msk_"
"""What every API key begins with."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from, and what they may do.

    Parameters
    ----------
    name
        Of the account; ``"local"`` where there are no accounts, ``"token"`` for the service's own
        token.
    kind
        How they showed who they are.
    permissions
        What they may do.
    role
        Of the account, or None without one.
    session_id
        Of a sign-in, or the prefix of a key; empty for others.
    generation
        Of the account, when it signed in.
    expires_s
        Seconds since 1970 when the sign-in ends, however often its token is renewed, or None.
    is_cookie
        Whether the browser sent it by itself.
    """

    name: str
    kind: Literal["local", "token", "session", "key"]
    permissions: frozenset[str]
    role: str | None = None
    session_id: str = ""
    generation: int = 0
    expires_s: float | None = None
    is_cookie: bool = False

    def may(self, permission: str | None) -> bool:
        """Return whether they may use a route that needs a permission; None: of no route known."""
        if self.kind in ("local", "token"):
            return True
        return permission in (PUBLIC, SIGNED_IN) or permission in self.permissions


LOCAL = Identity("local", "local", ALL_PERMISSIONS)
"""Whoever uses a service without accounts."""
TOKEN = Identity("token", "token", ALL_PERMISSIONS)
"""Whoever shows the token of the service."""


def by_cookie(identity: Identity) -> Identity:
    """Return an identity that the browser sent by itself."""
    return replace(identity, is_cookie=True)
