"""The example services behind real servers, which do to a path and to headers what the frameworks' own clients do not."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import ModuleType
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import make_server as make_reference

import pytest
import uvicorn
from werkzeug.serving import make_server

#: What a server does is the same in front of any store.
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("shop", ["memory"], indirect=True)]


@contextmanager
def under_uvicorn(app: Any) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@contextmanager
def served(server: Any) -> Iterator[int]:
    with server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def under_werkzeug(app: Any) -> Any:
    """As `flask run`: it replaces what is no text before the service is asked."""
    return served(make_server("127.0.0.1", 0, app, threaded=True))


def under_the_reference(app: Any) -> Any:
    """As WSGI has it: it hands on which bytes a path was, and not the line of the request."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    return served(make_reference("127.0.0.1", 0, app, handler_class=Quiet))


SERVERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "uvicorn": ("fastapi", under_uvicorn),
    "werkzeug": ("flask", under_werkzeug),
    "wsgiref": ("flask", under_the_reference),
}


@pytest.fixture(params=SERVERS)
def port(request: pytest.FixtureRequest, shop: Any, example: Callable[[str], ModuleType]) -> Iterator[int]:
    framework, under = SERVERS[request.param]
    with under(example(framework).create_app(shop.db)) as found:
        yield found


def asked(port: int, line: bytes, *headers: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as it is, and return the status and what else is answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        length = b"Content-Length: %d" % len(body)
        lines = [line + b" HTTP/1.1", b"Host: shop", b"Connection: close", length, *headers, b"", body]
        connection.sendall(b"\r\n".join(lines))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return int(answer.split(b" ", 2)[1]), answer


def put(port: int, key: bytes, body: bytes = b'{"prof:country": "x"}') -> int:
    kind = b"Content-Type: application/json"
    return asked(port, b"PUT /accounts/" + key, b"X-Fake-User: app", kind, body=body)[0]


def get(port: int, key: bytes, *headers: bytes) -> tuple[int, bytes]:
    return asked(port, b"GET /support/accounts/" + key, *(headers or (b"X-Fake-User: maya",)))


def json_of(answer: bytes) -> Any:
    (found,) = re.findall(rb"\{.*\}", answer)
    return json.loads(found)


#: Keys of which a server makes others, each as it is in the line of a request.
BROKEN: Final = {
    "a byte": b"u%ff17",
    "another byte": b"u%fe17",
    "a character that is cut short": b"u%c317",
    "a surrogate": b"u%ed%a0%8017",
    "what all of them become": b"u%ef%bf%bd17",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_key_that_is_no_text_is_a_400_under_every_server(port: int, shop: Any, name: str) -> None:
    assert put(port, BROKEN[name]) == 400
    assert get(port, BROKEN[name])[0] == 400
    assert shop.told == []


#: What no client may send in a path, though some do: it is one character to this server, and two or none to that.
RAW: Final = [b"u\xff17", b"u\xc3\xa917", "u\N{REPLACEMENT CHARACTER}17".encode()]


@pytest.mark.parametrize("key", RAW)
def test_bytes_as_they_are_never_reach_a_row_that_is_written_otherwise(port: int, key: bytes) -> None:
    others = {b"u%c3%bf17": "ÿ", b"u%c3%a917": "é", b"u%c3%83%c2%a917": "Ã©", b"u%c3%af%c2%bf%c2%bd17": "ï¿½"}
    for other, value in others.items():
        assert put(port, other, f'{{"prof:country": "{value}"}}'.encode()) == 200
    status, answer = get(port, key)
    if status != 400:  # a server that hands on the bytes, and not the line: the key is what they are as text
        assert (status, key, json_of(answer)) == (200, b"u\xc3\xa917", {"prof:country": "é"})


def test_every_other_key_is_a_row_of_its_own(port: int) -> None:
    keys = [
        b"%c3%a9",
        b"e%cc%81",
        b"%c3%83%c2%a9",
        b"%c3%bf",
        b"%00",
        b"%25ff",
        b"%2e%2e",
        b"+",
        b"%20",
        b"%3f",
        b"%23",
    ]
    for number, key in enumerate(keys):
        assert put(port, key, b'{"prof:country": "%d"}' % number) == 200
    for number, key in enumerate(keys):
        status, answer = get(port, key)
        assert (status, json_of(answer)) == (200, {"prof:country": str(number)})


@pytest.mark.parametrize(
    "headers",
    [
        [b"Accept: */*"],
        [b"X-Fake-User: ravi", b"X-Fake-User: maya"],
        [b"X-Fake-User: maya", b"x-fake-user: app"],
        [b"X-Fake-User: app,maya"],
        [b"X-Fake-User: may\xc3\xa1"],
        [b"X-Fake-User: may\xff"],
    ],
    ids=["none", "two", "two cases", "a comma", "an accent", "a byte"],
)
def test_who_is_not_named_by_one_header_gets_nothing(port: int, headers: list[bytes]) -> None:
    assert get(port, b"u1", *headers)[0] in {401, 403}


def test_what_follows_a_path_says_nothing_of_who_asks_or_what_for(port: int) -> None:
    said, answer = get(port, b"u1?x_fake_user=app&X-Fake-User=app&purpose=service&key=u2&%ff=%ed%a0%80")
    assert (said, json_of(answer)) == (200, {"prof:country": "prof-u1"})
    assert get(port, b"u1?x_fake_user=maya", b"Accept: */*")[0] == 401
