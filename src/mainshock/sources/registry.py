"""The sources of waveforms by name, and the choice of one for what a user names."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mainshock.core.errors import NothingFoundError, SourceError
from mainshock.core.records import Waveform
from mainshock.core.registry import Registry
from mainshock.sources.base import SkippedInput, WaveformSource
from mainshock.sources.file_search import find_sds_root

__all__ = ["SOURCES", "JoinedSource", "open_source"]

# what a source is made from is its own affair: a root, paths, the name of a case
SOURCES: Registry[Callable[..., WaveformSource]] = Registry(
    "source",
    {
        "bundled": "mainshock.sources.bundled:BundledSource",
        "files": "mainshock.sources.waveforms:FileSource",
        "sds": "mainshock.sources.sds:SdsSource",
    },
)


class JoinedSource:
    """Several sources, one after the other.

    Parameters
    ----------
    sources
        What to read, in this order.
    unusable
        Inputs that none of them reads; told in ``skipped`` before anything else.
    """

    def __init__(
        self, sources: Sequence[WaveformSource], unusable: Sequence[SkippedInput] = ()
    ) -> None:
        self.sources = tuple(sources)
        self.unusable = tuple(unusable)
        self.skipped: list[SkippedInput] = list(unusable)

    def __len__(self) -> int:
        """Return the number of pieces of all sources."""
        return sum(len(source) for source in self.sources)

    def __iter__(self) -> Iterator[Waveform]:
        """Yield the waveforms of each source in turn."""
        self.skipped = list(self.unusable)
        for source in self.sources:
            yield from source
            self.skipped.extend(source.skipped)


def open_source(inputs: Sequence[str | Path]) -> WaveformSource:
    """Return the source of waveforms that files, folders and SDS roots make together.

    Parameters
    ----------
    inputs
        Paths; a folder that is the root of an SDS archive, or holds one as ``sds``, is read by
        days, every other one is searched for files. A path that does not exist is told in
        ``skipped`` as long as another one can be read.

    Raises
    ------
    SourceError
        If none of the paths exists.
    NothingFoundError
        If there is not a single waveform file.
    """
    paths = [Path(entry) for entry in inputs]
    present = [path for path in paths if path.exists()]
    absent = [SkippedInput(str(path), "path does not exist") for path in paths if not path.exists()]
    if absent and not present:
        names = ", ".join(item.name for item in absent)
        raise SourceError(f"{names} does not exist; name a waveform file, a folder or an SDS root")
    roots = {path: find_sds_root(path) for path in present if path.is_dir()}
    archives = [root for root in roots.values() if root is not None]
    others = [path for path in present if roots.get(path) is None]
    sources: list[WaveformSource] = [SOURCES.load("sds")(root) for root in archives]
    if others or not sources:
        sources.append(SOURCES.load("files")(others))
    if sum(len(source) for source in sources) == 0:
        named = ", ".join(str(path) for path in paths) or "no path"
        raise NothingFoundError(
            f"no waveform file in {named}; give miniSEED, SAC or another format that ObsPy reads"
        )
    return sources[0] if len(sources) == 1 and not absent else JoinedSource(sources, absent)
