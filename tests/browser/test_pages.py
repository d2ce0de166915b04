"""The pages of `matrix`, `diff` and `who` in a real browser: what they show, how they are used, and that they ask for nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import tomli_w
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

import cfacl
from cfacl.cli.demo import scenario
from cfacl.cli.pages.matrix import matrix_page
from cfacl.policy.matrix import Matrix, matrix

AT: Final = datetime(2026, 6, 1, tzinfo=UTC)
HOME: Final = scenario.policy()
#: As hostile as a free text may be, and as a name.
TEXT: Final = (
    "</script><script>hacked = 1</script><img src=x onerror='hacked = 1'> ' \" \\ & \u2028 \u202e {{7*7}} ${7*7}"
)
NAME: Final = "<img src=x onerror='hacked = 1'>\"&${7*7}"

#: What is said of a cell to whoever does not see it: the role, the family, and what may be done.
LABEL: Final = r"(.*), ([^ ]+): (?:\w+ \()?([a-z, ]+?)\)?"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The smart-home policy, in a file."""
    file = tmp_path / "home.toml"
    file.write_text(HOME.dumps(), "utf-8")
    return file


@pytest.fixture
def changed(home: Path) -> Path:
    """That policy, with one who comes, and one who may less; without what guards, and a family keeps more."""
    fraud = HOME.roles["fraud"]
    less = [attrs.evolve(each, families=each.families and each.families - {"geo"}) for each in fraud.grants]
    principals = HOME.principals | {"nora": attrs.evolve(HOME.principals["fay"], name="nora")}
    roles = HOME.roles | {"fraud": attrs.evolve(fraud, grants=less)}
    file = home.with_name("changed.toml")
    account = HOME.catalog.tables["account"]
    families = account.families | {"id": attrs.evolve(account.families["id"], versions=9)}
    catalog = attrs.evolve(
        HOME.catalog, tables=HOME.catalog.tables | {"account": attrs.evolve(account, families=families)}
    )
    new = attrs.evolve(HOME, catalog=catalog, roles=roles, principals=principals, never=())
    file.write_text(new.dumps(), "utf-8")
    return file


@pytest.fixture
def shown(page: Any, home: Path) -> Any:
    """The page of the smart-home matrix."""
    return page("matrix", home, "--at", AT.isoformat())


def in_words(found: Matrix) -> dict[tuple[str, str], str]:
    """What a matrix says of each cell that is not empty."""
    return {
        (part.role, f"{part.table}:{family}"): ", ".join(part.actions)
        for part in found.parts
        for family in part.families
    }


def said(page: Any) -> dict[tuple[str, str], str]:
    """What the page says of each cell that is drawn and not empty."""
    script = "return [...document.querySelectorAll('#grid tbody td[data-row]')].map((each) => [each.ariaLabel, each.textContent])"
    cells = {}
    for label, text in page.run(script):
        column, family, what = re.fullmatch(LABEL, label).groups()
        assert text == ("" if what == "nothing" else "".join(word[0] for word in what.split(", ")))
        if text:
            cells[column, family] = what
    return cells


def test_the_page_says_what_the_matrix_says(page: Any, home: Path) -> None:
    shown = page("matrix", home, "--at", AT.isoformat(), width=2400, height=2400)
    assert said(shown) == in_words(matrix(HOME, AT))
    assert len(shown.texts("thead th")) == 1 + len(HOME.roles)
    assert len(shown.texts("tbody tr:not(.group) th")) == 30


def test_a_page_asks_for_nothing_and_may_not(page: Any, home: Path, changed: Path) -> None:
    for arguments in (("matrix", home), ("diff", home, changed), ("who", home, "read", "account:prof")):
        opened = page(*arguments)
        assert opened.log() == [opened.file.as_uri()]
        refused = opened.driver.execute_async_script(
            """
            const [done, seen] = [arguments[0], []];
            addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "hacked = 1";
            document.body.append(script);
            new Image().src = "https://example.invalid/x.png";
            document.body.setAttribute("style", "color: red");
            const frame = document.createElement("iframe");
            frame.src = "https://example.invalid/";
            document.body.append(frame);
            fetch("https://example.invalid/").catch(() => setTimeout(() => done([typeof hacked, ...seen.sort()]), 100));
            """
        )
        assert refused == ["undefined", "connect-src", "frame-src", "img-src", "script-src-elem", "style-src-attr"]
        assert not [each for each in opened.log() if each.startswith("http")]


# --- choosing


def test_families_and_roles_are_filtered_by_words(shown: Any) -> None:
    assert shown.texts("#count") == ["30 of 30 families, 18 of 18 roles"]
    shown.type("families", "ACCOUNT sens")
    assert shown.texts("tbody tr:not(.group) bdi") == ["account:auth", "account:id"]
    shown.type("columns", "svc")
    assert shown.texts("thead th") == ["Family", "svc-app", "svc-auth"]
    assert shown.texts("#count") == ["2 of 30 families, 2 of 18 roles"]
    assert said(shown) == {("svc-app", "account:id"): "read, write", ("svc-auth", "account:auth"): "read, write"}
    shown.type("families", "nothing has <this> name")
    assert shown.texts("#count") == ["0 of 30 families, 2 of 18 roles"]
    shown.type("families", "")
    shown.type("columns", "")
    assert shown.texts("#count") == ["30 of 30 families, 18 of 18 roles"]


def test_where_nothing_matches_that_is_said_with_a_way_back(shown: Any) -> None:
    def displayed() -> tuple[bool, bool]:
        return shown.find("#none").is_displayed(), shown.find("#scroller").is_displayed()

    assert displayed() == (False, True)
    shown.type("families", "nothing has <this> name")
    assert displayed() == (True, False)
    assert "No family matches \u201cnothing has <this> name\u201d." in shown.find("#none").text
    shown.type("columns", "nobody")
    assert "No role matches \u201cnobody\u201d." in shown.find("#none").text
    shown.find("#none button").click()
    assert displayed() == (False, True)
    assert shown.texts("#count") == ["30 of 30 families, 18 of 18 roles"]
    assert shown.driver.switch_to.active_element.get_attribute("id") == "families"
    assert said(shown)
    shown.type("families", "home:seal")
    shown.type("columns", "dpo")
    shown.find("#used").click()
    assert "All that matches is empty" in shown.find("#none").text
    shown.find("#none button").click()
    assert not shown.find("#used").is_selected()
    assert displayed() == (False, True)


def test_what_is_empty_can_be_hidden(shown: Any) -> None:
    shown.find("#used").click()
    given = in_words(matrix(HOME, AT))
    left = {role for role, _ in given}, {family for _, family in given}
    assert shown.texts("#count") == [f"{len(left[1])} of 30 families, {len(left[0])} of 18 roles"]
    assert len(left[1]) < 30
    shown.type("columns", "dumps")
    assert shown.texts("tbody tr:not(.group) bdi") == ["crash:dump"]


def test_families_are_grouped_by_level_highest_first_or_by_table_or_not(page: Any, home: Path) -> None:
    shown = page("matrix", home, height=2400)
    levels = shown.texts("tbody .group .level")
    assert levels == [*reversed(HOME.catalog.levels)]
    assert shown.texts("tbody .group small")[0] == "3 families"
    group = Select(shown.find("#group"))
    group.select_by_visible_text("table")
    assert [each.split(" ")[0] for each in shown.texts("tbody .group div")] == sorted(HOME.catalog.tables)
    group.select_by_visible_text("nothing")
    assert shown.texts("tbody .group") == []
    names = [
        f"{name}:{family}" for name, table in sorted(HOME.catalog.tables.items()) for family in sorted(table.families)
    ]
    assert shown.texts("tbody bdi") == names


def test_levels_are_told_by_their_colour_and_their_name(page: Any, home: Path) -> None:
    shown = page("matrix", home, height=2400)
    colour = "return getComputedStyle(arguments[0]).backgroundColor"
    chips = {
        each.text: shown.run(colour, each)
        for each in shown.driver.find_elements("css selector", "tbody tr:not(.group) .level")
    }
    assert sorted(chips) == sorted(HOME.catalog.levels)
    assert len(set(chips.values())) == 5
    assert shown.run(colour, shown.cell("svc-app", "account:id")) == chips["sensitive"]


# --- explaining


def test_a_click_explains_a_cell_by_its_grants(page: Any, home: Path) -> None:
    shown = page("matrix", home, height=2400)
    text = shown.click("support-l1", "order:item")
    for each in (
        "support-l1, order:item",
        "read",
        "for support",
        "tells callers where their order is",
        "support-l1 \u203a support",
    ):
        assert each in text
    assert re.search(r"roles\.support\.grants\[\d\]", text)
    assert "internal" in text
    empty = shown.click("dpo", "home:seal")
    assert "nothing" in empty
    assert "No grant that counts" in empty
    assert "grants[" not in empty


def test_every_cell_is_explained_by_all_of_its_grants(page: Any, home: Path) -> None:
    shown = page("matrix", home, "--at", AT.isoformat(), width=2400, height=2400)
    for part in matrix(HOME, AT).parts:
        for family in part.families:
            text = shown.click(part.role, f"{part.table}:{family}")
            for right in part.rights:
                assert right.purpose in text
                for ground in right.via:
                    assert {ground.path, ground.why, " \u203a ".join(ground.roles)} <= set(text.splitlines())


def test_windows_are_told(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    document = {
        "policy": {"name": "p", "purposes": ["work"]},
        "tables": {"t": {"families": {"a": {"level": "public", "purposes": ["work"]}}}},
        "roles": {
            "r": {
                "clearance": "public",
                "grants": [
                    {"table": "t", "families": ["a"], "actions": ["read"], "purposes": ["work"], "why": "first",
                     "from": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2026, 9, 1, tzinfo=UTC)},
                    {"table": "t", "families": ["a"], "actions": ["read"], "purposes": ["work"], "why": "second",
                     "from": datetime(2026, 9, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, 12, tzinfo=UTC)},
                ],
            }
        },
    }  # fmt: skip  # one line for each grant
    file.write_text(tomli_w.dumps(document), "utf-8")
    text = page("matrix", file, "--at", AT.isoformat()).click("r", "t:a")
    assert "from 2026-01-01 until 2027-01-01 12:00:00Z" in text.splitlines()
    assert "from 2026-01-01 until 2026-09-01" in text.splitlines()
    assert "second" not in text


def test_a_family_and_a_role_are_explained_by_their_headings(shown: Any) -> None:
    shown.run("[...document.querySelectorAll('tbody bdi')].find((each) => each.textContent === 'dsr:case').click()")
    text = shown.find("#why").text
    assert "read, write\ndpo" in text
    assert "write\nrequest-intake, svc-app" in text
    assert "may be used for audit, dsr" in text
    shown.run("[...document.querySelectorAll('thead th span')].find((each) => each.textContent === 'legal').click()")
    text = shown.find("#why").text
    assert "cleared up to sensitive, inherits from employee" in text
    assert "read\ndisclosure:led, stats:agg" in text


# --- by keyboard


def active(page: Any) -> str:
    """The cell that is told to whoever listens."""
    script = "const id = document.getElementById('grid').getAttribute('aria-activedescendant'); const at = document.getElementById(id); return at.ariaLabel ?? at.textContent"
    return str(page.run(script))


def in_view(page: Any) -> bool:
    """Whether that cell is seen whole, beside and below the headings."""
    script = """
        const [scroller, cell] = [document.getElementById("scroller"), document.querySelector("td.active")];
        const [box, at] = [scroller.getBoundingClientRect(), cell.getBoundingClientRect()];
        const corner = document.querySelector(".corner").getBoundingClientRect();
        return at.left > corner.right - 2 && at.top > corner.bottom - 2 && at.right < box.right + 2 && at.bottom < box.bottom + 2;
    """
    return bool(page.run(script))


def test_all_is_reached_by_keys(shown: Any) -> None:
    for each in ("families", "columns", "group", "used", "grid"):
        shown.press(Keys.TAB) if each != "families" else shown.run("document.body.focus()") or shown.press(Keys.TAB)
        assert shown.driver.switch_to.active_element.get_attribute("id") == each
    assert active(shown) == "auditor, home:seal: nothing"
    shown.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert active(shown) == "crash-analyst, media:img: nothing"
    shown.press(Keys.END)
    assert active(shown) == "svc-auth, media:img: nothing"
    shown.press(Keys.HOME)
    assert active(shown).startswith("media:img")
    shown.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert active(shown).startswith("sealed")
    shown.press(Keys.ARROW_UP)
    assert active(shown) == "Family"
    shown.press(Keys.CONTROL + Keys.END)
    assert active(shown).startswith("svc-auth, ")
    assert said(shown)
    shown.press(Keys.PAGE_UP)
    assert active(shown).startswith("svc-auth, ")
    shown.press(Keys.CONTROL + Keys.HOME)
    assert active(shown) == "Family"


def test_enter_explains_and_escape_goes_back(shown: Any) -> None:
    shown.type("families", "dsr:case")
    shown.type("columns", "dpo")
    shown.run("document.getElementById('grid').focus()")
    assert not shown.find("#why").is_displayed()
    shown.press(Keys.ENTER)
    assert shown.driver.switch_to.active_element.get_attribute("id") == "why"
    assert "answers every request in time" in shown.find("#why").text
    shown.press(Keys.ESCAPE)
    assert not shown.find("#why").is_displayed()
    assert shown.driver.switch_to.active_element.get_attribute("id") == "grid"
    shown.press(Keys.SPACE)
    shown.find("#why .close").click()
    assert not shown.find("#why").is_displayed()


def test_what_is_explained_follows_the_keys_and_the_focus_stays(shown: Any) -> None:
    def explained() -> str:
        return str(shown.find("#why h2").text)

    shown.cell("auditor", "media:img").click()  # as a mouse does, which gives the focus to the table
    assert explained() == "auditor, media:img"
    shown.press(Keys.ARROW_RIGHT)
    assert explained() == "crash-analyst, media:img"
    assert active(shown) == "crash-analyst, media:img: nothing"
    shown.press(Keys.HOME)
    assert explained() == "media:img"
    shown.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert (explained(), shown.find("#why").text.splitlines()[-1]) == ("sealed", "3 families")
    shown.press(Keys.ARROW_UP)
    assert explained() == "Access matrix of smart-home"
    shown.press(Keys.ARROW_RIGHT)
    assert explained() == "auditor"
    assert shown.driver.switch_to.active_element.get_attribute("id") == "grid"
    assert not shown.driver.find_elements("css selector", "#why [aria-live], #why[aria-live], #why[role]")
    shown.type("families", "dsr")
    assert not shown.find("#why").is_displayed()
    shown.run("document.getElementById('grid').focus()")
    shown.press(Keys.ARROW_DOWN)
    assert not shown.find("#why").is_displayed()


# --- people


def heading(page: Any, selector: str, name: str) -> str:
    """Click on a family or a role, and return what is then explained."""
    page.run(
        "[...document.querySelectorAll(arguments[0])].find((each) => each.textContent === arguments[1]).click()",
        selector,
        name,
    )
    return str(page.run("return document.getElementById('why').innerText"))


def test_a_family_says_who_may_as_the_command_does(page: Any, home: Path) -> None:
    shown = page("matrix", home, "--at", AT.isoformat(), width=2400, height=2400)
    with cfacl.connect("memory://", policy=HOME) as db:
        for table, each in HOME.catalog.tables.items():
            for family in each.families:
                lines = heading(shown, "tbody bdi", f"{table}:{family}").partition("\nRoles\n")[0].splitlines()
                for action in ("read", "write", "delete", "admin"):
                    start = lines.index(f"who may {action}") + 1
                    found = set()
                    for line in lines[start:]:
                        if line.startswith("who may") or line == "nobody":
                            break
                        if line:
                            way, _, names = line.partition(": ")
                            purposes = re.sub(r", (from|until) .*", "", way.removeprefix("for ")).split(", ")
                            found |= {(name, purpose) for name in names.split(", ") for purpose in purposes}
                    assert found == {
                        (f"{holder.principal} ({HOME.principals[holder.principal].kind})", holder.purpose)
                        for holder in db.who(action, table, family, at=AT)
                    }


def test_who_holds_a_role_is_told_by_its_heading_and_its_cells(shown: Any) -> None:
    text = heading(shown, "thead th span", "employee")
    assert "Who holds this role" in text
    assert "through support-l1 \u203a support \u203a employee: maya (employee)" in text
    assert "from 2026-09-01" not in heading(shown, "thead th span", "crash-dumps")
    assert "nobody" in heading(shown, "thead th span", "crash-dumps")
    text = shown.click("dpo", "dsr:case")
    assert "by all their roles they may here: read, write\nthrough dpo: petra (employee)" in re.sub("\n+", "\n", text)


def test_a_restriction_of_another_role_is_seen_where_it_is_held(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    grant = {"table": "t", "families": ["a"], "actions": ["read"], "purposes": ["work"], "why": "w"}
    document = {
        "policy": {"name": "p", "purposes": ["work"]},
        "tables": {"t": {"families": {"a": {"level": "public", "purposes": ["work"]}}}},
        "roles": {
            "r": {"clearance": "public", "grants": [grant]},
            "no": {"clearance": "public", "restrictions": [{"families": ["a"], "table": "t"}]},
        },
        "principals": {
            "ann": {"kind": "employee", "roles": ["r", "no"]},
            "bob": {"kind": "service", "roles": [{"role": "r", "until": datetime(2027, 1, 1, tzinfo=UTC)}]},
        },
    }
    file.write_text(tomli_w.dumps(document), "utf-8")
    shown = page("matrix", file, "--at", AT.isoformat())
    text = re.sub("\n+", "\n", shown.click("r", "t:a"))
    assert "they may here: nothing\nthrough r: ann (employee)" in text
    assert "they may here: read\nthrough r, until 2027-01-01: bob (service)" in text
    text = re.sub("\n+", "\n", heading(shown, "tbody bdi", "t:a"))
    assert "who may read\nfor work, until 2027-01-01: bob (service)\nwho may write\nnobody" in text
    assert "ann" not in text
    shown.run("dispatchEvent(new Event('beforeprint'))")
    shown.media(kind="print")
    assert "bob (service) until 2027-01-01" in shown.texts("#paper td")
    assert "ann" not in shown.texts("#paper table:first-child")[0]
    assert "through r: ann (employee)" in shown.texts("#paper table:last-child p")


# --- the answer to who


def test_the_page_of_who_is_a_table_that_is_read_without_a_script(page: Any, home: Path) -> None:
    shown = page("who", home, "read", "account:prof", "--at", AT.isoformat())
    assert shown.texts("h1") == ["Who may read account:prof"]
    with cfacl.connect("memory://", policy=HOME) as db:
        assert set(shown.texts(".answer bdi")) == {each.principal for each in db.who("read", "account", "prof", at=AT)}
    assert shown.run("return document.querySelectorAll('script').length") == 0
    assert [each.aria_role for each in shown.driver.find_elements("css selector", ".answer thead th")] == [
        "columnheader"
    ] * 4
    shown.media(kind="print", dark=True)
    assert shown.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.find(".answer").is_displayed()


# --- a difference


def test_a_difference_shows_who_gains_and_who_loses_and_by_which_grants(page: Any, home: Path, changed: Path) -> None:
    shown = page("diff", home, changed)
    assert shown.texts("thead th") == ["Family", "fay", "nora"]
    assert shown.cell("fay", "device:geo").text == "\u2212r"
    assert shown.cell("nora", "account:prof").text == "+r"
    assert shown.texts("#count") == ["8 of 8 families, 2 of 2 principals"]
    text = shown.click("nora", "account:prof")
    assert "gains read" in text
    assert "compares where an account says it is" in text
    text = shown.click("fay", "device:geo")
    assert "loses read" in text
    assert "a device in two countries is two devices" in text
    assert "Nothing is gained or lost" in shown.click("fay", "account:prof")
    shown.type("families", "geo")
    assert shown.texts("#count") == ["1 of 8 families, 2 of 2 principals"]


def test_what_else_changed_is_told_before_the_table_and_read_as_a_list(page: Any, home: Path, changed: Path) -> None:
    shown = page("diff", home, changed)
    assert shown.texts(".remarks li b") == ["weakens"] * (len(HOME.never) + 1)
    paths = [*(f"never[{number}]" for number in range(len(HOME.never))), "tables.account.families.id.versions"]
    assert shown.texts(".remarks li div code") == paths
    assert shown.texts(".remarks li span")[-1] == "9, was 1"
    assert shown.texts(".remarks li span code")[-2:] == ["9", "1"]
    assert f"{len(paths)} weaken" in shown.texts(".facts dd")
    shown.run("document.querySelector('.remarks').focus()")
    assert shown.driver.switch_to.active_element.aria_role == "region"
    assert shown.driver.switch_to.active_element.accessible_name == "What else changed"
    assert shown.run(
        "return document.querySelector('.remarks').getBoundingClientRect().bottom"
        " < document.getElementById('grid').getBoundingClientRect().top"
    )


def test_a_remark_on_thousands_of_places_is_short_and_is_printed_whole(page: Any, tmp_path: Path) -> None:
    old, new = (tmp_path / "low.toml", tmp_path / "lower.toml")
    families = {f"family{n:02}": {"level": "sealed", "purposes": []} for n in range(20)}
    tables = {f"table{n:03}": {"families": families} for n in range(100)}
    old.write_text(tomli_w.dumps({"policy": {"name": "p"}, "tables": tables}), "utf-8")
    new.write_text(old.read_text("utf-8").replace("sealed", "public"), "utf-8")
    shown = page("diff", old, new, width=400)
    assert shown.run("return document.querySelectorAll('*').length") < 300
    assert shown.texts(".remarks b, .remarks span") == ["weakens", "public, was sealed"]
    first = shown.texts(".remarks code")[0].splitlines()
    assert first == [f"tables.table000.families.family0{n}.level" for n in range(5)]
    height = "return document.querySelector('.remarks').clientHeight"
    assert shown.run(height) < 400
    last = "tables.table099.families.family19.level"
    assert last not in shown.find(".remarks").text
    shown.find(".remarks summary").click()
    assert shown.find(".remarks summary").text == "and 1,995 more"
    assert last in shown.find(".remarks").text
    assert shown.run(height) < 400
    assert shown.run("return document.documentElement.scrollWidth") <= 400
    shown.find(".remarks summary").click()
    shown.run("dispatchEvent(new Event('beforeprint'))")
    shown.media(kind="print")
    assert last in shown.find(".remarks").text
    assert shown.run(height) > 20_000


def test_no_difference_at_all_is_a_page_too(page: Any, home: Path) -> None:
    shown = page("diff", home, home)
    assert shown.texts(".note") == ["Nobody gains or loses anything."]
    assert shown.texts("#count") == ["0 of 0 families, 0 of 0 principals"]


# --- what a policy may say


def test_nothing_that_a_policy_says_is_more_than_text(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    document = {
        "policy": {"name": NAME, "purposes": ["work"]},
        "tables": {"t": {"families": {"a": {"level": "public", "purposes": ["work"]}}}},
        "roles": {
            NAME: {
                "clearance": "public",
                "grants": [{"table": "t", "families": ["a"], "actions": ["read"], "purposes": ["work"], "why": TEXT}],
            }
        },
        "principals": {NAME: {"kind": "employee", "roles": [NAME]}},
    }
    file.write_text(tomli_w.dumps(document), "utf-8")
    empty = tmp_path / "empty.toml"
    empty.write_text(tomli_w.dumps({**document, "principals": {}}), "utf-8")
    for arguments in (("matrix", file), ("diff", empty, file)):
        shown = page(*arguments)
        assert shown.run("return [typeof hacked, document.querySelectorAll('img, script').length]") == ["undefined", 2]
        assert shown.texts("h1") == [NAME]
        assert shown.texts("thead th span") == [NAME]
        shown.click(NAME, "t:a")
        assert TEXT in shown.texts("#why dd")
        shown.run("dispatchEvent(new Event('beforeprint'))")
        assert NAME in shown.texts("#paper td")
        if arguments[0] == "matrix":
            assert f"{NAME} (employee)" in shown.texts("#paper td")
            shown.media()
            assert f"for work: {NAME} (employee)" in heading(shown, "tbody bdi", "t:a")
            assert f"through {NAME}: {NAME} (employee)" in heading(shown, "thead th span", NAME)
        assert shown.run("return [typeof hacked, document.querySelectorAll('img, script').length]") == ["undefined", 2]
        assert shown.log() == [shown.file.as_uri()]
    shown = page("who", file, "read", "t:a")
    assert shown.run("return [typeof hacked, document.querySelectorAll('img, script').length]") == ["undefined", 0]
    assert shown.texts(".answer bdi") == [NAME]
    assert TEXT in shown.texts(".answer li")[0]
    assert shown.log() == [shown.file.as_uri()]


# --- dark, narrow, printed


def test_it_is_dark_where_that_is_preferred(shown: Any) -> None:
    def light() -> int:
        return sum(
            map(int, re.findall(r"\d+", shown.run("return getComputedStyle(document.body).backgroundColor"))[:3])
        )

    assert light() > 600
    shown.media(dark=True)
    assert light() < 150


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_but_the_table_scrolls_sideways(page: Any, home: Path, changed: Path, width: int) -> None:
    shown = page("who", home, "read", "client:os", width=width)
    assert shown.run("return document.documentElement.scrollWidth") <= width
    for arguments in (("matrix", home), ("diff", home, changed)):
        shown = page(*arguments, width=width)
        assert shown.run("return document.documentElement.scrollWidth") <= width
        cell = shown.run(
            "return document.querySelector('tbody tr:not(.group) td[data-row]').getBoundingClientRect().right"
        )
        assert cell <= width
        shown.run("document.querySelector('tbody tr:not(.group) td[data-row]').click()")
        assert shown.run("return document.documentElement.scrollWidth") <= width


def test_on_paper_stands_all_that_is_chosen_as_a_list(shown: Any) -> None:
    shown.type("columns", "d")
    shown.run("dispatchEvent(new Event('beforeprint'))")
    shown.media(kind="print", dark=True)
    displayed = "return arguments[0].split(' ').map((each) => getComputedStyle(document.querySelector(each)).display)"
    assert shown.run(displayed, ".board .controls .keys #paper") == ["none", "none", "none", "block"]
    assert shown.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    rows = shown.run(
        "return [...document.querySelectorAll('#paper table:first-child tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    headings = [row[0] for row in rows if len(row) == 1]
    assert [each.split(" ")[0] for each in headings] == [*reversed(HOME.catalog.levels)]
    rows = [row for row in rows if len(row) > 1]
    given = in_words(matrix(HOME, AT))
    expected = {
        (family, "".join(word[0] for word in what.split(", ")), role)
        for (role, family), what in given.items()
        if "d" in role
    }
    printed = {(family, label, role) for family, _, label, names, _ in rows for role in names.split(", ")}
    assert {each for each in printed if each[2] not in ("nobody", "\u2013")} == expected
    with cfacl.connect("memory://", policy=HOME) as db:
        for family, _, label, _, people in rows:
            listed = set() if people == "nobody" else {each.partition(" ")[0] for each in people.split(", ")}
            may = {"r": "read", "w": "write", "d": "delete", "a": "admin", "\u2013": ""}
            for letter in label.replace("\u2013", ""):
                assert listed <= {each.principal for each in db.who(may[letter], *family.split(":"), at=AT)}
        for table, each in HOME.catalog.tables.items():
            for family in each.families:
                told = " ".join(
                    people for name, _, label, _, people in rows if name == f"{table}:{family}" and "r" in label
                )
                for holder in db.who("read", table, family, at=AT):
                    assert f"{holder.principal} (" in told
    holders = dict(
        shown.run(
            "return [...document.querySelectorAll('#paper table:last-child tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
    )
    assert holders["dpo"] == "through dpo: petra (employee)"
    assert all("d" in role for role in holders)
    assert {family for family, *_ in printed} == {
        f"{table}:{family}" for table, each in HOME.catalog.tables.items() for family in each.families
    }
    assert {row[1] for row in rows} == set(HOME.catalog.levels)
    shown.run("dispatchEvent(new Event('afterprint'))")
    assert shown.texts("#paper tr") == []


def test_printing_asks_for_that_list(shown: Any) -> None:
    shown.run(
        "printings = []; addEventListener('beforeprint', () => printings.push(document.querySelectorAll('#paper tr').length))"
    )
    assert shown.driver.print_page()
    assert shown.run("return printings[0] > 30")


# --- size


def many(roles: int, tables: int, families: int) -> cfacl.Policy:
    """A policy in which each role may read one family of each level in each table."""
    levels = ["public", "internal", "personal", "sensitive", "sealed"]
    document = {
        "policy": {"name": "many", "purposes": ["work"]},
        "tables": {
            f"table{t:03}": {
                "families": {f"family{n:02}": {"level": levels[n % 5], "purposes": ["work"]} for n in range(families)}
            }
            for t in range(tables)
        },
        "roles": {
            f"role{n:03}": {
                "clearance": "sealed",
                "grants": [
                    {
                        "table": f"table{t:03}",
                        "families": [f"family{n % families:02}"],
                        "actions": ["read"],
                        "purposes": ["work"],
                        "why": "w",
                    }
                    for t in range(n % 7, tables, 7)
                ],
            }
            for n in range(roles)
        },
    }
    return cfacl.Policy.loads(tomli_w.dumps(document))


def test_five_hundred_roles_on_two_thousand_families_scroll_in_a_small_document(opened: Any) -> None:
    policy = many(500, 100, 20)
    found = matrix(policy, AT)
    shown = opened(matrix_page(policy, "0" * 64, found))
    assert shown.texts("#count") == ["2,000 of 2,000 families, 500 of 500 roles"]
    expected = in_words(found)
    seen = {}
    for down, along in ((0, 0), (0.33, 0.71), (0.5, 0.5), (0.98, 0.02), (1, 1)):
        shown.run(
            "const it = document.getElementById('scroller'); it.scrollTo((it.scrollWidth - it.clientWidth) * arguments[1],"
            " (it.scrollHeight - it.clientHeight) * arguments[0])",
            down, along,
        )  # fmt: skip  # what is scrolled, and by how much
        shown.run("")
        drawn = shown.run(
            "return [...document.querySelectorAll('#grid tbody td[data-row]')].map((each) => each.ariaLabel)"
        )
        assert shown.run("return document.querySelectorAll('*').length") < 3_000
        rows = shown.run(
            "const it = document.getElementById('scroller'); it.scrollIntoView({ block: 'end' });"
            "const box = it.getBoundingClientRect(); const at = document.elementFromPoint("
            "box.left + box.width - 40, box.top + box.height - 40); return at.closest('[data-row]')?.ariaLabel ?? at.className"
        )
        assert rows in drawn or rows == "group"
        for label in drawn:
            column, family, what = re.fullmatch(LABEL, label).groups()
            assert expected.get((column, family), "nothing") == what
        seen.update(dict.fromkeys(drawn))
    assert len(seen) > 2_000
    assert shown.run("return document.getElementById('grid').ariaRowCount") == "2006"
    assert shown.run("return document.getElementById('grid').ariaColCount") == "501"
    shown.run("document.getElementById('grid').focus()")
    shown.press(Keys.CONTROL + Keys.END)
    assert active(shown) == "role499, table099:family15: nothing"
    for keys in (
        (),
        (Keys.PAGE_UP,) * 3,
        (Keys.HOME, Keys.ARROW_RIGHT),
        (Keys.ARROW_DOWN,) * 2,
        (Keys.END,),
        (Keys.ARROW_LEFT,) * 30,
    ):
        shown.press(*keys)
        assert in_view(shown)
    shown.type("columns", "role49")
    shown.type("families", "table099:family1 sealed")
    assert shown.texts("tbody bdi") == ["table099:family14", "table099:family19"]


# --- for whoever does not see it


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing(page: Any, axe: str, home: Path, changed: Path, width: int, dark: bool) -> None:
    nothing = "const it = document.getElementById('families'); it.value = 'zzz'; it.dispatchEvent(new Event('input'))"
    used = (
        "",
        "[...document.querySelectorAll('tbody td[data-row]')].find((each) => each.textContent).click()",
        "document.querySelector('tbody bdi').click()",
        nothing,
    )
    who = ("who", home, "read", "client:os"), ("who", home, "delete", "home:seal")
    for arguments in (("matrix", home), ("diff", home, changed), *who):
        shown = page(*arguments, width=width, dark=dark)
        shown.driver.execute_script(axe)
        for explain in used if arguments not in who else used[:1]:
            shown.run(explain)
            found = shown.driver.execute_async_script(
                "axe.run().then((found) => arguments[0](JSON.stringify(found.violations)))"
            )
            violations = [
                (each["id"], each["impact"], [node["html"] for node in each["nodes"]]) for each in json.loads(found)
            ]
            assert not violations
        assert shown.run("return axe.version")


def test_axe_finds_what_is_wrong(shown: Any, axe: str) -> None:
    shown.driver.execute_script(axe)
    shown.run("document.getElementById('families').closest('label').replaceWith(document.getElementById('families'))")
    shown.run("document.getElementById('families').placeholder = ''")
    found = shown.driver.execute_async_script(
        "axe.run().then((found) => arguments[0](found.violations.map((each) => each.impact)))"
    )
    assert "critical" in found
