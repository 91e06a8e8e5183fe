import json

import numpy as np
import pytest

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import encode_records
from mainshock.sources.sds import SdsSource

KINDS = ["ok", "late", "duplicate", "overlap", "corrupt", "truncated", "clock", "unknown"]
START_NS = 1_600_000_000 * NANOSECONDS


@pytest.fixture
def stream(tmp_path):
    """Write packets and their index; returns both as options."""

    def write(packets, header="offset,length", row="{},{}"):
        offsets = np.cumsum([0] + [len(one) for one in packets])[:-1]
        lines = [header]
        lines += [row.format(at, len(one)) for at, one in zip(offsets, packets, strict=True)]
        (tmp_path / "p.bin").write_bytes(b"".join(packets))
        (tmp_path / "i.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return ("--packets", tmp_path / "p.bin", "--index", tmp_path / "i.csv")

    return write


@pytest.fixture
def records():
    samples = np.cumsum(np.random.default_rng(2).integers(-90, 90, 4000)).astype(np.int32)
    return encode_records(
        Fragment(FragmentHeader("XX", "AAA", "", "HHZ", START_NS, 100.0, 4000), samples)
    )


def test_counts_segments_and_archive(command, stream, records, tmp_path):
    packets = [*records, records[2], records[1][:77], b"\xff" * 512]
    options = stream(packets, "station,offset,length,note", "x,{},{},y")
    out = tmp_path / "archive"
    result = command("stream", "ingest", *options, "--clock", "stream", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert list(document["counts"]) == KINDS
    assert {kind: n for kind, n in document["counts"].items() if n} == {
        "ok": len(records), "duplicate": 1, "truncated": 1, "corrupt": 1
    }  # fmt: skip
    (segment,) = document["segments"]
    assert segment["id"] == "XX.AAA..HHZ"
    assert segment["start"] == "2020-09-13T12:26:40.000000Z"
    assert segment["end"] == "2020-09-13T12:27:19.990000Z"
    assert segment["npts"] == 4000
    (waveform,) = SdsSource(out)
    assert waveform.n_samples == 4000
    lines = (tmp_path / "deadletters" / "00000001.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["truncated", "corrupt"]
    assert "deadletters" in result.stderr


def test_text_output_and_a_folder_of_ones_own(command, stream, records, tmp_path):
    letters = tmp_path / "letters"
    result = command(
        "stream", "ingest", *stream([*records, b"x"]), "--out", tmp_path / "a",
        "--dead-letters", letters,
    )  # fmt: skip
    assert result.exit_code == 0
    assert f"ok: {len(records)}" in result.stdout
    assert "gaps: 0, 0 s" in result.stdout
    assert "XX.AAA..HHZ,2020-09-13T12:26:40.000000Z,2020-09-13T12:27:19.990000Z,4000" in (
        result.stdout
    )
    assert (letters / "00000001.bin").exists()


def test_what_was_dropped_and_put_aside_is_told_and_the_gaps(command, stream, records, tmp_path):
    packets = [*records[:2], *records[3:], records[1], records[1], b"x"]
    result = command("stream", "ingest", *stream(packets), "--out", tmp_path / "a")
    assert result.exit_code == 0, result.stderr
    assert f"1 put aside in {tmp_path / 'deadletters'}, 2 duplicates dropped" in result.stderr
    assert "gaps: 1, " in result.stdout


def test_the_machine_clock_needs_times_of_arrival(command, stream, records, tmp_path):
    arguments = ("--clock", "machine", "--out", tmp_path / "a", "--json")
    result = command("stream", "ingest", *stream(records), *arguments)
    assert result.exit_code == 1
    assert "no column arrival" in result.stderr
    assert "--clock stream" in result.stderr
    soon = stream(records, "offset,length,arrival", "{},{},2020-09-13T12:27:30Z")
    assert command("stream", "ingest", *soon, *arguments).document["counts"]["ok"] == len(records)
    early = stream(records, "offset,length,arrival", "{},{},2020-09-13T12:20:00Z")
    result = command("stream", "ingest", *early, *arguments)
    assert result.exit_code == 3
    assert result.document["counts"]["clock"] == len(records)


def test_only_awaited_stations_are_used(command, stream, records, tmp_path):
    table = tmp_path / "stations.csv"
    table.write_text("network,station,longitude,latitude,elevation_m\nXX,BBB,1,2,3\n")
    result = command(
        "stream", "ingest", *stream(records), "--stations", table, "--out", tmp_path / "a", "--json"
    )
    assert result.exit_code == 3
    assert result.document["counts"]["unknown"] == len(records)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("offset,size", "{},{}", "no column length"),
        ("offset,length", "{},-{}", "whole number"),
        ("offset,length", "{}.5,{}", "whole number"),
        ("offset,length", "99{},{}", "index of another file"),
        ("offset,length,arrival", "{},{},noon", "ISO 8601"),
    ],
)
def test_an_index_that_cannot_be_is_told(command, stream, records, tmp_path, header, row, message):
    options = stream(records, header, row)
    if header == "offset,length" and row.startswith("99"):
        (tmp_path / "i.csv").write_text("offset,length\n99999,512\n")
    result = command("stream", "ingest", *options, "--out", tmp_path / "a")
    assert result.exit_code == 1
    assert message in result.stderr


def test_missing_files_are_told(command, tmp_path):
    options = ("--packets", tmp_path / "none.bin", "--index", tmp_path / "none.csv")
    result = command("stream", "ingest", *options, "--out", tmp_path / "a")
    assert result.exit_code == 1
    assert "none.bin" in result.stderr


def test_an_empty_stream_finds_nothing(command, stream, tmp_path):
    result = command("stream", "ingest", *stream([]), "--out", tmp_path / "a", "--json")
    assert result.exit_code == 3
    assert result.document["segments"] == []


RULES = """
[[rules]]
name = "felt"
channels = ["log"]
least_magnitude = 3.5

[channels.log]
kind = "file"
path = "alerts.jsonl"
"""


def test_alert_rules_are_told_in_words_and_nothing_is_sent(command, tmp_path):
    path = tmp_path / "alerts.toml"
    path.write_text(RULES)
    result = command("stream", "alerts-check", path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "rule felt: least_magnitude 3.5 -> log",
        "channel log: file to alerts.jsonl",
    ]
    assert not (tmp_path / "alerts.jsonl").exists()


def test_all_that_is_wrong_with_alert_rules_is_told(command, tmp_path):
    path = tmp_path / "alerts.toml"
    path.write_text(RULES.replace("3.5", '"big"').replace("path =", "paht ="))
    result = command("stream", "alerts-check", path)
    assert result.exit_code == 2
    assert "least_magnitude is 'big'" in result.stderr
