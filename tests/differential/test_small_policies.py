"""The engine decides every small policy as the oracle does; `cfacl.testing.enumeration` says what that space is.

The oracle is asked about one family, purpose and action at a time, under the policy cut down to those, and keeps what
it said; that neither cutting nor folding changes an answer is shown below.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations_with_replacement, cycle, islice, product

import attrs
import pytest
import tomli_w

import cfacl
from cfacl.model.grants import Grant, Restriction, Role, Window
from cfacl.testing.enumeration import (
    ACTIONS,
    EDGES,
    FAMILIES,
    INSTANTS,
    LAYOUTS,
    LEVELS,
    PURPOSES,
    ROLES,
    WINDOWS,
    Kind,
    Line,
    Shape,
    document,
    folded,
    holder_name,
    holders,
    shapes,
    spellings,
    turns,
)
from cfacl.testing.oracle import Oracle

TWO = ("early", "late")
THREE = ("always", *TWO)
#: `make test-long` walks a larger space: everything may also be without a window.
WHOLE = THREE if os.environ.get("HYPOTHESIS_PROFILE") == "long" else TWO

#: Every edge, and a microsecond before it.
MOMENTS = tuple(sorted({*INSTANTS, *(edge - timedelta(microseconds=1) for edge in EDGES)}))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMED = [frozenset(name for name, kind in FAMILIES.items() if kind.granted[number]) for number in (0, 1)]
RESTRICTED = frozenset(name for name, kind in FAMILIES.items() if kind.restricted)
SPANS = {name: Window(window.get("from"), window.get("until")) for name, window in WINDOWS.items()}


# --- the oracle, on policies cut down


def cut(shape, purpose, action):
    """The shape with only what bears on one purpose and action, which take the first names."""
    return keeping(
        shape,
        *(
            line
            and purpose in line.purposes
            and action in line.actions
            and line._replace(purposes=PURPOSES[:1], actions=ACTIONS[:1])
            for line in (*shape.grants, shape.restriction)
        ),
    )


def keeping(shape, first, second, restriction):
    """The shape with these lines."""
    lines = (first or None, second or None)
    return shape._replace(
        grants=lines, restriction=restriction or None, restricting=(restriction and shape.restricting) or 0
    )


@cache
def verdict(shape, level, purposes, holder):
    """When the oracle grants a family that every line names, and that is alone."""
    oracle = Oracle(document(shape, {"alone": Kind((True, True), True, level, purposes)}, [holder]))
    ask = (holder_name(holder), PURPOSES[0], ACTIONS[0], "t", "alone")
    return frozenset(at for at in MOMENTS if oracle.allows(*ask, at))


def judged(shape, kind, purpose, holder):
    """When the oracle grants a family of one kind; the shape is cut already."""
    lines = zip((*shape.grants, shape.restriction), (*kind.granted, kind.restricted), strict=True)
    shape = keeping(shape, *(line if named else None for line, named in lines))
    return verdict(shape, kind.level, PURPOSES[: purpose in kind.purposes], holder)


@cache
def expected(shape, purpose, holder):
    """The families that the oracle grants, by instant; the shape is cut already."""
    when = [(judged(shape, kind, purpose, holder), names) for kind, names in ALIKE[purpose]]
    found = {at: frozenset().union(*(names for moments, names in when if at in moments)) for at in MOMENTS}
    return {at: SEEN.setdefault(names, names) for at, names in found.items()}


#: The same answer is kept once.
SEEN = {}


def alike(purpose):
    """Kinds that differ in more than which other purposes they allow, each with the names of its families."""
    groups = {}
    for name, kind in FAMILIES.items():
        groups.setdefault(kind._replace(purposes=tuple({purpose} & set(kind.purposes))), set()).add(name)
    return [(kind, frozenset(names)) for kind, names in groups.items()]


ALIKE = {purpose: alike(purpose) for purpose in PURPOSES}


# --- the engine, on whole policies


@cache
def frame(layout, ways):
    """A policy with families of all kinds and these principals; its roles say nothing yet."""
    bare = Shape(layout, LEVELS[:1] * 2, (None, None), None, 0)
    return cfacl.Policy.loads(tomli_w.dumps(document(bare, FAMILIES, ways)))


def policy_of(shape, ways):
    """The policy of a shape, made as `Policy.loads` would make it, and sooner."""
    grants = [
        [Grant("t", names, None, frozenset(line.actions), frozenset(line.purposes), "because", SPANS[line.window])]
        if line
        else []
        for line, names in zip(shape.grants, NAMED, strict=True)
    ]
    if shape.layout == "together":
        grants = [grants[0] + grants[1]]
    roles = {}
    for number, granted in enumerate(grants):
        restrictions = ()
        if shape.restriction and shape.restricting == number:
            line = shape.restriction
            restrictions = (
                Restriction(
                    "t", RESTRICTED, None, frozenset(line.actions), frozenset(line.purposes), "", SPANS[line.window]
                ),
            )
        inherits = frozenset(ROLES[1:]) if shape.layout == "inherits" and number == 0 else frozenset()
        roles[ROLES[number]] = Role(ROLES[number], shape.clearances[number], inherits, tuple(granted), restrictions)
    return attrs.evolve(frame(shape.layout, ways), roles=roles)


class Clock:
    def __call__(self):
        return self.now

    def turn(self, at):
        self.now = (at - EPOCH) // timedelta(microseconds=1) * 1000


def answers(policy, ways, instants):
    """(holder, purpose, action, instant, families granted) for every principal, while time passes."""
    clock = Clock()
    clock.turn(instants[0])
    with cfacl.connect("memory://", policy=policy, clock=clock) as db:
        sessions = [(way, purpose, db.session(holder_name(way), purpose)) for way in ways for purpose in PURPOSES]
        for at in instants:
            clock.turn(at)
            for way, purpose, session in sessions:
                for action in ACTIONS:
                    yield way, purpose, action, at, session.families(action, "t")


def disagreements(shape, ways, instants=INSTANTS):
    left = {question: cut(shape, *question) for question in product(PURPOSES, ACTIONS)}
    return [
        (shape, way, purpose, action, at, found ^ wanted)
        for way, purpose, action, at, found in answers(policy_of(shape, ways), ways, instants)
        if found != (wanted := expected(left[purpose, action], purpose, way)[at])
    ]


# --- every small policy

#: How many shapes there are, folded: so many policies are walked, each with 64 kinds of families.
COUNTS = {
    TWO: {"apart": 7_357, "inherits": 14_676, "together": 2_064},
    THREE: {"apart": 23_544, "inherits": 47_032, "together": 6_368},
}


@pytest.mark.rule("2a", "2c", "2d", "2e", "8a", "11b")
@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_engine_decides_every_small_policy_as_the_oracle_does(layout):
    ways = tuple(holders(layout, WHOLE))
    count = 0
    for shape in folded(WHOLE, [layout]):
        assert disagreements(shape, ways) == []
        count += 1
    assert count == COUNTS[WHOLE][layout]


@pytest.mark.rule("2a", "2d", "2g", "8a", "11b")
@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("windows", "twice"), [(THREE, False), (TWO, True)], ids=["with and without", "held twice"])
def test_the_engine_decides_as_the_oracle_does_at_every_edge_and_just_before(layout, windows, twice):
    ways = tuple(holders(layout, windows, twice=twice))
    some = {None, *(Line(PURPOSES[:1], ACTIONS[:1], window) for window in windows)}
    chosen = [each for each in shapes(windows, [layout]) if {*each.grants, each.restriction} <= some]
    grants = len(some) ** 2
    restrictions = 1 + len(windows) * (1 if layout == "together" else 2)
    assert len(chosen) == (2 if layout == "together" else 4) * grants * restrictions
    for shape in chosen:
        assert disagreements(shape, ways, MOMENTS) == []


@pytest.mark.rule("2b", "2d", "11b")
@pytest.mark.slow
@pytest.mark.no_cover
def test_the_engine_decides_as_the_oracle_does_however_a_line_is_written():
    for written in spellings():
        oracle = Oracle(written)
        policy = cfacl.Policy.loads(tomli_w.dumps(written))
        with cfacl.connect("memory://", policy=policy) as db:
            for purpose, action, table in product(PURPOSES, ACTIONS, written["tables"]):
                found = db.session("holder", purpose).families(action, table)
                assert found == oracle.families("holder", purpose, action, table, EDGES[0]), written


# --- folding and cutting change no answer


def spread(some, count):
    """``count`` of ``some``, evenly from first to last."""
    some = list(some)
    return [some[number * (len(some) - 1) // (count - 1)] for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_cutting_a_policy_down_to_one_question_changes_nothing_for_the_oracle(layout):
    ways = holders(layout, TWO)
    for number, shape in enumerate(spread(shapes(TWO, [layout]), 40)):
        oracle = Oracle(document(shape, FAMILIES, ways))
        questions = product(FAMILIES, PURPOSES, ACTIONS, ways, INSTANTS)
        for name, purpose, action, way, at in islice(questions, number % 37, None, 37):
            found = oracle.allows(holder_name(way), purpose, action, "t", name, at)
            assert found is (name in expected(cut(shape, purpose, action), purpose, way)[at])


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_policy_made_for_the_walk_is_the_one_that_its_document_loads_as(layout):
    ways = tuple(holders(layout, THREE, twice=True))
    for shape in spread(shapes(THREE, [layout]), 40):
        assert policy_of(shape, ways) == cfacl.Policy.loads(tomli_w.dumps(document(shape, FAMILIES, ways)))


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_policy_is_a_renaming_of_one_that_is_walked_and_is_answered_alike(layout):
    ways, instants = tuple(holders(layout, TWO[:1])), INSTANTS[:2]
    walked = {shape: by_question(policy_of(shape, ways), ways, instants) for shape in folded(TWO[:1], [layout])}
    met = set()
    for shape in shapes(TWO[:1], [layout]):
        turn = next(each for each in turns(layout) if each.shape(shape) in walked)
        met.add(turn.shape(shape))
        found = by_question(policy_of(shape, ways), ways, instants)
        assert walked[turn.shape(shape)] == {
            (turn.holder(way, layout), turn.purpose(purpose), turn.action(action), at): renamed(turn, names)
            for (way, purpose, action, at), names in found.items()
        }
    assert met == walked.keys()


def by_question(policy, ways, instants=INSTANTS):
    return {tuple(question): names for *question, names in answers(policy, ways, instants)}


@cache
def renamed(turn, names):
    named = {kind: name for name, kind in FAMILIES.items()}
    return frozenset(named[turn.kind(FAMILIES[name])] for name in names)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_families_and_one_principal_are_answered_as_they_are_among_all(layout):
    ways = tuple(holders(layout, TWO))
    full = [each for each in folded(TWO, [layout]) if all((*each.grants, each.restriction))]
    shape = full[len(full) // 2]
    packed = by_question(policy_of(shape, ways), ways)
    pairs = list(combinations_with_replacement(FAMILIES, 2))
    assert len(pairs) == 2_080
    for pair, way in zip(pairs, cycle(ways), strict=False):
        plain = document(shape, {"a": FAMILIES[pair[0]], "b": FAMILIES[pair[1]]}, [way])
        oracle = Oracle(plain)
        for question, names in by_question(cfacl.Policy.loads(tomli_w.dumps(plain)), [way]).items():
            assert names == {new for new, name in zip("ab", pair, strict=True) if name in packed[question]}
            assert names == oracle.families(holder_name(way), *question[1:3], "t", question[3])
