"""The example services as they stand in the docs, over a database of the test's."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

import httpx
import pytest

import cfacl
from cfacl.audit.log import Log
from cfacl.policy.compile import compile_policy
from cfacl.stores.registry import open_store
from cfacl.testing.stores import FaultyStore

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="session")
def example() -> Callable[[str], ModuleType]:
    """Import an example by the name of its framework."""

    def load(name: str) -> ModuleType:
        module = f"example_{name}"
        if module not in sys.modules:
            spec = importlib.util.spec_from_file_location(module, EXAMPLES / f"{name}_service.py")
            assert spec is not None
            assert spec.loader is not None
            made = importlib.util.module_from_spec(spec)
            sys.modules[module] = made  # where the frameworks look up what annotations name
            spec.loader.exec_module(made)
        return sys.modules[module]

    return load


class Shop:
    """A database behind the examples' policy, whose store fails when it is told to, and the events that it told."""

    #: What is written; each value says which family it is in, and of whom.
    KEYS: Final = [f"u{number}" for number in range(20)]

    def __init__(self, location: str) -> None:
        policy = cfacl.Policy.load(EXAMPLES / "shop.toml")
        self.faulty = FaultyStore(open_store(location, clock=lambda: 1_800_000_000_000_000_000))
        self.told: list[cfacl.Event] = []
        log = Log()

        def tell(event: cfacl.Event) -> None:
            self.told.append(event)
            log(event)

        self.db = cfacl.Database(
            self.faulty, policy, compile_policy(policy), tell, lambda: 1_800_000_000_000_000_000, durable=False
        )
        self.db.create_tables()
        with self.db.session("app", purpose="service") as session, session.table("account").batch() as batch:
            for key in self.KEYS:
                batch.put(key.encode(), {b"prof:country": f"prof-{key}".encode(), b"id:email": f"id-{key}".encode()})
        self.told.clear()

    @staticmethod
    def expected(principal: str, key: str) -> dict[str, str]:
        """What the route of a principal shows of a row."""
        return {"maya": {"prof:country": f"prof-{key}"}, "ravi": {"id:email": f"id-{key}"}}[principal]


@pytest.fixture(params=["memory", "rocksdb"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = Shop("memory://" if request.param == "memory" else f"rocksdb://{tmp_path}/store")
    yield made
    made.db.close()


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Client:
    """Asks a service, one request or many at once; the same for both frameworks."""

    def one(self, method: str, path: str, who: str | None = "maya", body: object = None) -> Answer:
        return self.many([(method, path, who, body)])[0]

    def get(self, path: str, who: str | None = "maya") -> Answer:
        return self.one("GET", path, who)

    def many(self, requests: list[tuple[str, str, str | None, object]]) -> list[Answer]:
        raise NotImplementedError

    def send(
        self, method: str, target: str, names: tuple[bytes, ...], content: bytes, kind: str = "application/json"
    ) -> Answer:
        """Hand a request over as the frameworks' servers do, with nothing tidied: by so many headers, who it is of."""
        raise NotImplementedError


class OfFastAPI(Client):
    def __init__(self, app: Any) -> None:
        self.app = app

    def many(self, requests: list[tuple[str, str, str | None, object]]) -> list[Answer]:
        async def run() -> list[Answer]:
            # What an app raises, and answers 500 to, is not to be raised here.
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                made: list[Coroutine[Any, Any, httpx.Response]] = [
                    client.request(method, path, json=body, headers={} if who is None else {"X-Fake-User": who})
                    for method, path, who, body in requests
                ]
                answers = await asyncio.gather(*made)
            return [
                Answer(each.status_code, each.json(), {k.lower(): v for k, v in each.headers.items()})
                for each in answers
            ]

        return asyncio.run(run())

    def send(
        self, method: str, target: str, names: tuple[bytes, ...], content: bytes, kind: str = "application/json"
    ) -> Answer:
        told: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),  # as uvicorn does it: what is no UTF-8 is replaced
            "raw_path": target.encode(),
            "query_string": b"",
            "headers": [
                (b"content-type", kind.encode()),
                (b"content-length", str(len(content)).encode()),
                *[(b"x-fake-user", name) for name in names],
            ],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def tell(message: Any) -> None:
            told.append(message)

        try:
            asyncio.run(self.app(scope, receive, tell))
        except Exception:  # noqa: BLE001  # Starlette answers 500, and then raises for the server's log
            assert told[0]["status"] == 500
        body = b"".join(each.get("body", b"") for each in told[1:])
        answer = httpx.Response(told[0]["status"], headers=told[0]["headers"], content=body)
        is_json = answer.headers["content-type"] == "application/json"
        return Answer(answer.status_code, answer.json() if is_json else answer.text, dict(answer.headers))


class OfFlask(Client):
    def __init__(self, app: Any) -> None:
        self.app = app

    def many(self, requests: list[tuple[str, str, str | None, object]]) -> list[Answer]:
        def ask(said: tuple[str, str, str | None, object]) -> Answer:
            method, path, who, body = said
            headers = {} if who is None else {"X-Fake-User": who}
            answer = self.app.test_client().open(path, method=method, json=body, headers=headers)
            return Answer(
                answer.status_code, answer.get_json(silent=True), {k.lower(): v for k, v in answer.headers.items()}
            )

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(ask, requests))

    def send(
        self, method: str, target: str, names: tuple[bytes, ...], content: bytes, kind: str = "application/json"
    ) -> Answer:
        # As WSGI has it: bytes are characters of latin-1, and headers of one name are one.
        environ = {"PATH_INFO": unquote_to_bytes(target).decode("latin-1")}
        if names:
            environ["HTTP_X_FAKE_USER"] = b",".join(names).decode("latin-1")
        answer = self.app.test_client().open(method=method, data=content, content_type=kind, environ_overrides=environ)
        return Answer(answer.status_code, answer.get_json(silent=True) or answer.text, dict(answer.headers))


CLIENTS: Final[dict[str, Callable[[Any], Client]]] = {"fastapi": OfFastAPI, "flask": OfFlask}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, shop: Any, example: Callable[[str], ModuleType]) -> Client:
    return CLIENTS[request.param](example(request.param).create_app(shop.db))
