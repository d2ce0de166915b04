"""What one policy gives that another does not: access, not lines.

An access is to the columns that a family declares, or to any where it declares none; so whoever may
use a family gains and loses by what it declares.  What else a policy says is no access, as how long and
how many values of a cell are kept, or does something to it later, as a level does through clearances and
`at_or_below`: `cfacl.policy.difference.remarks` tells where that differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from cfacl.engine.bits import BEGIN, END, PolicyBits
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.errors import RequestError, quoted
from cfacl.model.action import ACTIONS, ADMIN, Action
from cfacl.model.grants import moment
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.policy.timeline import timeline

Stretch = tuple[int, int]


class Change(NamedTuple):
    """An access that a principal gains, or else loses, during ``[since, until)``.

    Attributes:
        columns: the qualifiers that are gained or lost, sorted, where the principal may use the family under both
            policies and these are what differs; ``None`` for all that the family has, or all but those of ``but``.
        but: with ``columns=None``, the qualifiers that are not gained or lost with all others, sorted: the family
            declares them under one of the policies, and under the other it has any column.
    """

    principal: str
    table: str
    family: str
    action: Action
    purpose: str
    gains: bool
    since: datetime | None
    until: datetime | None
    columns: tuple[bytes, ...] | None = None
    but: tuple[bytes, ...] = ()


class _Columns(NamedTuple):
    """The last two of a change."""

    columns: tuple[bytes, ...] | None
    but: tuple[bytes, ...]


_WHOLE: Final = _Columns(None, ())


def diff(old: Policy, new: Policy) -> list[Change]:
    """Return who gains and who loses what from ``old`` to ``new``, and when; sorted, over the whole time line.

    What nobody gains or loses anything by is outside, though it may be what the next gain needs: a level that falls, a
    `never` line that goes, what is kept for longer.  `cfacl diff` lists that too, as what else changed.

    Raises:
        PolicyError: one of them was built by hand, and has faults or a `never` or `expect` line that fails.
        RequestError: one of them is no `Policy`.
    """
    from cfacl.policy.document.reader import check

    for each in (old, new):
        if not isinstance(each, Policy):
            raise RequestError(f"{quoted(each)} is no policy; load it with `Policy.load` or `Policy.loads`")
        check(each)
    before, after = (Snapshot(compile_policy(each), {}, 0) for each in (old, new))
    return list(changes(before, after, {*old.principals, *new.principals}))


def changes(
    before: Snapshot,
    after: Snapshot,
    principals: Iterable[str],
    tables: Collection[str] | None = None,
    purposes: Collection[str] | None = None,
) -> Iterator[Change]:
    """Yield who gains and who loses what, of some principals, tables and purposes, sorted; ``None``: of all.

    What the next one gains is worked out when it is asked for.
    """
    known: dict[tuple[tuple[Held, ...], tuple[Held, ...]], list[Change]] = {}
    for name in sorted(principals):
        held = tuple(each.holds(name) if name in each.bits.principals else () for each in (before, after))
        pair = (held[0], held[1])
        if pair not in known:
            known[pair] = list(_changes(before, after, pair, tables, purposes))
        yield from (change._replace(principal=name) for change in known[pair])


def _changes(
    before: Snapshot,
    after: Snapshot,
    held: tuple[tuple[Held, ...], tuple[Held, ...]],
    tables: Collection[str] | None,
    purposes: Collection[str] | None,
) -> Iterator[Change]:
    """Yield what changes for the holders of some roles, the principal's name left empty."""
    if tables is None:
        tables = before.granted_tables(held[0]) | after.granted_tables(held[1])
    if purposes is None:
        purposes = {*before.bits.purposes, *after.bits.purposes}
    for table in sorted(tables):
        for purpose in sorted(purposes):
            lost = _Access(before, held[0], table, purpose)
            won = _Access(after, held[1], table, purpose)
            if lost == won:
                continue
            for family in sorted(lost.columns.keys() | won.columns.keys()):
                for index, action in enumerate(ACTIONS):
                    for gains, columns, start, until in _between(lost, won, family, index):
                        since = None if start == BEGIN else moment(start)
                        end = None if until == END else moment(until)
                        yield Change("", table, family, action, purpose, gains, since, end, *columns)


def _between(lost: _Access, won: _Access, family: str, index: int) -> Iterator[tuple[bool, _Columns, int, int]]:
    """Yield what is gained, then what is lost, of one action on one family, and when."""
    had, has = lost.stretches(family, index), won.stretches(family, index)
    both: list[Stretch] = []
    # Who administers a table names no columns, and gains none.
    if family in lost.columns and family in won.columns and index != ADMIN:
        both = _without(had, _without(had, has))
    for gains, stretches, there, here in (
        (True, _without(has, had), won, lost),
        (False, _without(had, has), lost, won),
    ):
        found = [(stretch, _WHOLE) for stretch in stretches]
        if both and (more := _more(there.columns[family], here.columns[family])) is not None:
            found += [(stretch, more) for stretch in both]
        for (start, until), columns in sorted(found):
            yield gains, columns, start, until


def _more(these: frozenset[bytes] | None, those: frozenset[bytes] | None) -> _Columns | None:
    """Return what ``these`` columns have that ``those`` have not (``None``: any column), or ``None`` for nothing."""
    if these is None:
        return None if those is None else _Columns(None, tuple(sorted(those)))
    more = these - (these if those is None else those)
    return _Columns(tuple(sorted(more)), ()) if more else None


class _Access:
    """What holders of some roles may do to one table for one purpose, over all time."""

    def __init__(self, snapshot: Snapshot, held: tuple[Held, ...], table: str, purpose: str) -> None:
        bits: PolicyBits = snapshot.bits
        self.bit: dict[str, int] = {}
        self.columns: dict[str, frozenset[bytes] | None] = {}
        self.segments: list[Segment] = []
        if table in bits.tables and purpose in bits.purposes:
            self.bit = bits.tables[table].bit
            self.columns = {each.name: each.columns for each in bits.tables[table].families}
            self.segments = timeline(snapshot.profile(held, purpose), bits.tables[table])

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; families have equal bits where their names are equal."""
        return isinstance(other, _Access) and self.columns == other.columns and self.segments == other.segments

    __hash__ = None  # type: ignore[assignment]  # compared, never kept in a set

    def stretches(self, family: str, index: int) -> list[Stretch]:
        """Return when the action is granted on the family, neighbours joined."""
        bit = self.bit.get(family, 0)
        joined: list[Stretch] = []
        for start, until, granted in self.segments:
            if granted[index] & bit:
                if joined and joined[-1][1] == start:
                    joined[-1] = (joined[-1][0], until)
                else:
                    joined.append((start, until))
        return joined


def _without(stretches: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return the parts of ``stretches`` that lie in none of ``others``; both are sorted and disjoint."""
    left = stretches
    for begin, end in others:
        left = [
            piece
            for start, until in left
            for piece in ((start, min(until, begin)), (max(start, end), until))
            if piece[0] < piece[1]
        ]
    return left
