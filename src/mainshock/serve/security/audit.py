"""The audit log: who did what on what, when, from where, and what came of it.

Every request that may change something, every sign-in and every refusal is written by the guard.
A route that knows better words says them itself, anywhere in the code that answers a request, also
in a thread that the service started for it::

    from mainshock.serve.security.audit import current_identity, record

    record("event.accept", event_id, "magnitude 4.2, by hand")
    name = current_identity().name  # "local" without accounts

The guard's own line is then left out. Work that goes on after the answer keeps the identity and
writes by ``AuditLog.write``.
"""

import logging
from contextvars import ContextVar, Token
from dataclasses import dataclass, field

from mainshock.core.errors import SourceError
from mainshock.serve.security.identity import LOCAL, Identity
from mainshock.stream.store.audit_log import AuditStore

__all__ = ["AuditLog", "RequestActor", "current_identity", "forget", "record", "remember"]

_log = logging.getLogger(__name__)


class AuditLog:
    """Writes to the audit log of a store; a store that fails is told in the service's log."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    def write(
        self,
        actor: str,
        action: str,
        *,
        target: str = "",
        client: str = "",
        result: str = "done",
        detail: str = "",
    ) -> None:
        """Add a line.

        Parameters
        ----------
        actor
            Name of the account, ``"local"``, ``"token"`` or ``"-"`` for nobody known.
        action
            What was done: ``"login"``, ``"event.accept"``, or method and path of a route.
        target
            On what: the id of an event, the name of an account, or a path.
        client
            Address that the request came from.
        result
            ``"done"``, ``"refused"`` or ``"failed"``.
        detail
            What else is worth knowing; never a secret.
        """
        try:
            self._store.add(
                actor, action, target=target, client=client, result=result, detail=detail
            )
        except SourceError as error:
            _log.error("not in the audit log: %s by %s: %s; %s", action, actor, result, error)


@dataclass(slots=True)
class RequestActor:
    """Who a request that is being answered comes from.

    Parameters
    ----------
    log
        Where lines go.
    client
        Its address.
    identity
        Who it is, once known.
    is_recorded
        Whether a route wrote a line of its own.
    """

    log: AuditLog
    client: str
    identity: Identity | None = None
    is_recorded: bool = field(default=False)


_current: ContextVar[RequestActor | None] = ContextVar("mainshock_actor", default=None)


def remember(actor: RequestActor) -> Token[RequestActor | None]:
    """Make an actor the one of this request; give what returns to ``forget``."""
    return _current.set(actor)


def forget(token: Token[RequestActor | None]) -> None:
    """End what ``remember`` began."""
    _current.reset(token)


def current_identity() -> Identity:
    """Return who the request comes from; outside of requests, who uses this machine."""
    actor = _current.get()
    return LOCAL if actor is None or actor.identity is None else actor.identity


def record(action: str, target: str = "", detail: str = "", result: str = "done") -> None:
    """Add a line to the audit log in the name of who the request comes from.

    Parameters
    ----------
    action, target, detail, result
        As ``AuditLog.write`` takes them.

    Raises
    ------
    LookupError
        Outside of requests: nobody would know who it was; use ``AuditLog.write``.
    """
    actor = _current.get()
    if actor is None:
        raise LookupError(f"{action!r} is done outside of a request; use AuditLog.write")
    actor.is_recorded = True
    name = "-" if actor.identity is None else actor.identity.name
    actor.log.write(name, action, target=target, client=actor.client, result=result, detail=detail)
