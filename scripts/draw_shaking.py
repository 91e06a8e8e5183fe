"""Draw docs/images/shaking.png: a map of shaking, what it does not know, and records at sites."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mainshock.core.shaking_field import ShakingField
from mainshock.shaking.base import Waveforms
from mainshock.shaking.grid import box_sites
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.shaking_map import MapSettings, ShakingSource, map_shaking
from mainshock.shaking.training import open_model
from mainshock.sources.basemap import coastlines

IMAGE = Path(__file__).resolve().parents[1] / "docs" / "images" / "shaking.png"
MEASURE = MEASURES[MEASURES.index("ln_pga")]
SOURCE = ShakingSource("scenario", 3.2, -122.2, 37.8, 8.0)
SITES = {
    "NEAR": (-122.15, 37.77),
    "MID": (-122.28, 37.93),
    "WEST": (-122.42, 37.72),
    "FAR": (-121.95, 37.55),
}
BOX = (-122.6, -121.8, 37.4, 38.2)
SHOWN_S = 22.0
SEED = 4
COAST = "#1f6f8b"
REALISATIONS = ("#5b4a9c", "#b7aedb")


def draw_map(figure: Figure, axes: Axes, field: ShakingField, *, is_median: bool) -> None:
    """Draw the median or the epistemic standard deviation, hatched outside the training data."""
    column = field.column(MEASURE)
    if is_median:
        values = 100.0 * np.exp(field.mean[:, column])
        colours, label = "magma_r", "median PGA (cm/s²)"
        norm: LogNorm | None = LogNorm(values.min(), values.max())
    else:
        values, norm = field.sd_epistemic[:, column], None
        colours, label = "cividis", "epistemic standard deviation (ln)"
    longitude, latitude = field.axes()
    grid = values.reshape(field.shape or ())
    image = axes.pcolormesh(
        longitude, latitude, grid, norm=norm, cmap=colours, shading="nearest", rasterized=True
    )
    outside = field.is_extrapolated.reshape(field.shape or ()).astype(float)
    axes.contourf(longitude, latitude, outside, [0.5, 1.5], colors="none", hatches=["////"])
    ticks = [0.03, 0.1, 0.3, 1.0, 3.0] if is_median else None
    bar = figure.colorbar(image, ax=axes, label=label, ticks=ticks, shrink=0.9)
    if ticks:
        bar.ax.set_yticklabels([f"{one:g}" for one in ticks])
        bar.ax.minorticks_off()
    draw_places(axes)


def draw_places(axes: Axes) -> None:
    """Draw coasts, the epicentre and the sites of the records."""
    west, east, south, north = BOX
    for line in coastlines("10m", (west, south, east, north)):
        axes.plot(line[:, 0], line[:, 1], color=COAST, linewidth=0.8)
    marker: dict[str, Any] = {"mfc": "white", "mec": "black", "ls": ""}
    axes.plot(SOURCE.longitude, SOURCE.latitude, "*", markersize=14, **marker)
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    for name, (longitude, latitude) in SITES.items():
        axes.plot(longitude, latitude, "^", markersize=7, **marker)
        axes.annotate(
            name, (longitude, latitude), (7, -3), textcoords="offset points", fontsize=8, bbox=box
        )
    axes.set(xlim=(west, east), ylim=(south, north), xlabel="longitude (°)")
    axes.set_aspect(1.0 / np.cos(np.radians(SOURCE.latitude)))


def draw_records(axes: Axes, made: Waveforms, row: int, title: str) -> None:
    """Draw two realisations of one site, east component, with the arrivals of P and S."""
    step_s = 1.0 / made.sampling_rate_hz
    time_s = made.start_rel_origin_s + step_s * np.arange(made.acceleration.shape[-1])
    east = 100.0 * made.acceleration[row, :, 0]
    room = 1.1 * float(np.abs(east).max())
    for i, (samples, colour) in enumerate(zip(east, REALISATIONS, strict=True)):
        axes.plot(time_s, samples - 2.5 * i * room, color=colour, linewidth=0.6)
        peak = float(np.abs(samples).max())
        axes.text(
            SHOWN_S, (1.02 - 2.5 * i) * room, f"peak {peak:.2g} cm/s²", ha="right", fontsize=8
        )
    arrivals_s: NDArray[np.float64] = np.empty(0)
    if made.arrivals_s is not None:
        arrivals_s = made.arrivals_s[row]
    for phase, arrival_s in zip("PS", arrivals_s, strict=False):
        axes.axvline(arrival_s, color="#888888", linewidth=0.8, linestyle=":")
        axes.text(arrival_s, 1.02 * room, phase, ha="right", va="bottom", fontsize=8)
    axes.set(xlim=(0.0, SHOWN_S), ylim=(-3.6 * room, 1.4 * room), yticks=[])
    axes.set_xlabel("time after origin (s)")
    axes.set_title(title, fontsize=10)
    axes.spines[["left", "right", "top"]].set_visible(False)


def sites_as_scenarios() -> Scenarios:
    """Return the source at each of the sites."""
    n, places = len(SITES), np.array(list(SITES.values()))
    return Scenarios(
        magnitude=np.full(n, SOURCE.magnitude),
        depth_km=np.full(n, SOURCE.depth_km),
        source_longitude=np.full(n, SOURCE.longitude),
        source_latitude=np.full(n, SOURCE.latitude),
        site_longitude=places[:, 0],
        site_latitude=places[:, 1],
        vs30_m_s=np.full(n, np.nan),
        event=np.full(n, SOURCE.event_id),
        station=np.array(list(SITES)),
    )


def main() -> None:
    """Predict, map, simulate and draw."""
    model = open_model("default")
    if model.waveforms is None:
        raise SystemExit("this model makes no waveforms")
    west, east, south, north = BOX
    sites = box_sites((west, east, south, north), 161, 161)
    field = map_shaking(model, SOURCE, sites, MapSettings(measures=(MEASURE,)))
    scenarios = sites_as_scenarios()
    made = model.waveforms.simulate(scenarios, 2, np.random.default_rng(SEED))

    figure = Figure(figsize=(10.0, 7.6), dpi=110, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.7, 1.0])
    maps = above.subplots(1, 2, sharey=True)
    for axes, is_median in zip(maps, (True, False), strict=True):
        draw_map(above, axes, field, is_median=is_median)
    maps[0].set_ylabel("latitude (°)")
    distances_km = scenarios.hypocentral_km()
    for row, axes in enumerate(below.subplots(1, len(SITES))):
        draw_records(axes, made, row, f"{scenarios.station[row]}, {distances_km[row]:.0f} km")
    above.suptitle("A made-up earthquake of magnitude 3.2 at 8 km depth")
    below.supxlabel(
        "East component, two possible records a site. Trained on synthetic records: not for "
        "design use. Coasts: Natural Earth.",
        fontsize=8,
        color="#444444",
    )
    figure.savefig(IMAGE)


if __name__ == "__main__":
    main()
