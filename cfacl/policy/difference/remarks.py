"""What else differs between two policies than who gains and who loses.

A policy may protect less, and nobody gain anything by it today: a level that falls, a `never` line that goes, data that
is kept for longer.  The next change then gives what this one has cleared the way for.  So every key of a policy that
differs is either seen in `cfacl.diff` or remarked here.  These are told by neither:

* the policy's name and reasons (`why`): they decide nothing;
* the order of lines and of names, a line that is there twice, and comments;
* a role that is called otherwise, if nothing else about it changed;
* what the list of gains and losses shows: see `cfacl.policy.difference.holding.Shown`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from cfacl.model.catalog import Family
from cfacl.model.grants import Expect, Never
from cfacl.policy.difference.alignment import Line, aligned, renamed
from cfacl.policy.difference.changes import Change
from cfacl.policy.difference.holding import Holding, Shown
from cfacl.policy.difference.remark import (
    EFFECTS,
    Contrast,
    Remark,
    amount,
    come_or_gone,
    contrasts,
    exchanged,
    members,
    remark,
    remarked,
    rise,
)
from cfacl.policy.difference.roles import OnRoles
from cfacl.policy.document.notation import duration
from cfacl.policy.faults import Place
from cfacl.policy.policy import Policy

__all__ = ["remarks"]


def remarks(old: Policy, new: Policy, changes: Iterable[Change]) -> list[Remark]:
    """Return what else differs from ``old`` to ``new``: what weakens first, and of that what weighs most.

    Args:
        old, new: policies that were loaded.
        changes: what `cfacl.diff` says of the two.
    """
    before = renamed(old, new)
    ladders = before.catalog.levels, new.catalog.levels
    holdings = Holding(before), Holding(new)
    shown = Shown(changes, holdings)
    roles = OnRoles(before, new, holdings, shown)
    families = _Families.of_both(before, new)
    never = aligned(before.never, new.never)
    expect = aligned(before.expect, new.expect, "principal", "purpose")
    found = chain(
        _lines("never", never),
        _ladder(old.catalog.levels, new.catalog.levels),
        _levels(families, ladders),
        roles.clearances(),
        roles.rules("restrictions"),
        _tls(before, new, ladders),
        _purposes(families),
        _columns(families, shown),
        _lines("expect", expect),
        _kinds(before, new),
        _keeping(families),
        roles.roles(),
        roles.rules("grants"),
        roles.principals(),
        _names(before, new),
        _layouts(before, new),
    )
    return sorted(found, key=lambda each: EFFECTS.index(each.effect))


def _lines(key: str, found: Iterable[Line[Never] | Line[Expect]]) -> Iterator[Remark]:
    for number, line, was, is_gone in found:
        place: Place = (key, number)
        if was is not None:
            yield from remarked(place, contrasts(was, line), guards=True)
        else:
            yield come_or_gone(place, "weakens" if is_gone else "strengthens", line, is_gone=is_gone)


def _ladder(old: Sequence[str], new: Sequence[str]) -> Iterator[Remark]:
    """Remark on other levels, or other places of them; where two are the other way round, what was above is below."""
    if old != new:
        kept = [each for each in old if each in new]
        turned = kept != sorted(kept, key=new.index)
        message = f"{' < '.join(new)}, was {' < '.join(old)}"
        yield remark(("policy", "levels"), "weakens" if turned else "changes", message)


class _Families(NamedTuple):
    """A family that both policies have, and that differs."""

    place: Place
    old: Family
    new: Family

    @classmethod
    def of_both(cls, old: Policy, new: Policy) -> list[_Families]:
        tables, others = old.catalog.tables, new.catalog.tables
        return [
            cls(("tables", name, "families", family), tables[name].families[family], others[name].families[family])
            for name in sorted(tables.keys() & others.keys())
            for family in sorted(tables[name].families.keys() & others[name].families.keys())
            if tables[name].families[family] != others[name].families[family]
        ]


def _levels(families: Iterable[_Families], ladders: tuple[Sequence[str], Sequence[str]]) -> Iterator[Remark]:
    """Remark on levels, the highest first, by what the family was or is."""

    def height(each: _Families) -> int:
        return max(ladders[0].index(each.old.level), ladders[1].index(each.new.level))

    for place, old, new in sorted(families, key=height, reverse=True):
        yield from remarked(place, rise("level", old.level, new.level, ladders), guards=True)


def _purposes(families: Iterable[_Families]) -> Iterator[Remark]:
    for place, old, new in families:
        yield from remarked(place, members("purposes", old.purposes, new.purposes), guards=False)


def _columns(families: Iterable[_Families], shown: Shown) -> Iterator[Remark]:
    for place, old, new in families:
        for each in remarked(place, members("columns", old.columns, new.columns), guards=False):
            if not shown.columns(str(place[1]), new.name, each.effect):
                yield each


def _keeping(families: Iterable[_Families]) -> Iterator[Remark]:
    """Remark on how much is kept: what is kept for longer can be read for longer."""
    for place, old, new in families:
        found = chain(
            amount("time_to_live", old.time_to_live, new.time_to_live, duration),
            amount("versions", old.versions, new.versions, str),
        )
        yield from remarked(place, found, guards=False)


def _tls(old: Policy, new: Policy, ladders: tuple[Sequence[str], Sequence[str]]) -> Iterator[Remark]:
    for store, before, after in (
        ("hbase", old.stores.hbase_require_tls, new.stores.hbase_require_tls),
        ("cassandra", old.stores.cassandra_require_tls, new.stores.cassandra_require_tls),
    ):
        yield from remarked(("stores", store), rise("require_tls", before, after, ladders), guards=False)


def _kinds(old: Policy, new: Policy) -> Iterator[Remark]:
    """Remark on another kind: it weakens where a `never` line names the one, and not the other."""
    for name in sorted(old.principals.keys() & new.principals.keys()):
        kinds = old.principals[name].kind, new.principals[name].kind
        if kinds[0] != kinds[1]:
            left, met = ({n for n, line in enumerate(new.never) if each in (line.kinds or ())} for each in kinds)
            found = Contrast("kind", bool(met - left), bool(left - met), exchanged(*kinds))
            yield from remarked(("principals", name), [found], guards=True)


def _names(old: Policy, new: Policy) -> Iterator[Remark]:
    """Remark on what the catalog has that is new or gone; it gives nobody anything by itself."""
    before, after = old.catalog, new.catalog
    for each in members("purposes", before.purposes, after.purposes):
        yield remark(("policy", each.key), "changes", each.message)
    yield from _come_and_gone(("tables",), before.tables, after.tables)
    for name in sorted(before.tables.keys() & after.tables.keys()):
        place: Place = ("tables", name, "families")
        yield from _come_and_gone(place, before.tables[name].families, after.tables[name].families)


def _come_and_gone(place: Place, old: Collection[str], new: Collection[str]) -> Iterator[Remark]:
    for said, names in (("is new", {*new} - {*old}), ("is gone", {*old} - {*new})):
        for name in sorted(names):
            yield remark((*place, name), "changes", said)


def _layouts(old: Policy, new: Policy) -> Iterator[Remark]:
    """Remark on how Cassandra is used, which protects neither more nor less."""
    place: Place = ("stores", "cassandra")
    levels = old.stores.cassandra_consistency, new.stores.cassandra_consistency
    if levels[0] != levels[1]:
        yield remark((*place, "consistency"), "changes", exchanged(*levels))
    before, after = old.stores.cassandra_layouts, new.stores.cassandra_layouts
    yield from _come_and_gone((*place, "tables"), before, after)
    for name in sorted(before.keys() & after.keys()):
        for each in contrasts(before[name], after[name]):
            yield remark((*place, "tables", name, each.key), "changes", each.message)
