"""The shape of the repository: what lies at its top, how long files are, and that exceptions give their reason."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

TOP: Final = {
    ".ci",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "cfacl",
    "cfacl_door.py",
    "constraints.txt",
    "docs",
    "pyproject.toml",
    "tests",
}

#: A comment that switches a check off.
SWITCH: Final = re.compile(
    r"#\s*(?:type:\s*ignore(?:\[[^\]]*\])?|pyright:\s*ignore(?:\[[^\]]*\])?"
    r"|noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?|pragma: no \w+)"
)
SKIPS: Final = {"skip", "skipif", "xfail", "importorskip"}
#: What a file has in it that has either.
WORDS: Final = re.compile(r"ignore|noqa|pragma|skip|xfail")
#: Two words at least.
REASON: Final = re.compile(r"#[^#]*[A-Za-z]\W+[A-Za-z]{2,}")


def files() -> list[str]:
    """Every file that is in the repository, or would be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def sources() -> list[Path]:
    """Its Python files."""
    return [ROOT / name for name in files() if name.endswith(".py")]


def without_reason(source: str) -> list[int]:
    """The lines that switch a check off, or a test, and do not say why."""
    if not WORDS.search(source):  # most files, and to take one apart is slow
        return []
    bare = []
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for line, comment in comments.items():
        if (switch := SWITCH.search(comment)) and not REASON.search(comment.replace(switch[0], "")):
            bare.append(line)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="pytest") | ast.Attribute(attr="mark"), attr=name) if name in SKIPS:
                if not REASON.search(comments.get(node.lineno, "")):
                    bare.append(node.lineno)
    return bare


def test_the_top_holds_what_belongs_there() -> None:
    assert {name.partition("/")[0] for name in files()} == TOP


def test_every_file_can_be_read_in_one_sitting() -> None:
    lengths = {
        path: len(path.read_text("utf-8").splitlines()) for path in sources() if path.is_relative_to(ROOT / "cfacl")
    }
    assert len(lengths) > 20
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 400}


def test_a_reason_is_recognised() -> None:
    assert without_reason("x = f()  # type: ignore[arg-type]") == [1]
    assert without_reason("import y  # noqa: F401, E402") == [1]
    assert without_reason("import y  # noqa: F401  # why") == [1]
    assert without_reason("def f():\n    pytest.skip('later')") == [2]
    assert without_reason("@pytest.mark.xfail\ndef f(): ...") == [1]
    assert without_reason("x = f()  # type: ignore[arg-type]  # the stub is wrong about None") == []
    assert without_reason("x = '# noqa'  # fine") == []


def test_every_exception_gives_its_reason_beside_it() -> None:
    bare = {str(path.relative_to(ROOT)): without_reason(path.read_text("utf-8")) for path in sources()}
    assert len(bare) > 40
    assert not {name: lines for name, lines in bare.items() if lines}
