"""What the URL of a store says: ``hbase://host:9090/home_?transport=framed&timeout=10``."""

from __future__ import annotations

import re
import ssl
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

from cfacl.errors import RequestError, quoted, quoted_path

__all__ = ["Address", "Tls", "parse"]

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
_SECONDS: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
#: What table names begin with: a namespace, or letters that HBase takes in a name.
_PREFIX: Final = re.compile(r"([A-Za-z0-9_]+:)?([A-Za-z0-9_][A-Za-z0-9_.\-]{0,63})?")


@frozen
class Tls:
    """How a gateway is known, and how it knows us; paths of PEM files.

    Attributes:
        ca: who signs gateways' certificates; ``None`` for whom this machine trusts.
        cert, key: our own certificate and its key, where the gateway asks for one.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return what connections are made with: TLS 1.2 or later, the certificate and the name in it verified.

        Raises:
            RequestError: a file cannot be read, or is none of its kind.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key, password=_no_pass_phrase)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(quoted_path(each) for each in (self.ca, self.cert, self.key) if each is not None)
            raise RequestError(
                f"{files} can't be read as certificates and keys; give the paths of PEM files"
            ) from error
        return context


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
    said = _said(parts.scheme, parts.query)
    return Address(
        host=parts.hostname,
        port=port,
        prefix=prefix,
        transport=_transport(said.get("transport", "buffered")) if parts.scheme == "hbase" else "http",
        timeout=_timeout(said.get("timeout")),
        tls=_tls(said) if parts.scheme == "hbase+https" else None,
        doas=_doas(said.get("doas")),
        retry_writes=_retries(said.get("retry_writes", "false")),
    )


def _said(scheme: str, query: str) -> dict[str, str]:
    known = _KNOWN[scheme]
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


def _transport(value: str) -> str:
    if value not in _TRANSPORTS:
        raise RequestError(f"`transport` is `buffered` or `framed`, as the gateway was started; not {quoted(value)}")
    return value


def _timeout(value: str | None) -> float:
    if value is None:
        return _PATIENCE
    seconds = float(value) if _SECONDS.fullmatch(value) else 0
    if not seconds:
        raise RequestError(f"`timeout` is a number of seconds, such as `10`; not {quoted(value)}")
    return seconds


def _no_pass_phrase() -> str:
    """Refuse an encrypted key, for which OpenSSL would ask at the terminal."""
    raise RequestError("the `key` is encrypted; give the path of one that asks for no pass phrase")


def _doas(value: str | None) -> bool:
    if value not in (None, "principal"):
        raise RequestError(f"`doas` is `principal`, so that the gateway acts as each of them; not {quoted(value)}")
    return value is not None


def _retries(value: str) -> bool:
    if value not in ("true", "false"):
        raise RequestError(f"`retry_writes` is `true` or `false`; not {quoted(value)}")
    return value == "true"


def _tls(said: dict[str, str]) -> Tls:
    if "key" in said and "cert" not in said:
        raise RequestError("`key` is the key of a certificate; say its `cert` too")
    for name in ("ca", "cert", "key"):
        if said.get(name) == "":  # which would be taken for whom this machine trusts
            raise RequestError(f"{quoted(name)} is empty; give the path of a PEM file, or leave it out")
    return Tls(said.get("ca"), said.get("cert"), said.get("key"))
