"""A policy as other systems list who may do what: exactly, and what they can't say is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from cfacl.errors import RequestError, UnknownTable, quoted
from cfacl.model.names import nearest, offered

if TYPE_CHECKING:
    from cfacl import Policy
    from cfacl.policy.listings.entries import Entry
    from cfacl.stores.native import Need, Said, Unsaid

__all__ = ["Exported", "Target", "exported"]


class Target(StrEnum):
    """What a policy is exported to."""

    PAIRS = "pairs"
    CSV = "csv"
    HBASE_PERMISSIONS = "hbase-permissions"
    CASSANDRA_PERMISSIONS = "cassandra-permissions"


class Exported(NamedTuple):
    """What a policy comes to: a text, what it says, and what it does not."""

    text: str
    entries: list[Entry]
    left_out: list[Unsaid]


def exported(
    policy: Policy, to: Target, purposes: Iterable[str], now: int, *, table: str | None, namespace: str | None
) -> Exported:
    """Return a policy as a target has it."""
    standing, fleeting = _stands(policy, purposes, now)
    if to is Target.CSV:
        written = _csv(policy, standing)
    elif to is Target.PAIRS:
        written = _pairs(policy, standing, _only_table(policy, table))
    else:
        written = _listing(policy, standing, to, namespace)
    return written._replace(left_out=[*fleeting, *written.left_out])


def _stands(policy: Policy, purposes: Iterable[str], now: int) -> tuple[list[Entry], list[Unsaid]]:
    """Return what holds from an instant on for ever, and what does not."""
    from cfacl.api.wall import depends_on
    from cfacl.engine.snapshot import Snapshot
    from cfacl.engine.standing import standing
    from cfacl.policy.compile import compile_policy
    from cfacl.policy.listings.entries import Entry
    from cfacl.stores.native import Unsaid

    snapshot = Snapshot(compile_policy(policy), {}, epoch=0)
    stands, out = [], []
    for purpose in purposes:
        for each in standing(snapshot, sorted(policy.principals), purpose, now):
            if each.stands:
                stands.append(Entry(*each[:4], purpose))
            else:
                what = f"{each.action} for {purpose}"
                out.append(Unsaid(each.principal, each.table, each.family, what, depends_on(each)))
    return stands, out


def _csv(policy: Policy, entries: list[Entry]) -> Exported:
    from cfacl.policy.listings.sheet import is_sayable, write_sheet
    from cfacl.stores.native import Unsaid

    declared = _declared(policy)
    said, out = [], []
    for each in entries:
        if is_sayable(declared.get((each.table, each.family), ())):
            said.append(each)
        else:
            why = "the family declares a column without a name, or with a blank in it"
            out.append(Unsaid(*each[:3], f"{each.action} for {each.purpose}", why))
    return Exported(write_sheet(said, declared), said, out)


def _pairs(policy: Policy, entries: list[Entry], table: str) -> Exported:
    from cfacl.stores.native import Unsaid

    declared = _declared(policy)
    said, out = [], []
    for each in entries:
        if each.table != table:
            continue
        why = ""
        if each.action != "read":
            why = "a permission is to read"
        elif (table, each.family) in declared:
            why = "the family declares its columns, and a permission is for any"
        elif " " in each.principal or each.principal.startswith("#"):
            why = "a user of pairs has no blank in the name, and no `#` before it"
        if why:
            out.append(Unsaid(*each[:3], each.action, why))
        else:
            said.append(each)
    # An empty line where there are none: a file without a byte in it is what a command leaves that failed.
    return Exported("".join(f"{each.principal} {each.family}\n" for each in sorted(said)) or "\n", said, out)


def _listing(policy: Policy, entries: list[Entry], to: Target, namespace: str | None) -> Exported:
    from cfacl.stores.rights import cassandra, hbase, list_permissions, user_permission

    needs = list(_needs(policy, entries))
    if to is Target.CASSANDRA_PERMISSIONS:
        said = _cassandra(needs)
        text = list_permissions.write(said.rights)
    else:
        before = "" if namespace in (None, hbase.NAMESPACE) else f"{namespace}:"
        said = _hbase(needs, before)
        text = user_permission.write(said.rights)
    given = {(each.account, each.place.rpartition(":")[2], each.family): each.letters for each in said.rights}
    letters = cassandra.meant if to is Target.CASSANDRA_PERMISSIONS else hbase.meant
    written = [each for each in entries if each.action in letters(given.get(each[:3], ""))]
    return Exported(text, written, said.unsaid)


def _hbase(needs: Iterable[Need], before: str) -> Said:
    from cfacl.stores.native import sorted_out
    from cfacl.stores.rights import hbase

    return sorted_out(each for need in needs for each in hbase.said(need, before + need.family.table, need.family.name))


def _cassandra(needs: Iterable[Need]) -> Said:
    from cfacl.stores.native import Unsaid, sorted_out
    from cfacl.stores.rights import cassandra, list_permissions

    def said(need: Need) -> Iterator[Any]:
        table, family = need.family.table, need.family.name
        why = ""
        if not (list_permissions.is_name(table) and list_permissions.is_name(family)):
            why = "a name of cassandra's is 1 to 48 letters, digits and `_`"
        elif cassandra.is_own(table):
            why = "cassandra keeps the keyspace of this name for itself"
        elif not list_permissions.is_role(need.account):
            why = "`|` stands between the columns of the listing"
        if why:
            yield Unsaid(need.account, table, family, ", ".join(sorted(need.actions)), why)
        else:
            yield from cassandra.said(need, table, family)

    return sorted_out(each for need in needs for each in said(need))


def _needs(policy: Policy, entries: Iterable[Entry]) -> Iterator[Need]:
    """Yield what each account needs on each family, called as in the policy."""
    from cfacl.model.projection import StoredFamily
    from cfacl.stores.native import Need

    actions: dict[tuple[str, str, str], set[Any]] = {}
    for each in entries:
        actions.setdefault(each[:3], set()).add(each.action)
    for (account, table, family), done in actions.items():
        known = policy.catalog.tables[table].families[family]
        stored = StoredFamily(table, family, 0, known.level)
        yield Need(account, stored, known.columns, frozenset(done))


def _declared(policy: Policy) -> dict[tuple[str, str], frozenset[bytes]]:
    return {
        (table.name, family.name): family.columns
        for table in policy.catalog.tables.values()
        for family in table.families.values()
        if family.columns is not None
    }


def _only_table(policy: Policy, table: str | None) -> str:
    known = sorted(policy.catalog.tables)
    if table is None:
        if len(known) > 1:
            raise RequestError("pairs are of one table; name it by `--table`")
        return known[0] if known else ""
    if table not in known:
        raise UnknownTable(f"unknown table {quoted(table)}{nearest(table, known) or offered(known)}")
    return table
