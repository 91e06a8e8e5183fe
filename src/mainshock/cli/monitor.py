"""``mainshock monitor``: from packets to a live page with one command."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.cli import locate_options as options
from mainshock.cli import monitor_options as own
from mainshock.cli import security_options, store_options
from mainshock.cli.output import say

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.pipeline.location_setup import LocationSetup
    from mainshock.serve.context import ServiceSettings
    from mainshock.serve.monitor import Monitor, MonitorSettings
    from mainshock.sources.live.base import LiveSource
    from mainshock.sources.stations import StationList
    from mainshock.stream.alerts.config import AlertSettings
    from mainshock.stream.bus_choice import BusChoice
    from mainshock.stream.model_choice.settings import ModelSettings
    from mainshock.stream.run import LocationParts
    from mainshock.stream.run_folder import RunFolder
    from mainshock.stream.store.address import StoreAddress

__all__ = ["monitor"]


def monitor(
    source: own.Source,
    speed: own.Speed = 1.0,
    port: own.Port = 8765,
    host: own.Host = "127.0.0.1",
    data_dir: own.DataDir = None,
    no_browser: own.NoBrowser = False,
    exit_at_end: own.ExitAtEnd = False,
    stations: own.Stations = None,
    model: own.Picker = "default",
    models: own.Models = None,
    velocity: options.Velocity = None,
    model_error: options.ModelError = None,
    terms: options.Terms = None,
    catalogue: options.Catalogue = None,
    max_depth: options.MaxDepth = None,
    sampler: options.Sampler = "grid",
    alerts: own.Alerts = None,
    token_file: own.TokenFile = None,
    seedlink_host: own.SeedLinkHost = "127.0.0.1",
    seedlink_port: own.SeedLinkPort = 18000,
    seedlink_ring_mb: own.SeedLinkRing = 64.0,
    backfill: own.Backfill = None,
    keep_days: own.KeepDays = 30.0,
    forecast_model: own.ForecastModel = None,
    forecast_catalogue: own.ForecastCatalogue = None,
    forecast_region: own.ForecastRegion = "",
    forecast_agency: own.ForecastAgency = "",
    bus: own.Bus = "embedded",
    bus_settings: own.BusSettings = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    accounts: security_options.Accounts = False,
    security: security_options.Security = None,
    tls_cert: security_options.TlsCert = None,
    tls_key: security_options.TlsKey = None,
) -> None:
    """Run everything live: take packets in, pick, locate, alert, store, and show it on a page.

    The page is at the address printed; the API is below /api/v1, FDSN web services below
    /fdsnws. After a replay the service goes on until stopped by Ctrl-C or SIGTERM.
    """
    from mainshock.serve.monitor import Monitor

    address = store_options.address_of(store, store_password)
    folder = _folder(data_dir, source)
    opened = _open_source(source, speed, folder)
    sites, inventory = _stations_of(opened, stations)
    setup = _setup_for(source, (velocity, model_error, terms, catalogue, sampler))
    guard = (accounts, security, tls_cert, tls_key)
    page = security_options.service_settings(folder.root, host, port, token_file, guard)
    seedlink = (seedlink_host, seedlink_port, seedlink_ring_mb)
    forecasts = (forecast_model, forecast_catalogue, forecast_region, forecast_agency)
    pickers = own.model_settings(model, models)
    kept = (keep_days, backfill, address, own.chosen_bus(bus, bus_settings), pickers)
    settings = _settings(folder, page, seedlink, kept, forecasts)
    location = _location(setup, sites, inventory, max_depth)
    made = Monitor(settings, opened, own.opened_picker(pickers), location, _rules(alerts))
    _keep_stations(folder, sites, inventory)
    _run(made, exit_at_end=exit_at_end, opens_browser=not no_browser)


def _settings(
    folder: "RunFolder",
    page: "ServiceSettings",
    seedlink: tuple[str, int, float],
    kept: "tuple[float, str | None, StoreAddress | None, BusChoice, ModelSettings]",
    forecasts: tuple[Path | None, Path | None, str, str],
) -> "MonitorSettings":
    from datetime import timedelta

    from mainshock.serve.monitor import MonitorSettings
    from mainshock.stream.forecasts import ForecastSettings

    host, port, ring_mb = seedlink
    keep_days, backfill, address, bus, models = kept
    return MonitorSettings(
        folder,
        page,
        host,
        None if port < 0 else port,
        ring_mb,
        timedelta(days=keep_days),
        backfill,
        ForecastSettings(*forecasts),
        address,
        bus,
        models,
    )


def _folder(named: Path | None, source: str) -> "RunFolder":
    from mainshock.stream.run_folder import RunFolder

    return RunFolder(named or _default_folder(source))


def _default_folder(source: str) -> Path:
    from mainshock.core.settings import Settings

    name = "".join(c if c.isalnum() else "-" for c in source).strip("-")
    return Settings.from_environment().model_store.parent / "monitor" / name[:80]


def _rules(alerts: Path | None) -> "AlertSettings | None":
    from mainshock.stream.alerts.config import read_alert_settings

    return None if alerts is None else read_alert_settings(alerts)


def _open_source(spec: str, speed: float, folder: "RunFolder") -> "LiveSource":
    from mainshock.core.files import make_folder
    from mainshock.sources.live import SourceSettings, open_packet_source

    state = make_folder(folder.state)
    return open_packet_source(spec, SourceSettings(speed=speed, state_folder=state))


def _stations_of(
    source: "LiveSource", named: Path | None
) -> "tuple[StationList, Inventory | None]":
    from mainshock.core.errors import SettingsError
    from mainshock.sources.live.seedlink import SeedLinkSource
    from mainshock.sources.stations import read_inventory, read_stations

    if named is not None:
        if isinstance(source, SeedLinkSource):
            source.meet()
        is_xml = named.suffix.lower() == ".xml"
        return read_stations(named), read_inventory(named) if is_xml else None
    found = source.stations()
    if found is None:
        raise SettingsError(
            f"{source.name} does not say where its stations are; name them by --stations FILE "
            "(StationXML, or a table network,station,longitude,latitude,elevation_m)"
        )
    return found, source.inventory()


def _keep_stations(
    folder: "RunFolder", sites: "StationList", inventory: "Inventory | None"
) -> None:
    """Keep the stations of this run for `mainshock serve`, and none of a run before."""
    from mainshock.core.files import replacing
    from mainshock.sources.stations import write_stations

    write_stations(folder.state / "stations.csv", sites)
    described = folder.state / "stations.xml"
    if inventory is None:
        described.unlink(missing_ok=True)
        return
    with replacing(described) as path:
        inventory.write(str(path), format="STATIONXML")


def _setup_for(
    source: str, named: tuple[str | None, float | None, Path | None, Path | None, str]
) -> "LocationSetup":
    """Return a setup; for the demonstration with the velocity model of its network."""
    from dataclasses import replace

    from mainshock.pipeline.demo import DEMO_CASES
    from mainshock.pipeline.location_setup import LocationSetup

    setup = LocationSetup(*named)
    if source != "demo" or setup.velocity is not None or setup.terms is not None:
        return setup
    case = DEMO_CASES[0]
    error = case.model_error if setup.model_error is None else setup.model_error
    return replace(setup, velocity=case.velocity, model_error=error)


def _location(
    setup: "LocationSetup",
    sites: "StationList",
    inventory: "Inventory | None",
    deepest: float | None,
) -> "LocationParts":
    from mainshock.events.registry import ASSOCIATORS
    from mainshock.pipeline.locating import EventBuilder
    from mainshock.stream.run import LocationParts

    travel_times = setup.travel_times()
    if setup.is_by_default:
        say("no --velocity: iasp91, an average Earth; depths of local events may be kilometres off")
    builder = EventBuilder(setup.method(travel_times, list(sites)), sites)
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(deepest))
    names = {
        "associator": associator.name,
        "velocity": setup.velocity or travel_times.name,
        "location": setup.sampler,
    }
    return LocationParts(builder, associator, travel_times, names, inventory)


def _run(made: "Monitor", *, exit_at_end: bool, opens_browser: bool) -> None:
    """Start, wait for the end or a signal, write the results, and stop."""
    import signal
    import threading
    import webbrowser

    from mainshock.serve.monitor import write_results

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    made.start(say)
    token = made.settings.service.token
    asks = "" if token is None else " (open it with /?token=TOKEN)"
    say(f"monitoring {made.source.name} ({made.source.label}); page at {made.service.url}{asks}")
    say(f"keeping results in {made.settings.folder.root}")
    if made.settings.store is not None:
        say(f"events and picks in {made.settings.store}")
    if made.seedlink is not None:
        say(f"SeedLink at {made.settings.seedlink_host}:{made.seedlink.port}")
    if opens_browser:
        webbrowser.open(made.service.page_url)
    try:
        if made.wait_for_end(stop):
            folder = made.settings.folder.root
            paths = write_results(made.run.store, folder)
            names = ", ".join(sorted(Path(path).name for path in paths.values()))
            say(f"the source has ended; {names} are in {folder}")
            if not exit_at_end:
                stop.wait()
    finally:
        made.stop()
