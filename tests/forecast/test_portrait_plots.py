"""Figures of catalogues."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.forecast.magnitudes import b_tinti
from mainshock.forecast.portrait_plots import (
    plot_cumulative_number,
    plot_frequency_magnitude,
    plot_magnitude_time,
    plot_places,
    portrait,
)
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.tables import read_table

_BOX = Region.box(10.0, 42.0, 14.0, 45.0)


def _events(n: int = 400, **more: object) -> Catalogue:
    rng = np.random.default_rng(11)
    return Catalogue(
        days_from_text("2010-01-01") + np.sort(rng.uniform(0.0, 3000.0, n)),
        np.round(1.5 + rng.exponential(1 / np.log(10), n), 1),
        longitude=rng.normal(12.0, 0.6, n),
        latitude=rng.normal(43.5, 0.5, n),
        depth_km=rng.gamma(2.0, 6.0, n),
        **more,
    )


@pytest.mark.mpl_image_compare(
    # grey levels, root mean square: letters of other FreeType versions
    baseline_dir="../baseline",
    filename="catalogue_portrait.png",
    tolerance=8,
    style="default",
    savefig_kwargs={"dpi": 60},
)
def test_a_portrait_looks_as_before() -> Figure:
    return portrait(_events(), _BOX, 2.0)


def test_every_plot_draws_into_given_axes_and_labels_its_units():
    events = _events()
    figure = Figure()
    for plot, x, y in (
        (plot_magnitude_time, "time (UTC)", "magnitude"),
        (plot_cumulative_number, "time (UTC)", "number of M ≥ 2"),
        (plot_frequency_magnitude, "magnitude", "number of events"),
        (plot_places, "longitude (°)", "latitude (°)"),
    ):
        axes = figure.subplots()
        assert plot(events, 2.0, ax=axes) is axes
        assert (axes.get_xlabel(), axes.get_ylabel()) == (x, y)
        assert plot(events, 2.0).figure is not figure


def test_the_cumulative_curve_ends_at_the_number_of_complete_events():
    events = _events()
    line = plot_cumulative_number(events, 2.0).lines[0]
    assert line.get_ydata()[-1] == len(events.above(2.0))


def test_the_law_is_drawn_with_its_b_value_and_error_from_mc_on():
    events = _events()
    axes = plot_frequency_magnitude(events, 2.0)
    expected = b_tinti(events.magnitude, 2.0, 0.1)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert any(f"b = {expected.b:.2f} ± {expected.se:.2f}" in label for label in labels)
    law = next(one for one in axes.lines if str(one.get_label()).startswith("b = "))
    assert law.get_xdata()[0] == 2.0
    assert law.get_ydata()[0] == len(events.above(2.0))
    numbers = axes.lines[0]
    assert numbers.get_ydata()[0] == len(events)


def test_events_below_completeness_are_told_apart_from_others():
    axes = plot_magnitude_time(_events(), 2.0)
    shown = [len(one.get_offsets()) for one in axes.collections]
    events = _events()
    assert shown == [len(events) - len(events.above(2.0)), len(events.above(2.0))]


def test_a_map_across_the_180th_meridian_is_in_one_piece():
    events = _events()
    east = Catalogue(
        events.time_days,
        events.magnitude,
        longitude=(events.longitude - 12.0 + 180.0 + 180.0) % 360.0 - 180.0,
        latitude=events.latitude - 60.0,
    )
    region = Region.box(178.0, -18.0, -178.0, -15.0)
    axes = plot_places(east, 2.0, region)
    west, right = axes.get_xlim()
    assert 170.0 < west < right < 190.0
    x = np.asarray(axes.collections[0].get_offsets())[:, 0]
    assert np.ptp(x) < 6.0
    assert any(len(line.get_xdata()) > 20 for line in axes.lines)  # coasts of Fiji


def test_a_catalogue_of_the_world_has_a_wide_map():
    rng = np.random.default_rng(1)
    world = Catalogue(
        np.arange(300.0),
        np.round(5.0 + rng.exponential(0.4, 300), 1),
        longitude=rng.uniform(-180, 180, 300),
        latitude=rng.uniform(-60, 60, 300),
    )
    figure = portrait(world, None, 5.0)
    place = next(one for one in figure.axes if one.get_xlabel() == "longitude (°)")
    assert place.get_xlim() == (-180.0, 180.0)


def test_a_catalogue_without_places_has_no_map_and_a_synthetic_one_says_so():
    events = _events()
    made = Catalogue(events.time_days * 200.0, events.magnitude, is_synthetic=True)
    figure = portrait(made, None, 2.0)
    assert {one.get_xlabel() for one in figure.axes} == {"time (days)", "magnitude"}
    assert "synthetic" in figure.get_suptitle()


def test_stated_completeness_is_shown_as_if_it_were_the_same_at_all_times():
    events = _events()
    own = np.where(np.arange(len(events)) < 200, 3.0, 2.0)
    whole = _events(completeness=own)
    axes = plot_frequency_magnitude(whole, 2.0)
    assert axes.get_xlabel() == "magnitude, levelled to 2"
    assert axes.lines[0].get_ydata()[0] == int((events.magnitude >= own).sum())


def test_nothing_to_draw_is_refused():
    for plot in (plot_magnitude_time, plot_cumulative_number, plot_places):
        with pytest.raises(DataError, match="Choose a lower mc"):
            plot(_events(), 9.0)
    with pytest.raises(DataError, match="no b-value"):
        plot_frequency_magnitude(_events(), 9.0)


def test_a_real_catalogue_has_a_portrait(data_dir: Path, tmp_path: Path):
    whole = read_table(data_dir / "catalogs" / "nz_geonet_m30_train.parquet")
    figure = portrait(whole, Region.box(165.0, -48.0, -175.0, -33.0), 3.0)
    figure.savefig(tmp_path / "p.png", dpi=40)
    assert (tmp_path / "p.png").stat().st_size > 10_000
