"""``/api/v1/.../shaking``: maps of shaking of events, and of scenarios that are asked for."""

import re
import threading
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.core.sentences import Told
from mainshock.core.shaking_field import ShakingField
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Meta
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, EventId, require_json
from mainshock.serve.schemas import UtcTime
from mainshock.stream.records import EventVersion

if TYPE_CHECKING:
    from mainshock.shaking.grid import MapSites
    from mainshock.shaking.training import ShakingModel

__all__ = [
    "EventShakingAnswer",
    "EventShakingMeta",
    "GridRequest",
    "ScenarioMapRequest",
    "ShakingMapAnswer",
    "ShakingMapData",
    "ShakingMapMeta",
    "router",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # no path: a file or folder is no model here
_MOST_SITES, _MOST_MEASURES = 10_000, 8
_N_A_SIDE = 41
_Finite = {"allow_inf_nan": False}
_Degrees = Annotated[float, Field(ge=-180.0, le=180.0, **_Finite)]
_Latitude = Annotated[float, Field(ge=-85.0, le=85.0, **_Finite)]
_Count = Annotated[int, Field(ge=2, le=1000)]


class GridRequest(BaseModel):
    """A grid of sites; west above east spans the 180th meridian."""

    model_config = ConfigDict(extra="forbid")

    west: _Degrees
    east: _Degrees
    south: _Latitude
    north: _Latitude
    columns: _Count = _N_A_SIDE
    rows: _Count = _N_A_SIDE


class ScenarioMapRequest(BaseModel):
    """An earthquake that might be, and where its shaking is wanted."""

    model_config = ConfigDict(extra="forbid")

    magnitude: Annotated[float, Field(ge=-2.0, le=10.0, **_Finite)]
    longitude: _Degrees
    latitude: _Latitude
    depth_km: Annotated[float, Field(ge=0.0, le=800.0, **_Finite)]
    magnitude_sd: Annotated[
        float, Field(ge=0.0, le=2.0, description="0: the magnitude is known", **_Finite)
    ] = 0.0
    grid: GridRequest | None = Field(
        None, description=f"At most {_MOST_SITES} sites. Null: a square around the epicentre"
    )
    measures: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(max_length=_MOST_MEASURES, description="Empty: those that maps of events show"),
    ] = []
    model: Annotated[str, Field(max_length=64, description="Name of a model of shaking")] = (
        "default"
    )


class ShakingMapData(BaseModel):
    """A map of shaking; logarithms are natural ones of m/s^2, or m/s of PGV and FAS."""

    event_id: str
    version: int | None = Field(description="Version of the event it was made for")
    time: UtcTime | None = Field(description="Null for a scenario")
    magnitude: float
    magnitude_sd: float
    magnitude_type: str
    longitude: float
    latitude: float
    depth_km: float
    site_longitude: list[float] = Field(description="Of the columns; may run on above 180")
    site_latitude: list[float] = Field(description="Of the rows, from south to north")
    measures: list[str]
    mean: list[list[float]] = Field(description="Median: a list a measure, row after row")
    sd: list[list[float]] = Field(description="Standard deviation of one record")
    sd_epistemic: list[list[float]] = Field(description="Part that more knowledge takes away")
    is_extrapolated: list[int] = Field(description="1 outside what the model was trained on")
    extrapolated_share: float
    model: str
    is_synthetic: bool = Field(description="Whether the model was trained on made-up records")
    n_draws: int = Field(description="Sources that stand for the event's uncertainty")
    contours: dict[str, Any] = Field(description="GeoJSON lines of equal median")


class ShakingMapMeta(Meta):
    """What limits a map."""

    cautions: list[str]
    cautions_told: list[Told] = Field(description="The cautions, each by its code and values")


class ShakingMapAnswer(Answer[ShakingMapData]):
    """A map."""

    meta: ShakingMapMeta


class EventShakingMeta(ShakingMapMeta):
    """What limits the map of an event, or why there is none."""

    reason: str = Field(description="Why there is no map; empty where there is one")
    reason_told: list[Told] = Field(description="Its sentences, each by its code and values")


class EventShakingAnswer(Answer[ShakingMapData | None]):
    """The map of an event; null where there is none."""

    meta: EventShakingMeta


class _Models:
    """Models of shaking by name, opened once."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._opened: dict[str, ShakingModel] = {}

    def get(self, name: str) -> "ShakingModel":
        """Return a model.

        Raises
        ------
        ApiError
            404 if there is none of that name.
        """
        from mainshock.shaking.training import open_model  # noqa: PLC0415 - not every service

        if not _NAME.fullmatch(name):
            raise ApiError(404, f"there is no model of shaking {name[:64]!r}")
        with self._opening:
            if name not in self._opened:
                try:
                    self._opened[name] = open_model(name)
                except ModelError as error:
                    raise ApiError(404, str(error)) from error
            return self._opened[name]


def router(context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    models = _Models()
    routes = APIRouter(
        prefix="/api/v1", tags=["shaking"], dependencies=STRICT, responses=INFER_ERROR_ANSWERS
    )

    @routes.get("/events/{event_id}/shaking")
    def get_event_shaking(event_id: EventId) -> EventShakingAnswer:
        """Tell how an event shook the ground around it: median, spread and contours."""
        told, found = context.store.event(event_id), context.store.shaking(event_id)
        if told is None:
            raise ApiError(404, sentences.NO_EVENT.tell(event_id=event_id))
        if found is None or told.kind == "cancel":
            why = _why_not(told)
            said = sentences.KNOWN.told_parts(why)
            meta = EventShakingMeta(cautions=[], cautions_told=[], reason=why, reason_told=said)
            return EventShakingAnswer(data=None, meta=meta)
        field = ShakingField.from_document(found.document)
        limits = _limits(field)
        meta = EventShakingMeta(**limits.model_dump(), reason="", reason_told=[])
        return EventShakingAnswer(data=_data(field, found.version), meta=meta)

    @routes.post("/shaking/map", openapi_extra=_body(ScenarioMapRequest))
    async def infer_shaking_map(request: Request) -> ShakingMapAnswer:
        """Map the shaking of an earthquake that might be."""
        require_json(request)
        inference.admit(request.client.host if request.client else "")
        return await inference.records.run(_scenario_map, models, await request.body())

    return routes


def _body(kind: type[BaseModel]) -> dict[str, Any]:  # part of an OpenAPI document
    # parts are written out where they stand: there is no place for definitions
    schema = kind.model_json_schema()
    parts = schema.pop("$defs", {})
    text = {name: {"title": name, **part} for name, part in parts.items()}
    for one in schema["properties"].values():
        for choice in one.get("anyOf", []):
            if "$ref" in choice:
                choice.update(text[choice.pop("$ref").rsplit("/", 1)[-1]])
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _why_not(told: EventVersion) -> str:
    """Return why there is no map of an event."""
    from mainshock.pipeline.shaking import model_problem  # noqa: PLC0415 - not every service

    if told.kind == "cancel":
        return sentences.EVENT_CANCELLED.tell()
    if told.event.magnitude is None:
        return sentences.NO_MAGNITUDE.tell()
    return model_problem() or sentences.NO_SHAKING_MAP.tell()


def _scenario_map(models: _Models, body: bytes) -> ShakingMapAnswer:
    from mainshock.pipeline.shaking import shown_measures  # noqa: PLC0415 - the same
    from mainshock.shaking.shaking_map import (  # noqa: PLC0415
        MapSettings,
        ShakingSource,
        map_shaking,
    )

    try:
        wanted = ScenarioMapRequest.model_validate_json(body)
    except ValidationError as error:
        details = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(details) from error
    model = models.get(wanted.model)
    source = ShakingSource(
        event_id="scenario",
        magnitude=wanted.magnitude,
        longitude=wanted.longitude,
        latitude=wanted.latitude,
        depth_km=wanted.depth_km,
        magnitude_sd=wanted.magnitude_sd,
    )
    settings = MapSettings(tuple(wanted.measures) or shown_measures(model))
    try:
        field = map_shaking(model, source, _sites(wanted), settings)
    except (DataError, SettingsError) as error:
        raise ApiError(400, str(error)) from error
    return ShakingMapAnswer(data=_data(field, None), meta=_limits(field))


def _limits(field: ShakingField) -> ShakingMapMeta:
    said = field.cautions()
    return ShakingMapMeta(cautions=said, cautions_told=sentences.KNOWN.all_told(said))


def _sites(wanted: ScenarioMapRequest) -> "MapSites":
    from mainshock.pipeline.shaking import map_radius_km  # noqa: PLC0415 - the same
    from mainshock.shaking.grid import box_sites, sites_around  # noqa: PLC0415

    grid = wanted.grid
    if grid is None:
        radius_km = map_radius_km(wanted.magnitude)
        return sites_around(wanted.longitude, wanted.latitude, radius_km, _N_A_SIDE)
    if grid.columns * grid.rows > _MOST_SITES:
        raise DataError(
            f"{grid.columns} x {grid.rows} sites; ask for at most {_MOST_SITES}, "
            "or use `mainshock shake map`"
        )
    bounds = (grid.west, grid.east, grid.south, grid.north)
    return box_sites(bounds, grid.columns, grid.rows)


def _data(field: ShakingField, version: int | None) -> ShakingMapData:
    from mainshock.shaking.contours import contours_to_geojson  # noqa: PLC0415 - the same

    return ShakingMapData.model_validate(
        {**field.as_document(), "version": version, "contours": contours_to_geojson(field)}
    )
