"""The main job on the real records inside the ObsPy wheel: offline, on any machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mainshock.core.provenance import Provenance, file_sha256
from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.events.base import Associator
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.registry import open_velocity_model
from mainshock.pipeline.locating import AmplitudeInput, EventBuilder, locate_picks
from mainshock.pipeline.picking import PickedWaveform, pick_waveforms
from mainshock.pipeline.results import CaseResult, NotUsed
from mainshock.sources import bundled
from mainshock.sources.registry import open_source
from mainshock.sources.stations import StationList

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = ["DEMO_CASES", "DemoCase", "run_case"]

SEED = 20100527
MODEL_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class DemoCase:
    """One set of bundled records and the assumptions it is located under.

    Parameters
    ----------
    name
        Name of the case in ``mainshock.sources.bundled``.
    velocity
        Text of the velocity model, as ``--velocity`` takes it.
    model_error
        Standard deviation of the velocity model's error as a share of the travel time.
    """

    name: str
    title: str
    description: str
    velocity: str
    associator: str
    model_error: float = MODEL_ERROR

    def paths(self) -> list[Path]:
        """Return the record files."""
        return bundled.record_paths(self.name)

    def stations(self) -> StationList:
        """Return the stations with coordinates."""
        return bundled.stations(self.name)

    def inventory(self) -> "Inventory | None":
        """Return the instrument responses, or None where the wheel carries none."""
        return bundled.inventory(self.name)


DEMO_CASES = (
    DemoCase(
        name="uh",
        title="Four stations, four minutes: BW.UH1 to UH4, 2010-05-27",
        description=(
            "Small events near Unterhaching, Bavaria, recorded by four stations 3 to 12 km apart "
            "at 50 to 200 Hz; only UH3 has three components. The velocity model is homogeneous, "
            "4.35 km/s for P and 2.38 km/s for S, the apparent speeds of an earlier NonLinLoc "
            "solution of the same day; its error is taken as 5 % of the travel time. The files "
            "carry no instrument response, so no magnitude can be given."
        ),
        velocity="constant:4.35,2.38",
        associator="grid",
    ),
    DemoCase(
        name="rjob",
        title="One station: BW.RJOB, 2009-08-24",
        description=(
            "A local earthquake recorded by a single three-component station in the Bavarian "
            "Alps. S minus P gives the distance under iasp91, the particle motion of P the "
            "direction; the velocity model's error is taken as 5 % of the travel time. One "
            "station constrains a location weakly: read the region, not the point."
        ),
        velocity="iasp91",
        associator="grid",
    ),
)


def run_case(
    case: DemoCase, picker: Picker, progress: Callable[[str], None] | None = None
) -> CaseResult:
    """Return what the main job finds in the records of one case."""
    rng = np.random.default_rng(SEED)
    stations, inventory = case.stations(), case.inventory()
    source = open_source(case.paths())
    not_used: list[NotUsed] = []
    picked = list(
        pick_waveforms(source, picker, with_curves=True, failures=not_used, progress=progress)
    )
    not_used.extend(NotUsed(item.name, item.reason) for item in source.skipped)
    picked, covered = _one_instrument_per_station(picked)
    picks = [pick for one in picked for pick in one.picks]
    waveforms = tuple(one.waveform for one in picked)
    travel_times = open_velocity_model(case.velocity)
    builder = EventBuilder(
        method=GridLocation(travel_times=travel_times, model_error=case.model_error),
        stations=stations,
        amplitudes=AmplitudeInput(waveforms, inventory),
    )
    associator: Associator = ASSOCIATORS.load(case.associator)()
    located = locate_picks(picks, builder, associator, travel_times, rng)
    curves: dict[str, ProbabilityCurves] = {
        one.waveform.trace_id: one.curves for one in picked if one.curves is not None
    }
    return CaseResult(
        title=case.title,
        description=case.description,
        waveforms=waveforms,
        curves=curves,
        stations=tuple(stations),
        picks=located.picks,
        events=located.events,
        not_used=(*not_used, *covered, *located.not_used),
        provenance=(_provenance(case, picker, case.paths()),),
    )


def _one_instrument_per_station(
    picked: Sequence[PickedWaveform],
) -> tuple[list[PickedWaveform], list[NotUsed]]:
    """Return the longest record of each station, and the shorter ones as left out."""
    longest: dict[tuple[str, str], PickedWaveform] = {}
    for one in sorted(picked, key=lambda item: item.waveform.start - item.waveform.end):
        longest.setdefault((one.waveform.network, one.waveform.station), one)
    kept = [one for one in picked if one in longest.values()]
    left_out = [
        NotUsed(
            f"{one.waveform.trace_id} from {one.waveform.start:%H:%M:%S}",
            "a longer record of the same station covers these seconds",
        )
        for one in picked
        if one not in kept
    ]
    return kept, left_out


def _provenance(case: DemoCase, picker: Picker, paths: Sequence[Path]) -> Provenance:
    return Provenance(
        step=f"demo {case.name}",
        parameters={
            "picker": picker.name,
            "velocity": case.velocity,
            "model_error": case.model_error,
            "seed": SEED,
        },
        inputs={path.name: file_sha256(path) for path in paths},
    )
