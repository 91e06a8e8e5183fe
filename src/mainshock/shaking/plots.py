"""Figures that compare models of shaking; safe for colour-blind readers, synthetic ones say so."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mainshock.shaking.evaluate import ALL_MEASURES, Evaluation
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, fas_name, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mainshock.shaking.compare_report import Attenuation, ModelMap

__all__ = [
    "SYNTHETIC",
    "plot_attenuation",
    "plot_bias_and_sd",
    "plot_correlation",
    "plot_duration",
    "plot_fit",
    "plot_maps",
    "plot_pit",
    "plot_quantiles",
    "plot_split",
    "plot_tsne",
    "plot_waveforms",
]

FloatArray = NDArray[np.float64]

SYNTHETIC = "SYNTHETIC: made-up records; not for design use"
# Okabe and Ito's colours, which colour-blind readers tell apart; markers and dashes differ too
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vPX"
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_MAP_COLOURS = "cividis"
_DISTANCES_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def plot_bias_and_sd(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw bias and standard deviation of residuals by frequency, 95 % intervals over events."""
    figure, (left, right) = _figure(2, evaluations)
    for number, one in enumerate(evaluations):
        frequencies = [f for f in FAS_FREQUENCIES_HZ if fas_name(f) in one.scores]
        scores = [one.scores[fas_name(f)] for f in frequencies]
        shifted = np.array(frequencies) * (1.0 + 0.02 * (number - len(evaluations) / 2))
        for axes, name in ((left, "bias"), (right, "sd")):
            middle = np.array([getattr(score, name) for score in scores])
            ends = np.array([getattr(score, f"{name}95") for score in scores]).reshape(-1, 2).T
            axes.errorbar(
                shifted, middle, np.maximum(np.abs(ends - middle), 0.0), **_look(number),
                label=one.name, capsize=2, linewidth=1.2, markersize=5,
            )  # fmt: skip
    left.axhline(0.0, color="#888888", linewidth=0.8)
    left.set_ylabel("bias of ln FAS (observed − predicted)")
    right.set_ylabel("standard deviation of ln FAS residuals")
    right.set_ylim(bottom=0.0)
    for axes in (left, right):
        _frequency_axis(axes)
    left.legend(fontsize=8)
    return figure


def plot_split(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw the parts of the variability by frequency: events, stations, single records."""
    names = {
        "tau": "τ, between events",
        "phi_s2s": "φS2S, between stations",
        "phi_ss": "φSS, single records",
    }
    figure, panels = _figure(3, evaluations)
    top = 0.0
    for axes, (name, title) in zip(panels, names.items(), strict=True):
        for number, one in enumerate(evaluations):
            frequencies = [f for f in FAS_FREQUENCIES_HZ if fas_name(f) in one.scores]
            splits = [one.scores[fas_name(f)].split for f in frequencies]
            values = np.array([getattr(split, name) for split in splits])
            errors = np.array([getattr(split, f"{name}_error") for split in splits])
            top = max(top, float(np.nanmax(values + np.nan_to_num(errors), initial=0.0)))
            shifted = np.array(frequencies) * (1.0 + 0.02 * (number - len(evaluations) / 2))
            axes.errorbar(
                shifted, values, errors, **_look(number), label=one.name, capsize=2,
                linewidth=1.2, markersize=4,
            )  # fmt: skip
        axes.set_title(title, fontsize=10)
        _frequency_axis(axes)
    for axes in panels:
        axes.set_ylim(0.0, 1.08 * top or 1.0)
    panels[0].set_ylabel("standard deviation of ln FAS ± standard error")
    panels[0].legend(fontsize=8)
    return figure


def plot_quantiles(evaluations: Sequence[Evaluation], measure: str) -> "Figure":
    """Draw quantiles of residual / predicted sd against those of the normal distribution."""
    figure, (axes,) = _figure(1, evaluations)
    axes.plot([-3.5, 3.5], [-3.5, 3.5], color="#888888", linewidth=0.8, label="calibrated")
    for number, one in enumerate(evaluations):
        if measure not in one.scores:
            continue
        values = np.sort(_standardised(one, measure))
        expected = special.ndtri((np.arange(values.size) + 0.5) / values.size)
        look = _look(number)
        axes.plot(expected, values, color=look["color"], linestyle=look["linestyle"],
                  label=one.name)  # fmt: skip
    axes.set_xlabel("quantile of the normal distribution")
    axes.set_ylabel(f"residual / predicted sd, {_said(measure)}")
    axes.set_ylim(-4.5, 4.5)
    axes.legend(fontsize=8)
    return figure


def plot_pit(evaluations: Sequence[Evaluation], measure: str) -> "Figure":
    """Draw histograms of where observations lie in their predicted distributions."""
    known = [one for one in evaluations if measure in one.scores]
    figure, panels = _figure(max(len(known), 1), evaluations, height=3.0)
    for number, (axes, one) in enumerate(zip(panels, known, strict=False)):
        position = special.ndtr(_standardised(one, measure))
        axes.hist(position, np.linspace(0.0, 1.0, 11).tolist(), density=True,
                  color=_look(number)["color"], alpha=0.75)  # fmt: skip
        axes.axhline(1.0, color="#888888", linewidth=1.0, linestyle="--")
        axes.set_title(one.name, fontsize=10)
        axes.set_xlabel("PIT")
    panels[0].set_ylabel(f"density, {_said(measure)}")
    return figure


def plot_correlation(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw correlations between frequencies: observed above the diagonal, sampled below it."""
    figure, panels = _figure(len(evaluations), evaluations, height=3.6)
    image = None
    for axes, one in zip(panels, evaluations, strict=True):
        above = np.triu(np.ones((len(FAS_FREQUENCIES_HZ),) * 2, dtype=bool), 1)
        matrix = np.where(above, one.correlation_observed, one.correlation_model)
        np.fill_diagonal(matrix, np.nan)
        image = axes.imshow(matrix, vmin=0.0, vmax=1.0, cmap="viridis")
        labels = [f"{f:g}" for f in FAS_FREQUENCIES_HZ]
        axes.set_xticks(range(len(labels)), labels, fontsize=8)
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.set_title(one.name, fontsize=10)
        axes.set_xlabel("frequency, Hz")
    panels[0].set_ylabel("frequency, Hz")
    if image is not None:
        figure.colorbar(image, ax=list(panels), label="correlation", shrink=0.85)
    return figure


def plot_attenuation(
    curves: "Sequence[Attenuation]", evaluations: Sequence[Evaluation]
) -> "Figure":
    """Draw medians against distance for one magnitude, with records of like magnitude."""
    figure, panels = _figure(len(curves), evaluations)
    for axes, curve in zip(panels, curves, strict=True):
        axes.scatter(curve.observed_km, curve.observed, s=9, color="#999999", linewidths=0,
                     label=f"records, M {curve.magnitude:.1f} ± 0.3")  # fmt: skip
        for number, (name, line) in enumerate(curve.medians.items()):
            look = _look(number)
            axes.plot(curve.distance_km, line, color=look["color"], linestyle=look["linestyle"],
                      label=name)  # fmt: skip
        axes.set_xscale("log")
        shown = [one for one in _DISTANCES_KM if axes.get_xlim()[0] <= one <= axes.get_xlim()[1]]
        axes.set_xticks(shown, [f"{one:g}" for one in shown])
        axes.minorticks_off()
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_xlabel("hypocentral distance, km")
        axes.set_ylabel(_said(curve.measure))
    panels[0].legend(fontsize=8)
    return figure


def plot_duration(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw the spread of ln(observed / generated) of durations, and onset errors."""
    known = [one for one in evaluations if one.waveforms is not None]
    figure, panels = _figure(3, evaluations, height=3.2)
    shown = (
        ("ln_d5_75", "ln(observed / generated), D5-75"),
        ("ln_d5_95", "ln(observed / generated), D5-95"),
        ("onset_s", "onset, observed − generated, s"),
    )
    for axes, (name, label) in zip(panels, shown, strict=True):
        column = ALL_MEASURES.index(name)
        errors = []
        for one in known:
            found: Any = one.waveforms
            error = found.observed[:, column] - found.sampled[:, :, column].mean(axis=1)
            errors.append(error[np.isfinite(error)])
        if errors:
            axes.boxplot(errors, tick_labels=[one.name for one in known], showfliers=False,
                         medianprops={"color": _COLOURS[2], "linewidth": 2})  # fmt: skip
        axes.axhline(0.0, color="#888888", linewidth=0.8)
        axes.set_ylabel(label, fontsize=9)
        axes.tick_params(axis="x", rotation=20)
    return figure


def plot_fit(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw Anderson's criteria and Olsen and Mayhew's goodness of fit of generated waveforms."""
    known = [one for one in evaluations if one.waveforms is not None]
    figure, (left, right) = _figure(2, evaluations, height=4.4)
    width = 0.8 / max(len(known), 1)
    for number, one in enumerate(known):
        found: Any = one.waveforms
        fits = {key: value for key, value in found.olsen_mayhew.items() if "true" not in key}
        for axes, values in ((left, found.anderson["criteria"]), (right, fits)):
            place = np.arange(len(values)) + width * (number + 0.5) - 0.4
            axes.barh(place, list(values.values()), 0.9 * width, label=one.name,
                      color=_COLOURS[1:][number % 6], hatch=("", "//", "..")[number % 3],
                      edgecolor="white")  # fmt: skip
            axes.set_yticks(range(len(values)), [key.replace("_", " ") for key in values])
            axes.invert_yaxis() if number == 0 else None
    left.set(xlim=(0, 10), xlabel="Anderson (2004):\n4 fair, 6 good, 8 excellent")
    right.set(xlim=(0, 100), xlabel="Olsen & Mayhew (2010):\n45 fair, 65 very good, 80 excellent")
    if known:
        right.legend(fontsize=8, loc="lower right")
    return figure


def plot_tsne(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw recorded and generated accelerograms where alike ones lie close."""
    known = [one for one in evaluations if one.waveforms and one.waveforms.coordinates.size]
    figure, panels = _figure(max(len(known), 1), evaluations, height=3.4)
    for axes, one in zip(panels, known, strict=False):
        found: Any = one.waveforms
        real, made = np.split(found.coordinates, 2)
        axes.plot(*real.T, "o", markersize=4, color=_COLOURS[0], label="recorded", alpha=0.7)
        axes.plot(*made.T, "x", markersize=5, color=_COLOURS[2], label="generated")
        axes.set(xticks=[], yticks=[])
        axes.set_title(one.name, fontsize=10)
    panels[0].legend(fontsize=8)
    return figure


def plot_waveforms(evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw a recorded east component above the generated one of each model."""
    known = [one for one in evaluations if one.waveforms is not None]
    figure, panels = _figure(1 + len(known), evaluations, height=1.5, stacked=True)
    traces = [("recorded", known[0].waveforms.pair[0])] if known and known[0].waveforms else []
    traces += [(one.name, one.waveforms.pair[1]) for one in known if one.waveforms]
    for axes, (name, record) in zip(panels, traces, strict=False):
        start_s = record.start_rel_origin_s if np.isfinite(record.start_rel_origin_s) else 0.0
        times = start_s + np.arange(record.acceleration.shape[1]) / record.sampling_rate_hz
        axes.plot(times, 1e3 * record.acceleration[0], color=_COLOURS[1], linewidth=0.6)
        axes.set_ylabel("mm/s²", fontsize=9)
        axes.set_title(f"{name}, east", fontsize=9, loc="left", pad=2)
    panels[-1].set_xlabel("time after origin, s")
    return figure


def plot_maps(maps: "Sequence[ModelMap]", evaluations: Sequence[Evaluation]) -> "Figure":
    """Draw for one earthquake the median of each model above, one possible map of it below."""
    figure, panels = _figure(2 * len(maps), evaluations, height=3.1, rows=2)
    drawn = np.concatenate([np.ravel(one.median) for one in maps])
    low, high = np.nanquantile(drawn, (0.01, 0.99)).tolist()
    image = None
    for column, one in enumerate(maps):
        for row, values in enumerate((one.median, one.realisation)):
            axes = panels[row * len(maps) + column]
            image = axes.pcolormesh(
                one.longitude, one.latitude, values, vmin=low, vmax=high, cmap=_MAP_COLOURS,
                shading="nearest", rasterized=True,
            )  # fmt: skip
            axes.plot(one.epicentre[0], one.epicentre[1], "*", color="#ffffff", markersize=13,
                      markeredgecolor="#000000")  # fmt: skip
            axes.plot(*one.stations.T, ".", color="#D55E00", markersize=2.5)
            axes.set_aspect(1.0 / np.cos(np.radians(one.epicentre[1])))
            axes.tick_params(labelsize=7)
            axes.set_title(f"{one.name}{'' if row == 0 else ', one realisation'}", fontsize=9)
    if image is not None:
        figure.colorbar(image, ax=list(panels), label=_said(maps[0].measure), shrink=0.7,
                        extend="both")  # fmt: skip
    return figure


def _standardised(one: Evaluation, measure: str) -> FloatArray:
    values = one.residual(measure) / one.motions.sd[:, one.motions.column(measure)]
    return np.asarray(values[np.isfinite(values)])


def _said(measure: str) -> str:
    """Return a measure as a reader would say it."""
    kind, _, rest = measure.removeprefix("ln_").partition("_")
    name = f"ln {kind.upper()} {rest.replace('hz', ' Hz').replace('s', ' s')}".strip()
    return f"{name} ({unit_of(measure).replace('^2', '²')})"


def _look(number: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": _DASHES[number % len(_DASHES)],
    }


def _frequency_axis(axes: "Axes") -> None:
    axes.set_xscale("log")
    axes.set_xticks(FAS_FREQUENCIES_HZ, [f"{f:g}" for f in FAS_FREQUENCIES_HZ])
    axes.minorticks_off()
    axes.set_xlabel("frequency, Hz")
    axes.grid(color="#dddddd", linewidth=0.5)


def _figure(
    n: int,
    evaluations: Sequence[Evaluation],
    *,
    height: float = 3.8,
    rows: int = 1,
    stacked: bool = False,
) -> "tuple[Figure, list[Axes]]":
    """Return a figure with panels; it says so if anything in it is made up."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    shape = (n, 1) if stacked else (rows, n // rows)
    width = 10.0 if stacked else float(np.clip(3.4 * shape[1], 6.0, 17.0))
    figure = Figure(figsize=(width, height * shape[0] + 0.4), dpi=110, layout="constrained")
    panels = np.ravel(figure.subplots(*shape, squeeze=False, sharex=stacked)).tolist()
    if any(one.is_synthetic for one in evaluations):
        figure.suptitle(SYNTHETIC, fontsize=8, color="#9a3b00", x=0.01, ha="left")
    return figure, panels
