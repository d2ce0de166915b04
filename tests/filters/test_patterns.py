"""Regular expressions: what is found, and what is refused since Java reads it otherwise."""

from __future__ import annotations

import pytest

from cfacl.errors import FilterError
from cfacl.filters.patterns import finder


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (r"a", [b"a", b"xay"], [b"", b"A"]),
        (r"^a.c$", [b"abc", b"a\nc", b"abc\n", b"abc\r\n"], [b"abcd", b"abc\n\n", b"xabc"]),
        (r"(a|b$)", [b"a", b"b", b"b\n"], [b"bc"]),
        (r"(?i)ab", [b"AB", b"xaB"], [b"a"]),
        (r"a{2,3}", [b"aa"], [b"a"]),
        (r"\Q[a&&\E", [b"[a&&"], [b"a"]),
        (r"[\[\]&]", [b"[", b"]", b"&"], [b"a"]),
        (r"[^\d]", [b"a"], [b"1"]),
        (r"\p{Lu}\x41", [b"BA"], [b"ba"]),
        (r"(?<name>a)", [b"a"], [b"b"]),
        (r"ä+", ["xää".encode()], [b"a"]),
        (r".", [b"\xff", b"\n"], [b""]),
        ("�", [b"\xff"], [b"a"]),
        (r"^\s[\s]$", [b"\x0b\t", b"\r "], [b"a\x0b"]),
        (r"^\S[\S]$", ["aä".encode()], [b"a\x0b", b"\x0ba"]),
        (r"^[^\s]$", [b"a"], [b"\x0b"]),
        (r"^a.$", [b"a\r", b"ab\r\n"], [b"a\r\n"]),
        (r"^a\r\n$", [b"a\r\n"], [b"a\r"]),
        (r"\pL[\p{Lu}\]]", [b"aA", b"a]"], [b"aa"]),
        (r"^[\s-_]$", [b" ", b"\x0b", b"-", b"_"], [b"A", b"!"]),
        (r"^[\w\s-:]$", [b"-", b"a", b":"], [b"+", b";"]),
        (r"^[-\s]$", [b"-", b"\t"], [b"a"]),
        (r"^.$", [b"\xed\xa0\x80", b"\xed\xb0", b"\xff"], [b"\xff\xff"]),
        (r"\x{0D7FF}|\x{E000}", ["\ud7ff".encode(), "\ue000".encode()], [b"a"]),
        (r"[ab]{130}c", [b"ab" * 65 + b"c"], [b"ab" * 65]),
        (r"", [b"", b"a"], []),
    ],
)
def test_what_is_found(pattern: str, found: list[bytes], missed: list[bytes]) -> None:
    find = finder(pattern.encode())
    assert [each for each in found if not find(each)] == []
    assert [each for each in missed if find(each)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)",
        r"(?<!a)",
        r"(a)\1",
        r"a++",
        r"(?>a)",
        r"[a&&b]",
        r"[a[b]]",
        r"[[:alpha:]]",
        r"[]a]",
        r"\v",
        r"[\v]",
        r"[\b]",
        r"[\Qa\E]",
        "[a\n&&b]",
        r"[\p{Greek}]",
        r"\p{Alpha}",
        r"\h",
        r"(?i)ä",
        r"(?si)[ä]",
        r"(?i)\xe4",
        r"(?i)\p{Lu}",
        r"[\x00-\s]",
        r"[^a-\S]",
        r"\d{04}",
        r"\x{D800}",
        r"[\x{00dfff}]",
        r"(?<n>a)|(?<n>b)",
        r"a*\Q\E*",
        r"a{1,02}",
        "a{\u0663}",
        r"x(?i)*",
        r"x(?-i){0,1}?",
        r"(?<n_1>a)",
        r"\p{C}",
        r"\p{Cn}",
        r"\pC",
        "a" * 4_097,
        r"\p{" * 1_000,
        r"\012",
        r"\C",
        r"\p{Greek}",
        r"\p{^Lu}",
        r"(?P<n>a)",
        r"(?m)a",
        r"(?-s).",
        r"(?s-is:a)",
        r"a{,3}",
        r"a{",
        r"a$b",
        r"(a$)b",
        r"((a$)|c)d",
        r"$+",
        r"(",
        r"[",
        r"\Z",
        r"\u0041",
        r"a{2000}",
        r"(((a{100}){100}){100}){100}",
    ],
)
def test_what_java_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(FilterError, match=r"^a regular expression") as told:
        finder(pattern.encode())
    assert "\n" not in str(told.value)


def test_time_is_linear_in_what_is_searched() -> None:
    """Java's engine, and python's, would not come back."""
    assert not finder(rb"(a+)+$")(b"a" * 50_000 + b"!")
