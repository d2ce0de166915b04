"""What purposes mean: by name, by wildcard, or all."""

from __future__ import annotations

import pytest

from cfacl.policy.purposes import meant

DECLARED = {"marketing", "marketing.first_party", "marketing.first_party.mail", "marketings", "work"}


@pytest.mark.rule("2d")
@pytest.mark.parametrize(
    ("purposes", "expected"),
    [
        (None, DECLARED),
        ([], set()),
        (["work", "marketing"], {"work", "marketing"}),
        (["marketing.*"], {"marketing.first_party", "marketing.first_party.mail"}),
        (["other", "other.*"], set()),
    ],
)
def test_a_wildcard_means_all_declared_names_below_it(purposes, expected):
    assert meant(purposes, DECLARED) == expected
