"""Simulates one run of a made-up experiment: fault maps over time with their efficiency."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.generator.camera import (
    Camera,
    draw_lines,
    local_shear,
    map_faults,
    observe,
)
from mainshock.offfault.generator.fault_system import draw_fault_system
from mainshock.offfault.generator.plane_stress import solve_plane_stress
from mainshock.offfault.generator.settings import GeneratorSettings, Range
from mainshock.offfault.generator.sheet import base_motion, solve_sheet
from mainshock.offfault.generator.strands import Strand, Weakness, weakness_on_grid
from mainshock.offfault.generator.stress_growth import draw_growing_faults
from mainshock.offfault.label import applied_velocity, curl, window_labels
from mainshock.offfault.windows import LabelledWindows

__all__ = ["Frame", "Sheet", "simulate_frames", "simulate_run"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The whole sheet at one moment, fields of shape ``(n_rows, n_columns)``.

    Parameters
    ----------
    time
        Share of the displacement at which one fault goes through.
    u, v
        Velocities along and across strike, as share of that of the base, as the camera sees them.
    faults
        1 where a fault is mapped; slip is measured there.
    drawn
        The same faults as wide as their lines are drawn, which says nothing of their slip.
    """

    time: float
    u: FloatArray
    v: FloatArray
    faults: NDArray[np.uint8]
    drawn: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What stays the same through a run.

    Parameters
    ----------
    base
        Velocity of the base along strike, -0.5 to 0.5, shape ``(n_rows, n_columns)``.
    modulus
        Shear modulus of the intact sheet, about 1.
    coupling_px
        Length over which the sheet follows its base.
    strands
        All that will ever grow.
    weakness
        Of its strands.
    """

    base: FloatArray
    modulus: FloatArray
    coupling_px: float
    strands: list[Strand]
    weakness: Weakness


def simulate_run(settings: GeneratorSettings, seed: int) -> LabelledWindows:
    """Return the windows of one run that show a fault; the same seed gives the same windows.

    The run is called ``EB`` (elastic band) or ``PP`` (two plates), ``synthetic`` and its seed.
    """
    rng = np.random.default_rng(seed)
    is_split = bool(rng.random() < 0.5)
    name = f"{'PP' if is_split else 'EB'}_synthetic_{seed:06d}"
    maps, labels, frames, columns = [], [], [], []
    for number, frame in enumerate(simulate_frames(settings, rng, is_split=is_split)):
        applied = applied_velocity(frame.u, frame.v)
        whole = window_labels(curl(frame.u, frame.v), frame.faults, applied, 1.0)
        for first, label in whole:
            maps.append(frame.drawn[:ROWS, first : first + COLUMNS])
            labels.append((label.ke, label.sd))
            frames.append(number)
            columns.append(first)
    values = np.array(labels, dtype=np.float64).reshape(-1, 2)
    return LabelledWindows(
        maps=np.array(maps, dtype=np.uint8).reshape(-1, ROWS, COLUMNS),
        ke=values[:, 0],
        sd=values[:, 1],
        run=np.full(len(maps), name),
        frame=np.array(frames, dtype=np.int64),
        first_column=np.array(columns, dtype=np.int64),
        source="synthetic",
    )


def simulate_frames(
    settings: GeneratorSettings, rng: np.random.Generator, *, is_split: bool
) -> Iterator[Frame]:
    """Yield the frames of one run in the order of time."""
    sheet = _draw_sheet(settings, rng, is_split=is_split)
    camera = Camera(
        blur_px=rng.uniform(*settings.blur_px),
        noise=rng.uniform(*settings.noise),
        threshold=rng.uniform(*settings.threshold),
        local_contrast=rng.uniform(*settings.local_contrast),
        is_thick=bool(rng.random() < settings.share_thick),
        shear_noise=rng.uniform(*settings.shear_noise),
    )
    begin, end = settings.time_range
    # the moments are spread evenly, each anywhere in its share
    n_frames = settings.frames_per_run
    shares = (np.arange(n_frames) + rng.random(n_frames)) / n_frames
    times = begin + (end - begin) * shares
    for time, weakness in zip(times, _weakness_at(times, settings, sheet, rng), strict=True):
        moved = _move(settings, sheet, weakness)
        shear = local_shear(moved[0])
        u, v = (observe(component, camera, rng, shear) for component in moved)
        applied = applied_velocity(u, v)
        faults = map_faults(curl(u, v) / applied, camera)
        yield Frame(float(time), u, v, faults, draw_lines(faults, camera))


def _weakness_at(
    times: FloatArray, settings: GeneratorSettings, sheet: Sheet, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield how much weaker than the sheet each pixel is at each time."""
    if settings.growth == "schedule":
        for time in times:
            yield weakness_on_grid(sheet.strands, time, sheet.base.shape, sheet.weakness)
        return
    limits = (sheet.weakness.young, sheet.weakness.mature)
    growing = draw_growing_faults(rng, sheet.modulus, sheet.base, sheet.coupling_px, limits)
    for time in times:
        growing.advance_to(float(time))
        yield growing.weakness()


def _move(
    settings: GeneratorSettings, sheet: Sheet, weakness: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the velocities of the sheet along and across strike."""
    modulus = sheet.modulus / (1.0 + weakness)
    if settings.physics == "plane-stress":
        return solve_plane_stress(modulus, sheet.base, sheet.coupling_px)
    along = solve_sheet(modulus, sheet.base, sheet.coupling_px)
    return along, np.zeros_like(along)


def _draw_sheet(settings: GeneratorSettings, rng: np.random.Generator, *, is_split: bool) -> Sheet:
    shape = (settings.n_rows, settings.n_columns)
    centre = settings.n_rows / 2.0 + rng.normal(0.0, 3.0) + _wander(rng, settings.n_columns)
    half_width = rng.uniform(
        *(settings.split_half_width_px if is_split else settings.band_half_width_px)
    )
    uneven = gaussian_filter1d(gaussian_filter1d(rng.normal(size=shape), 6.0, axis=0), 6.0, axis=1)
    return Sheet(
        base=base_motion(settings.n_rows, centre, half_width),
        modulus=1.0 + 0.15 * np.tanh(uneven / uneven.std()),
        coupling_px=rng.uniform(*settings.coupling_px),
        strands=draw_fault_system(rng, centre, is_split=is_split),
        weakness=Weakness(
            young=_log_uniform(rng, settings.young_weakness),
            mature=_log_uniform(rng, settings.mature_weakness),
            mature_length_px=rng.uniform(*settings.mature_length_px),
        ),
    )


def _log_uniform(rng: np.random.Generator, limits: Range) -> float:
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))


def _wander(rng: np.random.Generator, size: int) -> FloatArray:
    rough: FloatArray = gaussian_filter1d(rng.normal(size=size), 40.0, mode="nearest")
    wander: FloatArray = rough / rough.std() * rng.uniform(0.0, 2.0)
    return wander
