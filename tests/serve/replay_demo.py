"""An archive of the real records inside ObsPy, and what replays of it work with."""

from pathlib import Path

from mainshock.detect.network import NetworkPicker
from mainshock.events.registry import ASSOCIATORS
from mainshock.pipeline.demo import DEMO_CASES
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.serve.replay_runs import ReplayParts
from mainshock.sources.stations import StationList
from mainshock.stream.live_stages import LocationParts

__all__ = ["demo_parts", "write_demo_archive"]


def write_demo_archive(root: Path) -> None:
    """Write four minutes of four stations as an SDS archive."""
    import numpy as np
    import obspy

    for path in DEMO_CASES[0].paths():
        for trace in obspy.read(str(path)):
            one, day = trace.stats, trace.stats.starttime
            folder = root / f"{day.year}" / one.network / one.station / f"{one.channel}.D"
            folder.mkdir(parents=True, exist_ok=True)
            trace.data = trace.data.astype(np.int32)
            name = folder / f"{trace.id}.D.{day.year}.{day.julday:03d}"
            with name.open("ab") as stream:
                trace.write(stream, format="MSEED", reclen=512, encoding="STEIM2")


def demo_parts(stations: StationList) -> ReplayParts:
    """Return the picker and the locator of that network."""
    case = DEMO_CASES[0]
    setup = LocationSetup(velocity=case.velocity, model_error=case.model_error)
    travel_times = setup.travel_times()
    builder = EventBuilder(setup.method(travel_times, list(stations)), stations)
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(None))
    names = {"associator": associator.name, "velocity": case.velocity, "location": "grid"}
    return ReplayParts(
        NetworkPicker(), LocationParts(builder, associator, travel_times, names, None)
    )
