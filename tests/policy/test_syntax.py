"""What is no TOML, no text, or no file."""

from __future__ import annotations

import gc
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.errors import Fault, PolicyError, RequestError
from cfacl.policy.document import syntax
from cfacl.policy.policy import Policy

AGAIN: Final = "is not valid toml: a key or a table is given a second time; keep one of the two"
CALENDAR: Final = "is on no calendar or clock; write it as 2027-06-30T00:00:00Z"
DEEP: Final = "is nested too deeply; a policy's tables and arrays go seven deep at most"
SMALL: Final = '[policy]\nname = "small"\n'


def fault_of(text: Any) -> Fault:
    with pytest.raises(PolicyError) as caught:
        Policy.loads(text)
    [fault] = caught.value.faults
    assert str(caught.value).isprintable()
    return fault


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("[policy\n", "line 1, column 8", "is not valid toml: expected `]` at the end of a table declaration"),
        ("\n\nname", "end of document", "is not valid toml: expected `=` after a key in a key/value pair"),
        ("a = 'x", "end of document", "is not valid toml: expected `'`"),
        ('a = "x\x00"', "line 1, column 7", r"is not valid toml: illegal character `\x00`"),
        ("\x00", "line 1, column 1", "is not valid toml: invalid statement"),
        ("\ufeffa = 1", "line 1, column 1", "starts with a byte order mark; save the document without it"),
        ("a = 2026-02-30", "line 1, column 5", f"is not valid toml: `2026-02-30` {CALENDAR}"),
        ("\nb = 2027-13-01T00:00:00Z", "line 2, column 9", f"is not valid toml: `2027-13-01T00:00:00Z` {CALENDAR}"),
        ("a = 2027-01-01T00:00:60Z", "line 1, column 15", f"is not valid toml: `2027-01-01T00:00:60Z` {CALENDAR}"),
        (
            "a = [2027-01-01 00:00:00+25:00]",
            "line 1, column 25",
            f"is not valid toml: `2027-01-01 00:00:00+25:00` {CALENDAR}",
        ),
        ("a = [2027-01-01]2026-13-01", "line 1, column 17", f"is not valid toml: `2026-13-01` {CALENDAR}"),
        ("a = 2026-12-31 2026-13-01", "line 1, column 16", f"is not valid toml: `2026-13-01` {CALENDAR}"),
        (
            "a = 2027-01-01 x",
            "line 1, column 16",
            "is not valid toml: expected newline or end of document after a statement",
        ),
        ("a = 1\na = 2\n", "line 2, column 6", AGAIN),
        ("[a]\n[a]\n", "line 2, column 3", AGAIN),
        ("a = {b = 1, b = 2}", "line 1, column 18", AGAIN),
        ("[a]\nb = 1\n[a.b]\n", "line 3, column 5", AGAIN),
        ("a = {}\n[a.b]\n", "line 2, column 5", AGAIN),
    ],
)
def test_broken_toml_is_told_with_line_and_column(text: str, where: str, message: str) -> None:
    assert fault_of(text) == (where, message)


FINE: Final = "is a time finer than a microsecond; give it six decimals at most"


@pytest.mark.rule("8a")
@pytest.mark.parametrize("finer", ["1234567", "0000001", "12345600000000001", "0000000701"])
def test_an_edge_that_would_be_cut_is_a_fault(finer: str) -> None:
    text = (
        SMALL + f'why = """a "quoted" one""""\nfrom = [2027-01-01T00:00:00.123456Z, 2027-01-01 00:00:00.{finer}+01:00]'
    )
    assert fault_of(text) == ("line 4, column 49", FINE)


@pytest.mark.rule("8a")
@pytest.mark.parametrize(
    "name",
    [
        '"00:00:00.1234567"',
        '"\\"00:00:00.1234567"',
        "'00:00:00.1234567'",
        '"""\n"" 00:00:00.1234567 \\""""""',
        "'''\n' 00:00:00.1234567 '''''",
        '"small"  # 00:00:00.1234567',
    ],
)
def test_what_only_reads_like_one_is_none(name: str) -> None:
    text = f"[policy]\nname = {name}\nx = 2027-01-01T00:00:00.1234560Z"
    assert syntax.parse(text)["policy"]["name"] == tomllib.loads(text)["policy"]["name"]


def test_a_parser_that_says_no_place_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise tomllib.TOMLDecodeError("Something new")

    monkeypatch.setattr(tomllib, "loads", refuse)
    assert fault_of("") == ("end of document", "is not valid toml: something new")


@pytest.mark.parametrize("text", ["a = " + "[" * 10_000 + "]" * 10_000, "a = " + "{a = " * 10_000 + "1" + "}" * 10_000])
def test_nesting_ten_thousand_deep_is_a_fault(text: str) -> None:
    assert fault_of(text) == ("", DEEP)


@pytest.mark.parametrize("part", ["a", "-", '"a.b"', "'a.\"'", '""', r'"\"."', '"#"'])
@pytest.mark.parametrize("dot", [".", " \t. "])
@pytest.mark.parametrize(
    ("before", "after"),
    [("", " = 1"), ("[", "]"), ("[[", "]]"), ("a = { b = [\n{ ", " = 1 }] }"), ("s = '''\n'''''  # x.\n", " = 1"),
     ('s = """\n"a\\""""""\n', " = 1")],
)  # fmt: skip  # a table of cases
def test_a_key_of_more_than_a_hundred_parts_is_a_fault(part: str, dot: str, before: str, after: str) -> None:
    lines = before.split("\n")
    where = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    fault = (where, "is a key of more than 100 parts; a policy's have seven at most")
    assert fault_of(before + dot.join([part] * 101) + after) == fault
    with pytest.raises(PolicyError) as caught:
        Policy.loads(before + dot.join([part] * 100) + after)
    assert "parts" not in str(caught.value)


DOTS: Final = ".".join("a" * 300)


@pytest.mark.parametrize(
    "value",
    [
        f'"{DOTS}"', f"'{DOTS}'", f'"\\"{DOTS}"', f'"""{DOTS}\n{DOTS}"""', f"'''{DOTS}\n\\{DOTS}'''", f"1  # {DOTS}",
        f'"""\n\\"""{DOTS}""\n\'{DOTS}"""""', f"'''\n''{DOTS}\n'{DOTS}'''''", f'["", {DOTS!r},\n  {DOTS!r}]  # "{DOTS}',
        f'["a.b", {", ".join(f"{n}.{n}" for n in range(200))}]', f'"""\\\n{DOTS}"""',
    ],
)  # fmt: skip  # a table of cases
def test_dots_in_strings_and_comments_are_no_parts_of_keys(value: str) -> None:
    assert tomllib.loads(f"why = {value}\n")
    assert syntax.parse(f"why = {value}\nx.y = {value}\n") == tomllib.loads(f"why = {value}\nx.y = {value}\n")


@pytest.mark.parametrize(
    "text", ['"\\' * 50_000, '"' * 50_000, 'a = """' + '\\""' * 50_000, "a" * 50_000 + " " * 50_000]
)
def test_long_lines_of_what_is_no_toml_are_looked_at_once(text: str) -> None:
    assert fault_of(f"{text}\n#{'.' * 200}").message.startswith("is not valid toml: ")


def test_an_integer_of_thousands_of_digits_is_a_fault() -> None:
    assert fault_of(f"a = {'9' * 5_000}") == ("", "is not valid toml: an integer has too many digits")


def test_a_lone_surrogate_is_a_fault() -> None:
    assert fault_of('\na = "\ud800"') == ("line 2, column 6", "is not text; take the lone surrogate out")


def test_bytes_are_a_fault() -> None:
    assert fault_of(SMALL.encode()) == ("", "must be text; decode it as utf-8, or load the file by its path")


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_document_may_be_as_long_as_the_limit_in_bytes_and_no_longer(
    letter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{SMALL}# {letter * 10}\n"
    size = len(text.encode())
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    monkeypatch.setattr(syntax, "MAX_SIZE", size)
    assert Policy.loads(text) == Policy.load(path)
    monkeypatch.setattr(syntax, "MAX_SIZE", size - 1)
    fault = Fault(
        "", "is longer than 64 MiB; a policy cannot be split; share roles, and grant by level, so that it says less"
    )
    assert fault_of(text) == fault
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert caught.value.faults == (fault,)


def test_the_limit_is_64_mib() -> None:
    assert syntax.MAX_SIZE == 64 * 1024 * 1024
    assert fault_of("#" * (syntax.MAX_SIZE + 1)).message.startswith("is longer than 64 MiB")


def test_a_file_is_read_as_its_text_would_be(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(SMALL.replace("\n", "\r\n").encode())
    assert Policy.load(path) == Policy.load(str(path)) == Policy.loads(SMALL)


@pytest.mark.parametrize(
    ("raw", "where"),
    [(b"\xff", "line 1, column 1"), ('a = "é"\nb = "é'.encode() + b'\xe9"', "line 2, column 7")],
)
def test_a_file_that_is_not_utf_8_is_a_fault_with_its_place(raw: bytes, where: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(raw)
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert caught.value.faults == (Fault(where, "is not utf-8; save the document as utf-8"),)
    assert caught.value.source == str(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.toml", "cannot be read: no such file or directory"),
        (".", "cannot be read: is a directory"),
        ("a\x00b", "cannot be read: no file can have this name"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault_with_its_name(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.load(f"{tmp_path}/{name}")
    assert caught.value.faults == (Fault("", message),)
    assert caught.value.source == f"{tmp_path}/{name}"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("path", [None, 1, b"policy.toml", Policy])
def test_what_is_no_path_is_the_callers_mistake(path: Any) -> None:
    with pytest.raises(RequestError, match="a policy's path is a str or a `Path`, not "):
        Policy.load(path)


def test_a_file_with_a_byte_order_mark_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(SMALL, "utf-8-sig")
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert caught.value.faults == (
        Fault("line 1, column 1", "starts with a byte order mark; save the document without it"),
    )


def test_a_fault_of_a_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[policy]\n", "utf-8")
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert str(caught.value) == f"`{path}`: policy.name: is required: what the policy is called"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("text", [SMALL, "broken"])
def test_the_collector_is_left_as_it_was(text: str, running: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if running else gc.disable)()
        if text == SMALL:
            Policy.loads(text)
        else:
            fault_of(text)
        assert gc.isenabled() is running
    finally:
        (gc.enable if before else gc.disable)()
