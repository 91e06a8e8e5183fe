"""The one table of who may do what: roles, permissions, and the permission of every route.

To add a route, add one line to ``ROUTES``: the method (``WEBSOCKET`` for a live connection), the
path as the route states it, with its names in braces, and the permission that a caller needs. With
accounts, a route without a line is refused (403) to everybody; a test names such routes.
``HEAD`` needs what ``GET`` needs.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "ADMIN",
    "ALL_PERMISSIONS",
    "ANALYSE",
    "AUDIT",
    "CHANGING",
    "INFER",
    "METRICS",
    "OPERATE",
    "PROMOTE",
    "PUBLIC",
    "READ",
    "REPLAY",
    "ROLES",
    "ROUTES",
    "RUN",
    "SIGNED_IN",
    "USERS",
    "permission_of",
]

READ = "read"  # events, picks, records, forecasts, maps, the live connection
ANALYSE = "analyse"  # pick again, relocate, accept or reject an event
RUN = "run"  # scenarios and what is sent in to be worked on
REPLAY = "replay"  # start and stop replays of records
INFER = "infer"  # put records through a network
PROMOTE = "models.promote"  # choose which model the service uses
OPERATE = "operate"  # alerts and sources
METRICS = "metrics"  # what watches the service
USERS = "users"  # accounts of others
AUDIT = "audit"  # the audit log
ALL_PERMISSIONS = frozenset(
    {READ, ANALYSE, RUN, REPLAY, INFER, PROMOTE, OPERATE, METRICS, USERS, AUDIT}
)
CHANGING = frozenset({ANALYSE, RUN, REPLAY, PROMOTE, OPERATE, USERS})
"""Permissions whose requests, where they may change something, go into the audit log."""

# what a route needs that belongs to no role
PUBLIC = "public"  # everybody, without an account
SIGNED_IN = "signed-in"  # every account, whatever its role, and every key, whatever its scopes

ADMIN = "admin"
ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "viewer": frozenset({READ}),
        "seismologist": frozenset({READ, ANALYSE, RUN, REPLAY, INFER}),
        "ml-engineer": frozenset({READ, RUN, REPLAY, INFER, PROMOTE, METRICS}),
        "operator": frozenset({READ, REPLAY, OPERATE, METRICS}),
        ADMIN: ALL_PERMISSIONS,
    }
)
"""What each role may do."""

_FDSN = "/fdsnws"
_V2 = "/v2/models/{model}"
ROUTES: Mapping[tuple[str, str], str] = {
    # the page and the description of the API
    ("GET", "/"): PUBLIC,
    ("GET", "/assets/{path:path}"): PUBLIC,
    ("GET", "/api/v1/openapi.json"): READ,
    # accounts
    ("POST", "/api/v1/login"): PUBLIC,
    ("GET", "/api/v1/sign-in"): PUBLIC,
    ("GET", "/api/v1/oidc/login"): PUBLIC,
    ("GET", "/api/v1/oidc/callback"): PUBLIC,
    ("POST", "/api/v1/logout"): SIGNED_IN,
    ("GET", "/api/v1/me"): SIGNED_IN,
    ("GET", "/api/v1/users"): USERS,
    ("GET", "/api/v1/audit"): AUDIT,
    # what was found
    ("GET", "/api/v1/stations"): READ,
    ("GET", "/api/v1/picks"): READ,
    ("GET", "/api/v1/events"): READ,
    ("GET", "/api/v1/events/{event_id}"): READ,
    ("GET", "/api/v1/events/{event_id}/posterior"): READ,
    ("GET", "/api/v1/events/{event_id}/alerts"): READ,
    ("GET", "/api/v1/events/{event_id}/context"): READ,
    ("GET", "/api/v1/events/{event_id}/aftershocks"): READ,
    ("GET", "/api/v1/events/{event_id}/shaking"): READ,
    ("GET", "/api/v1/helicorder"): READ,
    ("GET", "/api/v1/spectrograms"): READ,
    ("GET", "/api/v1/stations/quality"): READ,
    ("GET", "/api/v1/traveltimes"): READ,
    ("GET", "/api/v1/alerts"): READ,
    ("GET", "/api/v1/waveforms"): READ,
    ("GET", "/api/v1/archive/days"): READ,
    ("GET", "/api/v1/archive/spans"): READ,
    ("GET", "/api/v1/health"): READ,
    ("WEBSOCKET", "/api/v1/live"): READ,
    ("GET", "/api/v1/forecast"): READ,
    ("GET", "/api/v1/forecast/probability"): READ,
    ("GET", "/api/v1/megathrust/segments"): READ,
    ("GET", "/api/v1/megathrust/segments.geojson"): READ,
    ("GET", "/api/v1/megathrust/segments/{region}/{index}"): READ,
    ("GET", "/api/v1/megathrust/segments/{region}/{index}/explanation"): READ,
    # what is done with an event
    ("GET", "/api/v1/events/{event_id}/records"): READ,
    ("GET", "/api/v1/events/{event_id}/explanation"): INFER,
    ("GET", "/api/v1/events/{event_id}/reviews"): READ,
    ("POST", "/api/v1/events/{event_id}/relocation"): ANALYSE,
    ("POST", "/api/v1/events/{event_id}/review"): ANALYSE,
    # scenarios and what is sent in
    ("POST", "/api/v1/shaking/map"): RUN,
    ("POST", "/api/v1/offfault/profile"): RUN,
    ("POST", "/api/v1/offfault/profile.geojson"): RUN,
    ("POST", "/api/v1/offfault/windows"): RUN,
    ("GET", "/api/v1/catalogues"): READ,
    ("POST", "/api/v1/catalogues"): RUN,
    ("POST", "/api/v1/catalogues/statistics"): READ,  # computes, and keeps nothing
    ("GET", "/api/v1/catalogues/{catalogue_id}"): READ,
    ("GET", "/api/v1/catalogues/{catalogue_id}/events"): READ,
    ("DELETE", "/api/v1/catalogues/{catalogue_id}"): RUN,
    # replays
    ("GET", "/api/v1/replays"): READ,
    ("POST", "/api/v1/replays"): REPLAY,
    ("GET", "/api/v1/replays/{replay_id}"): READ,
    ("POST", "/api/v1/replays/{replay_id}"): REPLAY,
    ("GET", "/api/v1/replays/{replay_id}/picks"): READ,
    ("GET", "/api/v1/replays/{replay_id}/traces"): READ,
    ("DELETE", "/api/v1/replays/{replay_id}"): REPLAY,
    # models
    ("GET", "/api/v1/models"): READ,
    ("GET", "/api/v1/models/cards"): READ,
    ("GET", "/api/v1/models/serving"): READ,
    ("GET", "/api/v1/models/shadow/picks"): READ,
    ("POST", "/api/v1/models/{name}/promote"): PROMOTE,
    ("POST", "/api/v1/models/rollback"): PROMOTE,
    ("POST", "/api/v1/infer"): INFER,
    ("GET", "/v2"): READ,
    ("GET", "/v2/health/live"): READ,
    ("GET", "/v2/health/ready"): READ,
    ("GET", _V2): READ,
    ("GET", f"{_V2}/ready"): INFER,  # loads the model
    ("POST", f"{_V2}/infer"): INFER,
    ("GET", f"{_V2}/versions/{{version}}"): READ,
    ("GET", f"{_V2}/versions/{{version}}/ready"): INFER,
    ("POST", f"{_V2}/versions/{{version}}/infer"): INFER,
    # FDSN web services
    ("GET", f"{_FDSN}/event/1/query"): READ,
    ("GET", f"{_FDSN}/event/1/catalogs"): READ,
    ("GET", f"{_FDSN}/event/1/contributors"): READ,
    ("GET", f"{_FDSN}/event/1/version"): READ,
    ("GET", f"{_FDSN}/event/1/application.wadl"): READ,
    ("GET", f"{_FDSN}/station/1/query"): READ,
    ("POST", f"{_FDSN}/station/1/query"): READ,
    ("GET", f"{_FDSN}/station/1/version"): READ,
    ("GET", f"{_FDSN}/station/1/application.wadl"): READ,
    ("GET", f"{_FDSN}/dataselect/1/query"): READ,
    ("POST", f"{_FDSN}/dataselect/1/query"): READ,
    ("GET", f"{_FDSN}/dataselect/1/version"): READ,
    ("GET", f"{_FDSN}/dataselect/1/application.wadl"): READ,
    # for those who keep the service running
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): READ,
    ("GET", "/metrics"): METRICS,
}


def permission_of(method: str, path: str) -> str | None:
    """Return what a route needs, or None where the table has no line for it.

    Parameters
    ----------
    method
        ``GET``, ``POST``, ...; ``WEBSOCKET`` for a live connection.
    path
        As the route states it, such as ``/api/v1/events/{event_id}``.

    Examples
    --------
    >>> permission_of("HEAD", "/metrics"), permission_of("GET", "/nowhere")
    ('metrics', None)
    """
    return ROUTES.get(("GET" if method == "HEAD" else method, path))
