"""Rates in cells: right sums, and files that pyCSEP reads to the same numbers."""

import warnings

import numpy as np
import pytest
from scipy import integrate

from mainshock.core.errors import DataError, SourceError
from mainshock.forecast.csep_files import write_csep_catalogues
from mainshock.forecast.gridded import (
    Cells,
    GriddedRates,
    lon_lat_cells,
    magnitude_edges,
    quadtree_cells,
    rates_of_intensity,
    rates_of_simulated,
)
from mainshock.forecast.gridded_files import (
    read_gridded,
    read_quadtree,
    write_gridded,
    write_quadtree,
)
from mainshock.forecast.magnitudes import MagnitudeLaw
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces

BOX = Region.box(-118.0, 33.0, -115.0, 35.0)
EDGES = magnitude_edges(3.0, 6.0, 0.5)
LAW = MagnitudeLaw(3.0, 7.5, 2.2)


@pytest.fixture(scope="module")
def csep():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import csep
    return csep


@pytest.fixture
def ensemble(rng):
    """Events of 60 catalogues, many of them on the sides of cells."""
    n = 3000
    catalogue = np.sort(rng.integers(0, 60, n)).astype(np.int32)
    lon, lat = rng.uniform(-118.2, -114.8, n), rng.uniform(32.8, 35.2, n)
    magnitude = 3.0 + rng.exponential(0.5, n)
    lon[:1000], lat[:1000] = lon[:1000].round(1), lat[:1000].round(1)
    magnitude[:1500] = magnitude[:1500].round(1)
    time = np.sort(rng.uniform(0.0, 1.0, n))
    single = (one.astype(np.float32) for one in (magnitude, lon, lat))
    return SimulatedCatalogues(8215.0, 8216.0, 60, 3.0, catalogue, time, *single)


def test_cells_cover_the_region_with_round_sides():
    cells = lon_lat_cells(BOX, 0.1)
    assert len(cells) == 30 * 20
    assert cells.bounds[0].tolist() == [-118.0, 33.0, -117.9, 33.1]
    assert cells.bounds[1].tolist() == [-118.0, 33.1, -117.9, 33.2]
    assert cells.area_km2.sum() == pytest.approx(BOX.area_km2, rel=1e-9)


def test_places_find_their_cell(rng):
    cells = lon_lat_cells(BOX, 0.1)
    lon, lat = rng.uniform(-118.5, -114.5, 2000), rng.uniform(32.5, 35.5, 2000)
    found = cells.index_of(lon, lat)
    inside = BOX.contains(lon, lat)
    assert np.array_equal(found >= 0, inside)
    west, south, east, north = cells.bounds[found[inside]].T
    lon, lat = lon[inside], lat[inside]
    assert ((west <= lon) & (lon < east) & (south <= lat) & (lat < north)).all()
    assert np.array_equal(cells.index_of(lon + 360.0, lat), found[inside])


def test_sides_belong_to_the_cell_in_the_north_east_in_both_precisions():
    cells = lon_lat_cells(BOX, 0.1)
    lon, lat = np.round(np.arange(-118.0, -115.05, 0.1), 1), np.full(30, 33.7)
    for kind in (np.float64, np.float32):
        found = cells.index_of(lon.astype(kind), lat.astype(kind))
        assert np.array_equal(cells.bounds[found, 0], lon)
        assert (cells.bounds[found, 1] == 33.7).all()


def test_a_region_across_the_180th_meridian_has_its_cells():
    cells = lon_lat_cells(Region.box(178.0, -20.0, -178.0, -18.0), 1.0)
    assert len(cells) == 8
    found = cells.index_of([179.5, -179.5, 0.0], [-19.5, -19.5, -19.5])
    assert cells.bounds[found[:2], 0].tolist() == [179.0, 180.0]
    assert found[2] == -1


def test_mean_counts_are_the_expected_rates_of_pycsep(csep, ensemble, tmp_path):
    from csep.core.regions import CartesianGrid2D, create_space_magnitude_region

    cells = lon_lat_cells(BOX, 0.1)
    inside = ensemble.take(cells.index_of(ensemble.longitude, ensemble.latitude) >= 0)
    ours = rates_of_simulated(inside, cells, EDGES)
    path = tmp_path / "f.csv"
    write_csep_catalogues(path, inside)
    grid = CartesianGrid2D.from_origins(cells.bounds[:, :2], dh=0.1)
    region = create_space_magnitude_region(grid, EDGES)
    forecast = csep.load_catalog_forecast(str(path), region=region)
    theirs = forecast.get_expected_rates()
    assert ours.rates.sum() == pytest.approx(len(inside) / 60)
    assert np.allclose(ours.rates, theirs.data, rtol=0, atol=1e-12)


def test_with_a_law_only_the_division_among_magnitudes_changes(ensemble):
    cells = lon_lat_cells(BOX, 0.5)
    counted = rates_of_simulated(ensemble, cells, EDGES)
    divided = rates_of_simulated(ensemble, cells, EDGES, LAW)
    assert np.allclose(counted.in_space(), divided.in_space())
    share = divided.in_magnitude() / divided.total
    assert share[0] == pytest.approx(1.0 - LAW.survival(3.5))
    assert share[-1] == pytest.approx(float(LAW.survival(6.0)))


def density():
    lon, lat = np.array([-116.5, -115.2, -117.8]), np.array([34.0, 34.8, 33.1])
    return SmoothedPlaces(BOX, lon, lat, np.array([8.0, 15.0, 30.0]), np.ones(3))


def test_rates_of_a_density_are_its_integral():
    places = density()
    gridded = rates_of_intensity(
        lambda lon, lat: 0.25 * places.density(lon, lat),
        lon_lat_cells(BOX, 0.1), EDGES, LAW, 100.0, 104.0, BOX,
    )  # fmt: skip
    # the share of a kernel in the region is found with rays, to a part in a thousand
    assert gridded.total == pytest.approx(1.0, rel=3e-3)
    cell = int(gridded.cells.index_of([-116.45], [34.05])[0])
    west, south, east, north = gridded.cells.bounds[cell]
    area = gridded.cells.area_km2[cell]
    mean = integrate.dblquad(
        lambda lat, lon: float(places.density([lon], [lat])[0]), west, east, south, north,
        epsabs=1e-9, epsrel=1e-7,
    )[0] / (east - west) / (north - south)  # fmt: skip
    assert gridded.in_space()[cell] == pytest.approx(mean * area, rel=1e-3)


def test_outside_the_region_nothing_is_expected():
    gridded = rates_of_intensity(
        lambda lon, lat: np.ones(len(lon)) + 0 * lat,
        Cells(np.array([[-119.0, 33.0, -118.0, 34.0], [-118.0, 33.0, -117.0, 34.0]])),
        EDGES, LAW, 0.0, 1.0, BOX,
    )  # fmt: skip
    assert gridded.in_space()[0] == 0.0
    assert gridded.in_space()[1] == pytest.approx(gridded.cells.area_km2[1])


@pytest.fixture
def gridded(rng):
    cells = lon_lat_cells(BOX, 0.25)
    rates = rng.exponential(1e-3, (len(cells), len(EDGES)))
    return GriddedRates(cells, EDGES, rates, depth_km=(0.0, 25.0))


def test_a_dat_file_comes_back_as_it_was(gridded, tmp_path):
    write_gridded(tmp_path / "f.dat", gridded)
    read = read_gridded(tmp_path / "f.dat")
    assert np.array_equal(read.rates, gridded.rates)
    assert np.array_equal(read.cells.bounds, gridded.cells.bounds)
    assert np.array_equal(read.magnitude_edges, gridded.magnitude_edges)
    assert read.depth_km == (0.0, 25.0)
    assert read.is_used.all()


def test_pycsep_gives_our_numbers_for_a_dat_file(csep, gridded, tmp_path):
    from csep.core.catalogs import CSEPCatalog
    from csep.core.poisson_evaluations import likelihood_test, number_test

    path = tmp_path / "f.dat"
    write_gridded(path, gridded)
    forecast = csep.load_gridded_forecast(str(path))
    assert np.allclose(forecast.data, gridded.rates, rtol=1e-10, atol=0)
    assert forecast.event_count == pytest.approx(gridded.total, rel=1e-10)
    assert np.allclose(forecast.magnitudes, EDGES, rtol=0, atol=1e-12)
    middle = gridded.cells.bounds[:, :2] + 0.125
    assert np.array_equal(
        forecast.region.get_index_of(middle[:, 0], middle[:, 1]), np.arange(len(middle))
    )
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(-118.0, -115.0, 20), rng.uniform(33.0, 35.0, 20)
    magnitude = 3.0 + rng.exponential(0.5, 20)
    rows = [(str(k), k, lat[k], lon[k], 5.0, magnitude[k]) for k in range(20)]
    observed = CSEPCatalog(data=rows, region=forecast.region)
    counts = gridded.counts(lon, lat, magnitude)
    assert np.array_equal(observed.spatial_magnitude_counts(), counts)
    number = number_test(forecast, observed)
    assert number.test_distribution == ("poisson", pytest.approx(gridded.total, rel=1e-10))
    log_likelihood = likelihood_test(forecast, observed, num_simulations=1, seed=1)
    from scipy.stats import poisson

    ours = poisson.logpmf(counts, gridded.rates)
    assert log_likelihood.observed_statistic == pytest.approx(
        ours[np.isfinite(ours)].sum(), rel=1e-10
    )


@pytest.fixture
def tree(rng):
    lon, lat = rng.normal(-116.5, 0.5, 200), rng.normal(34.0, 0.5, 200)
    cells = quadtree_cells(BOX, lon, lat, most_events=10, max_zoom=11)
    rates = rng.exponential(1e-3, (len(cells), len(EDGES)))
    return GriddedRates(cells, EDGES, rates)


def test_tiles_cover_the_region_and_find_their_places(tree, rng):
    lon, lat = rng.uniform(-118.0, -115.0, 2000), rng.uniform(33.0, 35.0, 2000)
    found = tree.cells.index_of(lon, lat)
    assert (found >= 0).all()
    west, south, east, north = tree.cells.bounds[found].T
    assert ((west <= lon) & (lon < east) & (south <= lat) & (lat < north)).all()
    assert (tree.cells.index_of([0.0, -116.0], [10.0, 89.0]) == -1).all()
    assert len({len(key) for key in tree.cells.quadkeys}) > 1


def test_tiles_of_a_region_across_the_180th_meridian_lie_on_both_sides():
    region = Region.box(178.0, -20.0, -178.0, -18.0)
    cells = quadtree_cells(region, [179.5] * 30, [-19.0] * 30, 10, 8)
    assert (cells.index_of([179.5, -179.5, 178.2], [-19.5, -19.5, -18.1]) >= 0).all()


def test_pycsep_gives_our_numbers_for_a_quadtree_file(csep, tree, tmp_path):
    from csep.core.forecasts import GriddedForecast
    from csep.utils.readers import quadtree_csv_loader

    path = tmp_path / "tree.csv"
    write_quadtree(path, tree)
    read = read_quadtree(path)
    assert np.array_equal(read.rates, tree.rates)
    assert read.cells.quadkeys == tree.cells.quadkeys
    assert np.array_equal(read.magnitude_edges, EDGES)
    forecast = GriddedForecast.from_custom(quadtree_csv_loader, func_args=(str(path),))
    assert np.allclose(forecast.data, tree.rates, rtol=1e-10, atol=0)
    assert forecast.region.quadkeys.tolist() == list(tree.cells.quadkeys)
    assert np.allclose(forecast.region.bounds, tree.cells.bounds, rtol=0, atol=1e-12)
    lon, lat = np.array([-116.5, -117.2]), np.array([34.0, 33.4])
    assert np.array_equal(forecast.region.get_index_of(lon, lat), tree.cells.index_of(lon, lat))


def test_each_kind_of_cells_has_its_own_form(gridded, tree, tmp_path):
    with pytest.raises(DataError, match="write_quadtree"):
        write_gridded(tmp_path / "f.dat", tree)
    with pytest.raises(DataError, match="write_gridded"):
        write_quadtree(tmp_path / "f.csv", gridded)


def test_files_of_another_form_are_refused(tmp_path):
    (tmp_path / "f.dat").write_text("1 2 3\n")
    with pytest.raises(DataError, match="3 columns"):
        read_gridded(tmp_path / "f.dat")
    (tmp_path / "t.csv").write_text("quadkey,depth_min,depth_max,3.0\n9,0,30,0.1\n")
    with pytest.raises(DataError, match="no quadkey"):
        read_quadtree(tmp_path / "t.csv")
    for read, name in ((read_gridded, "no.dat"), (read_quadtree, "no.csv")):
        with pytest.raises(SourceError, match="cannot be read"):
            read(tmp_path / name)


def test_impossible_cells_and_rates_are_refused():
    with pytest.raises(DataError, match="one regular grid"):
        Cells(np.array([[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0]]))
    with pytest.raises(DataError, match="overlap"):
        Cells(np.array([[-180.0, 0.0, 0.0, 85.0]] * 2), ("0", "01"))
    cells = lon_lat_cells(BOX, 1.0)
    with pytest.raises(DataError, match="shape"):
        GriddedRates(cells, EDGES, np.zeros((2, 2)))
    with pytest.raises(DataError, match="0 or more"):
        GriddedRates(cells, EDGES, np.full((len(cells), len(EDGES)), -1.0))
    with pytest.raises(DataError, match="middle"):
        lon_lat_cells(Region.box(0.1, 0.1, 0.2, 0.2), 10.0)


def test_bins_below_the_catalogues_are_refused(ensemble):
    with pytest.raises(DataError, match="begin at magnitude"):
        rates_of_simulated(ensemble, lon_lat_cells(BOX, 1.0), magnitude_edges(2.5, 5.0))
