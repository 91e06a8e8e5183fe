"""FDSN dataselect 1.1: records of the archive, to the exact sample."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from mainshock.serve.context import ServiceContext
from mainshock.serve.fdsn.archive_days import MOST_FILES, ArchiveDays
from mainshock.serve.fdsn.channel_request import (
    CODE_PARAMETERS,
    ChannelRequest,
    parse_post,
    request_of,
)
from mainshock.serve.fdsn.parameters import FdsnError, Parameter, Query, parse_query
from mainshock.serve.fdsn.record_stretches import (
    Stretch,
    find_stretches,
    longer_than,
    longest_of_each,
    read_stretch,
)
from mainshock.serve.fdsn.service import FdsnService, answered, body_of, description_router

__all__ = ["router"]

MAX_BYTES = 2**30
_OPTIONS = (
    Parameter("quality", "choice", "B", choices=("D", "R", "Q", "M", "B")),
    Parameter("minimumlength", "number", "0.0", low=0.0),
    Parameter("longestonly", "boolean", "false"),
    Parameter("format", "choice", "miniseed", choices=("miniseed", "mseed")),
    Parameter("nodata", "choice", "204", choices=("204", "404")),
)
_TIMES = (
    Parameter("starttime", "time", abbreviation="start"),
    Parameter("endtime", "time", abbreviation="end"),
)
_SERVICE = FdsnService(
    name="dataselect",
    version="1.1.0",
    parameters=(*_TIMES, *CODE_PARAMETERS, *_OPTIONS),
    media_types=("application/vnd.fdsn.mseed",),
    takes_post=True,
)


def router(
    context: ServiceContext, max_bytes: int = MAX_BYTES, max_files: int = MOST_FILES
) -> APIRouter:
    """Return the routes of dataselect.

    Parameters
    ----------
    max_bytes, max_files
        A request for more bytes, or that more day files must be looked at for, is refused with
        status 413. Bytes count before short segments are left out.
    """
    routes = APIRouter(include_in_schema=False)
    path = f"{_SERVICE.path}/query"

    def answer(query: Query, requests: Sequence[ChannelRequest]) -> Response:
        days = ArchiveDays(context.archive, max_files)
        stretches = _stretches(days, query, requests, max_bytes)
        if not stretches:
            raise FdsnError(query.nodata, "the archive holds no data of these channels and times")
        return StreamingResponse(
            _bytes(stretches),
            media_type=_SERVICE.media_types[0],
            headers={"Content-Disposition": 'attachment; filename="fdsnws-dataselect.mseed"'},
        )

    @routes.get(path)
    def get_query(request: Request) -> Response:
        def read() -> Response:
            query = parse_query(_SERVICE.parameters, request.query_params.multi_items())
            return answer(query, [request_of(query)])

        return answered(_SERVICE, request, read)

    @routes.post(path)
    def post_query(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        return answered(_SERVICE, request, lambda: answer(*parse_post(_OPTIONS, body)))

    routes.include_router(description_router(_SERVICE))
    return routes


def _stretches(
    days: ArchiveDays, query: Query, requests: Sequence[ChannelRequest], max_bytes: int
) -> list[Stretch]:
    """Return where the wanted samples lie, request by request and channel by channel."""
    found: list[Stretch] = []
    n_bytes = 0
    for one in dict.fromkeys(requests):  # the same line twice is answered once
        for codes, paths in days.channels(one):
            stretches: list[Stretch] = []
            for path in paths:
                in_file = find_stretches(path, codes, one.start_ns, one.end_ns)
                n_bytes += sum(stretch.length for stretch in in_file)
                if n_bytes > max_bytes:
                    raise FdsnError(
                        413,
                        f"the request would give more than {max_bytes} bytes; "
                        "ask for less time or fewer channels at once",
                    )
                stretches += in_file
            stretches.sort(key=lambda stretch: stretch.start_ns)
            found += _long_enough(query, stretches)
    return found


def _long_enough(query: Query, stretches: list[Stretch]) -> list[Stretch]:
    minimum_s = query.number("minimumlength")
    if minimum_s:
        stretches = longer_than(stretches, minimum_s)
    return longest_of_each(stretches) if query.is_true("longestonly") else stretches


def _bytes(stretches: Sequence[Stretch]) -> Iterator[bytes]:
    for stretch in stretches:
        yield from read_stretch(stretch)
