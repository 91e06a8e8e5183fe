"""Which route answers a request, by the routes themselves, before any of them runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute, WebSocketRoute

from mainshock.core.errors import SettingsError
from mainshock.serve.security.permissions import permission_of

__all__ = ["Found", "RouteTable"]


@dataclass(frozen=True, slots=True)
class Found:
    """What answers a request.

    Parameters
    ----------
    path
        As the route states it; empty where there is none.
    permission
        What it needs; None where the table of permissions has no line.
    allowed
        Methods that the path answers to, where it does not answer to the one asked.
    """

    path: str = ""
    permission: str | None = None
    allowed: tuple[str, ...] = ()


class RouteTable:
    """All routes of an application, in the order in which they are tried.

    Parameters
    ----------
    routes
        Those of routers, which have paths of their own, or hold further ones without a prefix.

    Raises
    ------
    SettingsError
        If one has none: it could not be guarded.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes: list[tuple[str, frozenset[str], Any]] = []  # a compiled expression
        for route in _flat(routes):
            path, regex = getattr(route, "path", None), getattr(route, "path_regex", None)
            if path is None or regex is None:
                raise SettingsError(f"{route!r} has no path by which it could be guarded")
            methods = {"WEBSOCKET"} if isinstance(route, WebSocketRoute) else route.methods  # type: ignore[attr-defined]  # of all routes with a path
            self._routes.append((path, frozenset(methods or ()), regex))

    def all(self) -> list[tuple[str, str]]:
        """Return method and path of every route; without HEAD, which goes with GET."""
        return [
            (method, path)
            for path, methods, _ in self._routes
            for method in sorted(methods - {"HEAD"})
        ]

    def find(self, method: str, path: str) -> Found:
        """Return what answers a request."""
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        for template, methods, regex in self._routes:
            if regex.match(path) is None:
                continue
            if wanted in methods:
                return Found(template, permission_of(wanted, template))
            allowed |= methods
        return Found(allowed=tuple(sorted(allowed - {"WEBSOCKET"})))


def _flat(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    """Yield routes, and in their place those of a router that another one holds."""
    for route in routes:
        held = getattr(route, "original_router", None)
        prefix = getattr(getattr(route, "include_context", None), "prefix", None)
        if held is not None and prefix == "":
            yield from _flat(held.routes)
        else:
            yield route
