"""Trench lines from made-up plates, and the slab from made-up grids and events."""

import numpy as np
import pytest

from mainshock.core.errors import GeometryError, SettingsError
from mainshock.megathrust.build.geometry import places, trench_line, unit_vectors
from mainshock.megathrust.build.grids import RegularGrid
from mainshock.megathrust.build.slab import (
    profile_from_events,
    profile_from_grids,
    slab_columns,
)
from mainshock.megathrust.build.trenches import (
    ZONES,
    Boundary,
    Zone,
    chosen_zones,
    trench_outline,
)


def _outlines() -> dict[str, np.ndarray]:
    """Return a western and an eastern plate that meet at 180 degrees, written two ways."""
    shared = np.arange(-8.0, 9.0, 2.0)
    east = [[180.0, lat] for lat in shared] + [[-170.0, 8.0], [-170.0, -8.0], [180.0, -8.0]]
    west = [[-180.0, lat] for lat in shared] + [[170.0, 8.0], [170.0, -8.0], [-180.0, -8.0]]
    middle = len(shared) // 2  # the eastern outline begins in the midst of the trench
    return {"W": np.array(west), "E": np.array(east[middle:-1] + east[: middle + 1])}


@pytest.mark.parametrize("start", [-9.0, 9.0])
def test_a_trench_begins_at_its_start_and_crosses_the_dateline(start: float) -> None:
    zone = Zone("xyz", "test", (Boundary("W", "E"),), (180.0, start), "right")
    outline = trench_outline(zone, _outlines())
    longitude, latitude = places(outline.vertices)
    assert np.abs(longitude) == pytest.approx(180.0)
    assert latitude == pytest.approx(np.sign(start) * np.arange(8.0, -9.0, -2.0))


def test_missing_plates_and_zones_are_named() -> None:
    zone = Zone("xyz", "test", (Boundary("W", "Q"),), (180.0, 0.0), "right")
    with pytest.raises(GeometryError, match="plate 'Q'"):
        trench_outline(zone, _outlines())
    with pytest.raises(SettingsError, match="'abc' is not known"):
        chosen_zones(("sam", "abc"))
    assert len(ZONES) >= 12
    assert len({zone.code for zone in ZONES}) == len(ZONES)


LINE = trench_line(unit_vectors(np.full(3, 180.0), [-9.0, 0.0, 9.0]), "right", spacing_km=50.0)


def test_a_plane_slab_has_its_dip_and_no_curvature() -> None:
    longitude, latitude = np.arange(179.0, 191.0, 0.1), np.arange(-12.0, 12.1, 0.1)
    km = 111.19 * (longitude[None, :] - 180.0) * np.cos(np.radians(latitude))[:, None]
    depth = np.where((km > -60.0) & (km < 600.0), 40.0 + 0.5 * km, np.nan)
    grid = RegularGrid(longitude, latitude, -depth)
    columns = slab_columns(profile_from_grids(LINE, [grid]), 50.0)
    assert columns["DIP_UP_AVE"] == pytest.approx(np.degrees(np.arctan(0.5)), abs=0.5)
    assert columns["DXT_200"] == pytest.approx(340.0, abs=10.0)
    assert columns["CRD_UP_AVE"] == pytest.approx(0.0, abs=1e-6)
    assert columns["FDM_600"] == pytest.approx(0.0, abs=0.02)


def test_events_on_a_plane_give_its_dip_and_none_far_from_any(rng: np.random.Generator) -> None:
    along = rng.uniform(0.0, 1000.0, 400)
    across = rng.uniform(20.0, 190.0, 400)
    events = np.stack([along, across, 8.0 + 0.2 * across + rng.normal(0.0, 2.0, 400)], axis=1)
    columns = slab_columns(profile_from_events(LINE, events, events), 50.0)
    near = slice(0, 18)
    assert columns["DIP_UP_AVE"][near] == pytest.approx(np.degrees(np.arctan(0.2)), abs=1.5)
    assert np.isnan(columns["DIP_UP_AVE"][-8:]).all()
    assert columns["DXT_200"][near] == pytest.approx(47.0, abs=5.0)
