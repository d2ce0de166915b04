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
