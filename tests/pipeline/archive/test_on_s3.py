"""An archive in an object store, and results in one: the same as in folders."""

import importlib.util
import json

import pytest
from midnight_archive_files import MIDNIGHT
from object_store import object_store

from mainshock.core.errors import MissingDependencyError, UnreachableError
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.manifest import MANIFEST
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.units import ArchiveJob
from mainshock.sources.archive_stores import LocalStore, ObjectStore, open_store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("s3fs") is None, reason="the extra s3 is not installed"
)
CHOSEN = Selection(stations=("UH3", "UH4"))
BUCKET = "seismology"


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """The address of a server; clients find it as they do outside of tests."""
    with (
        object_store(tmp_path_factory.mktemp("s3"), BUCKET) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "only-for-tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", address)
        yield address


@pytest.fixture(scope="module")
def archive_there(s3, midnight_archive):
    """The archive of the other tests, in the bucket."""
    store = open_store(f"s3://{BUCKET}/archive/sds")
    for path in sorted(midnight_archive.rglob("*.D.*")):
        store.write(path.relative_to(midnight_archive).as_posix(), path.read_bytes())
    return store.url


@pytest.mark.slow
def test_results_from_and_in_a_bucket_are_those_of_folders(
    archive_there, midnight_archive, tmp_path
):
    here = run_archive(
        ArchiveJob(str(midnight_archive), str(tmp_path)), CHOSEN, make_executor("serial")
    )
    job = ArchiveJob(archive_there, f"s3://{BUCKET}/results")
    there = run_archive(job, CHOSEN, make_executor("process", 2))
    assert not there.failures
    assert there.picks == here.picks
    assert any(abs((pick.time - MIDNIGHT).total_seconds()) < 1.0 for pick in there.picks)
    results = open_store(job.out)
    local = LocalStore(tmp_path)
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet")]
    assert len(names) == 5
    for name in names:
        assert results.read(name) == local.read(name)
    lines = results.read_journal(MANIFEST).splitlines()
    assert sorted(json.loads(line)["unit"] for line in lines) == sorted(
        one.unit for one in here.reports
    )
    again = run_archive(job, CHOSEN, make_executor("serial"), resume=True)
    assert (again.skipped, len(again.reports)) == (4, 0)
    assert again.picks == here.picks


@pytest.mark.slow
def test_what_changed_in_a_bucket_has_another_version(s3):
    store = ObjectStore(f"s3://{BUCKET}/versions/")
    store.write("a/b.bin", b"one")
    first = list(store.list_files())
    store.write("a/b.bin", b"two")
    second = list(store.list_files())
    assert [one.path for one in first] == ["a/b.bin"]
    assert first[0].size == second[0].size == 3
    assert first[0].version != second[0].version
    assert store.has("a/b.bin")
    assert not store.has("a/c.bin")
    assert store.read("a/c.bin") is None
    assert store.read("a/b.bin") == b"two"
    assert store.read_part("a/b.bin", 1, 9) == b"wo"


@pytest.mark.slow
def test_a_journal_of_objects_is_read_in_its_order(s3):
    store = open_store(f"s3://{BUCKET}/journals")
    assert store.read_journal("j") == b""
    for number in range(12):
        store.append("j", b"%d\n" % number)
    assert store.read_journal("j").split() == [b"%d" % number for number in range(12)]


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_told(s3):
    store = open_store("s3://no-such-bucket/sds")
    with pytest.raises(UnreachableError, match="keys and bucket"):
        store.write("a", b"b")


def test_a_journal_in_a_folder_grows_in_place(tmp_path):
    store = open_store(tmp_path)
    store.append("j", b"one\n")
    store.append("j", b"two\n")
    assert store.read_journal("j") == (tmp_path / "j").read_bytes() == b"one\ntwo\n"
    assert open_store(f"file://{tmp_path}").read("j") == b"one\ntwo\n"


def test_a_store_without_its_client_names_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    with pytest.raises(MissingDependencyError, match=r"mainshock\[s3\]"):
        open_store("s3://bucket/prefix")


def test_file_systems_with_folders_are_written_by_moving(tmp_path):
    store = ObjectStore(f"local://{tmp_path}")
    store.write("a/b.bin", b"whole")
    assert [path.name for path in tmp_path.rglob("*.bin*")] == ["b.bin"]
    assert store.read("a/b.bin") == b"whole"
