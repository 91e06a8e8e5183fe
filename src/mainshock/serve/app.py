"""The application: routes, guard, metrics and the description of itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute

from mainshock import __version__
from mainshock.serve import live
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import install_error_handlers
from mainshock.serve.head_requests import HeadAsGet
from mainshock.serve.inference import Inference
from mainshock.serve.live import LiveHub
from mainshock.serve.metrics import Observer, service_metrics
from mainshock.serve.replay_runs import Replays
from mainshock.serve.routes import (
    accounts,
    alerts,
    archive_content,
    audit,
    catalogues,
    data_quality,
    event_records,
    events,
    explanations,
    fdsn_dataselect,
    fdsn_event,
    fdsn_station,
    forecast,
    health,
    infer,
    kserve,
    megathrust,
    model_cards,
    model_serving,
    models,
    offfault,
    operations,
    page,
    picks,
    replays,
    review,
    shaking,
    spectrograms,
    sso,
    stations,
    traveltimes,
    waveforms,
)
from mainshock.serve.security.guard import Guard
from mainshock.serve.security.routing import RouteTable
from mainshock.serve.security.setup import Protection, protection_of

__all__ = ["create_app"]

_MODULES = (
    archive_content,
    catalogues,
    stations,
    data_quality,
    picks,
    events,
    event_records,
    review,
    alerts,
    megathrust,
    model_serving,
    forecast,
    traveltimes,
    waveforms,
    spectrograms,
    health,
    operations,
    page,
    fdsn_event,
    fdsn_station,
    fdsn_dataselect,
)
_WITH_INFERENCE = (explanations, infer, model_cards, models, kserve, offfault, shaking)
OPENAPI_PATH = "/api/v1/openapi.json"


def create_app(context: ServiceContext) -> FastAPI:
    """Return the application that answers for a context.

    Raises
    ------
    SettingsError
        If it would be open to a network without token or accounts.
    """
    protection = protection_of(context)
    metrics = service_metrics(context.metrics)
    hub = LiveHub(context, metrics)
    inference = Inference(metrics)
    replay_runs = Replays(context)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(hub.watch())
        try:
            yield
        finally:
            watching.cancel()
            await to_thread.run_sync(inference.close)
            await to_thread.run_sync(replay_runs.close)

    app = FastAPI(
        title="mainshock",
        summary="Earthquakes as they are found, each number with its uncertainty.",
        version=__version__,
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    install_error_handlers(app)
    routers = [module.router(context) for module in _MODULES]
    routers += [one.router(context, inference) for one in _WITH_INFERENCE]
    routers += [one.router(protection) for one in (accounts, sso, audit)]
    routers.append(live.router(hub))
    routers.append(replays.router(context, replay_runs))
    # what is guarded is what answers: a route needs its line in security/permissions.py
    table = RouteTable([*app.routes, *(route for one in routers for route in one.routes)])
    for router in routers:
        app.include_router(router)
    app.state.route_table = table
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # as FastAPI documents
    _guard(app, context, protection, table)
    app.add_middleware(Observer, metrics=metrics)
    return app


def _guard(
    app: FastAPI, context: ServiceContext, protection: Protection, table: RouteTable
) -> None:
    # the last one added is the first that a request meets
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        Guard,
        settings=context.settings,
        gate=protection.gate,
        routes=table,
        log=protection.log,
        limit=protection.limit,
        is_encrypted=protection.is_encrypted,
        trusted_proxies=protection.settings.trusted_proxies,
    )


def _operation_id(route: APIRoute) -> str:
    return route.name


def _described(app: FastAPI) -> dict[str, Any]:  # an OpenAPI document
    """Return the OpenAPI document; values that cannot be used give 400, never 422."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema
