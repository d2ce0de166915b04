"""One compiled policy over one store's families, and the views that were looked up so far.

A snapshot never changes what it answers; all that grows in it are memos, bounded, which die with
it.  A policy is replaced by replacing the snapshot, so nothing is ever invalidated in place.
Memos are filled under the guard's lock and read without one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from cfacl.engine.ask import Ask, Column, find_table, parse_column, resolve
from cfacl.engine.bits import BEGIN, END, Bound, PolicyBits, Reached, TableBits, bind
from cfacl.engine.hit import LAST, Hit
from cfacl.engine.selection import Selection, Want, is_strict, select
from cfacl.engine.view import Held, Segment, View, look, timeline
from cfacl.errors import AccessDenied, SchemaMissing, UnknownPurpose, quoted
from cfacl.model.grants import Principal, Window, nanoseconds
from cfacl.model.names import LISTED, nearest
from cfacl.model.projection import Projection, Slice, StoredFamily

#: How many entries a memo holds before it is emptied: slower then, never wrong.
MEMO: Final = 1 << 14
#: The same for prepared requests and their answers, of which a service may hold several for each of 10,000 tables.
ASKS: Final = 1 << 17
#: Principals are told apart by name alone, and one entry is small, so that many fit.
PRINCIPALS: Final = 1 << 20
#: What takes more bytes of column names, or more names, is not remembered, so that entries stay small.
NAME_BYTES: Final = 4096
NAMES: Final = 64

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def remember(memo: dict[K, V], key: K, value: V, limit: int | None = None) -> V:
    """Put ``value`` into a memo of at most ``limit`` entries (`MEMO`) and return it."""
    if len(memo) >= (limit or MEMO):
        memo.clear()
    memo[key] = value
    return value


class Plan:
    """A granted request: what it may touch, and what a narrow answer leaves out (``withheld``)."""

    __slots__ = ("profile", "projection", "until", "want", "withheld")

    def __init__(
        self,
        profile: Profile,
        want: Want,
        projection: Projection,
        withheld: frozenset[str],
        until: int | None,
    ) -> None:
        self.profile = profile
        self.want = want
        self.projection = projection
        self.withheld = withheld
        self.until = until


class Denial(NamedTuple):
    """A request that is not granted, and the families for which it is not."""

    families: frozenset[str]


class Profile:
    """All principals that hold the same roles, under one purpose.

    A hit belongs to ``snapshot``, and is good only while that is the current one.
    """

    __slots__ = ("bit", "held", "hits", "plans", "purpose", "snapshot", "views")

    def __init__(self, snapshot: Snapshot, held: tuple[Held, ...], purpose: str) -> None:
        self.snapshot = snapshot
        self.held = held
        self.purpose = purpose
        self.bit = snapshot.bits.purposes[purpose]
        self.views: dict[str, View] = {}
        self.hits: dict[object, Hit] = {}
        self.plans: dict[Want, Plan] = {}

    def holdings(self, table: TableBits) -> list[tuple[Held, tuple[Bound, ...]]]:
        """Return each role held, with the rules that it brings to ``table``."""
        return [(held, self.snapshot.bound(held.role, table)) for held in self.held]

    def view(self, table: TableBits, now: int) -> View:
        """Return what holds at ``now``, a time that the guard gave: whatever is known then still holds."""
        known = self.views.get(table.name)
        if known is not None:
            return known
        snapshot = self.snapshot
        view = look(table, self.purpose, self.bit, self.holdings(table), now)
        interned = snapshot.interned
        return remember(self.views, table.name, interned.get(view) or remember(interned, view, view))

    def check(self, ask: Ask, now: int) -> int:
        """Return those bits of ``ask`` that are denied, and remember the answer: a hit need not look at them again."""
        table, mask = resolve(self.snapshot.bits, ask)
        view = self.view(table, now)
        denied = mask & view.denied[ask.index]
        ends = view.until != END
        until = self.snapshot.until if ends else 0
        if until >= -LAST:
            remember(self.hits, ask, Hit(self.snapshot, not denied, ends, min(until, LAST)), ASKS)
        return denied

    def plan(self, want: Want, now: int) -> Plan | Denial:
        """Decide a request for columns, by rule 4: strict where columns are named or data is changed, else narrow."""
        index, name, columns, _ = want
        table = find_table(self.snapshot.bits, name)
        selection = select(table, columns)
        view = self.view(table, now)
        denied = selection.mask & view.denied[index]
        allowed = selection.mask & ~denied
        if not allowed or (denied and is_strict(want)):
            return Denial(table.names(denied))
        projection = self.snapshot.projection(table, selection, allowed, named=columns is not None)
        until = None if view.until == END else self.snapshot.until
        plan = Plan(self, want, projection, table.names(denied), until)
        wide = columns is not None and (len(columns) > NAMES or sum(map(len, columns)) > NAME_BYTES)
        return plan if wide else remember(self.plans, want, plan)

    def timeline(self, table: TableBits) -> list[Segment]:
        """Return what may be done to ``table``, over all time."""
        return timeline(table, self.purpose, self.bit, self.holdings(table))


class Snapshot:
    """A compiled policy and the families of the store, under an epoch, between two edges of its windows.

    Args:
        bits: the compiled policy.
        stored: the store's families by (table, family); those that it lacks are left out.
        epoch: counts the policies and schemas of this process, from 1.
        since: the time from which on it decides, in nanoseconds since 1970.  It does so before ``until``, the next
            edge of any window of the policy, or `END`.
        disabled: tables of which no family is in ``stored``, for the time being.
    """

    __slots__ = (
        "_bound",
        "_holders",
        "_profiles",
        "_projections",
        "_reach",
        "_sets",
        "bits",
        "callers",
        "columns",
        "disabled",
        "epoch",
        "interned",
        "stored",
        "until",
    )

    def __init__(
        self,
        bits: PolicyBits,
        stored: Mapping[tuple[str, str], StoredFamily],
        epoch: int,
        since: int = BEGIN,
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        self.bits = bits
        self.stored = stored
        self.disabled = disabled
        self.epoch = epoch
        after = bisect_right(bits.edges, since)
        self.until = bits.edges[after] if after < len(bits.edges) else END
        self.interned: dict[View, View] = {}
        #: who asked, by purpose: what whoever opens a session again is found by
        self.callers: dict[str, dict[str, Profile]] = {}
        #: column names taken apart, by table
        self.columns: dict[str, dict[bytes, Column]] = {}
        self._reach: dict[str, tuple[Reached, ...]] = {}
        self._bound: dict[tuple[str, str], tuple[Bound, ...]] = {}
        self._holders: dict[str, tuple[Held, ...]] = {}
        self._sets: dict[tuple[Held, ...], tuple[Held, ...]] = {}
        self._profiles: dict[tuple[tuple[Held, ...], str], Profile] = {}
        self._projections: dict[tuple[str, int], Projection] = {}

    def sizes(self) -> dict[str, int]:
        """Return how many entries the memos hold; the guard's lock is held."""
        profiles = self._profiles.values()
        return {
            "memo_principals": sum([len(each) for each in self.callers.values()]),
            "memo_profiles": len(profiles),
            "memo_views": len(self.interned),
            "memo_plans": sum([len(each.plans) for each in profiles]),
            "memo_checks": sum([len(each.hits) for each in profiles]),
        }

    def reach(self, role: str) -> tuple[Reached, ...]:
        """Return all roles that ``role`` reaches."""
        return self._reach.get(role) or remember(self._reach, role, self.bits.reach(role))

    def bound(self, role: str, table: TableBits) -> tuple[Bound, ...]:
        """Return the rules that ``role`` brings to ``table``."""
        key = (role, table.name)
        known = self._bound.get(key)
        return known if known is not None else remember(self._bound, key, bind(self.reach(role), table))

    def column(self, table: str, name: bytes) -> Column:
        """Take a column name apart.  Raises as `parse_column`."""
        family, bit, qualifier = parse_column(find_table(self.bits, table), name)
        known = self.columns.setdefault(table, {})
        if qualifier is not None:  # one object a family, which a put tells from another at a glance
            family = (known.get(family) or self.column(table, family))[0]
        column = family, bit, qualifier
        return column if len(name) > NAME_BYTES else remember(known, name, column)

    def granted_tables(self, held: Iterable[Held]) -> set[str]:
        """Return the tables that any grant of these roles names; nothing is granted on others."""
        return {
            table
            for each in held
            for role, _, _ in self.reach(each.role)
            for table, rules in role.rules.items()
            if any(rule.gives for rule in rules)
        }

    def holds(self, principal: str) -> tuple[Held, ...]:
        """Return the roles that a principal holds; principals with the same roles share one tuple.

        Raises:
            AccessDenied: the policy knows no such principal.
        """
        known = self._holders.get(principal)
        return known if known is not None else remember(self._holders, principal, self._shared(principal), PRINCIPALS)

    def _shared(self, principal: str) -> tuple[Held, ...]:
        found = self.bits.principals.get(principal)
        if found is None:
            raise AccessDenied(
                f"unknown principal {quoted(principal)}; the policy lists who may ask",
                principal=principal,
                epoch=self.epoch,
                reason="unknown_principal",
            )
        held = holdings(found)
        return self._sets.get(held) or remember(self._sets, held, held)

    def caller(self, principal: str, purpose: str) -> Profile:
        """Return what a principal may do for a purpose; raises as `holds`, then as `profile`."""
        known = self.callers.get(purpose, {}).get(principal)
        if known is not None:
            return known
        profile = self.profile(self._shared(principal), purpose)
        return remember(self.callers.setdefault(purpose, {}), principal, profile, PRINCIPALS)

    def profile(self, held: tuple[Held, ...], purpose: str) -> Profile:
        """Return what holders of these roles may do for a purpose.

        Raises:
            UnknownPurpose: the policy declares no such purpose.
        """
        known = self._profiles.get((held, purpose))
        if known is not None:
            return known
        if purpose not in self.bits.purposes:
            hint = nearest(purpose, self.bits.purposes) or LISTED
            raise UnknownPurpose(f"unknown purpose {quoted(purpose)}{hint}")
        if len(self._profiles) >= MEMO:  # which callers would keep
            self.callers.clear()
        return remember(self._profiles, (held, purpose), Profile(self, held, purpose))

    def projection(self, table: TableBits, selection: Selection, allowed: int, *, named: bool) -> Projection:
        """Return what a store may touch of ``selection``, cut down to the allowed families.

        Raises:
            SchemaMissing: the store lacks one of them.
        """
        key = (table.name, allowed)
        if not named and (known := self._projections.get(key)) is not None:
            return known
        slices = []
        for family in table.families:
            if not table.bit[family.name] & allowed:
                continue
            stored = self.stored.get((table.name, family.name))
            if stored is None and table.name in self.disabled:
                raise SchemaMissing(f"table {quoted(table.name)} is disabled; `enable_table` serves it again")
            if stored is None:
                raise SchemaMissing(
                    f"the store has no family {quoted(family.name)} of table {quoted(table.name)} that may be used;"
                    " `create_tables()` makes it, or says what to adopt; `drift()` says what differs"
                )
            qualifiers = selection.qualifiers[stored.prefix[:-1]]
            if qualifiers is None and family.columns is not None:
                qualifiers = set(family.columns)
            slices.append(Slice(stored, None if qualifiers is None else tuple(sorted(qualifiers))))
        projection = Projection(slices)
        return projection if named else remember(self._projections, key, projection)


def holdings(principal: Principal) -> tuple[Held, ...]:
    """Return the roles of a principal in an order that does not depend on the document's."""
    held = {Held(each.role, *span(each.window)) for each in principal.assignments}
    return tuple(sorted(held)) if len(held) > 1 else tuple(held)


def span(window: Window) -> tuple[int, int]:
    """Return a window as nanoseconds since 1970, `BEGIN` and `END` for its open ends."""
    return (
        BEGIN if window.start is None else nanoseconds(window.start),
        END if window.until is None else nanoseconds(window.until),
    )
