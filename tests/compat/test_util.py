"""happybase's own helpers."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.compat.happybase import util


@pytest.mark.parametrize(
    ("camel", "pep8"),
    [
        ("maxVersions", "max_versions"),
        ("name", "name"),
        ("bloomFilterNbHashes", "bloom_filter_nb_hashes"),
        ("aBC", "a_b_c"),
    ],
)
def test_names_in_two_styles(camel: str, pep8: str) -> None:
    assert util.camel_case_to_pep8(camel) == pep8
    assert util.camel_case_to_pep8(camel[0].upper() + camel[1:]) == pep8
    assert util.pep8_to_camel_case(pep8) == camel
    assert util.pep8_to_camel_case(pep8, True) == camel[0].upper() + camel[1:]


def test_what_becomes_bytes() -> None:
    assert util.ensure_bytes("ü") == "ü".encode()
    assert util.ensure_bytes(b"\xff") == b"\xff"
    for each in (None, 5, bytearray(b"a"), ["a"]):
        with pytest.raises(TypeError):
            util.ensure_bytes(each)  # type: ignore[arg-type]  # which is what is looked at


@given(st.binary(max_size=4), st.binary(max_size=6))
def test_what_is_behind_a_prefix_is_the_least_that_is(prefix: bytes, other: bytes) -> None:
    behind = util.bytes_increment(prefix)
    if behind is None:
        assert prefix.strip(b"\xff") == b""
        return
    assert prefix < behind
    assert other.startswith(prefix) == (prefix <= other < behind)


def test_thrifts_types_as_dicts() -> None:
    class Described:
        thrift_spec: ClassVar[dict[int, Any]] = {1: (8, "maxVersions", False), 2: (11, "name", False)}
        maxVersions = 3  # noqa: N815  # as Thrift has it
        name = b"cf:"

    assert util.thrift_attrs(Described) == ["maxVersions", "name"]
    assert util.thrift_type_to_dict(Described()) == {"max_versions": 3, "name": b"cf:"}
    assert util.OrderedDict is OrderedDict
