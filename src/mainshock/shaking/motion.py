"""Non-ergodic medians: what shaking to expect at a place from a source, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mainshock.shaking.base import Motions
from mainshock.shaking.coherent import correlated_normals, draw_field, draw_remainder
from mainshock.shaking.design import shape_points, site_points_km, source_points_km
from mainshock.shaking.fields import FieldBasis
from mainshock.shaking.measures import place_of
from mainshock.shaking.motion_terms import MotionTerms, read_terms, write_terms
from mainshock.shaking.nonergodic import BACKBONE, Variances, posterior
from mainshock.shaking.scenarios import Scenarios

__all__ = ["NonErgodicMotion"]

FloatArray = NDArray[np.float64]

_SAME_SITE_KM = 0.1  # a site this near a training station is that station
_WORTH_DRAWING = 0.01  # share of a field's variance
_LARGEST_WIDENING = 3.0  # of the ergodic standard deviation


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Scenarios as columns, worked out once for all measures."""

    columns: FloatArray
    is_new_site: NDArray[np.bool_]
    site_left: FloatArray  # variance that each part's pivots leave open, (n_parts, n_rows)
    source_left: FloatArray
    shape_left: FloatArray
    remoteness: FloatArray

    def left(self) -> FloatArray:
        return np.vstack((self.shape_left, self.site_left, self.source_left))


@dataclass(frozen=True, slots=True, eq=False)
class NonErgodicMotion:
    """Distribution of measures from a linear model of backbone, station, fields and path.

    Made by :func:`mainshock.shaking.median.fit_median`, or opened from a folder.

    Parameters
    ----------
    learned
        What it has learned.
    """

    learned: MotionTerms
    _solved: dict[int, tuple[FloatArray, NDArray[np.float32]]] = field(
        default_factory=dict, repr=False
    )

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures it gives."""
        return self.learned.measures

    @classmethod
    def open(cls, folder: Path) -> "NonErgodicMotion":
        """Return the model that :meth:`save` wrote into a folder.

        Raises
        ------
        ModelError
            If there is none, or it cannot be read.
        """
        return cls(read_terms(folder))

    def save(self, folder: Path) -> Path:
        """Write the model into a folder and return the file's path."""
        return write_terms(self.learned, folder)

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all by default) for each row.

        Raises
        ------
        DataError
            If the model does not give a measure.
        """
        names, places = place_of(self.measures, measures)
        rows = self._rows(scenarios)
        mean, total, epistemic = np.empty((3, len(scenarios), len(places)))
        single = rows.columns.astype(np.float32)
        for i, place in enumerate(places):
            terms, (unknowns, root) = self.learned.terms[place], self._solution(place)
            mean[:, i] = terms.offset + terms.scale * (rows.columns @ unknowns)
            spread = np.square(single @ root).sum(axis=1, dtype=np.float64)
            spread += self._unseen_variance(rows, terms.variances)
            spread += _widening(rows.remoteness) ** 2
            epistemic[:, i] = terms.scale * np.sqrt(spread)
            aleatory = terms.variances.group + terms.variances.record
            total[:, i] = terms.scale * np.sqrt(spread + aleatory)
        return Motions(names, mean, total, epistemic, rows.remoteness > 1.0)

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``, natural logarithms.

        In one realisation the unknown fields are one draw for all rows, an event has one term,
        and record terms are correlated between measures and between near sites.

        Raises
        ------
        DataError
            If the model does not give a measure.
        """
        _, places = place_of(self.measures, measures)
        rows = self._rows(scenarios)
        learned = [self.learned.terms[place] for place in places]
        drawn = self._draw_epistemic(scenarios, rows, places, n, rng)
        drawn += self._draw_aleatory(scenarios, places, n, rng)
        drawn *= np.array([one.scale for one in learned])
        drawn += np.array([one.offset for one in learned])
        return drawn

    def _solution(self, place: int) -> tuple[FloatArray, NDArray[np.float32]]:
        """Return mean of the unknowns of a measure, and a root of their covariance."""
        if place not in self._solved:
            terms = self.learned.terms[place]
            mean, root = posterior(
                self.learned.grams[terms.gram],
                terms.products,
                self.learned.blocks(),
                terms.variances,
            )
            self._solved[place] = mean, root.astype(np.float32)
        return self._solved[place]

    def _rows(self, scenarios: Scenarios) -> _Rows:
        design = self.learned.design
        columns = design.columns(scenarios)
        distance, nearest = cKDTree(self.learned.stations).query(site_points_km(scenarios))
        is_new = distance > _SAME_SITE_KM
        own = np.zeros((len(scenarios), len(self.learned.stations)))
        own[~is_new, nearest[~is_new]] = 1.0
        blocks = {one.name: one for one in design.blocks()}

        def left(kind: str, n: int) -> FloatArray:
            parts = [blocks[f"{kind}-{i}"] for i in range(n)]
            told = [np.square(columns[:, one.start : one.stop]).sum(axis=1) for one in parts]
            return np.clip(1.0 - np.array(told).reshape(n, len(columns)), 0.0, 1.0)

        return _Rows(
            np.hstack((columns, own)),
            is_new,
            # what pivots leave open at a training station is in that station's own term
            left("site", len(design.sites)) * is_new,
            left("source", len(design.sources)),
            left("shape", len(design.shapes)),
            self.learned.guard.remoteness(scenarios),
        )

    def _block_variances(self, variances: Variances) -> dict[str, float]:
        names = [one.name for one in self.learned.blocks() if one.name != BACKBONE]
        return dict(zip(names, variances.blocks.tolist(), strict=True))

    def _unseen_variance(self, rows: _Rows, variances: Variances) -> FloatArray:
        """Return the variance of terms of which training rows say nothing."""
        of = self._block_variances(variances)
        parts = [of[one] for one in of if one.startswith(("shape-", "site-", "source-"))]
        return np.asarray(np.array(parts) @ rows.left() + of["station"] * rows.is_new_site)

    def _draw_epistemic(
        self,
        scenarios: Scenarios,
        rows: _Rows,
        places: list[int],
        n: int,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return mean plus draws of what more data would tell, in units of scale."""
        between = _root(self.learned.epistemic, places)
        normals = correlated_normals(rng, (rows.columns.shape[1], n), between)
        drawn = np.empty((len(scenarios), n, len(places)))
        for i, place in enumerate(places):
            unknowns, root = self._solution(place)
            drawn[:, :, i] = rows.columns @ (unknowns[:, None] + root @ normals[:, :, i])
        of = [self._block_variances(self.learned.terms[place].variances) for place in places]
        sites, which = np.unique(site_points_km(scenarios), axis=0, return_inverse=True)
        own = correlated_normals(rng, (len(sites), n), between)[which.ravel()]
        drawn += own * np.sqrt([one["station"] for one in of]) * rows.is_new_site[:, None, None]
        drawn += _widening(rows.remoteness)[:, None, None] * correlated_normals(rng, (n,), between)
        self._add_remainders(drawn, scenarios, rows, of, between, rng)
        return drawn

    def _add_remainders(
        self,
        drawn: FloatArray,
        scenarios: Scenarios,
        rows: _Rows,
        of: list[dict[str, float]],
        between: FloatArray,
        rng: np.random.Generator,
    ) -> None:
        """Add what the pivots of site and source fields leave open, in place."""
        design = self.learned.design
        kinds: list[tuple[str, tuple[FieldBasis, ...], FloatArray, FloatArray]] = [
            ("site", design.sites, site_points_km(scenarios), rows.site_left),
            ("source", design.sources, source_points_km(scenarios), rows.source_left),
            ("shape", design.shapes, shape_points(scenarios), rows.shape_left),
        ]
        for kind, bases, points, left in kinds:
            for i, basis in enumerate(bases):
                sd = np.sqrt([one[f"{kind}-{i}"] for one in of])
                if left[i].max() * sd.max() ** 2 < _WORTH_DRAWING:
                    continue
                places, which = np.unique(points, axis=0, return_inverse=True)
                open_part = draw_remainder(basis, places, drawn.shape[1], between, rng)
                drawn += open_part[which.ravel()] * (left[i] > 0.0)[:, None, None] * sd

    def _draw_aleatory(
        self, scenarios: Scenarios, places: list[int], n: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return event and record terms, in units of scale."""
        variances = [self.learned.terms[place].variances for place in places]
        events, event = np.unique(scenarios.event, return_inverse=True)
        between = correlated_normals(rng, (len(events), n), _root(self.learned.event, places))
        between *= np.sqrt([one.group for one in variances])
        root, spatial = _root(self.learned.record, places), self.learned.spatial
        within = correlated_normals(rng, (len(scenarios), n), root) * np.sqrt(1.0 - spatial.share)
        if spatial.share > 0.0:
            points = site_points_km(scenarios)
            for number in range(len(events)):
                rows = np.flatnonzero(event == number)
                smooth = draw_field(points[rows], spatial.length_km, n, root, rng)
                within[rows] += smooth * np.sqrt(spatial.share)
        within *= np.sqrt([one.record for one in variances])
        return np.asarray(between[event] + within)


def _root(matrix: FloatArray, places: list[int]) -> FloatArray:
    return np.asarray(np.linalg.cholesky(matrix[np.ix_(places, places)]))


def _widening(remoteness: FloatArray) -> FloatArray:
    """Return the standard deviation that extrapolation adds, in units of the ergodic one."""
    return np.minimum(0.5 * np.maximum(remoteness - 1.0, 0.0), _LARGEST_WIDENING)
