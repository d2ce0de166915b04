"""Hypothesis strategies for what happens to a policy over time: sequences of edits, each of which leaves it valid."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from cfacl.testing.documents import (
    IDENTIFIERS,
    PURPOSES,
    SUBJECTS,
    Document,
    assignments,
    families,
    grants,
    ladder,
    part_of,
    pick,
    restrictions,
    wildcards,
    windows,
)


class Edit(NamedTuple):
    """What was done, and the whole document after it."""

    kind: str
    document: Document


@st.composite
def edits(draw: st.DrawFn, document: Document, *, most: int = 4) -> list[Edit]:
    """One to ``most`` edits, one after the other; ``document`` itself is left alone.

    An edit that cannot be done (there is no grant to remove) leaves the document as it was.
    """
    done: list[Edit] = []
    for _ in range(draw(st.integers(1, most))):
        document = deepcopy(document)
        kind = draw(pick(sorted(KINDS)))
        KINDS[kind](draw, document)
        done.append(Edit(kind, tidied(document)))
    return done


def tidied(document: Document) -> Document:
    """Take out every mention of a name that is no longer declared, and every line that has none left.

    A list that becomes empty is never left out: in a restriction that would mean all.
    """
    declared = document["policy"]["purposes"]
    patterns = {*declared, *wildcards(declared)}
    anywhere = {name for each in document["tables"].values() for name in each["families"]}
    for section in document["tables"].values():
        for family in section["families"].values():
            family["purposes"] = [each for each in family["purposes"] if each in declared]
    for role in document["roles"].values():
        role["inherits"] = [each for each in role["inherits"] if each in document["roles"]]
        for side in ("grants", "restrictions"):
            kept = []
            for line in role[side]:
                if "table" in line and line["table"] not in document["tables"]:
                    continue
                there = document["tables"][line["table"]]["families"] if "table" in line else anywhere
                if "families" in line:
                    line["families"] = [each for each in line["families"] if each in there]
                if "purposes" in line:
                    line["purposes"] = [each for each in line["purposes"] if each in patterns]
                if [] not in (line.get("families"), line.get("purposes")):
                    kept.append(line)
            role[side] = kept
    for principal in document["principals"].values():
        principal["roles"] = [
            each
            for each in principal["roles"]
            if (each["role"] if isinstance(each, dict) else each) in document["roles"]
        ]
    return document


def _one(draw: st.DrawFn, section: Document) -> str | None:
    return draw(pick(section)) if section else None


def _fresh(draw: st.DrawFn, pool: tuple[str, ...], taken: Any) -> str | None:
    free = [name for name in pool if name not in taken]
    return draw(pick(free)) if free else None


def _add_table(draw: st.DrawFn, document: Document) -> None:
    if name := _fresh(draw, IDENTIFIERS, document["tables"]):
        document["tables"][name] = {"families": {draw(pick(IDENTIFIERS)): draw(families(document))}}


def _remove_table(draw: st.DrawFn, document: Document) -> None:
    if len(document["tables"]) > 1:
        del document["tables"][_one(draw, document["tables"])]


def _add_family(draw: st.DrawFn, document: Document) -> None:
    section = document["tables"][_one(draw, document["tables"])]["families"]
    if name := _fresh(draw, IDENTIFIERS, section):
        section[name] = draw(families(document))


def _remove_family(draw: st.DrawFn, document: Document) -> None:
    section = document["tables"][_one(draw, document["tables"])]["families"]
    if len(section) > 1:
        del section[_one(draw, section)]


def _change_family(draw: st.DrawFn, document: Document) -> None:
    """Raise or lower its level, or change its purposes, or both."""
    section = document["tables"][_one(draw, document["tables"])]["families"]
    section[_one(draw, section)] |= {key: draw(families(document))[key] for key in draw(part_of(["level", "purposes"]))}


def _add_role(draw: st.DrawFn, document: Document) -> None:
    if name := _fresh(draw, SUBJECTS, document["roles"]):
        document["roles"][name] = {
            "clearance": draw(pick(ladder(document))),
            "inherits": draw(part_of(list(document["roles"]), least=0)) if document["roles"] else [],
            "grants": draw(st.lists(grants(document), max_size=2)),
            "restrictions": [],
        }


def _remove_role(draw: st.DrawFn, document: Document) -> None:
    document["roles"].pop(_one(draw, document["roles"]), None)


def _change_clearance(draw: st.DrawFn, document: Document) -> None:
    if name := _one(draw, document["roles"]):
        document["roles"][name]["clearance"] = draw(pick(ladder(document)))


def _change_inheritance(draw: st.DrawFn, document: Document) -> None:
    roles = document["roles"]
    if name := _one(draw, roles):
        free = [each for each in roles if name not in _reached(document, each)]
        roles[name]["inherits"] = draw(part_of(free, least=0)) if free else []


def _reached(document: Document, role: str) -> set[str]:
    return {role}.union(*(_reached(document, parent) for parent in document["roles"][role]["inherits"]))


def _add_grant(draw: st.DrawFn, document: Document) -> None:
    if name := _one(draw, document["roles"]):
        document["roles"][name]["grants"].append(draw(grants(document)))


def _add_restriction(draw: st.DrawFn, document: Document) -> None:
    if name := _one(draw, document["roles"]):
        document["roles"][name]["restrictions"].append(draw(restrictions(document)))


def _remove_line(side: str) -> Callable[[st.DrawFn, Document], None]:
    def remove(draw: st.DrawFn, document: Document) -> None:
        if lines := [role[side] for role in document["roles"].values() if role[side]]:
            chosen = draw(st.sampled_from(lines))
            del chosen[draw(st.integers(0, len(chosen) - 1))]

    return remove


def _change_window(draw: st.DrawFn, document: Document) -> None:
    if lines := [line for role in document["roles"].values() for line in role["grants"] + role["restrictions"]]:
        line = draw(st.sampled_from(lines))
        line.pop("from", None)
        line.pop("until", None)
        line |= draw(windows())


def _add_principal(draw: st.DrawFn, document: Document) -> None:
    if name := _fresh(draw, SUBJECTS, document["principals"]):
        document["principals"][name] = {"kind": "employee", "roles": draw(assignments(document))}


def _remove_principal(draw: st.DrawFn, document: Document) -> None:
    if len(document["principals"]) > 1:
        del document["principals"][_one(draw, document["principals"])]


def _change_assignments(draw: st.DrawFn, document: Document) -> None:
    document["principals"][_one(draw, document["principals"])]["roles"] = draw(assignments(document))


def _add_purpose(draw: st.DrawFn, document: Document) -> None:
    if name := _fresh(draw, PURPOSES, document["policy"]["purposes"]):
        document["policy"]["purposes"] = [*document["policy"]["purposes"], name]


def _remove_purpose(draw: st.DrawFn, document: Document) -> None:
    purposes = document["policy"]["purposes"]
    if len(purposes) > 1:
        gone = draw(pick(purposes))
        document["policy"]["purposes"] = [each for each in purposes if each != gone]


def _change_ladder(draw: st.DrawFn, document: Document) -> None:
    """Put the levels in another order, perhaps with a new one among them."""
    levels = ladder(document)
    if draw(st.booleans()) and (name := _fresh(draw, IDENTIFIERS, levels)):
        levels.append(name)
    document["policy"]["levels"] = draw(st.permutations(levels))


def _reorder(draw: st.DrawFn, document: Document) -> None:
    turned = draw(shuffled(document))
    document.clear()
    document.update(turned)


@st.composite
def shuffled(draw: st.DrawFn, document: Document) -> Document:
    """A copy in which nothing has changed but the order of all whose order means nothing: all but the ladder."""
    random = draw(st.randoms(use_true_random=True))

    def turned(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: node[key] if key == "levels" else turned(node[key]) for key in random.sample(list(node), len(node))
            }
        if isinstance(node, list):
            return [turned(each) for each in random.sample(node, len(node))]
        return node

    copy: Document = turned(document)
    return copy


#: Every kind of edit, by name.
KINDS: Final[dict[str, Callable[[st.DrawFn, Document], None]]] = {
    "add table": _add_table,
    "remove table": _remove_table,
    "add family": _add_family,
    "remove family": _remove_family,
    "change family": _change_family,
    "add role": _add_role,
    "remove role": _remove_role,
    "change clearance": _change_clearance,
    "change inheritance": _change_inheritance,
    "add grant": _add_grant,
    "remove grant": _remove_line("grants"),
    "add restriction": _add_restriction,
    "remove restriction": _remove_line("restrictions"),
    "change window": _change_window,
    "add principal": _add_principal,
    "remove principal": _remove_principal,
    "change assignments": _change_assignments,
    "add purpose": _add_purpose,
    "remove purpose": _remove_purpose,
    "change ladder": _change_ladder,
    "reorder": _reorder,
}
