"""Reads the fragments in one waveform file of any format."""

import glob
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import obspy
from pymseed import MiniSEEDError

from mainshock.core.errors import SourceError
from mainshock.sources.fragments import Fragment, FragmentHeader, InstrumentKey, TimeWindow
from mainshock.sources.miniseed import is_miniseed, read_miniseed, scan_miniseed

__all__ = ["is_obspy_example", "read_fragments", "scan_fragments"]


def is_obspy_example(path: Path) -> bool:
    """Return whether a file is the record that ``obspy.read()`` returns without arguments.

    ObsPy keeps its samples in an archive of arrays and the codes and times in its own source, so
    only ObsPy itself can read it.
    """
    return path.name == "example.npz" and path.parent.parts[-3:] == ("obspy", "core", "data")


def _read_with_obspy(path: Path, *, headers_only: bool) -> Any:  # an ObsPy Stream; it has no types
    """Return the stream in a file, or raise SourceError for whatever the reader stumbles over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a reader's doubts about a header help nobody here
            if is_obspy_example(path):
                return obspy.read(headonly=headers_only)
            return obspy.read(glob.escape(str(path)), headonly=headers_only)
    except Exception as error:  # ObsPy's 30 readers raise errors of every type
        raise SourceError(_obspy_reason(error)) from error


def _obspy_reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, TypeError) and text.startswith("Unknown format"):
        return "no waveform format that ObsPy knows"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _header(trace: Any) -> FragmentHeader:
    stats = trace.stats
    return FragmentHeader(
        stats.network.strip(),
        stats.station.strip(),
        stats.location.strip().replace("--", ""),
        stats.channel.strip(),
        int(stats.starttime.ns),
        float(stats.sampling_rate),
        int(stats.npts),
    )


def _require_content(path: Path) -> None:
    try:
        if path.stat().st_size == 0:
            raise SourceError("file is empty")
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"file cannot be read: {error.strerror}") from error


def scan_fragments(path: Path) -> list[FragmentHeader]:
    """Return what a waveform file holds without reading its samples.

    Raises
    ------
    SourceError
        If no reader understands the file; the text is the reason alone.
    """
    _require_content(path)
    try:
        if is_miniseed(path):
            return scan_miniseed(path)
    except MiniSEEDError:
        pass  # looked like miniSEED and is none: ObsPy may know better
    except OSError as error:
        raise SourceError(f"file cannot be read: {error.strerror}") from error
    return [_header(trace) for trace in _read_with_obspy(path, headers_only=True)]


def read_fragments(
    path: Path, key: InstrumentKey | None = None, window: TimeWindow | None = None
) -> tuple[list[Fragment], str]:
    """Return the fragments in a waveform file, and what was wrong with it.

    Parameters
    ----------
    path
        A file in miniSEED or any format that ObsPy reads.
    key
        Return only this instrument.
    window
        Return only samples inside this window.

    Returns
    -------
    list of Fragment, str
        The text is empty for a sound file, and says what was lost in a damaged one.

    Raises
    ------
    SourceError
        If no reader understands the file; the text is the reason alone.
    """
    _require_content(path)
    found = _read_as_miniseed(path, key, window)
    fragments, problem = found or ([], "")
    if found is None or (problem and not fragments):
        try:
            stream = _read_with_obspy(path, headers_only=False)
        except SourceError as error:
            raise SourceError(problem or str(error)) from error
        problem = ""
        every = (Fragment(_header(trace), _plain(trace.data)) for trace in stream)
        fragments = [one for one in every if key is None or one.header.key == key]
    if window is None:
        return fragments, problem
    trimmed = (fragment.trimmed(window) for fragment in fragments)
    return [fragment for fragment in trimmed if fragment is not None], problem


def _read_as_miniseed(
    path: Path, key: InstrumentKey | None, window: TimeWindow | None
) -> tuple[list[Fragment], str] | None:
    """Return fragments and what was wrong, or None for a file that is not miniSEED."""
    try:
        return read_miniseed(path, key, window) if is_miniseed(path) else None
    except OSError as error:
        raise SourceError(f"file cannot be read: {error.strerror}") from error


def _plain(samples: Any) -> Any:
    """Return an array without mask; masked samples become NaN, which is a gap later on."""
    if isinstance(samples, np.ma.MaskedArray):
        return np.ma.filled(samples.astype(np.float64), np.nan)
    return np.asarray(samples)
