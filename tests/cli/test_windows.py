"""Answers in windows of any width: nothing is lost, and what makes no sense as a width is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.cli.screen import console, listing

WIDTHS: Final = [*range(1, 41), 80, 200]
#: By its name, each command that answers with tables.
TABLES: Final = {
    "who": "who POLICY read account:prof --at 2026-01-01T00:00:00Z",
    "what": "what POLICY app",
    "matrix": "matrix POLICY --at 2026-01-01T00:00:00Z",
    "diff": "diff POLICY NEW",
    "test": "test POLICY",
    "check": "check IDLE",
    "doctor": "doctor STORE --policy POLICY",
    "store verify": "store verify STORE",
    "store sweep": "store sweep STORE POLICY",
    "native verify": "native verify POLICY --store hbase://x",
    "shell": "shell memory:// --policy POLICY --as app --purpose service",
}
#: What is said to the shell.
SAID: Final = b"help\ntables\nfamilies account\n"
#: Cells of all kinds: times, several values, words of any length, letters two columns wide, and none.
ROWS: Final = [
    {
        "principal": "maya",
        "": "gains",
        "since": datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
        "via": ("roles.support.grants[0]", "roles.fraud.grants[12]"),
        "why": "answers tickets of customers who wait",
    },
    {"principal": "x" * 50, "": "loses", "since": None, "via": (), "why": ""},
    {"principal": "漢字" * 12, "": "字", "since": None, "via": ("字",), "why": "字" * 30},
]


def packed(text: str) -> str:
    """A text without blanks and lines."""
    return "".join(text.replace("─", "").split())


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_no_cell_of_any_command_is_lost_at_any_width(
    run: Any, named: dict[str, Path], write: Callable[..., Path], monkeypatch: Any, name: str
) -> None:
    idle = '\n[roles.idle]\nclearance = "personal"\n'
    words = {**named, "IDLE": write("idle.toml", named["POLICY"].read_text() + idle)}
    arguments = [words.get(each, each) for each in TABLES[name].split()]

    def shown(width: int) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        ran = run(*arguments, stdin=SAID)
        assert ran.code in (0, 1), ran.err
        return str(ran.out)

    wide = shown(1_000)
    cells = [packed(each) for line in wide.splitlines() for each in line.split("  ")]
    assert len(cells) > 4
    for width in WIDTHS:
        narrow = shown(width)
        told = packed(narrow)
        assert Counter(told) >= Counter(packed(wide)), width
        if "─" not in narrow:  # cells of a table stand beside each other where they are folded
            assert not [each for each in cells if each not in told], width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_column_keeps_room_for_a_word_or_a_row_is_lines(capsys: Any, monkeypatch: Any, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    listing(list(ROWS[0]), ROWS, "nothing")
    out = capsys.readouterr().out
    values = ["x" * 50, "漢字" * 12, "字" * 30, "roles.fraud.grants[12]", "2026-01-01 12:30:00Z", "gains"]
    if "─" in out:
        head, rule, *_ = out.splitlines()
        assert len(head.rstrip()) <= width
        assert len(rule) <= width
        assert width >= 58  # two columns are short, three are long, and two blanks are between any of them
        assert Counter(packed(out)) >= Counter(packed("".join(values)))
        return
    told = packed(out)
    assert not [each for each in values if packed(each) not in told]
    assert "principal: maya\ngains\nsince: 2026-01-01" in out
    assert "\n\nprincipal:" in out


def test_values_below_each_other_stay_so_and_what_is_empty_is_no_line(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    listing(list(ROWS[0]), ROWS[:2], "nothing")
    assert capsys.readouterr().out.splitlines()[3:] == [
        "via: roles.support.grants[0]",
        "  roles.fraud.grants[12]",
        "why: answers tickets of customers who ",
        "wait",
        "",
        "principal: ",
        "x" * 40,
        "x" * 10,
        "loses",
    ]


def test_lines_have_the_colours_of_the_table(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for width in ("30", "80"):
        monkeypatch.setenv("COLUMNS", width)
        listing(["level", *ROWS[0]], [{"level": "sealed", **ROWS[0]}], "nothing", {("level", "sealed"): "red"})
        assert "\x1b[31msealed\x1b[0m" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["COLUMNS", "LINES"])
@pytest.mark.parametrize(
    "nonsense", ["", "²", "٣", "-1", "0", "00", "x", "8.5", " 40", "9" * 5_000, "100000"], ids=lambda each: each[:6]
)
def test_what_is_no_size_of_a_window_counts_as_not_given(
    run: Any, named: dict[str, Path], monkeypatch: Any, variable: str, nonsense: str
) -> None:
    asked = ("diff", named["POLICY"], named["NEW"])
    monkeypatch.delenv(variable, raising=False)
    expected = run(*asked)
    size = console().size
    monkeypatch.setenv(variable, nonsense)
    assert run(*asked) == expected
    assert console().size == size
    assert run("--help").code == 0


def test_a_size_that_makes_sense_is_kept_to(monkeypatch: Any) -> None:
    for width in ("30", "0080", "99999"):
        monkeypatch.setenv("COLUMNS", width)
        assert console().width == int(width)
    monkeypatch.setenv("COLUMNS", "3")
    assert console().width == 20
    assert console(stderr=True).width == 3


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_an_explanation_loses_nothing_either(run: Any, named: dict[str, Path], monkeypatch: Any, width: int) -> None:
    asked = ("explain", named["POLICY"], "maya", "read", "account:id", "account:prof", "--purpose", "support")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    def letters(columns: int) -> Counter[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        out = run(*asked, "--at", "2026-01-01T00:00:00Z").out.replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert "└" in out
        return Counter(each for each in packed(out) if each not in "└├│")

    assert letters(width) == letters(1_000)
