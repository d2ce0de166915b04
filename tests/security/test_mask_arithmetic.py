"""Masks know and, or and and-not: `mask - bit` clears a bit that is set, and sets others when it is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / "cfacl" / "engine"

#: What masks are called; `granted` alone is a set of names.
MASK = re.compile(r"mask|denied|granted\[|allowed|requested|every|given|taken|\bbit\b|give\b|take\b|usable")
KNOWN = (ast.BitAnd, ast.BitOr)


def arithmetic(source: str) -> list[int]:
    """The lines of `source` that do anything else with something called like a mask."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.BinOp(left=left, op=operator, right=right) | ast.AugAssign(target=left, op=operator, value=right):
                operands = [left, right]
            case ast.UnaryOp(op=ast.USub() as operator, operand=operand):
                operands = [operand]
            case _:
                continue
        # Calls are left out: `bit.bit_length() - 1` is a number.
        if not isinstance(operator, KNOWN) and any(
            MASK.search(ast.unparse(each))
            for each in operands
            if isinstance(each, ast.Name | ast.Attribute | ast.Subscript)
        ):
            found.append(node.lineno)
    return found


@pytest.mark.failure("policy-engine-15")
def test_arithmetic_on_a_mask_is_found() -> None:
    assert arithmetic("granted - bit") == [1]
    assert arithmetic("granted ^ bit") == [1]
    assert arithmetic("granted += bit") == [1]
    assert arithmetic("view.denied[i] - 1") == [1]
    assert arithmetic("-mask") == [1]
    assert arithmetic("granted & ~bit | other") == []


@pytest.mark.failure("policy-engine-15")
def test_the_engine_does_no_arithmetic_on_masks() -> None:
    sources = {path.name: path.read_text("utf-8") for path in ENGINE.glob("*.py")}
    assert "bits.py" in sources
    assert not {name: lines for name, source in sources.items() if (lines := arithmetic(source))}
