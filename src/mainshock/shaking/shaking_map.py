"""Maps of shaking: a model at many sites, the uncertainty of hypocentre and magnitude included."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from scipy.special import ndtri

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import PosteriorSamples
from mainshock.core.shaking_field import ShakingField
from mainshock.shaking.base import MotionModel, Motions
from mainshock.shaking.grid import MapSites
from mainshock.shaking.scenarios import Scenarios

if TYPE_CHECKING:
    from mainshock.shaking.training import ShakingModel

__all__ = ["MapSettings", "ShakingSource", "SourceDraws", "draw_sources", "map_shaking"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Names = Sequence[str]
_DEEPEST_KM = 800.0
_MAGNITUDES = (-2.0, 10.0)
_N_COARSE = 17  # a side, for the changes that draws of the source make
_MOST_MAP_NUMBERS = 200_000_000


def _nothing() -> FloatArray:
    return np.zeros((3, 3))


@dataclass(frozen=True, slots=True, eq=False)
class ShakingSource:
    """An earthquake as far as a map needs it.

    Parameters
    ----------
    event_id
        Its name.
    magnitude, magnitude_sd, magnitude_type
        The magnitude and its standard deviation; 0 where it is taken as known.
    longitude, latitude, depth_km
        The reported hypocentre.
    time
        Origin time, UTC; None for a scenario.
    covariance_km2
        Of the hypocentre: east, north, down; used where there are no samples.
    samples
        Draws from the posterior of the hypocentre, or None.
    """

    event_id: str
    magnitude: float
    longitude: float
    latitude: float
    depth_km: float
    magnitude_sd: float = 0.0
    magnitude_type: str = ""
    time: datetime | None = None
    covariance_km2: FloatArray = field(default_factory=_nothing)
    samples: PosteriorSamples | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SourceDraws:
    """Equally probable sources, every field of shape ``(n,)``."""

    magnitude: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    depth_km: FloatArray

    def __len__(self) -> int:
        """Return the number of draws."""
        return int(self.magnitude.size)


@dataclass(frozen=True, slots=True)
class MapSettings:
    """How a map is made.

    Parameters
    ----------
    measures
        Names of measures; empty for all that the model gives.
    n_draws
        Sources that stand for the uncertainty of hypocentre and magnitude.
    n_realisations
        Possible maps to draw beside the distribution.
    seed
        Of all that is drawn.
    """

    measures: tuple[str, ...] = ()
    n_draws: int = 32
    n_realisations: int = 0
    seed: int = 0


def draw_sources(source: ShakingSource, n: int, rng: np.random.Generator) -> SourceDraws:
    """Return equally probable sources; a single one where nothing is uncertain.

    Hypocentres are drawn from the posterior in strata, one from each of ``n`` parts of the same
    weight; magnitudes at ``n`` quantiles of a normal distribution, in random order.

    Parameters
    ----------
    n
        Number of draws.
    """
    is_known = source.samples is None and not source.covariance_km2.any()
    if is_known and source.magnitude_sd == 0.0:
        n = 1
    places = _places(source, n, rng)
    magnitude = np.full(n, source.magnitude)
    if source.magnitude_sd > 0.0:
        quantiles = ndtri((np.arange(n) + 0.5) / n)
        # few quantiles have less spread than what they stand for
        spread = quantiles.std() or 1.0
        magnitude = magnitude + source.magnitude_sd * rng.permutation(quantiles) / spread
    return SourceDraws(
        magnitude=np.clip(magnitude, *_MAGNITUDES),
        longitude=places[:, 0],
        latitude=np.clip(places[:, 1], -90.0, 90.0),
        depth_km=np.clip(places[:, 2], min(0.0, source.depth_km), _DEEPEST_KM),
    )


def map_shaking(
    model: "ShakingModel",
    source: ShakingSource,
    sites: MapSites,
    settings: MapSettings | None = None,
) -> ShakingField:
    """Return the distribution of shaking at the sites of a map.

    The mean is that over the draws of the source; the spread of the draws' means is added to the
    epistemic and to the total variance. On grids of more than 17 sites a side, what the draws
    change is computed at 17 by 17 sites and interpolated.

    Raises
    ------
    DataError
        If the model does not give a measure, or more possible maps are asked for than memory holds.
    """
    settings = settings or MapSettings()
    rng = np.random.default_rng(settings.seed)
    wanted = settings.measures or model.motions.measures
    draws = draw_sources(source, settings.n_draws, rng)
    found = _mixture(model.motions, source, draws, sites, wanted)
    return ShakingField(
        event_id=source.event_id,
        time=source.time,
        magnitude=source.magnitude,
        magnitude_sd=source.magnitude_sd,
        magnitude_type=source.magnitude_type,
        longitude=source.longitude,
        latitude=source.latitude,
        depth_km=source.depth_km,
        site_longitude=sites.longitude,
        site_latitude=sites.latitude,
        shape=sites.shape,
        site_names=sites.names,
        measures=tuple(wanted),
        mean=found.mean,
        sd=found.sd,
        sd_epistemic=found.sd_epistemic,
        is_extrapolated=found.is_extrapolated,
        model=model.name,
        is_synthetic=model.is_synthetic,
        n_draws=len(draws),
        realisations=_realisations(model.motions, source, sites, wanted, settings, rng),
    )


def _mixture(
    model: MotionModel, source: ShakingSource, draws: SourceDraws, sites: MapSites, wanted: Names
) -> Motions:
    """Return the moments of the mixture of a model's distributions over draws of the source.

    They are those at the reported source, plus what the draws change. The changes vary slowly
    from site to site, for what belongs to a site cancels: on a large grid they are computed at
    some of its sites and interpolated.
    """
    reported = model.predict(_scenarios(source.event_id, _reported(source), 0, sites), wanted)
    if len(draws) == 1:
        return reported
    few = _some_sites(sites)
    changes = _changes(model, source.event_id, draws, sites.take(few), wanted, reported, few)
    mean, variance, epistemic, outside = (_interpolated(one, few, sites) for one in changes)
    epistemic = np.maximum(reported.sd_epistemic**2 + epistemic, 0.0)
    variance = np.maximum(reported.sd**2 + variance, epistemic)
    return Motions(
        measures=tuple(wanted),
        mean=reported.mean + mean,
        sd=np.sqrt(variance),
        sd_epistemic=np.sqrt(epistemic),
        is_extrapolated=reported.is_extrapolated + outside[:, 0] >= 0.5,
    )


def _reported(source: ShakingSource) -> SourceDraws:
    values = (source.magnitude, source.longitude, source.latitude, source.depth_km)
    return SourceDraws(*(np.array([one]) for one in values))


def _changes(
    model: MotionModel,
    event: str,
    draws: SourceDraws,
    sites: MapSites,
    wanted: Names,
    reported: Motions,
    rows: IntArray,
) -> tuple[FloatArray, ...]:
    """Return what the draws add to mean, variance, epistemic variance and extrapolation."""
    n = len(draws)
    mean, square, variance, epistemic = np.zeros((4, len(sites), len(wanted)))
    outside = np.zeros((len(sites), 1))
    for i in range(n):
        one = model.predict(_scenarios(event, draws, i, sites), wanted)
        away = one.mean - reported.mean[rows]  # small, so that its square loses no digits
        mean, square = mean + away / n, square + away**2 / n
        variance, epistemic = variance + one.sd**2 / n, epistemic + one.sd_epistemic**2 / n
        outside = outside + one.is_extrapolated[:, None] / n
    spread = np.maximum(square - mean**2, 0.0)
    return (
        mean,
        variance + spread - reported.sd[rows] ** 2,
        epistemic + spread - reported.sd_epistemic[rows] ** 2,
        outside - reported.is_extrapolated[rows, None],
    )


def _some_sites(sites: MapSites) -> IntArray:
    """Return rows of all sites, or of a coarser grid within a large one."""
    if sites.shape is None:
        return np.arange(len(sites))
    rows, columns = (_some(n) for n in sites.shape)
    return np.asarray((rows[:, None] * sites.shape[1] + columns).ravel())


def _some(n: int) -> IntArray:
    return np.unique(np.linspace(0, n - 1, min(n, _N_COARSE)).round().astype(np.intp))


def _interpolated(values: FloatArray, few: IntArray, sites: MapSites) -> FloatArray:
    """Return at all sites what is known at some, ``(n_sites, n_values)``."""
    if sites.shape is None or len(few) == len(sites):
        return values
    rows, columns = (_some(n) for n in sites.shape)
    known = values.reshape(rows.size, columns.size, -1)
    all_rows, all_columns = np.divmod(np.arange(len(sites)), sites.shape[1])
    found = RegularGridInterpolator((rows.astype(float), columns.astype(float)), known)
    return np.asarray(found(np.column_stack([all_rows, all_columns]).astype(float)))


def _realisations(
    model: MotionModel,
    source: ShakingSource,
    sites: MapSites,
    wanted: Sequence[str],
    settings: MapSettings,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Return possible maps, each of another draw of the source, ``(n, n_sites, n_measures)``."""
    n = settings.n_realisations
    if n <= 0:
        return None
    if n * len(sites) * len(wanted) > _MOST_MAP_NUMBERS:
        raise DataError(f"{n} maps of {len(sites)} sites do not fit; ask for fewer maps or sites")
    draws = draw_sources(source, n, rng)
    if len(draws) == 1:
        scenarios = _scenarios(source.event_id, draws, 0, sites)
        return np.moveaxis(model.sample(scenarios, n, rng, wanted), 1, 0)
    maps = [
        model.sample(_scenarios(source.event_id, draws, i, sites), 1, rng, wanted)[:, 0]
        for i in range(n)
    ]
    return np.stack(maps)


def _scenarios(event: str, draws: SourceDraws, i: int, sites: MapSites) -> Scenarios:
    n = len(sites)
    return Scenarios(
        magnitude=np.full(n, draws.magnitude[i]),
        depth_km=np.full(n, draws.depth_km[i]),
        source_longitude=np.full(n, draws.longitude[i]),
        source_latitude=np.full(n, draws.latitude[i]),
        site_longitude=sites.longitude,
        site_latitude=sites.latitude,
        vs30_m_s=sites.vs30_m_s,
        event=np.full(n, event, dtype=np.str_),
        station=np.array(sites.names, dtype=np.str_) if sites.names else _numbered(n),
    )


def _numbered(n: int) -> NDArray[np.str_]:
    return np.char.add("site", np.arange(n).astype(np.str_))


def _places(source: ShakingSource, n: int, rng: np.random.Generator) -> FloatArray:
    """Return drawn hypocentres: longitude, latitude, depth, ``(n, 3)``."""
    known = np.array([[source.longitude, source.latitude, source.depth_km]])
    if source.samples is not None:
        east, north = _frame(source).to_local(source.samples.longitude, source.samples.latitude)
        cloud = np.column_stack([east, north, source.samples.depth_km])
    elif source.covariance_km2.any():
        cloud = rng.multivariate_normal(np.zeros(3), source.covariance_km2, size=64 * n)
        cloud[:, 2] += source.depth_km
    else:
        return np.repeat(known, n, axis=0)
    chosen = cloud[_stratified(cloud, n, rng)]
    longitude, latitude = _frame(source).to_geographic(chosen[:, 0], chosen[:, 1])
    return np.column_stack([longitude, latitude, chosen[:, 2]])


def _frame(source: ShakingSource) -> LocalFrame:
    return LocalFrame(source.longitude, source.latitude)


def _stratified(cloud: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``n`` rows of a cloud, one from each of ``n`` parts of about the same size.

    The cloud is halved again and again across its widest coordinate.
    """
    rows = rng.permutation(len(cloud))
    if len(rows) < n:  # few draws stand for several parts each
        rows = np.resize(rows, n)
    chosen: list[int] = []
    parts = [(rows, n)]
    while parts:
        part, wanted = parts.pop()
        if wanted == 1:
            chosen.append(int(rng.choice(part)))
            continue
        widest = int(np.argmax(cloud[part].var(axis=0)))
        in_order = part[np.argsort(cloud[part, widest], kind="stable")]
        left = wanted // 2
        cut = len(part) * left // wanted
        parts += [(in_order[:cut], left), (in_order[cut:], wanted - left)]
    return np.array(chosen, dtype=np.intp)
