"""The specification and the tests name each other's rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

SPECIFICATION: Final = Path(__file__).parents[2] / "docs" / "specification.md"
RULES: Final = re.findall(r"^## Rule (\d+) ", SPECIFICATION.read_text("utf-8"), re.MULTILINE)


def test_the_specification_has_fourteen_rules_in_order() -> None:
    assert [str(n) for n in range(1, 15)] == RULES


def test_every_rule_has_a_test_and_every_mark_names_a_rule(marks: dict[str, dict[str, list[str]]]) -> None:
    marked = marks["rule"]
    assert marked, "no test is marked with a rule: the search is broken"
    assert not (strays := {n: where for n, where in marked.items() if n not in RULES}), f"no such rule: {strays}"
    assert not (bare := [n for n in RULES if n not in marked]), f"rules without a test: {bare}"
