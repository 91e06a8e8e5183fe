"""Record sections: what is drawn, where it stands, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import matplotlib as mpl
import numpy as np
import obspy
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.core.records import Pick, Waveform
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.plots import PHASE_COLOURS, plot_record_section

P_TIME = parse_utc("2009-08-24T00:20:07.72Z")
S_TIME = parse_utc("2009-08-24T00:20:08.70Z")


@pytest.fixture(scope="module")
def rjob() -> Waveform:
    """The local earthquake that ObsPy's wheel carries."""
    stream = obspy.read()
    samples = np.stack([stream.select(component=c)[0].data for c in "ZNE"]).astype(np.float32)
    start = parse_utc(str(stream[0].stats.starttime))
    return Waveform("BW", "RJOB", "", "EH", start, 100.0, samples)


@pytest.fixture(scope="module")
def picks() -> list[Pick]:
    return [
        Pick("BW", "RJOB", "", "P", P_TIME, 0.97, 0.03, "test", "one"),
        Pick("BW", "RJOB", "", "S", S_TIME, 0.91, 0.08, "test", "one"),
    ]


@pytest.fixture(scope="module")
def curves(rjob, picks) -> dict[str, ProbabilityCurves]:
    time_s = np.arange(rjob.n_samples) / 100.0
    peaks = [
        pick.probability
        * np.exp(-0.5 * ((time_s - (pick.time - rjob.start).total_seconds()) / 0.15) ** 2)
        for pick in picks
    ]
    return {
        rjob.trace_id: ProbabilityCurves(
            rjob.start, 100.0, ("P", "S"), np.array(peaks, dtype=np.float32)
        )
    }


def vertical_lines(axes):
    """Colour and time (seconds since 1970) of each pick line."""
    found = []
    for lines in axes.collections:
        if not hasattr(lines, "get_segments"):
            continue
        for segment in lines.get_segments():
            if segment[0][0] == segment[-1][0]:
                found.append((to_hex(lines.get_color()[0]).upper(), segment[0][0] * 86400.0))
    return found


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="record_section.png", tolerance=8, style="default"
)
def test_record_section_looks_as_before(rjob, curves, picks):
    # tolerance (grey levels, root mean square): letters differ a little between FreeType versions
    axes = plot_record_section(
        [rjob],
        curves,
        picks,
        start=P_TIME - timedelta(seconds=1.5),
        end=S_TIME + timedelta(seconds=3.0),
        distances_km={"BW.RJOB": 8.3},
        title="BW.RJOB",
    )
    return axes.figure


def test_picks_stand_at_their_times_in_their_colours(rjob, curves, picks):
    axes = plot_record_section([rjob], curves, picks)
    lines = dict(vertical_lines(axes))
    assert lines[PHASE_COLOURS["P"]] == pytest.approx(to_posix_s(P_TIME), abs=1e-4)
    assert lines[PHASE_COLOURS["S"]] == pytest.approx(to_posix_s(S_TIME), abs=1e-4)


def test_time_axis_is_utc(rjob, curves, picks):
    axes = plot_record_section([rjob], curves, picks, start=P_TIME, end=S_TIME)
    first = axes.get_xlim()[0] * 86400.0
    assert first == pytest.approx(to_posix_s(P_TIME), abs=1e-3)
    assert "UTC on 2009-08-24" in axes.get_xlabel()
    axes.figure.canvas.draw()
    assert any(label.get_text().startswith("00:20:08") for label in axes.get_xticklabels())


def test_missing_components_and_missing_curves_take_no_room(rjob):
    vertical = replace(rjob, has_component=(True, False, False))
    labels = [
        label.get_text() for label in plot_record_section([vertical], {}, []).get_yticklabels()
    ]
    assert labels == ["RJOB  Z"]


def test_nearest_station_is_on_top(rjob):
    far = replace(rjob, station="FAR")
    axes = plot_record_section([far, rjob], {}, [], distances_km={"BW.FAR": 50.0, "BW.RJOB": 3.0})
    names = [label.get_text().split()[0] for label in axes.get_yticklabels()]
    assert names.index("RJOB") < names.index("FAR")
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # rows are counted downwards


def test_many_stations_are_shown_by_their_vertical(rjob):
    axes = plot_record_section([replace(rjob, station=f"S{i}") for i in range(6)], {}, [])
    assert {label.get_text()[-1] for label in axes.get_yticklabels()} == {"Z"}


def test_picks_of_other_events_are_faint(rjob, picks):
    axes = plot_record_section([rjob], {}, picks, event_id="another")
    alphas = {lines.get_alpha() for lines in axes.collections if lines.get_linewidth()[0] == 0.8}
    assert 0.45 in alphas


def test_gaps_are_marked_and_their_zeros_make_no_step(rjob):
    samples = rjob.samples + 1e6
    samples[:, 500:900] = 0.0
    gappy = replace(rjob, samples=samples, gaps=((500, 900),))
    axes = plot_record_section([gappy], {}, [])
    assert "gap" in [text.get_text() for text in axes.get_legend().get_texts()]
    trace = np.asarray(axes.lines[0].get_ydata())
    assert np.abs(trace[520:880]).max() < 0.2  # the earthquake, not the offset, sets the scale


def test_nan_in_curves_is_drawn_as_nothing(rjob, curves):
    known = curves[rjob.trace_id]
    probability = known.probability.copy()
    probability[:, :300] = np.nan
    holed = {rjob.trace_id: replace(known, probability=probability)}
    plot_record_section([rjob], holed, []).figure.canvas.draw()


def test_a_long_record_is_drawn_by_its_extremes(rjob):
    long = np.zeros((3, 360_000), dtype=np.float32)
    long[:, 200_001] = 1.0  # one sample among many must not get lost
    axes = plot_record_section([replace(rjob, samples=long)], {}, [], highpass_hz=None)
    drawn = np.asarray(axes.lines[0].get_ydata())
    assert drawn.size < 5000
    assert np.abs(drawn).max() == pytest.approx(0.46, rel=1e-3)


def test_axes_given_are_used_and_settings_stay_as_they_were(rjob, picks):
    before = dict(mpl.rcParams)
    given = Figure().add_subplot()
    assert plot_record_section([rjob], {}, picks, ax=given) is given
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)),
        (S_TIME, P_TIME),
    ],
)
def test_a_window_without_records_is_an_error(rjob, start, end):
    with pytest.raises(DataError, match="window"):
        plot_record_section([rjob], {}, [], start=start, end=end)


def test_no_waveforms_is_an_error():
    with pytest.raises(DataError, match="no waveforms"):
        plot_record_section([], {}, [])


def test_dead_and_short_records_are_drawn(rjob):
    dead = replace(rjob, samples=np.zeros((3, 3), dtype=np.float32))
    plot_record_section([dead], {}, []).figure.canvas.draw()
