"""From a list of who may do what, as another system prints it, to a policy: exactly that, and what it leaves out is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from cfacl.cli import source
from cfacl.errors import Fault, PolicyError, RequestError, quoted

if TYPE_CHECKING:
    from cfacl import Policy
    from cfacl.stores.rights.listing import LeftOut, Meant

__all__ = [
    "NamespaceOption",
    "Read",
    "TableOption",
    "from_cassandra",
    "from_csv",
    "from_hbase",
    "from_pairs",
    "refuse_strangers",
]

#: The table of pairs that are imported.
TABLE: Final = "resources"
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help=f"For pairs: whose families the permissions are. Left out: `{TABLE}` of a policy that is made, the only one of one that is there.",
        show_default=False,
    ),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        metavar="NAME",
        help="For hbase-permissions: of which namespace the tables are; `default` if left out.",
        show_default=False,
    ),
]

#: What no list shows; it matters to `never` lines that are for kinds.
_KINDS: Final = "who is a service or a third party, so all are `employee`"
#: What lists nobody has its heading, or for pairs an empty line.
_EMPTY: Final = "is empty, as what a command leaves that failed; write it again, and see how that ends"
_NOTHING: Final = "gives nobody anything that a policy can say; see the lines above"


class Read(NamedTuple):
    """What a list comes to.

    Attributes:
        left_out: what no policy says exactly, and is given to nobody.
        hidden: what such a list does not show; empty where it shows all, as one of nobody does.
    """

    policy: Policy
    left_out: list[LeftOut]
    hidden: str = ""


def from_pairs(file: Path, name: str, purpose: str, table: str) -> Read:
    """Read pairs of a user and a permission."""
    from cfacl.policy.listings.pairs import policy_from_pairs, read_pairs

    pairs = read_pairs(_text(file).split("\n"))
    return Read(policy_from_pairs(pairs, table=table, name=name, purpose=purpose), [], _KINDS if pairs else "")


def from_csv(file: Path, name: str, purpose: str) -> Read:
    """Read entries with a heading."""
    from cfacl.policy.listings.entries import policy_from_entries
    from cfacl.policy.listings.sheet import read_sheet

    sheet = read_sheet(_text(file), purpose=purpose)
    policy = policy_from_entries(sheet.entries, name=name, columns=sheet.columns)
    return Read(policy, [], _KINDS if policy.principals else "")


def from_hbase(file: Path, name: str, purpose: str, namespace: str) -> Read:
    """Read what `hbase shell` prints for `user_permission`."""
    from cfacl.stores.rights import user_permission
    from cfacl.stores.rights.hbase import HIDDEN

    found = user_permission.understood(user_permission.read(_text(file).split("\n")), namespace)
    return _read(*found, name, purpose, HIDDEN)


def from_cassandra(file: Path, name: str, purpose: str) -> Read:
    """Read what `cqlsh` prints for `LIST ALL PERMISSIONS`."""
    from cfacl.stores.rights import list_permissions

    found = list_permissions.understood(list_permissions.read(_text(file).split("\n")))
    return _read(*found, name, purpose, list_permissions.HIDDEN)


def _read(meant: list[Meant], left_out: list[LeftOut], name: str, purpose: str, hidden: str) -> Read:
    from cfacl.policy.listings.entries import Entry, policy_from_entries

    if left_out and not meant:
        raise PolicyError([*(Fault(f"line {each.line}", told(each)) for each in left_out), Fault("", _NOTHING)])
    entries = [
        Entry(each.account, each.table, each.family, action, purpose) for each in meant for action in each.actions
    ]
    columns = {(each.table, each.family): each.columns for each in meant if each.columns is not None}
    policy = policy_from_entries(entries, name=name, columns=columns)
    return Read(policy, left_out, f"{hidden}; and {_KINDS}" if policy.principals else hidden)


def told(each: LeftOut) -> str:
    """Return one thing that is left out, for people."""
    return f"left out: {quoted(each.account)}, {each.what} on {quoted(each.on)}: {each.why}"


def documents(left_out: list[LeftOut]) -> list[dict[str, Any]]:
    """Return what is left out as documents for JSON."""
    return [each._asdict() for each in left_out]


def refuse_strangers(
    by: str, chosen: StrEnum, given: Mapping[str, object], meant: Mapping[str, Sequence[StrEnum]]
) -> None:
    """Refuse an option that is for another kind of list than the chosen one.

    Args:
        by: the option that chooses.
        given: options, ``None`` for those that are not.
        meant: for which kinds each is.

    Raises:
        RequestError: one is.
    """
    for option, value in given.items():
        if value is not None and chosen not in meant[option]:
            kinds = " and ".join(f"`{by} {each}`" for each in meant[option])
            raise RequestError(f"`{option}` is for {kinds}; leave it out")


def known_purpose(name: str) -> str:
    """Return a name that a purpose can have, or raise `RequestError`."""
    from cfacl.policy.listings.sheet import is_purpose

    if not is_purpose(name):
        raise RequestError(f"{quoted(name)} cannot name a purpose; take words of ASCII with dots between")
    return name


def _text(file: Path) -> str:
    from cfacl.policy.document.syntax import MAX_SIZE

    raw = source.read(file, MAX_SIZE + 1)
    if not raw:
        raise PolicyError([Fault("", _EMPTY)])
    if len(raw) > MAX_SIZE:
        raise PolicyError([Fault("", f"is longer than {MAX_SIZE // 1024**2} MiB; split it")])
    try:
        return raw.decode("utf-8-sig")  # with the mark that Excel and Windows put before a text, which is no part of it
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError([Fault(f"line {line}", "is not utf-8; save the file as utf-8")]) from None
