"""The page on observability: its example runs, and what it lists is all there is."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import cfacl
from cfacl.audit.event import Event
from cfacl.audit.otel import _CONVENTIONS
from cfacl.audit.watcher import shown
from cfacl.engine.snapshot import ASKS, MEMO, PRINCIPALS
from cfacl.errors import REASONS

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = (DOCS / "observability.md").read_text("utf-8")
POLICY: Final = DOCS / "examples" / "shop.toml"
#: What brings what the examples import, by how its name begins.
PACKAGES: Final = {"opentelemetry.sdk": "opentelemetry-sdk", "prometheus_client": "prometheus-client"}


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def column(heading: str, number: int) -> list[str]:
    """The names in a column of the table that begins with a heading."""
    table = PAGE[PAGE.index(heading) :].partition("\n\n")[0]
    rows = [line.split("|")[number] for line in table.splitlines()[2:]]
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]


def test_its_example_runs_and_says_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(POLICY.read_bytes())
    (tmp_path / "watched.py").write_text(blocks()[0], "utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "watched.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    decision = re.search("^decision ([0-9a-f]{16})$", ran.stdout, re.MULTILINE)
    assert decision is not None
    assert ran.stderr == (
        "WARNING cfacl.audit: `maya` may not `read` `account:id` for `support` (row), not_granted,"
        f" decision {decision[1]}\n"
    )
    assert 'cfacl_decisions_total{action="read",outcome="allowed",table="account"} 1.0\n' in ran.stdout
    assert 'cfacl_decisions_total{action="read",outcome="denied",table="account"} 1.0\n' in ran.stdout
    assert 'cfacl_denials_total{reason="not_granted"} 1.0\n' in ran.stdout
    assert 'cfacl_info{policy="shop",store="memory"} 1.0\n' in ran.stdout


def test_what_takes_time_is_done_by_others(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(POLICY.read_bytes())
    (tmp_path / "queued.py").write_text(blocks()[1], "utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "queued.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    decision = re.search("^decision ([0-9a-f]{16})$", ran.stdout, re.MULTILINE)
    assert decision is not None
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING `mallory` was refused for `support` \(session\),"
        rf" unknown_principal, decision {decision[1]}, epoch \d+\n",
        (tmp_path / "audit.log").read_text("utf-8"),
    )
    assert f'"cfacl.decision": "{decision[1]}"' in ran.stdout


def test_what_it_installs_is_what_its_examples_import() -> None:
    (line,) = re.findall(r"`pip install ([^`]+)`", PAGE)
    ours, *others = shlex.split(line)
    offered = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    brought = {re.split("[<>=]", each)[0] for name in ours[6:-1].split(",") for each in offered[name]} | {*others}
    imported = {
        name.name
        for block in blocks()[:2]
        for node in ast.walk(ast.parse(block))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
    }
    packages = {
        next(package for start, package in PACKAGES.items() if name.startswith(start))
        for name in imported
        if name.partition(".")[0] not in {"cfacl", *sys.stdlib_module_names}
    }
    assert packages == {"opentelemetry-sdk", "prometheus-client"}
    assert packages <= brought


def test_the_last_block_is_python() -> None:
    (block,) = blocks()[2:]
    ast.parse("def answer(session, key):\n" + "".join(f"    {line}\n" for line in block.splitlines()))


def test_its_fields_are_all_of_them() -> None:
    event = Event("row", False, "maya", "support", "account", {}, frozenset(), 1, "not_granted", "00ff")
    names = list(shown(event))
    assert sorted(column("| record of", 1)) == sorted(f"cfacl_{name}" for name in names)
    assert sorted(column("| record of", 2)) == sorted(_CONVENTIONS.get(name, f"cfacl.{name}") for name in names)
    pairs = zip(column("| record of", 1), column("| record of", 2), strict=True)
    assert {name.removeprefix("cfacl_"): attribute for name, attribute in pairs} == {
        name: _CONVENTIONS.get(name, f"cfacl.{name}") for name in names
    }


def test_its_reasons_are_all_of_them() -> None:
    (row,) = re.findall(r"^\| `cfacl_reason` .*$", PAGE, re.MULTILINE)
    assert {*re.findall("`([a-z_]+)`", row)} - {"cfacl_reason"} == {*REASONS}


def test_its_figures_are_all_that_are_not_the_stores() -> None:
    with cfacl.connect("memory://", policy=POLICY) as db:
        ours = db.stats().keys() - db._store.statistics().keys()
    assert sorted(column("| figure |", 1)) == sorted(ours)
    assert {f"denied_{reason}" for reason in REASONS} <= ours
    assert f"{MEMO:,}" in PAGE
    assert f"{ASKS:,}" in PAGE
    assert f"{PRINCIPALS:,}" in PAGE
