"""`matrix --html`, `diff --html` and `who --html`: one page that needs nothing beside it, may reach nothing, and gives nothing away."""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import re
import socket
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl

HOSTILE: Final = "</script><script>hacked = 1</script><!-- ' \" \\ & \u2028 \u2029 \U0001f98a"

#: As hostile as a name may be.
NAME: Final = "<b></script><script>hacked = 1</script><!-- ' \" \\ &"


AT: Final = "2026-06-01T00:00:00Z"


def parts(page: str) -> dict[str, str]:
    """What the page is made of: its style, its script, its data."""
    found = {
        "style": re.findall(r"<style>(.*?)</style>", page, re.DOTALL),
        "script": re.findall(r"<script>(.*?)</script>", page, re.DOTALL),
        "data": re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL),
    }
    assert {name: len(each) for name, each in found.items()} == {"style": 1, "script": 1, "data": 1}
    assert page.count("<script") == 2
    return {name: each[0] for name, each in found.items()}


@pytest.fixture
def pages(run: Any, write: Any, tmp_path: Path) -> dict[str, str]:
    """The page of each command, of policies with hostile texts."""
    hostile = json.dumps(HOSTILE, ensure_ascii=False)
    old = write(text=write().read_text().replace('"answers tickets"', hostile).replace('"shop"', json.dumps(NAME)))
    new = write(
        "new.toml", old.read_text().replace("until = 2027", "until = 2028").replace("maya", json.dumps("<i>'m&ya"))
    )
    matrix, diff = tmp_path / "matrix.html", tmp_path / "diff.html"
    assert run("matrix", old, "--html", matrix) == (0, "", "")
    assert run("diff", old, new, "--html", diff) == (1, "", "")
    return {"matrix": matrix.read_text("utf-8"), "diff": diff.read_text("utf-8"), "who": answer(run, new)}


def answer(run: Any, policy: Path) -> str:
    """The page of who may read profiles, while Maya may."""
    ran = run("who", policy, "read", "account:prof", "--at", AT, "--html", "-")
    assert (ran.code, ran.err) == (0, "")
    return str(ran.out)


@pytest.mark.parametrize("kind", ["matrix", "diff"])
def test_the_page_runs_what_it_was_made_with_and_loads_nothing(pages: dict[str, str], kind: str) -> None:
    page = pages[kind]
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    told = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert told.pop("default-src") == told.pop("base-uri") == told.pop("form-action") == "'none'"
    made = parts(page)
    for name in ("script", "style"):
        digest = hashlib.sha256(made[name].encode()).digest()
        assert told.pop(f"{name}-src") == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert not told
    assert page.index("Content-Security-Policy") < page.index("<style")
    assert not re.findall(
        r"""(?:src|href|action|srcset)\s*=|url\(|@import|https?:|\bimport\b""", page.replace(made["data"], "")
    )
    assert " style=" not in page


@pytest.mark.parametrize("kind", ["matrix", "diff"])
def test_no_text_of_a_policy_gets_out_of_its_place(pages: dict[str, str], kind: str) -> None:
    page = pages[kind]
    made = parts(page)
    assert page.isascii()
    assert not set("<>&\u2028") & set(made["data"])
    assert HOSTILE in json.loads(made["data"])["texts"]
    rest = page.replace(made["data"], "").replace(made["script"], "")
    assert "hacked" in rest
    assert "&lt;b&gt;&lt;/script&gt;" in rest
    assert "<b>" not in rest.partition("</header>")[0]


@pytest.mark.parametrize("kind", ["matrix", "diff", "who"])
def test_the_page_says_of_what_and_when_it_was_made_and_nothing_of_this_machine(
    pages: dict[str, str], kind: str, tmp_path: Path
) -> None:
    page = pages[kind]
    assert re.search(r"Made \d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?Z? by cfacl [\w.]+\.", page)
    for each in (str(tmp_path), tmp_path.name, "shop.toml", socket.gethostname(), f"/{getpass.getuser()}"):
        assert each not in page
    for said in (
        "<title>",
        *(("Legend", "<b>r</b> read", "<b>a</b> admin", '<li class="level l4">sealed</li>') * (kind != "who")),
    ):
        assert said in page


def test_the_page_of_what_does_not_differ_says_so(run: Any, write: Any) -> None:
    ran = run("diff", write(), write(), "--html", "-")
    assert (ran.code, ran.err) == (0, "")
    assert "Nobody gains or loses anything." in ran.out
    assert "<dt>Gains</dt><dd>nobody</dd>" in ran.out
    noted = write("noted.toml", write().read_text().replace("id   = {", "id = { versions = 2,"))
    assert "What else changed</h2>" not in ran.out
    assert "<dt>What else changed</dt><dd>nothing</dd>" in ran.out
    page = run("diff", write(), noted, "--html", "-").out
    assert "<dt>What else changed</dt><dd>1 weakens</dd>" in page
    remark = '<li><b class="weakens">weakens</b> <div><code>tables.account.families.id.versions</code></div> <span><code>2</code>, was <code>1</code></span></li>'
    assert page.count("<li><b class=") == page.count(remark) == 1


def test_a_backtick_that_has_no_other_is_told_as_it_is(run: Any, write: Any) -> None:
    never = '[[never]]\nroles = ["support"]\nactions = ["admin"]\nwhy = "a ` and <b>"\n'
    page = run("diff", write("never.toml", write().read_text() + never), write(), "--html", "-").out
    assert "a ` and &lt;b&gt;" in page


def test_no_text_in_what_else_changed_gets_out_of_its_place(run: Any, write: Any) -> None:
    never = f'[[never]]\nroles = ["support"]\nactions = ["admin"]\nwhy = {json.dumps(HOSTILE, ensure_ascii=False)}\n'
    page = run("diff", write("never.toml", write().read_text() + never), write(), "--html", "-").out
    (told,) = re.findall(r"<li><b class=.*</li>", page)
    assert re.findall(r"</?(\w+)", told) == ["li", "b", "b", "div", "code", "code", "div", "span", "span", "li"]
    assert "&lt;/script&gt;&lt;script&gt;hacked = 1" in told
    assert parts(page)


def test_a_page_can_go_to_standard_output_and_nowhere_it_cannot(run: Any, write: Any, tmp_path: Path) -> None:
    assert run("matrix", write(), "--html", "-").out.startswith("<!doctype html>")
    assert run("matrix", write(), "--html", tmp_path) == (2, "", f"cfacl: {tmp_path}: is a directory\n")
    said = "`--html` is a format of its own; leave `--format` out, or ask twice"
    ran = run("matrix", write(), "--html", "-", "--format", "json")
    assert (ran.code, ran.document["faults"][0]["message"]) == (2, said)
    assert run("diff", write(), write(), "--html", "-", "--format", "json").code == 2


def unpacked(page: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What the data says of each cell that is not empty: its letters, and its entries."""
    data = json.loads(parts(page)["data"])
    texts = data["texts"]
    found = {}
    for column, filled in zip(data["columns"], data["cells"], strict=True):
        for part, *runs in filled:
            label, spoken, *entries = data["parts"][part]
            for start, count in zip(runs[::2], runs[1::2], strict=True):
                for table, family, *_ in data["families"][start : start + count]:
                    place = texts[column[0]], f"{texts[table]}:{texts[family]}"
                    assert place not in found
                    found[place] = {
                        "label": texts[label],
                        "spoken": texts[spoken],
                        "entries": [
                            {
                                "said": tuple(texts[each] for each in said),
                                "by": [
                                    (
                                        tuple(texts[each] for each in data["grounds"][ground]),
                                        [texts[each] for each in data["chains"][chain]],
                                    )
                                    for ground, chain in zip(by[::2], by[1::2], strict=True)
                                ],
                            }
                            for said, by in ((entry[:4], entry[4:]) for entry in entries)
                        ],
                    }
    return found


GRANT: Final = (
    '{{ table = "account", families = ["prof"], actions = ["{}"], purposes = ["service", "support"], why = "{}" }}'
)


def test_a_cell_of_a_matrix_has_its_grants_joined_where_they_say_the_same(run: Any, write: Any) -> None:
    text = (
        write()
        .read_text()
        .replace(
            '[roles.support]\nclearance = "personal"',
            f'[roles.base]\nclearance = "sealed"\ngrants = [{GRANT.format("read", "one")}, {GRANT.format("write", "two")}]\n\n'
            '[roles.support]\nclearance = "personal"\ninherits = ["base"]',
        )
    )
    cells = unpacked(run("matrix", write(text=text), "--html", "-", "--at", "2026-06-01T00:00:00Z").out)
    assert cells.keys() == {
        ("app", "account:id"),
        ("app", "account:prof"),
        ("base", "account:prof"),
        ("support", "account:prof"),
    }
    both = ("service, support", "", "")
    one = (("roles.base.grants[0]", "one", "service, support", ""), ["support", "base"])
    two = (("roles.base.grants[1]", "two", "service, support", ""), ["support", "base"])
    own = (("roles.support.grants[0]", "answers tickets", "support", "until 2027-01-01"), ["support"])
    assert cells["support", "account:prof"] == {
        "label": "rw",
        "spoken": "read, write",
        "entries": [
            {"said": ("read", "service", "", ""), "by": [one]},
            {"said": ("write", *both), "by": [two]},
            {"said": ("read", "support", "", ""), "by": [one, own]},
        ],
    }
    assert cells["app", "account:id"]["entries"][0]["said"] == ("read, write", "service", "", "")


def test_a_cell_of_a_difference_has_the_grants_of_the_policy_that_gives(run: Any, write: Any) -> None:
    old = write()
    text = old.read_text().replace("until = 2027-01-01", "until = 2028-01-01").replace(', "write"', "")
    new = write("new.toml", text.replace('prof = { level = "personal"', 'prof = { columns = ["x"], level = "personal"'))
    page = run("diff", old, new, "--html", "-").out
    cells = unpacked(page)
    assert cells["app", "account:id"] == {
        "label": "\u2212w",
        "spoken": "loses write",
        "entries": [
            {
                "said": ("loses write", "service", "", ""),
                "by": [(("roles.app.grants[0]", "runs", "service", ""), ["app"])],
            }
        ],
    }
    assert cells["app", "account:prof"]["entries"][0]["said"] == ("loses read", "service", "", "column any but `x`")
    assert cells["maya", "account:prof"]["label"] == "+r \u2212r"
    gained = cells["maya", "account:prof"]["entries"][0]
    assert gained["said"] == ("gains read", "support", "from 2027-01-01 until 2028-01-01", "")
    assert gained["by"][0][0][3] == "until 2028-01-01"
    assert "<dt>Loses</dt><dd>2 principals, on 2 families</dd>" in page


def test_who_comes_or_goes_and_levels_of_both_policies_are_told(run: Any, write: Any) -> None:
    old = write()
    text = (
        old.read_text()
        .replace("maya", "nora")
        .replace('name = "shop",', 'name = "shop", levels = ["personal", "sensitive"],')
    )
    page = run("diff", old, write("new.toml", text), "--html", "-").out
    data = json.loads(parts(page)["data"])
    assert {data["texts"][name]: data["texts"][note] for name, note in data["columns"]} == {
        "maya": "employee, removed",
        "nora": "employee, new",
    }
    assert data["levels"] == ["public", "internal", "personal", "sensitive", "sealed"]
    gone = run("diff", old, write("gone.toml", 'policy = { name = "next", levels = ["x"] }'), "--html", "-").out
    assert json.loads(parts(gone)["data"])["levels"] == [*"x", "public", "internal", "personal", "sensitive", "sealed"]
    assert "<h1>shop &#8594; next</h1>" in gone
    kept = write("kept.toml", old.read_text().replace(', "write"', ""))
    data = json.loads(parts(run("diff", old, kept, "--html", "-").out)["data"])
    assert [data["texts"][note] for _, note in data["columns"]] == ["service"]


def test_all_that_a_difference_lists_is_in_its_page(run: Any, write: Any) -> None:
    old, new = write(), write("new.toml", 'policy = { name = "p" }')
    changes = cfacl.diff(cfacl.Policy.load(old), cfacl.Policy.load(new))
    cells = unpacked(run("diff", old, new, "--html", "-").out)
    assert cells.keys() == {(each.principal, f"{each.table}:{each.family}") for each in changes}


def sha256(policy: Path) -> str:
    return hashlib.sha256(policy.read_bytes()).hexdigest()


def test_a_page_names_the_very_text_that_it_was_made_of(run: Any, write: Any) -> None:
    old = write()
    new = write("new.toml", f"# the same, but for \u00e4 comment\r\n{old.read_text()}")
    page = run("diff", old, new, "--html", "-").out
    assert f"<dt>From</dt><dd>shop, SHA-256 {sha256(old)}</dd>" in page
    assert f"<dt>To</dt><dd>shop, SHA-256 {sha256(new)}</dd>" in page
    for ran in (
        run("matrix", new, "--html", "-"),
        run("who", "-", "read", "account:id", "--html", "-", stdin=new.read_bytes()),
    ):
        assert f"<dt>SHA-256 of the policy</dt><dd>{sha256(new)}</dd>" in ran.out


# --- who


def test_the_page_of_who_has_no_script_and_loads_nothing(pages: dict[str, str]) -> None:
    page = pages["who"]
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.findall(
        r"""<script|(?:src|href|action|srcset)\s*=|url\(|@import|https?:|&lt;script&gt;.*<script""", page
    )
    assert "&lt;i&gt;&#x27;m&amp;ya" in page
    assert "&lt;/script&gt;&lt;script&gt;hacked = 1" in page
    assert page.isascii()


def test_the_page_of_who_says_what_was_asked_and_how_each_may(run: Any, write: Any) -> None:
    page = answer(run, write())
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert facts == {
        "Policy": "shop",
        "Answer": "2 principals",
        "As it is at": "2026-06-01",
        "For which purpose": "any",
        "Level of the family": "personal",
        "It may be used for": "service, support",
        "SHA-256 of the policy": sha256(write()),
    }
    assert "<h1>Who may read account:prof</h1>" in page
    assert re.findall(r"<bdi>(.*?)</bdi> <small>(.*?)</small>", page) == [("app", "service"), ("maya", "employee")]
    assert re.findall(r'<td data-head="\w+">(.*?)</td>', page) == ["service", "always", "support", "until 2027-01-01"]
    assert re.findall(r"<li>(.*?)</li>", page) == [
        "<code>roles.app.grants[0]</code> runs <small>through app</small>",
        "<code>roles.support.grants[0]</code> answers tickets <small>through support</small>",
    ]
    assert "<code>cfacl who POLICY read account:prof --at 2026-06-01T00:00:00+00:00</code>" in page


def test_the_page_of_who_says_nobody_in_a_word(run: Any, write: Any) -> None:
    for purpose, said in ((), "any purpose"), (("--purpose", "support"), "<code>support</code>"):
        page = run("who", write(), "delete", "account:id", "--at", AT, *purpose, "--html", "-").out
        assert f"<strong>Nobody</strong> may delete account:id for {said} at that time." in page
        assert "<dt>Answer</dt><dd>nobody</dd>" in page
        assert "<table" not in page
        assert f"--at 2026-06-01T00:00:00+00:00{' '.join(('', *purpose))}</code>" in page


def test_the_page_of_who_for_one_purpose_says_nothing_of_others(run: Any, write: Any) -> None:
    """Whoever is not listed for one may do it for another, of which an auditor who is handed the page would not know."""
    asked = ("who", write(), "read", "account:id", "--at", AT)
    page = run(*asked, "--purpose", "support", "--html", "-").out
    assert "Of other purposes nothing is said here." in page
    assert "may not at all" not in page
    assert "for another they may not" not in page
    assert "may not at all" in run(*asked, "--html", "-").out


def test_the_page_of_who_lists_each_once_with_all_ways_in_which_she_may(run: Any, write: Any) -> None:
    text = write().read_text().replace(
        'maya = { kind = "employee", roles = ["support"] }',
        """maya = { kind = "employee", roles = ["app", "lead"] }
nora = { kind = "third_party", roles = ["support"] }
omar = { kind = "employee", roles = ["support"] }
pia  = { kind = "employee", roles = ["support"] }

[roles.lead]
clearance = "sensitive"
inherits = ["support"]
restrictions = [{ actions = ["write"] }]""",
    )  # fmt: skip  # the text
    policy = write(text=text)
    page = answer(run, policy)
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page)
    assert [re.findall(r"<bdi>(.*?)</bdi>", each) for each in bodies] == [["app"], ["maya"], ["omar", "pia", "nora"]]
    assert "<p><bdi>omar</bdi>, <bdi>pia</bdi> <small>employee</small></p>" in bodies[2]
    assert "<p><bdi>nora</bdi> <small>third_party</small></p>" in bodies[2]
    assert (bodies[1].count("<tr>"), 'rowspan="2"' in bodies[1]) == (2, True)
    assert "through lead \u203a support".encode("ascii", "xmlcharrefreplace").decode() in bodies[1]
    listed = run("who", policy, "read", "account:prof", "--at", AT, "--format", "json").document
    for each in listed:
        [body] = [body for body in bodies if f"<bdi>{each['principal']}</bdi>" in body]
        assert all(f"<code>{path}</code>" in body for path in each["via"])
    assert page.count("<bdi>") == len({each["principal"] for each in listed})
    written = run("who", policy, "write", "account:prof", "--at", AT, "--html", "-").out
    assert re.findall(r"<bdi>(.*?)</bdi>", written) == ["app"]  # of Maya the restriction takes it


# --- who holds the roles of a matrix


def test_the_data_of_a_matrix_says_of_people_what_who_says(run: Any, write: Any) -> None:
    text = (
        write()
        .read_text()
        .replace('roles = ["support"]', 'roles = ["app", { role = "support", from = 2026-02-01T00:00:00Z }]')
    )
    policy = write(text=text)
    data = json.loads(parts(run("matrix", policy, "--html", "-", "--at", AT).out)["data"])
    texts = data["texts"]
    found: dict[str, set[tuple[str, str, str]]] = {}
    for names, _, cells in data["people"]:
        for part, *runs in cells:
            for start, count in zip(runs[::2], runs[1::2], strict=True):
                for table, family, *_ in data["families"][start : start + count]:
                    for what, purposes in (each[:2] for each in data["parts"][part][2:]):
                        for action in texts[what].split(", "):
                            found.setdefault(f"{action} {texts[table]}:{texts[family]}", set()).update(
                                (texts[name], texts[kind], purpose)
                                for name, kind in names
                                for purpose in texts[purposes].split(", ")
                            )
    for action in ("read", "write", "delete", "admin"):
        for family in ("account:id", "account:prof"):
            listed = run("who", policy, action, family, "--at", AT, "--format", "json").document
            assert {(name, purpose) for name, _, purpose in found.get(f"{action} {family}", ())} == {
                (each["principal"], each["purpose"]) for each in listed
            }
    held = [
        (
            [texts[name] for name, _ in names],
            texts[data["columns"][column][0]],
            [texts[each] for each in data["chains"][chain]],
            texts[when],
        )
        for names, holdings, _ in data["people"]
        for column, chain, when in holdings
    ]
    assert held == [
        (["app"], "app", ["app"], ""),
        (["maya"], "app", ["app"], ""),
        (["maya"], "support", ["support"], "from 2026-02-01"),
    ]
    one = json.loads(parts(run("matrix", policy, "--role", "support", "--html", "-", "--at", AT).out)["data"])
    assert [len(holdings) for _, holdings, _ in one["people"]] == [0, 1]


@pytest.mark.parametrize("command", ["matrix", "diff"])
def test_a_page_never_takes_the_place_of_a_policy(run: Any, write: Any, tmp_path: Path, command: str) -> None:
    policy = write()
    before, link = policy.read_bytes(), tmp_path / "link.html"
    link.symlink_to(policy)
    for file in (policy, link):
        ran = run(command, *[policy] * (1 if command == "matrix" else 2), "--html", file)
        said = f"cfacl: `--html` would write over the policy `{file}`; name another file\n"
        assert ran == (2, "", said)
    assert policy.read_bytes() == before


def test_nor_does_the_page_of_who(run: Any, write: Any) -> None:
    policy = write()
    ran = run("who", policy, "read", "account:id", "--html", policy)
    assert ran == (2, "", f"cfacl: `--html` would write over the policy `{policy}`; name another file\n")
    assert run("who", policy, "read", "account:id", "--html", "-", "--format", "csv").code == 2
    assert cfacl.Policy.load(policy)
    ran = run("who", policy, "read", "account:id", "--html", "-", "--purpose", "suport")
    assert ran == (2, "", "cfacl: unknown purpose `suport`; did you mean `support`?\n")
