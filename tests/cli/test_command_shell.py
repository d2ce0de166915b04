r"""`cfacl shell`: lines from a pipe; each sees what a session sees, and nothing else."""

from __future__ import annotations

import ast
import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.cli.shell import words as words_module
from cfacl.cli.shell.verbs import VERBS
from cfacl.cli.shell.words import as_word, escaped, shown, words
from cfacl.testing.stores import DATA, CountingStore

HOSTILE: Final = b"\x1b[2J\xff \\x'\"\n\x00"
ROWS: Final = {
    b"u1": {b"id:email": b"ada@example.org", b"prof:country": b"SG", b"prof:": b""},
    b"u2": {b"id:email": b"bob@example.org"},
    b"u3" + HOSTILE: {b"prof:" + HOSTILE: HOSTILE},
}


@pytest.fixture
def policy(write: Any) -> Path:
    path: Path = write(text=write().read_text().replace("until = 2027-01-01T00:00:00Z", ""))
    return path


@pytest.fixture
def store(tmp_path: Path, policy: Path) -> Path:
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
        with db.session("app", purpose="service") as session:
            for key, cells in ROWS.items():
                session.table("account").put(key, cells)
    return tmp_path / "store"


@pytest.fixture
def shell(run: Any, store: Path, policy: Path) -> Callable[..., Any]:
    """Run lines as somebody; as `maya` for `support` if nobody is named."""

    def shell(*lines: str, who: str = "maya", purpose: str = "support", more: tuple[str, ...] = ()) -> Any:
        text = "".join(f"{line}\n" for line in lines).encode()
        return run("shell", store, "--policy", policy, "--as", who, "--purpose", purpose, *more, stdin=text)

    return shell


def documents(ran: Any) -> list[Any]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_row_is_what_is_granted_of_it_and_says_what_is_withheld(shell: Any) -> None:
    ran = shell("row account u1")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split() for line in ran.out.splitlines() if "─" not in line] == [
        ["key", "column", "value"],
        ["b'u1'", "prof:", "b''"],
        ["b'u1'", "prof:country", "b'SG'"],
        ["withheld:", "id"],
    ]


@pytest.mark.parametrize(("who", "purpose"), [("maya", "support"), ("app", "service")])
def test_a_shell_sees_exactly_what_a_session_sees(
    shell: Any, store: Path, policy: Path, who: str, purpose: str
) -> None:
    hostile = repr(b"u3" + HOSTILE)
    lines = ("row account u1", "row account none", f"rows account u1 {hostile} u2", "scan account", "scan account u 1")
    found = documents(shell(*lines, who=who, purpose=purpose, more=("--format", "json")))
    with cfacl.connect(store, policy=policy) as db, db.session(who, purpose=purpose) as session:
        account = session.table("account")
        one, none = account.row(b"u1"), account.row(b"none")
        scanned = list(account.scan())
        expected = [
            ([(b"u1", one)], False),
            ([], False),
            (account.rows([b"u1", b"u3" + HOSTILE, b"u2"]), False),
            (scanned, False),
            (scanned[:1], True),
        ]
    for document, (rows, more) in zip(found, expected, strict=True):
        seen = [
            (_bytes(each["key"]), {_bytes(k): _bytes(v) for k, v in each["cells"].items()}) for each in document["rows"]
        ]
        assert seen == [(key, dict(row)) for key, row in rows]
        assert document["withheld"] == sorted(none.withheld)
        assert document["more"] is more


def _bytes(text: str) -> bytes:
    """What a text of JSON says, by Python's own reading of it."""
    found = ast.literal_eval("b'" + text.replace("'", "\\'") + "'")
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize(
    ("line", "denied"),
    [
        ("row account u1 id", "read` `account:id"),
        ("row account u1 prof:country id:email", "read` `account:id"),
        ("put account u1 prof:country=FR", "write` `account:prof"),
        ("delete account u1 prof", "delete` `account:prof"),
        ("delete account u1", "delete` `account:id`, `account:prof"),
    ],
)
def test_what_is_not_granted_is_one_line_and_one(shell: Any, line: str, denied: str) -> None:
    ran = shell(line, "row account u1", more=("--write",))
    said = f"cfacl: line 1: `maya` may not `{denied}` for `support`; `explain` says what is missing\n"
    assert ran == (1, "", said)


def test_without_a_grant_nothing_reaches_the_store(run: Any, write: Any, monkeypatch: Any) -> None:
    from cfacl.stores.memory import MemoryStore

    opened: list[CountingStore] = []

    def open_store(url: str, **keys: Any) -> CountingStore:
        opened.append(CountingStore(MemoryStore(clock=lambda: 0)))
        return opened[-1]

    monkeypatch.setattr("cfacl.api.connection.open_store", open_store)
    for line in ("row account u1", "rows account u1 u2", "scan account", "put account u1 id:x=1", "delete account u1"):
        asked = ("shell", "memory://", "--policy", write(), "--as", "maya", "--purpose", "service", "--write")
        ran = run(*asked, stdin=line.encode())
        assert (ran.code, ran.out) == (1, ""), ran.err
        assert [each for each in opened.pop().take() if each.method in DATA] == []


def test_nobody_unknown_gets_in(shell: Any) -> None:
    assert shell("tables", who="mya") == (2, "", "cfacl: unknown principal `mya`; did you mean `maya`?\n")
    assert shell("tables", purpose="suport") == (2, "", "cfacl: unknown purpose `suport`; did you mean `support`?\n")


def test_the_shell_has_no_way_to_data_but_a_session() -> None:
    """It imports no store and no bypass, and of a database it takes a session and the policy alone."""
    home = Path(words_module.__file__).parent
    taken: set[str] = set()
    for path in home.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.ImportFrom(module=str(module)):
                    assert not module.startswith(("cfacl.stores", "cfacl.unchecked", "cfacl.engine"))
                case ast.Attribute(value=ast.Attribute(attr="_db") | ast.Name(id="db"), attr=name):
                    taken.add(name)
    assert taken == {"close", "create_tables", "policy", "session"}


def test_it_only_reads_unless_it_is_told(shell: Any) -> None:
    said = "changes data, and this shell only reads; start it with `--write`"
    assert shell("put account u1 prof:x=1", who="app", purpose="service").err == f"cfacl: line 1: `put` {said}\n"
    ran = shell("delete account u1", who="app", purpose="service")
    assert (ran.code, ran.err) == (2, f"cfacl: line 1: `delete` {said}\n")


def test_what_is_written_is_read_back(shell: Any, store: Path, policy: Path) -> None:
    value = repr(HOSTILE)
    ran = shell(
        "# a new one",
        "",
        f"put account 'a b' prof:=empty prof:x={value} id:y=a=b",
        "row account b'a b'",
        "exit",
        "row nowhere u1",
        who="app",
        purpose="service",
        more=("--write", "--format", "csv"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert list(csv.reader(io.StringIO(ran.out, newline=""))) == [
        ["done"],
        ["written"],
        ["key", "column", "value"],
        ["a b", "id:y", "a=b"],
        ["a b", "prof:", "empty"],
        ["a b", "prof:x", escaped(HOSTILE)],
    ]
    with cfacl.connect(store, policy=policy) as db, db.session("app", purpose="service") as session:
        assert session.table("account").row(b"a b") == {b"id:y": b"a=b", b"prof:": b"empty", b"prof:x": HOSTILE}


def test_a_row_that_is_deleted_is_gone(run: Any, write: Any, tmp_path: Path) -> None:
    policy = write(text=write().read_text().replace('"write"]', '"write", "delete"]'))
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
    lines = b"put account u1 prof:x=1 id:y=2\ndelete account u1 prof\nrow account u1\ndelete account u1\nrow account u1"
    asked = ("shell", tmp_path / "store", "--policy", policy, "--as", "app", "--purpose", "service", "--write")
    ran = run(*asked, "--format", "json", stdin=lines)
    assert [each.get("rows", each) for each in documents(ran)] == [
        {"done": "written"},
        {"done": "deleted"},
        [{"key": "u1", "cells": {"id:y": "2"}}],
        {"done": "deleted"},
        [],
    ]


def test_names_of_tables_and_families_are_for_everybody(shell: Any) -> None:
    tables, families, mine = documents(
        shell("tables", "families account", "explain read account:prof", more=("--format", "json"))
    )
    assert tables == [{"table": "account", "read": ["prof"], "write": [], "delete": [], "admin": []}]
    assert families == [
        {"family": "id", "level": "sensitive", "granted": [], "columns": []},
        {"family": "prof", "level": "personal", "granted": ["read"], "columns": []},
    ]
    assert mine["allowed"] is True


def test_explain_answers_no_where_it_is_not_granted(shell: Any) -> None:
    ran = shell("explain read account:id account:prof", "tables")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(
        "maya may not read account:id, account:prof for support\n  account:id (sensitive) is denied\n"
    )


def test_another_purpose_is_another_session(shell: Any) -> None:
    ran = shell("use service", "row account u1")
    assert (
        ran.err
        == "cfacl: line 2: `maya` may not `read` `account:id`, `account:prof` for `service`; `explain` says what is missing\n"
    )
    assert shell("use nothing").code == 2


def test_help_says_every_command(shell: Any) -> None:
    ran = shell("help", "help row")
    assert ran.code == 0
    assert [name for name in VERBS if not any(line.startswith(name) for line in ran.out.splitlines())] == []
    assert ran.out.count("row TABLE KEY [COLUMN...]") == 2


LIMIT: Final = "the third word of `scan` is a limit, a whole number above 0, of 9 digits at most"
WRONG: Final = [
    ("rwo account u1", "there is no command `rwo`; did you mean `row`?"),
    ("xyz", "there is no command `xyz`; `help` lists them"),
    ("help rwo", "there is no command `rwo`; did you mean `row`?"),
    ("row account", "it is written `row TABLE KEY [COLUMN...]`"),
    ("exit now", "it is written `exit`"),
    ("scan account u 1 2", "it is written `scan TABLE [PREFIX [LIMIT]]`"),
    ("scan account u many", LIMIT),
    ("scan account '' 0", LIMIT),
    ("scan account '' ²", LIMIT),
    ("scan account '' 1000000000", LIMIT),
    ("row acount u1", "unknown table `acount`; did you mean `account`?"),
    ("row account u1 porf", "unknown family `porf` of table `account`; did you mean `prof`?"),
    ("row account 'u1", "a quote has no end, or a backslash nothing behind it; close it, or write `\\\\` or `\\'`"),
    (
        r"row account \q",
        r"""a backslash has no meaning here; take `\x00`, `\n`, `\r`, `\t`, `\\`, `\'` or `\"`""",
    ),
    ("put account u1 prof:x", "a value has no `=` before it; write `FAMILY:COLUMN=VALUE`"),
    ("put account u1 prof:x=1 prof:x=2", "a column is named twice; name each once"),
    ("explain read prof", "write families of one table as `TABLE:FAMILY`"),
    ("explain read account:id a:b", "write families of one table as `TABLE:FAMILY`"),
    ("explain raed account:id", "unknown action `raed`; actions are `read`, `write`, `delete`, `admin`"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("line", "said"), WRONG, ids=[each[0] for each in WRONG])
def test_a_line_that_makes_no_sense_is_two_and_ends_it(shell: Any, line: str, said: str) -> None:
    ran = shell("", line, "tables", more=("--write",))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"cfacl: line 2: {said}\n"
    told = shell("", line, "tables", more=("--write", "--format", "json"))
    assert (told.code, told.err) == (2, "")
    assert documents(told) == [{"faults": [{"file": None, "path": "line 2", "message": said}]}]


def test_nothing_of_a_value_drives_a_terminal_and_a_long_one_is_cut_for_people(shell: Any) -> None:
    for form in ("table", "json", "csv"):
        ran = shell("scan account", who="app", purpose="service", more=("--format", form))
        assert all(each.isprintable() or each in "\r\n" for each in ran.out + ran.err)
    shell(f"put account long prof:x={'x' * 5_000}", who="app", purpose="service", more=("--write",))
    people = shell("row account long", who="app", purpose="service")
    assert "(5,000 bytes; `--format json` has them all)" in people.out
    assert "x" * 401 not in people.out
    (document,) = documents(shell("row account long", who="app", purpose="service", more=("--format", "json")))
    assert document["rows"][0]["cells"] == {"prof:x": "x" * 5_000}


def test_csv_has_what_is_withheld_beside_the_rows(shell: Any) -> None:
    ran = shell("scan account u 1", more=("--format", "csv"))
    assert ran.out == "key,column,value\r\nu1,prof:,\r\nu1,prof:country,SG\r\n"
    assert ran.err == "withheld: id\nthere are more; give a prefix and a limit\n"


def test_where_nothing_is_granted_of_a_row_people_are_told(shell: Any) -> None:
    assert shell("row account u2").out == "nothing that is granted\nwithheld: id\n"
    assert shell("scan account x").out == "nothing that is granted\nwithheld: id\n"


def test_memory_is_to_try_a_policy(run: Any, write: Any) -> None:
    asked = ("shell", "memory://", "--policy", write(), "--as", "app", "--purpose", "service")
    assert run(*asked, "--write", "--format", "json", stdin=b"put account u prof:x=1\nrow account u\n").out == (
        '{"done": "written"}\n{"rows": [{"key": "u", "cells": {"prof:x": "1"}}], "withheld": [], "more": false}\n'
    )
    assert run(*asked, stdin=b"").code == 0


@pytest.mark.parametrize("write_too", [(), ("--write",)], ids=["reading", "writing"])
def test_a_store_that_is_not_there_is_not_made(
    run: Any, write: Any, tmp_path: Path, write_too: tuple[str, ...]
) -> None:
    nowhere = tmp_path / "nowhere"
    ran = run("shell", nowhere, "--policy", write(), "--as", "app", "--purpose", "service", *write_too)
    assert ran.code == 2
    assert not nowhere.exists()


def test_a_service_may_have_the_store_open_meanwhile(shell: Any, store: Path, policy: Path) -> None:
    with cfacl.connect(store, policy=policy) as db, db.session("app", purpose="service") as session:
        session.table("account").put(b"now", {b"prof:x": b"1"})
        assert "b'now'" in shell("row account now").out
        assert shell("row account now", more=("--write",)).code == 2


def test_the_policy_is_not_read_from_where_the_lines_are(run: Any, store: Path) -> None:
    ran = run("shell", store, "--policy", "-", "--as", "app", "--purpose", "service")
    assert ran == (2, "", "cfacl: standard input is for what is to be done; name a file for the policy\n")


CFACL: Final = [sys.executable, "-W", "error", "-c", "import sys; from cfacl.cli.app import main; sys.exit(main())"]


@pytest.mark.slow
def test_a_pipe_that_is_closed_or_left_is_told(store: Path, policy: Path) -> None:
    asked = [*CFACL, "shell", str(store), "--policy", str(policy), "--as", "maya", "--purpose", "support"]
    closed = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *asked], capture_output=True, check=False)
    said = b"cfacl: standard input is closed, and nobody is there to type\n"
    assert (closed.returncode, closed.stdout, closed.stderr) == (2, b"", said)
    text = "row account u1\n" * 2_000
    left = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | head -1 >/dev/null', "bash", *asked],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    assert (left.returncode, left.stderr) == (141, b"")


def test_an_interrupt_ends_it_as_it_ends_others(store: Path, policy: Path) -> None:
    asked = [*CFACL, "shell", str(store), "--policy", str(policy), "--as", "maya", "--purpose", "support"]
    process = subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"tables\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"table")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err


@given(st.lists(st.binary(max_size=12), max_size=5))
def test_whatever_is_shown_can_be_typed(values: list[bytes]) -> None:
    def in_quotes(value: bytes) -> str:
        return "'" + escaped(value).replace("'", "\\'") + "'"

    for write in (repr, as_word, in_quotes):
        assert [each.value for each in words("  ".join(map(write, values)))] == values
    assert [shown(each) for each in values] == [repr(each) for each in values]


@given(st.text(max_size=20))
def test_any_line_is_words_or_an_error_of_ours(line: str) -> None:
    try:
        found = words(line)
    except cfacl.RequestError:
        return
    assert all(each.equals is None or each.value[each.equals : each.equals + 1] == b"=" for each in found)


def test_quotes_blanks_and_equal_signs() -> None:
    found = words(r"""a b'c d' "e\"f" g\x00h '' x='=' 'y=z'=1 ü""")
    assert [each.value for each in found] == [b"a", b"c d", b'e"f', b"g\0h", b"", b"x==", b"y=z=1", "ü".encode()]
    assert [each.equals for each in found] == [None, None, None, None, None, 1, 3, None]
