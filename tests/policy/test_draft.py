"""A policy to begin with, drafted from what a store has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.model.discovery import Discovered
from cfacl.policy.text.draft import draft, guess
from cfacl.policy.text.layout import laid_out


def found(table: str = "t", family: str = "f", **keys: object) -> Discovered:
    return Discovered(table, family, 1, None, frozenset())._replace(**keys)  # type: ignore[arg-type]  # of any field


def test_everything_is_at_the_top_for_nobody() -> None:
    text = draft([found("t", "f"), found("t", "g.h", versions=5, time_to_live=86_400), found("u")], name="mine")
    assert laid_out(text) == text
    policy = cfacl.Policy.loads(text)
    assert (policy.name, policy.roles, policy.principals, policy.catalog.purposes) == ("mine", {}, {}, frozenset())
    families = {
        (table.name, name): each for table in policy.catalog.tables.values() for name, each in table.families.items()
    }
    assert families.keys() == {("t", "f"), ("t", "g.h"), ("u", "f")}
    assert {each.level for each in families.values()} == {"sealed"}
    assert {each.purposes for each in families.values()} == {frozenset()}
    assert (families["t", "g.h"].versions, families["t", "g.h"].time_to_live) == (5, 86_400)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        ([b"x", b"q1"], None),
        ([b"shipping", b"opinion", b"Tokens"], None),  # words, not parts of them
        ([b"email"], ("personal", ["email"])),
        ([b"firstName", b"LAST_NAME", b"emailAddress"], ("personal", ["address", "email", "name"])),
        ([b"email", b"home_latitude", b"gps"], ("sensitive", ["gps", "latitude"])),
        ([b"userPassword", b"email"], ("sealed", ["password"])),
        ([b"pin", b"gps"], ("sealed", ["pin"])),
        ([b"\xff\xfe", b"PAN"], ("sealed", ["pan"])),
    ],
    ids=str,
)
def test_a_level_is_guessed_by_words_in_names_of_columns(names: list[bytes], expected: object) -> None:
    assert guess(names) == expected


def test_what_is_kept_longer_than_a_policy_can_say_is_said_as_far_as_it_can() -> None:
    kept = [found("t", "a", versions=2), found("t", "b", versions=2**31 - 1), found("t", "c", time_to_live=2**31)]
    kept += [found("t", "d", time_to_live=0)]
    text = draft(kept, name="mine")
    families = cfacl.Policy.loads(text).catalog.tables["t"].families
    assert [(each.versions, each.time_to_live) for each in families.values()] == [
        (2, None),
        (1_000_000, None),
        (1, None),
        (1, None),
    ]
    assert "versions = 1000000  # the most; it keeps 2147483647 there" in text


def test_a_guess_is_a_comment_and_has_no_name_of_a_column() -> None:
    text = draft([found(qualifiers=frozenset([b"ada.lovelace@example.org/email"]))], name="mine")
    assert '# a guess, by `email` in names of columns: level = "personal"' in text
    assert "ada" not in text
    assert cfacl.Policy.loads(text).catalog.tables["t"].families["f"].level == "sealed"


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.frozensets(st.binary(max_size=8))), max_size=4))
def test_whatever_is_called_what_the_draft_loads(names: list[tuple[str, str, frozenset[bytes]]]) -> None:
    several = {(table, family): found(table, family, qualifiers=words) for table, family, words in names}
    text = draft(several.values(), name="mine")
    assert cfacl.Policy.loads(text).principals == {}
    assert laid_out(text) == text


def test_what_a_policy_cannot_be_called_is_told() -> None:
    with pytest.raises(cfacl.PolicyError):
        draft([found()], name="a\nb")
