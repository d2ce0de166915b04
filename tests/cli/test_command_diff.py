"""`cfacl diff`: 0 if two policies allow the same, 1 if not, and who gains and loses what."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_what_differs_only_in_words_is_no_difference(run: Any, write: Any) -> None:
    old = write()
    new = write("new.toml", old.read_text().replace("answers tickets", "helps"))
    assert run("diff", old, new) == (0, "nobody gains or loses anything\n", "")
    assert run("diff", old, new, "--format", "json").document == []


def test_gains_and_losses_are_listed_with_their_time(run: Any, write: Any) -> None:
    old = write()
    new = write(
        "new.toml", old.read_text().replace("until = 2027-01-01", "until = 2028-01-01").replace(', "write"', "")
    )
    ran = run("diff", old, new)
    assert ran.code == 1
    assert ran.err == ""
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[2:] == [
        ["app", "loses", "write", "account", "id", "service"],
        ["app", "loses", "write", "account", "prof", "service"],
        ["maya", "gains", "read", "account", "prof", "support", "2027-01-01", "2028-01-01"],
    ]
    found = run("diff", old, new, "--format", "json")
    assert found.code == 1
    assert [(each["principal"], each["gains"]) for each in found.document] == [
        ("app", False),
        ("app", False),
        ("maya", True),
    ]


def test_columns_that_are_gained_or_lost_are_named(run: Any, write: Any) -> None:
    families = ['id = { columns = ["a", "b"], level', 'id = { columns = ["b", "a`c"], level', "id = { level"]
    some, others, any_ = (
        write(f"{n}.toml", write().read_text().replace("id   = { level", each)) for n, each in enumerate(families)
    )
    ran = run("diff", some, others)
    assert (ran.code, ran.err) == (1, "")
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["principal", "action", "table", "family", "columns", "purpose"]
    assert lines[2:] == [
        ["app", verb, action, "account", "id", f"`{column}`", "service"]
        for action in ("read", "write")
        for verb, column in (("gains", r"a\u0060c"), ("loses", "a"))
    ]
    assert "any but `a`, `b`" in run("diff", some, any_).out
    told = [run("diff", some, each, "--format", "json").document[0] for each in (others, any_)]
    assert [(each["columns"], each["but"]) for each in told] == [(["a`c"], []), (None, ["a", "b"])]
    assert run("diff", write("gone.toml", 'policy = { name = "p" }'), some, "--format", "json").document[0] == {
        "principal": "app", "table": "account", "family": "id", "action": "read", "purpose": "service",
        "gains": True, "since": None, "until": None, "columns": None, "but": [],
    }  # fmt: skip  # one row


def test_what_is_kept_is_said_to_be_outside(run: Any, write: Any) -> None:
    text = write().read_text().replace("id   = {", 'id = { versions = 2, time_to_live = "1d",')
    said = "differs and is not compared: it says what is kept, not who may read it"
    lines = "".join(f"cfacl: `{key}` of `account:id` {said}\n" for key in ("time_to_live", "versions"))
    new = write("new.toml", text)
    assert run("diff", write(), new) == (0, "nobody gains or loses anything\n", lines)
    assert run("diff", write(), new, "--format", "json") == (0, "[]\n", lines)
    assert run("diff", write("gone.toml", 'policy = { name = "p" }'), new).err == ""


def test_faults_of_both_are_told_with_the_file_that_they_stand_in(run: Any, write: Any, tmp_path: Path) -> None:
    broken = write("broken.toml", write().read_text().replace('roles = ["app"]', 'roles = ["apq"]'))
    missing = tmp_path / "none.toml"
    ran = run("diff", broken, missing)
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert first.startswith(f"{broken}: principals.app.roles")
    assert second == f"{missing}: cannot be read: no such file or directory"
    faults = run("diff", broken, missing, "--format", "json").document["faults"]
    assert [fault["file"] for fault in faults] == [str(broken), str(missing)]
