"""From a document's text to a policy, and the same judgement of one that was built by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from cfacl.errors import PolicyError
from cfacl.model.catalog import Catalog, Family, Table
from cfacl.model.grants import ALWAYS, Assignment, Expect, Grant, Never, Principal, Restriction, Role, Window
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.policy import collector
from cfacl.policy.document import sections as written
from cfacl.policy.document.notation import access, seconds
from cfacl.policy.document.references import problems, repeated
from cfacl.policy.document.shape import judge
from cfacl.policy.document.syntax import parse
from cfacl.policy.document.writer import as_document
from cfacl.policy.faults import Hints, in_document_order
from cfacl.policy.policy import Policy

_T = TypeVar("_T")


def read(text: str) -> Policy:
    """Return the policy that a document describes; its `never` and `expect` lines are not yet checked.

    Raises:
        PolicyError: with every fault, in document order; one of syntax hides all others.
    """
    with collector.paused():
        document = parse(text)
        policy = _policy(_validated(document))
        object.__setattr__(policy, "repeated", tuple(repeated(document)))  # frozen, but for whoever made it
    return policy


def check(policy: Policy) -> None:
    """Judge a policy that was built by hand as if its document had been read; all but `never` and `expect`.

    Raises:
        PolicyError: with every fault, in the order of the document that `Policy.dumps` writes.
    """
    with collector.paused():
        _validated(as_document(policy))


def _validated(document: dict[str, Any]) -> written.Document:
    hints = Hints()
    validated, found = judge(document, hints)
    found += problems(document, hints)
    if validated is None or found:
        raise PolicyError(in_document_order(document, found))
    return validated


def _policy(document: written.Document) -> Policy:
    head = document.policy
    held: dict[str, Assignment] = {}  # equal assignments are one object: ten thousand principals share few
    shared = _Sets()
    return Policy(
        name=head.name,
        catalog=Catalog(
            levels=tuple(head.levels),
            purposes=frozenset(head.purposes),
            tables={name: _table(name, each) for name, each in document.tables.items()},
        ),
        roles={name: _role(name, each, shared) for name, each in document.roles.items()},
        principals={name: _principal(name, each, held) for name, each in document.principals.items()},
        never=tuple(_never(each) for each in document.never),
        expect=tuple(_expect(each) for each in document.expect),
        stores=_stores(document.stores),
    )


def _table(name: str, table: written.TableSection) -> Table:
    return Table(name, {family: _family(family, each) for family, each in table.families.items()})


def _family(name: str, family: written.FamilySection) -> Family:
    return Family(
        name=name,
        level=family.level,
        purposes=frozenset(family.purposes),
        columns=None if family.columns is None else frozenset(each.encode("utf-8") for each in family.columns),
        versions=family.versions,
        time_to_live=None if family.time_to_live is None else seconds(family.time_to_live),
    )


class _Sets(dict[frozenset[Any], frozenset[Any]]):
    """Sets of names of which equal ones are one object: a hundred thousand grants share few."""

    def of(self, names: Iterable[_T]) -> frozenset[_T]:
        found = frozenset(names)
        return self.setdefault(found, found)


def _role(name: str, role: written.RoleSection, shared: _Sets) -> Role:
    return Role(
        name=name,
        clearance=role.clearance,
        inherits=frozenset(role.inherits),
        grants=tuple([_grant(each, shared) for each in role.grants]),
        restrictions=tuple(_restriction(each) for each in role.restrictions),
    )


def _grant(grant: written.GrantSection, shared: _Sets) -> Grant:
    return Grant(
        table=grant.table,
        families=None if grant.families is None else shared.of(grant.families),
        at_or_below=grant.at_or_below,
        actions=shared.of(grant.actions),
        purposes=shared.of(grant.purposes),
        why=grant.why,
        window=_window(grant),
    )


def _restriction(restriction: written.RestrictionSection) -> Restriction:
    return Restriction(
        table=restriction.table,
        families=_set(restriction.families),
        at_or_below=restriction.at_or_below,
        actions=_set(restriction.actions),
        purposes=_set(restriction.purposes),
        why=restriction.why,
        window=_window(restriction),
    )


def _principal(name: str, principal: written.PrincipalSection, held: dict[str, Assignment]) -> Principal:
    assignments = []
    for each in principal.roles:
        if isinstance(each, str):
            if each not in held:
                held[each] = Assignment(each)
            assignments.append(held[each])
        else:
            assignments.append(Assignment(each.role, _window(each)))
    return Principal(name, principal.kind, tuple(assignments))


def _never(line: written.NeverSection) -> Never:
    return Never(
        kinds=_set(line.kinds),
        principals=_set(line.principals),
        roles=_set(line.roles),
        purposes=_set(line.purposes),
        levels=_set(line.levels),
        tables=_set(line.tables),
        families=_set(line.families),
        actions=_set(line.actions),
        why=line.why,
    )


def _expect(line: written.ExpectSection) -> Expect:
    return Expect(
        principal=line.principal,
        purpose=line.purpose,
        at=line.at,
        allowed=frozenset(access(each) for each in line.allowed),
        refused=frozenset(access(each) for each in line.refused),
        exact=line.exact,
    )


def _stores(stores: written.StoresSection) -> StoreSettings:
    return StoreSettings(
        hbase_require_tls=stores.hbase.require_tls,
        cassandra_require_tls=stores.cassandra.require_tls,
        cassandra_consistency=stores.cassandra.consistency,
        cassandra_layouts={
            name: CassandraLayout(each.layout, each.buckets) for name, each in stores.cassandra.tables.items()
        },
    )


def _window(section: written.GrantSection | written.RestrictionSection | written.HeldRole) -> Window:
    if section.start is None and section.until is None:
        return ALWAYS
    return Window(section.start, section.until)


def _set(names: list[_T] | None) -> frozenset[_T] | None:
    return None if names is None else frozenset(names)
