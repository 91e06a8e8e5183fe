from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.forecast.adaptive_poisson import ADAPTIVE, choose_bandwidth
from mainshock.forecast.bandwidths import adaptive_bandwidths
from mainshock.forecast.base import FitSettings
from mainshock.forecast.poisson import HOMOGENEOUS
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)


def clustered(rng: np.random.Generator, n: int = 900, spread_deg: float = 0.02) -> Catalogue:
    """Events around twelve places, evenly in time."""
    centres = rng.uniform([-117.9, 33.1], [-116.1, 34.9], (12, 2))
    places = centres[rng.integers(0, 12, n)] + rng.normal(0, spread_deg, (n, 2))
    return Catalogue(
        rng.uniform(0.0, 3000.0, n),
        3.0 + rng.exponential(0.43, n),
        longitude=places[:, 0],
        latitude=places[:, 1],
    )


def settings(**options: object) -> FitSettings:
    return FitSettings(500.0, 2000.0, 3.0, BOX, options=options)


def score(model: object, catalogue: Catalogue) -> float:
    later = catalogue.between(2000.0, 3000.0)
    later = later.take(BOX.contains(later.longitude, later.latitude))
    logs = model.log_intensity(later, catalogue)
    return float(logs.mean() - model.integral(catalogue, 2000.0, 3000.0) / len(later))


def test_later_events_are_likelier_where_earlier_ones_were(rng: np.random.Generator) -> None:
    catalogue = clustered(rng)
    adaptive, even = (kind.fit(catalogue, settings()) for kind in (ADAPTIVE, HOMOGENEOUS))
    assert score(adaptive, catalogue) > score(even, catalogue) + 2.0


def test_bandwidths_are_chosen_near_the_scale_of_the_clusters(rng: np.random.Generator) -> None:
    narrow = ADAPTIVE.fit(clustered(rng, spread_deg=0.004), settings()).info.parameters
    wide = ADAPTIVE.fit(clustered(rng, spread_deg=0.1), settings()).info.parameters
    assert narrow["min_bandwidth_km"] < wide["min_bandwidth_km"] or (
        narrow["neighbour"] < wide["neighbour"]
    )


def test_the_choice_does_not_see_events_after_the_window(rng: np.random.Generator) -> None:
    catalogue = clustered(rng)
    late = catalogue.time_days >= 2000.0
    other = Catalogue(
        catalogue.time_days,
        catalogue.magnitude,
        longitude=np.where(late, -117.0, catalogue.longitude),
        latitude=np.where(late, 34.0, catalogue.latitude),
    )
    first, second = (ADAPTIVE.fit(one, settings()) for one in (catalogue, other))
    assert first.info.parameters == second.info.parameters
    assert np.array_equal(first.places.longitude, second.places.longitude)


def test_fixed_bandwidths_are_those_of_the_neighbour(rng: np.random.Generator) -> None:
    catalogue = clustered(rng)
    model = ADAPTIVE.fit(catalogue, settings(neighbour=4, min_bandwidth_km=0.7))
    past = catalogue.between(-np.inf, 2000.0)
    expected = adaptive_bandwidths(past.longitude, past.latitude, 4, 0.7)
    assert np.allclose(model.places.bandwidth_km, expected)


def test_too_few_later_events_leave_usual_bandwidths(rng: np.random.Generator) -> None:
    catalogue = clustered(rng, n=60)
    found = choose_bandwidth(catalogue, catalogue, BOX, 2900.0, floor=0.01)
    assert found.n_tried == 0


def test_weights_move_the_density(rng: np.random.Generator) -> None:
    catalogue = clustered(rng)
    n = len(catalogue.between(-np.inf, 2000.0))
    weights = np.ones(n)
    weights[catalogue.latitude[:n] > 34.0] = 0.0
    heavy = ADAPTIVE.fit(catalogue, settings(weights=weights.tolist()))
    plain = ADAPTIVE.fit(catalogue, settings())
    north = catalogue.take(catalogue.latitude > 34.3)
    difference = heavy.log_intensity(north, catalogue) - plain.log_intensity(north, catalogue)
    assert difference.mean() < -1.0
    assert "weights" not in heavy.info.settings.options
    with pytest.raises(DataError, match="3 weights"):
        ADAPTIVE.fit(catalogue, settings(weights=[1.0, 1.0, 1.0]))


def test_simulated_places_follow_the_density(rng: np.random.Generator) -> None:
    catalogue = clustered(rng)
    model = ADAPTIVE.fit(catalogue, settings())
    drawn = model.simulate(catalogue, 2000.0, 100.0, 200, seed=3)
    assert drawn.longitude is not None
    assert drawn.latitude is not None
    past = catalogue.between(-np.inf, 2000.0)
    for low, high in ((33.0, 33.7), (33.7, 34.4), (34.4, 35.0)):
        share = ((past.latitude >= low) & (past.latitude < high)).mean()
        assert ((drawn.latitude >= low) & (drawn.latitude < high)).mean() == pytest.approx(
            share, abs=0.05
        )


def test_without_places_or_region_it_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(DataError, match="needs a region"):
        ADAPTIVE.fit(clustered(rng), FitSettings(500.0, 2000.0, 3.0))
    with pytest.raises(DataError, match="no longitude or latitude"):
        ADAPTIVE.fit(Catalogue(np.arange(600.0, 700.0), np.full(100, 3.2)), settings())


def test_a_folder_without_kernels_is_refused(rng: np.random.Generator, tmp_path: Path) -> None:
    info = ADAPTIVE.fit(clustered(rng), settings()).info
    with pytest.raises(ModelError, match="fit the model again"):
        ADAPTIVE.open(tmp_path, info)


@pytest.mark.slow
def test_score_on_southern_california(data_dir: Path) -> None:
    path = data_dir / "catalogs" / "socal_scedc_m30_train.parquet"
    if not path.is_file():
        pytest.skip("the catalogue of southern California is not here")
    catalogue = read_seismicity(path)
    region = Region.box(-122.0, 32.0, -114.0, 37.0)
    start, split, end = (days_from_text(f"{year}-01-01T00:00:00Z") for year in (1985, 2005, 2014))
    model = ADAPTIVE.fit(catalogue, FitSettings(start, split, 3.0, region))
    later = catalogue.between(split, end)
    later = later.take(region.contains(later.longitude, later.latitude))
    found = model.log_intensity(later, catalogue).mean()
    found -= model.integral(catalogue, split, end) / len(later)
    assert found > -12.75  # -12.68; a fixed second neighbour of at least 0.5 km has -12.86
