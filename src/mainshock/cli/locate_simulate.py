"""``mainshock locate simulate``: synthetic events, and whether locations keep their promise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say
from mainshock.core.errors import SettingsError

if TYPE_CHECKING:
    from mainshock.locate.simulate import SimulatedEvent
    from mainshock.locate.simulation_config import SimulationConfig

__all__ = ["simulate"]


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the synthetic files and the report.")],
    config: Annotated[
        Path | None, typer.Option(help="Simulation in YAML or JSON; what it omits has defaults.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="sp, p-azimuth, sp-azimuth, network4 or network10-outliers."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE on top, such as errors.outlier_share=0.1; repeatable."
        ),
    ] = None,
    n: Annotated[int, typer.Option(help="Number of events.", min=1)] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of events and posterior draws.", min=0)] = 0,
    report: Annotated[
        bool, typer.Option("--report", help="Locate all events and report the calibration.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(help="Processes for --report; one for each core by default.", min=1),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Simulate events whose place is known; with --report, locate them and score the posteriors.

    Writes picks.csv, stations.csv, truth.csv and simulation.json, all labelled SYNTHETIC; with
    --report also calibration.json, calibration.png and scores.csv.
    """
    import numpy as np

    from mainshock.locate.calibration_report import write_simulation

    chosen = _chosen(config, preset, change or [])
    events = chosen.simulation().events(n, np.random.default_rng(seed))
    document: dict[str, Any] = {"label": "SYNTHETIC", "name": chosen.name, "n": n}
    document["files"] = write_simulation(out, chosen, events, seed)
    say(f"{n} SYNTHETIC events written to {out}")
    if report:
        document |= _report(chosen, events, out, seed, jobs)
    if as_json:
        print_json(document)
    else:
        print_result(_text(document))


def _chosen(config: Path | None, preset: str | None, changes: list[str]) -> "SimulationConfig":
    from mainshock.locate.simulation_config import SimulationConfig, changed_config, read_config
    from mainshock.locate.simulation_presets import preset as find_preset

    if config is not None and preset is not None:
        raise SettingsError("give --config or --preset, not both; --set changes either")
    if config is None and preset is None and not changes:
        raise SettingsError("give --config FILE, --preset NAME, or at least one --set KEY=VALUE")
    if config is not None:
        chosen = read_config(config)
    else:
        chosen = find_preset(preset) if preset else SimulationConfig()
    return changed_config(chosen, changes)


def _report(
    config: "SimulationConfig",
    events: "list[SimulatedEvent]",
    out: Path,
    seed: int,
    jobs: int | None,
) -> dict[str, Any]:
    from mainshock.locate.calibration_report import write_calibration
    from mainshock.locate.calibration_run import calibrate_on

    with progress("locating", len(events)) as advance:
        run = calibrate_on(config, events, seed, jobs, advance)
    document = write_calibration(out, config, run, seed)
    say(f"report written to {out / 'calibration.json'} and {out / 'calibration.png'}")
    return document


def _text(document: dict[str, Any]) -> str:
    """Return the few lines that answer the question."""
    lines = [f"SYNTHETIC events {document['name']!r}: {document['n']}"]
    for level, found in document.get("coverage", {}).items():
        low, high = (100.0 * edge for edge in found["interval95"])
        lines.append(
            f"{100.0 * float(level):.0f} % region holds {100.0 * found['observed']:.1f} % "
            f"({low:.1f} to {high:.1f}, n {found['n']})"
        )
    for name, found in document.get("pit", {}).items():
        lines.append(f"rank of {name}: mean {found['mean']:.3f}, KS p {found['p_value']:.2g}")
    for reason, count in document.get("refused", {}).items():
        lines.append(f"not located: {count}: {reason}")
    return "\n".join(lines)
