"""``mainshock pick``: the arrivals of P and S in records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used

if TYPE_CHECKING:
    from mainshock.core.records import Pick
    from mainshock.pipeline.picking import PickedWaveform

__all__ = ["pick"]


def pick(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...", help="Files, folders or SDS roots, in any format ObsPy reads."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="Picker: a registered name or a model folder.")
    ] = "default",
    p_threshold: Annotated[
        float | None, typer.Option(help="Smallest probability of a P, 0 to 1; else the model's.")
    ] = None,
    s_threshold: Annotated[
        float | None, typer.Option(help="Smallest probability of an S, 0 to 1; else the model's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the picks here: .csv or .parquet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find the arrivals of P and S, each with probability and standard deviation.

    Prints the picks as CSV unless --out or --json is given. A file that cannot be read is
    reported and skipped. Exit code 3 means that all was read and nothing was found.
    """
    from mainshock.detect.registry import open_picker
    from mainshock.pipeline.picking import one_pick_per_arrival, pick_waveforms, record_warnings
    from mainshock.pipeline.results import NotUsed
    from mainshock.sources.registry import open_source
    from mainshock.sources.tables import picks_to_frame, write_picks

    picker = open_picker(model, p_threshold=p_threshold, s_threshold=s_threshold)
    source = open_source(inputs)
    failures: list[NotUsed] = []
    n_read = 0
    found: list[Pick] = []
    warned: list[tuple[str, str]] = []
    with progress("picking", len(source)) as advance:
        for item in pick_waveforms(source, picker, failures=failures, progress=advance):
            n_read += 1
            found.extend(item.picks)
            warned += [(_record_name(item), text) for text in record_warnings(item.waveform)]
    picks, doubles = one_pick_per_arrival(found)
    for name, text in warned:
        say(f"warning: {name}: {text}")
    left_out = [(item.name, item.reason) for item in source.skipped]
    left_out += [(item.what, item.reason) for item in (*failures, *doubles)]
    tell_not_used(left_out)
    if out is not None:
        write_picks(out, picks)
        say(f"{len(picks)} picks written to {out}")
    if as_json:
        print_json({"model": picker.name, **_document(picks, left_out, warned)})
    elif out is None:
        print_result(picks_to_frame(picks).to_csv(index=False))
    _require_something(n_read, picks)


def _document(
    picks: "list[Pick]", left_out: list[tuple[str, str]], warned: list[tuple[str, str]]
) -> dict[str, Any]:
    from mainshock.sources.tables import pick_record

    return {
        "picks": [pick_record(one) for one in picks],
        "not_used": [{"what": what, "reason": reason} for what, reason in left_out],
        "warnings": [{"what": name, "text": text} for name, text in warned],
    }


def _record_name(item: "PickedWaveform") -> str:
    return f"{item.waveform.trace_id} from {item.waveform.start:%Y-%m-%dT%H:%M:%S}"


def _require_something(n_read: int, picks: "list[Pick]") -> None:
    from mainshock.core.errors import NothingFoundError, SourceError

    if not n_read:
        raise SourceError("no record could be read; the reasons stand above")
    if not picks:
        raise NothingFoundError(
            f"no arrival found in {n_read} records; a lower --p-threshold or another --model "
            "may see weaker ones"
        )
