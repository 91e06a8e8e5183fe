"""``mainshock stream run``: stages of the live path in processes of their own, over Kafka."""

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mainshock.cli import locate_options as options
from mainshock.cli import monitor_options, store_options
from mainshock.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry

    from mainshock.detect.base import Picker
    from mainshock.sources.live.base import LiveSource
    from mainshock.stream.kafka import KafkaBus
    from mainshock.stream.kafka.membership import Memberships
    from mainshock.stream.kafka.stage_process import StageProcess
    from mainshock.stream.live_stages import LocationParts, StageParts
    from mainshock.stream.model_choice.of_run import RunModels
    from mainshock.stream.model_choice.settings import ModelSettings
    from mainshock.stream.monitoring.stage_endpoint import StageEndpoint
    from mainshock.stream.run_folder import RunFolder
    from mainshock.stream.store.address import StoreAddress
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["run_stages"]

_FOLLOWERS = {"picking", "late", "shadow"}  # stages that work with the model in use

Roles = Annotated[
    list[str],
    typer.Argument(
        metavar="STAGE...",
        help="ingest, pick, late, shadow, associate, alert, context, shaking, forecast, drift, "
        "store: one or several.",
        show_default=False,
    ),
]
Source = Annotated[
    str | None, typer.Option(help="Of ingest: as `mainshock monitor` takes it.", show_default=False)
]
DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Records, store and state of sources; ingest, late, associate, alert and store share "
        "it.",
    ),
]
IsReplay = Annotated[
    bool, typer.Option("--replay", help="The records are old ones: what is told says so.")
]
IsSynthetic = Annotated[
    bool, typer.Option("--synthetic", help="The records are made up: what is told says so.")
]
ExitWhenIdle = Annotated[
    float | None,
    typer.Option(
        min=0.5, metavar="S", help="After so many seconds without a message settle all, and end."
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of /metrics (Prometheus), /healthz and /readyz."),
]
MetricsHost = Annotated[str, typer.Option(help="Address for --metrics-port.")]


def run_stages(
    stages: Roles,
    data_dir: DataDir,
    bus_settings: monitor_options.BusSettings = None,
    source: Source = None,
    speed: monitor_options.Speed = 1.0,
    stations: monitor_options.Stations = None,
    model: monitor_options.Picker = "default",
    models: monitor_options.Models = None,
    velocity: options.Velocity = None,
    model_error: options.ModelError = None,
    terms: options.Terms = None,
    catalogue: options.Catalogue = None,
    max_depth: options.MaxDepth = None,
    sampler: options.Sampler = "grid",
    alerts: monitor_options.Alerts = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    forecast_model: monitor_options.ForecastModel = None,
    forecast_catalogue: monitor_options.ForecastCatalogue = None,
    forecast_region: monitor_options.ForecastRegion = "",
    forecast_agency: monitor_options.ForecastAgency = "",
    replay: IsReplay = False,
    synthetic: IsSynthetic = False,
    exit_when_idle: ExitWhenIdle = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
) -> None:
    """Run some stages of the live path in this process, over a Kafka cluster.

    Start the same command as often as you like: processes that pick share the stations among
    them, of the others one works and the rest stand by. A process that ends, however it ends, is
    replaced by the others within some seconds, and nothing is lost or told twice. Runs until
    stopped by Ctrl-C or SIGTERM; exit code 1 means that a stage failed: start it again.
    """
    from mainshock.stream.kafka.roles import stages_of
    from mainshock.stream.run_folder import RunFolder

    wanted = stages_of(stages)
    _check(stages, source)
    folder = RunFolder(data_dir)
    with _joined(bus_settings, folder, wanted) as (bus, places), ExitStack() as open_things:
        opened = _open_source(source, speed, folder) if source else None
        setup = (velocity, model_error, terms, catalogue, sampler)
        location = _location(setup, stations, folder, max_depth) if "events" in wanted else None
        kept = _open_store(wanted, folder, store_options.address_of(store, store_password))
        if kept is not None:
            open_things.callback(kept.close)
        forecasts = (forecast_model, forecast_catalogue, forecast_region, forecast_agency)
        labels = _labels(opened, is_replay=replay, is_synthetic=synthetic)
        named = monitor_options.model_settings(model, models)
        serving, picker = _models(wanted, named, kept, folder, *labels)
        made_of = _parts(folder, location, kept, picker, alerts, forecasts)
        parts = _labelled(made_of, serving, *labels)
        cluster = _Cluster(bus, places, metrics_host, metrics_port)
        made = _process(stages, parts, cluster, opened, folder, stations, serving)
        _run(made, stages, exit_when_idle)


@contextmanager
def _joined(
    settings: Path | None, folder: "RunFolder", wanted: list[str]
) -> "Iterator[tuple[KafkaBus, Memberships]]":
    """Give the cluster, and places that its brokers take seconds to give while stages are made."""
    from mainshock.stream.kafka import KafkaBus, read_kafka_settings
    from mainshock.stream.kafka.instance import InstanceName
    from mainshock.stream.kafka.membership import Memberships

    known = read_kafka_settings(settings)
    with ExitStack() as closing:
        me = InstanceName(folder.state / "instances") if known.keeps_place else None
        if me is not None:
            closing.callback(me.release)
        bus = KafkaBus(known, instance="" if me is None else me.name)
        places = Memberships(bus, wanted)
        closing.callback(places.leave)
        yield bus, places


class _Cluster(NamedTuple):
    """The cluster, the places asked for there, and where counters are shown."""

    bus: "KafkaBus"
    places: "Memberships"
    metrics_host: str
    metrics_port: int | None


def _models(
    wanted: list[str],
    models: "ModelSettings",
    store: "LiveStore | None",
    folder: "RunFolder",
    is_replay: bool,
    is_synthetic: bool,
) -> "tuple[RunModels | None, Picker | None]":
    """Return what follows the choice of the model, and the picker, where a stage picks or names it.

    A process that picks and has a store works by the choice that the store keeps.
    """
    from mainshock.stream.model_choice.of_run import RunModels, open_desk, open_shadow

    if not {*_FOLLOWERS, "events"} & set(wanted):
        return None, None
    picker = monitor_options.opened_picker(models)
    if store is None or not _FOLLOWERS & set(wanted):
        return None, picker
    serving = RunModels(open_desk(store, picker, models, tells="picking" in wanted))
    if "shadow" in wanted:
        serving.shadow = open_shadow(
            models, folder.shadow, is_live=not is_replay, is_synthetic=is_synthetic
        )
    return serving, serving.picker


def _parts(
    folder: "RunFolder",
    location: "LocationParts | None",
    store: "LiveStore | None",
    picker: "Picker | None",
    alerts: Path | None,
    forecasts: tuple[Path | None, Path | None, str, str],
) -> "StageParts":
    from mainshock.stream.alerts.config import read_alert_settings
    from mainshock.stream.forecasts import ForecastSettings
    from mainshock.stream.live_stages import StageParts

    return StageParts(
        folder.archive,
        folder.forecast_log,
        picker,
        location,
        read_alert_settings(alerts) if alerts is not None else None,
        store,
        ForecastSettings(*forecasts),
    )


def _labels(
    source: "LiveSource | None", *, is_replay: bool, is_synthetic: bool
) -> tuple[bool, bool]:
    """Return what is said of the records, or what their source says: old ones, made up."""
    if source is None:
        return is_replay, is_synthetic
    return is_replay or not source.is_live, source.is_synthetic


def _labelled(
    parts: "StageParts", serving: "RunModels | None", is_replay: bool, is_synthetic: bool
) -> "StageParts":
    """Return the parts with what is said of the records, and the shadow."""
    from dataclasses import replace

    shadow = None if serving is None else serving.shadow
    return replace(parts, is_live=not is_replay, is_synthetic=is_synthetic, shadow=shadow)


def _process(
    roles: list[str],
    parts: "StageParts",
    cluster: _Cluster,
    source: "LiveSource | None",
    folder: "RunFolder",
    stations: Path | None,
    serving: "RunModels | None",
) -> "StageProcess":
    from mainshock.sources.stations import read_stations
    from mainshock.stream.kafka.stage_process import StageProcess
    from mainshock.stream.monitoring.process_metrics import show_problems

    known = None if stations is None else [one.code for one in read_stations(stations)]
    metrics, endpoint = _metrics(cluster.metrics_host, cluster.metrics_port, folder)
    made = StageProcess(
        cluster.bus,
        roles,
        parts,
        source,
        folder,
        known=known,
        metrics=metrics,
        models=serving,
        places=cluster.places,
    )
    show_problems(metrics, made.problems())
    if endpoint is not None:
        endpoint.problem = lambda: made.problem
    return made


def _check(roles: list[str], source: str | None) -> None:
    from mainshock.core.errors import SettingsError
    from mainshock.stream.kafka.roles import INGEST

    if INGEST in roles and source is None:
        raise SettingsError("ingest needs packets; name where they come from by --source")
    if INGEST not in roles and source is not None:
        raise SettingsError("--source is for ingest; name that stage as well, or leave it out")


def _open_source(spec: str, speed: float, folder: "RunFolder") -> "LiveSource":
    from mainshock.core.files import make_folder
    from mainshock.sources.live import SourceSettings, open_packet_source

    state = make_folder(folder.state)
    return open_packet_source(spec, SourceSettings(speed=speed, state_folder=state))


def _open_store(
    wanted: list[str], folder: "RunFolder", address: "StoreAddress | None"
) -> "LiveStore | None":
    """Return the store, where a stage writes there, or looks there which model is chosen."""
    from mainshock.core.files import make_folder
    from mainshock.stream.store.live_store import LiveStore

    follows = address is not None and "picking" in wanted
    if not follows and not {"store", "alerts", "late", "shadow"} & set(wanted):
        return None
    make_folder(folder.root)
    return LiveStore.open(address or folder.store)


def _location(
    setup: tuple[str | None, float | None, Path | None, Path | None, str],
    stations: Path | None,
    folder: "RunFolder",
    deepest: float | None,
) -> "LocationParts":
    from mainshock.cli.monitor import _location as location_parts
    from mainshock.core.errors import SettingsError
    from mainshock.pipeline.location_setup import LocationSetup
    from mainshock.sources.stations import read_inventory, read_stations

    named = stations or folder.stations()
    if named is None:
        raise SettingsError("associate needs the places of the stations; name --stations FILE")
    inventory = read_inventory(named) if named.suffix.lower() == ".xml" else None
    return location_parts(LocationSetup(*setup), read_stations(named), inventory, deepest)


def _metrics(
    host: str, port: int | None, folder: "RunFolder"
) -> "tuple[CollectorRegistry, StageEndpoint | None]":
    """Return where counters go, and what shows them and the state at a port if one is named."""
    from prometheus_client import CollectorRegistry

    from mainshock.stream.monitoring.process_metrics import show_process
    from mainshock.stream.monitoring.stage_endpoint import StageEndpoint

    registry = CollectorRegistry()
    show_process(registry, folder.root)
    return registry, None if port is None else StageEndpoint(registry, host, port)


def _run(made: "StageProcess", roles: list[str], idle_s: float | None) -> None:
    """Start, wait for the end or a signal, and stop."""
    import signal
    import threading

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        made.start()
        say(f"running {', '.join(roles)} over {made.bus.settings.bootstrap}")
        made.wait(stop, idle_s)
    finally:
        made.stop()
