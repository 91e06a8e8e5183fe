"""``/api/v1/stations``: where the stations are and how their data arrive."""

from collections import defaultdict

from fastapi import APIRouter

from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT
from mainshock.serve.schemas import StationHealthData, StationsAnswer, StationSummary
from mainshock.serve.summaries import health_data

__all__ = ["router"]


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["stations"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/stations")
    def list_stations() -> StationsAnswer:
        """List the stations with their live traces and their health."""
        traces: dict[str, list[str]] = defaultdict(list)
        for trace in context.board or ():
            traces[_station_code(trace)].append(trace)
        health: dict[str, list[StationHealthData]] = defaultdict(list)
        for one in context.store.health():
            health[_station_code(one.trace_id)].append(health_data(one))
        found = [
            StationSummary(
                network=station.network,
                station=station.station,
                code=station.code,
                longitude=station.longitude,
                latitude=station.latitude,
                elevation_m=station.elevation_m,
                traces=traces.get(station.code, []),
                health=health.get(station.code, []),
            )
            for station in context.stations
        ]
        return listing(StationsAnswer, found, limit=len(found))

    return routes


def _station_code(trace_id: str) -> str:
    return ".".join(trace_id.split(".")[:2])
