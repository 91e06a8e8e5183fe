"""What ``mainshock locate`` writes and prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainshock.cli.output import print_json, print_result, say, tell_not_used
from mainshock.core.errors import NothingFoundError

if TYPE_CHECKING:
    from mainshock.core.records import Station
    from mainshock.pipeline.locating import LocatedPicks

__all__ = ["report_located"]


def report_located(
    located: "LocatedPicks",
    left_out: list[tuple[str, str]],
    out: Path,
    *,
    figures: tuple[int, "list[Station]"] | None = None,
    as_json: bool,
) -> None:
    """Write the result files and print the events; raise where there are none.

    ``figures`` states how many events to draw, and the stations.
    """
    from mainshock.events.tables import event_record, events_to_frame
    from mainshock.pipeline.outputs import write_figures, write_located

    tell_not_used(left_out)
    document: dict[str, Any] = {"events": [event_record(event) for event in located.events]}
    document["files"] = write_located(out, located.events, located.picks)
    if figures is not None:
        most, stations = figures
        document["figures"] = write_figures(out, located.events, stations, most)
    document["not_used"] = [{"what": what, "reason": reason} for what, reason in left_out]
    say(f"{len(located.events)} events written to {out}")
    if as_json:
        print_json(document)
    else:
        print_result(events_to_frame(located.events).to_csv(index=False))
    if not located.events:
        raise NothingFoundError("no event could be located; the reasons stand above")
