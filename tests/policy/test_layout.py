"""The one layout of a policy: what it looks like, and that it says what it said."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.policy.document.shape import keys_of
from cfacl.policy.text.layout import laid_out
from cfacl.policy.text.statements import statements
from cfacl.testing import handwriting, strategies

CASES: Final = {
    "spaces": ("a=1\n  b   =  [ 1,2 , ]\n\t[ c . d ]\t\n", "a = 1\nb = [1, 2]\n\n[c.d]\n"),
    "quotes": ("'a' = 'b'\n\"c\" = '\"'\n'd e' = '\\'\n", "a = \"b\"\nc = '\"'\n\"d e\" = '\\'\n"),
    "quotes of several lines": ("a = '''\nb'''\n", "a = '''\nb'''\n"),
    "tables": ("a={b=1,c={},d=[ { e=1 } ]}\n", "a = { b = 1, c = {}, d = [{ e = 1 }] }\n"),
    "blank lines": ("\n\na = 1\n\n\n\nb = 1\n[c]\n[d]\n\n\n", "a = 1\n\nb = 1\n\n[c]\n\n[d]\n"),
    "a comment before a header": ("a = 1\n  # b\n# c\n[d]\n", "a = 1\n\n# b\n# c\n[d]\n"),
    "a comment at the start": ("#:schema x.json\n[a]\n", "#:schema x.json\n[a]\n"),
    "a comment behind": ("a = 1# b \n[c]#d\n[[e]]   # f", "a = 1  # b\n\n[c]  #d\n\n[[e]]  # f\n"),
    "only comments": ("# a\n\n\n# b", "# a\n\n# b\n"),
    "a long array": (f"a = ['{'x' * 110}', 'y']\n", f'a = [\n    "{"x" * 110}",\n    "y",\n]\n'),
    "an array that just fits": (f"a = ['{'x' * 112}']\n", f'a = ["{"x" * 112}"]\n'),
    "an array that just does not": (f"a = ['{'x' * 113}']\n", f'a = [\n    "{"x" * 113}",\n]\n'),
    "comments in an array": (
        "a = [ # b\n1 # c\n, # d\n# e\n2, [3 # f\n]] # g\n",
        "a = [\n    # b\n    1,  # c\n    # d\n    # e\n    2,\n    [\n        3,  # f\n    ],\n]  # g\n",
    ),
    "a comment in an array in a table": ("a = { b = [1 # c\n] }\n", "a = { b = [\n    1,  # c\n] }\n"),
    "a string that goes on in an array": ('a = ["""\nb"""]\n', 'a = [\n    """\nb""",\n]\n'),
    "a long array in a table": (f"a = {{ b = ['{'x' * 130}'] }}\n", f'a = {{ b = ["{"x" * 130}"] }}\n'),
    "returns": ("a = 1\r\nb = 2 # c\r\n", "a = 1\nb = 2  # c\n"),
    "times": ("a = 2026-01-01 00:00:00Z\n", "a = 2026-01-01 00:00:00Z\n"),
    "keys in order": (
        "[policy]\npurposes = []\nlevels = ['a']  # low\nname = 'x'\n",
        '[policy]\nname = "x"\nlevels = ["a"]  # low\npurposes = []\n',
    ),
    "keys in order between gaps": (
        "[policy]\nwhat = 1\npurposes = []\n\nlevels = ['a']\n# the name\nname = 'x'\n",
        '[policy]\npurposes = []\nwhat = 1\n\nlevels = ["a"]\n# the name\nname = "x"\n',
    ),
    "keys in order in tables": (
        "never = [{ why = 'x', kinds = [] }]\nroles.a = { grants = [{ until = 1, from = 2 }], clearance = 'a' }\n",
        'roles.a = { clearance = "a", grants = [{ from = 2, until = 1 }] }\nnever = [{ kinds = [], why = "x" }]\n',
    ),
    "names as they stand": ("[principals]\nb = {}\na = {}\n[roles.b]\n[roles.a]\n", "[principals]\nb = {}\na = {}\n\n[roles.b]\n\n[roles.a]\n"),
    "keys of what is no array of tables": (
        "[[expect]]\nexact = true\nprincipal = 'a'\n",
        '[[expect]]\nprincipal = "a"\nexact = true\n',
    ),
}  # fmt: skip  # a table of cases


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_the_layout_is_this(text: str, expected: str) -> None:
    assert laid_out(text) == expected
    assert laid_out(expected) == expected
    assert tomllib.loads(text) == tomllib.loads(expected)


def comments(text: str) -> list[str]:
    """All comments of a document, also those within arrays."""
    found = []
    for each in statements(text):
        found += [each.comment, *(piece.text for piece in each.pieces if piece.kind == "comment")]
    return sorted(comment.rstrip() for comment in found if comment)


def policies() -> st.SearchStrategy[dict[str, Any]]:
    return strategies.documents(max_tables=2, max_families=3, max_roles=3, max_principals=3)


@given(st.data())
def test_a_policy_says_the_same_with_the_same_comments_and_is_laid_out_once(data: st.DataObject) -> None:
    document = data.draw(policies())
    document["never"] = [data.draw(strategies.never_lines(document))] * data.draw(st.integers(0, 1))
    text = data.draw(handwriting.texts(document))
    after = laid_out(text)
    assert tomllib.loads(after) == document
    assert comments(after) == comments(text)
    assert laid_out(after) == after
    assert not re.search(r"\r|[ \t]$", after, re.MULTILINE)


@given(st.data())
def test_nobody_gains_or_loses_anything(data: st.DataObject) -> None:
    text = data.draw(handwriting.texts(data.draw(policies())))
    before, after = cfacl.Policy.loads(text), cfacl.Policy.loads(laid_out(text))
    assert cfacl.diff(before, after) == []
    assert before == after
    assert before.lint() == after.lint()


def test_the_order_of_keys_is_that_of_the_models() -> None:
    assert keys_of(()) == ("policy", "tables", "roles", "principals", "never", "expect", "stores")
    assert keys_of(("tables", "a", "families", "b"))[:2] == ("level", "purposes")
    assert keys_of(("roles", "a", "grants"))[-3:] == ("from", "until", "why")
    assert keys_of(("principals", "a", "roles")) == ("role", "from", "until")
    assert keys_of(("tables",)) == keys_of(("policy", "name", "x")) == keys_of(("nope", "x")) == ()
