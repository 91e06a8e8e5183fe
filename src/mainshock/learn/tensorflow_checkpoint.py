"""Reads the tensors of a TensorFlow checkpoint without TensorFlow.

A checkpoint is a *tensor bundle*: ``PREFIX.index`` is a sorted table (the format of LevelDB)
from a tensor's name to a ``BundleEntryProto``, which says where its bytes lie in
``PREFIX.data-0000i-of-0000n``. Both kinds of file carry CRC-32C checksums, and all are checked.

References
----------
The table format: https://github.com/google/leveldb/blob/main/doc/table_format.md; the messages:
``tensorflow/core/protobuf/tensor_bundle.proto``.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, SourceError

__all__ = ["read_checkpoint"]

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5  # one byte for the compression, four for the checksum
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# numbers of tensorflow/core/framework/types.proto; texts and resources hold no weights
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where one tensor lies."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    is_sliced: bool


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Return the numeric tensors of a checkpoint by name.

    Parameters
    ----------
    path
        Folder with a ``checkpoint`` file (or with a single ``*.index``), an ``.index`` file, or
        the prefix that the files of the checkpoint share.

    Returns
    -------
    dict
        Name to array, in TensorFlow's own order of axes. Tensors of text are left out.

    Raises
    ------
    SourceError
        If a file is missing or cannot be read.
    ModelError
        If a checksum differs or the format is not one of a tensor bundle.
    """
    prefix = _prefix(path)
    index = _with_name(prefix, ".index")
    try:
        table = dict(_table(_bytes(index)))
        n_shards = _header(table.pop(b"", b""))
        entries = {name.decode(): _entry(value) for name, value in table.items()}
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ModelError(f"{index} is damaged or no checkpoint index: {error}") from error
    except ModelError as error:
        raise ModelError(f"{index}: {error}") from error
    paths = [_with_name(prefix, f".data-{i:05d}-of-{n_shards:05d}") for i in range(n_shards)]
    shards = [_bytes(shard) for shard in paths]
    return {
        name: _tensor(name, entry, shards)
        for name, entry in entries.items()
        if entry.dtype in _DTYPES
    }


def _with_name(prefix: Path, ending: str) -> Path:
    return prefix.with_name(prefix.name + ending)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"cannot read {path}: {error}; a checkpoint needs its .index and all its .data files"
        ) from error


def _prefix(path: Path) -> Path:
    """Return the path that the files of the checkpoint share."""
    if not path.is_dir():
        return path.with_suffix("") if path.suffix == ".index" else path
    state = path / "checkpoint"
    if state.is_file():
        match = re.search(
            r'^model_checkpoint_path:\s*"([^"]+)"', _bytes(state).decode(errors="replace"), re.M
        )
        if match:  # an absolute path is that of the machine that wrote it
            return path / Path(match[1]).name
    indices = sorted(path.glob("*.index"))
    if len(indices) != 1:
        raise SourceError(
            f"{path} holds {len(indices)} files *.index and no file `checkpoint` that names one "
            "of them; name the .index file itself"
        )
    return indices[0].with_suffix("")


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a sorted table in its order."""
    if len(content) < _FOOTER_BYTES:
        raise ModelError(f"{len(content)} bytes are too few for a table")
    footer = content[-_FOOTER_BYTES:]
    if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise ModelError("the last 8 bytes are not those of a table; this is no checkpoint index")
    _, _, at = _handle(footer, 0)  # of the meta index, which is empty
    start, size, _ = _handle(footer, at)
    for _, handle in _block(content, start, size):
        block_start, block_size, _ = _handle(handle, 0)
        yield from _block(content, block_start, block_size)


def _handle(content: bytes, at: int) -> tuple[int, int, int]:
    start, at = _varint(content, at)
    size, at = _varint(content, at)
    return start, size, at


def _block(content: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of one block; each key repeats the beginning of the one before."""
    block = content[start : start + size]
    trailer = content[start + size : start + size + _TRAILER_BYTES]
    if len(trailer) < _TRAILER_BYTES:
        raise ModelError("the file ends inside a block; it was cut short")
    if trailer[0]:
        raise ModelError("a block is compressed, which TensorFlow does not do; save it again")
    _check(block + trailer[:1], struct.unpack("<I", trailer[1:])[0], "the index")
    (n_restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 * (n_restarts + 1)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        unshared, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + unshared]
        at += unshared
        yield key, block[at : at + length]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return an integer of seven bits a byte, low bits first, and the place behind it."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, integer value and bytes of each field of a protocol-buffer message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        value, content = 0, b""
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
            content, at = message[at : at + length], at + length
        elif kind in (_FIXED32, _FIXED64):
            width = 4 if kind == _FIXED32 else 8
            value, at = int.from_bytes(message[at : at + width], "little"), at + width
        else:
            raise ModelError(f"an entry has a field of the unknown kind {kind}")
        yield number, value, content


def _header(message: bytes) -> int:
    """Return the number of data files."""
    n_shards, is_big_endian = 0, False
    for number, value, _ in _fields(message):
        if number == 1:
            n_shards = value
        elif number == 2:
            is_big_endian = bool(value)
    if is_big_endian:
        raise ModelError("the numbers are big-endian; save it on a little-endian machine")
    if not 1 <= n_shards <= 99_999:
        raise ModelError(f"the header names {n_shards} data files; there must be at least one")
    return n_shards


def _entry(message: bytes) -> _Entry:
    values = dict.fromkeys(range(1, 7), 0)
    shape: tuple[int, ...] = ()
    is_sliced = False
    for number, value, content in _fields(message):
        if number == 2:
            shape = tuple(_dimensions(content))
        elif number == 7:
            is_sliced = True
        else:
            values[number] = value
    return _Entry(values[1], shape, values[3], values[4], values[5], values[6], is_sliced)


def _dimensions(message: bytes) -> Iterator[int]:
    for number, _, content in _fields(message):
        if number == 2:
            yield next((value for inner, value, _ in _fields(content) if inner == 1), 0)


def _tensor(name: str, entry: _Entry, shards: list[bytes]) -> NDArray[Any]:
    if entry.is_sliced:
        raise ModelError(f"tensor {name!r} is stored in slices; save the checkpoint in one piece")
    if entry.shard >= len(shards):
        raise ModelError(f"tensor {name!r} lies in data file {entry.shard} of {len(shards)}")
    content = shards[entry.shard][entry.offset : entry.offset + entry.size]
    dtype = np.dtype(_DTYPES[entry.dtype])
    expected = int(np.prod(entry.shape, dtype=np.int64)) * dtype.itemsize
    if not len(content) == entry.size == expected:
        raise ModelError(
            f"tensor {name!r} has {len(content)} bytes, its shape {entry.shape} asks for "
            f"{expected}; the data file was cut short: fetch the checkpoint again"
        )
    _check(content, entry.checksum, f"tensor {name!r}")
    return np.frombuffer(content, dtype).reshape(entry.shape).copy()


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc_table()


def _check(content: bytes, masked: int, what: str) -> None:
    """Compare a CRC-32C, which is stored rotated and shifted, with that of the bytes."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    found = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    if found != masked:
        raise ModelError(
            f"{what} has checksum {found:08x}, the file says {masked:08x}; it is damaged: fetch "
            "the checkpoint again"
        )
