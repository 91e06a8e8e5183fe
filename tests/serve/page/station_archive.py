"""An archive with a case's records and noise before them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from mainshock.core.times import to_posix_s
from mainshock.pipeline.results import CaseResult
from mainshock.sources.fragments import Fragment, FragmentHeader
from mainshock.sources.miniseed_records import encode_records

NOISE_S = 5400  # archived before the case's records begin


def write_archive(root: Path, case: CaseResult, rng: np.random.Generator) -> None:
    """Write the case's records, and an hour and a half of noise with a gap before each."""
    for one in case.waveforms:
        start = one.start - timedelta(seconds=NOISE_S)
        n_noise = round(NOISE_S * one.sampling_rate_hz)
        for letter, is_there, samples in zip("ZNE", one.has_component, one.samples, strict=True):
            if not is_there:
                continue
            channel = f"{one.instrument}{letter}"
            noise = rng.normal(0.0, 20.0, n_noise)
            whole = np.rint(np.concatenate([noise, samples])).astype(np.int32)
            gap = slice(n_noise // 2, n_noise // 2 + round(90 * one.sampling_rate_hz))
            folder = root / f"{start:%Y}" / one.network / one.station / f"{channel}.D"
            folder.mkdir(parents=True, exist_ok=True)
            header = FragmentHeader(
                one.network,
                one.station,
                one.location,
                channel,
                round(to_posix_s(start) * 1e9),
                one.sampling_rate_hz,
                0,
            )
            records = []
            for first, past_last in ((0, gap.start), (gap.stop, whole.size)):
                part = replace(
                    header,
                    start_ns=header.start_ns + round(first / one.sampling_rate_hz * 1e9),
                    n_samples=past_last - first,
                )
                records += encode_records(Fragment(part, whole[first:past_last]))
            name = f"{header.trace_id}.D.{start:%Y}.{start:%j}"
            (folder / name).write_bytes(b"".join(records))
