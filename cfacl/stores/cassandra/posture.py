"""How a cluster stands, by questions that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cfacl.errors import StoreError, quoted
from cfacl.stores.cassandra.ring import ITSELF, SHARED, Ring
from cfacl.stores.native import Refused
from cfacl.stores.posture import Sign, transport

__all__ = ["is_off", "posture"]

_SETTINGS: Final = "SELECT name, value FROM system_views.settings"
_ROLES: Final = "SELECT role, can_login, is_superuser, member_of FROM system_auth.roles"
_LOCAL: Final = "SELECT release_version, schema_version FROM system.local"
_PEERS: Final = "SELECT release_version, schema_version FROM system.peers_v2"
_KEYSPACE: Final = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"
#: What goes by a client's certificate, if it shows one, and then by no password.
_BY_CERTIFICATE: Final = ("MutualTlsAuthenticator", "MutualTlsWithPasswordFallbackAuthenticator")
#: Whom Cassandra makes when it asks for passwords, and with which.
_FIRST: Final = "cassandra"


def posture(ring: Ring) -> Iterator[Sign]:
    """Yield what is found.

    Raises:
        StoreError: the cluster failed at something else than what is told.
    """
    address = ring.address
    yield transport(address.tls, address.hosts, whose="each node's", use="`?tls=true`")
    if address.credentials is not None and address.tls is None:
        yield Sign("attention", "credentials", "our password goes over in plain text; use `?tls=true`")
    yield from _nodes(ring)
    yield _replication(ring)
    try:
        settings = dict(ring.ask(ring.prepare(_SETTINGS, ITSELF)))
    except Refused as refused:
        user = f" {quoted(refused.user)}" if refused.user else ""
        yield Sign("well", "authorization", f"on: the cluster refuses its settings to our user{user}")
        yield Sign("unseen", "settings", "our user may not read `system_views.settings`; ask as one who may")
        return
    yield from _who(settings)
    if address.credentials is not None and _class(settings.get("authenticator")) in _BY_CERTIFICATE:
        yield Sign(
            "attention",
            "credentials",
            "not looked at: whom our certificate names is who we are; leave out `credentials`",
        )
    yield _log(settings)
    yield _between(settings)
    yield from _superusers(ring, settings)


def _nodes(ring: Ring) -> Iterator[Sign]:
    found = ring.ask(ring.prepare(_LOCAL, ITSELF)) + ring.ask(ring.prepare(_PEERS, ITSELF))
    versions = sorted({str(version) for version, _ in found})
    yield Sign("fact", "nodes", f"{len(found)}, of cassandra {', '.join(versions)}")
    if len({schema for _, schema in found}) > 1:
        yield Sign("attention", "schema", "the nodes do not agree on it; see `nodetool describecluster`")


def _replication(ring: Ring) -> Sign:
    found = ring.ask(ring.prepare(_KEYSPACE, ITSELF), (ring.address.keyspace,))
    if not found:
        return Sign("attention", "replication", f"there is no keyspace {quoted(ring.address.keyspace)} any more")
    ((replication,),) = found
    counts = {name: value for name, value in replication.items() if name != "class"}
    said = ", ".join(f"{name} {value}" for name, value in sorted(counts.items()))
    if any(value.isdecimal() and int(value) < 2 for value in counts.values()):  # noqa: PLR2004  # one is lost with its node
        return Sign("attention", "replication", f"{said}: what is on one node is gone with it, for as long as that is")
    return Sign("well", "replication", said)


def _who(settings: Mapping[str, Any]) -> Iterator[Sign]:
    asked = (
        ("authentication", "authenticator", "AllowAllAuthenticator", "whoever reaches a node is let in"),
        ("authorization", "authorizer", "AllowAllAuthorizer", "whoever is let in may do everything"),
    )
    for about, name, off, means in asked:
        value = settings.get(name)
        if is_off(value, off):
            yield Sign("attention", about, f"off: {means}; set `{name}` in cassandra.yaml")
        else:
            yield Sign("well", about, f"on, by `{_class(value)}`")


def is_off(value: object, name: str) -> bool:
    """Whether a setting is the class that lets everybody, which is also the one that counts where none is said."""
    return value is None or _class(value) == name


def _class(value: object) -> str:
    return str(value).rpartition(".")[2]


def _log(settings: Mapping[str, Any]) -> Sign:
    value = settings.get("commitlog_sync")
    if value == "periodic":
        period = settings.get("commitlog_sync_period")
        return Sign(
            "attention",
            "commit log",
            f"written every {period}: a node that dies loses what it acknowledged since; set `commitlog_sync: batch`",
        )
    return Sign("well", "commit log", f"`{value}`: what a node acknowledges is on its disk")


def _between(settings: Mapping[str, Any]) -> Sign:
    value = settings.get("server_encryption_options.internode_encryption")
    if value == "none":
        return Sign("fact", "between nodes", "plain text; `internode_encryption` makes it tls")
    return Sign("well", "between nodes", f"tls, for {quoted(value)}")


def _superusers(ring: Ring, settings: Mapping[str, Any]) -> Iterator[Sign]:
    if _class(settings.get("role_manager") or "CassandraRoleManager") != "CassandraRoleManager":
        yield Sign("unseen", "superusers", "who is one does not stand in cassandra's own tables")
        return
    try:
        roles = ring.ask(ring.prepare(_ROLES, SHARED))
    except StoreError:
        yield Sign("unseen", "superusers", "our user may not read `system_auth.roles`; ask as one who may")
        return
    all_may = {role for role, _, superuser, _ in roles if superuser}
    while more := {role for role, _, _, parents in roles if not all_may.isdisjoint(parents or ())} - all_may:
        all_may |= more  # a role has what those have of which it is a member
    found = sorted(role for role, login, _, _ in roles if role in all_may and login)
    if _FIRST in found:
        yield Sign(
            "attention", "superusers", f"`{_FIRST}`, whom every cassandra begins with, may log in; make one of your own"
        )
    if found and not is_off(settings.get("authorizer"), "AllowAllAuthorizer"):
        yield Sign("fact", "superusers", f"no right holds back {', '.join(map(quoted, found))}")
