"""Nothing that can be said to a database, or to the process, allows everything."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.compat import happybase
from cfacl.testing import memory_database

#: All that a service can say to what stands between it and its data; one more is to be looked at.
SAID: Final[dict[Any, set[str]]] = {
    cfacl.connect: {"location", "policy", "clock", "on_event", "durable", "read_only", "staleness"},
    cfacl.Database.session: {"principal", "purpose"},
    memory_database: {"policy", "clock", "on_event"},
    cfacl.Session: {"action", "ask", "name", "names", "table"},
    cfacl.Table: {"row", "rows", "column", "columns", "timestamp", "include_timestamp", "strict", "versions"}
    | {"row_start", "row_stop", "row_prefix", "batch_size", "limit", "reverse", "scan_batching", "snapshot"}
    | {"data", "value", "expected", "durable", "transaction", "filter", "dry_run"},
    cfacl.Batch: {"row", "data", "columns"},
    happybase.acting_as: {"principal", "purpose"},
    happybase.configure: {"cfacl", "principal", "purpose"},
    happybase.Connection: {"name", "use_prefix", "families", "disable", "major"},
    happybase.Connection.__init__: {"host", "port", "timeout", "autoconnect", "table_prefix", "table_prefix_separator"}
    | {"compat", "transport", "protocol", "cfacl", "principal", "purpose"},
    happybase.Table: {"row", "rows", "column", "columns", "timestamp", "include_timestamp", "versions", "row_start"}
    | {"row_stop", "row_prefix", "filter", "batch_size", "scan_batching", "limit", "sorted_columns", "reverse"}
    | {"data", "wal", "transaction", "value"},
    happybase.Batch: {"row", "data", "columns", "wal"},
    happybase.ConnectionPool: {"timeout"},
}
#: What reads a variable of the environment.
READERS: Final = {"environ", "environb", "getenv", "getenvb"}


def is_method(said: object) -> bool:
    """Whether it is a method, compiled or not."""
    return inspect.isfunction(said) or inspect.ismethoddescriptor(said)


def parameters(said: Any) -> set[str]:
    """What can be said to a function, or to the public methods of a class."""
    methods = [said]
    if inspect.isclass(said):
        methods = [each for name, each in inspect.getmembers(said, is_method) if not name.startswith("_")]
    return {name for each in methods for name in inspect.signature(each).parameters} - {"self"}


@pytest.mark.rule("12a")
@pytest.mark.parametrize("said", SAID, ids=lambda said: f"{said.__module__}.{said.__qualname__}")
def test_no_argument_is_a_switch(said: Any) -> None:
    assert parameters(said) == SAID[said]


@pytest.mark.rule("12a")
def test_no_variable_of_the_environment_is_one() -> None:
    readers = set()
    home = Path(cfacl.__file__).parent
    for path in home.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Attribute(attr=name) | ast.alias(name=name) if name in READERS:
                    readers.add(path.relative_to(home).parts[0])
    assert readers == {"cli", "testing"}
