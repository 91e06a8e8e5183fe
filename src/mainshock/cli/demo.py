"""``mainshock demo``: the main job on real records, offline."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, progress, say

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and tables.")] = Path(
        "demo-report"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Detect, pick and locate the earthquakes in the records inside the ObsPy wheel.

    Writes QuakeML, CSV, GeoJSON regions, posterior samples and a self-contained HTML report.
    """
    from mainshock.core.errors import NothingFoundError
    from mainshock.core.files import make_folder
    from mainshock.detect.registry import open_picker
    from mainshock.events.tables import event_record
    from mainshock.pipeline.demo import DEMO_CASES, run_case
    from mainshock.pipeline.outputs import write_located
    from mainshock.pipeline.report import write_report
    from mainshock.pipeline.summary import summarise_case
    from mainshock.sources.tables import pick_record

    make_folder(out)
    picker = open_picker("default")
    cases = []
    for case in DEMO_CASES:
        with progress(case.name) as advance:
            cases.append(run_case(case, picker, advance))
    events = [event for case in cases for event in case.events]
    picks = [one for case in cases for one in case.picks]
    paths = write_located(out, events, picks)
    report = write_report(cases, out / "report.html")
    say(f"report: {report}; tables: {', '.join(Path(path).name for path in paths.values())}")
    if as_json:
        print_json(
            {
                "events": [event_record(event) for event in events],
                "picks": [pick_record(one) for one in picks],
                "report": str(report),
                "files": paths,
                "not_used": [
                    {"what": item.what, "reason": item.reason}
                    for case in cases
                    for item in case.not_used
                ],
            }
        )
    else:
        print_result("\n\n".join(summarise_case(case) for case in cases))
    if not events:
        raise NothingFoundError("the demo located no event; its records hold two clear ones")
