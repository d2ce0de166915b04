"""The JSON Schema that ships."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import tomli_w
from hypothesis import event, given
from hypothesis import strategies as st

import cfacl.policy.document
from cfacl.errors import PolicyError
from cfacl.model.names import is_subject
from cfacl.policy.document.schema import schema
from cfacl.policy.policy import Policy
from cfacl.testing import strategies
from cfacl.testing.documents import SUBJECTS

SHIPPED: Final = Path(cfacl.policy.document.__file__).with_name("schema.json").read_text("utf-8")
VALIDATOR: Final = jsonschema.Draft202012Validator(json.loads(SHIPPED))


def test_the_shipped_schema_is_the_generated_one() -> None:
    """To renew it, write into it what is generated here."""
    assert json.dumps(schema(), indent=2) + "\n" == SHIPPED


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(each for value in node.values() for each in nodes(value))]
    return [each for value in node for each in nodes(value)] if isinstance(node, list) else []


def test_every_key_is_described_and_no_table_takes_others() -> None:
    tables = [schema(), *schema()["$defs"].values()]
    assert len(tables) == 15
    for table in tables:
        assert table["additionalProperties"] is False
        assert table["description"]
        for key, value in table["properties"].items():
            assert value["description"], key


SOUND: Final = """
[policy]
name = "home"
levels = ["low", "high"]
purposes = ["service", "support"]

[tables.account.families.id]
level = "high"
purposes = ["service"]

[roles.support]
clearance = "high"
[[roles.support.grants]]
table = "account"
families = ["id"]
actions = ["read"]
purposes = ["service"]
why = "answers tickets"
[[roles.support.restrictions]]
table = "account"
families = ["id"]
actions = ["write"]

[principals.maya]
kind = "employee"
roles = ["support"]

[[never]]
actions = ["delete"]

[stores.cassandra.tables.account]
layout = "row"
"""

#: What is put into the sound document, by the path to its last table; `None` in the place of a value takes the key out.
REFUSED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "a table's name": ("tables", {"acc ount": {"families": {"id": {"level": "low", "purposes": []}}}}),
    "a family's name": ("tables.account.families", {"i/d": {"level": "low", "purposes": []}}),
    "what is no table": ("tables", {"acc ount": 1}),
    "a line of nothing": ("never.0", {"actions": None}),
    "a line of reasons": ("never.0", {"actions": None, "why": "x"}),
    "families and a level": ("roles.support.restrictions.0", {"at_or_below": "low"}),
    "a level without its table": ("roles.support.restrictions.0", {"at_or_below": "low", "table": None, "families": None}),
    "a grant of families and a level": ("roles.support.grants.0", {"at_or_below": "low"}),
    "a grant of neither": ("roles.support.grants.0", {"families": None}),
    "an empty reason": ("roles.support.grants.0", {"why": ""}),
    "a blank reason": ("roles.support.grants.0", {"why": " \t\n"}),
    "levels twice": ("policy", {"levels": ["low", "high", "low"]}),
    "purposes twice": ("policy", {"purposes": ["service", "service"]}),
    "a row with buckets": ("stores.cassandra.tables.account", {"buckets": 4}),
    **{
        f"{what} {name!r}": (place, {name: value} if value else {"name": name})
        for what, place, value in (
            ("policy", "policy", None),
            ("role", "roles", {"clearance": "low"}),
            ("principal", "principals", {"kind": "service"}),
        )
        for name in ("", " ", " a", "a ", "a`b", "`", "a\x00b", "a\nb", "\x7f", "a\x85", "\xa0a", "\u202ea", "x" * 256)
    },
}  # fmt: skip  # a table of cases


def with_change(place: str, change: dict[str, Any]) -> dict[str, Any]:
    document = tomllib.loads(SOUND)
    node: Any = document
    for step in place.split("."):
        node = node[int(step)] if isinstance(node, list) else node[step]
    node.update(change)
    for key in [key for key, value in node.items() if value is None]:
        del node[key]
    return document


def schema_takes(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(json.dumps(document, default=lambda each: each.isoformat()))))


def reader_takes(document: Any) -> bool:
    try:
        Policy.loads(tomli_w.dumps(document))
    except PolicyError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_the_sound_document_is_taken_by_both() -> None:
    assert schema_takes(tomllib.loads(SOUND))
    assert reader_takes(tomllib.loads(SOUND))


@pytest.mark.parametrize(("place", "change"), REFUSED.values(), ids=REFUSED)
def test_what_the_reader_refuses_by_itself_the_schema_refuses_too(place: str, change: dict[str, Any]) -> None:
    document = with_change(place, change)
    assert not reader_takes(document)
    assert not schema_takes(document)


@pytest.mark.parametrize("name", [*SUBJECTS, "a  b", "é", "\N{FOX FACE}" * 255, "x", "a.b\\", "a\u0301"])
@pytest.mark.parametrize(
    ("place", "value"), [("policy", None), ("roles", {"clearance": "low"}), ("principals", {"kind": "service"})]
)
def test_every_name_that_the_reader_takes_the_schema_takes(place: str, value: Any, name: str) -> None:
    document = with_change(place, {name: value} if value else {"name": name})
    assert reader_takes(document)
    assert schema_takes(document)


@given(st.characters() | st.text(max_size=3))
def test_a_name_that_the_schema_refuses_the_reader_refuses(name: str) -> None:
    subject = schema()["$defs"]["PolicySection"]["properties"]["name"]
    assert jsonschema.Draft202012Validator(subject).is_valid(name) or not is_subject(name)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A whole document in which a few values and keys are others, are gone, or stand twice."""
    document: dict[str, Any] = draw(strategies.documents(max_tables=2, max_families=2, max_roles=3, max_principals=2))
    document["never"] = [draw(strategies.never_lines(document))]
    document["expect"] = [draw(strategies.expect_lines(document))]
    layout = draw(st.sampled_from([{"layout": "row"}, {"buckets": 3}, {"layout": "ordered", "buckets": 3}]))
    table = draw(st.sampled_from(sorted(document["tables"])))
    document["stores"] = {"cassandra": {"tables": {table: layout}}}
    for _ in range(draw(st.integers(0, 2))):
        node, key = draw(st.sampled_from(places(document)))
        change = draw(st.sampled_from(["replace", "remove", "rename", "add", "again"]))
        if change == "remove":
            del node[key]
        elif change == "rename" and isinstance(node, dict):
            node[draw(st.sampled_from(["x", "", " ", "at_or_below", "families", "a`b", "é"]))] = node.pop(key)
        elif change == "add" and isinstance(node, dict):
            node[draw(st.sampled_from(["from", "until", "at_or_below", "why", "table", "columns"]))] = draw(VALUES)
        elif change == "again" and isinstance(node, list):
            node.append(node[key])
        else:
            node[key] = draw(VALUES)
        if not places(document):
            break
    return document


#: What documents hold somewhere, so that it may be right where it comes to stand.
VALUES: Final = st.sampled_from(
    [0, 1, True, "", " ", "x", "a", "public", "low", "read", "write a:a", "4d", "row", [], ["a"], ["a", "a"], ["read"], {},
     {"a": {}}, {"level": "low", "purposes": []}, datetime(2026, 1, 1, tzinfo=UTC), "ordered", "employee", [{}]]
)  # fmt: skip  # many short values


@given(damaged())
def test_what_the_schema_refuses_the_reader_refuses(document: dict[str, Any]) -> None:
    taken = schema_takes(document)
    event(f"the schema {'takes' if taken else 'refuses'} it")
    assert taken or not reader_takes(document)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key or index in it."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, each in inner for place in [(node, key), *places(each)]]


def test_nothing_may_be_null_which_toml_cannot_say() -> None:
    assert "null" not in json.dumps(schema())


def test_a_grant_names_families_or_a_level_and_not_both() -> None:
    assert schema()["$defs"]["GrantSection"]["oneOf"] == [{"required": ["families"]}, {"required": ["at_or_below"]}]
    assert schema()["$defs"]["GrantSection"]["required"] == ["table", "actions", "purposes", "why"]


def test_importing_the_policy_does_not_import_pydantic() -> None:
    code = "import sys, cfacl, cfacl.policy, cfacl.policy.policy; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_key_has_a_description_and_examples_that_its_own_schema_takes() -> None:
    whole = schema()
    sections = [whole, *(each for each in whole["$defs"].values() if each.get("type") == "object")]
    keys = [(name, key) for section in sections for name, key in section["properties"].items()]
    assert len(keys) > 50
    for name, key in keys:
        assert key["description"], name
        assert key["examples"], name
        rest = {word: value for word, value in key.items() if word not in ("examples", "description")}
        for example in key["examples"]:
            jsonschema.validate(example, {**rest, "$defs": whole["$defs"]}, jsonschema.Draft202012Validator)
