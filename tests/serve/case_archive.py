"""The records of a case as an archive, for tests of what a service reads of it."""

from pathlib import Path

import numpy as np

from mainshock.pipeline.results import CaseResult
from mainshock.sources.fragments import Fragment, FragmentHeader, ns_from_datetime
from mainshock.sources.miniseed_records import encode_records


def write_records(root: Path, case: CaseResult) -> None:
    """Write all records of a case to an SDS archive, in whole counts."""
    for one in case.waveforms:
        codes = (one.network, one.station, one.location)
        for letter, samples in zip("ZNE", one.samples, strict=True):
            channel = f"{one.instrument}{letter}"
            start_ns = ns_from_datetime(one.start)
            header = FragmentHeader(*codes, channel, start_ns, one.sampling_rate_hz, samples.size)
            folder = root / f"{one.start:%Y}" / one.network / one.station / f"{channel}.D"
            folder.mkdir(parents=True, exist_ok=True)
            counts = Fragment(header, np.round(samples).astype(np.int32))
            path = folder / f"{header.trace_id}.D.{one.start:%Y.%j}"
            path.write_bytes(b"".join(encode_records(counts)))
