"""The site: it is built without a warning, and its reference leaves out no public name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from textwrap import indent
from typing import Final

import pytest

import cfacl
from cfacl import errors, testing
from cfacl.cli.app import app
from cfacl.compat import happybase

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"
#: What `make docs` runs.
BUILD: Final = "sphinx-build -W --keep-going -n -q -c docs . site"


def _is_error(name: str) -> bool:
    return isinstance(getattr(cfacl, name), type) and issubclass(getattr(cfacl, name), Exception)


class _Targets(HTMLParser):
    """The links of a page, and what can be linked to in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        for name in ("href", "src"):
            if given.get(name):
                self.links.add(str(given[name]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    command = [*BUILD.split()[1:-1], str(built)]
    # In a process of its own: a project's configuration is a program, and Sphinx changes what is shared.
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return built


@pytest.mark.slow
def test_every_page_is_built_and_every_link_within_leads_somewhere(site: Path) -> None:
    """Sphinx looks at what pages say, and this at what came of it: what it put between them is linked too."""
    pages = {page: _Targets(page) for page in site.rglob("*.html") if "_static" not in page.parts}
    sources = [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", *(ROOT / "docs").rglob("*.md")]
    expected = {site / source.relative_to(ROOT).with_suffix(".html") for source in sources}
    assert expected - pages.keys() == {site / "docs" / "adr" / "0000-template.html"}
    broken = []
    for page, found in pages.items():
        for link in found.links:
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].ids):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert not broken


@pytest.mark.slow
def test_nothing_on_a_page_comes_from_elsewhere(site: Path) -> None:
    """A link may lead out of the site; what a page needs to be shown may not."""
    needs = re.compile(r'<(?:script|img|link|iframe)[^>]*?(?:src|href)="((?:https?:)?//[^"]*)"')
    assert not [
        f"{page.name}: {needs.findall(page.read_text('utf-8'))}"
        for page in site.rglob("*.html")
        if needs.search(page.read_text("utf-8"))
    ]


@pytest.mark.slow
def test_the_commands_are_those_of_the_command(site: Path) -> None:
    text = re.sub(r"<[^>]*>", "", (site / "docs" / "reference" / "commands.html").read_text("utf-8"))
    names = [each.name for each in app.registered_commands]
    assert len(names) > 5
    assert not [name for name in [*names, "--version"] if name not in text]
    assert not re.findall(r"^[a-z]+: .*\.\.\.$", text, re.MULTILINE), "a command's line is cut off"


@pytest.mark.slow
def test_the_keys_of_a_policy_are_those_of_the_schema(site: Path) -> None:
    text = unescape(re.sub(r"<[^>]*>", "", (site / "docs" / "reference" / "policy.html").read_text("utf-8")))
    schema = json.loads((ROOT / "cfacl" / "policy" / "document" / "schema.json").read_text("utf-8"))
    said = [
        value["description"] for each in [schema, *schema["$defs"].values()] for value in each["properties"].values()
    ]
    assert len(said) > 50
    held = schema["$defs"]["HeldRole"]["properties"].values()  # an inline table, which the list of roles shows
    missing = {each for each in said if each.replace("`", "") not in text}
    assert missing <= {value["description"] for value in held}


def test_every_decision_is_listed_by_its_title() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))[1:]  # the first is the template
    titles = {page.name: page.read_text("utf-8").partition("\n")[0].removeprefix("# ") for page in pages}
    assert len(titles) > 20
    lines = [f"* {title[:4]} [{title[5:]}]({name})" for name, title in titles.items()]
    assert re.findall(r"^\* .*", listed, re.MULTILINE) == lines


def test_the_tree_of_errors_is_that_of_the_module() -> None:
    (shown,) = re.findall(
        r"^```text\n(.*?)^```", (REFERENCE / "errors.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert indent(shown, " " * 4) in str(errors.__doc__)


def test_make_builds_it_with_warnings_as_errors() -> None:
    assert f"$(BIN)/{BUILD}\n" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize(
    ("page", "module", "names"),
    [
        ("library.md", "cfacl", [name for name in cfacl.__all__ if not _is_error(name)]),
        ("testing.md", "cfacl.testing", testing.__all__),
        ("errors.md", "cfacl", [name for name in cfacl.__all__ if _is_error(name)]),
        (
            "happybase.md",
            "cfacl.compat.happybase",
            [name for name in happybase.__all__ if name[0] != "_" and not name.isupper()],
        ),
    ],
    ids=["library", "testing", "errors", "happybase"],
)
def test_the_reference_has_every_public_name(page: str, module: str, names: list[str]) -> None:
    said = re.findall(r"^\.\. auto\w+:: (\S+)$", (REFERENCE / page).read_text("utf-8"), re.MULTILINE)
    assert names
    assert not {f"{module}.{name}" for name in names} - {*said}
