"""What the server tells of itself: XML in log records for version 3, JSON for version 4."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from pymseed import DataEncoding, MS3Record, nslc2sourceid

from mainshock.core.times import format_utc
from mainshock.serve.seedlink.protocol import SOFTWARE, InfoRequest
from mainshock.serve.seedlink.records import LEGACY_LENGTH, json_packet
from mainshock.serve.seedlink.ring import RecordRing, StreamSpan
from mainshock.serve.seedlink.selection import pattern_matches
from mainshock.sources.fragments import datetime_from_ns

__all__ = ["ClientFacts", "Information", "error_packet"]

_CAPABILITIES_V3 = (
    "dialup",
    "multistation",
    "window-extraction",
    "info:id",
    "info:capabilities",
    "info:stations",
    "info:streams",
    "info:connections",
)
_FORMATS = {
    "2": {"mimetype": "application/vnd.fdsn.mseed", "subformat": {"D": "data"}},
    "3": {"mimetype": "application/vnd.fdsn.mseed3", "subformat": {"D": "data"}},
    "J": {
        "mimetype": "application/json",
        "subformat": {"I": "SeedLink info", "E": "SeedLink error"},
    },
}
_FILTERS = {
    "native": "as the record arrived",
    "2": "miniSEED 2 in records of 512 bytes",
    "3": "miniSEED 3",
}


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """One connection, for the list of them."""

    host: str
    port: int
    connected_ns: int
    user_agent: str
    n_packets: int
    n_bytes: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Information:
    """Answers INFO.

    Parameters
    ----------
    organisation
        Who runs the server.
    started_ns
        When it started.
    ring
        What it holds.
    """

    organisation: str
    started_ns: int
    ring: RecordRing

    def answer(self, request: InfoRequest, clients: Sequence[ClientFacts] | None) -> bytes:
        """Return the packets that answer a request.

        Parameters
        ----------
        clients
            The connections, or None where the client must not see them.
        """
        if request.item == "CONNECTIONS" and clients is None:
            return self._error(
                request, "UNAUTHORIZED", "connections are shown on this machine only"
            )
        if request.is_version_4:
            return self._answer_v4(request, clients or ())
        return self._answer_v3(request, clients or ())

    def _error(self, request: InfoRequest, code: str, text: str) -> bytes:
        if request.is_version_4:
            return error_packet(self.organisation, code, text)
        return _log_packets(text, "ERR", self.started_ns)

    def stations(self) -> list[tuple[str, list[StreamSpan]]]:
        """Return the station ids with what the ring holds of their streams, in order."""
        spans = sorted(self.ring.spans().items())
        return [
            (station, [span for _, span in group])
            for station, group in groupby(spans, key=lambda item: item[0][0])
        ]

    def _answer_v4(self, request: InfoRequest, clients: Sequence[ClientFacts]) -> bytes:
        document: dict[str, Any] = {"software": SOFTWARE, "organization": self.organisation}
        match request.item:
            case "ID" | "CAPABILITIES":
                pass
            case "FORMATS":
                document |= {"format": _FORMATS, "filter": _FILTERS}
            case "STATIONS" | "STREAMS":
                document["station"] = self._stations_v4(request)
            case "CONNECTIONS":
                document["connection"] = [_connection_v4(client) for client in clients]
            case _:
                return self._error(request, "ARGUMENTS", "no such item of INFO")
        return json_packet("I", json.dumps(document))

    def _stations_v4(self, request: InfoRequest) -> list[dict[str, Any]]:
        told = []
        for station_id, spans in self.stations():
            if not pattern_matches(request.station, station_id):
                continue
            entry: dict[str, Any] = {
                "id": station_id,
                "description": station_id,
                "start_seq": min(span.oldest.sequence for span in spans),
                "end_seq": max(span.newest.next_sequence for span in spans),
                "backfill": -1,
            }
            if request.item == "STREAMS":
                streams = [_stream_v4(span) for span in spans]
                entry["stream"] = [
                    stream
                    for stream in streams
                    if pattern_matches(request.stream, stream["id"])
                    and pattern_matches(request.kind + "*", stream["format"] + stream["subformat"])
                ]
            told.append(entry)
        return told

    def _answer_v3(self, request: InfoRequest, clients: Sequence[ClientFacts]) -> bytes:
        root = Element(
            "seedlink",
            software=SOFTWARE,
            organization=self.organisation,
            started=_time_v3(self.started_ns),
        )
        match request.item:
            case "ID":
                pass
            case "CAPABILITIES":
                for name in _CAPABILITIES_V3:
                    SubElement(root, "capability", name=name)
            case "STATIONS" | "STREAMS":
                for station_id, spans in self.stations():
                    _add_station_v3(root, station_id, spans, request.item == "STREAMS")
            case "CONNECTIONS":
                for client in clients:
                    SubElement(root, "connection", _connection_v3(client))
            case _:
                return self._error(request, "ARGUMENTS", "no such level of INFO")
        text = '<?xml version="1.0" encoding="utf-8"?>' + tostring(root, encoding="unicode")
        return _log_packets(text, "INF", self.started_ns)

    def station_list(self) -> bytes:
        """Return the answer to CAT."""
        lines = [f"{code.replace('_', ' ', 1)} {code}\r\n" for code, _ in self.stations()]
        return "".join([*lines, "END"]).encode("ascii")


def error_packet(organisation: str, code: str, text: str) -> bytes:
    """Return the version 4 packet that tells of an error while data flow."""
    document = {
        "software": SOFTWARE,
        "organization": organisation,
        "error": {"code": code, "message": text},
    }
    return json_packet("E", json.dumps(document))


def _log_packets(text: str, channel: str, time_ns: int) -> bytes:
    """Return text in log records of version 3; all but the last one are marked by a star."""
    record = MS3Record()
    record.formatversion = 2
    record.reclen = LEGACY_LENGTH
    record.encoding = DataEncoding.TEXT
    record.sourceid = nslc2sourceid("SL", "INFO", "", channel)
    record.starttime = time_ns
    record.samprate = 0.0
    plain = text.encode("ascii", "xmlcharrefreplace")
    payloads = [bytes(part) for part in record.generate(data_samples=plain, sample_type="t")]
    heads = [b"SLINFO *"] * (len(payloads) - 1) + [b"SLINFO  "]
    return b"".join(head + payload for head, payload in zip(heads, payloads, strict=True))


def _time_v3(time_ns: int) -> str:
    return f"{datetime_from_ns(time_ns):%Y/%m/%d %H:%M:%S.%f}"[:-2]


def _stream_v4(span: StreamSpan) -> dict[str, str]:
    record = span.newest.record
    return {
        "id": record.stream_id,
        "format": record.payload_format,
        "subformat": "D",
        "origin": "native",
        "start_time": format_utc(datetime_from_ns(span.oldest.record.start_ns)),
        "end_time": format_utc(datetime_from_ns(record.end_ns)),
    }


def _add_station_v3(
    root: Element, station_id: str, spans: Sequence[StreamSpan], has_streams: bool
) -> None:
    network, _, station = station_id.partition("_")
    element = SubElement(
        root,
        "station",
        name=station,
        network=network,
        description=station_id,
        begin_seq=f"{min(span.oldest.sequence for span in spans) % 2**24:06X}",
        end_seq=f"{max(span.newest.next_sequence for span in spans) % 2**24:06X}",
        stream_check="enabled",
    )
    for span in spans if has_streams else ():
        location, *letters = span.newest.record.stream_id.split("_")
        SubElement(
            element,
            "stream",
            location=location,
            seedname="".join(letters),
            type="D",
            begin_time=_time_v3(span.oldest.record.start_ns),
            end_time=_time_v3(span.newest.record.end_ns),
        )


def _connection_v4(client: ClientFacts) -> dict[str, Any]:
    return {
        "host": client.host,
        "port": client.port,
        "connect_time": format_utc(datetime_from_ns(client.connected_ns)),
        "user_agent": client.user_agent,
        "packets": client.n_packets,
        "bytes": client.n_bytes,
        "sequence": client.sequence,
    }


def _connection_v3(client: ClientFacts) -> dict[str, str]:
    return {
        "host": client.host,
        "port": str(client.port),
        "ctime": _time_v3(client.connected_ns),
        "client": client.user_agent,
        "txcount": str(client.n_packets),
        "totBytes": str(client.n_bytes),
        "current_seq": f"{client.sequence % 2**24:06X}",
    }
