"""FDSN dataselect over real archives, against ObsPy's own slicing."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import httpx
import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy import Stream, UTCDateTime
from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import FDSNNoDataException

REGIONS = ("iceland_dike_20140824", "ridgecrest_20190707_0750", "sthelens_20220206")
Region = tuple[str, Client, Stream]
QUERY = "/fdsnws/dataselect/1/query"


@pytest.fixture(scope="session")
def region(data_dir: Path, region_url: Callable[[str], str]) -> Callable[[str], Region]:
    @cache
    def of(name: str) -> Region:
        url = region_url(name)
        whole = obspy.read(str(data_dir / "continuous" / name / "sds/*/*/*/*.D/*"), format="MSEED")
        return url, Client(url), whole

    return of


def inside(stream: Stream, start: UTCDateTime, end: UTCDateTime) -> Stream:
    """Samples on or after start and on or before end, as the standard asks."""
    return stream.slice(start, end, nearest_sample=False)


def assert_same(got: Stream, wanted: Stream) -> None:
    """Both hold the same traces, bit for bit."""
    order = ["network", "station", "location", "channel", "starttime"]
    got, wanted = got.copy().sort(order), wanted.copy().sort(order)
    assert [(one.id, one.stats.starttime.ns, one.stats.npts) for one in got] == [
        (one.id, one.stats.starttime.ns, one.stats.npts) for one in wanted
    ]
    for one, other in zip(got, wanted, strict=True):
        assert one.data.dtype == other.data.dtype
        assert one.stats.sampling_rate == other.stats.sampling_rate
        np.testing.assert_array_equal(one.data, other.data)


def fetched(client: Client, *codes: str, start: UTCDateTime, end: UTCDateTime) -> Stream:
    try:
        return client.get_waveforms(*codes, start, end)
    except FDSNNoDataException:
        return Stream()


@pytest.mark.parametrize("name", REGIONS)
def test_a_whole_archive_comes_back_with_every_gap(region: Callable[[str], Region], name: str):
    _, client, whole = region(name)
    start = min(one.stats.starttime for one in whole)
    end = max(one.stats.endtime for one in whole)
    got = client.get_waveforms("*", "*", "*", "*", start - 10, end + 10)
    assert_same(got, whole)


@pytest.mark.parametrize("name", REGIONS)
@settings(max_examples=150)
@given(data=st.data())
def test_any_window_of_any_channel_holds_exactly_the_samples_inside(
    region: Callable[[str], Region], name: str, data: st.DataObject
):
    _, client, whole = region(name)
    trace = data.draw(st.sampled_from(sorted(whole, key=lambda one: one.id)))
    first = data.draw(
        st.one_of(
            st.integers(-700, trace.stats.npts + 700),
            st.sampled_from([0, trace.stats.npts - 1, trace.stats.npts]),
        )
    )
    n_samples = data.draw(st.one_of(st.integers(0, 5), st.integers(0, 9000)))
    early, late = (
        data.draw(st.one_of(st.just(0), st.sampled_from([1, 4999, 5001, 9999]))) for _ in "12"
    )  # microseconds beside a sample, which are 10 000 apart
    start = trace.stats.starttime + first * trace.stats.delta + early * 1e-6
    end = start + n_samples * trace.stats.delta + late * 1e-6
    got = fetched(client, *trace.id.split("."), start=start, end=end)
    assert_same(got, inside(whole.select(id=trace.id), start, end))


@pytest.mark.parametrize("name", REGIONS)
@settings(max_examples=25)
@given(first=st.integers(0, 50_000), n_samples=st.integers(0, 6000))
def test_windows_from_sample_to_sample_equal_a_plain_slice(
    region: Callable[[str], Region], name: str, first: int, n_samples: int
):
    _, client, whole = region(name)
    start = whole[0].stats.starttime + first * whole[0].stats.delta
    end = start + n_samples * whole[0].stats.delta
    chosen = whole.select(station=whole[0].stats.station)
    aligned = [
        one for one in chosen if one.stats.starttime.ns % 10**7 == start.ns % 10**7
    ]  # to others the nearest sample may lie outside
    got = fetched(client, "*", whole[0].stats.station, "*", "*", start=start, end=end)
    ids = {one.id for one in aligned}
    assert_same(Stream([one for one in got if one.id in ids]), Stream(aligned).slice(start, end))


def test_a_window_inside_a_gap_is_no_data(region: Callable[[str], Region]):
    url, client, whole = region("iceland_dike_20140824")
    gap = whole.select(station="KVER", channel="HHZ").get_gaps()[0]
    middle = gap[4] + (gap[5] - gap[4]) / 2
    with pytest.raises(FDSNNoDataException):
        client.get_waveforms("Z7", "KVER", "", "HHZ", middle, middle + 0.5)
    query = f"{url}{QUERY}?net=Z7&sta=KVER&start={middle}&end={middle + 0.5}"
    assert httpx.get(query).status_code == 204
    assert httpx.get(f"{query}&nodata=404").status_code == 404


@settings(max_examples=25)
@given(data=st.data())
def test_bulk_requests_give_each_line_its_own_window(
    region: Callable[[str], Region], data: st.DataObject
):
    _, client, whole = region("iceland_dike_20140824")
    ids = sorted({one.id for one in whole})
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4, unique=True))
    lines, wanted = [], Stream()
    for one in chosen:
        start = whole[0].stats.starttime + data.draw(st.integers(-30, 600))
        end = start + data.draw(st.sampled_from([0.005, 1.0, 33.333, 120.0]))
        lines.append((*one.split("."), start, end))
        wanted += inside(whole.select(id=one), start, end)
    try:
        got = client.get_waveforms_bulk(lines)
    except FDSNNoDataException:
        got = Stream()
    assert_same(got, wanted)


@pytest.mark.parametrize(
    ("codes", "select"),
    [
        (("Z7", "KVER,DYJN", "--", "HH?"), lambda one: one.stats.station in ("KVER", "DYJN")),
        (("?7", "K*", "", "*Z"), lambda one: one.id == "Z7.KVER..HHZ"),
        (("*", "*R", "??", "HHE,HHN"), lambda one: one.id[-1] in "EN" and "R.." in one.id),
    ],
)
def test_wildcards_and_lists_choose_channels(
    region: Callable[[str], Region], codes: tuple[str, ...], select: Callable[..., bool]
):
    _, client, whole = region("iceland_dike_20140824")
    start = whole[0].stats.starttime + 5
    got = client.get_waveforms(*codes, start, start + 20)
    assert_same(got, inside(Stream(filter(select, whole)), start, start + 20))


def test_only_the_longest_segment_or_long_enough_ones_are_told(region: Callable[[str], Region]):
    _, client, whole = region("iceland_dike_20140824")
    chosen = whole.select(station="KVER", channel="HHZ")
    span = {"starttime": chosen[0].stats.starttime, "endtime": chosen[-1].stats.endtime}
    codes = ("Z7", "KVER", "", "HHZ")
    longest = max(chosen, key=lambda one: one.stats.npts)
    assert len(chosen) > 2
    assert_same(client.get_waveforms(*codes, *span.values(), longestonly=True), Stream([longest]))
    limit = sorted(one.stats.npts for one in chosen)[1] / 100.0
    got = client.get_waveforms(*codes, *span.values(), minimumlength=limit)
    assert_same(got, Stream([one for one in chosen if one.stats.npts >= limit * 100.0]))


def test_records_inside_are_passed_on_as_they_are(region: Callable[[str], Region], data_dir: Path):
    url, _, whole = region("sthelens_20220206")
    trace = whole.select(station="SHW", channel="HHZ")[0]
    path = next((data_dir / "continuous/sthelens_20220206/sds").rglob("*.SHW..HHZ.*"))
    span = {"start": str(trace.stats.starttime), "end": str(trace.stats.endtime)}
    answer = httpx.get(url + QUERY, params={"sta": "SHW", "cha": "HHZ", **span})
    assert answer.headers["content-type"] == "application/vnd.fdsn.mseed"
    assert answer.content == path.read_bytes()


def test_too_much_is_refused_and_less_is_not(
    data_dir: Path, archive_url: Callable[..., str], region: Callable[[str], Region]
):
    _, _, whole = region("sthelens_20220206")
    start = whole[0].stats.starttime
    url = archive_url(data_dir / "continuous/sthelens_20220206/sds", max_bytes=200_000)
    refused = httpx.get(url + QUERY)
    assert refused.status_code == 413
    assert refused.text.startswith("Error 413")
    answer = httpx.get(url + QUERY, params={"start": str(start), "end": str(start + 60)})
    assert answer.status_code == 200
    assert_same(obspy.read(io.BytesIO(answer.content)), inside(whole, start, start + 60))
