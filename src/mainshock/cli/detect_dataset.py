"""``mainshock detect dataset``: regions of a catalogue, and the windows to learn them from."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import SettingsError
from mainshock.core.times import parse_utc

if TYPE_CHECKING:
    from mainshock.pipeline.region_windows import WindowInput, WindowReport

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Make data sets for the region classifier (ConvNetQuake)."
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Streams = Annotated[Path, typer.Option(help="Continuous records: folder of files, or SDS.")]
_Catalogue = Annotated[
    Path, typer.Option(help="Events: CSV, Parquet or QuakeML; cluster_id where it has one.")
]
_Output = Annotated[Path, typer.Option(help="Folder of the data set; may hold the other kind.")]
_Stations = Annotated[
    Path | None,
    typer.Option(help="Stations; by default stations.csv or .xml beside the records."),
]
_Station = Annotated[
    str | None, typer.Option(help="NET.STA; needed where the records hold several stations.")
]
_MeanVelocity = Annotated[
    float, typer.Option(help="Hypocentral distance over this is the travel time, km/s.")
]
_Velocity = Annotated[
    str | None,
    typer.Option(help="Travel times by iasp91, ak135, constant:VP,VS or a file of layers instead."),
]
_Window = Annotated[float, typer.Option(help="Length of a window in seconds.")]
_Rate = Annotated[float, typer.Option(help="Samples a second; other records are resampled.")]
_TestAfter = Annotated[str | None, typer.Option(help="Windows from this time on are for test.")]
_DevAfter = Annotated[
    str | None, typer.Option(help="Windows from this time on, before test, are for dev.")
]
_SaveMseed = Annotated[bool, typer.Option("--save-mseed", help="Also one miniSEED file a window.")]
_Plot = Annotated[bool, typer.Option("--plot", help="Also one picture a window.")]
_MaxPlots = Annotated[int, typer.Option(help="Most pictures drawn.", min=0)]
_Seed = Annotated[int, typer.Option(help="Seed of all that is drawn.", min=0)]


def _time(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_utc(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _bbox(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"--bbox is {text!r}; give west,south,east,north in degrees, such as "
            "--bbox=-97.6,35.7,-97.2,36.0 (with =, since it begins with a minus)"
        ) from error
    return west, south, east, north


@app.command()
def cluster(
    src: Annotated[Path, typer.Option(help="Catalogue: CSV, Parquet or QuakeML.")],
    dst: Annotated[Path, typer.Option(help="Folder for the table, clusters.json and the map.")],
    n_components: Annotated[int, typer.Option(help="Number of regions; DBSCAN finds its own.")] = 6,
    model: Annotated[str, typer.Option(help="KMeans, GMM or DBSCAN.")] = "KMeans",
    bbox: Annotated[
        str | None, typer.Option(help="W,S,E,N in degrees: only events inside.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="Only events from this time on.")] = None,
    before: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    test_after: Annotated[
        str | None, typer.Option(help="Later events are assigned, never fitted.")
    ] = None,
    use_depth: Annotated[bool, typer.Option("--use-depth", help="Cluster in space.")] = False,
    eps_km: Annotated[float, typer.Option(help="DBSCAN: radius in km.")] = 2.3,
    min_samples: Annotated[int, typer.Option(help="DBSCAN: events within it.")] = 10,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Divide a catalogue into regions: catalogue_with_clusters.csv, clusters.json, clusters.png.

    Distances are metres on the ground, whatever the model. Of K-means and GMM runs with different
    numbers of regions, the one with the lowest bic describes the events best.
    """
    from mainshock.detect.regions.catalogue import TimeSplit
    from mainshock.detect.regions.cluster_fit import ClusterSettings
    from mainshock.detect.regions.cluster_run import cluster_catalogue

    settings = ClusterSettings(model, n_components, use_depth, eps_km, min_samples, seed)
    made = cluster_catalogue(
        src,
        dst,
        settings,
        bbox=_bbox(bbox),
        after=_time(after, "--after"),
        before=_time(before, "--before"),
        split=TimeSplit(test_after=_time(test_after, "--test-after")),
    )
    tell_not_used((item["what"], item["reason"]) for item in made["not_used"])
    say(f"regions written to {dst}")
    if as_json:
        print_json(made)
        return
    for one in made["clusters"]:
        depth = "" if one["depth_km"] is None else f", depth {one['depth_km']:.1f} km"
        print_result(
            f"region {one['cluster_id']}: {one['count']} events to fit, "
            f"{one['count_test']} for test, {one['longitude']:.3f}, {one['latitude']:.3f}{depth}"
        )
    print_result(f"in no region: {made['n_without_cluster']}")
    for name, value in made["scores"].items():
        print_result(f"{name}: {'none' if value is None else f'{value:.6g}'}")


@app.command()
def events(
    stream_dir: _Streams,
    catalogue: _Catalogue,
    output_dir: _Output,
    stations: _Stations = None,
    station: _Station = None,
    mean_velocity: _MeanVelocity = 5.0,
    velocity: _Velocity = None,
    window_s: _Window = 10.0,
    before_s: Annotated[float, typer.Option(help="Seconds of record before the arrival.")] = 0.0,
    sampling_rate_hz: _Rate = 100.0,
    test_after: _TestAfter = None,
    dev_after: _DevAfter = None,
    save_mseed: _SaveMseed = False,
    plot: _Plot = False,
    max_plots: _MaxPlots = 100,
    as_json: _Json = False,
) -> None:
    """Cut one window for each catalogued event at its predicted arrival, in SeisBench format.

    Windows with gaps or fewer than three components are counted by reason. Samples stay as they
    were recorded (counts). Event rows that the folder holds already are replaced.
    """
    from mainshock.pipeline.region_windows import cut_events

    given = _given(
        stream_dir,
        catalogue,
        output_dir,
        stations=stations,
        station=station,
        velocity=velocity,
        mean_velocity_km_s=mean_velocity,
        before_s=before_s,
        window=(window_s, sampling_rate_hz),
        after=(dev_after, test_after),
        save_mseed=save_mseed,
        max_plots=max_plots if plot else 0,
    )
    with progress("cutting") as advance:
        report = cut_events(given, advance)
    if not report.details["catalogue_has_clusters"]:
        say("the catalogue has no cluster_id: all events are of region 0")
    _tell(report, output_dir, "event", as_json)


@app.command()
def noise(
    stream_dir: _Streams,
    catalogue: _Catalogue,
    output_dir: _Output,
    max_windows: Annotated[int, typer.Option(help="Number of windows wanted.", min=1)],
    stations: _Stations = None,
    station: _Station = None,
    mean_velocity: _MeanVelocity = 5.0,
    velocity: _Velocity = None,
    step_s: Annotated[float, typer.Option(help="From one possible window to the next.")] = 20.0,
    guard_before_s: Annotated[
        float, typer.Option(help="Seconds kept free before an origin time.")
    ] = 5.0,
    guard_after_s: Annotated[float, typer.Option(help="Seconds kept free after a coda.")] = 10.0,
    window_s: _Window = 10.0,
    sampling_rate_hz: _Rate = 100.0,
    test_after: _TestAfter = None,
    dev_after: _DevAfter = None,
    seed: _Seed = 0,
    save_mseed: _SaveMseed = False,
    plot: _Plot = False,
    max_plots: _MaxPlots = 100,
    as_json: _Json = False,
) -> None:
    """Cut windows of noise at random from the time that no catalogued event disturbs.

    An event disturbs from its origin time until its coda is over at the station, which depends on
    distance and magnitude. Noise rows that the folder holds already are replaced.
    """
    from mainshock.pipeline.region_windows import NoiseChoice, cut_noise

    given = _given(
        stream_dir,
        catalogue,
        output_dir,
        stations=stations,
        station=station,
        velocity=velocity,
        mean_velocity_km_s=mean_velocity,
        before_s=0.0,
        window=(window_s, sampling_rate_hz),
        after=(dev_after, test_after),
        save_mseed=save_mseed,
        max_plots=max_plots if plot else 0,
    )
    choice = NoiseChoice(max_windows, step_s, guard_before_s, guard_after_s, seed)
    with progress("cutting") as advance:
        report = cut_noise(given, choice, advance)
    found = report.details
    if report.n_written < max_windows:
        say(
            f"only {report.n_written} of {max_windows} windows: the record has "
            f"{found['n_free_windows']} windows free of events, and {found['n_events_in_record']} "
            f"catalogued events disturb {found['record_s'] - found['free_of_events_s']:.0f} of its "
            f"{found['record_s']:.0f} s; lower --step-s or the guards, or add records"
        )
    _tell(report, output_dir, "noise", as_json)


def _given(
    stream_dir: Path,
    catalogue: Path,
    output_dir: Path,
    *,
    window: tuple[float, float],
    after: tuple[str | None, str | None],
    **others: Any,  # fields of WindowInput, of several types
) -> "WindowInput":
    from mainshock.detect.regions.catalogue import TimeSplit
    from mainshock.detect.regions.cut import WindowShape
    from mainshock.pipeline.region_windows import WindowInput

    split = TimeSplit(_time(after[0], "--dev-after"), _time(after[1], "--test-after"))
    return WindowInput(
        stream_dir, catalogue, output_dir, shape=WindowShape(*window), split=split, **others
    )


def _tell(report: "WindowReport", output_dir: Path, kind: str, as_json: bool) -> None:
    tell_not_used((item.name, item.reason) for item in report.not_used)
    say(f"{report.n_written} {kind} windows of {report.instrument} written to {output_dir}")
    document = report.as_dict()
    if as_json:
        print_json(document)
        return
    print_result(f"windows: {report.n_written} of {report.n_wanted}")
    for reason, count in document["rejected_by_reason"].items():
        print_result(f"left out: {count}: {reason}")
    for name, counts in (("region", report.by_cluster), ("part", report.by_split)):
        for key, count in counts.items():
            print_result(f"{name} {key}: {count}")


@app.command()
def augment(
    dataset_dir: Annotated[Path, typer.Argument(help="Data set with event and noise windows.")],
    output_dir: Annotated[Path, typer.Option(help="Folder for the larger data set.")],
    std_factor: Annotated[
        float, typer.Option(help="Noise of this many standard deviations; 0 adds none.", min=0.0)
    ] = 1.0,
    stretch: Annotated[
        bool, typer.Option("--stretch", help="Copies 1.05 to 1.3 times longer.")
    ] = False,
    compress: Annotated[
        bool, typer.Option("--compress", help="Copies 1.05 to 1.3 times shorter.")
    ] = False,
    shift: Annotated[bool, typer.Option("--shift", help="Copies moved in time.")] = False,
    max_shift_s: Annotated[float, typer.Option(help="Largest shift, either way.")] = 2.0,
    copies: Annotated[int, typer.Option(help="Copies of each kind.", min=1)] = 1,
    seed: _Seed = 0,
    plot: _Plot = False,
    max_plots: _MaxPlots = 100,
    as_json: _Json = False,
) -> None:
    """Add changed copies of the training windows; labels stay, dev and test rows are not touched.

    The copies are marked in trace_augmentation.
    """
    from mainshock.detect.regions.augmented import Augmentation, augment_dataset

    settings = Augmentation(std_factor, stretch, compress, shift, copies, max_shift_s, seed)
    drawn = _pictures(output_dir / "plots", max_plots) if plot else None
    counts = augment_dataset(dataset_dir, output_dir, settings, drawn)
    say(f"data set written to {output_dir}")
    if as_json:
        print_json(counts)
        return
    print_result(f"windows: {counts['n_windows']}, of them train: {counts['n_train']}")
    for kind, count in counts["added"].items():
        print_result(f"added {kind}: {count}")


def _pictures(folder: Path, most: int) -> Callable[..., None]:
    from mainshock.detect.regions.window_files import save_window_plot

    n_drawn = 0

    def draw(name: str, before: Any, after: Any, rate_hz: float) -> None:  # arrays
        nonlocal n_drawn
        if n_drawn < most:
            n_drawn += 1
            shown = {"before": before, "after": after}
            save_window_plot(folder / f"{name}.png", shown, rate_hz, name)

    return draw
