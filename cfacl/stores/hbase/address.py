"""What the URL of a store says: ``hbase://host:9090/home_?transport=framed&timeout=10``."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from cfacl.errors import RequestError, quoted
from cfacl.stores.query import parse_query, said_flag, said_seconds
from cfacl.stores.tls import Tls

__all__ = ["Address", "parse"]

_PORT: Final = 9090
_TRANSPORTS: Final = ("buffered", "framed")
#: What can be said behind the question mark, by scheme.
_KNOWN: Final = {
    "hbase": ("retry_writes", "timeout", "transport"),
    "hbase+http": ("doas", "retry_writes", "timeout"),
    "hbase+https": ("ca", "cert", "doas", "key", "retry_writes", "timeout"),
}
#: An answer that takes longer is given up, in seconds; HBase gives up one of its own after 60.
_PATIENCE: Final = 60.0
#: What table names begin with: a namespace, or letters that HBase takes in a name.
_PREFIX: Final = re.compile(r"([A-Za-z0-9_]+:)?([A-Za-z0-9_][A-Za-z0-9_.\-]{0,63})?")


@frozen
class Address:
    """Where a gateway is, and how it is spoken to.

    Attributes:
        prefix: what the names of all tables begin with there.
        transport: `buffered`, `framed` or `http`, as the gateway was started.
        timeout: seconds for each answer.
        tls: how it is encrypted; ``None`` for not at all.
        doas: whether it is to act as each principal, and not as one user for all.
        retry_writes: whether changes bear timestamps of ours and are sent once more where the connection broke.
    """

    host: str
    port: int
    prefix: str
    transport: str
    timeout: float
    tls: Tls | None = None
    doas: bool = False
    retry_writes: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def plaintext(self) -> bool:
        """Whether whoever is on the way can read what passes."""
        return self.tls is None


def parse(url: str) -> Address:
    """Return what a URL says.

    Raises:
        RequestError: it does not make sense.
    """
    try:
        parts = urlsplit(url)
        port = _PORT if parts.port is None else parts.port
    except ValueError as error:
        raise RequestError(f"{quoted(url)} is no URL; write `hbase://host:9090`") from error
    if not parts.hostname or not port or parts.username is not None or parts.password is not None or parts.fragment:
        raise RequestError(
            f"{quoted(url)} must be `hbase://host:9090`, or with what table names begin with behind a `/`"
        )
    prefix = unquote(parts.path.removeprefix("/"))
    if not _PREFIX.fullmatch(prefix):
        raise RequestError(f"{quoted(prefix)} begins no table's name; write `home_`, or a namespace as in `home:`")
    said = parse_query(parts.scheme, parts.query, _KNOWN[parts.scheme])
    return Address(
        host=parts.hostname,
        port=port,
        prefix=prefix,
        transport=_transport(said.get("transport", "buffered")) if parts.scheme == "hbase" else "http",
        timeout=said_seconds(said, "timeout", _PATIENCE),
        tls=Tls.said(said) if parts.scheme == "hbase+https" else None,
        doas=_doas(said.get("doas")),
        retry_writes=said_flag(said, "retry_writes", otherwise=False),
    )


def _transport(value: str) -> str:
    if value not in _TRANSPORTS:
        raise RequestError(f"`transport` is `buffered` or `framed`, as the gateway was started; not {quoted(value)}")
    return value


def _doas(value: str | None) -> bool:
    if value not in (None, "principal"):
        raise RequestError(f"`doas` is `principal`, so that the gateway acts as each of them; not {quoted(value)}")
    return value is not None
