"""What the URL of a store says: ``hbase://host:9090/home_?transport=framed&timeout=10``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

from cfacl.errors import RequestError, quoted

__all__ = ["Address", "parse"]

_PORT: Final = 9090
_TRANSPORTS: Final = ("buffered", "framed")
#: An answer that takes longer is given up, in seconds; HBase gives up one of its own after 60.
_PATIENCE: Final = 60.0
_SECONDS: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
#: What table names begin with: a namespace, or letters that HBase takes in a name.
_PREFIX: Final = re.compile(r"([A-Za-z0-9_]+:)?([A-Za-z0-9_][A-Za-z0-9_.\-]{0,63})?")


@frozen
class Address:
    """Where a gateway is, and how it is spoken to.

    Attributes:
        prefix: what the names of all tables begin with there.
        transport: `buffered` or `framed`, as the gateway was started.
        timeout: seconds for each answer.
    """

    host: str
    port: int
    prefix: str
    transport: str
    timeout: float

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse(url: str) -> Address:
    """Return what a URL says.

    Raises:
        RequestError: it does not make sense.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError as error:
        raise RequestError(f"{quoted(url)} is no URL; write `hbase://host:9090`") from error
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise RequestError(
            f"{quoted(url)} must be `hbase://host:9090`, or with what table names begin with behind a `/`"
        )
    prefix = unquote(parts.path.removeprefix("/"))
    if not _PREFIX.fullmatch(prefix):
        raise RequestError(f"{quoted(prefix)} begins no table's name; write `home_`, or a namespace as in `home:`")
    said = _said(parts.query)
    return Address(parts.hostname, port, prefix, _transport(said.pop("transport", "buffered")), _timeout(said))


def _said(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise RequestError(f"{quoted(query)} is no query; write `transport=framed&timeout=10`") from None
    said: dict[str, str] = {}
    for name, value in pairs:
        if name in said:
            raise RequestError(f"{quoted(name)} is said twice; say it once")
        if name not in ("transport", "timeout"):
            raise RequestError(f"unknown {quoted(name)}; known are `transport` and `timeout`")
        said[name] = value
    return said


def _transport(value: str) -> str:
    if value not in _TRANSPORTS:
        raise RequestError(f"`transport` is `buffered` or `framed`, as the gateway was started; not {quoted(value)}")
    return value


def _timeout(said: Mapping[str, str]) -> float:
    value = said.get("timeout")
    if value is None:
        return _PATIENCE
    seconds = float(value) if _SECONDS.fullmatch(value) else 0
    if not seconds:
        raise RequestError(f"`timeout` is a number of seconds, such as `10`; not {quoted(value)}")
    return seconds
