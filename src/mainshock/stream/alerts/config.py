"""The configuration of alerts: a TOML file with rules and channels, checked before it is used."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from mainshock.core.errors import RegistryError, SettingsError
from mainshock.stream.alerts.base import Channel, ChannelSettings
from mainshock.stream.alerts.regions import Region
from mainshock.stream.alerts.registry import CHANNELS
from mainshock.stream.records import VersionStatus
from mainshock.stream.toml_settings import read_toml

__all__ = [
    "AlertSettings",
    "Rule",
    "UpdatePolicy",
    "check_alert_settings",
    "open_channels",
    "read_alert_settings",
]

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_SETTLED_AFTER_S = 600.0
_MAY_BE_SECRET = ("password", "secret", "token", "headers", "url", "user")
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Depth = Annotated[float, Field(ge=-10.0, le=800.0)]


class UpdatePolicy(BaseModel):
    """What must change before those who were alerted hear of it.

    Parameters
    ----------
    moved_km
        Distance between the hypocentre told before and the one now.
    magnitude
        Change of the magnitude; one that appears or vanishes always counts.
    quality
        Whether another quality counts.
    settled
        Whether the step from preliminary to settled counts.
    interval_s
        Updates nearer to the former message, by arrival of the data, are left out. A settled
        version after a preliminary one and a cancel never wait.
    """

    model_config = _STRICT

    moved_km: NotNegative = 10.0
    magnitude: NotNegative = 0.3
    quality: bool = True
    settled: bool = True
    interval_s: NotNegative = 0.0


class Rule(BaseModel):
    """Which events are told, and to whom. All that is set must hold.

    Parameters
    ----------
    name, channels
        Letters, digits, ``_`` and ``-``; names of channels in the same file.
    least_magnitude, least_probability
        The magnitude must be at least so large with at least this probability; 0.5 asks only
        for the value itself.
    magnitude_missing
        With ``least_magnitude``, for an event without magnitude: ``wait`` for one, or ``alert``.
    worst_quality
        ``A`` to ``D``.
    region, least_depth_km, largest_depth_km, least_stations
        Where, and by how many stations at least.
    statuses
        ``preliminary``, ``settled`` or both; what a person reviewed counts as settled.
    stale_after_s
        An event older than this, from origin to arrival of its data, is not alerted as new.
    update
        When those who were alerted hear of changes.
    """

    model_config = _STRICT

    name: Name
    channels: Annotated[tuple[Name, ...], Field(min_length=1)]
    least_magnitude: Annotated[float, Field(ge=-5.0, le=10.5)] | None = None
    least_probability: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    magnitude_missing: Literal["wait", "alert"] = "wait"
    worst_quality: Literal["A", "B", "C", "D"] = "D"
    region: Region | None = None
    least_depth_km: Depth | None = None
    largest_depth_km: Depth | None = None
    least_stations: Annotated[int, Field(ge=1)] = 1
    statuses: Annotated[tuple[VersionStatus, ...], Field(min_length=1)] = ("preliminary", "settled")
    stale_after_s: Annotated[float, Field(gt=0.0, allow_inf_nan=False, le=1e7)] = 900.0
    update: UpdatePolicy = UpdatePolicy()

    @field_validator("channels")
    @classmethod
    def _each_once(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(channels))

    @model_validator(mode="after")
    def _depths_in_order(self) -> "Rule":
        low, high = self.least_depth_km, self.largest_depth_km
        if low is not None and high is not None and low >= high:
            raise ValueError(f"least_depth_km {low:g} must be less than largest_depth_km {high:g}")
        return self

    @model_validator(mode="after")
    def _settled_in_time(self) -> "Rule":
        if "preliminary" not in self.statuses and self.stale_after_s < _SETTLED_AFTER_S:
            raise ValueError(
                f"stale_after_s {self.stale_after_s:g} is too short for settled events, which come "
                f"about 400 s after their origin; set it to {_SETTLED_AFTER_S:g} or more"
            )
        return self


class _File(BaseModel):
    """The file as a whole; a channel's table is checked by its own kind."""

    model_config = _STRICT

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    channels: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]  # depends on the kind
    link: Annotated[str, Field(pattern=r"^(|https?://[^\s<>{}]*\{event_id\}[^\s<>{}]*)$")] = ""


@dataclass(frozen=True, slots=True, eq=False)
class AlertSettings:
    """A checked configuration.

    Parameters
    ----------
    rules, channels
        Channels by name.
    link
        Address of an event's page with ``{event_id}`` in it, or empty.
    folder
        Where relative paths start: the folder of the configuration file.
    """

    rules: tuple[Rule, ...]
    channels: Mapping[str, ChannelSettings]
    link: str = ""
    folder: Path = Path()


def read_alert_settings(path: Path) -> AlertSettings:
    """Return the configuration that a TOML file holds; no secret is read yet.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SettingsError
        If it is not TOML, or something in it makes no sense: all of it is told.
    """
    document = read_toml(path, "an alerts file")
    file, faults = None, _name_faults(document)
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        faults.insert(0, _told(error))
    channels = _all_channel_settings(_tables(document.get("channels")), faults)
    if faults or file is None:
        raise SettingsError(f"{path}: " + "; ".join(faults)) from None  # pydantic quotes its input
    return AlertSettings(file.rules, channels, file.link, path.resolve().parent)


def _tables(value: object) -> dict[str, dict[str, Any]]:
    """Return the tables in a table; anything else is told by ``_File``."""
    named = value.items() if isinstance(value, dict) else ()
    return {name: one for name, one in named if isinstance(one, dict)}


def _name_faults(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the names of rules, and those of channels in rules.

    Of the document as it was read, so that this is told beside all other faults.
    """
    stated = document.get("rules")
    rules = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    names = Counter(one["name"] for one in rules if isinstance(one.get("name"), str))
    faults = [
        f"{n} rules are called {name!r:.80}; give each its own name"
        for name, n in names.items()
        if n > 1
    ]
    known = _tables(document.get("channels"))
    for rule in rules:
        channels = rule.get("channels")
        faults += [
            f"rule {rule.get('name')!r:.80} names the channel {channel!r:.80}; "
            f"this file has {', '.join(known) or 'none'}"
            for channel in (channels if isinstance(channels, list) else ())
            if isinstance(channel, str) and channel not in known
        ]
    return faults


def _all_channel_settings(
    tables: Mapping[str, Mapping[str, Any]], faults: list[str]
) -> dict[str, ChannelSettings]:
    """Return the settings of the channels, and add what is wrong to ``faults``."""
    channels = {}
    for name, table in tables.items():
        try:
            channels[name] = _channel_settings(table)
        except ValidationError as error:
            faults.append(_told(error, f"channels.{name}"))
        except RegistryError as error:
            faults.append(f"channels.{name}.kind: {error}")
        else:
            problem = channels[name].problem()
            if problem:
                faults.append(f"channels.{name}: {problem}")
    return channels


def _channel_settings(table: Mapping[str, Any]) -> ChannelSettings:
    kind = table.get("kind")
    if not isinstance(kind, str):
        raise RegistryError(f"kind is {kind!r}; it must be one of {', '.join(CHANNELS.names())}")
    return CHANNELS.load(kind).settings_kind.model_validate(table)


def _told(error: ValidationError, where: str = "") -> str:
    """Return what is wrong, place by place, without any value that may be a secret."""
    texts = []
    faults = error.errors(include_url=False)
    inner = {fault["loc"][:n] for fault in faults for n in range(len(fault["loc"]))}
    for fault in faults:
        if fault["type"] == "too_short" and fault["loc"] in inner:
            continue  # it only misses what is told to be wrong
        place = ".".join(str(part) for part in (where, *fault["loc"]) if part != "")
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            texts.append(f"{place} is no known key; remove it or mend its name")
        elif fault.get("ctx", {}).get("class_name") == "SecretSource":
            key = fault["loc"][-1]
            texts.append(
                f"{place}: a secret does not stand here; write {key}.env = NAME, "
                f"{key}.file = PATH or {key}.vault = MOUNT/PATH#KEY"
            )
        elif fault["type"] in ("missing", "value_error") or not _may_show(place):
            texts.append(f"{place}: {message}".removeprefix(": "))
        else:
            texts.append(f"{place} is {fault['input']!r:.80}: {message}")
    return "; ".join(texts)


def _may_show(place: str) -> bool:
    return not any(word in place.lower() for word in _MAY_BE_SECRET)


def open_channels(settings: AlertSettings) -> dict[str, Channel]:
    """Return the channels by name, their secrets read; nothing is connected yet.

    Raises
    ------
    SettingsError
        If a secret is missing.
    """
    opened = {}
    for name, channel in settings.channels.items():
        try:
            opened[name] = CHANNELS.load(channel.kind)(channel, settings.folder)
        except SettingsError as error:
            raise SettingsError(f"channel {name}: {error}") from error
    return opened


def check_alert_settings(path: Path) -> list[str]:
    """Return what a configuration says, a line for each rule and channel, secrets tried out.

    Nothing is sent. Serves ``mainshock stream alerts-check``.

    Raises
    ------
    SourceError, SettingsError
        As ``read_alert_settings`` and ``open_channels`` do.
    """
    settings = read_alert_settings(path)
    open_channels(settings)
    lines = [_rule_line(rule) for rule in settings.rules]
    used = {name for rule in settings.rules for name in rule.channels}
    for name, channel in settings.channels.items():
        unused = "" if name in used else ", which no rule uses"
        lines.append(f"channel {name}: {channel.kind} to {channel.target()}{unused}")
    return lines


def _rule_line(rule: Rule) -> str:
    chosen = rule.model_dump(exclude_defaults=True, exclude={"name", "channels", "region"})
    terms = [f"{key} {value}" for key, value in chosen.items()]
    if rule.region is not None:
        terms.append("in its region")
    what = ", ".join(terms) or "every event"
    return f"rule {rule.name}: {what} -> {', '.join(rule.channels)}"
