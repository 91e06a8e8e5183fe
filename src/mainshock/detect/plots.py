"""Record sections: traces, picks with their uncertainty, and probability curves under them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import SECONDLY, AutoDateLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from mainshock.core.errors import DataError
from mainshock.core.records import COMPONENTS, Pick, Waveform
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.detect.base import ProbabilityCurves
from mainshock.signal.filters import demean

__all__ = ["PHASE_COLOURS", "plot_record_section"]

PHASE_COLOURS = {"P": "#0072B2", "S": "#D55E00"}
FloatArray = NDArray[np.float64]
_PHASE_LINES: dict[str, Literal["-", "--"]] = {"P": "-", "S": "--"}
_TRACE_COLOUR = "#333333"
_QUIET = "#767676"
_SECONDS_PER_DAY = 86_400.0
_ENVELOPE_BINS = 1200
_MARGIN_S = 20.0  # of record kept around the window, so that the filter settles outside it
_CURVE_HEIGHT = 0.62
_STATION_GAP = 0.34
_MOST_ROWS = 14
_CURVE_LABEL = "probability, 0 to 1"
_LABELLED_SPAN_S = 60.0  # in longer windows P and S stand too close for letters


@dataclass(frozen=True, slots=True)
class _Window:
    """The stretch of time shown, seconds since 1970."""

    start_s: float
    end_s: float

    @property
    def span_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class _Panel:
    """The rows of one waveform: where they stand and which components they show."""

    waveform: Waveform
    components: tuple[int, ...]
    top: float
    has_curves: bool

    @property
    def curve_base(self) -> float:
        return self.top + len(self.components) + _CURVE_HEIGHT - 0.5

    @property
    def bottom(self) -> float:
        rows = self.top + len(self.components) - 0.5
        return self.curve_base if self.has_curves else rows


def plot_record_section(
    waveforms: Sequence[Waveform],
    curves: Mapping[str, ProbabilityCurves],
    picks: Sequence[Pick],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    distances_km: Mapping[str, float] | None = None,
    event_id: str | None = None,
    highpass_hz: float | None = 1.0,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Return a record section: each station's traces, its picks, and how probable P and S are.

    Parameters
    ----------
    waveforms, curves
        Records, and probability curves by ``Waveform.trace_id`` where there are any.
    picks
        Drawn on the traces of their station, with a band of one standard deviation.
    start, end
        The window, UTC; by default from the first sample to the last.
    distances_km
        Distance by station code ``NET.STA``; nearest on top. Stations without one follow by code.
    event_id
        Picks of other events, and of none, are drawn faintly. None: all are drawn alike.
    highpass_hz
        Corner of the high-pass (Butterworth, order 2, zero phase) applied for display, or None.
    title, ax
        Text above the section, and axes to draw on; by default those of a new figure.

    Returns
    -------
    Axes
        Each trace is scaled to its largest value in the window. Components that were not recorded
        are left out; so are horizontals where the section would have more than 14 rows.

    Raises
    ------
    DataError
        If no waveform lies in the window.
    """
    window = _window(waveforms, start, end)
    panels = _panels(waveforms, curves, window, distances_km or {})
    if not panels:
        raise DataError(
            f"none of {len(waveforms)} waveforms has samples between {start} and {end}; "
            "widen the window"
        )
    axes = _new_axes(panels[-1].bottom) if ax is None else ax
    for panel in panels:
        _draw_traces(axes, panel, window, highpass_hz)
        _draw_gaps(axes, panel, window)
        if panel.has_curves:
            _draw_curves(axes, panel, curves[panel.waveform.trace_id], window)
        _draw_picks(axes, panel, _of_station(picks, panel.waveform), window, event_id)
    _label_rows(axes, panels, distances_km or {})
    _finish(axes, panels, window, title, highpass_hz)
    return axes


def _window(waveforms: Sequence[Waveform], start: datetime | None, end: datetime | None) -> _Window:
    if not waveforms:
        raise DataError("there are no waveforms to plot; give at least one")
    first = start or min(waveform.start for waveform in waveforms)
    last = end or max(waveform.end for waveform in waveforms)
    if last <= first:
        raise DataError(f"the window ends at {last}, before its start at {first}")
    return _Window(to_posix_s(first), to_posix_s(last))


def _sample_range(waveform: Waveform, window: _Window, margin_s: float) -> tuple[int, int]:
    """Return the samples of the waveform inside the window."""
    offset_s = to_posix_s(waveform.start)
    rate_hz = waveform.sampling_rate_hz
    first = int(np.ceil((window.start_s - margin_s - offset_s) * rate_hz))
    past_last = int(np.floor((window.end_s + margin_s - offset_s) * rate_hz)) + 1
    return max(first, 0), min(past_last, waveform.n_samples)


def _panels(
    waveforms: Sequence[Waveform],
    curves: Mapping[str, ProbabilityCurves],
    window: _Window,
    distances_km: Mapping[str, float],
) -> list[_Panel]:
    def shown(waveform: Waveform) -> bool:
        first, past_last = _sample_range(waveform, window, 0.0)
        return past_last - first > 1

    def order(waveform: Waveform) -> tuple[float, str]:
        code = f"{waveform.network}.{waveform.station}"
        return distances_km.get(code, np.inf), waveform.trace_id

    present = sorted(filter(shown, waveforms), key=order)
    n_rows = sum(sum(waveform.has_component) for waveform in present)
    panels: list[_Panel] = []
    top = 0.0
    for waveform in present:
        recorded = tuple(i for i in range(3) if waveform.has_component[i])
        rows = recorded if n_rows <= _MOST_ROWS else recorded[:1]
        panel = _Panel(waveform, rows, top, waveform.trace_id in curves)
        panels.append(panel)
        top = panel.bottom + 0.5 + _STATION_GAP
    return panels


def _new_axes(bottom: float) -> Axes:
    height_in = float(np.clip(0.9 + 0.52 * (bottom + 1.0), 2.6, 16.0))
    figure = Figure(figsize=(10.0, height_in), layout="constrained")
    return figure.add_subplot()


def _dates(seconds: FloatArray | float) -> FloatArray:
    return np.asarray(seconds, dtype=np.float64) / _SECONDS_PER_DAY


def _draw_traces(axes: Axes, panel: _Panel, window: _Window, highpass_hz: float | None) -> None:
    waveform = panel.waveform
    first, past_last = _sample_range(waveform, window, _MARGIN_S)
    inner_first, inner_past_last = _sample_range(waveform, window, 0.0)
    inner = slice(inner_first - first, inner_past_last - first)
    times_s = to_posix_s(waveform.start) + (
        np.arange(inner_first, inner_past_last) / waveform.sampling_rate_hz
    )
    for row, component in enumerate(panel.components):
        centred = demean(waveform.samples[component].astype(np.float64), waveform.gaps)
        kept = np.asarray(centred[first:past_last], dtype=np.float64)
        shown = _highpass(kept, waveform.sampling_rate_hz, highpass_hz)[inner]
        scale = float(np.abs(shown).max()) or 1.0
        at_s, values = _envelope(times_s, shown / scale)
        axes.plot(_dates(at_s), panel.top + row - 0.46 * values, color=_TRACE_COLOUR, linewidth=0.6)


def _highpass(
    samples: FloatArray, sampling_rate_hz: float, highpass_hz: float | None
) -> FloatArray:
    """Return samples high-passed without delay where the rate and the length allow it."""
    if highpass_hz is None or highpass_hz >= 0.4 * sampling_rate_hz or len(samples) < 16:
        return samples
    sections = butter(2, highpass_hz, "highpass", fs=sampling_rate_hz, output="sos")
    padding = min(len(samples) - 1, int(2.0 * sampling_rate_hz / highpass_hz))
    return np.array(sosfiltfilt(sections, samples, padlen=padding), dtype=np.float64)


def _envelope(times_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest value of each bin where there are too many to draw."""
    step = len(values) // _ENVELOPE_BINS
    if step < 3:
        return times_s, values
    n = len(values) // step * step
    blocks = values[:n].reshape(-1, step)
    pairs = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)
    return np.repeat(times_s[:n:step], 2), pairs.ravel()


def _draw_gaps(axes: Axes, panel: _Panel, window: _Window) -> None:
    waveform = panel.waveform
    offset_s = to_posix_s(waveform.start)
    for first, past_last in waveform.gaps:
        left_s = max(offset_s + first / waveform.sampling_rate_hz, window.start_s)
        right_s = min(offset_s + past_last / waveform.sampling_rate_hz, window.end_s)
        if right_s > left_s:
            axes.fill_between(
                _dates(np.array([left_s, right_s])),
                panel.top - 0.5,
                panel.top + len(panel.components) - 0.5,
                facecolor="#eeeeee",
                edgecolor="#bbbbbb",
                hatch="////",
                linewidth=0.0,
                zorder=1.5,
            )


def _draw_curves(axes: Axes, panel: _Panel, curves: ProbabilityCurves, window: _Window) -> None:
    rate_hz = curves.sampling_rate_hz
    times_s = to_posix_s(curves.start) + np.arange(curves.probability.shape[1]) / rate_hz
    inside = (times_s >= window.start_s) & (times_s <= window.end_s)
    base = panel.curve_base
    for phase, values in zip(curves.phases, curves.probability, strict=True):
        if phase not in PHASE_COLOURS:
            continue
        at_s, shown = _highest(times_s[inside], values[inside].astype(np.float64))
        dates = _dates(at_s)
        top = base - (_CURVE_HEIGHT - 0.08) * shown
        colour = PHASE_COLOURS[phase]
        axes.fill_between(dates, base, top, color=colour, alpha=0.25, linewidth=0.0)
        axes.plot(dates, top, color=colour, linewidth=0.8, linestyle=_PHASE_LINES[phase])
    edges = _dates(np.array([window.start_s, window.end_s]))
    axes.hlines([base], *edges, color="#bbbbbb", linewidth=0.5)
    certain = base - (_CURVE_HEIGHT - 0.08)
    axes.hlines([certain], *edges, color="#bbbbbb", linewidth=0.5, linestyle=":")


def _highest(times_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the highest value of each bin where there are too many to draw; NaN counts as 0."""
    known = np.nan_to_num(values, nan=0.0)
    step = len(known) // _ENVELOPE_BINS
    if step < 2:
        return times_s, known
    n = len(known) // step * step
    return times_s[:n:step], known[:n].reshape(-1, step).max(axis=1)


def _of_station(picks: Iterable[Pick], waveform: Waveform) -> list[Pick]:
    return [
        pick
        for pick in picks
        if pick.station == waveform.station
        and (not pick.network or not waveform.network or pick.network == waveform.network)
    ]


def _draw_picks(
    axes: Axes, panel: _Panel, picks: Sequence[Pick], window: _Window, event_id: str | None
) -> None:
    top, bottom = panel.top - 0.5, panel.bottom
    for pick in picks:
        time_s = to_posix_s(pick.time)
        if not window.start_s <= time_s <= window.end_s:
            continue
        is_faint = event_id is not None and pick.event_id != event_id
        colour = PHASE_COLOURS[pick.phase]
        band = _dates(np.array([time_s - pick.sigma_s, time_s + pick.sigma_s]))
        axes.fill_between(
            band, top, bottom, color=colour, alpha=0.10 if is_faint else 0.25, linewidth=0.0
        )
        axes.vlines(
            [_dates(time_s)],
            top,
            bottom,
            color=colour,
            linewidth=0.8 if is_faint else 1.3,
            linestyle=_PHASE_LINES[pick.phase],
            alpha=0.45 if is_faint else 1.0,
        )
        if window.span_s > _LABELLED_SPAN_S:
            continue
        axes.annotate(
            pick.phase,
            (float(_dates(time_s)), top),
            xytext=(0.0, 1.0),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            fontweight="normal" if is_faint else "bold",
            color=colour,
            alpha=0.6 if is_faint else 1.0,
        )


def _label_rows(axes: Axes, panels: Sequence[_Panel], distances_km: Mapping[str, float]) -> None:
    ticks: list[float] = []
    labels: list[str] = []
    for panel in panels:
        waveform = panel.waveform
        for row, component in enumerate(panel.components):
            name = waveform.station if row == 0 else ""
            ticks.append(panel.top + row)
            labels.append(f"{name}  {COMPONENTS[component]}")
        if panel.has_curves:
            ticks.append(panel.curve_base - 0.5 * _CURVE_HEIGHT)
            labels.append(_CURVE_LABEL)
        distance = distances_km.get(f"{waveform.network}.{waveform.station}")
        if distance is not None:
            axes.annotate(
                f"{distance:.1f} km",
                (1.0, panel.top),
                xycoords=("axes fraction", "data"),
                xytext=(6.0, 0.0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=_QUIET,
            )
    axes.set_yticks(ticks, labels)
    for label in axes.get_yticklabels():
        is_curve = label.get_text() == _CURVE_LABEL
        label.set_fontsize(7 if is_curve else 9)
        label.set_color(_QUIET if is_curve else "#111111")


def _finish(
    axes: Axes, panels: Sequence[_Panel], window: _Window, title: str, highpass_hz: float | None
) -> None:
    axes.set_ylim(panels[-1].bottom + 0.2, -0.95)
    axes.set_xlim(*_dates(np.array([window.start_s, window.end_s])))
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    locator.intervald[SECONDLY] = [1, 2, 5, 10, 20, 30]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(FuncFormatter(_clock_format(window.span_s)))
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=9)
    axes.grid(visible=True, axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    date = utc_from_posix(window.start_s)
    shown = "" if highpass_hz is None else f"; traces high-passed at {highpass_hz:g} Hz for display"
    axes.set_xlabel(f"UTC on {date:%Y-%m-%d}{shown}", fontsize=9)
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(
        handles=_legend_handles(panels),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    )


def _legend_handles(panels: Sequence[_Panel]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linestyle=_PHASE_LINES[phase], label=f"{phase} pick")
        for phase, colour in PHASE_COLOURS.items()
    ]
    handles.append(Patch(color=_QUIET, alpha=0.35, label="± one standard deviation"))
    if any(panel.waveform.gaps for panel in panels):
        handles.append(Patch(facecolor="#eeeeee", edgecolor="#bbbbbb", hatch="////", label="gap"))
    return handles


def _clock_format(span_s: float) -> "_Clock":
    """Return a formatter of date numbers that shows fractions only where they matter."""
    return _Clock(decimals=0 if span_s > 8.0 else 1 if span_s > 0.8 else 2)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Hours, minutes and seconds of a date number."""

    decimals: int

    def __call__(self, value: float, position: int | None = None) -> str:
        del position  # matplotlib gives it; all labels look alike
        rounded = round(value * _SECONDS_PER_DAY, self.decimals)
        text = f"{utc_from_posix(rounded):%H:%M:%S.%f}"
        return text[: 8 + (self.decimals and self.decimals + 1)]
