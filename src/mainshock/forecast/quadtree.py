"""Tiles of the world map that halve and halve again, named by quadkeys."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError

__all__ = ["MAX_ZOOM", "divided", "quadkeys_at", "tile_bounds", "tile_ranges", "tiles_at"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MAX_ZOOM = 24
"""Longest quadkey; its tiles are 2 m wide."""


def tile_bounds(quadkeys: Sequence[str]) -> FloatArray:
    """Return west, south, east, north of tiles in degrees, shape ``(n, 4)``.

    A quadkey of ``z`` digits names one of ``4^z`` tiles of Mercator's map between 85.0511 degrees
    south and north. 0 is north-west, 1 north-east, 2 south-west, 3 south-east.

    Raises
    ------
    DataError
        If a quadkey has other digits, none, or too many.

    Notes
    -----
    With column ``x`` and row ``y`` from the north-west, the longitude of the western side is
    ``360 x / 2^z - 180`` and the latitude of the northern one ``atan(sinh(pi (1 - 2 y / 2^z)))``.

    Examples
    --------
    >>> tile_bounds(["0", "03"]).round(4).tolist()
    [[-180.0, 0.0, 0.0, 85.0511], [-90.0, 0.0, 0.0, 66.5133]]
    """
    column, row, n = _columns_and_rows(quadkeys)
    west, east = column / n * 360.0 - 180.0, (column + 1) / n * 360.0 - 180.0
    return np.column_stack([west, _latitude(row + 1, n), east, _latitude(row, n)])


def _latitude(row: IntArray, n: IntArray) -> FloatArray:
    """Return the latitude of the northern side of rows."""
    return np.asarray(np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * row / n)))))


def _columns_and_rows(quadkeys: Sequence[str]) -> tuple[IntArray, IntArray, IntArray]:
    """Return column, row and number of columns of each tile's zoom."""
    wrong = [key for key in quadkeys if not 1 <= len(key) <= MAX_ZOOM or set(key) - set("0123")]
    if wrong:
        raise DataError(
            f"{wrong[0]!r} is no quadkey; it has 1 to {MAX_ZOOM} digits, each from 0 to 3"
        )
    column = np.zeros(len(quadkeys), dtype=np.int64)
    row = np.zeros(len(quadkeys), dtype=np.int64)
    for i, key in enumerate(quadkeys):
        number = int(key, 4)
        for bit in range(len(key)):
            column[i] |= ((number >> 2 * bit) & 1) << bit
            row[i] |= ((number >> 2 * bit + 1) & 1) << bit
    return column, row, 2 ** np.array([len(key) for key in quadkeys], dtype=np.int64)


def tiles_at(longitude: ArrayLike, latitude: ArrayLike, zoom: int) -> IntArray:
    """Return the number of the tile of each place at a zoom, -1 where there is none.

    Numbers are quadkeys read as numbers of base four, so that those of one larger tile follow
    each other. Western and southern sides belong to a tile.
    """
    n = 1 << zoom
    lon = (np.atleast_1d(np.asarray(longitude, dtype=np.float64)) + 180.0) % 360.0
    lat = np.atleast_1d(np.asarray(latitude, dtype=np.float64))
    is_there = np.isfinite(lon) & np.isfinite(lat)
    lon = np.where(is_there, lon, 0.0)
    column = np.minimum((lon / 360.0 * n).astype(np.int64), n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = 0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2.0 * np.pi)
    is_there &= (depth > -1e-9) & (depth < 1.0 + 1e-9)
    row = np.clip((np.where(is_there, depth, 0.0) * n).astype(np.int64), 0, n - 1)
    sides = np.full(len(row), n)
    row -= (lat >= _latitude(row, sides)) & (row > 0)  # rounding, and places on a side
    row += (lat < _latitude(row + 1, sides)) & (row < n - 1)
    is_there &= (lat >= _latitude(row + 1, sides)) & (lat < _latitude(row, sides))
    code = np.zeros(len(row), dtype=np.int64)
    for bit in range(zoom):
        code |= ((column >> bit) & 1) << 2 * bit
        code |= ((row >> bit) & 1) << 2 * bit + 1
    return np.where(is_there, code, -1)


def quadkeys_at(longitude: ArrayLike, latitude: ArrayLike, zoom: int) -> list[str]:
    """Return the quadkey of each place at a zoom, ``""`` where Mercator's map has none.

    Examples
    --------
    >>> quadkeys_at([-116.4, 0.0], [34.2, 89.0], 8)
    ['02301321', '']
    """
    return [
        "" if code < 0 else _quadkey(int(code), zoom)
        for code in tiles_at(longitude, latitude, zoom)
    ]


def _quadkey(code: int, zoom: int) -> str:
    return "".join(str((code >> 2 * k) & 3) for k in reversed(range(zoom)))


def tile_ranges(quadkeys: Sequence[str], zoom: int) -> IntArray:
    """Return the first and one past the last number at a zoom of the tiles in each, ``(n, 2)``.

    Raises
    ------
    DataError
        If a quadkey is none, or longer than the zoom.
    """
    _columns_and_rows(quadkeys)
    longest = max((len(key) for key in quadkeys), default=0)
    if longest > zoom:
        raise DataError(f"a quadkey of {longest} digits does not fit into zoom {zoom}")
    first = [int(key, 4) << 2 * (zoom - len(key)) for key in quadkeys]
    width = [1 << 2 * (zoom - len(key)) for key in quadkeys]
    start = np.array(first, dtype=np.int64)
    return np.column_stack([start, start + np.array(width, dtype=np.int64)])


def divided(
    longitude: ArrayLike, latitude: ArrayLike, most_events: int, max_zoom: int
) -> list[str]:
    """Return quadkeys of tiles that cover the map, each with at most so many places.

    A tile with more is divided until ``max_zoom``. They come in the order of their numbers.

    Raises
    ------
    DataError
        If ``most_events`` or ``max_zoom`` is out of range.

    References
    ----------
    Asim et al. (2023), https://doi.org/10.1093/gji/ggac498

    Examples
    --------
    >>> divided([10.0, 11.0], [5.0, 6.0], most_events=1, max_zoom=2)
    ['0', '10', '11', '12', '13', '2', '3']
    """
    if most_events < 1 or not 1 <= max_zoom <= MAX_ZOOM:
        raise DataError(
            f"{most_events} events a tile and a zoom of {max_zoom}; give 1 or more, and a zoom of "
            f"1 to {MAX_ZOOM}"
        )
    code = tiles_at(longitude, latitude, max_zoom)
    code = np.sort(code[code >= 0])
    found: list[str] = []
    waiting = ["3", "2", "1", "0"]
    while waiting:
        key = waiting.pop()
        ((first, end),) = tile_ranges([key], max_zoom)
        low, high = np.searchsorted(code, [first, end])
        if high - low > most_events and len(key) < max_zoom:
            waiting.extend(key + digit for digit in "3210")
        else:
            found.append(key)
    return found
