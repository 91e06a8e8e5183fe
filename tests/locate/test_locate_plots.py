"""Maps and depth sections: tiny, ring-shaped and wide posteriors, and what is refused."""

from dataclasses import replace
from datetime import timedelta

import cartopy
import matplotlib as mpl
import numpy as np
import pytest
from cartopy.crs import PlateCarree, TransverseMercator
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from mainshock.core.errors import DataError, GeometryError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Origin,
    Pick,
    PosteriorSamples,
    Station,
)
from mainshock.core.times import parse_utc
from mainshock.locate.event_figure import plot_event, plot_origin_time
from mainshock.locate.map_frame import choose_view, nice_length
from mainshock.locate.plots import plot_map
from mainshock.locate.sample_density import estimate_density
from mainshock.locate.section_plots import plot_depth_section

TIME = parse_utc("2010-05-27T16:24:32Z")
STATIONS = [
    Station("BW", "UH1", 11.63604, 48.08151, 550.0),
    Station("BW", "UH2", 11.68201, 48.05787, 560.0),
    Station("BW", "UH3", 11.63876, 48.03080, 580.0),
    Station("BW", "UH4", 11.53557, 48.03229, 600.0),
]


def make_event(east_km, north_km, depth_km, *, centre=(11.6455, 48.0471), flags=(), sds=None):
    """An event whose samples stand at the given km around a centre; 95 % region by ellipse."""
    frame = LocalFrame(*centre)
    longitude, latitude = frame.to_geographic(east_km, north_km)
    cov = np.cov(np.stack([east_km, north_km, depth_km]))
    angle = np.linspace(0.0, 2.0 * np.pi, 73)
    regions = []
    for level in (0.68, 0.95):
        radius = np.sqrt(-2.0 * np.log(1.0 - level))
        root = np.linalg.cholesky(cov[:2, :2])
        ring = radius * root @ np.array([np.cos(angle), np.sin(angle)])
        ring[:, -1] = ring[:, 0]
        area = float(np.pi * radius**2 * np.sqrt(np.linalg.det(cov[:2, :2])))
        outline = np.stack(frame.to_geographic(*ring), axis=1)
        regions.append(CredibleRegion(level, area, ((outline,),)))
    origin = Origin(
        TIME, *centre, float(np.mean(depth_km)), 0.1, *np.sqrt(np.diag(cov)), cov,
        "constant:4.35,2.38", tuple(regions),
        PosteriorSamples(longitude, latitude, depth_km, np.zeros_like(depth_km)), flags,
    )  # fmt: skip
    arrivals = tuple(
        Arrival(
            Pick("BW", station.station, "", "P", TIME + timedelta(seconds=1.0), 0.9, 0.05, "test"),
            float(geodesic_distance_km(*centre, station.longitude, station.latitude)),
            10.0,
            0.0,
        )
        for station in STATIONS[:3]
    )
    return Event("one", origin, arrivals, quality="B", flags=flags)


@pytest.fixture
def compact(rng):
    east, north, depth = rng.multivariate_normal(
        [0.0, 0.0, 4.6], [[0.2, 0.1, 0.0], [0.1, 0.36, 0.0], [0.0, 0.0, 0.5]], 3000
    ).T
    return make_event(east, north, depth)


@pytest.fixture
def ring(rng):
    angle = rng.uniform(0.0, 2.0 * np.pi, 4000)
    radius = rng.normal(250.0, 8.0, 4000)
    depth = rng.uniform(0.0, 30.0, 4000)
    return make_event(
        radius * np.sin(angle), radius * np.cos(angle), depth, flags=("depth_unconstrained",)
    )


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch):
    """Cartopy's own data must never be asked for."""

    def refuse(*args, **kwargs):
        raise AssertionError("Cartopy wants to download")

    monkeypatch.setattr(cartopy.io.Downloader, "acquire_resource", refuse)


# the tolerance (grey levels, root mean square) allows for letters of other FreeType versions
@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="map_compact.png", tolerance=8, style="default"
)
def test_map_looks_as_before(compact):
    return plot_map(compact, STATIONS, title="compact").figure


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="map_ring.png", tolerance=8, style="default"
)
def test_map_of_a_ring_looks_as_before(ring):
    return plot_map(ring, STATIONS, title="ring").figure


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="depth_section.png", tolerance=8, style="default"
)
def test_depth_section_looks_as_before(compact):
    return plot_depth_section(compact, STATIONS, azimuth_deg=90.0, title="west to east").figure


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="event_figure.png", tolerance=8, style="default"
)
def test_the_figure_of_an_event_looks_as_before(compact, rng):
    samples = replace(compact.origin.samples, time_s=rng.normal(0.02, 0.1, 3000))
    origin = replace(compact.origin, samples=samples)
    return plot_event(replace(compact, origin=origin), STATIONS, title="compact")


def star_places(axes):
    return [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "*"]


def test_the_epicentre_stands_where_it_was_reported(compact):
    axes = plot_map(compact, STATIONS)
    (place,) = star_places(axes)
    longitude, latitude = PlateCarree().transform_point(*place, axes.projection)
    assert (longitude, latitude) == pytest.approx((11.6455, 48.0471), abs=1e-6)


def test_the_map_is_true_to_scale_and_holds_stations_and_region(compact):
    axes = plot_map(compact, STATIONS)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    triangles = {
        line.get_xydata()[0].tobytes(): line.get_xydata()[0]
        for line in axes.lines
        if line.get_marker() == "^"
    }
    assert len(triangles) == 4
    assert all(west < x < east and south < y < north for x, y in triangles.values())
    places = np.array(list(triangles.values()))
    on_map_km = np.linalg.norm(places[0] - places[1]) / 1000.0
    a, b = STATIONS[:2]
    truth_km = float(geodesic_distance_km(a.longitude, a.latitude, b.longitude, b.latitude))
    assert on_map_km == pytest.approx(truth_km, rel=1e-3)


def test_unused_stations_are_hollow_and_far_ones_do_not_shrink_the_map(compact):
    far = Station("XX", "FAR", 20.0, 40.0)
    axes = plot_map(compact, [*STATIONS, far])
    faces = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "^"]
    assert faces.count("white") == 1  # UH4
    assert float(np.ptp(axes.get_xlim())) < 40_000.0


def test_a_small_region_gets_a_close_up(compact, rng):
    tiny = make_event(*rng.normal(0.0, 0.03, (2, 500)), rng.normal(4.6, 0.05, 500))
    assert len(plot_map(tiny, STATIONS).child_axes) == 2
    assert len(plot_map(compact, STATIONS).child_axes) == 1
    assert len(plot_depth_section(tiny, STATIONS).child_axes) == 1


def test_several_events_are_numbered(compact, ring):
    texts = [text.get_text() for text in plot_map([compact, ring], STATIONS).texts]
    assert {"1", "2"} <= set(texts)


def test_the_section_says_that_the_depth_is_open(compact, ring):
    def said(event):
        return " ".join(text.get_text() for text in plot_depth_section(event, STATIONS).texts)

    assert "hardly constrained" in said(ring)
    assert "exaggerated" in said(ring)
    assert "hardly constrained" not in said(compact)
    assert "exaggerated" not in said(compact)


def test_depth_grows_downwards_and_a_km_is_as_long_both_ways(compact):
    axes = plot_depth_section(compact, STATIONS, azimuth_deg=0.0)
    bottom, top = axes.get_ylim()
    assert bottom > 4.6
    assert top < 0.0
    across, down = float(np.ptp(axes.get_xlim())), bottom - top
    assert down / across == pytest.approx(axes.get_box_aspect(), rel=1e-6)


@pytest.mark.parametrize("azimuth_deg", [0.0, 33.0, 90.0, 150.0])
def test_the_section_follows_the_longest_axis(rng, azimuth_deg):
    along, across = rng.normal(0.0, [[5.0], [0.5]], (2, 2000))
    angle = np.radians(azimuth_deg)
    east = along * np.sin(angle) + across * np.cos(angle)
    north = along * np.cos(angle) - across * np.sin(angle)
    axes = plot_depth_section(make_event(east, north, rng.normal(5.0, 1.0, 2000)), STATIONS)
    width = float(np.ptp(axes.get_xlim()))
    assert width > 25.0  # the section is 10 sd long only along the axis


@pytest.mark.parametrize(
    "centre", [(179.95, -17.0), (-179.99, 52.0), (0.0, 0.0), (20.0, 78.0), (-70.0, -84.5)]
)
def test_maps_anywhere_on_earth_can_be_drawn(rng, centre):
    event = make_event(*rng.normal(0.0, 20.0, (2, 400)), rng.uniform(0.0, 9.0, 400), centre=centre)
    stations = [Station("XX", "A", centre[0], centre[1] + 0.2)]
    plot_map(event, stations).figure.canvas.draw()


@pytest.mark.parametrize("radius_km", [150.0, 1150.0, 2900.0])
def test_wide_rings_can_be_drawn(rng, radius_km):
    angle = rng.uniform(0.0, 2.0 * np.pi, 1000)
    east, north = radius_km * np.sin(angle), radius_km * np.cos(angle)
    event = make_event(0.1 * east, 0.1 * north, rng.uniform(0.0, 30.0, 1000))
    longitude, latitude = LocalFrame(11.6455, 48.0471).to_geographic(east, north)
    samples = PosteriorSamples(longitude, latitude, event.origin.samples.depth_km, 0.0 * angle)
    wide = replace(event, origin=replace(event.origin, samples=samples, regions=()))
    axes = plot_map(wide, STATIONS)
    axes.figure.canvas.draw()
    assert float(np.ptp(axes.get_xlim())) > 2000.0 * radius_km


def test_plots_leave_settings_and_pyplot_alone(compact):
    before = dict(mpl.rcParams)
    plot_map(compact, STATIONS)
    plot_depth_section(compact, STATIONS)
    assert dict(mpl.rcParams) == before


def test_the_origin_time_is_drawn_around_the_reported_one(compact, rng):
    seconds = rng.normal(0.3, 0.1, 3000)
    samples = replace(compact.origin.samples, time_s=seconds)
    event = replace(compact, origin=replace(compact.origin, samples=samples))
    axes = plot_origin_time(event)
    low, high = axes.get_xlim()
    assert low < 0.1
    assert high > 0.5
    counts, edges, _ = axes.patches[-1].get_data()
    assert np.sum(counts * np.diff(edges)) == pytest.approx(1.0)
    middle = 0.5 * (edges[1:] + edges[:-1])
    assert np.sum(counts * np.diff(edges) * middle) == pytest.approx(0.3, abs=0.02)
    assert "16:24:32.00 UTC" in axes.get_xlabel()


def test_one_event_shows_three_regions_and_several_show_two(compact, ring):
    def regions(axes):
        return sum(patch.get_zorder() == 3.0 for patch in axes.patches)

    halved = replace(compact.origin.region(0.68), level=0.5)
    origin = replace(compact.origin, regions=(halved, *compact.origin.regions))
    event = replace(compact, origin=origin)
    assert regions(plot_map(event, STATIONS)) == 3
    assert regions(plot_map([event, ring], STATIONS)) == 4
    labels = [text.get_text() for text in plot_map(event, STATIONS).get_legend().get_texts()]
    assert sum("region" in label for label in labels) == 3


def test_a_map_of_the_caller_is_used(compact):
    given_axes = Figure().add_subplot(projection=TransverseMercator(9.0, 45.0))
    axes = plot_map(compact, STATIONS, ax=given_axes)
    assert axes is given_axes
    (place,) = star_places(axes)
    assert axes.get_xlim()[0] < place[0] < axes.get_xlim()[1]


def test_axes_without_projection_are_refused(compact):
    with pytest.raises(GeometryError, match="projection"):
        plot_map(compact, STATIONS, ax=Figure().add_subplot())


def test_nothing_to_map_is_an_error():
    with pytest.raises(DataError, match="no event"):
        plot_map([], STATIONS)


def test_a_section_needs_samples(compact):
    summary_only = replace(compact, origin=replace(compact.origin, samples=None))
    for plot in (plot_depth_section, plot_event):
        with pytest.raises(DataError, match="no posterior samples"):
            plot(summary_only, STATIONS)
    with pytest.raises(DataError, match="no posterior samples"):
        plot_origin_time(summary_only)
    plot_map(summary_only, STATIONS).figure.canvas.draw()


@settings(max_examples=25)
@given(scale=st.floats(1e-3, 1e4), seed=st.integers(0, 1000))
def test_density_holds_its_mass_at_any_scale(scale, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.0, scale, (2, 1500))
    density = estimate_density(first, second)
    assert density.mass.sum() == pytest.approx(1.0)
    inside = density.mass >= density.threshold(0.68)
    cell = (density.first[1] - density.first[0]) * (density.second[1] - density.second[0])
    # the 68 % region of a Gaussian covers 2 pi ln(1 / 0.32) sd^2; smoothing widens it a little
    assert inside.sum() * cell == pytest.approx(7.16 * scale**2, rel=0.3)


def test_density_of_a_ring_stays_empty_inside(rng):
    angle, radius = rng.uniform(0.0, 2.0 * np.pi, 3000), rng.normal(100.0, 3.0, 3000)
    density = estimate_density(radius * np.sin(angle), radius * np.cos(angle))
    middle = density.mass[density.second.size // 2, density.first.size // 2]
    assert middle < 1e-3 * density.mass.max()


def test_density_of_one_place_and_bad_samples():
    density = estimate_density(np.zeros(50), np.zeros(50))
    assert density.mass.sum() == pytest.approx(1.0)
    with pytest.raises(DataError, match="finite"):
        estimate_density(np.array([0.0, np.nan]), np.zeros(2))


def test_views_choose_a_fitting_projection():
    near = choose_view(np.array([11.0, 12.0]), np.array([48.0, 48.5]))
    assert type(near.projection).__name__ == "TransverseMercator"
    far = choose_view(np.array([-30.0, 60.0]), np.array([10.0, 50.0]))
    assert type(far.projection).__name__ == "AzimuthalEquidistant"
    over_180 = choose_view(np.array([179.0, -179.0]), np.array([-17.0, -18.0]))
    assert over_180.half_width_m < 250_000.0


@given(longest=st.floats(1e-3, 1e7))
def test_scale_bars_are_round_and_fit(longest):
    length = nice_length(longest)
    assert 0.39 * longest <= length <= longest
    mantissa = length / 10.0 ** np.floor(np.log10(length) + 1e-9)
    assert min(abs(mantissa - step) for step in (1.0, 2.0, 5.0)) < 1e-6
