"""What the URL of a store says: ``cassandra://one,two:9042/home?dc=eu&timeout=5``."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from cfacl.errors import RequestError, quoted, quoted_path
from cfacl.stores.cassandra.names import is_keyspace
from cfacl.stores.query import parse_query, said_flag, said_seconds
from cfacl.stores.rights.cassandra import is_own
from cfacl.stores.tls import Tls

__all__ = ["Address", "Credentials", "parse"]

_PORT: Final = 9042
_KNOWN: Final = ("ca", "cert", "credentials", "dc", "key", "timeout", "tls")
#: An answer that takes longer is given up, in seconds; the driver's own default.
_PATIENCE: Final = 10.0
_HOST: Final = re.compile(r"[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\]")
#: The section of a file of credentials, as `cqlsh` has it.
_SECTION: Final = "PlainTextAuthProvider"


@frozen
class Credentials:
    """Who we are to the cluster."""

    user: str
    password: str = field(repr=False)


@frozen
class Address:
    """Where a cluster is, and how it is spoken to.

    Attributes:
        hosts: nodes to begin with; the others are found out.
        keyspace: where the tables are; it must be there.
        data_center: whose nodes are asked; ``None`` for that of the hosts, where it is one.
        timeout: seconds for each answer.
        tls: how it is encrypted; ``None`` for not at all.
        credentials: the path of a file with a user's name and password.
    """

    hosts: tuple[str, ...]
    port: int
    keyspace: str
    data_center: str | None = None
    timeout: float = _PATIENCE
    tls: Tls | None = None
    credentials: str | None = None

    def __str__(self) -> str:
        return f"{','.join(self.hosts)}:{self.port}"

    @property
    def plaintext(self) -> bool:
        """Whether whoever is on the way can read what passes."""
        return self.tls is None

    def known_as(self) -> Credentials | None:
        """Return who we are, from the file.

        Raises:
            RequestError: it cannot be read, or says no user and password.
        """
        if self.credentials is None:
            return None
        reader = configparser.ConfigParser(interpolation=None)
        try:
            text = Path(self.credentials).read_text("utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise RequestError(f"{quoted_path(self.credentials)} cannot be read: {why.lower()}") from error
        try:
            reader.read_string(text)
            said = reader[_SECTION]
            return Credentials(said["username"], said["password"])
        except (KeyError, configparser.Error) as error:
            raise RequestError(
                f"{quoted_path(self.credentials)} says no user; write `[{_SECTION}]`, `username = ...` and"
                " `password = ...`, as cqlsh has it"
            ) from error


def parse(url: str) -> Address:
    """Return what a URL says.

    Raises:
        RequestError: it does not make sense.
    """
    parts = urlsplit(url)
    where, _, _ = parts.netloc.partition("?")
    if "@" in where:
        raise RequestError("a URL is no place for a password, which logs keep; write `?credentials=` and a file's path")
    hosts, port = _hosts(url, where)
    keyspace = unquote(parts.path.removeprefix("/"))
    if parts.fragment or not is_keyspace(keyspace):
        raise RequestError(f"{quoted(url)} must name a keyspace of letters, digits and `_`: `cassandra://host/home`")
    if is_own(keyspace):
        raise RequestError(f"{quoted(keyspace)} is cassandra's own; make a keyspace of yours, and name that")
    said = parse_query("cassandra", parts.query, _KNOWN)
    return Address(
        hosts=hosts,
        port=port,
        keyspace=keyspace,
        data_center=_present(said, "dc"),
        timeout=said_seconds(said, "timeout", _PATIENCE),
        tls=_tls(said),
        credentials=_present(said, "credentials"),
    )


def _hosts(url: str, where: str) -> tuple[tuple[str, ...], int]:
    *others, last = where.split(",")
    host, colon, port = last.rpartition(":") if not last.endswith("]") else (last, "", "")
    if not colon:
        host, port = last, str(_PORT)
    hosts = (*others, host)
    if not all(map(_HOST.fullmatch, hosts)) or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise RequestError(f"{quoted(url)} must be `cassandra://host/keyspace`, or `cassandra://one,two:9042/keyspace`")
    return tuple(each.strip("[]") for each in hosts), int(port)


def _present(said: dict[str, str], name: str) -> str | None:
    value = said.get(name)
    if value == "":
        raise RequestError(f"{quoted(name)} is empty; say it, or leave it out")
    return value


def _tls(said: dict[str, str]) -> Tls | None:
    tls = Tls.said(said)
    wanted = said_flag(said, "tls", otherwise=tls != Tls())
    if not wanted and tls != Tls():
        raise RequestError("`tls=false` has no certificates; leave out `ca`, `cert` and `key`, or `tls`")
    return tls if wanted else None
