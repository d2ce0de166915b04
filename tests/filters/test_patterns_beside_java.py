"""What a pattern finds is what Java's own engine finds, in the JDK that the servers run on; or the pattern is refused."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from random import Random
from typing import Final

import pytest

from cfacl.errors import FilterError
from cfacl.filters.patterns import finder
from cfacl.testing.servers.artifacts import java_of

pytestmark = pytest.mark.slow

PATTERNS: Final = 40_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 4_000
#: As HBase's `RegexStringComparator` looks for a pattern: each line a pattern, then values, in base64.
SOURCE: Final = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.*;

public class Find {
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false);
        for (String line; (line = in.readLine()) != null; ) {
            String[] parts = line.split(" ", -1);
            StringBuilder found = new StringBuilder();
            try {
                Pattern pattern = Pattern.compile(text(parts[0]), Pattern.DOTALL);
                for (int at = 1; at < parts.length; at++)
                    found.append(pattern.matcher(text(parts[at])).find() ? '1' : '0');
            } catch (PatternSyntaxException refused) {
                found.append('e');
            }
            out.println(found);
        }
        out.flush();
    }
    static String text(String coded) {
        return new String(Base64.getDecoder().decode(coded), StandardCharsets.UTF_8);
    }
}
"""
PIECES: Final = [
    *(
        "a",
        "b",
        "A",
        "B",
        "-",
        "_",
        " ",
        "0",
        "2",
        ",",
        ".",
        "^",
        "$",
        "|",
        "(",
        ")",
        "(?:",
        "(?<n>",
        "(?i)",
        "(?s)",
        "(?i:",
    ),
    *(
        "(?-i)",
        "(?is-i:",
        "*",
        "+",
        "?",
        "*?",
        "+?",
        "??",
        "{2}",
        "{1,}",
        "{0,2}",
        "{2}?",
        "{02}",
        "{1,02}",
        "{,2}",
        "{",
        "}",
    ),
    *(
        "[",
        "]",
        "[^",
        "[a",
        "[ab]",
        "[^a]",
        "[a-b]",
        r"[\s-_]",
        r"[\w-]",
        r"[-\s]",
        r"[^\S]",
        r"[\d-b]",
        "[a-b-_]",
        "[&&a]",
    ),
    *(
        r"\s",
        r"\S",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\A",
        r"\z",
        r"\t",
        r"\n",
        r"\r",
        r"\x41",
        r"\x{62}",
        r"\.",
        r"\-",
        r"\]",
    ),
    *(
        r"\Qa.\E",
        r"\Q[",
        r"\E",
        r"\p{Lu}",
        r"\P{L}",
        r"[\p{L}]",
        r"\pL",
        r"\0",
        r"\1",
        r"\v",
        r"\h",
        r"\Z",
        r"\G",
        r"\e",
        r"\R",
    ),
    *("\n", "\r", "\u0085", "\u2028", "ä", "Ä", "&&", "#", "\\", "(?=", "(?<!a)", "(?>", "++", "[[a]]", "[^]]"),
]
VALUES: Final = [
    *(
        b"",
        b"a",
        b"b",
        b"A",
        b"ab",
        b"aB",
        b"ba",
        b"aab",
        b"-",
        b"_",
        b" ",
        b"a b",
        b"0",
        b"02",
        b"a2",
        b"\n",
        b"\r\n",
        b"a\n",
    ),
    *(
        b"a\r\n",
        b"a\r",
        b"\na",
        b"a\n\n",
        b"\x0b",
        b"\t",
        b"a\xc2\x85",
        b"a\xe2\x80\xa8",
        b"a\xc3\xa4",
        b"\xc3\x84b",
        b"a.",
    ),
    *(
        b"[",
        b"]",
        b"{",
        b"&&",
        b"\\",
        b"\xff",
        b"a\xff",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"#a",
        b"\x00",
        b"a{02}",
    ),
]


def java(folder: Path, patterns: list[str]) -> list[str]:
    """Return for each pattern what Java finds it in, a digit for each value, or that it is none."""
    source = folder / "Find.java"
    source.write_text(SOURCE, "utf-8")
    lines = [" ".join(base64.b64encode(each).decode() for each in (pattern.encode(), *VALUES)) for pattern in patterns]
    ran = subprocess.run(
        [java_of(17), "-XX:TieredStopAtLevel=1", str(source)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    )
    return ran.stdout.split("\n")[: len(patterns)]


def ours(pattern: str) -> str | None:
    try:
        find = finder.__wrapped__(pattern.encode())
    except FilterError:
        return None
    return "".join("01"[find(each)] for each in VALUES)


def test_what_is_found_is_what_java_finds(tmp_path: Path) -> None:
    random = Random(PATTERNS)
    patterns = ["".join(random.choices(PIECES, k=random.randint(1, 6))) for _ in range(PATTERNS)]
    taken = 0
    for pattern, theirs in zip(patterns, java(tmp_path, patterns), strict=True):
        found = ours(pattern)
        if found is not None:
            taken += 1
            assert found == theirs, pattern
    assert taken > PATTERNS / 10
