"""Tables of the live store: indexed columns to search by, and the record itself as a document."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "alerts",
    "audit",
    "changes",
    "ended_sessions",
    "event_versions",
    "events",
    "forecasts",
    "health",
    "metadata",
    "picks",
    "settings",
    "shaking_maps",
    "tokens",
    "users",
    "waiting_reviews",
]

metadata = MetaData()
_Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up


def _key(length: int) -> String:
    """Return a text that sorts by its bytes, as all texts of SQLite do."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


# times are microseconds since 1970: exact, and they sort alike in every database
picks = Table(
    "picks",
    metadata,
    Column("pick_id", _key(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("station_code", _key(20), nullable=False),
    Column("phase", String(8), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("picks_by_time", "time_us"),
    Index("picks_by_station", "station_code", "time_us"),
    Index("picks_by_update", "updated_us"),
)

# the latest version of each event, told in short; its document lies in event_versions
events = Table(
    "events",
    metadata,
    Column("event_id", _key(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("depth_km", Float, nullable=False),
    Column("magnitude", Float),
    Column("quality", String(1), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    # holds all that queries ask for, so that rows which do not match are never fetched
    Index(
        *("events_by_time", "time_us", "latitude", "longitude"),
        *("depth_km", "magnitude", "quality", "kind"),
    ),
    Index("events_by_magnitude", "magnitude", "time_us"),
    Index("events_by_update", "updated_us"),
)

event_versions = Table(
    "event_versions",
    metadata,
    Column("event_id", _key(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("samples", LargeBinary),  # posterior draws, of the latest version alone
    Index("event_versions_by_update", "updated_us", "event_id", "version"),
)
Index(
    "event_versions_with_samples",
    event_versions.c.updated_us,
    sqlite_where=event_versions.c.samples.is_not(None),
    postgresql_where=event_versions.c.samples.is_not(None),
)

# reviews that alerts, maps and forecasts do not follow yet; nearly always empty
waiting_reviews = Table(
    "waiting_reviews",
    metadata,
    Column("event_id", _key(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", _key(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("event_id", _key(200), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("alerts_by_event", "event_id", "updated_us"),
    Index("alerts_by_time", "updated_us"),
)

# the map of an event's latest version that has one; its document compressed
shaking_maps = Table(
    "shaking_maps",
    metadata,
    Column("event_id", _key(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("shaking_maps_by_update", "updated_us"),
)

# forecasts of the region (event_id is empty) and tables of aftershocks; documents compressed
forecasts = Table(
    "forecasts",
    metadata,
    Column("forecast_id", _key(300), primary_key=True),
    Column("event_id", _key(200), nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("log_number", BigInteger),
    Column("log_digest", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("forecasts_by_event", "event_id", "updated_us"),
    Index("forecasts_by_update", "updated_us"),
)

health = Table(
    "health",
    metadata,
    Column("trace_id", _key(40), primary_key=True),
    Column("updated_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),
    Column("identity", _key(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, whatever retention removes
)

users = Table(
    "users",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("password_hash", String(300)),
    Column("subject", String(600)),  # issuer and subject of one who signs in elsewhere
    Column("generation", Integer, nullable=False, server_default="0"),  # ends earlier sign-ins
    Column("signed_in_us", BigInteger),
    Index("users_by_subject", "subject", unique=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256; the token itself is not kept
    Column("user_name", String(100), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("prefix", String(16)),
    Column("label", String(100), nullable=False, server_default=""),
    Column("scopes", Text, nullable=False, server_default=""),  # permissions, by blanks
    Column("used_us", BigInteger),
    Index("tokens_by_prefix", "prefix", unique=True),
)

# sign-ins that were ended before their time
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("expires_us", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("time_us", BigInteger, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Column("target", String(300), nullable=False, server_default=""),
    Column("client", String(100), nullable=False, server_default=""),
    Column("result", String(20), nullable=False, server_default=""),
    Index("audit_by_time", "time_us"),
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)
