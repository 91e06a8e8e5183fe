"""``/api/v1/offfault``: kinematic efficiency along traces, or of windows, that are sent."""

import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import numpy as np
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.core.errors import (
    DataError,
    GeometryError,
    ModelError,
    NothingFoundError,
    RegistryError,
)
from mainshock.core.sentences import Told
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Meta
from mainshock.serve.inference import Inference
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, require_json

if TYPE_CHECKING:
    from mainshock.offfault.base import EfficiencyModel
    from mainshock.offfault.profile import EfficiencyProfile

__all__ = [
    "EfficiencyMeta",
    "EstimateData",
    "ProfileAnswer",
    "ProfileData",
    "ProfileRequest",
    "ProfileWindowData",
    "WindowEstimateData",
    "WindowsAnswer",
    "WindowsData",
    "WindowsRequest",
    "router",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST_PLACES, _MOST_PROFILE_WINDOWS, _MOST_WINDOWS = 100_000, 300, 500
_GEOJSON = "application/geo+json"
_Model = Annotated[str, Field(max_length=64, description="Name of an efficiency model")]
Asked = TypeVar("Asked", bound=BaseModel)


class ProfileRequest(BaseModel):
    """Mapped traces of a fault, and how they are drawn."""

    model_config = ConfigDict(extra="forbid")

    traces: dict[str, Any] = Field(description="GeoJSON with LineStrings")
    pixel_m: Annotated[float, Field(ge=0.01, le=20_000.0, description="Side of a pixel")] = 75.0
    stride_px: Annotated[int, Field(ge=8, le=256, description="Largest step of windows")] = 32
    units: Annotated[
        Literal["auto", "lonlat", "km", "m"], Field(description="Of the coordinates")
    ] = "auto"
    kinds: Annotated[
        list[Literal["main", "secondary"]],
        Field(min_length=1, max_length=2, description="Which traces are drawn"),
    ] = ["main", "secondary"]
    model: _Model = "default"


class WindowsRequest(BaseModel):
    """Windows of drawn fault maps."""

    model_config = ConfigDict(extra="forbid")

    windows: Annotated[
        list[list[list[Annotated[int, Field(ge=0, le=1)]]]],
        Field(
            min_length=1,
            max_length=_MOST_WINDOWS,
            description="128 rows across strike of 64 pixels each; 1 is a fault",
        ),
    ]
    model: _Model = "default"


class EstimateData(BaseModel):
    """Kinematic efficiency of a window: slip on faults over the displacement applied."""

    index: int
    ke: float
    lo90: float = Field(description="Lower end of the band that holds nine of ten")
    hi90: float
    sd: float
    epistemic_sd: float = Field(description="Part of sd from scales, line widths and networks")


class ProfileWindowData(EstimateData):
    """A window along a fault."""

    distance_along_km: float
    azimuth_deg: float = Field(description="Local strike")
    longitude: float | None = Field(None, description="Null without a place on Earth")
    latitude: float | None = None
    line: list[list[float]] = Field(description="The fault there: degrees, or km without a place")


class ProfileData(BaseModel):
    """Efficiency along a fault."""

    model: str
    pixel_m: float
    strike_deg: float
    coordinates: str = Field(description="How the coordinates were read")
    has_place: bool = Field(description="Whether lines are in degrees")
    windows: list[ProfileWindowData]


class WindowEstimateData(BaseModel):
    """Kinematic efficiency of a drawn window; null where it holds no fault, or nothing is known."""

    index: int
    ke: float | None
    lo90: float | None = Field(description="Lower end of the band that holds nine of ten")
    hi90: float | None
    sd: float | None
    epistemic_sd: float | None = Field(description="Part of sd from the networks' disagreement")


class WindowsData(BaseModel):
    """Efficiency of windows."""

    model: str
    windows: list[WindowEstimateData]


class EfficiencyMeta(Meta):
    """What limits an estimate."""

    warnings: list[str]
    caveats: list[str]
    warnings_told: list[Told] = Field(description="The warnings, each by its code and values")
    caveats_told: list[Told] = Field(description="The caveats, each by its code and values")


class ProfileAnswer(Answer[ProfileData]):
    """A profile."""

    meta: EfficiencyMeta


class WindowsAnswer(Answer[WindowsData]):
    """Estimates in the order of the windows."""

    meta: EfficiencyMeta


class _Models:
    """Efficiency models by name, opened once."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._opened: dict[str, EfficiencyModel] = {}

    def get(self, name: str) -> "EfficiencyModel":
        """Return a model.

        Raises
        ------
        ApiError
            404 if there is none of that name.
        """
        from mainshock.offfault import registry  # noqa: PLC0415 - not every service needs it

        known = ", ".join(registry.EFFICIENCY_MODELS.names())
        if not _NAME.fullmatch(name):
            raise ApiError(404, f"there is no efficiency model {name[:64]!r}; known ones: {known}")
        with self._opening:
            if name not in self._opened:
                try:
                    self._opened[name] = registry.EFFICIENCY_MODELS.load(name)()
                except (RegistryError, ModelError) as error:
                    raise ApiError(404, str(error)) from error
            return self._opened[name]


def router(_context: ServiceContext, inference: Inference) -> APIRouter:
    """Return the routes."""
    models = _Models()
    routes = APIRouter(
        prefix="/api/v1/offfault",
        tags=["offfault"],
        dependencies=STRICT,
        responses=INFER_ERROR_ANSWERS,
    )

    @routes.post("/profile", openapi_extra=_body(ProfileRequest))
    async def infer_fault_profile(request: Request) -> ProfileAnswer:
        """Estimate how much of the displacement slips on a mapped fault, along it."""
        body = await _admitted(request, inference)
        return await inference.records.run(_profile_answer, models, body)

    @routes.post("/profile.geojson", include_in_schema=False)  # without the envelope
    async def infer_fault_profile_geojson(request: Request) -> JSONResponse:
        """Estimate the same as GeoJSON lines, for maps."""
        body = await _admitted(request, inference)
        return await inference.records.run(_profile_geojson, models, body)

    @routes.post("/windows", openapi_extra=_body(WindowsRequest))
    async def infer_fault_windows(request: Request) -> WindowsAnswer:
        """Estimate how much of the displacement slips on the faults of drawn windows."""
        body = await _admitted(request, inference)
        return await inference.records.run(_windows, models, body)

    return routes


def _body(kind: type[BaseModel]) -> dict[str, Any]:  # part of an OpenAPI document
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


async def _admitted(request: Request, inference: Inference) -> bytes:
    require_json(request)
    inference.admit(request.client.host if request.client else "")
    return await request.body()


def _asked(kind: type[Asked], body: bytes) -> Asked:
    """Return a request's body, checked."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        details = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(details) from error


def _profile(models: _Models, body: bytes) -> "tuple[EfficiencyProfile, ProfileRequest]":
    from mainshock.offfault.fault_map_files import fault_map_from_geojson  # noqa: PLC0415
    from mainshock.offfault.profile import ProfileSettings, efficiency_profile  # noqa: PLC0415

    wanted = _asked(ProfileRequest, body)
    model = models.get(wanted.model)
    settings = replace(
        ProfileSettings(),
        pixel_m=wanted.pixel_m,
        stride_px=wanted.stride_px,
        most_windows=_MOST_PROFILE_WINDOWS,
    )
    try:
        fault_map = fault_map_from_geojson(wanted.traces, wanted.units).of_kinds(wanted.kinds)
        n_places = sum(len(line) for line in fault_map.lines)
        if n_places > _MOST_PLACES:
            raise DataError(f"{n_places} places; send at most {_MOST_PLACES}, or simplify lines")
        return efficiency_profile(fault_map, model, settings), wanted
    except (DataError, GeometryError, NothingFoundError) as error:
        raise ApiError(400, str(error)) from error


def _profile_geojson(models: _Models, body: bytes) -> JSONResponse:
    from mainshock.offfault.profile_files import profile_to_geojson  # noqa: PLC0415

    profile, wanted = _profile(models, body)
    document = {**profile_to_geojson(profile), "model": wanted.model}
    return JSONResponse(document, media_type=_GEOJSON)


def _profile_answer(models: _Models, body: bytes) -> ProfileAnswer:
    from mainshock.offfault.profile_files import profile_to_geojson  # noqa: PLC0415

    profile, wanted = _profile(models, body)
    if not np.isfinite(profile.efficiency.hi90 - profile.efficiency.lo90).all():
        raise ApiError(
            400, f"the model {wanted.model!r} states no interval; ask for profile.geojson"
        )
    lines = [one["geometry"]["coordinates"] for one in profile_to_geojson(profile)["features"]]
    windows = [
        ProfileWindowData.model_validate({**row, "line": line})
        for row, line in zip(profile.rows(), lines, strict=True)
    ]
    data = ProfileData(
        model=wanted.model,
        pixel_m=profile.pixel_m,
        strike_deg=profile.strike_deg,
        coordinates=profile.fault_map.crs_note,
        has_place=profile.fault_map.frame is not None,
        windows=windows,
    )
    return ProfileAnswer(data=data, meta=_meta(list(profile.warnings)))


def _windows(models: _Models, body: bytes) -> WindowsAnswer:
    from mainshock.offfault.profile import drawn_efficiency  # noqa: PLC0415
    from mainshock.offfault.windows import check_maps  # noqa: PLC0415

    wanted = _asked(WindowsRequest, body)
    model = models.get(wanted.model)
    try:
        maps = np.array(wanted.windows, dtype=np.uint8)
        check_maps(maps)
    except ValueError as error:  # rows of several lengths, or another shape
        raise ApiError(400, f"windows must be 128 rows of 64 pixels each: {error}") from error
    found, told = drawn_efficiency(maps, model)
    estimates = [
        WindowEstimateData.model_validate(
            {name: None if np.isnan(value) else value for name, value in row.items()}
        )
        for row in found.rows()
    ]
    return WindowsAnswer(data=WindowsData(model=wanted.model, windows=estimates), meta=_meta(told))


def _meta(warnings: list[str]) -> EfficiencyMeta:
    from mainshock.offfault.profile import CAVEATS  # noqa: PLC0415

    return EfficiencyMeta(
        warnings=warnings,
        caveats=list(CAVEATS),
        warnings_told=sentences.KNOWN.all_told(warnings),
        caveats_told=sentences.KNOWN.all_told(CAVEATS),
    )
