"""The page on moving from happybase, run from its top to its end on RocksDB."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Final

import pytest

from cfacl.compat import happybase

PAGE: Final = (Path(__file__).parents[2] / "docs" / "happybase.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_what_it_shows_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (policy,) = blocks("toml")
    Path("shop.toml").write_text(policy, "utf-8")
    assert "A small policy, `shop.toml`:\n\n```toml" in PAGE
    text = "\n".join(blocks("pycon"))
    examples = doctest.DocTestParser().get_doctest(text, {}, "docs/happybase.md", None, 0)
    assert len(examples.examples) > 20
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    try:
        runner.run(examples, out=told.append)
    finally:
        happybase.configure(None)
    assert runner.failures == 0, "".join(told)


def test_the_import_it_begins_with_is_the_one() -> None:
    (line,) = blocks("python")
    names: dict[str, object] = {}
    exec(line, names)
    assert names["happybase"] is happybase
