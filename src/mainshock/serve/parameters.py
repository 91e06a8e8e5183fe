"""What queries and paths may state, checked the same way by all routes."""

from datetime import datetime
from typing import Annotated, Self, TypeVar

from fastapi import Depends, Path, Query, Request
from fastapi.params import Depends as DependsMarker
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.times import format_utc
from mainshock.serve import sentences
from mainshock.serve.envelope import ApiError, ErrorAnswer
from mainshock.serve.schemas import UtcTime
from mainshock.serve.text_form import TextForm
from mainshock.sources.fragments import ns_from_datetime

__all__ = [
    "ERROR_ANSWERS",
    "INFER_ERROR_ANSWERS",
    "STRICT",
    "EventId",
    "Latitude",
    "Limit",
    "Longitude",
    "Number",
    "StationCode",
    "StrictQuery",
    "TimeSpan",
    "TraceId",
    "in_order",
    "require_json",
    "span_ns",
]

_TEXTS = {
    400: "A value cannot be used",
    401: "The token is missing or wrong",
    403: "The account lacks what this needs",
    404: "There is no such thing",
    413: "The body is too large",
    415: "The body is of another type",
    429: "Too many requests",
    500: "The service failed",
    503: "Too much to do at present, or the store is away; Retry-After tells when to come again",
}
Answers = dict[int | str, dict[str, object]]
Value = TypeVar("Value", float, datetime)


def _error_answers(*statuses: int) -> Answers:
    return {one: {"model": ErrorAnswer, "description": _TEXTS[one]} for one in statuses}


ERROR_ANSWERS = _error_answers(400, 401, 403, 404, 429, 500, 503)
INFER_ERROR_ANSWERS = _error_answers(*_TEXTS)
EventId = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,200}$", description="Id of an event")]
Number = Annotated[float | None, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Latitude = Annotated[float | None, Field(allow_inf_nan=False, ge=-90.0, le=90.0)]
Longitude = Annotated[float | None, Field(allow_inf_nan=False, ge=-180.0, le=180.0)]
TraceId = Annotated[
    str,
    TextForm(
        r"^[A-Z0-9]{0,8}\.[A-Z0-9-]{1,8}\.[A-Z0-9]{0,8}\.[A-Z0-9]{1,4}$",
        "write NET.STA.LOC.CHA, such as Z7.KVER..HHZ",
    ),
    Query(description="NET.STA.LOC.CHA", examples=["BW.UH1..EHZ"]),
]
StationCode = Annotated[
    str,
    TextForm(r"^[A-Za-z0-9]{0,8}\.[A-Za-z0-9-]{1,8}$", "write NET.STA, such as Z7.KVER"),
    Field(description="NET.STA"),
]
Limit = Annotated[int, Field(ge=1, le=10_000)]


class StrictQuery(BaseModel):
    """Query parameters of a route; others are refused."""

    model_config = ConfigDict(extra="forbid")


class TimeSpan(StrictQuery):
    """From ``start`` to ``end``."""

    start: UtcTime | None = None
    end: UtcTime | None = None

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        in_order("start", self.start, "end", self.end)
        return self


def in_order(low_name: str, low: Value | None, high_name: str, high: Value | None) -> None:
    """Require that a lower limit is not above an upper one; None is no limit.

    Raises
    ------
    ValueError
        If it is: nothing could ever match.
    """
    if low is None or high is None or low <= high:
        return
    texts = [format_utc(one) if isinstance(one, datetime) else f"{one:g}" for one in (low, high)]
    raise ValueError(f"{low_name} is {texts[0]}, above {high_name}, which is {texts[1]}; swap them")


async def _refuse_unknown(request: Request) -> None:  # sync ones would take a thread each
    """Refuse query parameters that a route does not know, or that are given twice."""
    known = _parameters(request.scope["route"])
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(given) - set(known))
    if unknown:
        listed = ", ".join(known) or "none"
        raise ApiError(
            400,
            f"unknown query parameter {unknown[0][:100]!r}; known ones: {listed}",
            {"known": known},
        )
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise ApiError(400, f"query parameter {twice[0]!r} is given twice; give it once")


def _parameters(route: object) -> list[str]:
    names: list[str] = []
    for parameter in getattr(getattr(route, "dependant", None), "query_params", []):
        annotation = parameter.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names.extend(annotation.model_fields)
        else:
            names.append(parameter.alias)
    return names


STRICT: list[DependsMarker] = [Depends(_refuse_unknown)]
"""Dependencies of every router of the API."""


def span_ns(start: UtcTime, end: UtcTime, longest_s: float) -> tuple[int, int]:
    """Return a time span in nanoseconds since 1970.

    Raises
    ------
    ApiError
        If it is empty or longer than ``longest_s``.
    """
    length_s = (end - start).total_seconds()
    if not 0.0 < length_s <= longest_s:
        raise ApiError(
            400,
            sentences.WINDOW_LENGTH.tell(length_s=length_s, longest_s=longest_s),
        )
    return ns_from_datetime(start), ns_from_datetime(end)


def require_json(request: Request) -> None:
    """Refuse a body that is not stated to be JSON: pages of other sites cannot send that unasked.

    Raises
    ------
    ApiError
        415 for any other type.
    """
    stated = request.headers.get("content-type", "")
    if stated.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, f"Content-Type is {stated[:100]!r}; send application/json")
