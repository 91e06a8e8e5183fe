"""What the service says when it cannot answer, sentence by sentence, and all that it may tell."""

from mainshock.core import cautions
from mainshock.core.sentences import Sentence, Sentences, sentences_of
from mainshock.events import sentences as of_events
from mainshock.forecast import sentences as of_forecasts
from mainshock.megathrust import sentences as of_segments
from mainshock.offfault import sentences as of_faults
from mainshock.stream import sentences as of_runs

__all__ = ["KNOWN"]

STARTING = Sentence("service.starting", "starting")
STOPPING = Sentence("service.stopping", "stopping")
STORE_IS_AWAY = Sentence(
    "service.store_away",
    "the store does not answer at present, so that this cannot be told or kept; the service goes "
    "on by itself once it is back: come again later (/readyz and the log tell why)",
)
FAILED = Sentence("service.failed", "the service failed; its log tells why")

SIGN_IN_NEEDED = Sentence(
    "access.sign_in",
    "sign in by POST /api/v1/login, or send the header `Authorization: Bearer TOKEN` with a token "
    "or an API key",
)
TOKEN_NEEDED = Sentence(
    "access.token",
    "a token is needed: send the header `Authorization: Bearer TOKEN`",
)
TOKEN_IN_ADDRESS = Sentence(
    "access.token_in_address",
    "a token is needed: open this address with ?token=TOKEN at its end",
)
NAME_OR_PASSWORD = Sentence(
    "access.wrong_password", "name or password is wrong, or the account is closed"
)
PERMISSION_NEEDED = Sentence(
    "access.permission", "this needs {permission}, which {who} lacks; ask an administrator"
)
OTHER_PAGE = Sentence("access.other_page", "pages of {origin!r} may not use this service")
COOKIE_ALONE = Sentence(
    "access.cookie", "a cookie alone changes nothing; send Origin, as browsers do"
)
TOO_LARGE = Sentence(
    "request.too_large", "the body is longer than {limit} bytes; send it in several requests"
)
TOO_MANY_REQUESTS = Sentence(
    "request.too_many", "more than {per_minute:g} requests a minute; come again in {wait_s:.1f} s"
)
TOO_MANY_TO_COMPUTE = Sentence(
    "request.too_many_to_compute",
    "more than {per_minute:g} requests a minute; wait {wait_s:.1f} s",
)
TOO_MANY_TRIES = Sentence("request.too_many_tries", "too many tries; come again in {wait_s} s")
TOO_BUSY = Sentence("request.too_busy", "{count} requests are worked on or wait already; try later")
MISSING = Sentence("request.missing", "{name} is missing; give it")
NO_PATH = Sentence("request.no_path", "there is no {path}; the paths stand in /api/v1/openapi.json")
WINDOW_LENGTH = Sentence(
    "request.window",
    "start to end is {length_s:g} s; it must be more than 0 and at most {longest_s:g} s",
)

NO_EVENT = Sentence(
    "event.unknown", "there is no event {event_id!r}; /api/v1/events lists the events"
)
NO_VERSION = Sentence(
    "event.no_version",
    "there is no version {version} of {event_id!r}; /api/v1/events lists the events",
)
NEWER_VERSION = Sentence(
    "event.newer_version",
    "the review was made from version {seen}, but version {latest} is the latest by now; look at "
    "that one and review it",
)
ACCEPTED = Sentence("review.accepted", "accepted")
ACCEPTED_FOR = Sentence("review.accepted_for", "accepted: {comment}")
REJECTED = Sentence("review.rejected", "rejected")
REJECTED_FOR = Sentence("review.rejected_for", "rejected: {comment}")
RELOCATED = Sentence("review.relocated", "located anew")
RELOCATED_FOR = Sentence("review.relocated_for", "located anew: {comment}")
RESTORED = Sentence("review.restored", "version {version} restored")
RESTORED_FOR = Sentence("review.restored_for", "version {version} restored: {comment}")
EVENT_CANCELLED = Sentence("event.cancelled", "the event was cancelled")
NO_WAVEFORM = Sentence("archive.nothing", "the archive holds nothing of {trace} in this time")
NO_REPLAY = Sentence(
    "replay.unknown", "there is no replay {replay_id!r}; /api/v1/replays lists them"
)
REPLAYS_FULL = Sentence(
    "replay.full", "{count} replays run, which is the limit; stop one of them first"
)
REPLAY_NEEDS_RUN = Sentence(
    "replay.needs_run",
    "replays need the picker and the locator of a live run; start the service by `mainshock "
    "monitor`",
)
NO_CATALOGUE = Sentence(
    "catalogue.unknown",
    "there is no catalogue {catalogue_id!r}; /api/v1/catalogues lists them",
)
CATALOGUES_FULL = Sentence(
    "catalogue.full", "{count} catalogues are kept, which is the limit; delete one first"
)
NO_LIVE_MODEL = Sentence(
    "model.no_live_run",
    "Nothing runs live here, so that no model is in use. Start `mainshock monitor`, or choose for "
    "the next run by `mainshock models promote NAME --data-dir DIR`.",
)
OTHER_MODEL_IN_USE = Sentence(
    "model.other_in_use", "{model} is in use, not {wanted}; look at it, then choose again"
)

NO_LIVE_FORECAST = Sentence(
    "forecast.no_live_run",
    "nothing runs live here, so that no forecast is made; run `mainshock monitor`",
)
NO_FORECAST = Sentence("forecast.none", "there is no forecast of the region: {reason}")
NOT_YET = Sentence("forecast.not_yet", "not yet")
FORECAST_WITHDRAWN = Sentence(
    "forecast.withdrawn",
    "the forecast is withdrawn: its newest data are {age_h:.1f} h old, more than {limit_h:g} h; "
    "see that data arrive",
)
NO_AFTERSHOCK_TABLE = Sentence(
    "forecast.no_table", "tables are made after magnitude 5 or larger, and kept for a while"
)
NO_MAGNITUDE = Sentence("shaking.no_magnitude", "the event has no magnitude")
NO_SHAKING_MAP = Sentence(
    "shaking.no_map", "it is not made yet, or too many events waited, or it is too old"
)
NO_SEGMENT = Sentence(
    "segment.unknown",
    "there is no segment {index} of {region!r}; /api/v1/megathrust/segments lists all",
)
NO_RELEVANCE = Sentence(
    "segment.no_relevance",
    "this installation holds no relevance of segments; install the whole package, or make it by "
    "recipes/megathrust/explain.py",
)

SENTENCES = sentences_of(globals())
KNOWN = Sentences(
    (
        *SENTENCES,
        *cautions.SENTENCES,
        *of_runs.SENTENCES,
        *of_events.SENTENCES,
        *of_forecasts.SENTENCES,
        *of_segments.SENTENCES,
        *of_faults.SENTENCES,
    )
)
"""Finds all that the service may tell; whose texts the page has in each of its languages."""
