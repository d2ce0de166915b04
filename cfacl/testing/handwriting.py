"""TOML as people write it: one document in any of the spellings that the language has, with comments in between."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

#: What comments hold: what would mean something elsewhere.
_REMARKS: Final = ("", "why", "[a]", "[[", "x = 1", "'", '"""', "]", "}", ",", "# twice", "\N{FOX FACE}", "a\tb")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def texts(document: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return texts that `tomllib` reads as ``document``: of tables, arrays, strings, integers, booleans and date-times.

    Keys are bare or quoted, tables stand under headers, in lines of their own or in dotted keys; arrays go over lines,
    and have a comma at their end, or none; every line may have a comment.
    """
    seeds = st.integers(0, 2**32)  # draws one by one would be more than Hypothesis takes
    return seeds.map(lambda seed: _Writer(Random(seed)).written(document))  # noqa: S311  # no secret


class _Writer:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._newline = random.choice(["\n", "\n", "\r\n"])

    def written(self, document: Mapping[str, Any]) -> str:
        lines = [*self._table((), document)]
        return self._newline.join(lines) + ("" if self._maybe() else self._newline)

    def _maybe(self) -> bool:
        return self._random.choice([True, False, False])

    def _space(self) -> str:
        return self._random.choice(["", "", " ", " ", "  ", "\t"])

    def _comment(self) -> str:
        return f"{self._space()}#{self._space()}{self._random.choice(_REMARKS)}" if self._maybe() else ""

    def _table(self, place: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of a table that is written under a header, or at the top."""
        below: list[tuple[str, Any]] = []
        for key, value in table.items():
            is_array = isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
            if (is_array or isinstance(value, dict)) and self._random.choice([True, False]):
                below.append((key, value))
            else:
                yield from self._between()
                yield from self._entry((key,), value)
        for key, value in below:
            inner = (*place, key)
            for each in value if isinstance(value, list) else [value]:
                yield from self._between()
                is_needed = (
                    isinstance(value, list) or not each or not all(isinstance(one, dict) for one in each.values())
                )
                lines = [*self._table(inner, each)]
                begins = not lines or not lines[0].lstrip().startswith("[")
                if is_needed or begins or self._maybe():
                    marks = "[[]]" if isinstance(value, list) else "[]"
                    half = len(marks) // 2
                    name = f"{self._space()}{self._key(inner)}{self._space()}"
                    yield f"{self._space()}{marks[:half]}{name}{marks[half:]}{self._comment()}"
                yield from lines

    def _between(self) -> Iterator[str]:
        while self._maybe():
            yield self._space() + self._comment()

    def _entry(self, key: tuple[str, ...], value: Any) -> Iterator[str]:
        if isinstance(value, dict) and value and self._maybe():
            for name, each in value.items():
                yield from self._entry((*key, name), each)
        else:
            yield f"{self._space()}{self._pair(key, value)}{self._comment()}"

    def _pair(self, key: tuple[str, ...], value: Any) -> str:
        return f"{self._key(key)}{self._space()}={self._space()}{self._value(value)}"

    def _key(self, parts: tuple[str, ...]) -> str:
        dots = f"{self._space()}.{self._space()}"
        return dots.join(each if _BARE.fullmatch(each) and not self._maybe() else self._line(each) for each in parts)

    def _line(self, text: str) -> str:
        """Return a string of one line."""
        if self._maybe() and text.isprintable() and "'" not in text:
            return f"'{text}'"
        return json.dumps(text, ensure_ascii=self._maybe() and text.isascii()).replace("\x7f", "\\u007f")

    def _value(self, value: Any) -> str:
        match value:
            case bool():
                return str(value).lower()
            case datetime():
                return value.isoformat(self._random.choice("T "))
            case str():
                if self._maybe() and text_goes_on(value):
                    quotes = self._random.choice(['"""', "'''"])
                    return f"{quotes}{self._newline}{value}{quotes}"
                return self._line(value)
            case list():
                return self._array(value)
            case dict():
                inner = f"{self._space()},{self._space()}".join(self._pair((key,), each) for key, each in value.items())
                return f"{{{self._space()}{inner}{self._space()}}}"
        return str(value)

    def _array(self, items: list[Any]) -> str:
        text = "["
        for number, each in enumerate(items):
            text += f"{self._gap()}{self._value(each)}{self._gap()}"
            if number < len(items) - 1 or self._maybe():
                text += ","
        return f"{text}{self._gap()}]"

    def _gap(self) -> str:
        text = self._space()
        while self._maybe():
            text += self._comment() + self._newline + self._space()
        return text


def text_goes_on(text: str) -> bool:
    """Whether a text may stand between three quotes as it is."""
    return text.isprintable() and not any(each in text for each in "\"'\\")
