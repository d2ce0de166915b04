"""What `import cfacl` offers, and what it leaves unloaded."""

from __future__ import annotations

import subprocess
import sys

import cfacl

HEAVY = ["cassandra", "cfacl.cli", "cfacl.testing", "cfacl.unchecked", "click", "faker", "happybase", "hypothesis"]
HEAVY += ["lark", "opentelemetry", "prometheus_client", "pydantic", "pytest", "re2", "rich", "rocksdict", "typer"]


def test_the_public_names_are_sorted_and_each_once() -> None:
    assert len(cfacl.__all__) > 10
    assert sorted(set(cfacl.__all__)) == list(cfacl.__all__)


def test_the_public_names_are_complete() -> None:
    names = {name for name in vars(cfacl) if not name.startswith("_")}
    rooms = {name for name in names if f"cfacl.{name}" in sys.modules}
    assert names - rooms - {"annotations"} == {name for name in cfacl.__all__ if not name.startswith("__")}
    assert all(hasattr(cfacl, name) for name in cfacl.__all__)


def test_every_public_name_is_explained() -> None:
    assert not [name for name in cfacl.__all__ if callable(vars(cfacl)[name]) and not vars(cfacl)[name].__doc__]


def test_importing_cfacl_loads_no_driver_no_toolkit_and_no_bypass() -> None:
    code = "import sys, cfacl; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "cfacl.errors" in loaded
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)
