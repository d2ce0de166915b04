"""The glossary has every word of a policy and of the library, once, in order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

import cfacl

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = re.findall(
    r"^\| \*\*(.*?)\*\* \| (.*) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE
)
#: Some rows are for two words.
WORDS: Final = [word.strip("`") for words, _ in ROWS for word in words.split(", ")]
SCHEMA: Final = json.loads((ROOT / "cfacl" / "policy" / "document" / "schema.json").read_text("utf-8"))
#: The words that every page uses, and no signature has.
SPOKEN: Final = {
    *("action", "catalog", "epoch", "family", "grant", "level", "policy", "principal", "projection", "purpose"),
    *("restriction", "role", "session", "withheld"),
    *("adopt", "decision id", "drift", "event", "finding", "guard", "hook", "lint", "narrow", "retired", "snapshot"),
    *("store", "strict", "sweep", "window", "assignment", "system table", "capability", "identity"),
}


def test_every_word_stands_there_once_in_order() -> None:
    firsts = [words.strip("`").casefold() for words, _ in ROWS]
    assert firsts == sorted(firsts)
    assert len({*WORDS}) == len(WORDS)
    assert not SPOKEN - {*WORDS}


@pytest.mark.parametrize(
    "name",
    [
        each
        for each in cfacl.__all__
        if isinstance(getattr(cfacl, each), type) and not issubclass(getattr(cfacl, each), Exception)
    ],
)
def test_every_class_of_the_library_is_the_word_for_something(name: str) -> None:
    assert [words for words, meaning in ROWS if name.lower() in words.split(", ") or f"`{name}`" in meaning]


def test_every_key_of_a_policy_is_spoken_of() -> None:
    text = " ".join(f"{words} {meaning}" for words, meaning in ROWS).lower()
    keys = {key for each in [SCHEMA, *SCHEMA["$defs"].values()] for key in each.get("properties", ())}
    missing = {key for key in keys if not re.search(rf"\b{key.rstrip('s')}", text)}
    # What one store alone needs stands on its page; these others are no words of their own.
    assert missing <= {"require_tls", "consistency", "layout", "buckets", "name", "exact"}
