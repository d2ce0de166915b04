"""The tutorial's service, asked over a socket for what its page does not show."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from types import ModuleType
from typing import Any, Final
from wsgiref.simple_server import make_server

import pytest

import cfacl

PAGE: Final = "docs/tutorial.md"
#: Keys as a client writes them into a path, and as bytes.
KEYS: Final = {
    "%C3%A9": b"\xc3\xa9",
    "%E9": b"\xe9",
    "%ff": b"\xff",
    "%fe": b"\xfe",
    "%EF%BF%BD": "\ufffd".encode(),
    "%00": b"\0",
    "%C0%AF": b"\xc0\xaf",
    "a%2Fb": b"a/b",
    "..": b"..",
}


@pytest.fixture
def ask(blocks_of: Callable[[str], list[Any]]) -> Iterator[Callable[[str], tuple[int, Any]]]:
    files: dict[str, str] = {}
    for block in blocks_of(PAGE):
        name = block.before.removeprefix("Add to ").strip("`:")
        files[name] = files.get(name, "") + block.text
    module = ModuleType("service")
    exec(files["service.py"], vars(module))
    with cfacl.connect("memory://", policy=cfacl.Policy.loads(files["shop.toml"])) as db:
        db.create_tables()
        with db.session("web-shop", purpose="service") as session:
            for path, key in KEYS.items():
                session.table("customer").put(key, {b"orders:x": path.encode(), "orders:\xe9".encode(): b"y"})
        server = make_server("127.0.0.1", 0, module.service(db))
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()

        def get(path: str) -> tuple[int, Any]:
            connection = HTTPConnection("127.0.0.1", server.server_port)
            connection.request("GET", path, headers={"Authorization": "Bearer token-of-maya"})
            answer = connection.getresponse()
            told = answer.status, json.loads(answer.read())
            connection.close()
            return told

        yield get
        server.shutdown()
        running.join()
        server.server_close()


@pytest.mark.parametrize("path", KEYS)
def test_every_key_is_a_row_of_its_own(ask: Callable[[str], tuple[int, Any]], path: str) -> None:
    assert ask(f"/customers/{path}?orders:x") == (200, {"cells": {"orders:x": path}, "withheld": []})


@pytest.mark.parametrize("column", ["orders:%C3%A9", "orders%3A%c3%a9"], ids=str)
def test_a_column_is_what_the_query_says_in_bytes(ask: Callable[[str], tuple[int, Any]], column: str) -> None:
    assert ask(f"/customers/..?{column}") == (200, {"cells": {"orders:\xe9": "y"}, "withheld": []})


def test_no_key_and_a_long_one_are_mistakes(ask: Callable[[str], tuple[int, Any]]) -> None:
    for path in ("/customers/", "/customers/" + "k" * 40_000):
        status, body = ask(path)
        assert (status, body.keys()) == (400, {"error"})


def test_a_refusal_has_an_id_and_no_reason(
    ask: Callable[[str], tuple[int, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    status, body = ask("/customers/..?id")
    assert (status, body.keys(), body["error"]) == (403, {"error", "decision"}, "refused")
    (line,) = [each.getMessage() for each in caplog.records]
    assert line.startswith(f"refused, decision {body['decision']}: `maya` may not ")
