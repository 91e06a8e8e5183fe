"""Draw docs/images/off-fault-run.png: one made-up run at five stages, with KE of each window."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mainshock.offfault.base import COLUMNS
from mainshock.offfault.generator.run import Frame, simulate_frames
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.label import applied_velocity, curl, window_labels

IMAGE = Path(__file__).resolve().parents[1] / "docs" / "images" / "off-fault-run.png"
SEED, STAGES = 7, (2, 4, 6, 8, 15)
SHOWN_ROWS = (92, 42)


def draw_stage(axes, frame: Frame) -> None:
    """Draw the shear as the camera sees it, the mapped faults, and KE of each window."""
    shear = curl(frame.u, frame.v)
    applied = applied_velocity(frame.u, frame.v)
    axes.imshow(shear / applied, cmap="Blues", vmin=0.0, vmax=0.12, interpolation="nearest")
    faults = np.ma.masked_equal(frame.faults, 0)
    axes.imshow(faults, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    for first, label in window_labels(shear, frame.faults, applied, 1.0):
        axes.axvline(first, color="#c2457a", linewidth=0.6)
        axes.axvline(first + COLUMNS, color="#c2457a", linewidth=0.6, linestyle=":")
        axes.text(first + 0.5 * COLUMNS, SHOWN_ROWS[1] + 3, f"KE {label.ke:.2f}", ha="center",
                  va="top", fontsize=9, color="#222222")  # fmt: skip
    axes.set(ylim=SHOWN_ROWS, ylabel=f"time {frame.time:.2f}")


def main() -> None:
    """Simulate the run and write the image."""
    settings = GeneratorSettings(frames_per_run=16, share_thick=0.0)
    frames = list(simulate_frames(settings, np.random.default_rng(SEED), is_split=False))
    figure = Figure(figsize=(10.0, 8.6), dpi=110, layout="constrained")
    axes = figure.subplots(len(STAGES), 1, sharex=True)
    for one, stage in zip(axes, STAGES, strict=True):
        draw_stage(one, frames[stage])
    axes[-1].set_xlabel("along strike (px; rows across strike, middle of the sheet)")
    figure.suptitle("A made-up run: shear (blue), mapped faults (black), efficiency of each window")
    figure.savefig(IMAGE)


if __name__ == "__main__":
    main()
