"""Files of single windows for the eye and for other programs: pictures and miniSEED."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import obspy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from mainshock.core.errors import SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.records import COMPONENTS
from mainshock.detect.regions.cut import CutWindow
from mainshock.detect.regions.streams import InstrumentRecord

__all__ = ["file_name", "plot_window", "save_window_plot", "write_window_mseed"]

_INK = "#222222"
_MARKS = ("#0072B2", "#D55E00", "#009E73")
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
    *,
    highpass_hz: float | None = None,
    marks: Mapping[str, float] | None = None,
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
    highpass_hz
        What is drawn is high-passed here without delay, which the axis states; None draws the
        samples as they are. It is left out where the rate is too low.
    marks
        Label and seconds in the window of lines across all traces; those outside are not drawn.
    """
    axes = ax if ax is not None else Figure(figsize=(8.0, 4.2), layout="constrained").subplots()
    colours = (_INK, "#D55E00", "#0072B2")
    for (label, traces), colour in zip(samples.items(), colours, strict=False):
        time_s = np.arange(traces.shape[1]) / sampling_rate_hz
        for index in range(3):
            trace = _shown(traces[index], sampling_rate_hz, highpass_hz)
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
    is_filtered = _can_filter(sampling_rate_hz, highpass_hz)
    told = f"; traces high-passed at {highpass_hz:g} Hz" if is_filtered else ""
    axes.set_xlabel(f"time in the window (s){told}")
    _draw_marks(axes, marks or {}, float(time_s[-1]))
    axes.set_title(title, loc="left", fontsize=10)
    if len(samples) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0.6, 1.0), ncols=2, frameon=False)
    return axes


def _can_filter(sampling_rate_hz: float, highpass_hz: float | None) -> bool:
    return highpass_hz is not None and highpass_hz < 0.4 * sampling_rate_hz


def _shown(
    samples: NDArray[np.float32], sampling_rate_hz: float, highpass_hz: float | None
) -> NDArray[np.float64]:
    """Return a trace about zero, as it is drawn."""
    trace = samples.astype(np.float64) - float(np.median(samples))
    if highpass_hz is None or not _can_filter(sampling_rate_hz, highpass_hz):
        return trace
    sections = butter(2, highpass_hz, "highpass", fs=sampling_rate_hz, output="sos")
    padding = min(trace.size - 1, round(2.0 * sampling_rate_hz / highpass_hz))
    return np.array(sosfiltfilt(sections, trace, padlen=padding), dtype=np.float64)


def _draw_marks(axes: Axes, marks: Mapping[str, float], end_s: float) -> None:
    for (label, at_s), colour in zip(marks.items(), _MARKS, strict=False):
        if not 0.0 <= at_s <= end_s:
            continue
        axes.axvline(at_s, color=colour, lw=1.1, ls="--", zorder=1.5)
        is_late = at_s > 0.8 * end_s
        axes.annotate(
            label,
            (at_s, 0.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-4 if is_late else 4, 4),
            textcoords="offset points",
            ha="right" if is_late else "left",
            color=colour,
            fontsize=9,
            path_effects=[withStroke(linewidth=3.0, foreground="white")],
        )


def save_window_plot(
    path: Path,
    samples: Mapping[str, NDArray[np.float32]],
    sampling_rate_hz: float,
    title: str,
    *,
    highpass_hz: float | None = None,
    marks: Mapping[str, float] | None = None,
) -> None:
    """Write the picture of a window, 120 dots an inch; see ``plot_window``.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    make_folder(path.parent)
    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    axes = figure.subplots()
    plot_window(samples, sampling_rate_hz, title, axes, highpass_hz=highpass_hz, marks=marks)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
