"""From packets of any kind to sound records, in order and once each."""

from mainshock.stream.ingest.archive import ArchiveWriter
from mainshock.stream.ingest.dead_letters import DeadLetterStore
from mainshock.stream.ingest.ingest import ChannelSegment, Ingest
from mainshock.stream.ingest.settings import IngestSettings

__all__ = ["ArchiveWriter", "ChannelSegment", "DeadLetterStore", "Ingest", "IngestSettings"]
