"""Each pattern of the cookbook loads, does what it says, and is held in place by its own lines."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.testing.clock import Clock

PAGE: Final = "docs/cookbook.md"
_TEXT: Final = (Path(__file__).parents[2] / PAGE).read_text("utf-8")
#: Where each pattern begins, by its heading.
PATTERNS: Final = {
    each[1]: _TEXT.count("\n", 0, each.start()) + 1 for each in re.finditer(r"^## (.*)$", _TEXT, re.MULTILINE)
}
#: Of the base alone these are found: it gives too little to anybody.
_OF_THE_BASE: Final = {"unreadable", "unstated"}


@pytest.fixture
def pattern(request: pytest.FixtureRequest, blocks_of: Callable[[str], list[Any]]) -> list[Any]:
    """The blocks of a pattern."""
    begins = PATTERNS[request.param]
    ends = min((line for line in PATTERNS.values() if line > begins), default=len(_TEXT))
    return [each for each in blocks_of(PAGE) if begins < each.line < ends]


def without_each(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a document without each of the grants and restrictions of its roles, and what it lacks."""
    for role, said in document["roles"].items():
        for kind in ("grants", "restrictions"):
            for number in range(len(said.get(kind, ())) if role != "app" else 0):
                less = copy.deepcopy(document)
                del less["roles"][role][kind][number]
                yield f"roles.{role}.{kind}[{number}]", less


def base(blocks: list[Any]) -> str:
    (found,) = (each.text for each in blocks if each.before == "`base.toml`:")
    return str(found)


def test_there_are_ten() -> None:
    assert len(PATTERNS) == 10


@pytest.mark.parametrize("pattern", PATTERNS, indirect=True, ids=str)
def test_a_pattern_does_what_it_says(pattern: list[Any], blocks_of: Callable[[str], list[Any]], follower: Any) -> None:
    said, *more = [each.text for each in pattern if each.language == "toml"]
    text = base(blocks_of(PAGE)) + said
    policy = cfacl.Policy.loads(text)
    assert policy.never or policy.expect
    assert not [each for each in policy.lint() if each.code not in _OF_THE_BASE]
    clock = Clock()
    with cfacl.connect("memory://", policy=policy, clock=clock) as db:
        db.create_tables()
        follower.names |= {"cfacl": cfacl, "db": db, "clock": clock, "attempt": "".join([text, *more])}
        follower.follow([each for each in pattern if each.language == "pycon"])
    assert follower.done, "it shows nothing"


@pytest.mark.parametrize("pattern", PATTERNS, indirect=True, ids=str)
def test_its_lines_hold_each_of_its_rules(pattern: list[Any], blocks_of: Callable[[str], list[Any]]) -> None:
    said = next(each.text for each in pattern if each.language == "toml")
    document = tomllib.loads(base(blocks_of(PAGE)) + said)
    for lacking, less in without_each(document):
        with pytest.raises(cfacl.PolicyError, match=r"expect\["):
            cfacl.Policy.loads(tomli_w.dumps(less))
            pytest.fail(f"without {lacking} it loads")
