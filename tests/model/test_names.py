"""What a message offers instead of a name that there is not."""

from __future__ import annotations

import pytest

from cfacl.model.names import LISTED, offered


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ([], "; the policy declares none"),
        (["a"], "; there is `a`"),
        (["a", "b", "c"], "; there are `a`, `b` and `c`"),
        ([f"n{i}" for i in range(100)], LISTED),
    ],
    ids=["none", "one", "some", "many"],
)
def test_what_there_is_to_choose_from_is_named_where_it_is_not_too_much(known: list[str], said: str) -> None:
    assert offered(known) == said
