"""Documents that were damaged at random: they load, or a `PolicyError` says why, and nothing else is ever raised."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st

from cfacl.errors import PolicyError
from cfacl.policy.policy import Policy
from cfacl.testing import strategies

LOCAL: Final = datetime(2026, 1, 1)  # noqa: DTZ001  # some authors write no offset
VALUES: Final[list[Any]] = [
    0, -1, 1 << 70, True, 0.5, float("nan"), float("inf"), "", "x", "a.*", "*", "\x00", "read", "read a:b", "400d",
    datetime(2026, 1, 1, tzinfo=UTC), LOCAL, date(2026, 1, 1), time(1), [], {}, [[]], [{}], ["x"],
    {"x": 1}, {"role": "a"}, [None], {"from": {}},
]  # fmt: skip  # many short values
TOKENS: Final = [
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    '"',
    "'",
    "\n",
    "\x00",
    "\u2028",
    "[[",
    "1",
    "never",
    "🦊",
    "\\",
    "#",
]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key or index in it."""
    if isinstance(node, dict):
        return [(node, key) for key in node] + [place for each in node.values() for place in places(each)]
    if isinstance(node, list):
        return [(node, index) for index in range(len(node))] + [place for each in node for place in places(each)]
    return []


def refusal(load: Callable[[], Policy]) -> PolicyError | None:
    """The error that loading raises; if it raises none, the policy lints, prints, and reads back equal."""
    try:
        policy = load()
    except PolicyError as error:
        return error
    policy.lint()
    assert Policy.loads(policy.dumps()) == policy
    return None


def says_only_policy_errors(text: str) -> None:
    error = refusal(lambda: Policy.loads(text))
    assert error is None or (error.faults and str(error).isprintable())


@st.composite
def whole(draw: st.DrawFn) -> dict[str, Any]:
    document: dict[str, Any] = draw(strategies.documents(max_tables=2, max_families=2, max_roles=3, max_principals=2))
    document["never"] = [draw(strategies.never_lines(document))]
    document["expect"] = [draw(strategies.expect_lines(document))]
    document["stores"] = {"hbase": {"require_tls": "x"}, "cassandra": {"tables": {"a": {"layout": "row"}}}}
    return document


@given(whole(), st.data())
def test_values_and_keys_replaced_at_random(document: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        node, key = data.draw(st.sampled_from(places(document)))
        change = data.draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if change == "remove":
            del node[key]
        elif change == "rename" and isinstance(node, dict):
            node[data.draw(st.sampled_from(["x", "", "from", "[key]", "a`b", "é"]))] = node.pop(key)
        elif change == "add" and isinstance(node[key], dict):
            node[key]["added"] = data.draw(st.sampled_from(VALUES))
        else:
            node[key] = data.draw(st.sampled_from(VALUES))
        if not places(document):
            break
    says_only_policy_errors(tomli_w.dumps(without_none(document)))


def without_none(node: Any) -> Any:
    """TOML has no null: ``None`` among the values becomes an empty array."""
    if isinstance(node, dict):
        return {key: without_none(each) for key, each in node.items()}
    if isinstance(node, list):
        return [without_none(each) for each in node]
    return [] if node is None else node


@given(whole(), st.data())
def test_text_damaged_at_random(document: dict[str, Any], data: st.DataObject) -> None:
    text = tomli_w.dumps(document)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + data.draw(st.sampled_from(["", *TOKENS])) + text[end:]
    says_only_policy_errors(text)


@given(st.text(max_size=30))
@example("\ud800")
def test_any_text_at_all(text: str) -> None:
    says_only_policy_errors(text)


@given(raw=st.binary(max_size=30))
def test_any_bytes_at_all(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(raw)
    error = refusal(lambda: Policy.load(path))
    assert error is None or error.source == str(path)


@given(whole())
def test_the_damaged_documents_start_sound(document: dict[str, Any]) -> None:
    del document["never"], document["expect"], document["stores"]
    assert tomllib.loads(Policy.loads(tomli_w.dumps(document)).dumps())["policy"]["name"] == "drawn"
