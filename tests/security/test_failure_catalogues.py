"""The failures and refusals of catalogue.toml: each has a test, or waits in a list that only shrinks."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
CATALOGUE: Final = tomllib.loads((HERE / "catalogue.toml").read_text("utf-8"))
NOT_YET: Final = tomllib.loads((HERE / "not_yet.toml").read_text("utf-8"))

#: What was waiting when the list was first written.  Nothing is ever added.
FIRST: Final = {
    "failure": {"store-acl-1", "store-acl-7", "store-acl-9", "store-acl-10", "store-acl-15"}
    | {"policy-engine-11", "policy-engine-20"},
    "refusal": {"1", "2", "4", "6", "7", "8", "9", "10", "12", "13", "14", "15", "16", "17", "18", "19"},
}
#: How long the list is now.
LENGTH: Final = {"failure": 7, "refusal": 15}

KINDS: Final = pytest.mark.parametrize("kind", ["failure", "refusal"])


def test_the_catalogue_is_whole() -> None:
    failures = {f"store-acl-{n}" for n in range(1, 19)} | {f"policy-engine-{n}" for n in range(1, 26)}
    assert CATALOGUE.keys() == {"failure", "refusal"}
    assert CATALOGUE["failure"].keys() == failures
    assert CATALOGUE["refusal"].keys() == {str(n) for n in range(1, 21)}


@KINDS
def test_each_entry_has_a_test_or_waits(kind: str, marks: dict[str, dict[str, list[str]]]) -> None:
    tested = marks[kind].keys()
    waiting = {name for name, entry in NOT_YET[kind].items() if "rest" not in entry}
    entries = CATALOGUE[kind].keys()
    assert tested, f"no test is marked `{kind}` at all"
    assert tested <= entries, f"marks that name no entry: {sorted(tested - entries)}"
    assert not tested & waiting, f"have a test, so take them off not_yet.toml: {sorted(tested & waiting)}"
    assert tested | waiting == entries, f"neither tested nor waiting: {sorted(entries - tested - waiting)}"


@KINDS
def test_the_waiting_list_only_shrinks(kind: str) -> None:
    waiting = NOT_YET[kind]
    assert waiting.keys() <= FIRST[kind], f"may not wait: {sorted(waiting.keys() - FIRST[kind])}"
    assert len(waiting) == LENGTH[kind], "the list may only shrink; when it does, lower LENGTH with it"


@KINDS
def test_what_waits_says_for_what(kind: str) -> None:
    for name, entry in NOT_YET[kind].items():
        assert {"waits_for"} <= entry.keys() <= {"waits_for", "rest"}, name
        assert all(entry.values()), name
