"""The page of the examples offers all of their files, and says of them what they say themselves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import cfacl
from cfacl.policy.text.layout import laid_out

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "docs" / "examples"
PAGE: Final = (EXAMPLES / "README.md").read_text("utf-8")
SERVICES: Final = sorted(EXAMPLES.glob("*_service.py"))


def test_every_file_is_offered() -> None:
    files = {str(each.relative_to(EXAMPLES)) for each in EXAMPLES.rglob("*.*") if each.name != "README.md"}
    files = {each for each in files if "__pycache__" not in each and ".rocksdb" not in each}
    assert len(files) > 3
    assert {link for link in re.findall(r"\]\(([^)#]*)\)", PAGE) if not link.startswith("..")} == files


def test_a_service_is_offered_with_its_policy_and_what_it_needs() -> None:
    assert len(SERVICES) == 2
    for service in SERVICES:
        text = service.read_text("utf-8")
        (item,) = [each for each in PAGE.partition("\n## ")[0].split("\n* ") if f"({service.name})" in each]
        assert 'with_name("shop.toml")' in text
        assert "](shop.toml)" in item
        (install,) = re.findall(r"^ +(pip install .*)$", text, re.MULTILINE)
        assert f"`{install}`" in item


def test_what_is_needed_is_what_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (fastapi,) = re.findall(r"'(fastapi>=[\d.]+)'", PAGE)
    assert fastapi in project["optional-dependencies"]["dev"]


def test_the_policy_is_as_the_page_on_policies_would_have_it() -> None:
    text = (EXAMPLES / "shop.toml").read_text("utf-8")
    assert laid_out(text) == text
    assert not cfacl.Policy.loads(text).lint()
