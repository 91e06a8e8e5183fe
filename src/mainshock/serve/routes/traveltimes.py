"""``/api/v1/traveltimes``: when P and S of a source come, by distance: what wavefronts are."""

import re
from functools import lru_cache
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mainshock.core.errors import DataError, SettingsError
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Meta
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, StrictQuery

__all__ = ["TravelTimesAnswer", "TravelTimesData", "TravelTimesParameters", "router"]

# names and numbers alone: a file or folder is no model here
_MODEL = re.compile(r"(iasp91|ak135)|(constant|gradient):[0-9.,eE+-]{1,80}")
_DEPTH_STEP_KM = 0.5
_N_DISTANCES = 81
_Finite = {"allow_inf_nan": False}


class TravelTimesParameters(StrictQuery):
    """Of which source, in which Earth."""

    depth_km: Annotated[float, Field(ge=-10.0, le=800.0, **_Finite)]
    model: Annotated[
        str,
        Field(max_length=100, description="iasp91, ak135, constant:VP,VS or gradient:VP0,G,VS0,G"),
    ] = "iasp91"
    max_distance_km: Annotated[float, Field(ge=1.0, le=5000.0, **_Finite)] = 1000.0


class TravelTimesData(BaseModel):
    """First arrivals at the surface, by distance."""

    model: str
    depth_km: float = Field(description="Of the source, as it was rounded")
    distance_km: list[float] = Field(description="Along the surface, from 0 on, denser near 0")
    p_s: list[float] = Field(description="Travel times of P, s")
    s_s: list[float] = Field(description="Travel times of S, s")


class TravelTimesAnswer(Answer[TravelTimesData]):
    """Travel times."""

    meta: Meta


def router(_context: ServiceContext) -> APIRouter:
    """Return the route."""
    routes = APIRouter(
        prefix="/api/v1", tags=["events"], dependencies=STRICT, responses=INFER_ERROR_ANSWERS
    )

    @routes.get("/traveltimes")
    def get_travel_times(wanted: Annotated[TravelTimesParameters, Query()]) -> TravelTimesAnswer:
        """Tell when P and S of a source come at the surface, by distance from the epicentre."""
        if not _MODEL.fullmatch(wanted.model):
            raise ApiError(
                400, "model is none of iasp91, ak135, constant:VP,VS and gradient:VP0,G,VS0,G"
            )
        depth_km = round(wanted.depth_km / _DEPTH_STEP_KM) * _DEPTH_STEP_KM
        try:
            found = _table(wanted.model, depth_km, wanted.max_distance_km)
        except (SettingsError, DataError) as error:
            raise ApiError(400, str(error)) from error
        return TravelTimesAnswer(data=found, meta=Meta())

    return routes


@lru_cache(maxsize=256)
def _table(name: str, depth_km: float, most_km: float) -> TravelTimesData:
    from mainshock.locate.registry import open_velocity_model  # noqa: PLC0415 - not every service

    model = open_velocity_model(name)
    # evenly in the root: fronts bend most above the source
    distance_km = most_km * np.linspace(0.0, 1.0, _N_DISTANCES) ** 2
    p_s, s_s = (model.travel_time_s(phase, distance_km, depth_km, 0.0) for phase in ("P", "S"))
    if not (np.isfinite(p_s).all() and np.isfinite(s_s).all()):
        raise DataError(
            f"{name} has no times from {depth_km:g} km depth to {most_km:g} km distance"
        )
    rows = [np.round(one, 3).tolist() for one in (distance_km, p_s, s_s)]
    return TravelTimesData(
        model=model.name, depth_km=depth_km, distance_km=rows[0], p_s=rows[1], s_s=rows[2]
    )
