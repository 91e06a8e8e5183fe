"""One form for every answer, and one for every error, of the service.

Under ``/v2`` errors take the form that the Open Inference Protocol states, under ``/fdsnws`` they
are plain text as the FDSN specifications ask; everywhere else they are ``{"error": {...}}``.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mainshock.core.errors import MainshockError
from mainshock.core.sentences import Told
from mainshock.serve import sentences
from mainshock.stream.store.database import StoreError

__all__ = [
    "ERROR_CODES",
    "STORE_AWAY",
    "Answer",
    "ApiError",
    "ErrorAnswer",
    "ErrorBody",
    "Listing",
    "Meta",
    "PageMeta",
    "error_response",
    "install_error_handlers",
    "listing",
    "retry_after",
]

ERROR_CODES: Mapping[int, str] = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
STORE_AWAY = sentences.STORE_IS_AWAY.tell()
_MOST_ERRORS_TOLD = 20
_LONGEST_VALUE = 100
_RETRY_S = 5.0  # where nothing better is known
_NUMBER_FAULTS = ("greater_than_equal", "less_than_equal", "greater_than", "less_than")
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Meta(BaseModel):
    """What is known about an answer beside its data."""


class PageMeta(BaseModel):
    """Which part of a list an answer holds."""

    count: int = Field(description="How many there are in all.")
    limit: int = Field(description="How many an answer holds at most.")
    offset: int = Field(0, description="How many of them were passed over.")


class Answer(BaseModel, Generic[T]):
    """A success that holds one thing."""

    data: T
    meta: Meta = Meta()


class Listing(BaseModel, Generic[T]):
    """A success that holds a list."""

    data: list[T]
    meta: PageMeta


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: one of a fixed set.")
    message: str = Field(description="For people: the value, the limit and the remedy.")
    message_told: list[Told] = Field(
        default_factory=list, description="Its sentences, each by its code and values."
    )
    detail: dict[str, Any] | None = None  # depends on the code


class ErrorAnswer(BaseModel):
    """A failure of any kind."""

    error: ErrorBody


class ApiError(MainshockError):
    """A request that cannot be answered.

    Parameters
    ----------
    status
        HTTP status; its code is that of ``ERROR_CODES``.
    message
        Value, limit and remedy.
    detail
        What a program can use.
    retry_s
        After how many seconds it may be asked again, or None where that is not known.
    """

    def __init__(
        self,
        status: int,
        message: str,
        detail: Mapping[str, object] | None = None,
        retry_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.headers = {} if retry_s is None else retry_after(retry_s)


Made = TypeVar("Made", bound=BaseModel)


def listing(
    kind: type[Made],
    data: Sequence[object],
    *,
    limit: int,
    count: int | None = None,
    offset: int = 0,
) -> Made:
    """Return a list in its envelope; without ``count`` it is complete as it stands."""
    meta = PageMeta(count=len(data) if count is None else count, limit=limit, offset=offset)
    return kind(data=list(data), meta=meta)


def retry_after(wait_s: float) -> dict[str, str]:
    """Return the header that tells after how many seconds to come again, rounded up."""
    return {"Retry-After": str(max(1, math.ceil(wait_s)))}


def error_response(
    path: str,
    status: int,
    message: str,
    detail: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error in the form that the clients of a path expect.

    A service that cannot answer at present (503) always says when to come again.
    """
    kept = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        kept = {**retry_after(_RETRY_S), **kept}
    if path.startswith("/fdsnws/"):
        return PlainTextResponse(f"Error {status}: {message}\n", status, headers=kept)
    if path == "/v2" or path.startswith("/v2/"):
        return JSONResponse({"error": message}, status, headers=kept)
    code = ERROR_CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
    body = ErrorBody(
        code=code,
        message=message,
        message_told=sentences.KNOWN.told_parts(message),
        detail=None if detail is None else dict(detail),
    )
    return JSONResponse({"error": jsonable_encoder(body)}, status, headers=kept)


def install_error_handlers(app: FastAPI) -> None:
    """Make an application answer every error in its envelope."""
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(StoreError, _store_away)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error_response(request.url.path, error.status, str(error), error.detail, error.headers)


def _store_away(request: Request, error: Exception) -> Response:
    """Answer while the database is down; why it is, only those who look after it are told."""
    _log.warning("%s %s: %s", request.method, request.url.path, error)
    return error_response(request.url.path, HTTPStatus.SERVICE_UNAVAILABLE, STORE_AWAY)


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path
    message = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND and message == HTTPStatus.NOT_FOUND.phrase:
        message = sentences.NO_PATH.tell(path=path)
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{path} does not answer to {request.method}"
    return error_response(path, error.status_code, message, headers=error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"where": ".".join(str(part) for part in one["loc"]), "message": _fault(one)}
        for one in error.errors()[:_MOST_ERRORS_TOLD]
    ]
    message = "; ".join(one["message"] for one in found[:3])
    return error_response(request.url.path, 400, message, {"errors": found})


def _fault(error: Mapping[str, Any]) -> str:
    """Return what is wrong with one value: its name, the value, and what it must be."""
    name = ".".join(str(part) for part in error["loc"][1:])  # the first one is query, path or body
    text = str(error["msg"]).removeprefix("Value error, ")
    kind, value = error["type"], error.get("input")
    if kind == "missing":
        return sentences.MISSING.tell(name=name or "the body")
    if kind == "value_error" or not isinstance(value, str | int | float):
        return f"{name}: {text}" if name else text
    if kind in _NUMBER_FAULTS:  # the text of a query, read as a number
        told = str(value)
    else:
        told = repr(value) if len(str(value)) <= _LONGEST_VALUE else "too long to repeat"
    text = text.replace("Input should be", "it must be").replace("Input should", "it should")
    return f"{name} is {told}; {text}"
