"""Draws the strands of one run: stepping shears, links, lenses, and the fault that goes through."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mainshock.offfault.generator.strands import Strand

__all__ = ["draw_fault_system"]

FloatArray = NDArray[np.float64]
# a link is at least so many times longer along the zone than across it
_LEAST_LINK = 1.5


@dataclass(frozen=True, slots=True)
class _Shear:
    """One shear of the first, stepping generation."""

    column: float
    row: float
    half_length: float
    slope: float
    onset: float
    growth: float


def draw_fault_system(
    rng: np.random.Generator, centre: FloatArray, *, is_split: bool
) -> list[Strand]:
    """Return all strands of a run.

    Parameters
    ----------
    centre
        Row of the base's shear in each column.
    is_split
        Whether the base is split (localised shear) rather than a band.
    """
    slope = math.tan(math.radians(rng.normal(13.0, 3.0))) * rng.choice((-1.0, 1.0))
    through = rng.normal(1.0, 0.04)
    # how far the zone simplifies: straighter, smoother, weaker, with fewer strands beside
    simplicity = rng.uniform(0.3, 1.0) if is_split else rng.uniform(0.0, 0.8)
    residual = 1.2 - simplicity
    first = _draw_shears(rng, centre, slope, is_split=is_split)
    link_times = through * rng.uniform(0.45, 0.95, max(0, len(first) - 1))
    strands = [_as_strand(one, rng, through, residual) for one in first]
    strands += _links(rng, first, link_times, through, residual)
    if rng.random() < 0.9:
        strands += _second_generation(rng, first, through)
    strands += _through_going(rng, first, centre, through, simplicity)
    return strands


def _draw_shears(
    rng: np.random.Generator, centre: FloatArray, slope: float, *, is_split: bool
) -> list[_Shear]:
    spacing = rng.uniform(28.0, 60.0)
    scatter = rng.uniform(1.0, 2.0) if is_split else rng.uniform(2.5, 4.5)
    growth = rng.uniform(0.4, 0.55)
    shears = []
    column = rng.uniform(-spacing, 0.0)
    while column < centre.size + spacing:
        length = spacing * rng.uniform(0.9, 1.5)
        where = int(np.clip(column, 0, centre.size - 1))
        shears.append(
            _Shear(
                column,
                float(centre[where]) + rng.normal(0.0, scatter),
                0.5 * length,
                slope * rng.uniform(0.7, 1.3),
                rng.uniform(0.02, 0.3),
                growth,
            )
        )
        column += spacing * rng.lognormal(0.0, 0.25)
    return shears


def _as_strand(shear: _Shear, rng: np.random.Generator, through: float, residual: float) -> Strand:
    offsets = np.linspace(-shear.half_length, shear.half_length, 41)
    # tips bend into the zone
    bend = 1.0 - 0.45 * (offsets / shear.half_length) ** 2
    return Strand(
        shear.column + offsets,
        shear.row + shear.slope * offsets * bend + _roughness(rng, offsets.size),
        shear.onset,
        shear.growth,
        strength=rng.uniform(0.7, 1.0),
        abandoned=through + rng.uniform(0.0, 0.4),
        residual=residual * rng.uniform(0.3, 1.0),
    )


def _roughness(rng: np.random.Generator, size: int) -> FloatArray:
    rough: FloatArray = gaussian_filter1d(rng.normal(0.0, 1.0, size), 3.0)
    return rough * rng.uniform(0.3, 1.5)


def _links(
    rng: np.random.Generator,
    shears: list[_Shear],
    link_times: FloatArray,
    through: float,
    residual: float,
) -> list[Strand]:
    """Join neighbours by one connector, or by two that leave a lens between them."""
    strands = []
    for one, other, onset in zip(shears, shears[1:], link_times, strict=False):
        ways = [(0.5, -0.5)] if rng.random() < 0.5 else [(0.75, -0.3), (0.3, -0.75)]
        drawn = [path for leaves, joins in ways if (path := _link(one, other, leaves, joins))]
        # shears that overlap too much for that are joined from middle to middle
        for columns, rows in drawn or filter(None, [_link(one, other, 0.0, 0.0)]):
            strands.append(
                Strand(
                    columns,
                    rows,
                    onset,
                    rng.uniform(0.05, 0.15),
                    strength=rng.uniform(0.4, 1.0),
                    abandoned=through + rng.uniform(0.1, 0.5),
                    residual=residual * rng.uniform(0.3, 1.0),
                )
            )
    return strands


def _link(
    one: _Shear, other: _Shear, leaves: float, joins: float
) -> tuple[FloatArray, FloatArray] | None:
    """Return columns and rows from a place on one shear to one on another, None if too steep.

    Places are shares of the half length from the middle.
    """
    start = one.column + leaves * one.half_length
    end = other.column + joins * other.half_length
    from_row = one.row + one.slope * leaves * one.half_length * 0.75
    to_row = other.row + other.slope * joins * other.half_length * 0.75
    if end - start < _LEAST_LINK * abs(to_row - from_row) + 4.0:
        return None  # faults do not turn across the zone
    share = np.linspace(0.0, 1.0, 25)
    smooth = share**2 * (3.0 - 2.0 * share)
    return start + share * (end - start), from_row + smooth * (to_row - from_row)


def _second_generation(
    rng: np.random.Generator, first: list[_Shear], through: float
) -> list[Strand]:
    """Return later, weaker shears beside the first ones."""
    strands = []
    for one in np.repeat(np.array(first, dtype=object), rng.poisson(1.8, len(first))):
        aside = rng.choice((-1.0, 1.0)) * rng.uniform(4.0, 13.0)
        later = _Shear(
            one.column + rng.normal(0.0, 0.5 * one.half_length),
            one.row + aside,
            one.half_length * rng.uniform(0.4, 1.0),
            one.slope * rng.uniform(0.3, 1.5),
            one.onset + rng.uniform(0.2, 0.6),
            one.growth,
        )
        strand = _as_strand(later, rng, through, rng.uniform(0.0, 1.0))
        weaker = rng.uniform(0.3, 1.2)
        strands.append(
            Strand(
                strand.columns,
                strand.rows,
                strand.onset,
                strand.growth,
                weaker,
                strand.abandoned,
                strand.residual,
            )
        )
    return strands


def _through_going(
    rng: np.random.Generator,
    first: list[_Shear],
    centre: FloatArray,
    through: float,
    simplicity: float,
) -> list[Strand]:
    """Return the fault that spreads along the whole sheet, in pieces, with lenses beside it."""
    columns = np.arange(-10.0, centre.size + 10.0)
    order = np.argsort([one.column for one in first])
    knots = np.array([first[k].column for k in order])
    stepped = np.interp(columns, knots, [first[k].row for k in order])
    middle = np.interp(columns, np.arange(centre.size), centre)
    rough = (1.2 - simplicity) * _roughness(rng, columns.size)
    mixed = simplicity * middle + (1.0 - simplicity) * stepped
    path = gaussian_filter1d(mixed, 8.0 + 32.0 * simplicity) + rough
    strands = []
    # pieces break through at different times
    edges = np.sort(rng.uniform(0, columns.size, rng.integers(0, 4))).astype(int)
    for begin, end in zip([0, *edges], [*edges, columns.size], strict=True):
        if end - begin >= 6:
            part = slice(max(0, begin - 1), min(columns.size, end + 1))
            onset = through + rng.uniform(-0.1, 0.15)
            strands.append(
                Strand(
                    columns[part],
                    path[part],
                    onset,
                    growth=rng.uniform(0.05, 0.2),
                    strength=0.5 * 20.0**simplicity,
                )
            )
    strands += _lenses(rng, columns, path, through, simplicity)
    return strands


def _lenses(
    rng: np.random.Generator,
    columns: FloatArray,
    path: FloatArray,
    through: float,
    simplicity: float,
) -> list[Strand]:
    """Return strands that leave the main fault and join it again."""
    strands = []
    for _ in range(rng.poisson(1.0 + 7.0 * (1.0 - simplicity))):
        length = int(rng.uniform(25, 130))
        begin = int(rng.integers(-length // 2, columns.size - length // 2))
        kept = slice(max(0, begin), min(columns.size, begin + length))
        share = (np.arange(kept.start, kept.stop) - begin) / length
        if share.size < 4:
            continue
        height = rng.choice((-1.0, 1.0)) * rng.uniform(4.0, 13.0)
        arc = height * np.sin(np.pi * share) ** rng.uniform(0.7, 1.5)
        onset = through - rng.uniform(-0.1, 0.4)
        strands.append(
            Strand(
                columns[kept],
                path[kept] + arc,
                onset,
                rng.uniform(0.05, 0.25),
                rng.uniform(0.3, 1.5),
                onset + rng.uniform(0.2, 2.0),
                rng.uniform(0.1, 1.0),
            )
        )
    return strands
