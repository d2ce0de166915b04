"""`cfacl demo`: what is on the screen was computed, and is the same each time but for what a clock measured."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.cli.demo import scenario, tour
from cfacl.cli.demo.loading import load, loading_policy
from cfacl.cli.demo.records import key, records
from cfacl.cli.demo.show import NARROWEST, show
from cfacl.cli.screen import console
from cfacl.model.grants import nanoseconds

USERS: Final = 40
DEMO: Final = [
    sys.executable,
    "-W",
    "error",
    "-c",
    "import sys; from cfacl.cli.app import main; sys.exit(main())",
    "demo",
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the demonstration computes for a few users, in a store that is kept."""
    from contextlib import ExitStack

    from cfacl.cli.demo.command import _run

    folder = tmp_path_factory.mktemp("demo") / "store"
    with ExitStack() as stack:
        return _run(stack, USERS, folder)


def test_there_are_records_for_every_family_and_only_declared_columns() -> None:
    catalog = scenario.policy().catalog
    seen = set()
    for record in records(600):
        for family, values in record.families.items():
            declared = catalog.tables[record.table].families[family].columns
            assert values
            assert declared is None or {name.encode() for name in values} <= declared
            seen.add((record.table, family))
    assert seen == {(table.name, family) for table in catalog.tables.values() for family in table.families}


def test_records_are_the_same_each_time_and_their_keys_are_their_own() -> None:
    first, second = list(records(30)), list(records(30))
    assert first == second
    assert len({(record.table, record.key) for record in first}) == len(first)
    assert key("account", 1) != key("device", 1)


def test_the_loading_policy_may_write_everything_and_read_nothing() -> None:
    policy = loading_policy(scenario.policy())
    assert cfacl.Policy.loads(policy.dumps()) == policy
    with cfacl.connect("memory://", policy=policy) as db:
        given = db.what("loader")
    assert len(given) == 30
    assert {each.action for each in given} == {"write"}


def test_after_loading_nothing_of_the_loading_policy_is_left(document: Any) -> None:
    assert "removed from the policy" in document["loading"]["then"]


def test_six_see_one_row_each_their_own_part(document: Any) -> None:
    row = document["row"]
    seen = {view["principal"]: (view["cells"], view["withheld"], view["refused"]) for view in row["views"]}
    assert len(seen) == 6
    families = {
        name: sorted({cell.partition(":")[0] for cell in cells})
        for name, (cells, _, refused) in seen.items()
        if not refused
    }
    assert families == {"svc-app": ["id", "prof"], "svc-auth": ["auth"], "fay": ["prof"]}
    assert {name: withheld for name, (_, withheld, refused) in seen.items() if not refused} == {
        "svc-app": ["auth"],
        "svc-auth": ["id", "prof"],
        "fay": ["auth", "id"],
    }
    assert [name for name, (_, _, refused) in seen.items() if refused] == ["maya", "sven", "marco"]
    (person,) = [record for record in records(1) if record.table == "account"]
    assert seen["svc-app"][0]["id:name"] == person.families["id"]["name"]


def test_the_three_refusals_are_refused_and_explained(document: Any) -> None:
    assert len(document["refusals"]) == 3
    for refusal in document["refusals"]:
        assert refusal["message"].startswith(f"`{refusal['principal']}` may not `read`")
        assert refusal["explanation"]["allowed"] is False
        assert "missing" in refusal["text"]
    assert "it is not for `product_dev`" in document["refusals"][1]["text"]
    assert "the assignment of `crash-dumps` ended" in document["refusals"][2]["text"]


def test_a_scan_counts_what_each_may_see_and_nothing_else(document: Any) -> None:
    scan = document["scan"]
    full, app_view, finn, nobody = scan["views"]
    assert full["cells"] == scan["stored"]
    assert full["withheld"] == []
    assert app_view["cells"] == {family: scan["stored"][family] for family in ("hw", "bind")}
    assert app_view["withheld"] == ["geo"]
    assert finn["cells"] == {"hw": scan["stored"]["hw"]}
    assert finn["withheld"] == ["bind", "geo"]
    assert nobody["refused"]
    assert nobody["rows"] == 0
    devices = sum(record.table == "device" for record in records(USERS))
    assert full["rows"] == app_view["rows"] == finn["rows"] == devices


def test_the_revoke_bites_on_the_next_call_and_is_what_diff_says(document: Any) -> None:
    revoke = document["revoke"]
    assert revoke["cells_before"] > 0
    assert revoke["after"].startswith("`fay` may not `read`")
    assert "read account:prof for fraud" in revoke["lost"]


def test_a_call_that_is_not_refused_is_not_told_as_a_refusal() -> None:
    assert tour._refusal(lambda: None) is None


def test_the_cost_is_measured_beside_an_empty_call(document: Any) -> None:
    measured = document["cost"]["nanoseconds"]
    assert next(iter(measured)) == "an empty method"
    assert len(measured) == 4
    assert all(nanoseconds > 0 for nanoseconds in measured.values())


def test_everything_that_waits_is_listed_with_what_it_waits_for(document: Any) -> None:
    listed = document["waiting"]["cells"]
    assert len(listed) == len(scenario.waiting()) == 126
    assert all(cell["waits_for"] for cell in listed)
    assert {"family": "account:id", "who": "support-l1"}.items() <= next(
        cell for cell in listed if cell["what"] == "read masked ticket"
    ).items()
    assert document["waiting"]["beyond"]


def test_json_is_one_document_with_the_same_in_it(run: Any, document: Any) -> None:
    ran = run("demo", "--users", USERS, "--format", "json")
    assert ran.code == 0
    assert ran.err == ""
    found = ran.document
    assert found.keys() == document.keys()
    for part in ("policy", "clock", "loading", "row", "waiting"):
        assert found[part] == document[part]
    assert found["store"]["rows"] == document["store"]["rows"]
    assert found["store"]["directory"] is None


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_screen_breaks_no_word_but_those_of_cells(document: Any, capsys: Any, width: int) -> None:
    def words(width: int) -> set[str]:
        show(document, console(width=width))
        return {word for word in capsys.readouterr().out.split() if word.strip("─")}

    values = [value for view in document["row"]["views"] for value in view["cells"].values()]
    assert all(any(word in value for value in values) for word in words(width) - words(250))


@pytest.mark.slow
@pytest.mark.parametrize("width", [*range(1, 41), 60, 80, 200])
def test_nothing_of_it_is_lost_at_any_width(document: Any, capsys: Any, monkeypatch: Any, width: int) -> None:
    def letters(width: int) -> Counter[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        show(document, console(least=NARROWEST))
        return Counter("".join(capsys.readouterr().out.replace("─", "").split()))

    assert letters(width) >= letters(1_000)


@pytest.mark.parametrize("width", [80, *(pytest.param(each, marks=pytest.mark.slow) for each in (100, 120))])
def test_the_screen_is_kept_to_and_shows_every_part(run: Any, monkeypatch: Any, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run("demo", "--users", 5)
    assert ran.code == 0
    assert ran.err == ""
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert max(map(len, lines[:-1])) <= width  # the last is a command to copy, and so in one piece
    text = " ".join(" ".join(lines).split())
    for number in range(1, 7):
        assert any(line.startswith(f"{number}  ") for line in lines)
    for shown in ("withheld", "refused", "granted", "AccessDenied `fay` may not", "R90", "126 entries", "svc-app"):
        assert shown in text
    assert "id, sensitive granted withheld withheld refused refused refused" in text
    assert "auth, sensitive withheld granted withheld refused refused refused" in text
    (scanned,) = (line.split() for line in lines if line.startswith("finn "))
    assert scanned[:3] == ["finn", "for", "maintenance"]
    assert scanned[-2:] == ["withheld", "withheld"]
    for part in scenario.waiting():
        assert part.code in text.split() or f"{part.code}," in text
    for rule in scenario.beyond():
        assert rule.what in text


def test_a_kept_store_can_be_opened_again_under_the_policy(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    ran = run("demo", "--users", 3, "--path", folder)
    assert ran.code == 0
    assert f"The store stays in {folder}\n" in ran.out
    now = nanoseconds(datetime.fromisoformat(scenario.NOW))
    with (
        cfacl.connect(folder, policy=scenario.policy_file(), clock=lambda: now) as db,
        db.session("fay", purpose="fraud") as session,
    ):
        assert len(list(session.table("account").scan())) == 3


@pytest.mark.parametrize("found", [True, False])
def test_the_screen_ends_with_a_question_that_can_be_asked(
    run: Any, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/cfacl"])
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/cfacl" if found else None)
    ran = run("demo", "--users", 1)
    assert "Store: RocksDB, 1 made-up user, " in ran.out
    last = ran.out.splitlines()[-1].split()
    assert last[0] == ("cfacl" if found else ".venv/bin/cfacl")
    asked = run(*last[1:])
    assert asked.code == 1
    assert "maya may not read account:id for support" in asked.out


def test_a_folder_with_something_in_it_is_left_alone(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    for path in (tmp_path, tmp_path / "mine"):
        ran = run("demo", "--users", 1, "--path", path)
        assert ran == (2, "", f"cfacl: `{path}` is not empty; name a new directory\n")
    assert (tmp_path / "mine").read_text() == "x"


def test_without_faker_it_says_what_to_install(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("cfacl.cli.demo.command.find_spec", lambda name: None)
    ran = run("demo")
    assert ran.code == 2
    assert ran.out == ""
    assert "pip install 'cfacl[demo]'" in ran.err


def test_the_number_of_users_is_at_least_one(run: Any) -> None:
    ran = run("demo", "--users", 0)
    assert ran.code == 2
    assert "--users" in ran.err


@pytest.mark.slow
def test_progress_is_told_to_a_terminal_only_and_on_stderr() -> None:
    screen, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        [*DEMO, "--users", "300", "--format", "json"], env=environment, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(screen, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(screen)
    assert process.returncode == 0
    assert b"making up users" in shown
    assert b"making up users" not in out
    assert out.startswith(b"{")


def test_every_written_cell_is_counted() -> None:
    calls: list[None] = []
    with cfacl.connect("memory://", policy=loading_policy(scenario.policy())) as db:
        db.create_tables()
        loaded = load(db, 5, lambda: calls.append(None))
    made = list(records(5))
    assert len(calls) == 5
    assert loaded.rows == len(made)
    assert sum(loaded.cells.values()) == sum(len(values) for record in made for values in record.families.values())
