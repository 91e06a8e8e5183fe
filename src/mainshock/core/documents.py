"""Records as plain documents that JSON can hold, and back: for messages, stores and services."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from mainshock.core.errors import DataError
from mainshock.core.times import format_utc, parse_utc

__all__ = ["from_document", "to_document"]

T = TypeVar("T")


def to_document(value: Any) -> Any:  # noqa: PLR0911 - any record; one branch for each kind
    """Return a record as dictionaries, lists, numbers and texts.

    Times become ISO 8601 UTC to the microsecond; arrays become lists, in full precision; NaN and
    infinity, which JSON cannot hold, become None.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_document(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, np.ndarray):
        return to_document(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_document(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_document(one) for one in value]
    if isinstance(value, np.generic):
        return to_document(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def from_document(kind: type[T], document: Any) -> T:  # any document
    """Return the record of a kind that a document tells of; keys it does not know are ignored.

    Raises
    ------
    DataError
        If a field is missing or does not fit.
    """
    try:
        made: T = _restored(kind, document)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"document is no {kind.__name__}: {error!r}") from error
    return made


@cache
def _hints(kind: type) -> dict[str, Any]:  # type annotations are of any shape
    return get_type_hints(kind)


def _restored(kind: Any, document: Any) -> Any:  # noqa: PLR0911 - one branch for each annotation
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        present = {
            one.name: _restored(hints[one.name], document[one.name])
            for one in fields(kind)
            if one.init and one.name in document
        }
        return kind(**present)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if document is None:
            return None
        return _restored(next(one for one in arguments if one is not type(None)), document)
    if origin is tuple:
        return _restored_tuple(arguments, document)
    if origin is np.ndarray:
        return np.array(document, dtype=np.float64)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _restored(arguments[1], one) for key, one in document.items()}
    if kind is datetime:
        return parse_utc(document)
    if kind is float and document is not None:
        return float(document)
    return document


def _restored_tuple(arguments: tuple[Any, ...], document: Any) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_restored(arguments[0], one) for one in document)
    return tuple(_restored(kind, one) for kind, one in zip(arguments, document, strict=True))
