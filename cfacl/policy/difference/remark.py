"""A remark on what differs between two policies, and the comparisons that remarks are made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, get_args

from attrs import fields

from cfacl.errors import quoted
from cfacl.model.grants import Assignment, Expect, Grant, Never, Restriction, Window
from cfacl.policy.document.writer import inline
from cfacl.policy.faults import Place, path

Effect = Literal["weakens", "changes", "strengthens"]

#: The order in which they are told.
EFFECTS: Final[tuple[Effect, ...]] = get_args(Effect)


class Remark(NamedTuple):
    """What differs between two policies without anybody's gaining or losing by it yet.

    Attributes:
        effect: ``weakens`` where the second policy protects less, ``strengthens`` where it protects more, and
            ``changes`` where it cannot be said.  What does both weakens.
        path: where it stands in the second policy, or stood in the first: ``tables.account.families.id.level``.
        message: what is there, and what was.
    """

    effect: Effect
    path: str
    message: str


class Contrast(NamedTuple):
    """What a key says more than it did, or less; both where it says something else.

    Attributes:
        key: of the document.
    """

    key: str
    more: bool
    less: bool
    message: str

    def effect(self, *, guards: bool) -> Effect:
        """Return what it does to the protection: to say more protects more where the key ``guards``."""
        if not (self.more or self.less):
            return "changes"
        return "weakens" if (self.less if guards else self.more) else "strengthens"


def remarked(place: Place, found: Iterable[Contrast], *, guards: bool) -> Iterator[Remark]:
    """Yield a remark on each key that differs of what stands at a place."""
    for each in found:
        yield remark((*place, each.key), each.effect(guards=guards), each.message)


def remark(place: Place, effect: Effect, message: str) -> Remark:
    """Return a remark on what stands at a place; no name of it is cut."""
    return Remark(effect, path(place, shown=sys.maxsize), message)


def come_or_gone(
    place: Place, effect: Effect, line: Grant | Restriction | Assignment | Never | Expect, *, is_gone: bool
) -> Remark:
    """Return a remark on a line that is new, or gone; as it has no name, it is told whole."""
    return remark(place, effect, f"is {'gone' if is_gone else 'new'}: {inline(line)}")


def contrasts(old: Any, new: Any, *, leave_out: Collection[str] = ()) -> Iterator[Contrast]:
    """Yield how a line, a grant say, differs from what it was, key by key; reasons make no two lines different.

    A key that is left out means all, and a window's edge that is left out means for ever.
    """
    for name in (each.name for each in fields(type(new)) if each.name not in {"why", *leave_out}):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(after, Window):
            yield from _edges(before, after)
        elif isinstance(before, frozenset) or isinstance(after, frozenset):
            yield from members(name, before, after)
        elif isinstance(after, bool):
            yield Contrast(name, after, not after, exchanged(before, after))
        else:
            yield Contrast(name, before is not None, after is not None, exchanged(before, after))


def members(key: str, old: frozenset[Any] | None, new: frozenset[Any] | None) -> Iterator[Contrast]:
    """Yield what comes into a list and what goes from it; ``None``: the list is left out, which means all."""
    if old is None or new is None:
        if old is not new:
            yield Contrast(key, new is None, old is None, exchanged(old, new))
        return
    if new - old:
        yield Contrast(key, True, False, f"{_told(new - old)} added")
    if old - new:
        yield Contrast(key, False, True, f"{_told(old - new)} taken out")


def amount(key: str, old: int | None, new: int | None, told: Callable[[int], str]) -> Iterator[Contrast]:
    """Yield that a number rises or falls; ``None`` is beyond all."""
    if old != new:
        more = new is None or (old is not None and new > old)
        yield Contrast(key, more, not more, exchanged(*(None if each is None else told(each) for each in (old, new))))


def rise(key: str, old: str | None, new: str | None, ladders: Iterable[Sequence[str]]) -> Iterator[Contrast]:
    """Yield that a level is higher or lower, if the ladders of the two policies agree; ``None`` is above all."""
    if old == new:
        return
    more = {True} if new is None else {False} if old is None else set()
    if old is not None and new is not None:
        more = {each.index(new) > each.index(old) for each in ladders if old in each and new in each}
    yield Contrast(key, more == {True}, more == {False}, exchanged(old, new))


def exchanged(old: object, new: object) -> str:
    """Return what is there, and what was."""
    return f"{_told(new)}, was {_told(old)}"


def _edges(old: Window, new: Window) -> Iterator[Contrast]:
    for key, before, after, is_start in (("from", old.start, new.start, True), ("until", old.until, new.until, False)):
        if before != after:
            earlier = before is not None and after is not None and after < before
            more = after is None or (earlier if is_start else before is not None and not earlier)
            yield Contrast(key, more, not more, exchanged(before, after))


def _told(value: object) -> str:
    if value is None:
        return "left out"
    if isinstance(value, frozenset):
        return ", ".join(quoted(each) for each in sorted(map(_text, value))) or "none"
    return quoted(_text(value))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    return str(value).lower() if isinstance(value, bool) else str(value)
