"""Policies of very many grants, as TOML: what `cfacl check` is timed on.  Each kind once took most of a minute."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

#: How many grants a role has.
_EACH: Final = 100
_TABLES: Final = 200
_FAMILIES: Final = 10
_LEVELS: Final = ("internal", "personal", "sensitive")


def plain(grants: int) -> str:
    """Return a policy of roles with no more than grants, each held by some people."""
    roles = grants // _EACH
    return "\n".join(
        [
            *_head(),
            *(line for role in range(roles) for line in _role(role, "")),
            *(_person(i, "employee", [i % roles]) for i in range(2 * roles)),
        ]
    )


def windows(grants: int) -> str:
    """Return one of roles that inherit, grants that end, and `never` lines that hold."""
    roles = grants // _EACH
    return "\n".join(
        [
            *_head(),
            *_ending(roles),
            *(_person(i, "employee", [i % roles, i * 7 % roles, i * 13 % roles]) for i in range(5 * roles)),
            *_never(),
        ]
    )


def role_sets(grants: int) -> str:
    """Return one in which ten times as many people as there are roles hold three of them, no two the same."""
    roles = grants // _EACH
    draw = random.Random(7)
    sets: set[tuple[int, ...]] = set()
    while len(sets) < 10 * roles:
        sets.add(tuple(sorted(draw.sample(range(roles), 3))))
    kinds = ("employee", "service", "third_party")
    return "\n".join(
        [
            *_head(),
            *_ending(roles),
            *(_person(i, kinds[i % 3], held) for i, held in enumerate(sorted(sets))),
            *_never(),
        ]
    )


def findings(grants: int) -> str:
    """Return one of which nearly every grant has a finding: it is inherited already."""
    roles = grants // _EACH
    return "\n".join(
        [
            *_head(),
            *(line for role in range(roles) for line in _role(0, "", name=role)),
            *(_person(i, "employee", [i % roles]) for i in range(2 * roles)),
        ]
    )


def _head() -> Iterator[str]:
    yield '[policy]\nname = "large"\npurposes = ["a", "b", "c"]'
    for table in range(_TABLES):
        for family in range(_FAMILIES):
            yield f"[tables.t{table}.families.f{family}]"
            yield f'level = "{_LEVELS[family % 3]}"\npurposes = ["a", "b", "c"]'


def _role(role: int, ends: str, *, name: int | None = None) -> Iterator[str]:
    """Yield a role, and below it its grants; every tenth is the first of those that inherit from one another."""
    named = role if name is None else name
    yield f'[roles.r{named}]\nclearance = "sensitive"'
    if (ends or name is not None) and named % 10:
        yield f'inherits = ["r{named - 1}"]'
    for i in range(_EACH):
        yield f'[[roles.r{named}.grants]]\ntable = "t{(role * 7 + i) % _TABLES}"\nfamilies = ["f{(role + i) % _FAMILIES}"]'
        yield f'actions = ["read"]\npurposes = ["{"abc"[role % 3]}"]\nwhy = "{role} {i}"'
        if ends:
            yield f"until = 2027-{1 + i % 12:02}-{1 + i % 28:02}{ends}"


def _ending(roles: int) -> Iterator[str]:
    for role in range(roles):
        yield from _role(role, "T00:00:00Z")


def _person(number: int, kind: str, roles: list[int] | tuple[int, ...]) -> str:
    held = ", ".join(f'"r{each}"' for each in dict.fromkeys(roles))
    return f'[principals.p{number}]\nkind = "{kind}"\nroles = [{held}]'


def _never() -> Iterator[str]:
    for i in range(10):
        yield f'[[never]]\nkinds = ["employee"]\ntables = ["t{i}"]\nactions = ["delete"]'
        yield f'[[never]]\nroles = ["r{i}"]\nactions = ["write", "admin"]\nlevels = ["sensitive"]'
