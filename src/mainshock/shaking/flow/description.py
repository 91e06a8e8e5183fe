"""Manifest and card of a model folder: what it was trained on and what it is for."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainshock import __version__
from mainshock.core.provenance import file_sha256
from mainshock.learn.models import ModelManifest, write_manifest
from mainshock.shaking.flow.stored import NETWORK, PARTS, FlowParts
from mainshock.shaking.scenarios import local_origin
from mainshock.shaking.training import DEFAULT_MODEL, TrainingSettings

if TYPE_CHECKING:  # pandas and HDF5, which only training needs
    from mainshock.shaking.records import GroundMotionRecords

__all__ = ["CARD", "MEDIAN", "describe"]

CARD, MEDIAN = "card.md", "median"

_CARD = """# Shaking by flow matching

**Not for design use.** {warning}

* Purpose: medians, spread and three-component accelerograms of a source at a site, for teaching,
  tests and comparison of methods.
* Trained on {n} records of {n_events} events at {n_stations} stations ({file}, {kind}).
* Range: magnitude {m_low:.1f} to {m_high:.1f}, hypocentral distance {r_low:.0f} to {r_high:.0f} km,
  depth {z_low:.0f} to {z_high:.0f} km. Beyond it the spread is widened and rows are flagged.
* Records: {rate:g} samples a second, {seconds:g} s from {start:g} s after the origin time; m/s^2,
  components E, N, Z.
* Arrivals: {arrivals}.
* Method: a regression with site, source and path terms gives spectra and their spread; flow
  matching gives the shape of the spectrogram between arrivals; noise takes on both.
* Beware: components are not coherent with each other, there are no surface waves of their own, no
  directivity and no static offset; velocity below {lowest:g} Hz is not controlled.
* Repeat: `mainshock shake train --data {file} --out FOLDER --profile {profile} --seed {seed}`.
"""


def describe(
    records: "GroundMotionRecords",
    folder: Path,
    settings: TrainingSettings,
    parts: FlowParts,
    epochs: int,
) -> None:
    """Write parts, card and manifest beside the network and the median model in a folder."""
    used = parts.save(folder)
    (folder / CARD).write_text(_card(records, settings, parts), encoding="utf-8")
    median = [f"{MEDIAN}/{one.name}" for one in sorted((folder / MEDIAN).iterdir())]
    manifest = ModelManifest(
        name=DEFAULT_MODEL,
        version=__version__,
        task="ground motion",
        description=(
            f"Medians and accelerograms by flow matching, trained on {_kind(records)} records; "
            "not for design use"
        ),
        licence="GPL-3.0-or-later",
        files={one: file_sha256(folder / one) for one in (NETWORK, PARTS, *median)},
        settings={
            "architecture": "flow",
            "is_synthetic": records.is_synthetic,
            "local_origin": local_origin(records.table),
            **used,
        },
        training={
            "data": {
                one.name: file_sha256(one)
                for one in (records.path, records.path.with_suffix(".csv"))
            },
            "records": len(records),
            "seed": settings.seed,
            "profile": settings.profile,
            "epochs": epochs,
        },
    )
    write_manifest(folder, manifest)


def _kind(records: "GroundMotionRecords") -> str:
    return "SYNTHETIC" if records.is_synthetic else "recorded"


def _card(records: "GroundMotionRecords", settings: TrainingSettings, parts: FlowParts) -> str:
    scenarios, layout = records.scenarios, parts.layout
    distance_km = scenarios.hypocentral_km()
    made_up = (
        "Trained on SYNTHETIC records alone: amplitudes are those of a generator, not of a place."
    )
    return _CARD.format(
        warning=made_up if records.is_synthetic else "Not validated beyond its training records.",
        n=len(records),
        n_events=len(set(scenarios.event.tolist())),
        n_stations=len(set(scenarios.station.tolist())),
        file=records.path.name,
        kind=_kind(records),
        m_low=scenarios.magnitude.min(),
        m_high=scenarios.magnitude.max(),
        r_low=distance_km.min(),
        r_high=distance_km.max(),
        z_low=scenarios.depth_km.min(),
        z_high=scenarios.depth_km.max(),
        rate=layout.sampling_rate_hz,
        seconds=layout.n_samples / layout.sampling_rate_hz,
        start=layout.start_rel_origin_s,
        arrivals="lines through the table's arrivals"
        if parts.arrivals.is_fitted
        else "speeds of 6.0 and 3.46 km/s, not fitted",
        lowest=parts.bands.centres_hz[0],
        profile=settings.profile,
        seed=settings.seed,
    )
