"""``mainshock detect explain``: why a network picked there."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used

if TYPE_CHECKING:
    from mainshock.core.records import Pick
    from mainshock.detect.base import Picker
    from mainshock.detect.explain import PickExplanation
    from mainshock.sources.base import WaveformSource

__all__ = ["explain"]

_NEAR_S = 1.0
_LARGE_ERROR = 0.02
_Record = tuple[str, datetime]  # the trace and the time of its first sample


class _Phase(StrEnum):
    """The phases that can be asked for."""

    P = "P"
    S = "S"


def explain(
    input_path: Annotated[
        Path, typer.Argument(metavar="INPUT", help="File, folder or SDS root, as for `pick`.")
    ],
    out: Annotated[Path, typer.Option(help="Write the figure here: .png, .svg or .pdf.")],
    pick_index: Annotated[
        int | None,
        typer.Option(min=0, help="Which pick, counted from 0 in the order `pick` prints them."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Instead: the pick within 1 s of this time, UTC, ISO 8601.")
    ] = None,
    phase: Annotated[
        _Phase | None, typer.Option(case_sensitive=False, help="With --time: its phase.")
    ] = None,
    station: Annotated[
        str | None, typer.Option(help="Station code; the other stations' picks do not count.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Network with torch weights: a name or a model folder.")
    ] = "default",
    steps: Annotated[
        int, typer.Option(min=1, help="Points of the integral; more give a smaller error.")
    ] = 100,
    zoom: Annotated[
        int, typer.Option(min=1, help="Play the record so many times slower, as some models do.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show which samples speak for a pick and which against it; needs the extra `train`.

    Integrated gradients from silence to the record: attributions of all samples add up to what
    the network says of the pick. The figure has each trace with its attributions below.
    """
    from mainshock.detect.explain import explain_pick, require_network
    from mainshock.detect.registry import open_picker
    from mainshock.sources.registry import open_source

    _check_options(out, pick_index, time, phase)
    picker = require_network(open_picker(model))
    source = open_source([input_path])
    found = [pair for pair in _picks(source, picker) if station in (None, pair[0].station)]
    if pick_index is not None:
        chosen, record = _by_index(found, pick_index)
    else:
        chosen, record = _nearest(found, str(time), str(phase))
    # read again: the records of a whole archive would not fit into memory
    waveform = next(one for one in source if (one.trace_id, one.start) == record)
    explanation = explain_pick(picker, waveform, chosen, n_steps=steps, zoom=zoom)
    _write_figure(out, explanation)
    if explanation.relative_error > _LARGE_ERROR:
        say(
            f"the attributions miss the probability by {100.0 * explanation.relative_error:.1f} %; "
            "more --steps bring them closer"
        )
    document = _document(explanation, out)
    if as_json:
        print_json(document)
    else:
        print_result(_text(document))


def _check_options(
    out: Path, pick_index: int | None, time: str | None, phase: "_Phase | None"
) -> None:
    from mainshock.core.errors import SettingsError

    by_time = time is not None and phase is not None
    if by_time == (pick_index is not None) or (time is None) != (phase is None):
        raise SettingsError("give either --pick-index, or --time together with --phase")
    if out.suffix.lower() not in {".png", ".svg", ".pdf"}:
        raise SettingsError(f"--out is {str(out)!r}; its suffix must be .png, .svg or .pdf")


def _picks(source: "WaveformSource", picker: "Picker") -> list[tuple["Pick", _Record]]:
    """Return all picks with their records, in the order in which `mainshock pick` prints them."""
    from mainshock.core.errors import NothingFoundError
    from mainshock.pipeline.picking import one_pick_per_arrival, pick_waveforms
    from mainshock.pipeline.results import NotUsed

    failures: list[NotUsed] = []
    found: list[Pick] = []
    records: dict[int, _Record] = {}
    with progress("picking", len(source)) as advance:
        for item in pick_waveforms(source, picker, failures=failures, progress=advance):
            found.extend(item.picks)
            record = (item.waveform.trace_id, item.waveform.start)
            records |= {id(pick): record for pick in item.picks}
    tell_not_used((item.name, item.reason) for item in source.skipped)
    tell_not_used((item.what, item.reason) for item in failures)
    picks, _ = one_pick_per_arrival(found)
    if not picks:
        raise NothingFoundError(f"{picker.name} finds no arrival in the records")
    return [(pick, records[id(pick)]) for pick in picks]


def _by_index(found: Sequence[tuple["Pick", _Record]], index: int) -> tuple["Pick", _Record]:
    from mainshock.core.errors import NothingFoundError

    if index >= len(found):
        raise NothingFoundError(
            f"--pick-index is {index}, but there are only {len(found)} picks, counted from 0"
        )
    return found[index]


def _nearest(
    found: Sequence[tuple["Pick", _Record]], time: str, phase: str
) -> tuple["Pick", _Record]:
    """Return the pick of a phase next to a time, which must be the only station's there."""
    from mainshock.core.errors import NothingFoundError, SettingsError
    from mainshock.core.times import parse_utc

    wanted = parse_utc(time)
    of_phase = [pair for pair in found if pair[0].phase == phase]
    near = sorted(
        (pair for pair in of_phase if _distance_s(pair[0], wanted) <= _NEAR_S),
        key=lambda pair: _distance_s(pair[0], wanted),
    )
    if not near:
        raise NothingFoundError(
            f"no {phase} pick within {_NEAR_S:g} s of {time}; `mainshock pick` lists the "
            f"{len(of_phase)} that there are"
        )
    stations = sorted({pair[0].station for pair in near})
    if len(stations) > 1:
        raise SettingsError(f"{', '.join(stations)} have {phase} picks there; choose by --station")
    return near[0]


def _distance_s(pick: "Pick", time: datetime) -> float:
    return abs((pick.time - time).total_seconds())


def _write_figure(path: Path, explanation: "PickExplanation") -> None:
    from mainshock.core.files import replacing
    from mainshock.detect.explain_plot import plot_explanation

    with replacing(path) as temporary:
        plot_explanation(explanation).savefig(temporary, dpi=150)
    say(f"figure written to {path}")


def _document(explanation: "PickExplanation", path: Path) -> dict[str, Any]:
    from mainshock.core.times import format_utc
    from mainshock.detect.explain import attribution_summary
    from mainshock.sources.tables import pick_record

    return {
        "pick": pick_record(explanation.pick),
        "window": {
            "start": format_utc(explanation.start),
            "sampling_rate_hz": explanation.sampling_rate_hz,
            "n_samples": explanation.window.shape[1],
        },
        "output": explanation.probability,
        "baseline": "silence",
        "baseline_output": explanation.baseline_probability,
        "attribution": attribution_summary(explanation),
        "completeness_error": explanation.completeness_error,
        "relative_error": explanation.relative_error,
        "n_steps": explanation.n_steps,
        "figure": str(path),
    }


def _text(document: dict[str, Any]) -> str:
    pick, attribution = document["pick"], document["attribution"]
    components = ", ".join(
        f"{name} {100.0 * line['share']:.0f} % (net {line['net']:+.2f})"
        for name, line in attribution["components"].items()
    )
    return "\n".join(
        [
            (
                f"{pick['phase']} at {pick['network']}.{pick['station']}, {pick['time']} ± "
                f"{pick['sigma_s']:.2f} s: probability {pick['probability']:.2f} ({pick['model']})"
            ),
            (
                f"network output near it {document['output']:.2f}, for silence "
                f"{document['baseline_output']:.2f}; attributions add up to the difference with an "
                f"error of {document['completeness_error']:.3f}"
            ),
            f"share of the absolute attribution: {components}",
            f"before the pick {100.0 * attribution['share_before']:.0f} %",
        ]
    )
