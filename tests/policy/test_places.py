"""From the path of a fault to its line and column."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl import PolicyError
from cfacl.policy.faults import path
from cfacl.policy.policy import Policy
from cfacl.policy.text.places import Spot, locate
from cfacl.testing import handwriting, strategies

LONG: Final = "k" * 90
CASES: Final = {
    "policy = { name = 'x', purposes = [] }": {"policy": "policy = { name = 'x', purposes = [] }", "policy.name": "name = 'x'"},
    "[policy]\nname='x' # why": {"policy": "[policy]", "policy.name": "name='x'", "policy.levels": "[policy]"},
    "[a]\nb.c = 1\nb.d = [1, 'e']": {"a.b": "b", "a.b.c": "c = 1", "a.b.d": "d = [1, 'e']", "a.b.d[1]": "'e'"},
    "[a]\nb = [\n 1, # [\n {c = 2}]": {"a.b": "b", "a.b[0]": "1", "a.b[1].c": "c = 2", "a.b[2]": "b", "a.b[1].d": "{c = 2}"},
    "[a . 'b.c']\n[[ a.'b.c'.d ]]\n[[a.'b.c'.d]]\ne=1": {
        'a."b.c"': "[a . 'b.c']", 'a."b.c".d': "d", 'a."b.c".d[0]': "[[ a.'b.c'.d ]]", 'a."b.c".d[1].e': "e=1", "a": "a",
        'a."b.c".d[1].f': "[[a.'b.c'.d]]",
    },
    "[[a]]\n[a.b]\nc = 1\n[[a]]\nb.c = 2\n[[a.d]]\n[[a.d]]\nx=1": {
        "a[0].b.c": "c = 1", "a[1].b.c": "c = 2", "a[1].d[1].x": "x=1", "a[0].d[1]": "[[a]]",
    },
    "s = '''\n[t]\nx = 1'''\n[t]\nx = 2": {"t.x": "x = 2", "s": "s", "t": "[t]"},
    's = ["""\na""", """b"""]': {"s[0]": '"""', "s[1]": '"""b"""'},
    "a = 1979-05-27 07:32:00Z\r\n'b' = {}\r\n[c]\r\n": {"a": "a = 1979-05-27 07:32:00Z", "b": "'b' = {}", "c": "[c]"},
    '"a\\"b" = 1': {'"a\\u0022b"': '"a\\"b" = 1'},
    f"{LONG} = 1": {path([LONG]): f"{LONG} = 1"},
    f"[t]\n{LONG}1.x = 1\n{LONG}2.x = 2": {path(["t", LONG]): "[t]", path(["t", LONG, "x"]): "[t]"},
    "a = [": {"line 1, column 5": "["},
    "a = [ \n\n": {"end of document": " "},
    "": {"end of document": ""},
}  # fmt: skip  # a table of cases


def shown(text: str, spot: Spot) -> str:
    assert spot.length >= 1
    return text.split("\n")[spot.line - 1][spot.column - 1 :][: spot.length]


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=CASES)
def test_a_path_is_found_where_it_is_written(text: str, expected: dict[str, str]) -> None:
    found = locate(text, expected.keys())
    assert {each: shown(text, spot) for each, spot in found.items()} == expected


@pytest.mark.parametrize("text", ["x=" + "[" * 100, "{" * 100, 'x = """'], ids=["arrays", "tables", "string"])
def test_a_fault_of_all_of_a_text_that_is_no_toml_has_no_place(text: str) -> None:
    assert locate(text, [""]) == {}


def test_a_long_key_is_found_by_a_path_that_shows_it_whole() -> None:
    one, other = "a" * 90 + "b", "a" * 90 + "c"
    text = f"[roles.{one}]\nx = 1\n[roles.{other}]\nx = 1\n"
    found = locate(text, [f"roles.{each}.x" for each in (one, other)])
    assert [each.line for each in found.values()] == [2, 4]


def test_what_stands_nowhere_has_no_place() -> None:
    assert locate("[policy]\nname = 'roles'\n[roles2]\nroles = 1", ["roles", "", "tables.a"]) == {}


def test_lines_and_columns_count_from_one() -> None:
    assert locate("\n a.b = 1", ["a.b"]) == {"a.b": Spot(2, 4, 5)}


def test_a_fault_of_a_policy_is_found() -> None:
    text = '[policy]\nname = "x"\npurposs = ["a"]\n[roles.b]\nclearance = "public"\ninherits = ["c"]\n'
    with pytest.raises(PolicyError) as caught:
        Policy.loads(text)
    found = locate(text, [each.path for each in caught.value.faults])
    assert [shown(text, spot) for spot in found.values()] == ['purposs = ["a"]', '"c"']


LEAVES: Final = st.none()
KEYS: Final = st.sampled_from(
    ["a", "b", "c", "a.b", "", "é", "x y", '"', "'", "\\", "\n", "1", "#", "=", "[", "\N{FOX FACE}"]
)
DOCUMENTS: Final = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)  # fmt: skip  # what nests is read best together


def numbered(node: Any, numbers: Iterator[int]) -> Any:
    """The same with a value of its own at each leaf, some of them strings."""
    if isinstance(node, dict):
        return {key: numbered(each, numbers) for key, each in node.items()}
    if isinstance(node, list):
        return [numbered(each, numbers) for each in node]
    number = next(numbers)
    return number if number % 2 else f"= {number} #"


def places(node: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for key, each in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*place, key), each
        yield from places(each, (*place, key))


def parsed(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def is_written(stretch: str, place: tuple[str | int, ...], value: Any) -> bool:
    """Whether a stretch of text is what a document says at a place: a header, an entry, an item; or where it begins."""
    last = place[-1]
    if isinstance(last, int) and parsed(f"x = {stretch}") == {"x": value}:
        return True
    if isinstance(last, str) and parsed(stretch) == {last: value}:
        return True
    if stretch.startswith("["):
        below = parsed(stretch)
        for name in (each for each in place if isinstance(each, str)):
            below = (below[0] if isinstance(below, list) else below or {}).get(name)
        if below in ({}, [{}]):
            return True
    goes_on = isinstance(value, (dict, list, str))
    if isinstance(last, str):
        return goes_on and parsed(f"{stretch} = 1") == {last: 1}
    return goes_on and stretch[:1] in "[{'\""


@given(st.data())
def test_every_place_of_every_spelling_is_found(data: st.DataObject) -> None:
    document = numbered(data.draw(DOCUMENTS), iter(range(100, 10_000)))
    text = data.draw(handwriting.texts(document))
    assert tomllib.loads(text) == document
    wanted = {path(place): (place, value) for place, value in places(document)}
    found = locate(text, wanted.keys())
    assert found.keys() == wanted.keys()
    for each, spot in found.items():
        assert is_written(shown(text, spot), *wanted[each]), (each, shown(text, spot))


@given(st.data())
def test_every_place_of_a_policy_is_found(data: st.DataObject) -> None:
    document = data.draw(strategies.documents(max_tables=2, max_families=2, max_roles=3, max_principals=2))
    text = data.draw(handwriting.texts(document))
    assert tomllib.loads(text) == document
    for each, spot in locate(text, [path(place) for place, _ in places(document)]).items():
        assert shown(text, spot), each


@given(st.data())
def test_one_place_alone_is_found_where_it_is_found_among_all(data: st.DataObject) -> None:
    """What nobody asks for is passed over, strings and arrays with signs of TOML in them too."""
    document = numbered(data.draw(DOCUMENTS), iter(range(100, 10_000)))
    text = data.draw(handwriting.texts(document))
    paths = [path(place) for place, _ in places(document)]
    found = locate(text, paths)
    for each in paths:
        assert locate(text, [each]) == {each: found[each]}


@pytest.mark.parametrize("depth", [1, 3, 4, 5, 50])
@pytest.mark.parametrize("inside", ["", "'] ['", '"""\n[b]\nd = 1"""', "# ]\n", "1979-05-27 07:32:00Z"])
def test_what_nests_is_passed_over_whole(depth: int, inside: str) -> None:
    text = f"[a]\nx = {'[' * depth}{inside}{']' * depth} # [b]\n[b]\nc = 1\n"
    assert tomllib.loads(text)["b"] == {"c": 1}
    assert locate(text, ["b.c"]) == {"b.c": Spot(text.count("\n"), 1, 5)}
