"""What no honest client sends to the example services: an answer that says so, and never one row taken for another."""

from __future__ import annotations

import logging
from typing import Any, Final

import pytest

pytestmark = pytest.mark.slow

APP: Final = (b"app",)
MAYA: Final = (b"maya",)

#: Paths of keys that are no text; in most frameworks they would all be one, of U+FFFD.
NO_TEXT: Final = {
    "a byte": "%ff",
    "another byte": "%fe",
    "an overlong slash": "%c0%af",
    "a surrogate": "%ed%a0%80",
    "a character that is cut short": "%c3",
    "beyond Unicode": "%f4%90%80%80",
    "U+FFFD itself, which servers put for the others": "%ef%bf%bd",
}
#: Different keys, which look alike to somebody.
ALIKE: Final = [
    "%c3%a9",  # é
    "e%cc%81",  # the same, of two characters
    "%c3%83%c2%a9",  # the first one, read as latin-1 and written again
    "%00",
    "%00%00",
    "u1%00",
    "%2e%2e",
    "...",
    "%20",
    "+",
    "%2b%2b",
    "%25ff",
    "%e2%80%ae",
    "%f0%9f%92%a9",
    "K",
    "%e2%84%aa",  # the sign of kelvin
]


@pytest.mark.parametrize("name", NO_TEXT)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_key_that_is_no_text_is_a_400_and_the_store_is_not_asked(
    client: Any, shop: Any, name: str, method: str
) -> None:
    path, who = {"GET": ("/support/accounts/", MAYA), "PUT": ("/accounts/", APP)}[method]
    answer = client.send(method, path + NO_TEXT[name], who, b'{"prof:country": "x"}')
    assert (answer.status, answer.body) == (400, {"error": "a path is to be UTF-8, with `%`, and without U+FFFD"})
    assert shop.told == []


def test_every_other_key_is_a_row_of_its_own(client: Any) -> None:
    for key in ALIKE:
        body = f'{{"prof:country": "{key}", "id:email": "{key}"}}'.encode()
        assert client.send("PUT", f"/accounts/{key}", APP, body).status == 200
    for key in ALIKE:
        assert client.send("GET", f"/support/accounts/{key}", MAYA, b"")[:2] == (200, {"prof:country": key})
        assert client.send("GET", f"/fraud/accounts/{key}", (b"ravi",), b"")[:2] == (200, {"id:email": key})


@pytest.mark.parametrize(
    "target",
    [
        "/support/accounts/",
        "/support/accounts//",
        "/support//accounts/u1",
        "/support/accounts/u1/",
        "/support/accounts/u1%2f",
        "/support/accounts/../emails/u1",
        "/support/accounts/%2e%2e%2femails%2fu1",
        "/support/accounts/u1%2femail",
        "/support%2faccounts/u1%00/x",
    ],
)
def test_a_path_that_is_no_route_is_a_404_and_never_another_one(client: Any, shop: Any, target: str) -> None:
    assert client.send("GET", target, MAYA, b"").status == 404
    assert shop.told == []


def test_a_long_key_is_a_400(client: Any, shop: Any) -> None:
    for length, status in ((32_767, 404), (32_768, 400), (1_000_000, 400)):
        assert client.send("GET", "/support/accounts/" + "k" * length, MAYA, b"").status == status
    assert len(shop.told) == 1


#: Bodies that a `put` cannot be made of.
BODIES: Final = {
    "nothing": b"",
    "an empty object": b"{}",
    "a list": b"[]",
    "a text": b'"prof:country"',
    "null": b"null",
    "a number for a value": b'{"prof:country": 1}',
    "null for a value": b'{"prof:country": null}',
    "an object for a value": b'{"prof:country": {"x": "y"}}',
    "half of a pair as a value": b'{"prof:country": "\\ud800"}',
    "half of a pair as a name": b'{"prof:\\udfff": "x"}',
    "bytes that are no UTF-8": b'{"prof:country": "\xff"}',
    "an overlong one": b'{"prof:country": "\xc0\xaf"}',
    "a very deep one": b"[" * 100_000,
    "a deep one that ends": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of many digits": b'{"prof:country": ' + b"9" * 10_000 + b"}",
    "no number": b"NaN",
    "half of one": b'{"prof:country": "x"',
    "two": b'{"prof:country": "x"}{}',
    "no family": b'{"": "x"}',
    "another family": b'{"nowhere:q": "x"}',
    "a family that is no text of ours": b'{"pr\xc3\xb6f:q": "x"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_makes_no_sense_is_a_400_and_changes_nothing(client: Any, shop: Any, name: str) -> None:
    assert client.send("PUT", "/accounts/new", APP, BODIES[name]).status == 400
    assert shop.told == []


def test_a_huge_body_is_a_413_and_changes_nothing(client: Any, shop: Any) -> None:
    body = b'{"prof:country": "' + b"x" * (2 << 20) + b'"}'
    assert client.send("PUT", "/accounts/new", APP, body).status == 413
    assert shop.told == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/octet-stream"])
def test_a_body_of_another_type_is_refused(client: Any, shop: Any, kind: str) -> None:
    assert client.send("PUT", "/accounts/new", APP, b"prof:country=x", kind).status in (400, 415)
    assert shop.told == []


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((), 401),
        ((b"",), 401),
        ((b"maya", b"app"), 401),
        ((b"maya", b"maya"), 401),
        ((b"maya", b""), 401),
        ((b"MAYA",), 403),
        ((b"maya\x00",), 403),
        ((b"\xff",), 403),
        (("mayá".encode(),), 403),
        ((b"m" * 100_000,), 403),
    ],
    ids=["none", "empty", "two", "the same twice", "one and empty", "case", "NUL", "a byte", "an accent", "long"],
)
def test_who_cannot_be_told_gets_nothing(client: Any, shop: Any, names: tuple[bytes, ...], status: int) -> None:
    assert client.send("GET", "/support/accounts/u1", names, b"").status == status
    assert [each.reason for each in shop.told] == (["unknown_principal"] if status == 403 else [])


def test_what_the_store_holds_and_is_no_text_is_a_500_that_tells_nothing(
    client: Any, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Two cells that are shown as one would be worse, and a denial or a missing row would be a lie."""
    with shop.db.session("app", purpose="service") as session:
        session.table("account").put(b"raw", {b"prof:country": b"\xfe\xed"})
        session.table("account").put(b"name", {b"prof:\xfe\xed": b"x"})
    for key in ("raw", "name"):
        with caplog.at_level(logging.INFO):
            assert client.get(f"/support/accounts/{key}")[:2] == (500, {"error": "it failed"})
        (line,) = [each for each in caplog.records if each.name == "shop"]
        assert line.getMessage() == "answered 500: a cell is no text"
        caplog.clear()
