"""An edit of a policy's document, in the words of whoever makes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import NamedTuple

from cfacl.model.action import ACTIONS
from cfacl.model.grants import Assignment, Grant, Window
from cfacl.policy.faults import path

__all__ = ["Edit", "edge", "edit", "inline", "listed", "named", "written"]


class Edit(NamedTuple):
    """What to write in a policy's document.

    Attributes:
        path: where, ``roles.support.grants[0].purposes``, by the numbers that the document has before any edit.
        write: what to do there, ``add "support"``.
    """

    path: str
    write: str

    def __str__(self) -> str:
        return f"{self.path}: {self.write}"


def edit(*place: str | int, write: str) -> Edit:
    """Return an edit of a place, whose keys are not cut."""
    return Edit(path(place, shown=sys.maxsize), write)


def edge(old: Window, new: Window) -> tuple[str, str]:
    """Return which key of a window differs, and what to write there."""
    key, instant = ("until", new.until) if old.start == new.start else ("from", new.start)
    return key, "take it out" if instant is None else f"write {instant.replace(tzinfo=None).isoformat()}Z"


def written(assignment: Assignment) -> str:
    """Return an assignment that has an end, as TOML."""
    ends = (("from", assignment.window.start), ("until", assignment.window.until))
    keys = [f"{key} = {each.replace(tzinfo=None).isoformat()}Z" for key, each in ends if each is not None]
    return f"{{ role = {named(assignment.role)}, {', '.join(keys)} }}"


def inline(grant: Grant) -> str:
    """Return a grant that names its families and has no window, as TOML."""
    return (
        f"{{ table = {named(grant.table)}, families = {listed(grant.families or ())}, actions = {listed(grant.actions)},"
        f" purposes = {listed(grant.purposes)}, why = {named(grant.why)} }}"
    )


def listed(names: Iterable[str]) -> str:
    """Return names as a list of TOML, in order."""
    return f"[{', '.join(map(named, in_order(names)))}]"


def in_order(names: Iterable[str]) -> list[str]:
    """Return names in order, actions in theirs."""
    order: dict[str, int] = {each: number for number, each in enumerate(ACTIONS)}
    return sorted(names, key=lambda each: (order.get(each, 0), each))


def named(name: str) -> str:
    """Return a name as TOML has it; it holds nothing that JSON says otherwise."""
    return json.dumps(name, ensure_ascii=False)
