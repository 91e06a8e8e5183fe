"""Cells of longitude and latitude over a region, and which events lie in or near each."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import SettingsError
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import cartesian_km

__all__ = ["CellGrid"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_CELLS = 200_000
_LEAST_SHARE = 1e-9  # of a cell that a region covers: less is a rounding error of its side


@dataclass(frozen=True, eq=False)
class CellGrid:
    """Square cells in degrees that cover a region, row by row from the south-west.

    Cells that the region does not touch are left out. Of a cell on the region's edge only the
    part inside counts. After construction there are ``longitude`` and ``latitude`` of the middles
    of the whole cells, and ``area_km2`` and ``parts`` of what the region covers of each.

    Parameters
    ----------
    region
        What is covered.
    cell_deg
        Side of a cell in degrees.

    Raises
    ------
    SettingsError
        If the side is not positive, or there would be more than 200,000 cells.

    Examples
    --------
    >>> cells = CellGrid(Region.box(-122.0, 32.0, -114.0, 37.0), 0.5)
    >>> len(cells), int(cells.of([-117.9], [33.1])[0])
    (160, 40)
    """

    region: Region
    cell_deg: float
    longitude: FloatArray = field(init=False, repr=False)
    latitude: FloatArray = field(init=False, repr=False)
    area_km2: FloatArray = field(init=False, repr=False)
    parts: tuple[tuple[Region, ...], ...] = field(init=False, repr=False)
    _number: IntArray = field(init=False, repr=False)
    _wraps: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        west, south, east, north = self.region.bounds
        if not self.cell_deg > 0:
            raise SettingsError(f"cells of {self.cell_deg:g} degrees; give a positive side")
        n_east = max(1, int(np.ceil((east - west) / self.cell_deg - 1e-9)))
        n_north = max(1, int(np.ceil((north - south) / self.cell_deg - 1e-9)))
        if n_east * n_north > _MOST_CELLS:
            raise SettingsError(
                f"{n_east} x {n_north} cells of {self.cell_deg:g} degrees are more than "
                f"{_MOST_CELLS}; give larger cells or a smaller region"
            )
        row, column = np.divmod(np.arange(n_east * n_north), n_east)
        parts = _parts_inside(self.region, west + column * self.cell_deg, row, self.cell_deg)
        kept = np.array([bool(one) for one in parts])
        inside = tuple(one for one in parts if one)
        number = np.full((n_north + 2, n_east + 2), -1, dtype=np.int64)
        number[row[kept] + 1, column[kept] + 1] = np.arange(int(kept.sum()))
        wraps = n_east * self.cell_deg >= 360.0 - 1e-9
        if wraps:
            number[:, 0], number[:, -1] = number[:, -2], number[:, 1]
        centre = west + (column[kept] + 0.5) * self.cell_deg
        values = {
            "longitude": np.asarray((centre + 180.0) % 360.0 - 180.0),
            "latitude": south + (row[kept] + 0.5) * self.cell_deg,
            "area_km2": np.array([sum(part.area_km2 for part in one) for one in inside]),
            "parts": inside,
            "_number": number,
            "_wraps": wraps,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.area_km2)

    def of(self, longitude: ArrayLike, latitude: ArrayLike) -> IntArray:
        """Return the cell of each place, -1 where there is none; shape ``(n_places,)``.

        Places of a cell that lie outside the region have it too.
        """
        row, column = self._position(longitude, latitude)
        there = (row >= 1) & (row < self._number.shape[0] - 1)
        there &= (column >= 1) & (column < self._number.shape[1] - 1)
        return np.where(there, self._number[row * there, column * there], -1)

    def near(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[IntArray, IntArray]:
        """Return which places lie in a cell or in one of the eight around it.

        Returns
        -------
        place, cell
            Numbers of places and of cells, one pair an entry, in the order of places.
        """
        row, column = self._position(longitude, latitude)
        places, cells = [], []
        for north in (-1, 0, 1):
            for east in (-1, 0, 1):
                r, c = row + north, column + east
                there = (r >= 0) & (r < self._number.shape[0])
                there &= (c >= 0) & (c < self._number.shape[1])
                cell = np.where(there, self._number[r * there, c * there], -1)
                found = np.flatnonzero(cell >= 0)
                places.append(found)
                cells.append(cell[found])
        place, cell = np.concatenate(places), np.concatenate(cells)
        order = np.argsort(place, kind="stable")
        return place[order], cell[order]

    def centres_km(self) -> FloatArray:
        """Return the middles of the cells as points on the sphere, km, shape ``(n_cells, 3)``."""
        return cartesian_km(self.longitude, self.latitude)

    def _position(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[IntArray, IntArray]:
        """Return row and column of places in the numbered grid, which has a margin of one cell."""
        west, south, east, north = self.region.bounds
        lon = np.atleast_1d(np.asarray(longitude, dtype=np.float64))
        lat = np.atleast_1d(np.asarray(latitude, dtype=np.float64))
        # a margin to the west of the region keeps places there just west of it
        margin = 0.0 if self._wraps else (360.0 - (east - west)) / 2
        across = (lon - west + margin) % 360.0 - margin
        row = np.floor(np.clip((lat - south) / self.cell_deg, -2.0, _MOST_CELLS))
        column = np.floor(np.clip(across / self.cell_deg, -2.0, _MOST_CELLS))
        # the northern and eastern outline belong to the last cells
        row -= (lat <= north) & (row == self._number.shape[0] - 2)
        column -= (across <= east - west) & (column == self._number.shape[1] - 2)
        return row.astype(np.int64) + 1, column.astype(np.int64) + 1


def _parts_inside(
    region: Region, west: FloatArray, row: IntArray, cell_deg: float
) -> list[tuple[Region, ...]]:
    """Return the pieces of each cell that lie in the region; none for cells outside."""
    south = region.bounds[1] + row * cell_deg
    boxes = shapely.box(west, south, west + cell_deg, np.minimum(south + cell_deg, 90.0))
    least = _LEAST_SHARE * shapely.area(boxes)
    pieces = shapely.intersection(boxes, region.polygon)
    return [
        tuple(
            Region(tuple(map(tuple, shapely.get_coordinates(part.exterior)[:-1].tolist())))
            for part in shapely.get_parts(piece)
            if isinstance(part, shapely.Polygon) and part.area > small
        )
        for piece, small in zip(pieces, least, strict=True)
    ]
