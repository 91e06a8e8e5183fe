"""Joins records of a few samples into fuller ones before they are written."""

from collections.abc import Iterator, Sequence

import numpy as np

from mainshock.core.errors import DataError
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import decode_record, encode_records
from mainshock.stream.ingest.timeline import same_rate

__all__ = ["FULL_LENGTH", "packed"]

FULL_LENGTH = 512
"""Records of fewer bytes are joined, up to so many."""

_CLOSE_FIT = 0.25  # of a sample: by so much may joining change a sample's time
_ShortRecord = tuple[bytes, Fragment | None]


def packed(records: Sequence[_ShortRecord]) -> list[bytes]:
    """Return records in which those that continue each other are joined.

    Parameters
    ----------
    records
        Bytes in order of time, with what they hold where they may be joined with their neighbours.

    Returns
    -------
    list of bytes
        All samples, in the same order; the last record of joined ones is as short as can be.
    """
    payloads: list[bytes] = []
    for run in _runs(records):
        originals = [payload for payload, _ in run]
        parts = [fragment for _, fragment in run if fragment is not None]
        payloads += originals if len(run) == 1 else _joined(parts, originals)
    return payloads


def _runs(records: Sequence[_ShortRecord]) -> Iterator[list[_ShortRecord]]:
    run: list[_ShortRecord] = []
    n_samples = 0
    for payload, fragment in records:
        if run and not _continues(run[0][1], n_samples, fragment):
            yield run
            run, n_samples = [], 0
        run.append((payload, fragment))
        n_samples += 0 if fragment is None else fragment.header.n_samples
    if run:
        yield run


def _continues(first: Fragment | None, n_samples: int, other: Fragment | None) -> bool:
    """Return whether a fragment follows so many samples that begin with another fragment."""
    if first is None or other is None or first.samples.dtype != other.samples.dtype:
        return False
    rate_hz = first.header.sampling_rate_hz
    late = (other.header.start_ns - first.header.start_ns) / NANOSECONDS * rate_hz - n_samples
    return abs(late) <= _CLOSE_FIT and same_rate(rate_hz, other.header.sampling_rate_hz)


def _joined(parts: Sequence[Fragment], originals: list[bytes]) -> list[bytes]:
    header = parts[0].header
    samples = np.concatenate([one.samples for one in parts])
    joined = FragmentHeader(
        header.network,
        header.station,
        header.location,
        header.channel,
        header.start_ns,
        header.sampling_rate_hz,
        len(samples),
    )
    try:
        *full, last = encode_records(Fragment(joined, samples), FULL_LENGTH)
    except DataError:  # neighbours too far apart for the compression
        return originals
    return [*full, _shortest(last)]


def _shortest(record: bytes) -> bytes:
    fragment = decode_record(record)
    for length in (FULL_LENGTH // 4, FULL_LENGTH // 2):
        shorter = encode_records(fragment, length)
        if len(shorter) == 1:
            return shorter[0]
    return record
