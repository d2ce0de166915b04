"""`cfacl native`: plan, apply, verify; what they do to a real store is in `tests/native`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.errors import StoreError
from cfacl.stores.memory import MemoryStore
from cfacl.stores.native import NativeRights, Right, RightsOff, Said, Unsaid

URL: Final = ("--store", "hbase://gateway")
SUPPORT: Final = "the policy does not give it always and for every purpose"
UNSEEN: Final = "not visible here: who is a superuser, who is in which group, and rights of single cells\n"


class Rights(NativeRights):
    """Gives `R` on families, and keeps what is given in a list."""

    hidden = "who is a superuser, who is in which group, and rights of single cells"

    def __init__(self, there: list[Right]) -> None:
        self.there = there
        self.why: str | None = None

    def say(self, needs: Iterable[Any]) -> Said:
        said = Said([], [])
        for each in needs:
            said.rights.append(Right(each.account, "family", "home", each.family.name, None, "R"))
            if len(each.actions) > 1:
                said.unsaid.append(Unsaid(each.account, "account", each.family.name, "write", "it can't"))
        return said

    def read(self, tables: Any, spent: Any) -> list[Right]:
        return self.there

    def unseen(self) -> str | None:
        return self.why

    def script(self, revoked: Any, granted: Any, remarks: Any) -> str:
        return "".join(
            [f"- {each.account} {each.on}\n" for each in revoked]
            + [f"+ {each.account} {each.on}\n" for each in granted]
            + [f"# {each}\n" for each in remarks]
        )


@pytest.fixture
def rights() -> Rights:
    return Rights([])


@pytest.fixture
def there(rights: Rights, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]) -> list[Right]:
    """The rights of a store in memory, to which `hbase://` leads, and which has the shop's tables."""
    import cfacl

    class Walled(MemoryStore):
        def native_rights(self) -> NativeRights:
            return rights

        def close(self) -> None:
            pass

    store = Walled(clock=lambda: 0)
    monkeypatch.setattr("cfacl.api.connection.open_store", lambda url, **keys: store)
    monkeypatch.setattr("cfacl.stores.registry.open_store", lambda url, **keys: store)
    cfacl.connect("hbase://gateway", policy=cfacl.Policy.load(write())).create_tables()
    return rights.there


def test_a_plan_is_a_script_with_what_it_leaves_behind_it(run: Any, write: Any, there: list[Right]) -> None:
    there += [
        Right("maya", "table", "home", "", None, "RW"),
        Right("eve", "column", "home", "id", b"x", "R"),
        Right("root", "everything", "", "", None, "RWXCA"),
    ]
    ran = run("native", "plan", write(), *URL, "--purpose", "service", "--operator", "root")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "- maya table home",
        "+ app home:id",
        "+ app home:prof",
        "# 1 to take, 2 to give",
        "# left alone: `eve`, R on home:id:x: no principal; if it looks after the store, name it by `--operator`",
        "# not given: `app`, write on account:id: it can't",
        "# not given: `app`, write on account:prof: it can't",
    ]
    told = run("native", "plan", write(), *URL, "--purpose", "service", "--operator", "root", "--format", "json")
    assert told.code == 0
    assert told.document["script"] == ran.out
    assert told.document["unsaid"][0] == {
        "account": "app", "table": "account", "family": "id", "what": "write", "why": "it can't",
    }  # fmt: skip
    assert told.document["too_much"][1] == {
        "account": "eve", "scope": "column", "place": "home", "family": "id", "column": "x", "letters": "R",
        "gone": False, "system": False, "why": "no principal; if it looks after the store, name it by `--operator`", "taken": False,
    }  # fmt: skip
    assert there[0].account == "maya", "a plan changes nothing"


def test_what_is_bound_to_a_purpose_or_to_a_time_is_in_no_plan(run: Any, write: Any, there: list[Right]) -> None:
    assert run("native", "plan", write(), *URL).out == (
        "# 0 to take, 0 to give\n"
        "# not given: `app`, read on account:id: not for `support`\n"
        "# not given: `app`, write on account:id: not for `support`\n"
        "# not given: `app`, read on account:prof: not for `support`\n"
        "# not given: `app`, write on account:prof: not for `support`\n"
        "# not given: `maya`, read on account:prof: not for `service`, until 2027-01-01 00:00Z\n"
    )


def test_verify_lists_what_is_missing_and_what_is_too_much(run: Any, write: Any, there: list[Right]) -> None:
    there += [Right("maya", "family", "home", "prof", None, "R"), Right("root", "table", "home", "", None, "A")]
    there += [
        Right("app", "family", "home", "id", None, "R"),
        Right("app", "family", "home", "x+9", None, "R", gone=True),
    ]
    ran = run("native", "verify", write(), *URL, "--purpose", "service", "--operator", "root")
    assert (ran.code, ran.err) == (1, "")
    assert [each.rstrip() for each in ran.out.splitlines() if "─" not in each] == [
        "          account  on          rights  why",
        "missing   app      home:prof   R",
        f"too much  maya     home:prof   R       {SUPPORT}",
        "known     root     table home  A       looks after the store",
        "known     app      home:x+9    R       of a family that is gone",
        "2 permissions of the policy it can't say, and is to give to nobody; `cfacl native plan` lists them",
        UNSEEN.rstrip(),
    ]
    told = run("native", "verify", write(), *URL, "--purpose", "service", "--format", "json")
    assert (told.code, told.document["holds"], told.document["missing"][0]["family"]) == (1, False, "prof")


def test_verify_is_yes_where_the_two_agree(run: Any, write: Any, there: list[Right]) -> None:
    ran = run("native", "verify", write(), *URL, "--purpose", "support")
    assert ran == (
        0,
        "nobody has any rights\n"
        "the store gives what it can say of the policy, and nothing more\n"
        "1 permission of the policy it can't say, and is to give to nobody; `cfacl native plan` lists them\n" + UNSEEN,
        "",
    )
    assert run("native", "verify", write(), *URL, "--account", "maya", "--format", "json").code == 0


def test_rights_that_are_off_are_a_no(run: Any, write: Any, there: list[Right], monkeypatch: Any) -> None:
    def off(self: Any, tables: Any, spent: Any) -> list[Right]:
        raise RightsOff("hbase has none")

    monkeypatch.setattr(Rights, "read", off)
    assert run("native", "verify", write(), *URL) == (1, "hbase has none\n", "")
    assert run("native", "verify", write(), *URL, "--format", "json").document == {"off": "hbase has none"}
    assert run("native", "plan", write(), *URL) == (2, "", "cfacl: hbase has none\n")


def test_what_was_not_seen_to_be_heeded_is_no_yes_but_by_a_word(
    run: Any, write: Any, there: list[Right], rights: Rights
) -> None:
    rights.why = "whether hbase heeds it was not seen: ask over http"
    asked = (write(), *URL, "--purpose", "support")
    ran = run("native", "verify", *asked)
    assert ran.code == 1
    assert "nothing more\n" in ran.out
    assert "the store gives" not in ran.out
    assert "not seen: ask over http; or, where you know that it does, say `--heeded`" in ran.out
    told = run("native", "verify", *asked, "--format", "json")
    assert (told.code, told.document["agrees"], told.document["holds"]) == (1, True, False)
    assert (told.document["heeded"], told.document["unseen"]) == ("unseen", rights.why)
    assert f"# {rights.why}\n" in run("native", "plan", *asked).out
    assert run("native", "apply", *asked, "--shell", "false").code == 1
    ran = run("native", "verify", *asked, "--heeded")
    assert ran.code == 0
    assert "and nothing more; that it heeds its rights is your word, and was not seen\n" in ran.out
    told = run("native", "apply", *asked, "--heeded", "--shell", "false", "--format", "json")
    assert (told.code, told.document["heeded"]) == (0, "said")
    rights.why = None
    assert run("native", "verify", *asked, "--format", "json").document["heeded"] == "seen"


def test_apply_runs_the_script_and_looks_again(run: Any, write: Any, there: list[Right], tmp_path: Path) -> None:
    kept = tmp_path / "script"
    shell = f'{sys.executable} -c \'import sys; print("noise"); open(sys.argv[1], "w").write(sys.stdin.read())\' {kept}'
    ran = run("native", "apply", write(), *URL, "--purpose", "service", "--shell", shell)
    assert (ran.code, "missing   app" in ran.out or "missing  app" in ran.out) == (1, True), "it did nothing"
    assert "noise" not in ran.out
    assert kept.read_text("utf-8") == run("native", "plan", write(), *URL, "--purpose", "service").out
    there += [Right("app", "family", "home", each, None, "R") for each in ("id", "prof")]
    assert run("native", "apply", write(), *URL, "--purpose", "service", "--shell", "false").code == 0, "nothing to do"


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        (" ", "`--shell` is empty; write `--shell 'hbase shell -n'`"),
        ("'", "`--shell` is no command: no closing quotation"),
        ("/nonexistent/hbase shell", "`/nonexistent/hbase` cannot be run: no such file or directory"),
        ("false", "`false` ended with code 1, and some of it may be done; `cfacl native verify` says what"),
    ],
)
def test_a_shell_that_fails_is_told(run: Any, write: Any, there: list[Right], shell: str, said: str) -> None:
    assert run("native", "apply", write(), *URL, "--purpose", "service", "--shell", shell) == (
        2,
        "",
        f"cfacl: {said}\n",
    )


def test_what_makes_no_sense_is_told(run: Any, write: Any, there: list[Right], monkeypatch: Any) -> None:
    for command in ("plan", "verify"):
        assert run("native", command, write(), "--store", "hbase") == (
            2,
            "",
            "cfacl: `hbase` says no place; write `--store hbase://host:9090`\n",
        )
    assert "did you mean `maya`?" in run("native", "plan", write(), *URL, "--account", "may").err
    assert "unknown purpose `sales`" in run("native", "plan", write(), *URL, "--purpose", "sales").err

    def failing(self: Any, tables: Any, spent: Any) -> list[Right]:
        raise StoreError("the gateway's user may not read")

    monkeypatch.setattr(Rights, "read", failing)
    assert run("native", "verify", write(), *URL) == (2, "", "cfacl: the gateway's user may not read\n")
