"""The policies that every engine is given alike, made and real, and the questions that are put to all of them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, product
from pathlib import Path
from typing import Final, NamedTuple

from attrs import frozen

import cfacl
from benchmarks.rounds import Effort
from benchmarks.workloads import PURPOSE, family_names, scenario, table
from cfacl.model.action import Action
from cfacl.model.catalog import Catalog
from cfacl.model.grants import Assignment, Grant, Principal, Role
from cfacl.policy.listings.pairs import policy_from_pairs, read_pairs
from cfacl.policy.policy import Policy

GRANTS: Final = (10, 1_000, 100_000)
#: As pycasbin's own benchmarks have it; of people there are half as many as theirs.
GRANTS_PER_ROLE: Final = 10
PEOPLE_PER_ROLE: Final = 5
#: How many tables there are for one role, of so many families each.
FAMILIES: Final = 10
#: The matrices of six organisations, as files of the folder that ``CFACL_ROLEMINING`` names.
MATRICES: Final = ("hc", "domino", "emea", "fire2", "customer", "americas_small")

#: How many pairs of a matrix are taken at least, so that not everybody may everything.
LEAST: Final = 1_000


class Right(NamedTuple):
    """What one grant of one action on one family gives."""

    purpose: str
    action: Action
    table: str
    family: str


class Question(NamedTuple):
    """Whether a principal may do something."""

    principal: str
    right: Right


@frozen(eq=False)
class Rights:
    """A policy as lines that any engine has a word for: roles, each with its rights, and one role for each principal.

    Attributes:
        policy: the same as cfacl has it.
        roles: what each role may do.
        held: the role of each principal.
    """

    policy: Policy
    roles: Mapping[str, tuple[Right, ...]]
    held: Mapping[str, str]

    def questions(self, number: int, *, allowed: bool, zipf: bool) -> list[Question]:
        """Return questions whose answer is known, the same ones in every run.

        Args:
            zipf: the second principal asks half as often as the first, the third a third as often, and so on; else
                all ask alike.
        """
        rng = random.Random(7)
        people = list(self.held)
        rng.shuffle(people)
        weights = list(accumulate(1 / place if zipf else 1.0 for place in range(1, len(people) + 1)))
        every = sorted({right for rights in self.roles.values() for right in rights})
        held = {role: frozenset(rights) for role, rights in self.roles.items()}
        found: list[Question] = []
        while len(found) < number:
            (principal,) = rng.choices(people, cum_weights=weights)
            role = self.held[principal]
            right = rng.choice(self.roles[role] if allowed else every)
            if (right in held[role]) is allowed:
                found.append(Question(principal, right))
        return found


def made(grants: int) -> Rights:
    """Return a policy of so many grants, each of one family to one of the roles."""
    names = [f"role-{i:05}" for i in range(max(2, grants // GRANTS_PER_ROLE))]
    tables = [table(f"table-{i:05}", FAMILIES) for i in range(len(names))]
    rng = random.Random(7)
    places = [(each.name, family) for each in tables for family in family_names(FAMILIES)]
    roles = {
        name: Role(name, "internal", grants=tuple(_grant(*place) for place in rng.sample(places, grants // len(names))))
        for name in names
    }
    people = {f"user-{i:06}": names[i % len(names)] for i in range(len(names) * PEOPLE_PER_ROLE)}
    return _plain(
        Policy(
            name="made",
            catalog=Catalog(purposes=frozenset([PURPOSE]), tables={each.name: each for each in tables}),
            roles=roles,
            principals={name: Principal(name, "employee", (Assignment(role),)) for name, role in people.items()},
        )
    )


def demo() -> Rights:
    """Return the scenario, as what comes of its inheritance, restrictions and windows now; who may the same shares a role."""
    policy = Policy.load(scenario())
    with cfacl.connect("memory://", policy=policy) as db:
        found = {
            name: tuple(sorted({Right(may.purpose, may.action, may.table, may.family) for may in db.what(name)}))
            for name in policy.principals
        }
    names = {rights: f"set-{i}" for i, rights in enumerate(sorted(set(found.values())))}
    roles = {name: rights for rights, name in names.items() if rights}
    return Rights(policy, roles, {who: names[rights] for who, rights in found.items() if rights})


def matrices(effort: Effort) -> Iterator[tuple[str, Rights]]:
    """Yield the matrices that are there, by name."""
    folder = Path(os.environ.get("CFACL_ROLEMINING", ""))
    for name in MATRICES:
        file = folder / f"{name}.txt"
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                pairs = read_pairs(lines)
            yield name, _plain(policy_from_pairs(pairs[: max(LEAST, effort.size(len(pairs)))], name=name))


def every(effort: Effort) -> Iterator[tuple[str, Rights]]:
    """Yield all of them, one after the other, so that no more than one is held."""
    for grants in GRANTS:
        yield str(grants), made(max(GRANTS[0], effort.size(grants)))
    yield "scenario", demo()
    yield from matrices(effort)


def _plain(policy: Policy) -> Rights:
    """Return the lines of a policy that consists of grants alone, one role for each principal."""
    roles = {name: tuple(_rights(role)) for name, role in policy.roles.items()}
    return Rights(policy, roles, {name: each.assignments[0].role for name, each in policy.principals.items()})


def _grant(on: str, family: str) -> Grant:
    actions: frozenset[Action] = frozenset(["read"])
    return Grant(on, frozenset([family]), None, actions, frozenset([PURPOSE]), "measured")


def _rights(role: Role) -> Iterable[Right]:
    for each in role.grants:
        for purpose, action, family in product(
            sorted(each.purposes), sorted(each.actions), sorted(each.families or ())
        ):
            yield Right(purpose, action, each.table, family)
