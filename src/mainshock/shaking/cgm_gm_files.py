"""CGM-GM's tables: one component, a record a row, no header.

Fourteen columns of metadata, then 7000 samples of velocity in m/s at 100 Hz.

References
----------
Ren et al. (2024), Learning earthquake ground motions via conditional generative modeling,
https://doi.org/10.48550/arXiv.2407.15089
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.shaking.base import COMPONENTS
from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.preparation import differentiated, resampled
from mainshock.shaking.records import Accelerogram
from mainshock.shaking.scenarios import Scenarios, scenarios_from_table
from mainshock.signal.intensity import integrated

__all__ = [
    "CGM_GM_COLUMNS",
    "CGM_GM_SAMPLES",
    "CgmGmTable",
    "cgm_gm_table",
    "read_cgm_gm",
    "records_of_cgm_gm",
    "write_cgm_gm",
]

CGM_GM_COLUMNS = (
    "event_id", "ev_lat", "ev_lon", "sta_lat", "sta_lon", "depth_km", "magnitude",
    "sampling_rate_hz", "n_samples", "step_s", "fmin_hz", "fmax_hz", "n_frequencies", "rrup_km",
)  # fmt: skip
CGM_GM_SAMPLES = 7000
_RATE_HZ = 100.0
_BAND_HZ = (2.0, 15.0)  # in which the published model is compared


@dataclass(frozen=True, slots=True, eq=False)
class CgmGmTable:
    """A table of one component.

    Parameters
    ----------
    metadata
        Columns of :data:`CGM_GM_COLUMNS`, a record a row; ``event_id`` is text.
    velocity_m_s
        Shape ``(n_records, n_samples)``, float32.
    """

    metadata: pd.DataFrame
    velocity_m_s: NDArray[np.float32]

    def scenarios(self) -> Scenarios:
        """Return source and site of each row; stations are named by their place."""
        return scenarios_from_table(self.metadata)


def read_cgm_gm(path: Path) -> CgmGmTable:
    """Return the table in a file.

    Parameters
    ----------
    path
        Headerless CSV of 14 columns and any number of samples.

    Raises
    ------
    SourceError
        If it cannot be read.
    DataError
        If a row has no samples, or cells are not numbers.
    """
    try:
        cells = pd.read_csv(path, header=None, dtype={0: str})
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a table: {error}") from error
    n_columns = len(CGM_GM_COLUMNS)
    if cells.shape[1] <= n_columns:
        raise DataError(f"{path} has {cells.shape[1]} columns; {n_columns} come before the samples")
    try:
        numbers = cells.iloc[:, 1:].to_numpy(dtype=np.float64)
    except ValueError as error:
        raise DataError(
            f"{path} holds text among its numbers; it has no header: {error}"
        ) from error
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers).all(axis=1)))
        raise DataError(f"{path}, row {row + 1}: a number is missing; rows have unlike lengths")
    metadata = pd.DataFrame(numbers[:, : n_columns - 1], columns=list(CGM_GM_COLUMNS[1:]))
    metadata.insert(0, "event_id", cells[0].str.removesuffix(".0"))
    return CgmGmTable(metadata, numbers[:, n_columns - 1 :].astype(np.float32))


def write_cgm_gm(path: Path, table: CgmGmTable) -> None:
    """Write a table as CGM-GM reads it; samples with nine digits, so float32 comes back as it was.

    Raises
    ------
    DataError
        If an event's id is not a number, which the original needs.
    SourceError
        If the file cannot be written.
    """
    ids = table.metadata["event_id"].astype(str)
    if not ids.str.fullmatch(r"\d+").all():
        bad = ids[~ids.str.fullmatch(r"\d+")].iloc[0]
        raise DataError(f"event id {bad!r} is not a number; CGM-GM's tables hold numbers only")
    make_folder(path.parent)
    with replacing(path) as temporary, temporary.open("w", encoding="ascii") as stream:
        for (_, cells), samples in zip(table.metadata.iterrows(), table.velocity_m_s, strict=True):
            known = [repr(float(cells[name])) for name in CGM_GM_COLUMNS[1:]]
            stream.write(",".join([str(cells["event_id"]), *known]))
            stream.write("," + ",".join([f"{value:.9g}" for value in samples]) + "\n")


def cgm_gm_table(
    records: Iterable[LabelledRecord], component: str = "E", n_samples: int = CGM_GM_SAMPLES
) -> CgmGmTable:
    """Return a component of records as velocity at 100 Hz, each cut or padded to one length.

    Parameters
    ----------
    records
        Accelerations. An event whose id is not a number gets one, counted from 1.
    component
        ``E``, ``N`` or ``Z``.
    n_samples
        7000 in CGM-GM, whose code leaves out the first 1000.

    Raises
    ------
    DataError
        If there is no such component.
    NothingFoundError
        If there is no record.

    Notes
    -----
    The rupture distance is the distance to the hypocentre, as these sources are small.
    """
    if component not in COMPONENTS:
        raise DataError(f"component is {component!r}; it must be one of {', '.join(COMPONENTS)}")
    place = COMPONENTS.index(component)
    rows, samples = [], []
    for one in records:
        record = resampled(one.record, _RATE_HZ)
        velocity = integrated(record.acceleration[place], _RATE_HZ)[:n_samples]
        samples.append(np.pad(velocity, (0, n_samples - velocity.size)).astype(np.float32))
        rows.append({name: one.row.get(name) for name in CGM_GM_COLUMNS})
    if not rows:
        raise NothingFoundError("no record is given; nothing to make a table of")
    metadata = pd.DataFrame(rows)
    metadata["event_id"] = _numbers_of(metadata["event_id"].astype(str).tolist())
    metadata["rrup_km"] = scenarios_from_table(metadata).hypocentral_km()
    metadata["sampling_rate_hz"], metadata["step_s"] = _RATE_HZ, 1.0 / _RATE_HZ
    metadata["n_samples"], metadata["n_frequencies"] = n_samples, n_samples // 2 + 1
    metadata["fmin_hz"], metadata["fmax_hz"] = _BAND_HZ
    return CgmGmTable(metadata, np.stack(samples))


def records_of_cgm_gm(tables: Mapping[str, CgmGmTable]) -> Iterator[LabelledRecord]:
    """Yield records of acceleration, of one table or of one for each component.

    Parameters
    ----------
    tables
        By component, ``E``, ``N``, ``Z``, with the same rows; a component without a table is zero.

    Raises
    ------
    DataError
        If the tables do not describe the same records.
    """
    first = next(iter(tables.values()))
    described = list(CGM_GM_COLUMNS)
    for one in tables.values():
        if not first.metadata[described].equals(one.metadata[described]):
            raise DataError("the tables of components have unlike rows; give those of one set")
    names = first.scenarios().station
    for number, (_, cells) in enumerate(first.metadata.iterrows()):
        rate_hz = float(cells["sampling_rate_hz"])
        acceleration = np.zeros((3, first.velocity_m_s.shape[1]), dtype=np.float32)
        for component, table in tables.items():
            velocity = table.velocity_m_s[number]
            acceleration[COMPONENTS.index(component)] = differentiated(velocity, rate_hz)
        row = {name: cells[name] for name in CGM_GM_COLUMNS}
        row |= {"source": "cgm-gm", "station": str(names[number])}
        record = Accelerogram(acceleration, rate_hz, float("nan"))
        yield LabelledRecord(f"row {number + 1}", record, row)


def _numbers_of(ids: list[str]) -> list[str]:
    """Return ids that are numbers: as they are if all are, else counted in order of name."""
    if all(one.isascii() and one.isdigit() for one in ids):
        return ids
    number = {one: str(place) for place, one in enumerate(sorted(set(ids)), start=1)}
    return [number[one] for one in ids]
