r"""What `hbase shell` prints for `user_permission`: read, and written.

A line is ``user  namespace,table,family,qualifier: [Permission: actions=READ,WRITE]``; what is empty stands for all.  A
table of another namespace than `default` stands with it, ``home:account``.  Names of families and columns are as HBase
prints bytes, what is not printable as ``\x00``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cfacl.model.action import Action
from cfacl.model.names import is_identifier
from cfacl.stores.native import Right
from cfacl.stores.rights.hbase import ACCOUNT, NAMESPACE, meant, unmeant
from cfacl.stores.rights.listing import LeftOut, Meant, lines_of, parsed

__all__ = ["read", "understood", "write"]

_COMMAND: Final = "`user_permission '.*'` in `hbase shell -n`"
_HEADING: Final = re.compile(r"\s*User\s+Namespace,Table,Family,Qualifier:Permission")
_END: Final = re.compile(r"\s*([0-9]+) row\(s\)(?: in .*)?")
_ROW: Final = re.compile(
    r"\s*(?P<user>\S+)\s+(?P<namespace>[^,\s]*),(?P<table>[^,\s]*),(?P<family>[^,]*),(?P<column>.*):"
    r" \[Permission: actions=(?P<actions>[A-Z,]*)\]"
)
_LETTERS: Final = {"READ": "R", "WRITE": "W", "EXEC": "X", "CREATE": "C", "ADMIN": "A"}
_NAMES: Final = {letter: name for name, letter in _LETTERS.items()}
#: What `Bytes.toStringBinary` prints as it is: all of ASCII that can be printed, but for the backslash.
_PLAIN: Final = frozenset(range(32, 127)) - set(b"\\")
_WHY_NOT: Final = {
    "everything": "it is for every table, later ones too",
    "namespace": "it is for every table of the namespace, later ones too",
    "table": "it is for every family of the table, later ones too; `at_or_below` says that, where the families are known",
}
#: Columns are of a family, and what they are is the same for whoever has a grant on it.
_OTHERS: Final = "it is for one column, and a grant is for all that its family declares; here rights differ by column"
_DELETE: Final = "to delete a family takes `W` on every column, declared or not"
_NO_TEXT: Final = "a policy names columns by text"
_BYTE: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})")


def read(text: Sequence[str]) -> list[tuple[int, Right]]:
    """Return each right with the number of its line; several listings may follow each other.

    Raises:
        PolicyError: a line is none, or some are missing.
    """
    return parsed(lines_of(text, _HEADING, _END, _COMMAND), _row)


def _row(line: str) -> Right | str:
    found = _ROW.fullmatch(line)
    if found is None:
        return f"is no line of {_COMMAND}, or was folded; print it to a file, where no line is"
    actions = [each for each in found["actions"].split(",") if each]
    if unknown := [each for each in actions if each not in _LETTERS]:
        return f"has an action `{unknown[0]}` that hbase does not; take {', '.join(_LETTERS)}"
    letters = "".join(_LETTERS[each] for each in actions)
    namespace, table, family, column = found["namespace"], found["table"], found["family"], found["column"]
    if not table:
        scope = "namespace" if namespace else "everything"
        if family or column:
            return "names a family and no table"
        return Right(found["user"], scope, namespace, "", None, letters)  # type: ignore[arg-type]  # one of two
    if not family:
        return "names a column and no family" if column else Right(found["user"], "table", table, "", None, letters)
    if not column:
        return Right(found["user"], "family", table, family, None, letters)
    return Right(found["user"], "column", table, family, _bytes(column), letters)


def understood(rights: Iterable[tuple[int, Right]], namespace: str = NAMESPACE) -> tuple[list[Meant], list[LeftOut]]:
    """Return what rights on families of one namespace's tables give by our actions, and what is left out.

    A table is called as it is in its namespace, a family as it is.  Rights on columns are given where all of a family are
    on the same ones, and none is on the whole of it: these are then what the family declares.
    """
    found: list[Meant] = []
    out: list[LeftOut] = []
    by_column: dict[tuple[str, str], list[tuple[int, Right]]] = defaultdict(list)
    for line, right in rights:
        names = " ".join(_NAMES[each] for each in right.letters)
        if why := _unsayable(right, namespace):
            out.append(LeftOut(line, right.account, names, right.on, why))
            continue
        out += [LeftOut(line, right.account, _NAMES[letter], right.on, why) for letter, why in unmeant(right.letters)]
        table = right.place.rpartition(":")[2]
        if right.scope == "column":
            by_column[table, right.family].append((line, right))
        elif actions := meant(right.letters):
            found.append(Meant(line, right.account, table, right.family, actions))
    whole = {(each.table, each.family) for each in found}
    for (table, family), rights_there in by_column.items():
        for each in _declared(table, family, rights_there, is_whole=(table, family) in whole):
            if isinstance(each, Meant):
                found.append(each)
            else:
                out.append(each)
    return found, sorted(out)


def _declared(
    table: str, family: str, rights: Sequence[tuple[int, Right]], *, is_whole: bool
) -> Iterator[Meant | LeftOut]:
    """Yield what rights on columns of one family give, if it is the same columns for everybody and every action.

    To delete is not given: a grant to delete is to delete the family, too, with columns that nobody may name.
    """
    columns: dict[tuple[str, Action], set[bytes]] = defaultdict(set)
    for _, right in rights:
        for action in meant(right.letters):
            columns[right.account, action].add(right.column or b"")
    sets = {frozenset(each) for each in columns.values()}
    for line, right in rights:
        actions = meant(right.letters)
        names = " ".join(_NAMES[each] for each in right.letters)
        if not actions:
            continue
        if is_whole or len(sets) > 1:
            yield LeftOut(line, right.account, names, right.on, _OTHERS)
            continue
        yield Meant(line, right.account, table, family, actions - {"delete"}, next(iter(sets)))
        if "delete" in actions:
            yield LeftOut(line, right.account, "WRITE, to delete the family", right.on, _DELETE)


def _unsayable(right: Right, namespace: str) -> str:
    """Return why no grant says a right, whatever its letters; nothing where one may."""
    if right.account.startswith("@"):
        return "it is a group's, and who is in it is not in the listing"
    if not ACCOUNT.fullmatch(right.account):
        return "hbase takes this account for another one"
    if right.scope in _WHY_NOT:
        return _WHY_NOT[right.scope]
    there, _, table = right.place.rpartition(":")
    if (there or NAMESPACE) != namespace:
        return "its table is of another namespace; `--namespace` says which one is meant"
    if not is_identifier(table):
        return "no policy can name its table"
    if right.column is not None and right.column.decode("utf-8", "replace").encode() != right.column:
        return _NO_TEXT
    if not is_identifier(right.family):
        return "no policy can name its family; one with a `+` is cfacl's own, and `cfacl native` looks after it"
    return ""


def write(rights: Iterable[Right]) -> str:
    """Return rights on families and columns as `hbase shell` lists them into a file, by table, family and user."""
    rows = [
        f" {right.account} {right.place.rpartition(':')[0] or NAMESPACE},{right.place},{right.family},"
        f"{_binary(right.column or b'')}: [Permission: actions={','.join(_NAMES[each] for each in right.letters)}]"
        for right in sorted(rights, key=lambda each: (each.place, each.family, each.column or b"", each.account))
    ]
    return "\n".join(["User  Namespace,Table,Family,Qualifier:Permission", *rows, f"{len(rows)} row(s)", ""])


def _bytes(printed: str) -> bytes:
    """Return a name from what `_binary` prints of it."""
    return _BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), printed.encode())


def _binary(name: bytes) -> str:
    return "".join(chr(each) if each in _PLAIN else f"\\x{each:02X}" for each in name)
