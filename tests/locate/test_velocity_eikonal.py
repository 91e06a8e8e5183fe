"""The eikonal solver against closed times, finer grids and itself."""

import numpy as np
import pytest

from mainshock.locate.velocity.eikonal import Reference, choose_reference, grid_value, march
from mainshock.locate.velocity.eikonal import reference_time_s as reference_at_s
from mainshock.locate.velocity.layered import LayeredVelocity

SPACING = np.ones(3)


def nodes(shape, spacing=SPACING):
    return np.meshgrid(
        *(h * np.arange(n) for h, n in zip(spacing, shape, strict=True)), indexing="ij"
    )


def times_s(velocity, source, spacing=SPACING, reference=None):
    source = np.asarray(source, dtype=np.float64)
    if reference is None:
        reference = choose_reference(velocity, spacing, source)
    factor = march(velocity, spacing, reference)
    places = nodes(velocity.shape, spacing)
    flat = [reference_at_s(reference, *p) for p in zip(*(a.ravel() for a in places), strict=True)]
    return np.reshape(flat, velocity.shape) * factor


def linear_medium(shape, gradient, source, start=5.0):
    """Velocities that grow evenly in one direction, and the exact times."""
    places = nodes(shape)
    offset = np.array([p - s for p, s in zip(places, source, strict=True)])
    gradient = np.asarray(gradient)
    velocity = start + np.tensordot(gradient, places, axes=1)
    at_source = start + gradient @ np.asarray(source)
    steep = np.linalg.norm(gradient)
    q = steep**2 * (offset**2).sum(axis=0) / (2.0 * at_source * velocity)
    return velocity, np.arccosh(1.0 + q) / steep


SOURCES = [(20.3, 17.8, 4.4), (20, 20, 10), (0, 0, 0), (40, 12.5, 15.0), (20.5, 20.5, 0.5)]


@pytest.mark.parametrize("source", SOURCES)
def test_uniform_medium_is_exact_everywhere(source):
    velocity = np.full((41, 36, 16), 6.0)
    length = np.sqrt(sum((p - s) ** 2 for p, s in zip(nodes(velocity.shape), source, strict=True)))
    np.testing.assert_allclose(times_s(velocity, source), length / 6.0, atol=1e-9)


@pytest.mark.parametrize("source", SOURCES)
def test_tilted_gradient_without_help_of_the_reference(source):
    # a uniform reference leaves the gradient to the differences of second order
    velocity, expected = linear_medium((41, 36, 16), (0.02, -0.01, 0.015), source)
    start = np.asarray(source, dtype=np.float64)
    reference = Reference(start, grid_value(velocity, SPACING, start), np.zeros(3))
    error = np.abs(times_s(velocity, source, reference=reference) - expected)
    assert np.percentile(error, 95) < 4e-3
    assert error.max() < 12e-3


@pytest.mark.parametrize("source", SOURCES[:3])
def test_a_gradient_is_nearly_exact_with_its_reference(source):
    velocity, expected = linear_medium((41, 36, 16), (0.02, -0.01, 0.015), source)
    error = np.abs(times_s(velocity, source) - expected)
    assert np.percentile(error, 95) < 1e-4


@pytest.mark.parametrize("source", [(30.3, 21.7, 3.4), (0.0, 30.0, 6.2)])
def test_squared_slowness_linear_in_depth_has_closed_times(source):
    # no reference is exact here; Cerveny (2001), doi.org/10.1017/CBO9780511529399, section 3.4
    shape, start, slope = (61, 61, 21), 1.0 / 25.0, -0.0002
    offset = [p - s for p, s in zip(nodes(shape), source, strict=True)]
    square = sum(part**2 for part in offset)
    mean = start + slope * (2.0 * source[2] + offset[2])
    sigma = np.sqrt(2.0 * square / (mean + np.sqrt(mean**2 - slope**2 * square)))
    expected = mean * sigma - slope**2 * sigma**3 / 6.0
    velocity = 1.0 / np.sqrt(start + 2.0 * slope * nodes(shape)[2])
    # rays that leave the grid through its bottom have other times inside it
    start_dip = offset[2] / np.maximum(sigma, 1e-9) - slope * sigma / 2.0
    turn = np.clip(-start_dip / slope, 0.0, sigma)
    deepest = source[2] + start_dip * turn + slope * turn**2 / 2.0
    inside = deepest <= 20.0
    assert inside.mean() > 0.9
    error = np.abs(times_s(velocity, source) - expected)[inside]
    assert np.percentile(error, 95) < 2e-3
    assert error.max() < 6e-3


def test_rough_medium_converges_to_a_finer_grid():
    def velocity(h):
        x, y, z = nodes(tuple(round(n / h) + 1 for n in (30, 30, 15)), (h, h, h))
        return 5 + 0.06 * z + 0.5 * np.sin(x / 8) * np.cos(y / 6) * np.cos(z / 7)

    source = (12.3, 21.7, 3.4)
    fine = times_s(velocity(0.5), source, np.full(3, 0.5))[::2, ::2, ::2]
    error = np.abs(times_s(velocity(1.0), source) - fine)
    assert np.percentile(error, 95) < 3e-3


def test_first_arrivals_of_layers_come_from_head_waves_too():
    layers = LayeredVelocity((0.0, 5.5), (4.0, 6.0), (2.3, 3.5))
    fine = np.array([1.0, 1.0, 0.25])
    shape = (61, 5, 57)
    x, y, z = nodes(shape, fine)
    velocity = np.where(z < 5.375, 4.0, 6.0)
    velocity[np.isclose(z, 5.5)] = 1.0 / (0.5 / 4.0 + 0.5 / 6.0)
    found = times_s(velocity, (1.0, 2.0, 0.5), fine)
    expected = layers.travel_time_s("P", np.hypot(x - 1.0, y - 2.0), z, 0.5)
    # a jump is spread over one cell of 0.25 km, where the vertical slowness is up to 0.19 s/km
    assert np.abs(found - expected).max() < 0.25 * 0.19
    assert found[60, 2, 2] < 59.0 / 4.0 - 1.0


def test_unequal_spacing_is_respected():
    spacing = np.array([2.0, 1.0, 0.5])
    velocity = np.full((12, 20, 30), 5.0)
    length = np.sqrt(
        sum(
            (p - s) ** 2
            for p, s in zip(nodes(velocity.shape, spacing), (7.0, 3.3, 2.2), strict=True)
        )
    )
    np.testing.assert_allclose(times_s(velocity, (7.0, 3.3, 2.2), spacing), length / 5.0, atol=1e-9)


def test_source_and_receiver_may_change_places(rng):
    x, y, z = nodes((30, 30, 15))
    velocity = 5 + 0.06 * z + 0.5 * np.sin(x / 8) * np.cos(y / 6)
    places = rng.integers((0, 0, 0), (30, 30, 15), size=(6, 3))
    tables = [times_s(velocity, place) for place in places]
    for one in range(6):
        for other in range(one):
            there = tables[one][tuple(places[other])]
            assert tables[other][tuple(places[one])] == pytest.approx(there, abs=4e-3)


def test_every_node_is_reached_and_no_time_is_negative(rng):
    velocity = rng.uniform(2.0, 8.0, (15, 14, 13))
    found = times_s(velocity, (7.3, 2.0, 5.5))
    assert np.isfinite(found).all()
    assert found.min() >= 0.0
    length = np.sqrt(
        sum((p - s) ** 2 for p, s in zip(nodes(velocity.shape), (7.3, 2.0, 5.5), strict=True))
    )
    assert (found >= length / 8.0 - 1e-9).all()


def test_reference_never_stops_or_runs_away():
    # fast at the source, slow elsewhere: the least-squares line would reach zero
    velocity = np.full((20, 20, 20), 2.0)
    velocity[:, :, 15:] = 8.0
    for source in ((10.0, 10.0, 19.0), (10.0, 10.0, 0.0)):
        reference = choose_reference(velocity, SPACING, np.array(source))
        ends = np.array([0.0, 19.0]) - source[2]
        speeds = reference.velocity_km_s + reference.gradient_s[2] * ends
        assert speeds.min() >= 0.99
        assert speeds.max() <= 16.1
        assert np.isfinite(march(velocity, SPACING, reference)).all()
