"""``/`` and ``/assets``: the built web page."""

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, PlainTextResponse, Response

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError

__all__ = ["router"]

_NOT_BUILT = (
    "The service runs, but its web page was not built.\n"
    "Build it with `make web` in the source tree, or install a released package.\n"
    "The API is described in /api/v1/openapi.json.\n"
)
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_A_YEAR = "public, max-age=31536000, immutable"


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def get_page() -> Response:
        """Give the page, or say how to build it."""
        index = None if context.settings.page is None else context.settings.page / "index.html"
        if index is None or not index.is_file():
            return PlainTextResponse(_NOT_BUILT)
        return FileResponse(index)

    @routes.get("/assets/{path:path}")
    def get_asset(path: str) -> Response:
        """Give a file of the page; its name changes with its content."""
        found = _asset(context.settings.page, path)
        if found is None:
            raise ApiError(404, f"the page has no file assets/{path[:200]}")
        return FileResponse(found, headers={"Cache-Control": _A_YEAR})

    return routes


def _asset(page: Path | None, path: str) -> Path | None:
    """Return the file that a path names, never one outside the page's folder."""
    parts = path.split("/")
    if page is None or not all(_PART.fullmatch(part) for part in parts):
        return None
    root = (page / "assets").resolve()
    found = root.joinpath(*parts).resolve()
    return found if found.is_file() and found.is_relative_to(root) else None
