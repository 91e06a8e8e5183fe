"""Columns of the linear model: what each row has of backbone, station, fields and path."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.fields import FieldBasis, earth_points_km, make_field_basis
from mainshock.shaking.nonergodic import BACKBONE, Block
from mainshock.shaking.path_cells import PairBasis, RayBasis, make_pair_basis, make_ray_basis
from mainshock.shaking.scenarios import Scenarios

__all__ = [
    "Design",
    "DesignSettings",
    "backbone_columns",
    "make_design",
    "shape_points",
    "site_points_km",
    "source_points_km",
]

FloatArray = NDArray[np.float64]

_SHAPE_UNITS = (2.0, 1.5)  # of magnitude and of ln R, over which the backbone may bend
_NEAREST_KM = 1.0  # distances below are as one: the logarithm must stay finite


@dataclass(frozen=True, slots=True)
class DesignSettings:
    """Which fields there are.

    Parameters
    ----------
    site_lengths, source_lengths, path_lengths
        Correlation lengths of the parts of each field, of the median epicentral distance. Each
        part has its own variance, so that data choose among them.
    pair_lengths
        Of terms that neighbouring sources share at neighbouring sites.
    max_rank
        Most unknowns of one part of a field.
    max_pairs
        Most unknowns of one part of the pair term.
    tolerance
        Share of a part's variance that its unknowns may leave out.
    bends
        Whether a smooth function of magnitude and ln R is added to the backbone; it is nought
        where training rows say nothing.
    uses_vs30
        Whether the logarithm of Vs30 is in the backbone.
    """

    site_lengths: tuple[float, ...] = (0.25, 1.0)
    source_lengths: tuple[float, ...] = (0.5, 2.0)
    path_lengths: tuple[float, ...] = (0.35, 1.0)
    pair_lengths: tuple[float, ...] = ()
    max_rank: int = 160
    max_pairs: int = 300
    tolerance: float = 0.05
    bends: bool = True
    uses_vs30: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The parts of the model, ready to give columns for any row.

    Parameters
    ----------
    shapes
        Basis of the bend of the backbone, if there is one.
    sites, sources, paths, pairs
        Bases of the terms' parts.
    centre, scale
        By which backbone columns are made of order one; the first column stays 1.
    uses_vs30
        Whether the backbone has it.
    """

    shapes: tuple[FieldBasis, ...]
    sites: tuple[FieldBasis, ...]
    sources: tuple[FieldBasis, ...]
    paths: tuple[RayBasis, ...]
    pairs: tuple[PairBasis, ...]
    centre: FloatArray
    scale: FloatArray
    uses_vs30: bool

    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks of the columns, in their order."""
        sizes = [(BACKBONE, len(self.centre))]
        sizes += [(f"shape-{i}", one.rank) for i, one in enumerate(self.shapes)]
        sizes += [(f"site-{i}", one.rank) for i, one in enumerate(self.sites)]
        sizes += [(f"source-{i}", one.rank) for i, one in enumerate(self.sources)]
        sizes += [(f"path-{i}", one.field.rank) for i, one in enumerate(self.paths)]
        sizes += [(f"pair-{i}", one.rank) for i, one in enumerate(self.pairs)]
        stops = np.cumsum([size for _, size in sizes])
        return tuple(
            Block(name, int(stop) - size, int(stop))
            for (name, size), stop in zip(sizes, stops, strict=True)
        )

    def columns(self, scenarios: Scenarios) -> FloatArray:
        """Return the columns of rows, ``(n_rows, p)``."""
        backbone = backbone_columns(scenarios, uses_vs30=self.uses_vs30)
        # what is not known counts as the mean
        parts = [np.nan_to_num((backbone - self.centre) / self.scale)]
        sites, sources = site_points_km(scenarios), source_points_km(scenarios)
        parts += [one.features(shape_points(scenarios)) for one in self.shapes]
        parts += _distinct(self.sites, sites)
        parts += _distinct(self.sources, sources)
        parts += [one.features(scenarios) for one in self.paths]
        parts += [one.features(sources, sites) for one in self.pairs]
        return np.hstack(parts)


def site_points_km(scenarios: Scenarios) -> FloatArray:
    """Return the sites as points in space, ``(n_rows, 3)``."""
    return earth_points_km(scenarios.site_longitude, scenarios.site_latitude)


def source_points_km(scenarios: Scenarios) -> FloatArray:
    """Return the hypocentres as points in space, ``(n_rows, 3)``."""
    return earth_points_km(
        scenarios.source_longitude, scenarios.source_latitude, scenarios.depth_km
    )


def shape_points(scenarios: Scenarios) -> FloatArray:
    """Return magnitude and ln R in the units over which the backbone may bend, ``(n_rows, 3)``."""
    distance_km = np.maximum(scenarios.hypocentral_km(), _NEAREST_KM)
    magnitude_unit, distance_unit = _SHAPE_UNITS
    return np.column_stack(
        (
            scenarios.magnitude / magnitude_unit,
            np.log(distance_km) / distance_unit,
            np.zeros(len(scenarios)),
        )
    )


def backbone_columns(scenarios: Scenarios, *, uses_vs30: bool) -> FloatArray:
    """Return 1, M, ln R, R (100 km), depth (10 km) and, if wanted, ln Vs30, ``(n_rows, 5 or 6)``.

    Where Vs30 is not known its column is NaN.
    """
    distance_km = np.maximum(scenarios.hypocentral_km(), _NEAREST_KM)
    columns = [
        np.ones(len(scenarios)),
        scenarios.magnitude,
        np.log(distance_km),
        distance_km / 100.0,
        scenarios.depth_km / 10.0,
    ]
    if uses_vs30:
        columns.append(np.log(scenarios.vs30_m_s))
    return np.column_stack(columns)


def make_design(scenarios: Scenarios, settings: DesignSettings) -> Design:
    """Return the parts of the model for the places that training rows have."""
    columns = backbone_columns(scenarios, uses_vs30=settings.uses_vs30)
    centre, scale = np.nanmean(columns, axis=0), np.nanstd(columns, axis=0)
    scale[scale < 1e-9] = 1.0  # a constant column, such as a depth that all share
    centre[0], scale[0] = 0.0, 1.0
    typical_km = float(np.median(np.maximum(scenarios.epicentral_km(), _NEAREST_KM)))
    rank, left = settings.max_rank, settings.tolerance

    def fields(points: FloatArray, lengths: Sequence[float]) -> tuple[FieldBasis, ...]:
        return tuple(
            make_field_basis(points, one * typical_km, max_rank=rank, tolerance=left)
            for one in lengths
        )

    sites, sources = site_points_km(scenarios), source_points_km(scenarios)
    shape = shape_points(scenarios) if settings.bends else None
    return Design(
        shapes=() if shape is None else (make_field_basis(shape, 1.0, tolerance=0.02),),
        sites=fields(sites, settings.site_lengths),
        sources=fields(sources, settings.source_lengths),
        paths=tuple(
            make_ray_basis(scenarios, one * typical_km, max_rank=rank, tolerance=left)
            for one in settings.path_lengths
        ),
        pairs=tuple(
            make_pair_basis(sources, sites, one * typical_km, max_rank=settings.max_pairs)
            for one in settings.pair_lengths
        ),
        centre=centre,
        scale=scale,
        uses_vs30=settings.uses_vs30,
    )


def _distinct(bases: Sequence[FieldBasis], points: FloatArray) -> list[FloatArray]:
    """Return features, worked out once for rows at one place."""
    places, which = np.unique(points, axis=0, return_inverse=True)
    return [one.features(places)[which.ravel()] for one in bases]
