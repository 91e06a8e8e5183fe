"""Writes accelerograms: sets of records (HDF5 with CSV), and what models make, in four formats."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.files import make_folder, replacing
from mainshock.shaking.base import COMPONENTS, Waveforms
from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.waveform_exports import write_at2, write_miniseed

__all__ = [
    "REAL",
    "SYNTHETIC",
    "write_records",
    "write_waveforms",
]

REAL = "REAL recordings"
SYNTHETIC = "SYNTHETIC"
_UNITS = "m/s^2"
_TEXT = h5py.string_dtype(encoding="utf-8")


def write_waveforms(
    waveforms: Waveforms, scenarios: Scenarios, path: Path, *, made_by: str = "a model"
) -> tuple[Path, ...]:
    """Write generated accelerograms in the format of the suffix and return the files.

    Parameters
    ----------
    waveforms
        One row a scenario.
    scenarios
        What they were made for.
    path
        ``.h5`` or ``.hdf5``; ``.npz``; ``.mseed``; ``.at2``, which makes a file for each row,
        realisation and component, ``STEM_r00000_n000_E.at2``.
    made_by
        Name of the model or generator; every file says ``SYNTHETIC (made_by)``.

    Raises
    ------
    DataError
        If the suffix is another, the numbers of rows differ, or samples are not finite.
    SourceError
        If the file cannot be written.

    Notes
    -----
    HDF5: data set ``acceleration`` ``(row, n, 3, samples)`` in m/s^2, components E, N, Z;
    attributes ``sampling_rate_hz, start_rel_origin_s, units, components, kind``; each field of
    the scenarios is a data set below ``scenarios``. NPZ holds the same names.

    miniSEED: float32 in m/s^2, network ``SY``; see
    :func:`~mainshock.shaking.waveform_exports.write_miniseed`. AT2: in g, as PEER's.
    """
    writers: Mapping[str, Callable[..., tuple[Path, ...]]] = {
        ".h5": _write_hdf5,
        ".hdf5": _write_hdf5,
        ".npz": _write_npz,
        ".mseed": write_miniseed,
        ".miniseed": write_miniseed,
        ".at2": write_at2,
    }
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise DataError(
            f"{path} has the suffix {suffix!r}; accelerograms go to {', '.join(writers)}"
        )
    given = waveforms.acceleration
    if given.ndim != 4 or given.shape[0] != len(scenarios) or given.shape[2] != 3:
        raise DataError(
            f"accelerograms have shape {given.shape}; {len(scenarios)} scenarios need "
            f"({len(scenarios)}, n, 3, n_samples)"
        )
    if not np.isfinite(given).all():
        raise DataError("accelerograms hold NaN or infinity; do not write them")
    make_folder(path.parent)
    return writers[suffix](waveforms, scenarios, path, f"{SYNTHETIC} ({made_by})")


def write_records(
    records: Iterable[LabelledRecord], path: Path, *, kind: str = REAL
) -> pd.DataFrame:
    """Write a set of records as HDF5 with its CSV beside it, and return the table.

    Parameters
    ----------
    records
        Read once, one at a time.
    path
        ``X.h5``; the table becomes ``X.csv``. :func:`~mainshock.shaking.records.open_records`
        opens the pair.
    kind
        ``REAL ...`` or ``SYNTHETIC ...``, in the file's attribute of that name.

    Raises
    ------
    NothingFoundError
        If there is no record.
    DataError
        If ``kind`` or the suffix is neither, or a record cannot be.
    SourceError
        If a file cannot be written.

    Notes
    -----
    ``waveforms/REC_ID`` has the shape ``(3, n_samples)``, float32 in m/s^2 (``scale`` is 1), with
    ``sampling_rate`` and ``components``. Both files appear, or neither.
    """
    if not kind.startswith((SYNTHETIC, "REAL")):
        raise DataError(f"kind is {kind!r}; it must begin with {SYNTHETIC} or REAL")
    if path.suffix != ".h5":
        raise DataError(f"{path} has the suffix {path.suffix!r}; a set of records ends in .h5")
    make_folder(path.parent)
    rows: list[dict[str, Any]] = []
    with replacing(path.with_suffix(".csv")) as table_path, replacing(path) as temporary:
        with h5py.File(temporary, "w") as file:
            file.attrs["kind"], file.attrs["units"] = kind, "m/s^2 = sample * scale attribute"
            file.attrs["order"] = "component, sample"
            group = file.create_group("waveforms")
            for rec_id, one in _named(records):
                _add(group, rec_id, one)
                rows.append(_row(rec_id, one))
        if not rows:
            raise NothingFoundError("no record is left to write; see what was left out and why")
        table = pd.DataFrame(rows)
        table.to_csv(table_path, index=False)
    return table


def _named(records: Iterable[LabelledRecord]) -> Iterator[tuple[str, LabelledRecord]]:
    for number, one in enumerate(records):
        source = str(one.row.get("source", "record")).replace("/", "_")
        yield f"{source}_{number:06d}", one


def _add(group: h5py.Group, rec_id: str, one: LabelledRecord) -> None:
    samples = one.record.acceleration
    if samples.ndim != 2 or samples.shape[0] != 3 or samples.shape[1] == 0:
        raise DataError(f"{one.name} has shape {samples.shape}; a record is (3, n_samples)")
    if not np.isfinite(samples).all():
        raise DataError(f"{one.name} holds NaN or infinity; leave it out or fill the gap")
    data = group.create_dataset(
        rec_id, data=samples.astype(np.float32), compression="gzip", shuffle=True
    )
    data.attrs["scale"], data.attrs["sampling_rate"] = 1.0, one.record.sampling_rate_hz
    data.attrs["components"] = one.row.get("components", "".join(COMPONENTS))


def _row(rec_id: str, one: LabelledRecord) -> dict[str, Any]:
    own = {
        "rec_id": rec_id,
        "sampling_rate": one.record.sampling_rate_hz,
        "npts": one.record.acceleration.shape[1],
        "t0_rel_origin_s": one.record.start_rel_origin_s,
        "from": Path(one.name).name,
    }
    return {"rec_id": rec_id, **one.row, **own}


def _write_hdf5(
    waveforms: Waveforms, scenarios: Scenarios, path: Path, kind: str
) -> tuple[Path, ...]:
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset(
            "acceleration",
            data=waveforms.acceleration.astype(np.float32),
            chunks=(1, *waveforms.acceleration.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        file.attrs.update(_attributes(waveforms, kind))
        group = file.create_group("scenarios")
        for one in fields(scenarios):
            values = getattr(scenarios, one.name)
            is_text = values.dtype.kind == "U"
            group.create_dataset(
                one.name,
                data=values.astype(object) if is_text else values,
                dtype=_TEXT if is_text else None,
            )
    return (path,)


def _write_npz(
    waveforms: Waveforms, scenarios: Scenarios, path: Path, kind: str
) -> tuple[Path, ...]:
    arrays: dict[str, Any] = {"acceleration": waveforms.acceleration}
    arrays |= {one.name: getattr(scenarios, one.name) for one in fields(scenarios)}
    arrays |= {name: np.array(value) for name, value in _attributes(waveforms, kind).items()}
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)
    return (path,)


def _attributes(waveforms: Waveforms, kind: str) -> dict[str, str | float]:
    return {
        "sampling_rate_hz": float(waveforms.sampling_rate_hz),
        "start_rel_origin_s": float(waveforms.start_rel_origin_s),
        "units": _UNITS,
        "components": "".join(COMPONENTS),
        "kind": kind,
    }
