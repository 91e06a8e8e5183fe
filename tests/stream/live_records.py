"""Real records as the messages that ingest publishes."""

from pathlib import Path

from mainshock.sources.miniseed_records import record_header, split_records
from mainshock.stream.bus import Message

__all__ = ["waveform_messages"]


def waveform_messages(root: Path, stations: tuple[str, ...] = ()) -> list[Message]:
    """Records of an SDS archive in order of their ends; of some stations or of all."""
    found = []
    for path in sorted(root.rglob("*.D.*")):
        if not path.is_file() or (stations and path.name.split(".")[1] not in stations):
            continue
        for record in split_records(path.read_bytes()):
            header = record_header(record)
            found.append(
                Message(
                    topic="waveform.v1",
                    key=f"{header.network}.{header.station}",
                    identity=f"{header.trace_id}@{header.start_ns}+{header.n_samples}",
                    value=bytes(record),
                    data_ns=header.end_ns,
                    arrival_ns=header.end_ns,
                )
            )
    return sorted(found, key=lambda message: message.data_ns)
