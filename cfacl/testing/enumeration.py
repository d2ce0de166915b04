"""Every small policy, up to symmetry: what an exhaustive comparison of two ways to decide walks through.

*The space.*  One table of at most 2 families on a ladder of 2 levels; 2 purposes, of which each family allows any;
2 actions; 2 windows, which overlap.  At most 2 roles, each with one of 2 clearances, that stand apart, or of which the
first inherits the second; or 1 role with both grants.  At most 2 grants, each for any families, purposes and actions
during one of the windows; at most 1 restriction of either role, for any families, purposes and actions during one of
the windows.  A principal that holds one role or both, each during one of the windows.

*What is folded*, so that it can be walked:

* **Families are packed.**  To a policy a family is its level, its purposes, and which of the two grants and the
  restriction name it: 64 kinds.  One document has one family of each kind, and so has every two of them in it.
* **Principals are packed.**  Every way to hold the roles is a principal of the same document.
* **Names are symmetric.**  Of the policies that differ only in which purpose, action, role or grant is called the
  first, one is kept: `canonical`.

tests/differential/test_small_policies.py walks through it, and shows on smaller spaces, without folding, that folding
changes no answer.  `spellings` is a space of its own: the ways to write the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final, Literal, NamedTuple

Document = dict[str, Any]
Layout = Literal["apart", "inherits", "together"]

LEVELS: Final = ("low", "high")
PURPOSES: Final = ("w.p", "w.q")
ACTIONS: Final = ("read", "write")
ROLES: Final = ("first", "second")
LAYOUTS: Final[tuple[Layout, ...]] = ("apart", "inherits", "together")

EDGES: Final = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (3, 5, 7, 9))
WINDOWS: Final = {
    "always": {},
    "early": {"from": EDGES[0], "until": EDGES[2]},
    "late": {"from": EDGES[1], "until": EDGES[3]},
}
#: One instant for each state of the two windows, in order: neither yet, early, both, late, neither any more.
INSTANTS: Final = (EDGES[0] - timedelta(microseconds=1), *EDGES)


class Line(NamedTuple):
    """A grant or a restriction, but for its families."""

    purposes: tuple[str, ...]
    actions: tuple[str, ...]
    window: str


class Shape(NamedTuple):
    """A policy, but for its families and principals; ``restricting`` is the role that has the restriction."""

    layout: Layout
    clearances: tuple[str, str]
    grants: tuple[Line | None, Line | None]
    restriction: Line | None
    restricting: int


class Kind(NamedTuple):
    """All that a policy can say of a family."""

    granted: tuple[bool, bool]
    restricted: bool
    level: str
    purposes: tuple[str, ...]


#: (role, window) of each assignment.
Holder = tuple[tuple[int, str], ...]


def parts(names: Sequence[str], least: int = 1) -> list[tuple[str, ...]]:
    """All subsets of ``names`` with at least ``least`` of them, in order."""
    masks = product((False, True), repeat=len(names))
    chosen = [tuple(name for name, taken in zip(names, mask, strict=True) if taken) for mask in masks]
    return [each for each in chosen if len(each) >= least]


def _kinds() -> Iterator[tuple[str, Kind]]:
    for *granted, restricted in product((False, True), repeat=3):
        for level, purposes in product(LEVELS, parts(PURPOSES, 0)):
            bits = "".join(str(int(each)) for each in (*granted, restricted))
            name = f"f{bits}-{level}-{''.join(each[-1] for each in purposes)}"
            yield name, Kind((granted[0], granted[1]), restricted, level, purposes)


#: One family of each kind, under a name that says it all.
FAMILIES: Final = dict(_kinds())


def holders(layout: Layout, windows: Iterable[str], *, twice: bool = False) -> list[Holder]:
    """Every way to hold one role or both, each during one of ``windows`` (``twice``: or during two of them)."""
    windows = tuple(windows)
    spans = [(), *((each,) for each in windows)]
    if twice:
        spans += [(one, other) for one in windows for other in windows if one < other]
    ways = product(spans, repeat=1 if layout == "together" else 2)
    held = [tuple((role, each) for role, span in enumerate(way) for each in span) for way in ways]
    return [each for each in held if each]


def holder_name(holder: Holder) -> str:
    """The principal that holds roles in this way."""
    return "+".join(f"{ROLES[role]} {window}" for role, window in holder)


# --- enumeration


def lines(windows: Iterable[str]) -> list[Line | None]:
    """No line, and every line during one of ``windows``."""
    return [None, *(Line(*each) for each in product(parts(PURPOSES), parts(ACTIONS), windows))]


def shapes(windows: Iterable[str], layouts: Iterable[Layout] = LAYOUTS) -> Iterator[Shape]:
    """Every shape whose lines hold during ``windows``, without folding."""
    windows = tuple(windows)
    for layout in layouts:
        roles = 1 if layout == "together" else 2
        for clearances in product(LEVELS, LEVELS[:1] if roles == 1 else LEVELS):
            for first, second, restriction in product(lines(windows), repeat=3):
                for restricting in range(roles if restriction else 1):
                    yield Shape(layout, clearances, (first, second), restriction, restricting)


def canonical(shape: Shape) -> Shape:
    """The one that stands for all shapes that differ from it in names only."""
    return min((turn.shape(shape) for turn in turns(shape.layout)), key=_order)


def _order(shape: Shape) -> tuple[Any, ...]:
    return shape.clearances, *(each or () for each in (*shape.grants, shape.restriction)), shape.restricting


def folded(windows: Iterable[str], layouts: Iterable[Layout] = LAYOUTS) -> Iterator[Shape]:
    """Every shape whose lines hold during ``windows``, one for each set of those that differ in names only."""
    return (shape for shape in shapes(windows, layouts) if shape == canonical(shape))


class Turn(NamedTuple):
    """A renaming: which purposes, actions, roles or grants change places.  Each is its own inverse."""

    purposes: bool
    actions: bool
    lines: bool

    def purpose(self, name: str) -> str:
        """The purpose that takes the place of ``name``."""
        return PURPOSES[1 - PURPOSES.index(name)] if self.purposes else name

    def action(self, name: str) -> str:
        """The action that takes the place of ``name``."""
        return ACTIONS[1 - ACTIONS.index(name)] if self.actions else name

    def shape(self, shape: Shape) -> Shape:
        """The renamed shape."""
        first, second, restriction = (
            each
            and Line(
                tuple(sorted(map(self.purpose, each.purposes))),
                tuple(sorted(map(self.action, each.actions))),
                each.window,
            )
            for each in (*shape.grants, shape.restriction)
        )
        if not self.lines:
            return shape._replace(grants=(first, second), restriction=restriction)
        grants = (second, first)
        if shape.layout == "together":
            return shape._replace(grants=grants, restriction=restriction)
        restricting = 1 - shape.restricting if restriction else 0
        return Shape(shape.layout, shape.clearances[::-1], grants, restriction, restricting)

    def kind(self, kind: Kind) -> Kind:
        """The renamed family."""
        granted = kind.granted[::-1] if self.lines else kind.granted
        return kind._replace(granted=granted, purposes=tuple(sorted(map(self.purpose, kind.purposes))))

    def holder(self, holder: Holder, layout: Layout) -> Holder:
        """The renamed way to hold roles."""
        if not self.lines or layout == "together":
            return holder
        return tuple(sorted((1 - role, window) for role, window in holder))


def turns(layout: Layout) -> list[Turn]:
    """The renamings that leave a layout alone: where one role inherits the other, they cannot change places."""
    return [each for each in _TURNS if layout != "inherits" or not each.lines]


_TURNS: Final = tuple(Turn(*each) for each in product((False, True), repeat=3))


# --- documents


def document(shape: Shape, families: Mapping[str, Kind], ways: Iterable[Holder]) -> Document:
    """The policy of a shape with families of these kinds, and a principal for each of these ways to hold its roles."""
    grants = [
        [{**_section(line, [name for name, kind in families.items() if kind.granted[number]]), "why": "because"}]
        if line
        else []
        for number, line in enumerate(shape.grants)
    ]
    if shape.layout == "together":
        grants = [grants[0] + grants[1]]
    roles: Document = {
        role: {"clearance": clearance, "inherits": [], "grants": granted, "restrictions": []}
        for role, clearance, granted in zip(ROLES, shape.clearances, grants, strict=False)
    }
    if shape.layout == "inherits":
        roles[ROLES[0]]["inherits"] = [ROLES[1]]
    if shape.restriction:
        restricted = [name for name, kind in families.items() if kind.restricted]
        roles[ROLES[shape.restricting]]["restrictions"] = [_section(shape.restriction, restricted)]
    for role in roles.values():
        # A line that names no family is not legal; it would say nothing.
        for side in ("grants", "restrictions"):
            role[side] = [each for each in role[side] if each["families"]]
    return {
        "policy": {"name": "small", "levels": list(LEVELS), "purposes": list(PURPOSES)},
        "tables": {"t": {"families": {name: _family(kind) for name, kind in families.items()}}},
        "roles": roles,
        "principals": {
            holder_name(way): {
                "kind": "employee",
                "roles": [{"role": ROLES[role], **WINDOWS[window]} for role, window in way],
            }
            for way in ways
        },
    }


def _family(kind: Kind) -> Document:
    return {"level": kind.level, "purposes": list(kind.purposes)}


def _section(line: Line, families: list[str]) -> Document:
    return {
        "table": "t",
        "families": families,
        "actions": list(line.actions),
        "purposes": list(line.purposes),
        **WINDOWS[line.window],
    }


def spellings() -> Iterator[Document]:
    """Every way to write one grant and one restriction: by family or by level, with keys left out, with a wildcard.

    The grant and the restriction are of either of two roles of any clearances; `first`, which the one principal
    holds, inherits `second`.  Table `u`, all of which is granted, has some families of the names that `t` has.
    """
    kinds = {
        name: kind
        for name, kind in FAMILIES.items()
        if kind.granted[0] == kind.granted[1] and PURPOSES[0] in kind.purposes
    }
    families = {name: _family(kind) for name, kind in kinds.items()}
    alike = {name: _family(kind) for name, kind in kinds.items() if kind.level == LEVELS[0] and kind.granted[0]}
    granted: Document = {"families": [name for name, kind in kinds.items() if kind.granted[0]]}
    restricted: Document = {"families": [name for name, kind in kinds.items() if kind.restricted]}
    by_level: list[Document] = [{"at_or_below": level} for level in LEVELS]
    bits: Document = {"actions": list(ACTIONS), "purposes": list(PURPOSES), "why": "because"}
    places: list[Document] = [{}, restricted, *({"table": "t", **each} for each in ({}, restricted, *by_level))]
    actions: list[Document] = [{}, {"actions": ["read"]}]
    purposes: list[Document] = [{}, {"purposes": ["w.p"]}, {"purposes": ["w.*"]}]
    restrictions = [{**place, **some, **why} for place, some, why in product(places, actions, purposes)]
    for clearances, granting, restricting in product(product(LEVELS, repeat=2), ROLES, ROLES):
        for reach, restriction in product([granted, *by_level], restrictions):
            roles: Document = {
                role: {"clearance": clearance, "inherits": [], "grants": [], "restrictions": []}
                for role, clearance in zip(ROLES, clearances, strict=True)
            }
            roles["first"]["inherits"] = ["second"]
            roles[granting]["grants"] = [
                {"table": "t", **reach, **bits},
                {"table": "u", "families": list(alike), **bits},
            ]
            roles[restricting]["restrictions"] = [restriction]
            yield {
                "policy": {"name": "small", "levels": list(LEVELS), "purposes": list(PURPOSES)},
                "tables": {"t": {"families": families}, "u": {"families": alike}},
                "roles": roles,
                "principals": {"holder": {"kind": "employee", "roles": ["first"]}},
            }
