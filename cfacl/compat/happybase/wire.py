"""Names, values and numbers as happybase hands them on: text in UTF-8, and whatever is an integer."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, Literal, cast

from cfacl.errors import InvalidValue, RequestError

__all__ = [
    "at_least_one",
    "columns_of",
    "data_of",
    "decoded",
    "durable_of",
    "encoded",
    "names_of",
    "stamped",
    "time_of",
    "whole",
]


def encoded(given: Any) -> Any:
    """Return text, and what holds bytes, as bytes; and anything else as it is, for the native face to look at."""
    if type(given) is bytes:
        return given
    if isinstance(given, str):
        try:
            return given.encode()
        except UnicodeEncodeError:
            raise InvalidValue("text holds a lone surrogate, which UTF-8 can't say; give bytes") from None
    return bytes(given) if isinstance(given, (bytes, bytearray, memoryview)) else given


def decoded(name: bytes) -> str:
    """Return a table's or family's name as the policy has it; one that is no text is none that a policy has."""
    return name.decode("utf-8", "backslashreplace")


def whole(given: Any) -> Any:
    """Return an integer of any kind as an int, and anything else as it is."""
    return int(given) if isinstance(given, Integral) else given


def stamped(given: object) -> Literal[True]:
    """Return whether timestamps are asked for; as a type always, since both kinds of answer are one here."""
    return cast("Literal[True]", bool(given))


def at_least_one(name: str, number: Any) -> int:
    """Return a count.

    Raises:
        TypeError: it is no integer.
        ValueError: it is below 1.
    """
    if not isinstance(number, Integral):
        raise TypeError(f"`{name}` is an integer of at least 1, not {type(number).__name__}")
    if number < 1:
        raise ValueError(f"`{name}` is at least 1")
    return int(number)


def columns_of(columns: Any) -> list[Any] | None:
    """Return what a read names; ``None`` for none named, as an empty list is here.

    Raises:
        TypeError: neither a tuple nor a list.
    """
    if columns is None:
        return None
    if not isinstance(columns, (tuple, list)):
        raise TypeError(f"`columns` is a tuple or list, not {type(columns).__name__}")
    return [encoded(each) for each in columns] or None


def time_of(timestamp: Any) -> int | None:
    """Return a timestamp.

    Raises:
        TypeError: it is no integer.
    """
    if timestamp is None:
        return None
    if not isinstance(timestamp, Integral):
        raise TypeError(f"`timestamp` is an integer, not {type(timestamp).__name__}")
    return int(timestamp)


def data_of(data: Any) -> Any:
    """Return a put's values by column, as bytes where they can be.

    Raises:
        RequestError: it has no items.
    """
    if type(data) is dict:
        for column, value in data.items():
            if type(column) is not bytes or type(value) is not bytes:
                break
        else:
            return data
    elif not hasattr(data, "items"):
        raise RequestError(f"data is a dict of values by column name, not {type(data).__name__}")
    return {encoded(column): encoded(value) for column, value in data.items()}


def durable_of(wal: object) -> bool | None:
    """Return whether a change is durable: as the database has it (``None``), or not where it is to go without its log."""
    return None if wal is None or wal else False


def names_of(columns: Any) -> Any:
    """Return what is named by something other than a read; what is no list of names as it is."""
    if columns is None or isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
        return columns
    return [encoded(each) for each in columns]
