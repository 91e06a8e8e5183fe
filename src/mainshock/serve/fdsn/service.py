"""What the three services have in common: version, description, errors as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from mainshock.serve.fdsn.parameters import FdsnError, Parameter

__all__ = ["FdsnService", "answered", "body_of", "description_router", "wadl"]

_TYPES = {
    "time": "xs:dateTime",
    "number": "xs:double",
    "whole": "xs:int",
    "boolean": "xs:boolean",
}
_STATUS_TEXTS = {
    400: "Bad request",
    404: "Not found: no data matches the request",
    413: "Request would give too much data",
    503: "Service unavailable",
}
_LARGEST_BODY = 2**20


@dataclass(frozen=True, slots=True)
class FdsnService:
    """One of the web services of the FDSN.

    Parameters
    ----------
    name
        ``"dataselect"``, ``"station"`` or ``"event"``.
    version
        Of the standard, with the number of this implementation behind it.
    parameters
        All that ``query`` understands.
    media_types
        What ``query`` answers with, the default first.
    other_methods
        Resources beside ``query``, ``version`` and ``application.wadl``, all of them XML.
    takes_post
        Whether ``query`` takes lists of requests by POST.
    """

    name: str
    version: str
    parameters: Sequence[Parameter]
    media_types: tuple[str, ...]
    other_methods: tuple[str, ...] = ()
    takes_post: bool = False

    @property
    def path(self) -> str:
        """Where its resources are, without a slash at the end."""
        return f"/fdsnws/{self.name}/1"


def answered(service: FdsnService, request: Request, answer: Callable[[], Response]) -> Response:
    """Return an answer, or the standard's text for the error that came of it."""
    try:
        return answer()
    except FdsnError as error:
        if error.status == 204:
            return Response(status_code=204)
        return PlainTextResponse(
            _error_text(service, request, error),
            status_code=error.status,
            headers={"X-Content-Type-Options": "nosniff"},
        )


def _error_text(service: FdsnService, request: Request, error: FdsnError) -> str:
    url = str(request.url)
    base = str(request.base_url).rstrip("/")
    parts = (
        f"Error {error.status}: {_STATUS_TEXTS.get(error.status, 'Error')}",
        str(error),
        f"Usage details are available from {base}{service.path}/application.wadl",
        f"Request:\n{url if len(url) < 2000 else url[:2000] + '...'}",
        f"Request Submitted:\n{datetime.now(UTC).replace(tzinfo=None).isoformat()}",
        f"Service version:\n{service.version}",
    )
    return "\n\n".join(parts) + "\n"


async def body_of(request: Request) -> bytes:
    """Return the body of a request, or only its beginning, one byte longer than the limit.

    Reading stops there, so that a long one takes no memory; ``post_lines`` refuses it.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            break
    return bytes(body[: _LARGEST_BODY + 1])


def description_router(service: FdsnService) -> APIRouter:
    """Return the routes ``version`` and ``application.wadl`` of a service."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"{service.path}/version", response_class=PlainTextResponse)
    def version() -> PlainTextResponse:
        return PlainTextResponse(service.version)

    @router.get(f"{service.path}/application.wadl")
    def description(request: Request) -> Response:
        base = f"{str(request.base_url).rstrip('/')}{service.path}/"
        return Response(wadl(service, base), media_type="application/xml")

    return router


def wadl(service: FdsnService, base: str) -> str:
    """Return the description of a service that programs read (WADL).

    Parameters
    ----------
    base
        Address of the service, with a slash at the end.
    """
    parameters = "\n".join(_parameter(one) for one in service.parameters)
    answers = "\n".join(
        f'     <representation mediaType="{media_type}"/>' for media_type in service.media_types
    )
    failures = "\n".join(
        f'    <response status="{status}"><representation mediaType="text/plain"/></response>'
        for status in (400, 404, 413, 500, 503)
    )
    response = f'    <response status="200">\n{answers}\n    </response>\n'
    response += f'    <response status="204"/>\n{failures}'
    post = (
        '\n   <method name="POST" id="postQuery">\n'
        '    <request><representation mediaType="text/plain"/></request>\n'
        f"{response}\n   </method>"
        if service.takes_post
        else ""
    )
    others = "".join(_resource(name, "application/xml") for name in service.other_methods)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<application xmlns="http://wadl.dev.java.net/2009/02"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema">\n'
        f" <doc title={quoteattr('fdsnws-' + service.name + ' ' + service.version)}/>\n"
        f" <resources base={quoteattr(base)}>\n"
        '  <resource path="query">\n'
        f'   <method name="GET" id="query">\n    <request>\n{parameters}\n    </request>\n'
        f"{response}\n   </method>{post}\n"
        "  </resource>\n"
        f"{_resource('version', 'text/plain')}{others}"
        f"{_resource('application.wadl', 'application/xml')}"
        " </resources>\n</application>\n"
    )


def _parameter(one: Parameter) -> str:
    kind = _TYPES.get(one.kind, "xs:string")
    default = f" default={quoteattr(one.default)}" if one.default else ""
    options = "".join(f"<option value={quoteattr(choice)}/>" for choice in one.choices)
    about = f"short form: {one.abbreviation}" if one.abbreviation else ""
    doc = f"<doc>{escape(about)}</doc>" if about else ""
    return (
        f'     <param name="{one.name}" style="query" type="{kind}" required="false"{default}>'
        f"{doc}{options}</param>"
    )


def _resource(name: str, media_type: str) -> str:
    return (
        f'  <resource path="{name}"><method name="GET" id="{name}">'
        f'<response status="200"><representation mediaType="{media_type}"/></response>'
        "</method></resource>\n"
    )
