"""The second wall: what a store's own rights should be by a policy, what they are, and where the two differ.

An account is a principal, by the same name, as `Store.acting_as` gives it to the store.  What stands whatever the purpose
and the time is given to it (`cfacl.engine.standing`), as far as the store can say exactly that; the rest is listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from attrs import frozen

from cfacl.api.schema import Schema
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.standing import Standing, standing
from cfacl.model.action import Action
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.stores.base import Store
from cfacl.stores.native import Need, Right, Unsaid

__all__ = ["Extra", "Wall", "depends_on", "wall"]


class Extra(NamedTuple):
    """A right, or those letters of it, that the policy does not give; ``ours`` if a plan takes it."""

    right: Right
    why: str
    ours: bool


@frozen
class Wall:
    """How a store's own rights stand to a policy.

    Attributes:
        unsaid: what the policy gives and the store cannot say, so that nobody has it there.
        missing: rights, or letters of them, that are not there.
        extra: what is there and wider than the policy.
        known: rights of those who look after the store, and on families that are no more.
        revoked, granted: what makes the store's rights those of the policy; each is taken, or given, whole.
        unseen: why it was not seen whether the store heeds any of them, and how it can be; ``None``: it was, and it does.
        heeded: somebody who knows says that it does.
    """

    unsaid: tuple[Unsaid, ...]
    missing: tuple[Right, ...]
    extra: tuple[Extra, ...]
    known: tuple[Right, ...]
    revoked: tuple[Right, ...]
    granted: tuple[Right, ...]
    unseen: str | None
    heeded: bool

    @property
    def agrees(self) -> bool:
        """Whether nothing is missing, and nothing there is wider than the policy."""
        return not self.missing and not self.extra

    @property
    def holds(self) -> bool:
        """Whether the rights agree with the policy, and the store heeds them: what was not seen holds by a word alone."""
        return self.agrees and (self.unseen is None or self.heeded)


def wall(
    store: Store,
    policy: Policy,
    now: int,
    *,
    purpose: str | None = None,
    accounts: Collection[str] = (),
    operators: Collection[str] = (),
    heeded: bool = False,
) -> Wall:
    """Compare a policy with the rights that a store has, and change nothing.

    Args:
        now: nanoseconds since 1970; what has begun by then, and never ends, can be given.
        purpose: the only one for which accounts work; ``None`` where it may be any.
        accounts: the principals that are to have rights; none named: all.  What any has is judged all the same.
        operators: users who look after the store, whose rights are their own.
        heeded: it is known that the store heeds its rights, where that cannot be seen.

    Raises:
        AccessDenied, UnknownPurpose: the policy has no such principal or purpose.
        RightsOff: the store asks for none, or was seen to heed none.
        Unsupported: it has no rights of its own.
        StoreError: they cannot be read.
    """
    native = store.native_rights()
    schema = Schema(store)
    families = schema.usable(policy.catalog)
    snapshot = Snapshot(compile_policy(policy), families, epoch=0)
    for each in accounts:
        snapshot.holds(each)
    found = native.read({table for table, _ in schema.recorded} | policy.catalog.tables.keys(), schema.spent())
    people = [each for each in sorted(policy.principals) if each not in operators]
    stands = list(standing(snapshot, people, purpose, now))
    said = native.say(_needs(policy, snapshot, stands))
    unsaid = [*_left_out(snapshot, stands), *said.unsaid]
    return _compared(policy, said.rights, unsaid, found, accounts, operators, unseen=native.unseen(), heeded=heeded)


def _needs(policy: Policy, snapshot: Snapshot, stands: Iterable[Standing]) -> Iterator[Need]:
    """Yield what stands, by account and family; what the store lacks needs no right."""
    needs: dict[tuple[str, str, str], set[Action]] = {}
    for each in stands:
        if each.stands and (each.table, each.family) in snapshot.stored:
            needs.setdefault(each[:3], set()).add(each.action)
    for (account, table, family), actions in needs.items():
        columns = policy.catalog.tables[table].families[family].columns
        yield Need(account, snapshot.stored[table, family], columns, frozenset(actions))


def _left_out(snapshot: Snapshot, stands: Iterable[Standing]) -> Iterator[Unsaid]:
    """Yield what depends on a purpose or on time, and what is for a family that the store does not have."""
    lacking = "the store has no such family that may be used; `create_tables()` makes it, or says what to adopt"
    for each in stands:
        if each.stands and (each.table, each.family) not in snapshot.stored:
            yield Unsaid(*each[:4], lacking)
        if not each.stands:
            yield Unsaid(each.principal, each.table, each.family, each.action, depends_on(each))


def depends_on(each: Standing) -> str:
    """Return what a permission depends on that does not stand."""
    why = [f"not for {', '.join(f'`{name}`' for name in each.without)}"] if each.without else []
    why += [f"from {each.since:%Y-%m-%d %H:%MZ} on"] if each.since else []
    why += [f"until {each.until:%Y-%m-%d %H:%MZ}"] if each.until else []
    return ", ".join(why)


def _compared(
    policy: Policy,
    wanted: Iterable[Right],
    unsaid: Iterable[Unsaid],
    found: Iterable[Right],
    accounts: Collection[str],
    operators: Collection[str],
    *,
    unseen: str | None,
    heeded: bool,
) -> Wall:
    due = {each.key: each for each in wanted}
    there: dict[tuple[Any, ...], Right] = {}
    for each in found:  # a superuser may have been given rights on everything besides
        before = there.get(each.key)
        more = "" if before is None else before.letters
        there[each.key] = each._replace(letters=more + _less(each.letters, before))
    known = [each for each in there.values() if each.gone or each.account in operators]
    judged = {key: each for key, each in there.items() if each not in known}
    extra = [
        Extra(each._replace(letters=more), *_why(policy, each))
        for key, each in judged.items()
        if (more := _less(each.letters, due.get(key)))
    ]
    ours = {each.right.key for each in extra if each.ours}
    missing, granted = [], []
    for key, right in due.items():
        if accounts and right.account not in accounts and key not in ours:
            continue
        if lacking := _less(right.letters, judged.get(key)):
            missing.append(right._replace(letters=lacking))
        if lacking or key in ours:
            granted.append(right)
    return Wall(
        unsaid=tuple(each for each in unsaid if not accounts or each.account in accounts),
        missing=tuple(missing),
        extra=tuple(extra),
        known=tuple(known),
        revoked=tuple(judged[key] for key in judged if key in ours),
        granted=tuple(granted),
        unseen=unseen,
        heeded=heeded,
    )


def _less(letters: str, other: Right | None) -> str:
    """Return those letters that another right does not have."""
    return "".join(each for each in letters if other is None or each not in other.letters)


def _why(policy: Policy, right: Right) -> tuple[str, bool]:
    """Return why a right is too much, and whether a plan takes it."""
    if right.account not in policy.principals:
        if right.account.startswith("@"):
            return "a group, and who is in it the store decides", False
        return "no principal; if it looks after the store, name it by `--operator`", False
    if right.system:
        return "it is on what the store keeps for itself, where rights on families hold nobody back", False
    if right.scope in ("namespace", "everything"):
        return "it is for every table", False
    if right.scope == "table":
        return "it is for every family", True
    return "the policy does not give it always and for every purpose", True
