"""The state of the picking stage as bytes: arrays, and a JSON document beside them."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from mainshock.core.documents import from_document, to_document
from mainshock.stream.picking.instrument import ChunkPlan, InstrumentState
from mainshock.stream.picking.pick_versions import OpenPicks
from mainshock.stream.picking.record_buffer import RecordBuffer
from mainshock.stream.records import LivePick

__all__ = ["pack_instruments", "unpack_instruments"]

_PLAIN = (
    "start",
    "components",
    "next_early",
    "next_chunk",
    "settled_until",
    "last_arrival_ns",
    "longest_s",
    "trace",
)
_OF_BUFFER = ("key", "rate_hz", "grid_ns", "first", "ends", "is_turned")


def pack_instruments(
    instruments: Mapping[str, InstrumentState], clock_ns: int, plan: ChunkPlan | None
) -> memoryview:
    """Return the bytes that ``unpack_instruments`` reads."""
    arrays: dict[str, Any] = {}
    documents = []
    for number, one in enumerate(instruments.values()):
        length = one.buffer.newest - one.buffer.first
        arrays[f"samples{number}"] = one.buffer.samples[:, :length]
        arrays[f"there{number}"] = np.packbits(one.buffer.is_there[:, :length], axis=1)
        documents.append(
            {
                "state": {name: getattr(one, name) for name in _PLAIN},
                "buffer": {name: getattr(one.buffer, name) for name in _OF_BUFFER},
                "picks": to_document(one.open_picks.picks),
            }
        )
    cut = None if plan is None else [plan.window_s, plan.stride_s]
    head = json.dumps({"clock_ns": clock_ns, "plan": cut, "instruments": documents})
    stream = io.BytesIO()
    np.savez(stream, head=np.frombuffer(head.encode(), dtype=np.uint8), **arrays)
    return stream.getbuffer()  # without a copy of what is 20 MB for a hundred stations


def unpack_instruments(
    snapshot: bytes | memoryview, capacity_s: float, same_s: float, is_synthetic: bool
) -> tuple[dict[str, InstrumentState], int, ChunkPlan | None]:
    """Return the instruments by trace id, the clock and their plan; settings are those of now."""
    with np.load(io.BytesIO(snapshot), allow_pickle=False) as arrays:
        head = json.loads(arrays["head"].tobytes())
        instruments = {}
        for number, document in enumerate(head["instruments"]):
            one = _instrument(document, capacity_s, same_s, is_synthetic)
            samples = arrays[f"samples{number}"]
            length = samples.shape[1]
            one.buffer.grow(length / one.buffer.rate_hz)
            there = np.unpackbits(arrays[f"there{number}"], axis=1, count=length)
            one.buffer.samples[:, :length] = samples
            one.buffer.is_there[:, :length] = there.astype(bool)
            instruments[one.trace_id] = one
    cut = head.get("plan")
    return instruments, int(head["clock_ns"]), None if cut is None else ChunkPlan(*cut)


def _instrument(
    document: Mapping[str, Any], capacity_s: float, same_s: float, is_synthetic: bool
) -> InstrumentState:
    stated = document["buffer"]
    buffer = RecordBuffer(tuple(stated["key"]), stated["rate_hz"], stated["grid_ns"], capacity_s)
    buffer.first, buffer.ends = stated["first"], list(stated["ends"])
    buffer.is_turned = stated["is_turned"]
    picks = [from_document(LivePick, one) for one in document["picks"]]
    state = dict(document["state"])
    state["components"] = tuple(state["components"])
    return InstrumentState(buffer, OpenPicks(buffer.key[3], same_s, is_synthetic, picks), **state)
