"""The services of docs/examples, by way of the clients that their frameworks are tested with, on both embedded stores."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

import cfacl

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples"
#: A route of each principal that reads.
ROUTE: Final = {"maya": "/support/accounts/", "ravi": "/fraud/accounts/"}


# --------------------------------------------------------------------------------------------------------------- seeing


@pytest.mark.parametrize("who", ROUTE)
def test_each_sees_what_they_are_granted(client: Any, shop: Any, who: str) -> None:
    assert client.get(ROUTE[who] + "u3", who)[:2] == (200, shop.expected(who, "u3"))


def test_the_service_writes_and_others_read_it(client: Any) -> None:
    data = {"prof:country": "SG", "id:email": "ada@example.org"}
    assert client.one("PUT", "/accounts/new", "app", data)[:2] == (200, {"written": "new"})
    assert client.get("/support/accounts/new", "maya").body == {"prof:country": "SG"}
    assert client.get("/fraud/accounts/new", "ravi").body == {"id:email": "ada@example.org"}


def test_a_row_of_which_nothing_may_be_seen_is_as_one_that_is_not_there(client: Any) -> None:
    client.one("PUT", "/accounts/secret", "app", {"id:email": "x"})
    hidden, missing = client.get("/support/accounts/secret"), client.get("/support/accounts/none")
    assert hidden[:2] == missing[:2]
    assert hidden.status == 404


# -------------------------------------------------------------------------------------------------------------- refusing


#: Requests that are refused, whoever they are of.
REFUSED: Final = {
    "a column that is not granted": ("GET", "/support/emails/u1", "maya", None),
    "a write": ("PUT", "/accounts/u1", "maya", {"prof:country": "x"}),
    "another purpose": ("GET", "/fraud/accounts/u1", "maya", None),
    "of the service itself": ("GET", "/support/accounts/u1", "app", None),
    "nobody that is known": ("GET", "/support/accounts/u1", "mallory", None),
    "a name that is a line": ("GET", "/support/accounts/u1", "x` may", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_403_with_an_id_that_the_log_has_too(
    client: Any, shop: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.one(*REFUSED[name])
    assert answer.status == 403
    decision = answer.body["decision"]
    assert re.fullmatch("[0-9a-f]{16}", decision)
    (line,) = [each for each in caplog.records if each.name == "shop"]
    assert line.getMessage().startswith(f"answered 403, decision {decision}: ")
    assert line.getMessage().isprintable()
    records = [vars(each).get("cfacl_decision") for each in caplog.records if each.name == "cfacl.audit"]
    assert records == [decision]
    assert [each.decision for each in shop.told] == records


def test_a_refusal_tells_nothing_else(client: Any) -> None:
    """All refusals look alike, whatever is behind them; and those of rows that are there as those of rows that are not."""
    answers = client.many([*REFUSED.values()])
    answers += client.many([("GET", f"/support/emails/{key}", "maya", None) for key in ("u1", "none")])
    seen = {
        (each.status, frozenset(each.body), each.body["error"], *[f"{k}: {v}" for k, v in sorted(each.headers.items())])
        for each in answers
    }
    assert len(seen) == 1
    assert len({each.body["decision"] for each in answers}) == len(answers)


def test_who_says_no_name_is_not_even_asked_for(client: Any, shop: Any) -> None:
    assert client.get("/support/accounts/u1", None).status == 401
    assert shop.told == []


# --------------------------------------------------------------------------------------------------------------- failing


def test_a_store_that_is_away_is_a_503_that_says_when_to_come_again(client: Any, shop: Any) -> None:
    shop.faulty.fail("get", cfacl.StoreUnavailable("the store is away"))
    answer = client.get("/support/accounts/u1")
    assert (answer.status, answer.body) == (503, {"error": "try again later"})
    assert answer.headers["retry-after"] == "5"
    assert client.get("/support/accounts/u1").status == 200


def test_a_database_that_is_closed_is_one_too(client: Any, shop: Any) -> None:
    shop.db.close()
    assert client.get("/support/accounts/u1").status == 503


@pytest.mark.parametrize(
    "error", [cfacl.StoreTimeout("slow"), KeyError("secret")], ids=["a timeout", "what no store should raise"]
)
def test_what_else_a_store_does_is_a_500_that_tells_nothing(client: Any, shop: Any, error: Exception) -> None:
    shop.faulty.fail("get", error)
    assert client.get("/support/accounts/u1")[:2] == (500, {"error": "it failed"})


@pytest.mark.parametrize(
    ("path", "body"),
    [("/accounts/" + "k" * 40_000, {"prof:country": "x"}), ("/accounts/u1", {"nowhere:q": "x"}), ("/accounts/u1", {})],
    ids=["a long key", "an unknown family", "nothing"],
)
def test_a_request_that_makes_no_sense_is_a_400_and_changes_nothing(
    client: Any, shop: Any, path: str, body: dict[str, str]
) -> None:
    answer = client.one("PUT", path, "app", body)
    assert answer.status == 400
    assert "kkk" not in answer.body["error"]
    assert shop.told == []


# --------------------------------------------------------------------------------------------------------- many at once


def test_nobody_sees_what_is_anothers_however_many_ask_at_once(client: Any, shop: Any) -> None:
    asked: list[tuple[str, str, str | None, object]] = []
    expected: list[tuple[int, Any]] = []
    for key in shop.KEYS:
        for who, route in ROUTE.items():
            asked += [("GET", route + key, who, None), ("GET", f"/support/emails/{key}", who, None)]
            expected += [(200, shop.expected(who, key)), (403, None)]
        asked.append(("GET", f"/fraud/accounts/{key}", "maya", None))
        expected.append((403, None))
        asked.append(("GET", f"/support/accounts/{key}", "mallory", None))
        expected.append((403, None))
    asked, expected = asked * 3, expected * 3
    answers = client.many(asked)
    assert [(each.status, None if each.status == 403 else each.body) for each in answers] == expected
    refused = [each.body["decision"] for each in answers if each.status == 403]
    assert len({*refused}) == len(refused)
    # What was told is of those who asked: nobody's request was decided as another's.
    assert {(each.principal, each.purpose) for each in shop.told if each.allowed} == {
        ("maya", "support"),
        ("ravi", "fraud"),
    }


def test_every_session_is_closed_with_its_request(client: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[cfacl.Session] = []
    real = cfacl.Database.session

    def opening(db: cfacl.Database, principal: str, purpose: str) -> cfacl.Session:
        opened.append(real(db, principal, purpose))
        return opened[-1]

    monkeypatch.setattr(cfacl.Database, "session", opening)
    client.many([("GET", f"/support/accounts/{key}", "maya", None) for key in shop.KEYS])
    client.many([("GET", f"/support/emails/{key}", "maya", None) for key in shop.KEYS])
    client.many([("GET", f"/fraud/accounts/{key}", "ravi", None) for key in shop.KEYS])
    assert len({id(each) for each in opened}) == len(opened) == 3 * len(shop.KEYS)
    for each in opened:
        with pytest.raises(cfacl.Closed):
            each.families("read", "account")


# ----------------------------------------------------------------------------------------------------------- as it runs


def test_the_database_is_closed_when_the_service_ends(shop: Any, example: Callable[[str], ModuleType]) -> None:
    """Of FastAPI, which tells a service of its end; Flask does not, and a process that ends closes its files."""
    app = example("fastapi").create_app(shop.db)

    async def live() -> None:
        async with app.router.lifespan_context(app):
            shop.db.stats()

    asyncio.run(live())
    with pytest.raises(cfacl.Closed):
        shop.db.stats()


RUN: Final = {
    "fastapi": "import asyncio, httpx; app = service.main()\n"
    "async def ask():\n"
    "    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url='http://shop') as client:\n"
    "        for method, path, who, body in said:\n"
    "            answer = await client.request(method, path, json=body, headers={'X-Fake-User': who})\n"
    "            print(answer.status_code, answer.json())\n"
    "asyncio.run(ask())",
    "flask": "app = service.main()\n"
    "for method, path, who, body in said:\n"
    "    answer = app.test_client().open(path, method=method, json=body, headers={'X-Fake-User': who})\n"
    "    print(answer.status_code, answer.get_json())",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_what_is_shown_at_its_top_is_what_happens(name: str, tmp_path: Path) -> None:
    """In a process of its own, on RocksDB, as `main` makes it."""
    top = (EXAMPLES / f"{name}_service.py").read_text("utf-8").partition('"""\n\nfrom')[0]
    asked = re.findall(
        r"curl -H 'X-Fake-User: (\w+)' +(?:-X (\w+) )?localhost:\d+(\S+)(?:[^\n]*\\\n *-d '(.*?)')?(?: +# (.*))?$",
        top,
        re.MULTILINE,
    )
    assert len(asked) == 3
    said = [(method or "GET", path, who, eval(body or "None")) for who, method, path, body, _ in asked]
    code = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); import {name}_service as service; said = {said!r}\n{RUN[name]}"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    put, seen, refused = ran.stdout.splitlines()
    assert put == "200 {'written': 'u17'}"
    assert seen == "200 " + asked[1][4].replace('"', "'")
    assert re.fullmatch(
        r"403 \{'decision': '[0-9a-f]{16}', 'error': 'refused'\}|403 \{'error': 'refused', 'decision': '[0-9a-f]{16}'\}",
        refused,
    )
    assert asked[2][4] == "403, with a decision id"
    decision = re.search("[0-9a-f]{16}", refused)
    assert decision is not None
    assert ran.stderr.count(decision[0]) == 2


@pytest.mark.parametrize("name", RUN)
def test_the_authentication_says_loudly_that_it_is_none(name: str) -> None:
    text = (EXAMPLES / f"{name}_service.py").read_text("utf-8")
    assert "!!!  THIS AUTHENTICATES NOBODY" in text


#: What ends the server with a worker: of uvicorn, and of gunicorn, where 3 would have Flask's reloader begin again.
CODES: Final = {"fastapi": 3, "flask": 4}


@pytest.mark.slow
@pytest.mark.parametrize("name", CODES)
def test_a_second_process_is_told_in_a_line_and_is_not_to_be_started_again(name: str, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); import {name}_service as service; app = service.main()"
    again = f"{code}; import subprocess; sys.exit(subprocess.run([sys.executable, '-c', {code!r}]).returncode)"
    ran = subprocess.run([sys.executable, "-c", again], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == CODES[name]
    (line,) = ran.stderr.splitlines()
    assert line.startswith("CRITICAL:shop:not started: ")
    assert "another process has this store open" in line


@pytest.mark.slow
def test_a_server_with_two_workers_stops_and_says_why(tmp_path: Path) -> None:
    command = ["gunicorn", "--workers=2", "--bind=127.0.0.1:0", f"--pythonpath={EXAMPLES}", "flask_service:main()"]
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 4
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("CRITICAL:shop:not started: ") == 1


@pytest.mark.slow
def test_the_reloader_of_flask_ends_with_its_child(tmp_path: Path) -> None:
    command = ["flask", f"--app={EXAMPLES / 'flask_service.py'}:main", "run", "--debug", "--port=0"]
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 4
    assert ran.stderr.count("CRITICAL:shop:not started: ") == 1
