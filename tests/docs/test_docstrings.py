"""Every example in a docstring is run, or stands here with the reason why not."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, NamedTuple

import pytest

import cfacl

HOME: Final = Path(cfacl.__file__).parent


class Example(NamedTuple):
    """A block behind `::` in a docstring, and where it stands: module, and name within."""

    module: str
    name: str
    text: str


def docstrings() -> list[Example]:
    """Every docstring of the package."""
    return [
        Example(module, getattr(node, "name", ""), text)
        for path in sorted(HOME.rglob("*.py"))
        for module in [".".join(path.relative_to(HOME.parent).with_suffix("").parts).removesuffix(".__init__")]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and (text := ast.get_docstring(node)) is not None
    ]


_BLOCK: Final = re.compile(r"::[ ]*\n\n((?:(?:[ ]+[^\n]*)?\n?)+)", re.MULTILINE)

DOCSTRINGS: Final = docstrings()
BLOCKS: Final = {
    (each.module, each.name): dedent(found.group(1)).strip() + "\n"
    for each in DOCSTRINGS
    for found in _BLOCK.finditer(each.text)
}
PROMPTED: Final = [each for each in DOCSTRINGS if ">>>" in each.text]

#: What is no code.
DRAWN: Final = {
    ("cfacl.errors", ""): "a tree",
    ("cfacl.stores.rocksdb.backup", ""): "what is in a folder",
    ("cfacl.stores.rocksdb.keys", ""): "how a key is made up",
}
#: What needs a server, of which `tests/servers` starts one and does the same; here its names are looked at, and these given.
SERVERS: Final = {
    ("cfacl.testing.servers", ""): set[str](),
    ("cfacl.testing.servers.proxy", ""): {"server", "open_store", "time", "nth", "Fault"},
    ("cfacl.testing.servers.hbase.server", "HBase"): {"tmp_path"},
    ("cfacl.testing.servers.cassandra.proxy", ""): {"server", "open_store", "time", "nth", "Fault"},
    ("cfacl.testing.servers.cassandra.server", "Cassandra"): {"tmp_path"},
}

POLICY: Final = """
policy = { name = "home", purposes = ["service", "support"] }
[tables.account.families]
prof = { level = "personal", purposes = ["service", "support"] }
[roles.app]
clearance = "sealed"
grants = [{ table = "account", at_or_below = "sealed", actions = ["read", "write"], purposes = ["service"], why = "t" }]
[roles.support]
clearance = "personal"
grants = [{ table = "account", at_or_below = "personal", actions = ["read"], purposes = ["support"], why = "tickets" }]
[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = [{ role = "support", until = 2027-06-30T00:00:00Z }] }
"""
#: Who asserts something has a table with a cell in every family, and a database.
ASSERTING: Final = """
import contextlib
from cfacl.testing import AsPrincipal, memory_database
opened = contextlib.ExitStack()
cfacl_db = opened.enter_context(memory_database("more.toml"))
as_principal = opened.enter_context(AsPrincipal(cfacl_db))
app = as_principal("app", purpose="service", table="account")
app.put(b"u17", {b"prof:country": b"SG", b"id:email": b"ada@example.org"})
app.put(b"u18", {b"prof:country": b"FR", b"id:email": b"bob@example.org", b"log:at": b"1"})
account = as_principal("maya", purpose="support", table="account")
class service:
    countries = staticmethod(lambda: sorted(row[b"prof:country"] for _, row in account.scan()))
"""
WATCHING: Final = "import cfacl\n"
WATCHED: Final = """
db.create_tables()
db.session("app", "service").table("account").put(b"u17", {b"prof:country": b"SG"})
assert db._hook._hook.failures == 0
db.close()
"""
FEW: Final = """
import hypothesis
few = {"max_examples": 2, "stateful_step_count": 5, "derandomize": True, "database": None, "deadline": None}
hypothesis.settings.register_profile("few", **few, suppress_health_check=[*hypothesis.HealthCheck])
hypothesis.settings.load_profile("few")
"""
DRAWING: Final = """
import cfacl, tomli_w
from cfacl.testing import strategies
from hypothesis import given, strategies as st
"""
MINE: Final = """
from cfacl.stores.memory import MemoryStore
class MyStore(MemoryStore):
    def __init__(self, folder, *, clock): super().__init__(clock=clock)
"""
STORE: Final = """
import pytest
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.memory import MemoryStore
from cfacl.testing import Clock
clock = Clock()
family = StoredFamily("account", "prof", 1, "personal")
projection = Projection([Slice(family)])
"""
STORED: Final = """
inner.create_table("account", [family])
assert slow.get("account", [b"u17"], projection) == []
slow.apply("account", [Mutation(key, (Put(family, {b"q": b"x"}),)) for key in (b"a", b"b")])
(chunk,) = store.scan("account", projection, Span(), batch_size=5)
assert [key for key, _ in chunk] == [b"b", b"a"]
"""
#: What stands before an example and behind it.
RUN: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("cfacl.audit.log", ""): (WATCHING, WATCHED),
    ("cfacl.audit.otel", ""): (WATCHING, WATCHED),
    ("cfacl.audit.prometheus", ""): (
        WATCHING + "import prometheus_client\n",
        "assert b'cfacl_up 1.0' in prometheus_client.generate_latest()\n" + WATCHED,
    ),
    ("cfacl.testing.assertions", "assert_refused"): (ASSERTING, ""),
    ("cfacl.testing.assertions", "assert_only_sees"): (ASSERTING, ""),
    ("cfacl.testing.twins", "assert_tells_nothing_of"): (ASSERTING, ""),
    ("cfacl.testing.conformance", ""): (
        MINE,
        "assert type(TestMine().open(None, lambda: 1)) is MyStore\n",  # which says that nothing is left to define
    ),
    ("cfacl.testing.machine", ""): (FEW, "import unittest\nunittest.main(argv=['mine'], defaultTest='TestMine')\n"),
    ("cfacl.testing.strategies", ""): (FEW + DRAWING, "test_something()\n"),
    ("cfacl.testing.stores", ""): (STORE, STORED),
}
#: What is a project of its own, of the files that `test_a_project_is_one` makes of it.
PROJECT: Final = ("cfacl.testing.database", "")


def test_each_is_run_or_says_why_not() -> None:
    assert BLOCKS.keys() == DRAWN.keys() | SERVERS.keys() | RUN.keys() | {PROJECT}
    assert len(BLOCKS) == sum(len(_BLOCK.findall(each.text)) for each in DOCSTRINGS), "two in one docstring"


def test_none_is_hidden_by_how_it_is_marked() -> None:
    """What collects examples sees `::` and `>>>`; so there are no others."""
    others = re.compile(r"\.\. (?:code|sourcecode|code-block|testcode|doctest)|```")
    assert not [each for each in DOCSTRINGS if others.search(each.text)]
    assert not [each for each in DOCSTRINGS if "::" in _BLOCK.sub("", each.text).splitlines()]


def prepared(folder: Path) -> Path:
    more = POLICY.replace(
        "prof = {",
        'id = { level = "sensitive", purposes = ["service"] }\n'
        'log = { level = "internal", purposes = ["service", "support"] }\nprof = {',
    )
    for name, text in (("home.toml", POLICY), ("more.toml", more)):
        (folder / name).write_text(text, "utf-8")
    return folder


def ran(folder: Path, *command: str) -> str:
    """What a process says that has to succeed."""
    inherited = {name: each for name, each in os.environ.items() if not name.startswith(("PYTEST_", "HYPOTHESIS_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", RUN, ids=":".join)
def test_an_example_runs(tmp_path: Path, where: tuple[str, str]) -> None:
    before, behind = RUN[where]
    block = BLOCKS[where].replace("rocksdb:///srv", f"rocksdb://{tmp_path}").replace("mine://", "rocksdb://")
    text = f"from {where[0]} import *\n{before}\n{block}\n{behind}"
    (prepared(tmp_path) / "example.py").write_text(text, "utf-8")
    ran(tmp_path, "example.py")


@pytest.mark.slow
def test_a_project_is_one(tmp_path: Path) -> None:
    """What stands before its first test is its `conftest.py`."""
    conftest, define, tests = BLOCKS[PROJECT].partition("def test_")
    imports = "import pytest\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
    stub = "from cfacl.testing import assert_refused\nclass Service:\n    def __init__(self, db): ...\n"
    (prepared(tmp_path) / "conftest.py").write_text(imports + conftest, "utf-8")
    (tmp_path / "test_mine.py").write_text(imports + stub + define + tests, "utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."]
    assert "1 passed" in ran(tmp_path, "-m", "pytest", *options)


@pytest.mark.parametrize("where", SERVERS, ids=":".join)
def test_one_that_needs_a_server_names_what_there_is(where: tuple[str, str]) -> None:
    tree = ast.parse(BLOCKS[where])
    nodes: list[Any] = [*ast.walk(tree)]
    made = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    made |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    named = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    known = {*dir(builtins), *dir(importlib.import_module(where[0]))}
    assert named - made - known <= SERVERS[where]


@pytest.mark.parametrize("example", PROMPTED, ids=lambda each: f"{each.module}:{each.name}")
def test_what_is_typed_at_a_prompt_says_what_it_says(example: Example) -> None:
    names = dict(vars(importlib.import_module(example.module)))
    test = doctest.DocTestParser().get_doctest(example.text, names, example.name or example.module, None, None)
    assert test.examples
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)


def test_some_are_typed_at_a_prompt() -> None:
    assert PROMPTED
