"""Where a live run keeps its files."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunFolder"]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a live run keeps what it needs and what it found, below one folder."""

    root: Path

    @property
    def store(self) -> Path:
        """Picks, events, alerts and health."""
        return self.root / "mainshock.sqlite"

    @property
    def bus(self) -> Path:
        """The message log."""
        return self.root / "bus.sqlite"

    @property
    def archive(self) -> Path:
        """Records, as an SDS archive."""
        return self.root / "sds"

    @property
    def dead_letters(self) -> Path:
        """Packets that were not used."""
        return self.root / "deadletters"

    def stations(self) -> Path | None:
        """Return the file of stations, StationXML before a table, or None."""
        found = (self.root / name for name in ("stations.xml", "stations.csv"))
        return next((path for path in found if path.is_file()), None)
