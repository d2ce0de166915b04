"""Hypothesis strategies for whole policies, as the dicts that `tomllib` gives.

Every document is valid.  Names are legal and hostile: of any case, with dots and dashes, in any script, longer than
comfortable, equal to words that mean something to Python, TOML or a shell.  Windows start and end at a handful of
instants, so that edges meet, touch and lie a microsecond apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st

from cfacl.testing.oracle import ACTIONS, DEFAULT_LEVELS, Oracle

Document = dict[str, Any]

#: Legal names of tables, families and levels.
IDENTIFIERS: Final = (
    "a", "A", "b", "a.b", "a-", "_", "0", "a_", "id", "prof", "None", "__class__", "read", "families", "x" * 128,
)  # fmt: skip
#: Legal names of roles and principals.
SUBJECTS: Final = (
    "a", "A", "maya", "maya@example.org", "*", "a b", "ü", "u\u0308", "日本", "\N{FOX FACE}", "o'brien", 'say "hi"',
    "back\\slash", "../up", "%s{0}", "True", "a.b", "x" * 255,
)  # fmt: skip
#: Legal names of purposes; some are below others, some only look so.
PURPOSES: Final = (
    "support", "Support", "marketing", "marketing.first_party", "marketing.first_party.mail", "marketing.other",
    "marketing-x", "marketingx.y", "0", "_.-",
)  # fmt: skip
#: Ladders, lowest first; `None` leaves the key out.  Some are against the alphabet.
LADDERS: Final = (None, ("low", "high"), ("z", "m", "a"), ("public",), DEFAULT_LEVELS[::-1])

_INDIA: Final = timezone(timedelta(hours=5, minutes=30))
#: The instants at which windows start and end: two lie a microsecond apart, one is given in another zone.
EDGES: Final = (
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 7, 1, 12, 30, tzinfo=_INDIA),
    datetime(2027, 1, 1, tzinfo=UTC),
)
#: Every window over those, the open ones first.
WINDOWS: Final = (
    {},
    *({"from": edge} for edge in EDGES),
    *({"until": edge} for edge in EDGES),
    *({"from": start, "until": until} for start in EDGES for until in EDGES if start < until),
)
#: What a family may say beside its level and purposes.
EXTRAS: Final[tuple[Document, ...]] = (
    {},
    {"versions": 3},
    {"time_to_live": "90s"},
    {"columns": ["name", ""]},
    {"versions": 2, "time_to_live": "400d", "columns": ["name"]},
)


def pick(names: Iterable[str]) -> st.SearchStrategy[str]:
    """One of ``names``."""
    return _pick(tuple(names))


def part_of(names: Iterable[str], *, least: int = 1) -> st.SearchStrategy[list[str]]:
    """Some of ``names``, in their order; drawn as one number, which is quick; at least ``least`` (0 or 1) of them."""
    return _part_of(tuple(names), least)


def most_of(names: Iterable[str], *, least: int = 1) -> st.SearchStrategy[list[str]]:
    """Every second time all of ``names``, otherwise `part_of` them."""
    return _most_of(tuple(names), least)


def windows() -> st.SearchStrategy[Document]:
    """No window every second time, otherwise the keys `from` and `until`, or one of them."""
    return _WINDOWS


# Strategies are kept: hypothesis examines each new one, which takes longer than drawing from it.
@lru_cache(maxsize=4096)
def _pick(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


@lru_cache(maxsize=4096)
def _part_of(names: tuple[str, ...], least: int) -> st.SearchStrategy[list[str]]:
    return st.integers(least, 2 ** len(names) - 1).map(
        lambda mask: [name for place, name in enumerate(names) if mask >> place & 1]
    )


@lru_cache(maxsize=4096)
def _most_of(names: tuple[str, ...], least: int) -> st.SearchStrategy[list[str]]:
    return st.one_of(st.just(names).map(list), _part_of(names, least))


@lru_cache(maxsize=4096)
def _some(pool: tuple[str, ...], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(pool), min_size=1, max_size=most, unique=True)


_WINDOWS: Final[st.SearchStrategy[Document]] = st.one_of(st.just(WINDOWS[0]), st.sampled_from(WINDOWS)).map(dict)
_EXTRAS: Final = st.sampled_from(EXTRAS).map(deepcopy)  # whoever damages a document damages no other
_FEW: Final = st.sampled_from([1, 2, 3, 0])
_RARE: Final = st.sampled_from([0, 0, 0, 1, 2])


def wildcards(purposes: Sequence[str]) -> list[str]:
    """The patterns such as ``marketing.*`` that cover at least one of ``purposes``."""
    parents = {
        ".".join(parts[:count]) for parts in (each.split(".") for each in purposes) for count in range(1, len(parts))
    }
    return [f"{parent}.*" for parent in sorted(parents)]


def ladder(document: Document) -> list[str]:
    """The levels of a document, lowest first."""
    return list(document["policy"].get("levels", DEFAULT_LEVELS))


@st.composite
def families(draw: st.DrawFn, document: Document) -> Document:
    """One family's section."""
    return {
        "level": draw(pick(ladder(document))),
        "purposes": draw(most_of(document["policy"]["purposes"], least=0)),
        **draw(_EXTRAS),
    }


@st.composite
def grants(draw: st.DrawFn, document: Document) -> Document:
    """One grant; it may give nothing, where a clearance or a family's purposes make it void."""
    table = draw(pick(sorted(document["tables"])))
    if draw(pick(["families", "families", "at_or_below"])) == "families":
        reach: Document = {"families": draw(most_of(list(document["tables"][table]["families"])))}
    else:
        reach = {"at_or_below": draw(pick(ladder(document)))}
    return {
        "table": table,
        **reach,
        "actions": draw(most_of(ACTIONS)),
        "purposes": draw(most_of(document["policy"]["purposes"])),
        "why": "because",
        **draw(windows()),
    }


@st.composite
def restrictions(draw: st.DrawFn, document: Document) -> Document:
    """One restriction; any key may be left out, purposes may be wildcards, families may be of any table."""
    purposes = document["policy"]["purposes"]
    line: Document = draw(windows())
    reach = draw(pick(["families", "table and families", "at_or_below", "table", "all"]))
    if reach == "families":
        line["families"] = draw(
            part_of(sorted({name for each in document["tables"].values() for name in each["families"]}))
        )
    elif reach != "all":
        line["table"] = draw(pick(sorted(document["tables"])))
        if reach == "table and families":
            line["families"] = draw(part_of(list(document["tables"][line["table"]]["families"])))
        elif reach == "at_or_below":
            line["at_or_below"] = draw(pick(ladder(document)))
    if draw(st.integers(0, 3)):
        line["actions"] = draw(part_of(ACTIONS))
    if draw(st.integers(0, 3)):
        line["purposes"] = draw(part_of([*purposes, *wildcards(purposes)]))
    return line


@st.composite
def assignments(draw: st.DrawFn, document: Document) -> list[Any]:
    """What a principal holds: no role, some, the same one twice with different windows."""
    roles = sorted(document["roles"])
    held: list[Any] = []
    for _ in range(draw(_FEW) if roles else 0):
        role, window = draw(pick(roles)), draw(windows())
        by_name = not window and draw(st.booleans())
        held.append(role if by_name else {"role": role, **window})
    return held


@st.composite
def documents(
    draw: st.DrawFn, *, max_tables: int = 4, max_families: int = 6, max_roles: int = 5, max_principals: int = 4
) -> Document:
    """A valid policy without `never` and `expect` lines, with at least one table, purpose, role and principal."""
    levels = draw(st.sampled_from(LADDERS))
    document: Document = {
        "policy": {
            "name": "drawn",
            **({} if levels is None else {"levels": list(levels)}),
            "purposes": draw(_some(PURPOSES, 5)),
        }
    }
    document["tables"] = {
        table: {"families": {family: draw(families(document)) for family in draw(_some(IDENTIFIERS, max_families))}}
        for table in draw(_some(IDENTIFIERS, max_tables))
    }
    document["roles"] = {}
    for role in draw(_some(SUBJECTS, max_roles)):
        # Only roles that are there already are inherited, so there is no cycle.
        parents = draw(part_of(list(document["roles"]), least=0)) if document["roles"] else []
        document["roles"][role] = {
            "clearance": draw(pick([*ladder(document), *[ladder(document)[-1]] * 4])),
            "inherits": parents,
            "grants": [draw(grants(document)) for _ in range(draw(_FEW))],
            "restrictions": [draw(restrictions(document)) for _ in range(draw(_RARE))],
        }
    document["principals"] = {
        principal: {
            "kind": draw(pick(["employee", "service", "third_party"])),
            "roles": draw(assignments(document)),
        }
        for principal in draw(_some(SUBJECTS, max_principals))
    }
    return document


@st.composite
def never_lines(draw: st.DrawFn, document: Document) -> Document:
    """A `never` line for a document, which may break it or not."""
    purposes = document["policy"]["purposes"]
    names = {
        "kinds": ["employee", "service", "third_party"],
        "principals": list(document["principals"]),
        "roles": list(document["roles"]),
        "purposes": [*purposes, *wildcards(purposes)],
        "levels": ladder(document),
        "tables": list(document["tables"]),
        "actions": list(ACTIONS),
    }
    line: Document = {key: draw(part_of(names[key])) for key in draw(part_of([key for key in names if names[key]]))}
    if draw(st.booleans()):
        # Beside tables, families are those of the tables.
        chosen = line.get("tables") or list(document["tables"])
        line["families"] = draw(
            part_of(sorted({name for each in chosen for name in document["tables"][each]["families"]}))
        )
    return line


@st.composite
def expect_lines(draw: st.DrawFn, document: Document) -> Document:
    """An `expect` line for a document: true at one instant, then perhaps spoilt by an access or by another time."""
    line: Document = {
        "principal": draw(pick(sorted(document["principals"]))),
        "purpose": draw(pick(document["policy"]["purposes"])),
    }
    at = draw(st.sampled_from(EDGES))
    may = {
        f"{action} {table}:{family}"
        for table, family, action, purpose in Oracle(document).what(line["principal"], at)
        if purpose == line["purpose"]
    }
    every = {
        f"{action} {table}:{family}"
        for table, section in document["tables"].items()
        for family in section["families"]
        for action in ACTIONS
    }
    line["allowed"] = sorted(may) if draw(st.booleans()) else draw(part_of(sorted(may)[:8], least=0))
    line["refused"] = draw(part_of(sorted(every - may)[:8], least=0))
    if draw(st.booleans()):
        line["at"] = at
    if draw(st.booleans()):
        line["exact"] = True
    if not draw(st.integers(0, 2)):
        side, other = draw(st.permutations(["allowed", "refused"]))
        free = sorted(every - {*line[other]})
        line[side] = sorted({*line[side], *draw(st.lists(pick(free), max_size=1))}) if free else []
    return line
