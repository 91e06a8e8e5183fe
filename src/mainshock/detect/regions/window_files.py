"""Files of single windows for the eye and for other programs: pictures and miniSEED."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import obspy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.records import COMPONENTS
from mainshock.detect.regions.cut import CutWindow
from mainshock.detect.regions.streams import InstrumentRecord

__all__ = ["file_name", "plot_window", "save_window_plot", "write_window_mseed"]

_INK = "#222222"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_TURNED = ("Z", "1", "2")


def file_name(text: str, suffix: str) -> str:
    """Return a name for a file with only letters, digits, dots, dashes and underscores.

    Examples
    --------
    >>> file_name("quakeml:us/7000abcd", ".png")
    'quakeml_us_7000abcd.png'
    """
    return _UNSAFE.sub("_", text).strip("._")[:120] + suffix


def write_window_mseed(
    folder: Path, window: CutWindow, record: InstrumentRecord, sampling_rate_hz: float
) -> Path:
    """Write a window as miniSEED, one record a component, and return the file.

    Samples that are whole numbers are stored as integers (Steim-2), others as 32-bit floats.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    letters = _TURNED if window.is_turned else COMPONENTS
    network, station, location, instrument = record.key
    header = {
        "network": network,
        "station": station,
        "location": location,
        "sampling_rate": sampling_rate_hz,
        "starttime": obspy.UTCDateTime(window.start),
    }
    is_whole = bool((window.samples == np.round(window.samples)).all())
    samples = window.samples.astype(np.int32) if is_whole else window.samples
    stream = obspy.Stream(
        obspy.Trace(np.ascontiguousarray(row), {**header, "channel": instrument + letter})
        for row, letter in zip(samples, letters, strict=True)
    )
    path = make_folder(folder) / file_name(window.request.name, ".mseed")
    try:
        with replacing(path) as temporary:
            stream.write(str(temporary), format="MSEED")
    except ValueError as error:
        raise SourceError(f"cannot write {path}: {error}") from error
    return path


def plot_window(
    samples: Mapping[str, NDArray[np.float32]],
    sampling_rate_hz: float,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Return the axes of a record section: components Z, N, E, one set of traces beside another.

    Parameters
    ----------
    samples
        Label and samples of shape ``(3, n_samples)`` of up to three sets; each component of each
        set is scaled to its own largest deviation, which the label states.
    sampling_rate_hz
        Of all sets.
    title
        Stands above.
    ax
        Axes to draw on; a figure is made where there is none.
    """
    axes = ax if ax is not None else Figure(figsize=(8.0, 4.2), layout="constrained").subplots()
    colours = (_INK, "#D55E00", "#0072B2")
    for (label, traces), colour in zip(samples.items(), colours, strict=False):
        time_s = np.arange(traces.shape[1]) / sampling_rate_hz
        for index in range(3):
            trace = traces[index].astype(np.float64)
            trace = trace - float(np.median(trace))
            largest = max(float(np.abs(trace).max()), 1e-30)
            shown = label if index == 0 else None
            axes.plot(time_s, 0.45 * trace / largest - index, colour, lw=0.7, label=shown)
            if len(samples) == 1:
                axes.annotate(
                    f"{largest:.4g}",
                    (1.01, -index),
                    xycoords=axes.get_yaxis_transform(),
                    va="center",
                    fontsize=8,
                    color="#666666",
                )
    axes.set_yticks([0, -1, -2], list(COMPONENTS))
    axes.set_ylim(-2.55, 0.55)
    axes.set_xlim(0.0, time_s[-1])
    axes.set_xlabel("time in the window (s)")
    axes.set_title(title, loc="left", fontsize=10)
    if len(samples) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0.6, 1.0), ncols=2, frameon=False)
    return axes


def save_window_plot(
    path: Path,
    samples: Mapping[str, NDArray[np.float32]],
    sampling_rate_hz: float,
    title: str,
) -> None:
    """Write the picture of a window, 120 dots an inch.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    make_folder(path.parent)
    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    plot_window(samples, sampling_rate_hz, title, figure.subplots())
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
