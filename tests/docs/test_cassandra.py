"""What the page on Cassandra shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cfacl import Policy
from cfacl.stores.cassandra.address import parse
from cfacl.testing.servers import RunningCassandra, __main__

PAGE: Final = (Path(__file__).parents[2] / "docs" / "cassandra.md").read_text("utf-8")
#: The part that a newcomer follows, from one end to the other.
BEGINNING: Final = PAGE[PAGE.index("## On a laptop") : PAGE.index("## What lies where")]
ADDRESS: Final = "cassandra://127.0.0.1:9042/home"


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", BEGINNING, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"it has one block of {language}"
    return str(found[0])


def test_it_is_followed_from_its_top() -> None:
    """What is to be installed and started stands before what needs it, and files are called as what is printed calls them."""
    assert re.search(
        r"pip install 'cfacl\[cassandra,testing\]'.*\npython -m cfacl.testing.servers cassandra ", block("sh")
    )
    positions = [BEGINNING.index(f"```{each}\n") for each in ("sh", "toml", "python")]
    assert positions == sorted(positions)
    assert "`home.toml`:\n\n```toml" in BEGINNING
    printed = Path(str(__main__.__file__)).read_text("utf-8")
    assert 'cfacl.connect("cassandra://{server.host}:{server.port}/{_KEYSPACE}", policy="home.toml")' in printed
    assert f'cfacl.connect("{ADDRESS}", policy="home.toml")' in block("python")


def test_what_may_stand_in_a_url_is_all_of_it() -> None:
    table = PAGE[PAGE.index("Behind a `?`") : PAGE.index("## What lies where")]
    said = set(re.findall(r"`([a-z]+)=", table))
    for name in said:
        parse(f"{ADDRESS}?{name}={'true' if name == 'tls' else '5'}" + "&cert=/c" * (name == "key"))
    with pytest.raises(ValueError, match="known for `cassandra` are") as error:
        parse(f"{ADDRESS}?other=1")
    assert set(re.findall(r"`([a-z]+)`", str(error.value).partition("are ")[2])) == said


def test_its_layouts_are_those_of_a_policy() -> None:
    said = "\n".join(re.findall(r"^```toml\n(.*?)^```", PAGE[PAGE.index("## What lies") :], re.MULTILINE | re.DOTALL))
    tables = "".join(
        f'tables.{name}.families.f = {{ level = "public", purposes = [] }}\n' for name in ("account", "event")
    )
    head = 'policy = { name = "x" }\n'
    found = Policy.loads(head + tables + said).stores
    default = Policy.loads(head + tables + '[stores.cassandra.tables.account]\nlayout = "ordered"\n').stores
    assert found.cassandra_layouts["account"] == default.cassandra_layouts["account"]
    assert found.cassandra_layouts["event"].layout == "row"
    assert found.cassandra_consistency == "LOCAL_QUORUM"


@pytest.mark.slow
def test_the_example_runs_and_prints_what_the_page_says(
    cassandra: RunningCassandra, keyspaces: Callable[[], str], tmp_path: Path
) -> None:
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}"
    (tmp_path / "home.toml").write_text(block("toml"), "utf-8")
    (tmp_path / "example.py").write_text(block("python").replace(ADDRESS, url), "utf-8")
    ran = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    (said,) = re.findall(r"print\(.*\)  # (.*)\n", block("python"))
    assert ran.stdout == f"{said}\n"
