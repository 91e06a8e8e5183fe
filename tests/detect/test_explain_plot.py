"""The figure of an explanation: every trace above its attribution, in units that add up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mainshock.core.errors import SettingsError
from mainshock.core.records import Pick
from mainshock.detect.explain import PickExplanation
from mainshock.detect.explain_plot import AGAINST_COLOUR, FOR_COLOUR, plot_explanation

START = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def explanation() -> PickExplanation:
    """A pick at 15 s of a window of 30 s; E was not recorded, the record ends at 19 s."""
    rng = np.random.default_rng(2)
    window = rng.standard_normal((3, 3001)).astype(np.float32)
    window[2] = 0.0
    attribution = np.zeros((3, 3001))
    attribution[0, 1502:1508] = 0.1
    attribution[1, 1480:1484] = -0.05
    pick = Pick("XX", "ABC", "", "P", START + timedelta(seconds=15), 0.9, 0.05, "phasenet")
    curve = np.exp(-0.5 * ((np.arange(3001) - 1500) / 15.0) ** 2).astype(np.float32)
    return PickExplanation(
        *(pick, START, 100.0, window, (True, True, False), 1901, np.zeros_like(window)),
        *(attribution, np.stack([curve, 0.0 * curve]), (1490, 1511), 0.41, 0.01, 100),
    )


def texts(figure):
    return " ".join(
        text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))
    )


def test_attributions_stand_under_their_traces_and_add_up(explanation):
    figure = plot_explanation(explanation)
    rows = figure.axes
    assert len(rows) == 7
    assert [rows[i].get_ylabel() for i in (0, 2, 4)] == ["Z", "N", "E"]
    heights = [np.array([bar.get_height() for bar in rows[i].containers[0]]) for i in (1, 3, 5)]
    assert [height.sum() for height in heights] == pytest.approx([0.6, -0.2, 0.0])
    assert rows[1].get_ylim() == rows[3].get_ylim() == rows[5].get_ylim()


def test_sign_is_shown_by_colour_and_side(explanation):
    rows = plot_explanation(explanation).axes
    speaks_for = max(rows[1].containers[0], key=lambda bar: bar.get_height())
    against = min(rows[3].containers[0], key=lambda bar: bar.get_height())
    assert to_hex(speaks_for.get_facecolor()) == FOR_COLOUR
    assert to_hex(against.get_facecolor()) == AGAINST_COLOUR
    assert against.get_height() == pytest.approx(-0.2)


def test_title_states_station_phase_probability_and_model(explanation):
    found = texts(plot_explanation(explanation))
    for part in ("XX.ABC, P", "phasenet", "0.90", "± 0.05 s", "2024-05-01 00:00:15.00 UTC"):
        assert part in found
    assert "not recorded" in found
    assert "probability per 0.1 s" in found
    assert "for the pick" in found


def test_only_the_record_is_shown(explanation):
    left, right = plot_explanation(explanation, before_s=2.0, after_s=9.0).axes[-1].get_xlim()
    assert (left, right) == pytest.approx((-2.0, 4.0), abs=0.011)


def test_a_figure_can_be_given_and_times_must_be_positive(explanation, tmp_path):
    figure = Figure(figsize=(6.0, 6.0))
    assert plot_explanation(explanation, figure=figure) is figure
    figure.savefig(tmp_path / "why.png")
    with pytest.raises(SettingsError, match="must be positive"):
        plot_explanation(explanation, bin_s=0.0)


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="explanation.png", style="default", tolerance=8
)
def test_explanation_looks_as_it_did(explanation):
    return plot_explanation(explanation)
