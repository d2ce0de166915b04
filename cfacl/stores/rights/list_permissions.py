"""What `cqlsh` prints for `LIST ALL PERMISSIONS`: read, and written.

A line is ``role | username | resource | permission``, with one permission.  A table `<table home.orders>` is the family
`orders` of a table `home`: a keyspace is to its tables what a table is to its families.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cfacl.errors import quoted
from cfacl.model.names import is_subject
from cfacl.stores.native import Right
from cfacl.stores.rights.cassandra import LETTERS, NAMES, is_own, meant, unmeant
from cfacl.stores.rights.listing import LeftOut, Meant, lines_of, parsed

__all__ = ["HIDDEN", "Listed", "is_name", "is_role", "read", "understood", "write"]

#: What the listing does not show.
HIDDEN: Final = "who is a superuser, and which roles were given to which (`LIST ROLES`)"
_COMMAND: Final = "`LIST ALL PERMISSIONS` in `cqlsh`"
_COLUMNS: Final = ("role", "username", "resource", "permission")
_HEADING: Final = re.compile(r"\s*" + r"\s*\|\s*".join(_COLUMNS))
_END: Final = re.compile(r"\s*\(([0-9]+) rows?\)")
_RULE: Final = re.compile(r"\s*-+(\+-+)*\s*")
#: A keyspace or a table, which a policy can name too.
_NAME: Final = re.compile(r"\w{1,48}", re.ASCII)
_TABLE: Final = re.compile(rf"<table ({_NAME.pattern})\.({_NAME.pattern})>", re.ASCII)
#: A name as it is printed: a backslash of it twice, and with one what cannot be printed.
_PRINTABLE: Final = re.compile(r"(?:[^\\]|\\\\)+")
_WIDER: Final = re.compile(r"<(all keyspaces|keyspace .*|all tables in .*)>")


class Listed(NamedTuple):
    """A line: a role, as it is printed, and one permission on a resource, in Cassandra's words."""

    role: str
    resource: str
    permission: str


def read(text: Sequence[str]) -> list[tuple[int, Listed]]:
    """Return each permission with the number of its line; several tables may follow each other.

    Raises:
        PolicyError: a line is none, or some are missing.
    """
    ruled = [("" if _RULE.fullmatch(each) else each) for each in text]
    return parsed(lines_of(ruled, _HEADING, _END, _COMMAND), _row)


def _row(line: str) -> Listed | str:
    cells = [each.strip() for each in line.split("|")]
    if len(cells) != len(_COLUMNS) or not all(cells):
        return f"is no line of {_COMMAND}: it has not the columns {', '.join(_COLUMNS)}"
    role, user, resource, permission = cells
    if role != user:
        return f"has a role {quoted(role)} with another user name, which no cassandra lists"
    return Listed(role, resource, permission)


def understood(listed: Iterable[tuple[int, Listed]]) -> tuple[list[Meant], list[LeftOut]]:
    """Return what permissions on tables give by our actions, and what is left out."""
    found: list[Meant] = []
    out: list[LeftOut] = []
    for line, each in listed:
        table = _TABLE.fullmatch(each.resource)
        letter = LETTERS.get(each.permission, "?")
        role = each.role.replace("\\\\", "\\")
        if not (_PRINTABLE.fullmatch(each.role) and is_subject(role)):
            why = "no policy can name its role"
        elif table is None:
            wider = _WIDER.fullmatch(each.resource) is not None
            why = "it is for more than one table, later ones too" if wider else "it is on no table"
        elif is_own(table[1]):
            why = "it is on what cassandra keeps for itself"
        else:
            why = "".join(why for _, why in unmeant(letter))
        if table is None or why:
            out.append(LeftOut(line, each.role, each.permission, each.resource, why))
        else:
            found.append(Meant(line, role, table[1], table[2], meant(letter)))
    return found, out


def is_name(name: str) -> bool:
    """Whether a keyspace or a table can be called so."""
    return _NAME.fullmatch(name) is not None


def is_role(name: str) -> bool:
    """Whether a role's name stands in a line as one."""
    return "|" not in name


def write(rights: Iterable[Right]) -> str:
    """Return rights on tables, by keyspace, table and role, as `cqlsh` lists them."""
    rows = [
        (role := right.account.replace("\\", "\\\\"), role, f"<table {right.place}.{right.family}>", NAMES[letter])
        for right in sorted(rights, key=lambda each: (each.place, each.family, each.account))
        for letter in right.letters
    ]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    rule = "+".join("-" * (width + 2) for width in widths)
    heading = "|".join(f" {name:^{width}} " for name, width in zip(_COLUMNS, widths, strict=True))
    lines = ["|".join(f" {cell:>{width}} " for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(["", heading.rstrip(), rule, *map(str.rstrip, lines), "", f"({len(rows)} rows)", ""])
