"""What callers hand in, checked at the door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from cfacl.engine.ask import name_of, not_bytes
from cfacl.errors import InvalidKey, InvalidValue, RequestError, UnknownPrincipal, quoted
from cfacl.model.grants import nanoseconds
from cfacl.model.names import nearest
from cfacl.model.request import MAX_KEY, MAX_VALUE, Span, prefix_span

#: How far ahead of the clock a caller's timestamp may lie, in milliseconds: a later write would outlive its deletion.
AHEAD = 5_000


def row_key(key: object) -> bytes:
    """Return a row key: 1 to 32,767 arbitrary bytes."""
    if type(key) is not bytes:
        raise InvalidKey(f"a row key is bytes, not {type(key).__name__}; encode it")
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidKey(f"a row key is 1 to {MAX_KEY} bytes, not {len(key)}")
    return key


def column_names(columns: object) -> tuple[bytes, ...] | None:
    """Return column names as a tuple; ``None`` for none named."""
    if columns is None:
        return None
    if isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
        raise RequestError(f"`columns` is a list of column names, not {type(columns).__name__}")
    names = tuple(columns)  # what they say is checked where they are taken apart
    for each in names:
        if type(each) is not bytes:
            raise not_bytes(each)
    return names


def keys(rows: object) -> tuple[bytes, ...]:
    """Return several row keys as a tuple."""
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise RequestError(f"`rows` is a list of row keys, not {type(rows).__name__}")
    return tuple([row_key(each) for each in rows])


def family_names(what: str, given: object) -> frozenset[str]:
    """Return ``table:family`` names as a set."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise RequestError(f"`{what}` is a list of `table:family`, not {type(given).__name__}")
    return frozenset([name_of("family", each) for each in given])


def table_names(what: str, given: object) -> frozenset[str]:
    """Return names of tables as a set."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise RequestError(f"`{what}` is a list of tables, not {type(given).__name__}")
    return frozenset([name_of("table", each) for each in given])


def cell_value(value: object) -> bytes:
    """Return a value: at most 256 MiB less one byte."""
    if type(value) is not bytes:
        raise InvalidValue(f"a value is bytes, not {type(value).__name__}; encode it")
    if len(value) > MAX_VALUE:
        raise InvalidValue(f"a value of {len(value)} bytes is too long; at most {MAX_VALUE} are kept")
    return value


def time_before(timestamp: object) -> int | None:
    """Return the timestamp of a read, in milliseconds; cells at it and after it are left out."""
    if timestamp is None:
        return None
    if type(timestamp) is not int or timestamp < 0:
        raise InvalidValue("a timestamp is an int of milliseconds since 1970, 0 or more")
    return timestamp


def time_of_change(timestamp: object, now: Callable[[], int]) -> int | None:
    """Return the timestamp of a write or deletion, in milliseconds; at most 5 s ahead of ``now`` (nanoseconds)."""
    stamp = time_before(timestamp)
    if stamp is not None and stamp > now() // 1_000_000 + AHEAD:
        raise InvalidValue("a timestamp may lie at most 5 s ahead of the clock; leave it out for now")
    return stamp


def positive(name: str, number: object) -> int | None:
    """Return a count of at least 1, or ``None`` for no bound."""
    if number is None:
        return None
    if type(number) is not int or number < 1:
        raise RequestError(f"`{name}` is an int of at least 1")
    return number


def flag(name: str, value: object) -> bool:
    """Return True or False; what only looks like one might mean the other."""
    if type(value) is not bool:
        raise RequestError(f"`{name}` is True or False, not {type(value).__name__}")
    return value


def choice(name: str, value: object) -> bool | None:
    """Return True, False, or ``None`` for what is usual."""
    if value is not None and type(value) is not bool:
        raise RequestError(f"`{name}` is True, False, or None for what is usual, not {type(value).__name__}")
    return value


def instant(at: object) -> int:
    """Return an offset date-time in nanoseconds since 1970."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise RequestError("`at` is a datetime with an offset; give it a `tzinfo`")
    return nanoseconds(at)


def span(start: bytes | None, stop: bytes | None, prefix: bytes | None, *, reverse: bool) -> Span:
    """Return the row keys of a scan: ``start`` is included, ``stop`` is not; in reverse ``start`` is the higher.

    An empty bound is none, as HBase and happybase have it: no row has an empty key.
    """
    for each in (start, stop, prefix):
        if each is not None and type(each) is not bytes:
            raise InvalidKey(f"a bound of a scan is bytes, not {type(each).__name__}; encode it")
    if prefix is not None:
        if start is not None or stop is not None:
            raise RequestError("`row_prefix` can't be used with `row_start` or `row_stop`")
        return prefix_span(prefix)._replace(reverse=reverse)
    if reverse:
        return Span(stop + b"\0" if stop else None, start + b"\0" if start else None, reverse)
    return Span(start or None, stop or None, reverse)


def known_principal(name: object, known: Collection[str]) -> str:
    """Return the name of a principal that an operator asks about; nobody else is told the nearest names."""
    principal = name_of("principal", name)
    if principal not in known:
        advice = nearest(principal, known) or "; the policy lists who may ask"
        raise UnknownPrincipal(f"unknown principal {quoted(principal)}{advice}")
    return principal
