"""Why a request is allowed or not: the rules behind a mask, by name."""

from __future__ import annotations

from typing import NoReturn

from attrs import frozen

from cfacl.engine.ask import Ask, resolve
from cfacl.engine.bits import Bound, TableBits
from cfacl.engine.snapshot import Profile
from cfacl.engine.view import Held
from cfacl.errors import one_line
from cfacl.model.action import ACTIONS, Action
from cfacl.model.catalog import Family
from cfacl.model.grants import moment


@frozen
class Reason:
    """A grant or restriction, as it came to the principal.

    Attributes:
        path: where it stands in the policy, ``roles.support.grants[0]``.
        roles: from the role that the principal holds to the one that declares it.
        why: the author's words, as they stand in the policy; ``str()`` has them on one line.
        missing: why it does not count; empty where it does.
    """

    path: str
    roles: tuple[str, ...]
    why: str
    missing: str = ""

    def __str__(self) -> str:
        by = " > ".join(self.roles)
        said = f": {one_line(self.why)}" if self.why else ""
        return f"{self.path} (by {by}){said}" + (f" -- {self.missing}" if self.missing else "")


@frozen
class FamilyExplanation:
    """One family: what counts for it, and what would but does not."""

    family: str
    level: str
    allowed: bool
    grants: tuple[Reason, ...]
    restrictions: tuple[Reason, ...]
    near_misses: tuple[Reason, ...]
    missing: tuple[str, ...]


@frozen
class Explanation:
    """The answer to one request, with its reasons; ``str()`` has a line for each."""

    allowed: bool
    principal: str
    purpose: str
    action: Action
    table: str
    epoch: int
    families: tuple[FamilyExplanation, ...]

    def __bool__(self) -> NoReturn:
        raise TypeError("an explanation is neither true nor false; ask for its `allowed`")

    def __str__(self) -> str:
        verdict = "may" if self.allowed else "may not"
        names = ", ".join(f"{self.table}:{each.family}" for each in self.families)
        lines = [f"{self.principal} {verdict} {self.action} {names} for {self.purpose}"]
        for each in self.families:
            lines.append(f"  {self.table}:{each.family} ({each.level}) is {'granted' if each.allowed else 'denied'}")
            lines += [f"    granted by {reason}" for reason in each.grants]
            lines += [f"    taken away by {reason}" for reason in each.restrictions]
            lines += [f"    does not count: {reason}" for reason in each.near_misses]
            lines += [f"    missing: {line}" for line in each.missing]
        return "\n".join(lines)


def explain(principal: str, profile: Profile, ask: Ask, now: int) -> Explanation:
    """Explain a request at ``now``, a time in nanoseconds since 1970.

    Raises:
        RuntimeError: the reasons do not add up to the mask that decides; a fault of this library.
    """
    table, requested = resolve(profile.snapshot.bits, ask)
    served = table.every & ~profile.view(table, now).denied[ask.index]
    families = []
    for family in table.families:
        if table.bit[family.name] & requested:
            families.append(reasons(profile, table, family, ask.index, now))
            if families[-1].allowed != bool(served & table.bit[family.name]):
                raise RuntimeError("the reasons do not add up to the mask that decides")
    return Explanation(
        all(each.allowed for each in families),
        principal,
        profile.purpose,
        ask.action,
        table.name,
        profile.snapshot.epoch,
        tuple(families),
    )


def reasons(profile: Profile, table: TableBits, family: Family, index: int, now: int) -> FamilyExplanation:
    """Sort the rules that speak of one family and action into those that count at ``now`` and those that do not."""
    bit = table.bit[family.name]
    grants: list[Reason] = []
    restrictions: list[Reason] = []
    near_misses: list[Reason] = []
    for held, bound in ((held, bound) for held, bounds in profile.holdings(table) for bound in bounds):
        rule = bound.rule
        if index not in rule.actions or not rule.mask(table) & bit:
            continue
        missing = _missing(table, family, profile, held, bound, now)
        reason = Reason(rule.path, bound.path, rule.why, missing)
        if rule.gives:
            (near_misses if missing else grants).append(reason)
        elif not missing:
            restrictions.append(reason)
    missing_lines = []
    if not grants:
        what = f"`{ACTIONS[index]}` on `{table.name}:{family.name}` for `{profile.purpose}`"
        missing_lines.append(f"a grant that counts, of {what}, in a role that the principal holds")
        if profile.purpose not in family.purposes:
            missing_lines.append(f"the purpose `{profile.purpose}` in the family's own list")
    if restrictions:
        missing_lines.append("the end of each restriction: none is outweighed by any grant")
    return FamilyExplanation(
        family=family.name,
        level=family.level,
        allowed=bool(grants) and not restrictions,
        grants=tuple(grants),
        restrictions=tuple(restrictions),
        near_misses=tuple(near_misses),
        missing=tuple(missing_lines),
    )


def _missing(table: TableBits, family: Family, profile: Profile, held: Held, bound: Bound, now: int) -> str:
    """Say why a rule that speaks of a family does not count, or return an empty string."""
    rule = bound.rule
    problems = [
        *_outside(f"the assignment of `{held.role}`", held.start, held.until, now),
        *_outside("the rule", rule.start, rule.until, now),
    ]
    if not rule.purposes & profile.bit:
        problems.append(f"it is not for `{profile.purpose}`")
    if rule.gives:
        if profile.purpose not in family.purposes:
            problems.append(f"the family does not list `{profile.purpose}`")
        if not bound.mask & table.bit[family.name]:
            problems.append(f"`{family.level}` is above the clearance of a role on every path")
    return "; ".join(problems)


def _outside(what: str, start: int, until: int, now: int) -> list[str]:
    if now < start:
        return [f"{what} starts at {moment(start).isoformat()}"]
    if now >= until:
        return [f"{what} ended at {moment(until).isoformat()}"]
    return []
