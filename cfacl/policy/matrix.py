"""Role by family: what each role may do where, from the masks that decide.

What a role may do is what a principal may do who holds it and no other, for ever.  Where that is
the same for several families of a table, as it is below one `at_or_below`, it is worked out once:
families are split into *parts* by masks, so that a thousand roles on thousands of families take seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from attrs import frozen

from cfacl.engine.bits import BEGIN, END, TableBits
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.errors import RequestError, UnknownPurpose, UnknownTable, quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.catalog import Family
from cfacl.model.grants import Role, nanoseconds
from cfacl.model.names import nearest, offered
from cfacl.policy.compile import compile_policy
from cfacl.policy.difference.grounds import Ground, ground, instant, order
from cfacl.policy.policy import Policy

T = TypeVar("T")
#: Masks that have no bit in common, each with what was found for all its families.
_Blocks = list[tuple[int, tuple[T, ...]]]


class Right(NamedTuple):
    """One action for one purpose; without a break ``[since, until)``, by the grants ``via``, sorted."""

    action: Action
    purpose: str
    since: datetime | None
    until: datetime | None
    via: tuple[Ground, ...]


class Part(NamedTuple):
    """Families of one table, sorted, on which a role has the same rights, at least one, by purpose and action."""

    role: str
    table: str
    families: tuple[str, ...]
    rights: tuple[Right, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """What may be done for any purpose, in the order of `ACTIONS`."""
        given = {each.action for each in self.rights}
        return tuple(each for each in ACTIONS if each in given)


@frozen
class Matrix:
    """What roles may do to families at one instant.

    Attributes:
        purpose: the only one that was looked at; ``None`` for all.
        roles, families: what was looked at, sorted; a family with the name of its table.
        parts: what may be done, by role and table; what is not in it may not be done.
    """

    at: datetime
    purpose: str | None
    roles: tuple[Role, ...]
    families: tuple[tuple[str, Family], ...]
    parts: tuple[Part, ...]


def matrix(
    policy: Policy,
    at: datetime,
    *,
    purpose: str | None = None,
    roles: Collection[str] = (),
    tables: Collection[str] = (),
    levels: Collection[str] = (),
) -> Matrix:
    """Return what each role of a policy may do to each family at an instant.

    Args:
        policy: one that was loaded.
        purpose: look at this one alone; ``None`` for all.
        roles, tables, levels: look at these alone; empty for all.

    Raises:
        UnknownPurpose, UnknownTable: the policy declares no such purpose, or table.
        RequestError: it has no such role, or level.
    """
    catalog = policy.catalog
    _known("purpose", () if purpose is None else (purpose,), catalog.purposes, UnknownPurpose)
    _known("table", tables, catalog.tables, UnknownTable)
    _known("role", roles, policy.roles, RequestError)
    _known("level", levels, catalog.levels, RequestError)
    snapshot = Snapshot(compile_policy(policy), {}, 0)
    wanted = [table for name, table in sorted(snapshot.bits.tables.items()) if not tables or name in tables]
    families = {table.name: [each for each in table.families if not levels or each.level in levels] for table in wanted}
    within = {table.name: table.mask(each.name for each in families[table.name]) for table in wanted}
    names = sorted(set(roles or policy.roles))
    parts = [
        Part(role, *each)
        for role in names
        for each in blocks(snapshot, (Held(role, BEGIN, END),), within, purpose, nanoseconds(at))
    ]
    return Matrix(
        at,
        purpose,
        tuple(policy.roles[name] for name in names),
        tuple((table, family) for table, listed in families.items() for family in listed),
        tuple(parts),
    )


def _known(what: str, names: Iterable[str], known: Collection[str], error: type[RequestError]) -> None:
    for name in names:
        if name not in known:
            raise error(f"unknown {what} {quoted(name)}{nearest(name, known) or offered(known)}")


def blocks(
    snapshot: Snapshot,
    held: tuple[Held, ...],
    within: Mapping[str, int],
    purpose: str | None,
    now: int,
) -> Iterator[tuple[str, tuple[str, ...], tuple[Right, ...]]]:
    """Yield what whoever holds some roles may do at ``now``: a table, families of it, and their rights.

    Args:
        within: the families that are looked at, as masks by table.
        purpose: as for `matrix`.
    """
    given = snapshot.granted_tables(held)
    for name, mask in within.items():
        if name in given:
            yield from _blocks(snapshot, held, snapshot.bits.tables[name], mask, purpose, now)


def _blocks(
    snapshot: Snapshot, held: tuple[Held, ...], table: TableBits, within: int, purpose: str | None, now: int
) -> Iterator[tuple[str, tuple[str, ...], tuple[Right, ...]]]:
    grounds = [
        (bound, ground(snapshot.bits, bound))
        for role in dict.fromkeys(each.role for each in held if each.start <= now < each.until)
        for bound in snapshot.bound(role, table)
        if bound.rule.gives
    ]
    found: _Blocks[Right] = [(within, ())]
    for each in sorted(table.for_purpose):
        if purpose not in (None, each):
            continue
        profile = snapshot.profile(held, each)
        counting = [
            (bound, said)
            for bound, said in grounds
            if bound.rule.purposes & profile.bit and bound.rule.start <= now < bound.rule.until
        ]
        if not counting:
            continue
        segments = profile.timeline(table)
        for index, action in enumerate(ACTIONS):
            via = [(bound.mask, said) for bound, said in counting if index in bound.rule.actions]
            for mask, start, until in _stretches(segments, index, now):
                for some, given in _split_by([(mask, ())], via):
                    right = Right(action, each, instant(start), instant(until), tuple(sorted(given, key=order)))
                    found = _split_by(found, [(some, right)])
    named = [
        (tuple(each.name for each in table.families if table.bit[each.name] & mask), rights)
        for mask, rights in found
        if rights
    ]
    yield from ((table.name, listed, rights) for listed, rights in sorted(named))


def _split_by(blocks: _Blocks[T], found: Iterable[tuple[int, T]]) -> _Blocks[T]:
    """Split blocks by masks, and note with what lies in a mask what was found for it."""
    for mask, what in found:
        blocks = [
            piece
            for families, known in blocks
            for piece in ((families & mask, (*known, what)), (families & ~mask, known))
            if piece[0]
        ]
    return blocks


def _stretches(segments: list[Segment], index: int, now: int) -> Iterator[tuple[int, int, int]]:
    """Yield what is granted at ``now``, as masks, each with its unbroken stretch."""
    at = next(i for i, segment in enumerate(segments) if segment.start <= now < segment.until)
    granted = [segment.granted[index] for segment in segments]
    back = [(segment.start, mask) for segment, mask in zip(segments[at::-1], granted[at::-1], strict=True)]
    ahead = [(segment.until, mask) for segment, mask in zip(segments[at:], granted[at:], strict=True)]
    for since, start in _reaching(back):
        for until, end in _reaching(ahead):
            if since & until:
                yield since & until, start, end


def _reaching(edges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is granted in the first of segments, as masks, each with the far edge of the last without a break."""
    left = edges[0][1]
    for (edge, _), (_, following) in zip(edges, [*edges[1:], (END, 0)], strict=True):
        if left & ~following:
            yield left & ~following, edge
        left &= following
