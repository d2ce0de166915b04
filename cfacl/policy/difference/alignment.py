"""Which parts of one policy are those of another: lines that moved, roles and levels that were given other names."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from attrs import AttrsInstance, evolve, fields

from cfacl.model.grants import Assignment, Role
from cfacl.policy.policy import Policy

T = TypeVar("T", bound=AttrsInstance)

#: What says the same in other words.
_WORDS: Final = "why"
#: Two ways to say one thing.
_ONE: Final = {"families", "at_or_below"}


class Line(NamedTuple, Generic[T]):
    """A line of a list that the other of two lists does not have.

    Attributes:
        number: its place in the second list, and in the first if it is gone.
        was: what it was, where it is not new and not gone.
    """

    number: int
    line: T
    was: T | None
    is_gone: bool


def aligned(old: Sequence[T], new: Sequence[T], *last: str) -> Iterator[Line[T]]:
    """Yield the lines of two lists that differ, each with the one that it was; what says the same is left out.

    A line is another one with a single key changed, or, of what is left, one that agrees with it in the keys ``last``,
    which never change.
    """
    befores, afters = dict(enumerate(old)), dict(enumerate(new))
    lines = old or new
    keys = [each.name for each in fields(type(lines[0])) if each.name != _WORDS] if lines else []
    same = {_key(each, keys) for each in old} & {_key(each, keys) for each in new}
    for side in (befores, afters):
        known = set(same)  # of lines that say the same one counts
        for number, line in [*side.items()]:
            if (said := _key(line, keys)) in known:
                del side[number]
            known.add(said)
    changed = (_ONE if name in _ONE else {name} for name in keys if name not in last)
    passes = [[each for each in keys if each not in names] for names in changed]
    for agreeing in [*passes, list(last)] if last else passes:
        if not befores or not afters or not agreeing:
            continue
        waiting: dict[Hashable, list[int]] = {}
        for number, line in befores.items():
            waiting.setdefault(_key(line, agreeing), []).append(number)
        for number, line in [*afters.items()]:
            if found := waiting.get(_key(line, agreeing)):
                before = found.pop(0)
                yield Line(number, afters.pop(number), befores.pop(before), False)
    for number, line in afters.items():
        yield Line(number, line, None, False)
    for number, line in befores.items():
        yield Line(number, line, None, True)


def _key(line: object, names: Iterable[str]) -> Hashable:
    return tuple(getattr(line, each) for each in names)


def renamed(old: Policy, new: Policy) -> Policy:
    """Return the first policy with the names that the second gives to the same levels and to the same roles."""
    levels = _levels(old.catalog.levels, new.catalog.levels)
    if levels:
        old = _with_levels(old, levels)
    roles = _roles(old.roles, new.roles)
    return _with_roles(old, roles) if roles else old


def _levels(old: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Return the new names of levels, where each ladder has as many and none has moved."""
    pairs = [(before, after) for before, after in zip(old, new, strict=False) if before != after]
    moved = any(before in new or after in old for before, after in pairs)
    return {} if moved or len(old) != len(new) else dict(pairs)


def _with_levels(policy: Policy, names: Mapping[str, str]) -> Policy:
    def named(level: str | None) -> Any:
        return level if level is None else names.get(level, level)

    def leveled(rule: Any) -> Any:
        return evolve(rule, at_or_below=named(rule.at_or_below))

    catalog, stores = policy.catalog, policy.stores
    tables = {
        name: evolve(
            table, families={key: evolve(each, level=named(each.level)) for key, each in table.families.items()}
        )
        for name, table in catalog.tables.items()
    }
    roles = {
        name: evolve(
            role,
            clearance=named(role.clearance),
            grants=tuple(map(leveled, role.grants)),
            restrictions=tuple(map(leveled, role.restrictions)),
        )
        for name, role in policy.roles.items()
    }
    return evolve(
        policy,
        catalog=evolve(catalog, levels=tuple(map(named, catalog.levels)), tables=tables),
        roles=roles,
        never=tuple(evolve(each, levels=_all(each.levels, names)) for each in policy.never),
        stores=evolve(
            stores,
            hbase_require_tls=named(stores.hbase_require_tls),
            cassandra_require_tls=named(stores.cassandra_require_tls),
        ),
    )


def _all(given: frozenset[str] | None, names: Mapping[str, str]) -> frozenset[str] | None:
    return None if given is None else frozenset(names.get(each, each) for each in given)


def _roles(old: Mapping[str, Role], new: Mapping[str, Role]) -> dict[str, str]:
    """Return the new names of roles that say the same as one that is gone, and inherit from the same."""
    gone = {name: role for name, role in sorted(old.items()) if name not in new}
    fresh = {name: role for name, role in sorted(new.items()) if name not in old}
    names: dict[str, str] = {}
    known = {*old} & {*new}
    while True:
        waiting: dict[Hashable, list[str]] = {}
        for name, role in fresh.items():
            waiting.setdefault(_content(role, role.inherits), []).append(name)
        found = {}
        for name, role in gone.items():
            if role.inherits <= known | names.keys():
                same = waiting.get(_content(role, frozenset(names.get(each, each) for each in role.inherits)))
                if same:
                    found[name] = same.pop(0)
        if not found:
            return names
        names |= found
        for before, after in found.items():
            del gone[before], fresh[after]


def _content(role: Role, inherits: frozenset[str]) -> Hashable:
    rules = (frozenset(evolve(each, why="") for each in side) for side in (role.grants, role.restrictions))
    return role.clearance, inherits, *rules


def _with_roles(policy: Policy, names: Mapping[str, str]) -> Policy:
    def named(name: str) -> str:
        return names.get(name, name)

    def assigned(each: Assignment) -> Assignment:
        return evolve(each, role=named(each.role))

    return evolve(
        policy,
        roles={
            named(name): evolve(role, name=named(name), inherits=frozenset(map(named, role.inherits)))
            for name, role in policy.roles.items()
        },
        principals={
            name: evolve(each, assignments=tuple(map(assigned, each.assignments)))
            for name, each in policy.principals.items()
        },
        never=tuple(evolve(each, roles=_all(each.roles, names)) for each in policy.never),
    )
