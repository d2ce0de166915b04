"""`cfacl fmt` lays policies out in one way, in one step each, and leaves alone what does not load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

import cfacl

#: Who owns nothing; on most systems its user and its group are these.
NOBODY: Final = 65534
UGLY: Final = """
policy={name='shop',purposes=["support"]}   # the shop
[ tables . account.families ]
id = {purposes=["support"],level='personal'}
"""
NEAT: Final = """\
policy = { name = "shop", purposes = ["support"] }  # the shop

[tables.account.families]
id = { level = "personal", purposes = ["support"] }
"""


def test_a_policy_is_laid_out_where_it_stands(run: Any, write: Any) -> None:
    file = write(text=UGLY)
    file.chmod(0o640)
    assert run("fmt", file) == (0, f"`{file}` was laid out anew\n", "")
    assert file.read_text() == NEAT
    assert file.stat().st_mode & 0o777 == 0o640
    before = file.stat()
    assert run("fmt", file) == (0, "", "")
    assert file.stat() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_stays_one(run: Any, write: Any) -> None:
    file = write(text=UGLY)
    link = file.with_name("link.toml")
    link.symlink_to(file.name)
    run("fmt", link)
    assert link.is_symlink()
    assert file.read_text() == NEAT


def test_check_and_diff_write_nothing_and_say_what_would_change(run: Any, write: Any) -> None:
    ugly, neat = write("ugly.toml", UGLY), write("neat.toml", NEAT)
    assert run("fmt", ugly, neat, "--check") == (1, f"`{ugly}` would be laid out anew\n", "")
    assert run("fmt", neat, "--check") == (0, "", "")
    shown = run("fmt", "--diff", neat, ugly)
    assert shown.code == 1
    lines = shown.out.splitlines()
    assert lines[:2] == [f"--- {ugly}", f"+++ {ugly}"]
    assert [line[1:] for line in lines[2:] if line[0] == "+"] == [line for line in NEAT.splitlines() if line]
    assert run("fmt", neat, "--diff") == (0, "", "")
    assert ugly.read_text() == UGLY
    answer = run("fmt", ugly, neat, "--check", "--format", "json")
    assert answer.code == 1
    assert answer.document == [{"file": str(ugly), "changed": True}, {"file": str(neat), "changed": False}]


def test_standard_input_goes_to_standard_output(run: Any, write: Any) -> None:
    assert run("fmt", "-", stdin=UGLY.encode()) == (0, NEAT, "")
    assert run("fmt", "-", stdin=NEAT.encode()) == (0, NEAT, "")
    assert run("fmt", "-", "--check", stdin=UGLY.encode()) == (1, "`standard input` would be laid out anew\n", "")
    answer = run("fmt", "-", "--format", "json", stdin=UGLY.encode())
    assert answer.document == [{"file": "-", "changed": True, "text": NEAT}]
    assert run("fmt", "-", write()) == (
        2, "", "cfacl: standard input is laid out alone; name files only, or `-` only\n",
    )  # fmt: skip  # one answer


@pytest.mark.parametrize("text", ["[policy", "[policy]\nname = 1\n", UGLY + "[[never]]\n", ""])
def test_what_does_not_load_is_not_touched_and_nothing_beside_it(run: Any, write: Any, text: str) -> None:
    broken, ugly = write("broken.toml", text), write("ugly.toml", UGLY)
    ran = run("fmt", ugly, broken)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{broken}:")
    assert (broken.read_text(), ugly.read_text()) == (text, UGLY)


def test_a_layout_that_would_say_something_else_is_not_written(run: Any, write: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("cfacl.policy.text.layout.laid_out", lambda text: NEAT.replace("personal", "public"))
    file = write(text=UGLY)
    ran = run("fmt", file)
    assert (ran.code, ran.out) == (2, "")
    assert "would say something else, so it stays as it is; please report it" in ran.err
    assert file.read_text() == UGLY


@pytest.fixture
def not_root(monkeypatch: Any) -> Iterator[Path]:
    """A folder of somebody who is not root, and this process as that; whoever runs the tests, if that is not root."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        was = os.geteuid()
        if was == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(was)
            folder.chmod(0o700)


def test_a_file_with_several_names_keeps_them(run: Any, write: Any) -> None:
    file = write(text=UGLY)
    file.chmod(0o604)
    other = file.with_name("other.toml")
    other.hardlink_to(file)
    assert run("fmt", file).code == 0
    assert other.samefile(file)
    assert other.read_text() == NEAT
    assert file.stat().st_mode & 0o777 == 0o604
    assert sorted(each.name for each in file.parent.iterdir()) == ["other.toml", "shop.toml"]


def test_a_file_keeps_its_owner_and_its_group(run: Any, write: Any, monkeypatch: Any) -> None:
    """Of somebody else's, whom only root can give a file to."""
    file = write(text=UGLY)
    given = []
    monkeypatch.setattr("os.fchown", lambda number, *to: given.append(to))
    stat = os.fstat

    def of_another(number: int) -> Any:
        found = stat(number)
        return os.stat_result((*found[:4], 12, 34, *found[6:])) if found.st_ino == file.stat().st_ino else found

    monkeypatch.setattr("os.fstat", of_another)
    number = file.stat().st_ino
    assert run("fmt", file).code == 0
    assert given == [(12, 34)]
    assert file.stat().st_ino != number
    assert file.read_text() == NEAT


def test_a_file_whose_owner_we_cannot_give_is_written_where_it_stands(run: Any, not_root: Path) -> None:
    if os.getuid() == 0:
        os.seteuid(0)
    file = not_root / "shop.toml"
    file.write_text(UGLY)
    file.chmod(0o666)
    number = file.stat().st_ino
    if os.getuid() == 0:
        os.seteuid(NOBODY)
    assert run("fmt", file) == (0, f"`{file}` was laid out anew\n", "")
    now = file.stat()
    assert now.st_uid == os.getuid()
    assert (now.st_ino == number) == (os.geteuid() != now.st_uid)
    assert file.read_text() == NEAT
    assert [each.name for each in not_root.iterdir()] == ["shop.toml"]


def test_a_file_that_is_not_to_be_written_stays_as_it_is(run: Any, not_root: Path) -> None:
    file = not_root / "shop.toml"
    file.write_text(UGLY)
    file.chmod(0o444)
    said = f"cfacl: `{file}` cannot be written: permission denied; make it writable, or take a copy\n"
    assert run("fmt", file) == (2, "", said)
    assert run("init", file, "--force", "--name", "x", "--family", "a:b", "--purpose", "p") == (2, "", said)
    file.chmod(0o644)
    not_root.chmod(0o500)
    assert run("fmt", file) == (
        2,
        "",
        (
            f"cfacl: `{file}` is only written over with a file beside it, and its folder takes none; make the folder"
            " writable, or take a copy\n"
        ),
    )
    assert file.read_text() == UGLY
    assert [each.name for each in not_root.iterdir()] == ["shop.toml"]


def test_attributes_of_a_file_are_kept(run: Any, write: Any, monkeypatch: Any) -> None:
    """As a list of who may read it, which no file system has to know."""
    file = write(text=UGLY)
    monkeypatch.setattr(
        "os.listxattr",
        lambda number: ["security.selinux", *(["user.note"] if os.fstat(number).st_ino == file.stat().st_ino else [])],
        raising=False,
    )
    number = file.stat().st_ino
    assert run("fmt", file).code == 0
    assert file.stat().st_ino == number
    assert file.read_text() == NEAT


@pytest.mark.parametrize("times", [1, 2], ids=["once", "and again"])
def test_a_write_where_a_file_stands_that_fails_loses_nothing(
    run: Any, write: Any, monkeypatch: Any, times: int
) -> None:
    file = write(text=UGLY)
    file.with_name("other.toml").hardlink_to(file)
    fsync, number, failed = os.fsync, file.stat().st_ino, []

    def full(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == number and len(failed) < times:
            failed.append(descriptor)
            raise OSError(28, "No space left on device", "shop.toml")
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", full)
    ran = run("fmt", file)
    assert (ran.code, ran.out) == (2, "")
    beside = [each for each in file.parent.iterdir() if each.name.startswith(".cfacl-")]
    if times == 1:
        assert ran.err == "cfacl: shop.toml: no space left on device\n"
        assert (file.read_text(), beside) == (UGLY, [])
    else:
        assert ran.err == f"cfacl: {file}: no space left on device; what it held is in `{beside[0]}`\n"
        assert beside[0].read_text() == UGLY


def test_a_write_that_fails_leaves_the_policy_as_it_was(run: Any, write: Any, monkeypatch: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "shop.toml")

    monkeypatch.setattr("os.fsync", full)
    file = write(text=UGLY)
    assert run("fmt", file) == (2, "", "cfacl: shop.toml: no space left on device\n")
    assert [(each.name, each.read_text()) for each in file.parent.iterdir()] == [(file.name, UGLY)]


def test_the_policy_of_the_demonstration_says_the_same(run: Any, write: Any) -> None:
    text = (Path(cfacl.__file__).parent / "cli" / "demo" / "smart_home.toml").read_text("utf-8")
    file = write(text=text)
    assert run("fmt", file).code == 0
    assert file.read_text() != text
    assert cfacl.Policy.load(file) == cfacl.Policy.loads(text)
    assert run("fmt", file, "--check").code == 0


def test_what_goes_to_standard_output_is_no_list_of_rows(run: Any) -> None:
    ran = run("fmt", "-", "--format", "csv", stdin=b"")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "cfacl: what is laid out goes to standard output, and is no list of rows; leave `--format csv` out\n"
    )
