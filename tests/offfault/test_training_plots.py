"""Figures of a training show what they should."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.training_plots import plot_estimates, plot_run, plot_training
from mainshock.offfault.windows import LabelledWindows


def made_up(n: int = 60) -> LabelledWindows:
    rng = np.random.default_rng(3)
    return LabelledWindows(
        maps=np.zeros((n, 128, 64), dtype=np.uint8),
        ke=np.linspace(0.0, 0.9, n),
        sd=np.full(n, 0.05),
        run=rng.choice(["EB_050_1", "EB_025_2", "PP_150_1", "fig1d"], n),
        frame=np.arange(n),
        first_column=rng.choice([0, 50], n),
        source="laboratory",
    )


def estimated(windows: LabelledWindows, shift: float) -> Efficiency:
    ke = windows.ke + shift * (windows.run == "PP_150_1")
    return Efficiency(ke, np.full(ke.size, 0.05), ke - 0.08, ke + 0.08, np.zeros(ke.size))


def texts(figure: Figure) -> str:
    found = [one.get_text() for axes in figure.axes for one in axes.texts]
    found += [axes.get_title() for axes in figure.axes]
    found += [one.get_text() for axes in figure.axes for one in axes.get_yticklabels()]
    return "\n".join(found)


def test_training_curves_mark_the_best_epochs(tmp_path: Path) -> None:
    names = [
        f"{part}_{one}" for part in ("train", "evaluation") for one in ("loss", "within_2sd", "mae")
    ]
    history = [
        {"epoch": epoch, "loss": 1.0} | dict.fromkeys(names, 0.5 - 0.1 * epoch)
        for epoch in range(3)
    ]
    figure = plot_training(history, title="kenet")
    # the loss is least in the last epoch, the accuracy greatest in the first
    lines = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    assert lines["best by accuracy"][0] == 1.0
    assert lines["best by loss"][0] == 3.0
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "loss", "windows within 2 SD (%)", "mean absolute error (KE)",
    ]  # fmt: skip
    figure.savefig(tmp_path / "training.png")
    with pytest.raises(DataError, match="0 epochs"):
        plot_training([])


def test_outliers_are_counted_by_run(tmp_path: Path) -> None:
    windows = made_up()
    n_off = int((windows.run == "PP_150_1").sum())
    figure = plot_estimates({
        "train": (windows, estimated(windows, 0.0)),
        "test": (windows, estimated(windows, 0.2)),
    })  # fmt: skip
    shown = texts(figure)
    assert "train: 100.0 % of 60 within 2 SD, MAE 0.000" in shown
    assert "none beyond 2 SD" in shown
    assert f"{n_off} of {n_off}" in shown
    assert "PP_150_1" in shown
    assert "EB_050_1" not in shown
    keys = [one.get_text() for one in figure.legends[0].get_texts()]
    assert keys[:4] == ["0.25 mm/min", "0.50 mm/min", "1.50 mm/min", "rate not known"]
    figure.savefig(tmp_path / "estimates.png")
    with pytest.raises(DataError, match="no windows"):
        plot_estimates({})


def test_a_run_has_a_panel_for_each_place(tmp_path: Path) -> None:
    windows = made_up()
    figure = plot_run(windows, estimated(windows, 0.1), "PP_150_1")
    assert [axes.get_title() for axes in figure.axes] == ["columns 0 to 63", "columns 50 to 113"]
    for axes, first in zip(figure.axes, (0, 50), strict=True):
        label, estimate = axes.lines
        own = (windows.run == "PP_150_1") & (windows.first_column == first)
        np.testing.assert_array_equal(label.get_xdata(), np.sort(windows.frame[own]))
        np.testing.assert_allclose(estimate.get_ydata() - label.get_ydata(), 0.1)
    figure.savefig(tmp_path / "run.png")
    with pytest.raises(DataError, match="no window is of run 'EB_050_9'"):
        plot_run(windows, estimated(windows, 0.0), "EB_050_9")
