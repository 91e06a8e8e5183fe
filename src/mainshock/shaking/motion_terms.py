"""What a non-ergodic model has learned, and the file that holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.shaking.aleatory import SpatialCorrelation
from mainshock.shaking.design import Design
from mainshock.shaking.fields import FieldBasis
from mainshock.shaking.guard import Guard
from mainshock.shaking.nonergodic import Block, Gram, Products, Variances
from mainshock.shaking.path_cells import PairBasis, RayBasis

__all__ = ["FILE_NAME", "MeasureTerms", "MotionTerms", "read_terms", "write_terms"]

FloatArray = NDArray[np.float64]

FILE_NAME = "median.npz"
_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class MeasureTerms:
    """What was learned of one measure.

    Parameters
    ----------
    gram
        Number of the sums of columns that its rows have.
    products
        Of target and columns.
    variances
        In units of ``scale**2``.
    offset, scale
        The target was ``(value - offset) / scale``; the scale is the ergodic standard deviation.
    """

    gram: int
    products: Products
    variances: Variances
    offset: float
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class MotionTerms:
    """All that a non-ergodic model has learned, as its file holds it.

    Parameters
    ----------
    measures
        Their names.
    terms
        One for each measure.
    grams
        Sums of columns, shared by measures that are known at the same rows.
    design
        The parts of the model.
    stations
        Training stations as points in space, km, ``(n_stations, 3)``.
    epistemic, event, record
        Correlation between measures of each kind of term, ``(n_measures, n_measures)``.
    spatial
        Of record terms.
    guard
        Training conditions.
    """

    measures: tuple[str, ...]
    terms: tuple[MeasureTerms, ...]
    grams: tuple[Gram, ...]
    design: Design
    stations: FloatArray
    epistemic: FloatArray
    event: FloatArray
    record: FloatArray
    spatial: SpatialCorrelation
    guard: Guard

    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks of the design, and the stations' own terms after them."""
        blocks = self.design.blocks()
        stop = blocks[-1].stop
        return (*blocks, Block("station", stop, stop + len(self.stations)))


def write_terms(learned: MotionTerms, folder: Path) -> Path:
    """Write ``median.npz`` into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    design, terms, guard = learned.design, learned.terms, learned.guard
    settings = {
        "version": _VERSION,
        "measures": learned.measures,
        "uses_vs30": design.uses_vs30,
        "shape_lengths": [one.length_km for one in design.shapes],
        "site_lengths_km": [one.length_km for one in design.sites],
        "source_lengths_km": [one.length_km for one in design.sources],
        "path_lengths_km": [one.field.length_km for one in design.paths],
        "path_scales_km": [one.scale_km for one in design.paths],
        "pair_lengths_km": [one.length_km for one in design.pairs],
        "spatial": [learned.spatial.share, learned.spatial.length_km],
        "limits": guard.limits,
        "rows": [one.n_rows for one in learned.grams],
        "gram": [one.gram for one in terms],
    }
    arrays: dict[str, Any] = {
        "settings": np.array(json.dumps(settings)),
        "centre": design.centre,
        "scale": design.scale,
        "stations": learned.stations,
        "epistemic": learned.epistemic,
        "event": learned.event,
        "record": learned.record,
        "products_columns": np.array([one.products.columns for one in terms]),
        "products_sums": np.array([one.products.sums for one in terms]),
        "products_square": np.array([one.products.square for one in terms]),
        "variances": np.array(
            [[one.variances.record, one.variances.group, *one.variances.blocks] for one in terms]
        ),
        "offset_scale": np.array([[one.offset, one.scale] for one in terms]),
    }
    arrays |= {f"shape_{i}": one.pivots for i, one in enumerate(design.shapes)}
    arrays |= {f"site_{i}": one.pivots for i, one in enumerate(design.sites)}
    arrays |= {f"source_{i}": one.pivots for i, one in enumerate(design.sources)}
    arrays |= {f"path_{i}": one.field.pivots for i, one in enumerate(design.paths)}
    arrays |= {f"pair_sources_{i}": one.sources for i, one in enumerate(design.pairs)}
    arrays |= {f"pair_sites_{i}": one.sites for i, one in enumerate(design.pairs)}
    arrays |= {f"guard_{i}": one for i, one in enumerate(guard.points)}
    for i, one in enumerate(learned.grams):
        arrays[f"gram_columns_{i}"] = one.columns[np.tril_indices(len(one.columns))]
        arrays[f"gram_sums_{i}"], arrays[f"gram_counts_{i}"] = one.sums, one.counts
    path = folder / FILE_NAME
    np.savez_compressed(path, **arrays)
    return path


def read_terms(folder: Path) -> MotionTerms:
    """Return what ``median.npz`` in a folder holds.

    Raises
    ------
    ModelError
        If the file is missing, damaged or of another version.
    """
    path = folder / FILE_NAME
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        settings = json.loads(str(arrays["settings"]))
        if settings["version"] != _VERSION:
            raise ModelError(
                f"{path} has version {settings['version']}; this release reads {_VERSION}, "
                "train the model anew"
            )
        return _learned(settings, arrays)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be read as a median model: {error}") from error


def _learned(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> MotionTerms:
    return MotionTerms(
        measures=tuple(settings["measures"]),
        terms=_measure_terms(settings, arrays),
        grams=tuple(_gram(arrays, i, rows) for i, rows in enumerate(settings["rows"])),
        design=_design(settings, arrays),
        stations=arrays["stations"],
        epistemic=arrays["epistemic"],
        event=arrays["event"],
        record=arrays["record"],
        spatial=SpatialCorrelation(*settings["spatial"]),
        guard=Guard(
            tuple(arrays[f"guard_{i}"] for i in range(len(settings["limits"]))),
            tuple(settings["limits"]),
        ),
    )


def _measure_terms(
    settings: Mapping[str, Any], arrays: Mapping[str, Any]
) -> tuple[MeasureTerms, ...]:
    terms = []
    for i, gram in enumerate(settings["gram"]):
        record, group, *blocks = arrays["variances"][i]
        offset, scale = arrays["offset_scale"][i]
        products = Products(
            arrays["products_columns"][i],
            arrays["products_sums"][i],
            float(arrays["products_square"][i]),
        )
        variances = Variances(float(record), float(group), np.array(blocks))
        terms.append(MeasureTerms(gram, products, variances, float(offset), float(scale)))
    return tuple(terms)


def _gram(arrays: Mapping[str, Any], number: int, n_rows: int) -> Gram:
    size = arrays[f"gram_sums_{number}"].shape[1]
    columns = np.zeros((size, size))
    columns[np.tril_indices(size)] = arrays[f"gram_columns_{number}"]
    columns += np.tril(columns, -1).T
    return Gram(columns, arrays[f"gram_sums_{number}"], arrays[f"gram_counts_{number}"], n_rows)


def _design(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> Design:
    def bases(kind: str, unit: str = "s_km") -> tuple[FieldBasis, ...]:
        lengths = settings[f"{kind}_length{unit}"]
        return tuple(FieldBasis(arrays[f"{kind}_{i}"], one) for i, one in enumerate(lengths))

    paths = zip(bases("path"), settings["path_scales_km"], strict=True)
    return Design(
        shapes=bases("shape", "s"),
        sites=bases("site"),
        sources=bases("source"),
        paths=tuple(RayBasis(field, scale_km) for field, scale_km in paths),
        pairs=tuple(
            PairBasis(arrays[f"pair_sources_{i}"], arrays[f"pair_sites_{i}"], one)
            for i, one in enumerate(settings["pair_lengths_km"])
        ),
        centre=arrays["centre"],
        scale=arrays["scale"],
        uses_vs30=settings["uses_vs30"],
    )
