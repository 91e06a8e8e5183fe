"""Draws a synthetic large sequence and what a batch run finds of it.

python recipes/large_event/draw.py FOLDER QUIET docs/images/large-event.png
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from compare import Comparison, compare
from large_event import Sequence, SequenceSettings, make_sequence, read_small_records
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from mainshock.detect.network import NetworkPicker
from mainshock.events.association import GridAssociator
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.location_setup import LocationSetup

__all__ = ["draw_sequence"]

N_STATIONS = 3
BEFORE_S, AFTER_S = -30.0, 420.0


def draw_sequence(sequence: Sequence, found: Comparison, is_clear_at: int, output: Path) -> None:
    """Draw vertical records of the stations clipped the most, and below them the events."""
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(8.0, 5.6), sharex=True)
    _draw_records(upper, sequence)
    _draw_events(lower, sequence, found, is_clear_at)
    lower.set_xlim(BEFORE_S, AFTER_S)
    lower.set_xlabel("time after the mainshock's origin (s)")
    figure.suptitle("Synthetic sequence of scaled, superposed records", fontsize=11)
    figure.tight_layout()
    figure.savefig(output, dpi=110)
    plt.close(figure)


def _draw_records(ax: Axes, sequence: Sequence) -> None:
    limit = sequence.settings.clip_counts
    vertical = {code: one for code, one in sequence.counts.items() if code.endswith("Z")}
    clipped = sorted(vertical, key=lambda code: -int((np.abs(vertical[code]) == limit).sum()))
    for number, code in enumerate(sorted(clipped[:N_STATIONS])):
        samples = vertical[code]
        time_s = np.arange(samples.size) / sequence.rate_hz - sequence.settings.before_s
        offset = 2.4 * (N_STATIONS - 1 - number)
        ax.plot(time_s, samples / limit + offset, color="0.25", linewidth=0.4)
    ax.set_yticks([2.4 * one for one in range(N_STATIONS)])
    ax.set_yticklabels([code.split(".")[1] for code in sorted(clipped[:N_STATIONS])][::-1])
    ax.set_ylabel("vertical, limit of the digitiser: ±1")


def _draw_events(ax: Axes, sequence: Sequence, found: Comparison, is_clear_at: int) -> None:
    mainshock = next(one for one in sequence.truth if one.kind == "mainshock")
    groups = {
        "found": ([mainshock, *found.found] if found.mainshocks else found.found, "C0", "C0"),
        "missed, clear of other waves": ([], "none", "C3"),
        "missed, hidden": ([], "none", "0.6"),
    }
    for one in sequence.truth:
        if one not in groups["found"][0]:
            is_clear = one.n_detectable >= is_clear_at
            groups["missed, clear of other waves" if is_clear else "missed, hidden"][0].append(one)
    for label, (events, face, edge) in groups.items():
        time_s = [(one.time - mainshock.time).total_seconds() for one in events]
        size = [one.magnitude for one in events]
        ax.scatter(time_s, size, 26, face, edgecolors=edge, label=f"{label} ({len(events)})")
    false_s = [(one.origin.time - mainshock.time).total_seconds() for one in found.false]
    floor = sequence.settings.smallest - 0.3
    label = f"false ({len(false_s)})"
    ax.scatter(false_s, [floor] * len(false_s), marker="x", color="C1", label=label)
    ax.set_ylabel("magnitude")
    ax.legend(loc="upper right", fontsize=8)


def main() -> None:
    """Draw the sequence of the tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("quiet", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--work", type=Path, default=Path("large-event"))
    given = parser.parse_args()
    mpl.use("Agg")
    settings = SequenceSettings(magnitude=6.2, lowest_hz=2.0, before_s=60.0, after_s=420.0)
    small = read_small_records(given.folder, settings.lowest_hz)
    sequence = make_sequence(small, given.quiet, settings, seed=1)
    sequence.write(given.work)
    setup = LocationSetup()
    travel_times = setup.travel_times()
    builder = EventBuilder(setup.method(travel_times, list(small.stations)), small.stations)
    picks = pick_records([given.work / "sds"], NetworkPicker(), keep_waveforms=False).picks
    rng = np.random.default_rng(0)
    events = locate_picks(picks, builder, GridAssociator(), travel_times, rng).events
    draw_sequence(sequence, compare(events, sequence.truth), 5, given.output)


if __name__ == "__main__":
    main()
