"""``/api/v1/catalogues``: the live catalogue and others, to be explored; Mc and b of events."""

from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Any

import numpy as np
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from mainshock.serve.catalogue_columns import MEDIA_TYPE, encoded
from mainshock.serve.catalogue_shelf import CatalogueShelf, ShelvedCatalogue
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Listing, listing
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, Number
from mainshock.serve.schemas import UtcTime
from mainshock.serve.summaries import finite

__all__ = [
    "BValueData",
    "CatalogueAnswer",
    "CatalogueData",
    "CataloguesAnswer",
    "MagnitudesAnswer",
    "MagnitudesData",
    "router",
]

_BYTES = "application/octet-stream"
_MOST_MAGNITUDES = 500_000
_Id = Annotated[str, Path(pattern=r"^[\w .()+-]{1,120}$", description="Id of a catalogue")]
_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class CatalogueData(BaseModel):
    """A catalogue that can be explored."""

    catalogue_id: str
    name: str = Field(description="Of its file; empty for the live one")
    kind: str = Field(description="live, file (in the data folder) or upload")
    format: str = Field(description="Form of its file; empty where not known yet")
    count: int | None = Field(description="Number of events; null where not read yet")
    is_synthetic: bool
    skipped_count: int = Field(description="Rows that were not used")
    skipped: list[str] = Field(description="The first of them, with the reason")
    added: UtcTime | None = Field(description="When it was uploaded")


class CatalogueAnswer(Answer[CatalogueData]):
    """A catalogue."""


class CataloguesAnswer(Listing[CatalogueData]):
    """Catalogues."""


class BValueData(BaseModel):
    """The slope of the law of Gutenberg and Richter."""

    b: float
    se: float | None = Field(description="Standard error")
    n: int = Field(description="Magnitudes, or steps, that it was taken from")
    method: str


class MagnitudesData(BaseModel):
    """Completeness and b-value; null where too few events tell nothing."""

    n: int
    rounding: float = Field(description="Width that magnitudes are rounded to; 0: to none")
    bin_width: float
    mc: float | None = Field(description="Maximum curvature plus 0.2")
    mc_sd: float | None = Field(description="Spread of mc in 200 random selections and in a bin")
    mc_stable: float | None = Field(description="From which on b stays within its error")
    used_mc: float | None = Field(description="What b counts from")
    b: BValueData | None = Field(description="Tinti and Mulargia, error by Shi and Bolt")
    b_positive: BValueData | None = Field(description="Of steps up from event to event")
    notes: list[str]


class MagnitudesAnswer(Answer[MagnitudesData]):
    """Completeness and b-value."""


def router(context: ServiceContext, shelf: CatalogueShelf | None = None) -> APIRouter:
    """Return the routes."""
    kept = shelf or CatalogueShelf(context.store, _catalogue_folder(context.archive))
    routes = APIRouter(
        prefix="/api/v1/catalogues",
        tags=["catalogues"],
        dependencies=STRICT,
        responses=INFER_ERROR_ANSWERS,
    )

    @routes.get("")
    def list_catalogues() -> CataloguesAnswer:
        """List what can be explored: the live catalogue, files of the data folder, uploads."""
        found = [_data(one) for one in kept.all()]
        return listing(CataloguesAnswer, found, limit=len(found))

    @routes.post("", openapi_extra=_SENT)
    async def add_catalogue(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=100, description="Of the file")],
        format: Annotated[  # noqa: A002 - what callers see
            str | None, Query(max_length=50, description="Default: told from the content")
        ] = None,
    ) -> CatalogueAnswer:
        """Take in a catalogue as the bytes of its file: CSV, ZMAP, QuakeML, Parquet and others."""
        _require_bytes(request)
        content = await request.body()
        return CatalogueAnswer(
            data=_data(await to_thread.run_sync(kept.add, name, content, format))
        )

    @routes.post("/statistics", openapi_extra=_SENT)
    async def get_magnitude_statistics(
        request: Request, mc: Annotated[Number, Query(description="Default: the one found")] = None
    ) -> MagnitudesAnswer:
        """Tell Mc and b of magnitudes that are sent in order of time, as float32, little endian."""
        _require_bytes(request)
        content = await request.body()
        return MagnitudesAnswer(data=await to_thread.run_sync(_statistics, content, mc))

    @routes.get("/{catalogue_id}")
    def get_catalogue(catalogue_id: _Id) -> CatalogueAnswer:
        """Tell what one catalogue holds."""
        return CatalogueAnswer(data=_data(kept.get(catalogue_id)))

    @routes.get("/{catalogue_id}/events", include_in_schema=False)  # bytes, not JSON
    def get_catalogue_events(catalogue_id: _Id) -> Response:
        """Give its events as columns, laid out as `catalogue_columns` says."""
        events = kept.get(catalogue_id).events
        if events is None:
            raise ApiError(404, f"{catalogue_id} has no events")
        return Response(encoded(events), media_type=MEDIA_TYPE)

    @routes.delete("/{catalogue_id}")
    def remove_catalogue(catalogue_id: _Id) -> CatalogueAnswer:
        """Forget an upload."""
        return CatalogueAnswer(data=_data(kept.remove(catalogue_id)))

    return routes


def _catalogue_folder(archive: FilePath) -> FilePath:
    """Return where files of catalogues lie, beside the archive of a run."""
    return archive.parent / "catalogues"


def _require_bytes(request: Request) -> None:
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if stated != _BYTES:
        raise ApiError(415, f"Content-Type is {stated[:100]!r}; send {_BYTES}")


def _data(one: ShelvedCatalogue) -> CatalogueData:
    events = one.events
    return CatalogueData(
        catalogue_id=one.catalogue_id,
        name=one.name,
        kind=one.kind,
        format=one.format,
        count=None if events is None else len(events),
        is_synthetic=events is not None and events.is_synthetic,
        skipped_count=one.n_skipped,
        skipped=list(one.skipped),
        added=one.added,
    )


def _statistics(content: bytes, mc: float | None) -> MagnitudesData:
    from mainshock.serve.magnitude_statistics import magnitude_statistics  # noqa: PLC0415 - SciPy

    if len(content) % 4 or len(content) > 4 * _MOST_MAGNITUDES:
        raise ApiError(
            400,
            f"these are {len(content)} bytes; send float32, at most {_MOST_MAGNITUDES} of them",
        )
    sent = np.frombuffer(content, dtype="<f4")
    known = sent[np.isfinite(sent)]
    if len(known) and not (known.min() >= -10.0 and known.max() <= 12.0):
        raise ApiError(
            400, f"magnitudes go from {known.min():g} to {known.max():g}; they must be -10 to 12"
        )
    told = asdict(magnitude_statistics(known, mc))
    for name in ("b", "b_positive"):
        if told[name] is not None:
            told[name]["se"] = finite(told[name]["se"])
    return MagnitudesData.model_validate({**told, "notes": list(told["notes"])})
