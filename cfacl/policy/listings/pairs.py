"""From a list of who holds which permission to a policy.

The flat matrix that many systems can export: one line a pair, a user's name and a permission's.
Every permission becomes a family with the action `read`; all of one table, one level and one purpose.
Users with equal sets of permissions share a role, so the policy says each set once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cfacl.errors import Fault, PolicyError, RequestError, quoted
from cfacl.model.names import is_identifier, is_subject
from cfacl.policy.listings.entries import PURPOSE, Entry, policy_from_entries
from cfacl.policy.policy import Policy

#: What every family of an imported policy is, until somebody classifies it.
LEVEL: Final = "internal"

_IDENTIFIER: Final = "take 1 to 128 ASCII letters, digits, `_`, `.` and `-`"
_BLANK: Final = re.compile(r"[ \t]+")


def read_pairs(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Return the (user, permission) of each line: two names with spaces or tabs between; blank lines are passed over.

    Raises:
        PolicyError: with a fault for each line that is no pair, or whose names no policy can hold.
    """
    pairs = []
    faults = []
    for number, line in enumerate(lines, 1):
        match _BLANK.split(line.strip(" \t\r\n")):
            case [""]:
                pass
            case [user, *_] if user.startswith("#"):
                faults.append(Fault(f"line {number}", "starts with `#`, and is no comment here; take it out"))
            case [user, permission]:
                pairs.append((user, permission))
                faults += [Fault(f"line {number}", each) for each in _faults(user, permission)]
            case names:
                message = f"must be a user and a permission with a space between; names found: {len(names)}"
                faults.append(Fault(f"line {number}", message))
    if faults:
        raise PolicyError(faults)
    return pairs


def policy_from_pairs(
    pairs: Iterable[tuple[str, str]], *, table: str = "resources", name: str = "imported", purpose: str = PURPOSE
) -> Policy:
    """Return the policy in which each user may read exactly the families that the pairs give; order never matters.

    Users are employees under their own names, permissions are families of ``table`` under theirs;
    nothing is renamed or merged.  Roles are called `set-1`, `set-2` and so on.

    Raises:
        PolicyError: a name in them is one that no policy can hold.
        RequestError: ``table`` or ``name`` is one.
    """
    if not is_identifier(table):
        raise RequestError(f"{quoted(table)} cannot name a table; {_IDENTIFIER}")
    entries = []
    faults = []
    for number, (user, permission) in enumerate(pairs):
        faults += [Fault(f"pairs[{number}]", each) for each in _faults(user, permission)]
        entries.append(Entry(user, table, permission, "read", purpose))
    if faults:
        raise PolicyError(faults)
    return policy_from_entries(entries, name=name, level=LEVEL)


def _faults(user: str, permission: str) -> list[str]:
    faults = []
    if not is_subject(user):
        faults.append(f"{quoted(user)} cannot name a user; take 1 to 255 printable characters, no backtick")
    if not is_identifier(permission):
        faults.append(f"{quoted(permission)} cannot name a permission; {_IDENTIFIER}")
    return faults
