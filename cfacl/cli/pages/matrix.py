"""The page of a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from cfacl.cli.pages.packing import Packing, Same, during
from cfacl.cli.pages.page import page
from cfacl.cli.screen import counted, stamp
from cfacl.model.action import ACTIONS
from cfacl.policy.holders import holders

if TYPE_CHECKING:
    import cfacl
    from cfacl.model.grants import Role
    from cfacl.policy.matrix import Matrix, Right

_WORDS: Final = {
    "kind": "matrix",
    "columns": "roles",
    "may": "May",
    "who": "Roles",
    "nothing": "nothing",
    "actions": ", ".join(ACTIONS),
    "held": "by all their roles they may here:",
    "none": "No grant that counts gives anything here. What is missing for somebody who holds the role, cfacl explain says.",
}


def matrix_page(policy: cfacl.Policy, fingerprint: str, found: Matrix) -> str:
    """Return the page of a matrix of a policy, with who holds its roles, and what each may do by all of hers.

    Args:
        fingerprint: of the policy's text.
    """
    packing = Packing(_WORDS, found.families, policy.catalog.levels, ((each.name, _note(each)) for each in found.roles))
    column = {each.name: number for number, each in enumerate(found.roles)}
    for part in found.parts:
        packing.fill(column[part.role], _said(packing, *part[1:]))
    for each in holders(policy, found):
        packing.hold(
            ((name, policy.principals[name].kind) for name in each.principals),
            (
                (column[held.roles[-1]], held.roles, during(held.since, held.until))
                for held in each.holdings
                if held.roles[-1] in column
            ),
            (_said(packing, *some) for some in each.parts),
        )
    tables, roles = len({table for table, _ in found.families}), len(found.roles)
    return page(
        kind="Access matrix",
        name=policy.name,
        facts=[
            ("Policy", policy.name),
            ("SHA-256 of the policy", fingerprint),
            ("As it is at", stamp(found.at)),
            ("Purpose", found.purpose or "any"),
            (
                "Families",
                f"{counted(len(found.families), 'family', 'families')} of {counted(tables, 'table', 'tables')}",
            ),
            ("Roles", counted(roles, "role", "roles")),
            ("Principals", counted(len(policy.principals), "principal", "principals")),
        ],
        meaning="A cell says what somebody may do who holds this role and no other. An empty cell is a no."
        " Who holds a role, its cells and its heading tell; who may use a family, by all roles that somebody holds together,"
        " the family does.",
        levels=policy.catalog.levels,
        letters=[(each[0], each) for each in ACTIONS],
        notes=[],
        remarks=[],
        columns="Roles",
        instead="cfacl matrix POLICY --format csv",
        data=packing.document(),
    )


def _note(role: Role) -> str:
    inherits = f", inherits from {', '.join(sorted(role.inherits))}" if role.inherits else ""
    return f"cleared up to {role.clearance}{inherits}"


def _said(packing: Packing, table: str, families: Iterable[str], rights: tuple[Right, ...]) -> Same:
    given = {each.action for each in rights}
    actions = [each for each in ACTIONS if each in given]
    entries = [
        packing.entry(", ".join(actions), purposes, during(right.since, right.until), "", right.via)
        for actions, purposes, right in _joined(rights)
    ]
    return Same(table, families, "".join(each[0] for each in actions), ", ".join(actions), entries)


def _joined(rights: tuple[Right, ...]) -> Iterator[tuple[list[str], list[str], Right]]:
    """Yield actions and purposes that have time and grants in common, with one of their rights."""
    by_purpose: dict[Right, list[str]] = {}
    for right in rights:
        by_purpose.setdefault(right._replace(action="read"), []).append(right.action)
    by_actions: dict[tuple[Right, tuple[str, ...]], list[str]] = {}
    for right, actions in by_purpose.items():
        by_actions.setdefault((right._replace(purpose=""), tuple(actions)), []).append(right.purpose)
    for (right, said), purposes in by_actions.items():
        yield list(said), purposes, right
