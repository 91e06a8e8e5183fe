"""Associators side by side: simulated sequences, and two real ones picked by the default picker.

Run with ``python benchmarks/bench_association.py [--names grid pyocto] [--events 1000]``. One
thread. The real part needs the open data sets (``MAINSHOCK_DATA``) and takes the whole way from
records to located events with the defaults of ``mainshock locate``; a reference event counts as
found where an origin lies within 2 s of its own. Beside the recall stands the share of times taken
at random that would be "found" as well: in a dense sequence it is not small.
"""

import argparse
import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mainshock.core.errors import SettingsError
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.detect.registry import open_picker
from mainshock.events.base import Associator
from mainshock.events.evaluate_association import (
    SequenceSettings,
    score_association,
    score_origin_times,
    simulate_sequence,
)
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.registry import LOCATION_METHODS, open_velocity_model
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.sources.stations import read_stations

TOLERANCE_S = 2.0
SPLIT = {"ridgecrest_20190707_0750/events_scedc_m2_times_only.csv": "2019-07-07T08:10:00Z"}
REFERENCES = (
    "ridgecrest_20190707_0750/events_scedc_m2_times_only.csv",
    "ridgecrest_20190707_0750/events.csv",
    "iceland_dike_20140824/events.csv",
    "sthelens_20220206/events.csv",
)
SCENES = {
    "10 stations, 50 km, event every 15 s": SequenceSettings(),
    "4 stations, 80 km, event every 20 s": SequenceSettings(
        n_stations=4, aperture_km=80.0, interval_s=20.0, least_magnitude=1.0
    ),
    "10 stations, 50 km, event every 5 s": SequenceSettings(interval_s=5.0),
    "12 stations, 50 km, event every 60 s, noisy": SequenceSettings(
        n_stations=12, interval_s=60.0, false_per_hour=120.0
    ),
}


def _open(names: list[str]) -> Iterator[tuple[str, Associator]]:
    for name in names:
        try:
            yield name, ASSOCIATORS.load(name)()
        except SettingsError as error:
            print(f"{name} left out: {error}")


def _simulated(names: list[str], n_events: int) -> None:
    travel_times = open_velocity_model("constant:6.0,3.45")
    print("| scene | associator | recall | precision | picks assigned | right in group | s |")
    print("|---|---|---|---|---|---|---|")
    for scene, settings in SCENES.items():
        counts = SequenceSettings(
            **{f: getattr(settings, f) for f in settings.__slots__ if f != "n_events"},
            n_events=n_events,
        )
        sequence = simulate_sequence(counts, travel_times, np.random.default_rng(1))
        for name, associator in _open(names):
            start = time.process_time()
            result = associator.associate(sequence.picks, sequence.stations, travel_times)
            seconds = time.process_time() - start
            s = score_association(result.groups, sequence.owner)
            print(
                f"| {scene} | {name} | {s.recall:.3f} | {s.precision:.3f} | {s.assignment:.3f} | "
                f"{s.purity:.3f} | {seconds:.0f} |",
                flush=True,
            )


def _origin_times(path: Path) -> list[float]:
    with path.open() as stream:
        return [to_posix_s(parse_utc(row["origin_time"])) for row in csv.DictReader(stream)]


def _real(names: list[str], data: Path) -> None:
    travel_times = open_velocity_model("iasp91")
    method = LOCATION_METHODS.load("grid")(travel_times=travel_times, model_error=0.03)
    picker = open_picker("default")
    print("| reference | associator | found | within 0.5 s | by chance | events | closest, s | s |")
    print("|---|---|---|---|---|---|---|---|")
    for reference in REFERENCES:
        folder = data / "continuous" / Path(reference).parent
        wanted_s = _origin_times(data / "continuous" / reference)
        stations = read_stations(folder / "stations.xml")
        picks = pick_records([folder / "sds"], picker, keep_waveforms=False).picks
        span_s = to_posix_s(max(p.time for p in picks)) - to_posix_s(min(p.time for p in picks))
        for name, associator in _open(names):
            start = time.process_time()
            builder = EventBuilder(method, stations, None)
            located = locate_picks(
                picks, builder, associator, travel_times, np.random.default_rng(0)
            )
            seconds = time.process_time() - start
            found_s = sorted(to_posix_s(event.origin.time) for event in located.events)
            chance = -np.expm1(-2.0 * TOLERANCE_S * len(found_s) / span_s)
            closest_s = min(np.diff(found_s), default=np.nan)
            found, near = score_origin_times(found_s, wanted_s, TOLERANCE_S)
            halves = _halves(found_s, wanted_s, SPLIT.get(reference))
            print(
                f"| {reference} | {name} | {found} of {len(wanted_s)}{halves} | {near} | "
                f"{chance:.0%} | {len(found_s)} | {closest_s:.1f} | {seconds:.0f} |",
                flush=True,
            )


def _halves(found_s: list[float], wanted_s: list[float], split: str | None) -> str:
    """Return the recall before and after a time as text, empty without one."""
    if split is None:
        return ""
    middle_s = to_posix_s(parse_utc(split))
    parts = [
        [one for one in wanted_s if one < middle_s],
        [one for one in wanted_s if one >= middle_s],
    ]
    told = [f"{score_origin_times(found_s, part, TOLERANCE_S)[0]}/{len(part)}" for part in parts]
    return f" ({', '.join(told)})"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [name for name in ASSOCIATORS.names() if name != "single_station"]
    parser.add_argument("--names", nargs="+", default=names)
    parser.add_argument("--events", type=int, default=1000, help="events of a simulated sequence")
    parser.add_argument("--data", type=Path, default=os.environ.get("MAINSHOCK_DATA"))
    parser.add_argument("--skip-simulated", action="store_true")
    options = parser.parse_args()
    if options.data:
        _real(options.names, Path(options.data))
    if not options.skip_simulated:
        _simulated(options.names, options.events)


if __name__ == "__main__":
    main()
