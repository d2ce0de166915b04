"""Cassandra's own rights: what they can say of a policy, and what stands in `system_auth`.

What they can say is in `cfacl.stores.rights.cassandra`.  A role that is given to another has all that it has for both.  A
right that is taken is heeded by a node until `permissions_validity` is over, two seconds unless it says otherwise: so this is
a second wall, and never the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from cfacl.stores.cassandra.names import RECORDS, ours, table_name
from cfacl.stores.cassandra.posture import is_off
from cfacl.stores.cassandra.ring import ITSELF, SHARED, Ring
from cfacl.stores.native import NativeRights, Need, Refused, Right, RightsOff, Said, sorted_out
from cfacl.stores.rights.cassandra import LETTERS, NAMES, is_own, said

__all__ = ["CassandraRights"]

#: What the table of a family is called: by its table and family, or with a hash of both (`table_name`).
_NAMED: Final = re.compile(r"([a-z0-9_]+)__[a-z0-9_]+__[1-9][0-9]*|[a-z0-9_]*_[a-z2-7]{24}__[1-9][0-9]*")
_PERMISSIONS: Final = "SELECT role, resource, permissions FROM system_auth.role_permissions"
_ROLES: Final = "SELECT role, is_superuser, member_of FROM system_auth.roles"
_TABLES: Final = "SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = ?"
_AUTHORIZER: Final = "SELECT value FROM system_views.settings WHERE name = 'authorizer'"


class CassandraRights(NativeRights):
    """See `NativeRights`; the letters are `R` for `SELECT`, `W` for `MODIFY`, and others for what no policy gives."""

    hidden: ClassVar[str] = "which of its roles somebody may log in as"

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def say(self, needs: Iterable[Need]) -> Said:
        return sorted_out(
            each for need in needs for each in said(need, self._ring.address.keyspace, table_name(need.family))
        )

    def read(self, tables: Collection[str], spent: Callable[[int], bool]) -> list[Right]:
        self._confirm_on()
        roles = self._ring.ask(self._ring.prepare(_ROLES, SHARED))
        given = self._ring.ask(self._ring.prepare(_PERMISSIONS, SHARED))
        held = self._ring.ask(self._ring.prepare(_TABLES, ITSELF), (self._ring.address.keyspace,))
        there = {name: name == RECORDS or _may_be_ours(name, comment or "", tables) for name, comment in held}
        found = [Right(role, "everything", "", "", None, "S") for role, superuser, _ in roles if superuser]
        found += [
            each for role, resource, permissions in given for each in self._right(role, resource, permissions, there)
        ]
        # Whoever is in a role has what it has: that is told of the role, and never taken for the policy's.
        shared = {parent for _, _, parents in roles for parent in parents or ()}
        return found + [each._replace(account=f"@{each.account}") for each in found if each.account in shared]

    def _right(
        self, role: str, resource: str, permissions: Iterable[str], there: Mapping[str, bool]
    ) -> Iterator[Right]:
        """Yield what is given on our keyspace, on all of them, or on what Cassandra keeps for itself, by JMX too.

        Args:
            there: the keyspace's tables, and whether each is ours; on somebody else's a policy says nothing.
        """
        letters = "".join(sorted(LETTERS.get(each, "?") for each in permissions))
        kind, *rest = resource.split("/")
        keyspace = self._ring.address.keyspace
        if not letters or kind not in ("data", "roles", "mbean"):
            return
        if kind != "data" or (rest and is_own(rest[0])):
            yield Right(role, "namespace", "/".join([kind, *rest]), "", None, letters, system=True)
        elif not rest:
            yield Right(role, "everything", "", "", None, letters)
        elif rest in ([keyspace], [keyspace, "*"]):  # the second is all tables that it has, and will have
            yield Right(role, "namespace", "/".join(rest), "", None, letters)
        elif rest[0] == keyspace and there.get(name := rest[1], True):
            yield Right(role, "family", keyspace, name, None, letters, gone=name not in there, system=name == RECORDS)

    def unseen(self) -> str | None:
        self._confirm_on()
        return None

    def _confirm_on(self) -> None:
        """Raise `RightsOff` where the cluster asks for none; whoever is refused the question knows that it does."""
        try:
            found = self._ring.ask(self._ring.prepare(_AUTHORIZER, ITSELF))
        except Refused:
            return
        if found and is_off(found[0][0], "AllowAllAuthorizer"):
            raise RightsOff(
                "cassandra asks for no rights: whoever reaches it may do everything; set `authorizer` to"
                " `CassandraAuthorizer` in cassandra.yaml"
            )

    def script(self, revoked: Sequence[Right], granted: Sequence[Right], remarks: Sequence[str]) -> str:
        lines = [
            f"REVOKE {NAMES[letter]} ON {_place(each)} FROM {_role(each)};"
            for each in revoked
            for letter in each.letters
        ]
        lines += [f"CREATE ROLE IF NOT EXISTS {name};" for name in sorted({_role(each) for each in granted})]
        lines += [
            f"GRANT {NAMES[letter]} ON {_place(each)} TO {_role(each)};" for each in granted for letter in each.letters
        ]
        return "\n".join([*lines, *(f"-- {each}" for each in remarks), ""])


def _may_be_ours(name: str, comment: str, tables: Collection[str]) -> bool:
    """Whether a table is a family's of ``tables``, or would be but for a comment that somebody edited."""
    found = _NAMED.fullmatch(name)
    return ours(name, comment) is not None or (found is not None and (found[1] is None or found[1] in tables))


def _role(right: Right) -> str:
    return '"{}"'.format(right.account.replace('"', '""'))


def _place(right: Right) -> str:
    return f'"{right.place}"."{right.family}"'
