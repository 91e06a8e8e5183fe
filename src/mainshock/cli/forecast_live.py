"""``mainshock forecast live``: chances of earthquakes now, and with each change of a catalogue."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_result, say

if TYPE_CHECKING:
    from mainshock.core.rate_forecast import RateForecast
    from mainshock.forecast.forecast_log import ForecastLog, LogEntry
    from mainshock.forecast.live_following import CatalogueFollower

__all__ = ["live"]

_EVERY_S = 3600.0
_LOOK_S = 1.0
_Model = Annotated[Path, typer.Option(help="Folder of a fitted space-time model.")]
_Catalogue = Annotated[
    Path | None,
    typer.Option(
        "--catalogue", "--catalog", help="Events since the fit; the model's own come before."
    ),
]
_Now = Annotated[
    str | None,
    typer.Option(
        help="Moment of the forecast, ISO 8601 or days; by default the clock. A past one is "
        "marked retrospective, and events known later are left out."
    ),
]
_CutOff = Annotated[
    str | None,
    typer.Option(
        help="Up to when the catalogue is known; by default when the file was changed, or its "
        "newest event where that is improbably old; with --now that moment."
    ),
]
_Follow = Annotated[
    bool, typer.Option("--follow", help="Go on: a forecast with each change, and once an hour.")
]
_MaxAge = Annotated[
    float, typer.Option(min=0.01, help="Age of the data in hours at which it is withdrawn.")
]
_Region = Annotated[str, typer.Option(help="Name of the region, as sentences use it.")]
_Agency = Annotated[str, typer.Option(help="Source of official advice to name.")]
_Log = Annotated[
    Path | None,
    typer.Option(help="Log of forecasts; by default forecasts.jsonl in the model's folder."),
]
_Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON document; with --follow one a forecast, each on a line."
    ),
]


def live(
    model: _Model,
    catalogue: _Catalogue = None,
    now: _Now = None,
    cut_off: _CutOff = None,
    follow: _Follow = False,
    max_age_h: _MaxAge = 6.0,
    region_name: _Region = "",
    agency: _Agency = "",
    log: _Log = None,
    as_json: _Json = False,
) -> None:
    """Tell the chances of earthquakes in the coming day and week, and after recent large ones.

    Each forecast is written to the log before it is told. Research result, not an official
    forecast.
    """
    import time
    from datetime import timedelta

    from mainshock.core.errors import SettingsError
    from mainshock.forecast.forecast_log import ForecastLog
    from mainshock.forecast.issuing import AGENCY, IssueSettings
    from mainshock.forecast.live_following import CatalogueFollower
    from mainshock.forecast.moments import days_asked

    if follow and (now is not None or catalogue is None):
        raise SettingsError("--follow needs --catalogue and no --now: it goes by the clock")
    moment = time.time() / 86_400.0 if now is None else days_asked("--now", now)
    settings = IssueSettings(region_name=region_name, agency=agency or AGENCY)
    # what is asked of the past opens its windows at once: no time is needed to write it down
    opens = moment + settings.lead_days
    if now is not None and opens < time.time() / 86_400.0:
        settings = replace(settings, lead_s=0.0, is_retrospective=True)
    follower = CatalogueFollower(model, catalogue, moment, settings, timedelta(hours=max_age_h))
    written = ForecastLog(log or model / "forecasts.jsonl")
    if follow:
        _follow(follower, written, as_json=as_json, clock=time.time, sleep=time.sleep)
        return
    known = follower.known_days(moment) if now is None else moment
    known = known if cut_off is None else days_asked("--cut-off", cut_off)
    _tell(follower.issue(moment, known), written, as_json=as_json)


def _follow(
    follower: "CatalogueFollower",
    log: "ForecastLog",
    *,
    as_json: bool,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Tell a forecast now, with each change of the file, and once an hour, until stopped."""
    from mainshock.core.errors import DataError, SourceError

    seen, told_s = float("-inf"), float("-inf")
    while True:
        now_s = clock()
        try:
            changed = follower.changed_days()
            if changed != seen:
                n = follower.refresh(now_s / 86_400.0) if seen > float("-inf") else 1
                seen = changed
                if n:
                    told_s = float("-inf")
            if now_s - told_s >= _EVERY_S:
                told_s = now_s
                now_days = now_s / 86_400.0
                made = follower.issue(now_days, follower.known_days(now_days))
                _tell(made, log, as_json=as_json)
        except (DataError, SourceError) as error:
            say(f"no forecast: {error}")
            told_s = now_s
        sleep(_LOOK_S)


def _tell(made: "Sequence[RateForecast]", log: "ForecastLog", *, as_json: bool) -> None:
    """Write forecasts down, then print them: JSON on one line, since grids are long."""
    entries = [log.append(one.as_document()) for one in made]
    if as_json:
        region, *tables = (_document(*pair) for pair in zip(made, entries, strict=True))
        print_result(json.dumps({**region, "aftershocks": tables}, allow_nan=False))
        return
    print_result("\n\n".join(_text(one) for one in made))
    say(f"written to {log.path}, line {entries[-1].number + 1}: {entries[-1].digest}")


def _document(made: "RateForecast", entry: "LogEntry") -> dict[str, Any]:  # a JSON document
    log = {"number": entry.number, "digest": entry.digest, "kind": entry.kind}
    return {**made.as_document(), "log": log}


def _text(made: "RateForecast") -> str:
    from mainshock.forecast.wording import chance_text, range_text

    what = f"aftershocks of {made.event_id}" if made.event_id else "region"
    lines = [f"{what}: {made.region}", "", made.rows[0].sentence, ""]
    head = ("magnitude", "days", "chance", "long term", "number (95 %)", "")
    rows = [
        (
            f">= {row.magnitude:g}",
            f"{row.days:g}",
            chance_text(row.probability),
            chance_text(row.reference_probability),
            range_text(row.expected_low, row.expected_high),
            ", ".join(
                word
                for word, is_so in (
                    ("generic", row.is_generic),
                    ("generic law updated", bool(row.model) and not row.is_generic),
                    ("not validated", not row.is_validated),
                )
                if is_so
            ),
        )
        for row in made.rows
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join([*lines, "", *(f"- {one}" for one in made.cautions())])
