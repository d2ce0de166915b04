"""Policies to begin with: whatever was answered, they load, are laid out, and nothing is found in them."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.policy.policy import Policy
from cfacl.policy.text.layout import laid_out
from cfacl.policy.text.starter import SCHEMA, Named, starter
from cfacl.testing.documents import IDENTIFIERS, PURPOSES, SUBJECTS

NAMES = st.sampled_from(SUBJECTS)
FAMILIES = st.lists(
    st.builds(Named, st.sampled_from(IDENTIFIERS), st.sampled_from(IDENTIFIERS), st.sampled_from(DEFAULT_LEVELS)),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each[:2],
)
USES = st.lists(st.sampled_from(PURPOSES) | st.just("x" * 255), min_size=1, max_size=5, unique=True)


@given(NAMES, FAMILIES, USES)
def test_a_policy_to_begin_with_is_sound(name: str, families: list[Named], purposes: list[str]) -> None:
    text = starter(name, families, purposes)
    policy = Policy.loads(text)
    assert policy.lint() == ()
    assert laid_out(text) == text
    assert policy.name == name
    assert policy.catalog.purposes == set(purposes)
    assert {
        (table.name, family.name, family.level)
        for table in policy.catalog.tables.values()
        for family in table.families.values()
    } == set(families)


def test_it_shows_every_part_of_a_policy_and_how_editors_read_it() -> None:
    text = starter("shop", [Named("account", "id", "sensitive")], ["service"])
    assert text.startswith(f"#:schema ./{SCHEMA}\n")
    assert tomllib.loads(text).keys() == {"policy", "tables", "roles", "principals", "never", "expect"}
    comments = [line for line in text.splitlines() if line.startswith("#")]
    for word in ("levels", "purposes", "clearance", "grants", "never", "expect", "at_or_below", "restrictions"):
        assert word in text
    assert len(comments) > 10
