"""What stands behind the question mark of a store's URL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from cfacl.errors import RequestError, quoted

__all__ = ["parse_query", "said_flag", "said_seconds"]

_SECONDS: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")


def parse_query(scheme: str, query: str, known: Sequence[str]) -> dict[str, str]:
    """Return what is said by name, each of ``known`` and once.

    Raises:
        RequestError: something else is said.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise RequestError(f"{quoted(query)} is no query; write `timeout=10`, and `&` between two") from None
    said: dict[str, str] = {}
    for name, value in pairs:
        if name in said:
            raise RequestError(f"{quoted(name)} is said twice; say it once")
        if name not in known:
            *most, last = (quoted(each) for each in known)
            raise RequestError(f"unknown {quoted(name)}; known for `{scheme}` are {', '.join(most)} and {last}")
        said[name] = value
    return said


def said_seconds(said: Mapping[str, str], name: str, otherwise: float) -> float:
    """Return a number of seconds, above 0.

    Raises:
        RequestError: it is none.
    """
    value = said.get(name)
    if value is None:
        return otherwise
    seconds = float(value) if _SECONDS.fullmatch(value) else 0
    if not seconds:
        raise RequestError(f"{quoted(name)} is a number of seconds, such as `10`; not {quoted(value)}")
    return seconds


def said_flag(said: Mapping[str, str], name: str, *, otherwise: bool) -> bool:
    """Return whether it is said to be so.

    Raises:
        RequestError: it says something else.
    """
    value = said.get(name, "true" if otherwise else "false")
    if value not in ("true", "false"):
        raise RequestError(f"{quoted(name)} is `true` or `false`; not {quoted(value)}")
    return value == "true"
