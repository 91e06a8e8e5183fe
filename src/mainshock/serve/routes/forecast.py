"""``/api/v1/forecast`` and ``/api/v1/events/{id}/aftershocks``: chances of earthquakes."""

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, model_validator

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.rate_forecast import RateForecast
from mainshock.core.sentences import Told
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Meta
from mainshock.serve.parameters import (
    ERROR_ANSWERS,
    INFER_ERROR_ANSWERS,
    STRICT,
    EventId,
    Latitude,
    Longitude,
    StrictQuery,
)
from mainshock.serve.schemas import UtcTime
from mainshock.stream.records import ForecastVersion

__all__ = [
    "AftershocksAnswer",
    "AftershocksMeta",
    "ChanceParameters",
    "ForecastAnswer",
    "ForecastData",
    "ForecastGridData",
    "ForecastMeta",
    "ForecastRowData",
    "router",
]

_Finite = {"allow_inf_nan": False}
Language = Literal["en", "es", "de"]
"""Of the sentence of each row."""


class ForecastRowData(BaseModel):
    """Chance and number of earthquakes of at least one magnitude in one window."""

    magnitude: float
    days: float = Field(description="Length of the window, which opens at the forecast's start")
    end: UtcTime
    probability: float = Field(description="Of at least one")
    probability_low: float = Field(description="95 % range that the model's uncertainty leaves")
    probability_high: float
    reference_probability: float = Field(description="Of such a window in the long term")
    multiple: float = Field(description="Expected number over that of the long term")
    expected: float = Field(description="Mean number")
    expected_low: int = Field(description="95 % range of the number")
    expected_high: int
    is_validated: bool = Field(description="Whether the model was tested on such windows")
    model: str = Field(description="What the row comes from; empty: the forecast's own model")
    is_generic: bool = Field(description="From parameters of many regions, not of this one")
    sentence: str = Field(description="The row in words")


class ForecastGridData(BaseModel):
    """Expected numbers of events of at least ``mc``, row after row from south to north."""

    longitude: list[float] = Field(description="Middles of columns; may run on above 180")
    latitude: list[float]
    days: float
    expected: list[float]
    reference: list[float] = Field(description="The same in the long term")


class ForecastData(BaseModel):
    """Chances of earthquakes: probabilities, never a prediction."""

    forecast_id: str
    event_id: str = Field(description="The mainshock of a table of aftershocks; else empty")
    event_version: int | None
    region: str
    region_told: list[Told] = Field(description="The region by its code and values")
    outline: list[tuple[float, float]] = Field(description="Longitude and latitude of corners")
    issued: UtcTime
    start: UtcTime = Field(description="When all windows open")
    cut_off: UtcTime = Field(description="Up to when data were known")
    model: str
    agency: str = Field(description="Source of official advice")
    mc: float = Field(description="Least magnitude that the model tells of")
    rows: list[ForecastRowData]
    grid: ForecastGridData | None
    is_synthetic: bool
    is_retrospective: bool = Field(description="Made after its windows had opened")


class ForecastMeta(Meta):
    """What limits a forecast."""

    state: Literal["current", "retrospective"]
    age_s: float = Field(description="Since it was issued")
    cut_off_age_s: float = Field(description="Since the newest data in it")
    max_age_s: float = Field(description="Age of the newest data at which it is withdrawn")
    is_validated: bool = Field(description="Whether all windows shown were tested")
    cautions: list[str]
    cautions_told: list[Told] = Field(description="The cautions, each by its code and values")
    log_number: int | None = Field(description="Its line in the log of forecasts, from 0")
    log_digest: str = Field(description="SHA-256 of that line: keep it to find changes")


class ForecastAnswer(Answer[ForecastData]):
    """A forecast."""

    meta: ForecastMeta


class AftershocksMeta(Meta):
    """What limits a table of aftershocks, or why there is none."""

    reason: str = Field(description="Why there is no table; empty where there is one")
    reason_told: list[Told] = Field(description="Its sentences, each by its code and values")
    forecast: ForecastMeta | None


class AftershocksAnswer(Answer[ForecastData | None]):
    """The table of aftershocks of an event; null where there is none."""

    meta: AftershocksMeta


class ChanceParameters(StrictQuery):
    """What is asked: a magnitude, a window from now on, and optionally a circle."""

    magnitude: Annotated[float, Field(ge=-2.0, le=10.0, **_Finite)]
    days: Annotated[float, Field(gt=0.0, le=3660.0, **_Finite)] = 1.0
    language: Language = "en"
    longitude: Longitude = None
    latitude: Latitude = None
    radius_km: Annotated[float | None, Field(gt=0.0, le=2000.0, **_Finite)] = None

    @model_validator(mode="after")
    def _circle_is_whole(self) -> Self:
        given = [self.longitude, self.latitude, self.radius_km]
        if None in given and given != [None, None, None]:
            raise ValueError("give longitude, latitude and radius_km together, or none of them")
        return self


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1",
        tags=["forecast"],
        dependencies=STRICT,
        responses={**ERROR_ANSWERS, 503: INFER_ERROR_ANSWERS[503]},
    )

    @routes.get("/forecast")
    def get_forecast(language: Language = "en") -> ForecastAnswer:
        """Tell the chances of earthquakes in the region, as they were issued last."""
        found = context.store.forecast()
        if found is None:
            raise _nothing(context)
        return _answer(context, found, language)

    @routes.get("/forecast/probability")
    def get_probability(wanted: Annotated[ChanceParameters, Query()]) -> ForecastAnswer:
        """Tell the chance of one magnitude and window from now on; the answer is not logged."""
        return _chance(context, wanted)

    @routes.get("/events/{event_id}/aftershocks")
    def get_aftershocks(event_id: EventId, language: Language = "en") -> AftershocksAnswer:
        """Tell what to expect after an event: by magnitude, for a day, week, month and year."""
        return _aftershocks(context, event_id, language)

    return routes


def _chance(context: ServiceContext, wanted: ChanceParameters) -> ForecastAnswer:
    from mainshock.forecast.long_term import Circle  # noqa: PLC0415 - not every service

    area = None
    if wanted.longitude is not None and wanted.latitude is not None and wanted.radius_km:
        area = Circle(wanted.longitude, wanted.latitude, wanted.radius_km)
    if context.forecasts is None:
        raise _nothing(context)
    try:
        made = context.forecasts.ask(wanted.magnitude, wanted.days, area)
    except NothingFoundError as error:
        raise _nothing(context) from error
    except (SettingsError, DataError) as error:
        raise ApiError(400, str(error)) from error
    version = ForecastVersion(made.forecast_id, "", made.issued, made.as_document())
    return _answer(context, version, wanted.language)


def _aftershocks(context: ServiceContext, event_id: str, language: Language) -> AftershocksAnswer:
    told, found = context.store.event(event_id), context.store.forecast(event_id)
    if told is None:
        raise ApiError(404, sentences.NO_EVENT.tell(event_id=event_id))
    reason = ""
    if told.kind == "cancel":
        reason = sentences.EVENT_CANCELLED.tell()
    elif found is None:
        reason = sentences.NO_AFTERSHOCK_TABLE.tell()
    if reason or found is None:
        why = sentences.KNOWN.told_parts(reason)
        meta = AftershocksMeta(reason=reason, reason_told=why, forecast=None)
        return AftershocksAnswer(data=None, meta=meta)
    made = _answer(context, found, language)
    meta = AftershocksMeta(reason="", reason_told=[], forecast=made.meta)
    return AftershocksAnswer(data=made.data, meta=meta)


def _nothing(context: ServiceContext) -> ApiError:
    """Return why there is no forecast: none is made here (404), or not now (503)."""
    board = context.forecasts
    if board is None:
        return ApiError(404, sentences.NO_LIVE_FORECAST.tell())
    status = 503 if board.has_model else 404
    reason = board.problem or sentences.NOT_YET.tell()
    said = [asdict(one) for one in sentences.KNOWN.told_parts(reason)]
    return ApiError(
        status,
        sentences.NO_FORECAST.tell(reason=reason),
        {"reason": reason, "reason_told": said},
    )


def _answer(context: ServiceContext, found: ForecastVersion, language: Language) -> ForecastAnswer:
    """Return a forecast with its age, its rows in words of a language.

    Raises
    ------
    ApiError
        503 if its data are too old: then it is withdrawn.
    """
    made = RateForecast.from_document(found.document)
    now = datetime.now(UTC)
    age_s, cut_off_age_s = ((now - one).total_seconds() for one in (made.issued, made.cut_off))
    limit_s = context.forecast_max_age.total_seconds()
    if context.is_live and cut_off_age_s > limit_s:
        hours = cut_off_age_s / 3600.0
        raise ApiError(
            503,
            sentences.FORECAST_WITHDRAWN.tell(age_h=hours, limit_h=limit_s / 3600.0),
            {
                "state": "withdrawn",
                **{one: found.document[one] for one in ("issued", "cut_off", "model", "region")},
                "cut_off_age_s": math.floor(cut_off_age_s),
                "max_age_s": limit_s,
            },
        )
    meta = ForecastMeta(
        state="current" if context.is_live and not made.is_retrospective else "retrospective",
        age_s=round(max(age_s, 0.0), 1),
        cut_off_age_s=round(max(cut_off_age_s, 0.0), 1),
        max_age_s=limit_s,
        is_validated=all(row.is_validated for row in made.rows),
        cautions=made.cautions(),
        cautions_told=sentences.KNOWN.all_told(made.cautions()),
        log_number=found.log_number,
        log_digest=found.log_digest,
    )
    return ForecastAnswer(data=_data(found.document, made, language), meta=meta)


def _data(document: Any, made: RateForecast, language: Language) -> ForecastData:  # JSON
    from mainshock.forecast.wording import with_sentences  # noqa: PLC0415 - not every service

    rows = document["rows"]
    if language != "en":
        told = with_sentences(made, language).rows
        rows = [{**row, "sentence": one.sentence} for row, one in zip(rows, told, strict=True)]
    region = sentences.KNOWN.all_told([made.region])
    return ForecastData.model_validate({**document, "rows": rows, "region_told": region})
