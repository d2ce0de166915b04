"""What the page on HBase shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Final

import pytest

from cfacl.testing.servers import Running, __main__

PAGE: Final = (Path(__file__).parents[2] / "docs" / "hbase.md").read_text("utf-8")
#: The part that a newcomer follows, from one end to the other.
BEGINNING: Final = PAGE[PAGE.index("## On a laptop") : PAGE.index("## What lies where")]
ADDRESS: Final = "hbase://127.0.0.1:9090"


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", BEGINNING, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"it has one block of {language}"
    return str(found[0])


def test_it_is_followed_from_its_top() -> None:
    """What is to be installed and started stands before what needs it, and files are called as what is printed calls them."""
    assert re.search(r"pip install 'cfacl\[hbase,testing\]'.*\npython -m cfacl.testing.servers ", block("sh"))
    positions = [BEGINNING.index(f"```{each}\n") for each in ("sh", "toml", "python")]
    assert positions == sorted(positions)
    assert "`home.toml`:\n\n```toml" in BEGINNING
    printed = Path(str(__main__.__file__)).read_text("utf-8")
    assert 'cfacl.connect("hbase://{server.host}:{server.port()}", policy="home.toml")' in printed
    assert f'cfacl.connect("{ADDRESS}", policy="home.toml")' in block("python")


@pytest.mark.slow
def test_the_example_runs_and_prints_what_the_page_says(hbase: Running, tmp_path: Path) -> None:
    url = f"hbase://{hbase.host}:{hbase.port()}/p{uuid.uuid4().hex[:12]}_"
    (tmp_path / "home.toml").write_text(block("toml"), "utf-8")
    (tmp_path / "example.py").write_text(block("python").replace(ADDRESS, url), "utf-8")
    ran = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    (said,) = re.findall(r"print\(.*\)  # (.*)\n", block("python"))
    assert ran.stdout == f"{said}\n"
