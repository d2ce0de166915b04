"""Which classes a policy is made of, for one that was built by hand: what only looks like one might change later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import chain, repeat
from typing import Any, Final

from attrs import fields, has

from cfacl.errors import Fault
from cfacl.model.catalog import Catalog, Family, Table
from cfacl.model.grants import (
    Access,
    Assignment,
    Expect,
    Grant,
    Never,
    Principal,
    Restriction,
    Role,
    Window,
)
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.policy.faults import Place, path
from cfacl.policy.policy import Policy

__all__ = ["strange_parts"]

#: Something of a policy, where it stands, and what it has to be.
_Part = tuple[Place, object, type]


def strange_parts(policy: Policy) -> list[Fault]:
    """Return a fault for each part of a policy that is not of the class that belongs there, the outermost first."""
    whole: list[_Part] = [
        ((), policy, Policy),
        (("policy", "name"), policy.name, str),
        (("catalog",), policy.catalog, Catalog),
        (("stores",), policy.stores, StoreSettings),
    ]
    if found := _strange(whole):
        return found
    outer: list[_Part] = [
        *((("tables", str(name)), each, Table) for name, each in policy.catalog.tables.items()),
        *((("roles", str(name)), each, Role) for name, each in policy.roles.items()),
        *((("principals", str(name)), each, Principal) for name, each in policy.principals.items()),
        *((("never", i), each, Never) for i, each in enumerate(policy.never)),
        *((("expect", i), each, Expect) for i, each in enumerate(policy.expect)),
        *(
            (("stores", "cassandra", "tables", str(name)), each, CassandraLayout)
            for name, each in policy.stores.cassandra_layouts.items()
        ),
    ]
    return _strange(outer) or _strange(_inner(policy)) or _strange(_windows(policy)) or _leaves(("policy",), policy)


#: What values are in the end.  No subclass of these: it might answer otherwise the next time that it is asked.
_LEAVES: Final = frozenset([str, bytes, int, bool, datetime, type(None)])


def _leaves(place: Place, part: object) -> list[Fault]:
    """Return a fault for each value in a part, which is none itself, and in what it is made of, that is of no plain type."""
    inner: Iterable[tuple[Place, object]]
    if names := _names(type(part)):  # type: ignore[arg-type]  # mypy takes the hash of the instance for that of the class
        inner = (((*place, name), getattr(part, name)) for name in names)
    elif isinstance(part, (frozenset, tuple)):
        inner = zip(repeat(place), part)
    elif isinstance(part, Mapping):
        inner = ((place, each) for pair in part.items() for each in pair)
    else:
        return [Fault(path(place), f"holds a {type(part).__name__}; make it a plain value")]
    # Nearly all are leaves, of which there are millions.
    return [fault for where, each in inner if type(each) not in _LEAVES for fault in _leaves(where, each)]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return what a class made by attrs is made of; nothing for any other."""
    return tuple(each.name for each in fields(kind)) if has(kind) else ()


def _inner(policy: Policy) -> Iterator[_Part]:
    for name, table in policy.catalog.tables.items():
        for family, each in table.families.items():
            yield ("tables", name, "families", str(family)), each, Family
    for name, role in policy.roles.items():
        for i, grant in enumerate(role.grants):
            yield ("roles", name, "grants", i), grant, Grant
        for i, restriction in enumerate(role.restrictions):
            yield ("roles", name, "restrictions", i), restriction, Restriction
    for name, principal in policy.principals.items():
        for i, assignment in enumerate(principal.assignments):
            yield ("principals", name, "roles", i), assignment, Assignment
    for i, line in enumerate(policy.expect):
        for access in chain(line.allowed, line.refused):
            yield ("expect", i), access, Access


def _windows(policy: Policy) -> Iterator[_Part]:
    for name, role in policy.roles.items():
        for i, grant in enumerate(role.grants):
            yield ("roles", name, "grants", i), grant.window, Window
        for i, restriction in enumerate(role.restrictions):
            yield ("roles", name, "restrictions", i), restriction.window, Window
    for name, principal in policy.principals.items():
        for i, assignment in enumerate(principal.assignments):
            yield ("principals", name, "roles", i), assignment.window, Window


def _strange(parts: Iterable[_Part]) -> list[Fault]:
    return [
        Fault(path(place), f"is {type(part).__name__}, where a `{wanted.__name__}` belongs")
        for place, part, wanted in parts
        if type(part) is not wanted
    ]
