"""The archive that a user names."""

from mainshock.pipeline.archive.base import Archive
from mainshock.pipeline.archive.fdsn_archive import FdsnArchive
from mainshock.pipeline.archive.sds_archive import SdsArchive, local_sds_store
from mainshock.sources.archive_stores import is_url, open_store

__all__ = ["open_archive"]

_FDSN = "fdsn:"


def open_archive(source: str, channels: tuple[str, ...] = ("*",)) -> Archive:
    """Return an archive, given a folder, an address of an object store, or ``fdsn:URL``.

    Parameters
    ----------
    source
        A folder in SDS layout (or one that holds such a folder as ``sds``); an address such as
        ``s3://bucket/prefix`` of the same layout; or a data centre.
    channels
        Patterns of channel codes.

    Raises
    ------
    SourceError
        If the folder is no SDS archive.
    SettingsError
        If the address of a data centre is none.
    MissingDependencyError
        If the client of the object store is not installed.
    """
    if source.startswith(_FDSN):
        return FdsnArchive(source.removeprefix(_FDSN), channels)
    store = open_store(source) if is_url(source) else local_sds_store(source)
    return SdsArchive(store, channels)
