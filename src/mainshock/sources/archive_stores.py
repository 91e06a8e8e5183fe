"""Where the files of an archive lie: a folder, or an object store reached through fsspec."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mainshock.core.errors import MissingDependencyError, SourceError, UnreachableError
from mainshock.core.files import make_folder, replacing
from mainshock.sources.file_search import find_files

__all__ = ["ArchiveStore", "LocalStore", "ObjectStore", "StoredFile", "is_url", "open_store"]

_log = logging.getLogger(__name__)
_VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "updated")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store.

    Parameters
    ----------
    path
        Below the root of the store, with slashes.
    size
        Bytes.
    version
        Changes when the content does: time of change, or the tag that an object store gives.
    """

    path: str
    size: int
    version: str


class ArchiveStore(Protocol):
    """Files below one root; what is written appears whole or not at all."""

    @property
    def url(self) -> str:
        """How a user names the root."""
        ...

    def list_files(self) -> Iterator[StoredFile]:
        """Yield all that may hold waveforms below the root, in order of path."""
        ...

    def fetch(self, path: str, folder: Path) -> Path:
        """Return a local file with the content; ``folder`` is used where it must be copied."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no such file."""
        ...

    def read_part(self, path: str, first: int, past_last: int) -> bytes:
        """Return the bytes of a file from one up to another, as far as it goes."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        ...

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        ...

    @property
    def append_pause_s(self) -> float:
        """How long to gather lines before they are appended; an append may cost a request."""
        ...

    def append(self, path: str, content: bytes) -> None:
        """Add to the end of a journal."""
        ...

    def read_journal(self, path: str) -> bytes:
        """Return all that was appended to a journal, in order; nothing where there is none."""
        ...


class LocalStore:
    """A folder of this machine, or one that is mounted.

    Parameters
    ----------
    root
        The folder; it is made when something is written.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self.root)

    def list_files(self) -> Iterator[StoredFile]:
        """Yield the waveform candidates below the folder, in order of path.

        Raises
        ------
        SourceError
            If the folder does not exist.
        """
        if not self.root.is_dir():
            raise SourceError(f"{self.root} is no folder; name the root of an archive")
        for path in find_files(self.root):
            try:
                status = path.stat()
            except OSError as error:  # a link to nothing, or a file that was just removed
                _log.warning("%s is left out: %s", path, error.strerror)
                continue
            name = path.relative_to(self.root).as_posix()
            yield StoredFile(name, status.st_size, str(status.st_mtime_ns))

    def fetch(self, path: str, folder: Path) -> Path:  # noqa: ARG002 - it lies here already
        """Return the file itself."""
        return self.root / path

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no such file.

        Raises
        ------
        SourceError
            If it is there and cannot be read.
        """
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceError(f"{self.root / path} cannot be read: {error.strerror}") from error

    def read_part(self, path: str, first: int, past_last: int) -> bytes:
        """Return the bytes of a file from one up to another, as far as it goes.

        Raises
        ------
        SourceError
            If it cannot be read.
        """
        try:
            with (self.root / path).open("rb") as stream:
                stream.seek(first)
                return stream.read(past_last - first)
        except OSError as error:
            raise SourceError(f"{self.root / path} cannot be read: {error.strerror}") from error

    def write(self, path: str, content: bytes) -> None:
        """Write a file under another name, then give it its own.

        Raises
        ------
        SourceError
            If the folder cannot be written.
        """
        whole = self.root / path
        make_folder(whole.parent)
        with replacing(whole) as temporary, temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return (self.root / path).is_file()

    @property
    def append_pause_s(self) -> float:
        """No pause: each line at once."""
        return 0.0

    def append(self, path: str, content: bytes) -> None:
        """Add to the end of a file.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        whole = self.root / path
        make_folder(whole.parent)
        try:
            with whole.open("ab") as stream:
                stream.write(content)
        except OSError as error:
            raise SourceError(f"cannot write {whole}: {error}; make room, or allow it") from error

    def read_journal(self, path: str) -> bytes:
        """Return the content of a file, nothing where there is none."""
        return self.read(path) or b""


class ObjectStore:
    """A root in any file system that fsspec knows: ``s3://``, ``gs://``, ``hdfs://`` and others.

    Parameters
    ----------
    url
        Such as ``s3://bucket/prefix``. Keys and addresses come from where the client of that
        service looks for them: ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL`` and so on for S3.

    Raises
    ------
    MissingDependencyError
        If fsspec, or its client for this kind of address, is not installed.

    Notes
    -----
    Object stores show an object only when all of it has arrived, so a write needs no second name.
    On file systems that have folders, such as HDFS, the file is written under another name and
    moved.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files, self._root = _opened(self._url)

    @property
    def url(self) -> str:
        """The address."""
        return self._url

    def list_files(self) -> Iterator[StoredFile]:
        """Yield all below the root, in order of path.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        """
        with self._told("list", self._url):
            self._files.invalidate_cache()
            found = self._files.find(self._root, detail=True)
        for path in sorted(found):
            name = path[len(self._root) :].strip("/")
            if not name.rpartition("/")[2].startswith("."):
                about = found[path]
                yield StoredFile(name, int(about.get("size") or 0), _version(about))

    def fetch(self, path: str, folder: Path) -> Path:
        """Copy the file into a folder, under its own name.

        Raises
        ------
        UnreachableError
            If it cannot be had.
        """
        local = folder / path.rpartition("/")[2]
        with self._told("read", path):
            self._files.get_file(self._whole(path), str(local))
        return local

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no such file.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        """
        with self._told("read", path):
            try:
                content: bytes = self._files.cat_file(self._whole(path))
            except FileNotFoundError:
                return None
        return content

    def read_part(self, path: str, first: int, past_last: int) -> bytes:
        """Return the bytes of a file from one up to another, as far as it goes.

        Raises
        ------
        UnreachableError
            If they cannot be had.
        """
        with self._told("read", path):
            content: bytes = self._files.cat_file(self._whole(path), start=first, end=past_last)
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all.

        Raises
        ------
        UnreachableError
            If the store does not take it.
        """
        whole = self._whole(path)
        with self._told("write", path):
            if not _has_folders(self._files):
                self._files.pipe_file(whole, content)
                return
            parent, _, name = whole.rpartition("/")
            temporary = f"{parent}/.{name}.{os.getpid()}"
            self._files.makedirs(parent, exist_ok=True)
            self._files.pipe_file(temporary, content)
            self._files.mv(temporary, whole)

    def has(self, path: str) -> bool:
        """Return whether there is such a file.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        """
        with self._told("look for", path):
            self._files.invalidate_cache(self._whole(path).rpartition("/")[0])
            return bool(self._files.exists(self._whole(path)))

    @property
    def append_pause_s(self) -> float:
        """Five seconds: objects cannot grow, so each append is an object of its own."""
        return 5.0

    def append(self, path: str, content: bytes) -> None:
        """Write another part of a journal, as ``PATH.d/NNNNNNNN``.

        Raises
        ------
        UnreachableError
            If the store does not take it.
        """
        self.write(f"{path}.d/{len(self._parts(path)):08d}", content)

    def read_journal(self, path: str) -> bytes:
        """Return all parts of a journal, one after the other.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        """
        with self._told("read", path):
            return b"".join(self._files.cat_file(part) for part in self._parts(path))

    def _parts(self, path: str) -> list[str]:
        with self._told("list", path):
            self._files.invalidate_cache()
            return sorted(str(part) for part in self._files.find(self._whole(f"{path}.d")))

    def _whole(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _told(self, verb: str, path: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # clients of stores have errors of their own kinds
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnreachableError(
                f"cannot {verb} {path} in {self._url}: {reason}; check address, keys and bucket"
            ) from error


def is_url(text: str) -> bool:
    """Return whether a text names a store by its kind, as in ``s3://bucket/prefix``.

    Examples
    --------
    >>> is_url("s3://bucket/sds"), is_url("data/sds")
    (True, False)
    """
    return "://" in text


def open_store(place: str | Path) -> ArchiveStore:
    """Return the store that a path or an address names.

    Raises
    ------
    MissingDependencyError
        If the client for such an address is not installed.
    """
    text = str(place)
    if text.startswith("file://"):
        return LocalStore(text.removeprefix("file://"))
    return ObjectStore(text) if is_url(text) else LocalStore(text)


def _opened(url: str) -> tuple[Any, str]:  # fsspec ships no types
    try:
        from fsspec.core import (  # noqa: PLC0415 - an extra
            url_to_fs,
        )

        files, root = url_to_fs(url)
    except ImportError as error:
        raise MissingDependencyError(
            f"{url}: {error}; pip install 'mainshock[s3]' for s3://, gcsfs for gs://, or name a "
            "folder"
        ) from error
    except ValueError as error:  # a kind of address that fsspec does not know
        raise SourceError(f"{url} names no store that is known: {error}") from error
    return files, str(root).rstrip("/")


def _has_folders(files: Any) -> bool:
    """Return whether a half-written file could be seen there under its name."""
    kinds = files.protocol if isinstance(files.protocol, tuple | list) else (files.protocol,)
    return not {"s3", "s3a", "gs", "gcs", "abfs", "az", "adl", "memory"} & set(kinds)


def _version(about: dict[str, Any]) -> str:
    return next((str(about[key]).strip('"') for key in _VERSION_KEYS if about.get(key)), "")
