"""`cfacl import`: pairs in, a policy out and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import cfacl

PAIRS = "ann p1\nann p2\n\nbob\tp1\ncy  p2\r\ncy p1\n"


def test_the_policy_on_stdout_gives_exactly_the_pairs(run: Any, write: Any) -> None:
    ran = run("import", write("pairs.txt", PAIRS))
    assert ran.code == 0
    assert ran.err == ""
    policy = cfacl.Policy.loads(ran.out)
    assert len(policy.roles) == 2
    with cfacl.connect("memory://", policy=policy) as db:
        pairs = {(name, each.family) for name in policy.principals for each in db.what(name)}
    assert pairs == {("ann", "p1"), ("ann", "p2"), ("bob", "p1"), ("cy", "p1"), ("cy", "p2")}


def test_pairs_come_from_stdin_too_and_names_can_be_chosen(run: Any) -> None:
    ran = run("import", "-", "--table", "rooms", "--name", "badges", stdin="zoë p1\n".encode())
    assert ran.code == 0
    policy = cfacl.Policy.loads(ran.out)
    assert policy.name == "badges"
    assert list(policy.catalog.tables) == ["rooms"]
    assert list(policy.principals) == ["zoë"]


def test_the_same_policy_comes_as_json(run: Any, write: Any) -> None:
    ran = run("import", write("pairs.txt", PAIRS), "--format", "json")
    assert ran.code == 0
    assert set(ran.document["principals"]) == {"ann", "bob", "cy"}


@pytest.mark.parametrize(
    ("pairs", "faults"),
    [
        (b"ann p1\nann\nbob p1 p2\n", ["line 2: ", "line 3: "]),
        (b"ann p1\n\xff p1\n", ["line 2: is not utf-8; convert the file"]),
        (b"", ["holds no pairs"]),
        (b"\xef\xbb\xbfann p1\n", ["line 1: starts with a byte order mark; save the file as utf-8 without it"]),
        (b"ann p:1\n", ["line 1: `p:1` cannot name a permission"]),
    ],
    ids=["shape", "bytes", "empty", "mark", "name"],
)
def test_faults_are_told_one_a_line_and_no_policy_is_printed(run: Any, pairs: bytes, faults: list[str]) -> None:
    ran = run("import", "-", stdin=pairs)
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert len(lines) == len(faults)
    assert all(line.startswith(f"standard input: {fault}") for line, fault in zip(lines, faults, strict=True))


def test_a_directory_and_a_missing_file_are_named(run: Any, tmp_path: Path) -> None:
    assert run("import", tmp_path) == (2, "", f"{tmp_path}: cannot be read: is a directory\n")
    none = tmp_path / "none"
    assert run("import", none) == (2, "", f"{none}: cannot be read: no such file or directory\n")


def test_a_file_without_pairs_is_named(run: Any) -> None:
    assert run("import", os.devnull).err.startswith(f"{os.devnull}: holds no pairs; ")


def test_a_name_that_cannot_be_is_no_fault_of_the_file(run: Any) -> None:
    ran = run("import", "-", "--table", "a b", stdin=b"ann p1\n")
    assert ran.code == 2
    assert ran.err.startswith("cfacl: `a b` cannot name a table; ")


def test_what_never_ends_is_read_no_further_than_it_may_be_long(run: Any) -> None:
    ran = run("import", "/dev/zero")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "/dev/zero: is longer than 64 MiB; split it\n"
