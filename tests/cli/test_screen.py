"""A listing of very many rows says what one of few says, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from cfacl.cli.screen import listing

COLUMNS: Final = ("line", "path", "nothing", "message")
ROWS: Final[list[Mapping[str, Any]]] = [
    {"line": "7", "path": "roles.a", "nothing": "", "message": "says it all"},
    {"line": "", "path": 'roles."\N{FOX FACE} b"', "nothing": "", "message": ""},
    {"line": "12,345", "path": ("two", "lines of it"), "nothing": (), "message": "é\x1b[1m\nends"},
]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:1]], ids=len)
def test_very_many_rows_look_as_few_do(columns: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    listing(columns, ROWS, "none")
    head, rule, *few = capsys.readouterr().out.splitlines()
    listing(columns, ROWS * 400, "none")
    assert capsys.readouterr().out.splitlines() == [head, rule, *few * 400]


def test_very_many_rows_are_not_folded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    listing(COLUMNS, ROWS[:1] * 1_001, "none")
    assert capsys.readouterr().out.splitlines()[2:] == ["7     roles.a  says it all"] * 1_001
