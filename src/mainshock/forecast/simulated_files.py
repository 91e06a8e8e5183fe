"""Simulated catalogues in Parquet: one row an event, the window in the metadata."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import text_from_days

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_simulated", "simulated_to_table", "write_simulated"]

_FORMAT = 1
_KEY = b"mainshock.simulated"
_NUMBERS = ["time_days", "longitude", "latitude", "magnitude"]


def simulated_to_table(simulated: SimulatedCatalogues) -> "pa.Table":
    """Return simulated catalogues as an Arrow table, its metadata included.

    Columns are ``catalogue_id`` (int32), ``time_days`` after the start of the window (float64),
    ``longitude``, ``latitude`` (absent for models of times alone) and ``magnitude`` (float32).
    """
    import pyarrow as pa  # noqa: PLC0415

    columns: dict[str, object] = {
        "catalogue_id": simulated.catalogue,
        "time_days": simulated.time_days,
    }
    if simulated.longitude is not None and simulated.latitude is not None:
        columns["longitude"] = simulated.longitude
        columns["latitude"] = simulated.latitude
    columns["magnitude"] = simulated.magnitude
    document = {
        "format": _FORMAT,
        "is_simulated": True,
        "is_synthetic": simulated.is_synthetic,
        "start": text_from_days(simulated.start_days),
        "end": text_from_days(simulated.end_days),
        "start_days": simulated.start_days,
        "end_days": simulated.end_days,
        "n_catalogues": simulated.n_catalogues,
        "mc": simulated.mc,
        "seed": simulated.seed,
        "model": simulated.model,
    }
    return pa.table(columns, metadata={_KEY: json.dumps(document).encode()})


def write_simulated(path: Path, simulated: SimulatedCatalogues) -> None:
    """Write simulated catalogues as Parquet.

    Random numbers hardly compress: their bytes are regrouped and packed with LZ4, which costs
    little and saves about a quarter.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = simulated_to_table(simulated)
    numbers = [name for name in _NUMBERS if name in table.column_names]
    with replacing(path) as written:
        pq.write_table(
            table,
            written,
            compression="lz4",
            use_dictionary=["catalogue_id"],
            use_byte_stream_split=numbers,
        )


def read_simulated(path: Path) -> SimulatedCatalogues:
    """Return the simulated catalogues of :func:`write_simulated`, bit by bit as they were.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no simulated catalogues.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from error
    text = (table.schema.metadata or {}).get(_KEY)
    if text is None:
        raise DataError(f"{path} holds no simulated catalogues; make some with forecast simulate")
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise ValueError(f"form {document['format']}, while {_FORMAT} is known")
        columns = {
            name: table.column(name).to_numpy()
            for name in ("catalogue_id", *_NUMBERS)
            if name in table.column_names
        }
        return SimulatedCatalogues(
            start_days=float(document["start_days"]),
            end_days=float(document["end_days"]),
            n_catalogues=int(document["n_catalogues"]),
            mc=float(document["mc"]),
            catalogue=np.asarray(columns["catalogue_id"], dtype=np.int32),
            time_days=columns["time_days"],
            magnitude=columns["magnitude"],
            longitude=columns.get("longitude"),
            latitude=columns.get("latitude"),
            seed=int(document["seed"]),
            model=str(document["model"]),
            is_synthetic=bool(document["is_synthetic"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} holds no usable simulated catalogues: {error}") from error
