"""From continuous records and a catalogue to the windows that a region classifier learns from."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import NothingFoundError, SettingsError, SourceError
from mainshock.core.records import Station
from mainshock.core.times import format_utc
from mainshock.detect.regions.catalogue import TimeSplit, read_region_catalogue
from mainshock.detect.regions.cut import (
    EVENT,
    CutWindow,
    TravelTimes,
    WindowRequest,
    WindowShape,
    cut_windows,
    event_requests,
    mean_velocity_travel_times,
    station_columns,
)
from mainshock.detect.regions.dataset import add_window, writing_category
from mainshock.detect.regions.noise import (
    NOISE,
    busy_spans,
    free_starts,
    noise_requests,
    span_length_s,
    without,
)
from mainshock.detect.regions.streams import InstrumentRecord, find_record
from mainshock.detect.regions.window_files import file_name, save_window_plot, write_window_mseed
from mainshock.locate.registry import open_velocity_model
from mainshock.sources.base import SkippedInput
from mainshock.sources.station_pieces import SkippedList
from mainshock.sources.stations import read_stations

__all__ = ["NoiseChoice", "WindowInput", "WindowReport", "cut_events", "cut_noise"]

Progress = Callable[[str], None]
_HIGHPASS_HZ = 1.0  # of the pictures alone
_STATION_FILES = ("stations.csv", "stations.xml", "stations.parquet")


@dataclass(frozen=True, slots=True)
class WindowInput:
    """Where windows are cut from, how, and what is written beside the data set.

    Parameters
    ----------
    stream_dir
        Folder of files, or SDS archive.
    catalogue
        File of events.
    output_dir
        Folder of the data set.
    stations
        File of stations; without it ``stations.csv`` or ``stations.xml`` in or above the
        stream folder is taken.
    station
        ``NET.STA``; needed where the folder holds several stations.
    velocity
        Velocity model that gives P and S, or None for straight lines at the mean velocity.
    mean_velocity_km_s
        Hypocentral distance over this is the travel time.
    before_s
        Record kept before the arrival.
    shape
        Length and rate of the windows.
    split
        Divides the windows by time.
    save_mseed, max_plots
        Whether each window is also written as miniSEED, and how many are drawn.
    """

    stream_dir: Path
    catalogue: Path
    output_dir: Path
    stations: Path | None = None
    station: str | None = None
    velocity: str | None = None
    mean_velocity_km_s: float = 5.0
    before_s: float = 0.0
    shape: WindowShape = field(default_factory=WindowShape)
    split: TimeSplit = field(default_factory=TimeSplit)
    save_mseed: bool = False
    max_plots: int = 0


@dataclass(frozen=True, slots=True)
class NoiseChoice:
    """Which windows of noise are taken: see ``busy_spans`` for the guards."""

    max_windows: int
    step_s: float = 20.0
    guard_before_s: float = 5.0
    guard_after_s: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_windows < 1:
            raise SettingsError(f"max_windows is {self.max_windows}; it must be 1 or more")


@dataclass(frozen=True, slots=True)
class WindowReport:
    """What was cut, and what was not and why.

    Parameters
    ----------
    instrument
        ``NET.STA.LOC.CH``.
    n_wanted, n_written
        Windows.
    by_cluster, by_split
        Windows written of each cluster and each part.
    rejected
        Windows not written, with the reason.
    not_used
        Input that was left out: rows, files, other instruments.
    details
        Further numbers, by name.
    """

    instrument: str
    n_wanted: int
    n_written: int
    by_cluster: Mapping[str, int]
    by_split: Mapping[str, int]
    rejected: tuple[SkippedInput, ...]
    not_used: tuple[SkippedInput, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report, ready for JSON; rejected windows are counted by reason."""
        return {
            "instrument": self.instrument,
            "n_wanted": self.n_wanted,
            "n_written": self.n_written,
            "by_cluster": dict(self.by_cluster),
            "by_split": dict(self.by_split),
            "rejected_by_reason": dict(Counter(item.reason for item in self.rejected)),
            "rejected": [{"window": item.name, "reason": item.reason} for item in self.rejected],
            "not_used": [{"what": item.name, "reason": item.reason} for item in self.not_used],
            **self.details,
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    record: InstrumentRecord
    station: Station
    travel_times: TravelTimes
    catalogue: pd.DataFrame
    skipped: SkippedList


def _open(given: WindowInput, *, needs_places: bool, progress: Progress | None) -> _Opened:
    skipped = SkippedList()
    rows: list[SkippedInput] = []
    catalogue = read_region_catalogue(given.catalogue, rows, needs_places=needs_places)
    skipped.extend(rows)
    stations = read_stations(_stations_file(given))
    record = find_record(given.stream_dir, given.station, skipped, progress)
    station = stations.find(record.key[0], record.key[1])
    return _Opened(record, station, _travel_times(given, station), catalogue, skipped)


def _stations_file(given: WindowInput) -> Path:
    if given.stations is not None:
        return given.stations
    folders = [given.stream_dir]
    if given.stream_dir.name == "sds":
        folders.append(given.stream_dir.parent)
    for path in (folder / name for folder in folders for name in _STATION_FILES):
        if path.is_file():
            return path
    raise SourceError(
        f"{given.stream_dir} holds neither stations.csv nor stations.xml; give the station's "
        "coordinates with --stations FILE"
    )


def _travel_times(given: WindowInput, station: Station) -> TravelTimes:
    if given.velocity is None:
        return mean_velocity_travel_times(given.mean_velocity_km_s, station)
    model = open_velocity_model(given.velocity)

    def travel_times(
        phase: str, distance_km: NDArray[np.float64], depth_km: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        depth = np.nan_to_num(depth_km)
        return model.travel_time_s(phase, distance_km, depth, -station.elevation_m / 1e3)

    return travel_times


def cut_events(given: WindowInput, progress: Progress | None = None) -> WindowReport:
    """Write one window for each event of a catalogue that the station recorded whole.

    Raises
    ------
    NothingFoundError
        If no window could be cut, with the reasons; nothing is written then.
    SettingsError, SourceError, DataError
        If the input cannot be used.
    """
    opened = _open(given, needs_places=True, progress=progress)
    rejected: list[SkippedInput] = []
    requests = event_requests(
        opened.catalogue,
        opened.station,
        opened.travel_times,
        given.split,
        rejected,
        before_s=given.before_s,
    )
    files = _WindowFiles(given, opened.record)
    columns = station_columns(opened.record, opened.station)
    rate_hz = given.shape.sampling_rate_hz
    written: list[WindowRequest] = []
    with writing_category(given.output_dir, EVENT, rate_hz) as writer:
        record, shape = opened.record, given.shape
        for window in cut_windows(record, requests, shape, rejected, opened.skipped):
            add_window(writer, window, columns)
            files.write(window)
            written.append(window.request)
            if progress is not None:
                progress(window.request.name)
        if not written:
            reasons = Counter(item.reason for item in (*rejected, *opened.skipped))
            told = "; ".join(f"{count} times: {reason}" for reason, count in reasons.items())
            raise NothingFoundError(f"no event window could be cut: {told or 'no event'}")
    has_clusters = "cluster_id" in opened.catalogue
    details = {"catalogue_has_clusters": has_clusters}
    return _report(opened, len(opened.catalogue), written, rejected, details)


def cut_noise(
    given: WindowInput, choice: NoiseChoice, progress: Progress | None = None
) -> WindowReport:
    """Write windows of noise, drawn from all the time that no catalogued event disturbs.

    Raises
    ------
    NothingFoundError
        If there is no free window; nothing is written then.
    SettingsError, SourceError, DataError
        If the input cannot be used.
    """
    opened = _open(given, needs_places=False, progress=progress)
    complete = opened.record.complete_spans()
    busy = busy_spans(
        opened.catalogue,
        opened.station,
        opened.travel_times,
        guard_before_s=choice.guard_before_s,
        guard_after_s=choice.guard_after_s,
    )
    free = without(complete, busy)
    starts = free_starts(free, given.shape, choice.step_s)
    details = {
        "record_s": span_length_s(complete),
        "free_of_events_s": span_length_s(free),
        "n_events_in_record": _n_inside(opened.catalogue, complete),
        "n_free_windows": len(starts),
    }
    if len(starts) == 0:
        raise NothingFoundError(
            f"no free window: of {details['record_s']:.0f} s on three components "
            f"{details['free_of_events_s']:.0f} s are away from the catalogue's events; lower "
            "--guard-after-s or give a longer record"
        )
    rejected: list[SkippedInput] = []
    written = _write_noise(given, choice, opened, starts, rejected, progress)
    return _report(opened, choice.max_windows, written, rejected, details)


def _write_noise(
    given: WindowInput,
    choice: NoiseChoice,
    opened: _Opened,
    starts: NDArray[np.int64],
    rejected: list[SkippedInput],
    progress: Progress | None,
) -> list[WindowRequest]:
    """Cut windows in a random order of all, until there are enough or none is left."""
    order = np.random.default_rng(choice.seed).permutation(starts)
    files = _WindowFiles(given, opened.record)
    columns = station_columns(opened.record, opened.station)
    written: list[WindowRequest] = []
    tried = 0
    with writing_category(given.output_dir, NOISE, given.shape.sampling_rate_hz) as writer:
        while len(written) < choice.max_windows and tried < len(order):
            missing = choice.max_windows - len(written)
            requests = noise_requests(order[tried : tried + missing].tolist(), given.split)
            tried += missing
            for window in cut_windows(
                opened.record, requests, given.shape, rejected, opened.skipped
            ):
                add_window(writer, window, columns)
                files.write(window)
                written.append(window.request)
                if progress is not None:
                    progress(window.request.name)
        if not written:
            raise NothingFoundError(
                f"none of {tried} free windows is whole: {rejected[0].reason if rejected else ''}"
            )
    return written


def _n_inside(catalogue: pd.DataFrame, spans: list[tuple[int, int]]) -> int:
    times = [pd.Timestamp(time).value for time in catalogue["time"]]
    return sum(any(start <= time < end for start, end in spans) for time in times)


class _WindowFiles:
    """Writes the files of single windows that were asked for."""

    def __init__(self, given: WindowInput, record: InstrumentRecord) -> None:
        self._given = given
        self._record = record
        self._n_drawn = 0

    def write(self, window: CutWindow) -> None:
        given = self._given
        rate_hz = given.shape.sampling_rate_hz
        if given.save_mseed:
            folder = given.output_dir / "mseed"
            write_window_mseed(folder, window, self._record, rate_hz)
        if self._n_drawn < given.max_plots:
            self._n_drawn += 1
            name = window.request.name
            path = given.output_dir / "plots" / file_name(name, ".png")
            title = f"{name}: {self._record.name} from {format_utc(window.start)}"
            marks = {
                f"{phase} predicted": (time - window.start).total_seconds()
                for phase, time in window.request.arrivals.items()
            }
            shown = {"": window.samples}
            save_window_plot(path, shown, rate_hz, title, highpass_hz=_HIGHPASS_HZ, marks=marks)


def _report(
    opened: _Opened,
    n_wanted: int,
    written: list[WindowRequest],
    rejected: list[SkippedInput],
    details: dict[str, Any],
) -> WindowReport:
    clusters = Counter(int(str(one.metadata["trace_cluster_id"])) for one in written)
    starts: list[datetime] = [one.start.astimezone(UTC) for one in written]
    details["first_window"], details["last_window"] = (
        format_utc(min(starts)),
        format_utc(max(starts)),
    )
    return WindowReport(
        instrument=opened.record.name,
        n_wanted=n_wanted,
        n_written=len(written),
        by_cluster={str(cluster): clusters[cluster] for cluster in sorted(clusters)},
        by_split=dict(Counter(str(one.metadata["split"]) for one in written)),
        rejected=tuple(rejected),
        not_used=tuple(opened.skipped),
        details=details,
    )
