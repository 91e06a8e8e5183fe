"""``mainshock data`` from end to end, with its exit codes."""

import json
import socket

import pytest

SPLIT = ("--by", "station", "--shares", "train=0.5,test=0.5")
_WRONG_SHARES = (
    "train",
    "train=0.5",
    "train=0.5,other=0.5",
    "train=nan,test=0.5",
    "train=inf,test=0.5",
    "train=-1,test=2",
    "train=0,test=0",
)


@pytest.fixture
def dataset(command, data_dir, tmp_path):
    """A dataset of the Ridgecrest records."""
    folder = tmp_path / "set"
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    result = command("data", "collect", folder, source, "--licence", "public", "--json")
    assert result.exit_code == 0, result.stderr
    assert result.document["files"]["n_fetched"] == 12
    return folder


def test_collect_check_split_describe(command, dataset, tmp_path):
    result = command("data", "check", dataset)
    assert result.exit_code == 0, result.stderr
    assert "checksums: 12 of 12 right" in result.stdout
    assert "PB.B916..EHZ" in result.stdout
    out = tmp_path / "split.json"
    result = command("data", "split", dataset, *SPLIT, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    ids = json.loads(out.read_text())["ids"]
    assert {name: len(part) for name, part in ids.items()} == {"train": 6, "test": 6}
    assert not set(ids["train"]) & set(ids["test"])
    document = command("data", "describe", dataset, "--json").document
    assert document["licence"] == "public"
    assert document["provenance"]["n_parts"] == 12
    assert "PB.B921" in command("data", "describe", dataset).stdout


def test_the_text_of_a_collection_tells_what_is_new(command, data_dir, tmp_path):
    source = next((data_dir / "continuous" / "ridgecrest_20190707_0750").rglob("*.D.2019.188"))
    first = command("data", "collect", tmp_path / "set", source).stdout.splitlines()
    assert first[0].startswith("files: ")
    assert first[0].endswith(" records from 1 file")
    assert first[1].endswith(": 1 part")
    again = command("data", "collect", tmp_path / "set", source).stdout
    assert again.startswith("files: nothing new, 1 file complete before\n")


def test_too_few_stations_for_a_split_are_told_as_stations(command, dataset, tmp_path):
    shares = ("--by", "station", "--shares", "train=0.98,dev=0.01,test=0.01")
    result = command("data", "split", dataset, *shares, "--out", tmp_path / "s.json")
    assert result.exit_code == 1
    assert "too few stations (4) for the shares train 0.98" in result.stderr
    assert "noise" not in result.stderr


def test_a_wrong_checksum_is_exit_code_1(command, dataset):
    part = next(dataset.rglob("*EHZ.D.2019.188"))
    part.write_bytes(part.read_bytes()[:-512])
    result = command("data", "check", dataset, "--json")
    assert result.exit_code == 1
    assert len(result.document["wrong_checksums"]) == 1
    assert "collect them again" in result.stderr


def test_a_catalogue_with_everything_in_one_document(command, data_dir):
    path = data_dir / "catalogs" / "switzerland_sed_train.parquet"
    report = command("data", "check", path, "--json").document["catalogue"]
    assert report["completeness"]["magnitude"] == 1.9
    assert report["completeness"]["standard_deviation"] > 0.0
    assert "completeness: M 1.9" in command("data", "check", path).stdout


def test_exit_codes_of_sources(command, tmp_path):
    span = ("--start", "2020-01-01", "--end", "2020-01-02")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        arguments = ("data", "collect", tmp_path / "a", "--attempts", 1, *span)
        assert command(*arguments, "--fdsn", url).exit_code == 4
        assert command(*arguments, "--catalogue", url).exit_code == 4
    (tmp_path / "empty").mkdir()
    assert command("data", "collect", tmp_path / "b", tmp_path / "empty").exit_code == 3
    assert command("data", "check", tmp_path / "empty").exit_code == 3
    assert command("data", "collect", tmp_path / "c").exit_code == 2
    assert command("data", "collect", tmp_path / "d", tmp_path / "absent").exit_code == 1
    swapped = ("--start", "2020-01-02", "--end", "2020-01-01")
    assert command("data", "collect", tmp_path / "e", tmp_path, *swapped).exit_code == 2


def test_wrong_shares_are_wrong_usage(command, dataset, tmp_path):
    for by in ("station", "time"):
        for shares in _WRONG_SHARES:
            result = command(
                "data", "split", dataset, "--by", by, "--shares", shares, "--out", tmp_path / "s"
            )
            assert result.exit_code == 2, (by, shares)
            assert "shares" in result.stderr


@pytest.mark.parametrize("line", ["abc", "0" * 64, "0" * 63 + " file", "\udcff " + "x" * 64])
def test_a_list_of_checksums_that_is_none_is_told(command, tmp_path, line):
    content = f"\n{line}\n".encode("utf-8", "surrogateescape")
    (tmp_path / "SHA256SUMS").write_bytes(content)
    result = command("data", "check", tmp_path)
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    assert "Traceback" not in result.stderr


def test_checksums_as_sha256sum_writes_them(command, tmp_path):
    (tmp_path / "a file").write_bytes(b"")
    empty = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
    (tmp_path / "SHA256SUMS").write_text(f"{empty.lower()}  a file\n{empty} *a file\n")
    result = command("data", "check", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "checksums: 2 of 2 right" in result.stdout


@pytest.mark.parametrize("option", ["--catalogue", "--fdsn"])
@pytest.mark.parametrize("address", ["http://[bad", "http://host:port/events.csv"])
def test_an_address_that_is_none_is_wrong_usage(command, tmp_path, option, address):
    span = ("--start", "2020-01-01", "--end", "2020-01-02")
    result = command("data", "collect", tmp_path / "set", option, address, *span)
    assert result.exit_code == 2, result.stderr
    assert address in result.stderr
