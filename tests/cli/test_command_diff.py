"""`cfacl diff`: 0 if two policies allow the same, 1 if not, and who gains and loses what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


def test_what_differs_only_in_words_is_no_difference(run: Any, write: Any) -> None:
    old = write()
    new = write("new.toml", old.read_text().replace("answers tickets", "helps"))
    assert run("diff", old, new) == (0, "nobody gains or loses anything\n", "")
    assert run("diff", old, new, "--format", "json").document == {"changes": [], "remarks": []}


def test_gains_and_losses_are_listed_with_their_time(run: Any, write: Any) -> None:
    old = write()
    new = write(
        "new.toml", old.read_text().replace("until = 2027-01-01", "until = 2028-01-01").replace(', "write"', "")
    )
    ran = run("diff", old, new)
    assert ran.code == 1
    assert ran.err == ""
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[2:] == [
        ["app", "loses", "write", "account", "id", "service"],
        ["app", "loses", "write", "account", "prof", "service"],
        ["maya", "gains", "read", "account", "prof", "support", "2027-01-01", "2028-01-01"],
    ]
    found = run("diff", old, new, "--format", "json")
    assert found.code == 1
    assert [(each["principal"], each["gains"]) for each in found.document["changes"]] == [
        ("app", False),
        ("app", False),
        ("maya", True),
    ]


def test_columns_that_are_gained_or_lost_are_named(run: Any, write: Any) -> None:
    families = ['id = { columns = ["a", "b"], level', 'id = { columns = ["b", "a`c"], level', "id = { level"]
    some, others, any_ = (
        write(f"{n}.toml", write().read_text().replace("id   = { level", each)) for n, each in enumerate(families)
    )
    ran = run("diff", some, others)
    assert (ran.code, ran.err) == (1, "")
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["principal", "action", "table", "family", "columns", "purpose"]
    assert lines[2:] == [
        ["app", verb, action, "account", "id", f"`{column}`", "service"]
        for action in ("read", "write")
        for verb, column in (("gains", r"a\u0060c"), ("loses", "a"))
    ]
    assert "any but `a`, `b`" in run("diff", some, any_).out
    told = [run("diff", some, each, "--format", "json").document["changes"][0] for each in (others, any_)]
    assert [(each["columns"], each["but"]) for each in told] == [(["a`c"], []), (None, ["a", "b"])]
    assert run("diff", write("gone.toml", 'policy = { name = "p" }'), some, "--format", "json").document["changes"][0] == {
        "principal": "app", "table": "account", "family": "id", "action": "read", "purpose": "service",
        "gains": True, "since": None, "until": None, "columns": None, "but": [],
    }  # fmt: skip  # one row


#: What falls, though nobody gains by it: what to replace in the shop's policy, by what, and what is said.
WEAKER = [
    ('"sensitive", purposes = ["service", "support"]', '"internal", purposes = ["service", "support"]', "tables.account.families.id.level", "`internal`, was `sensitive`"),
    ('"sensitive", purposes = ["service", "support"]', '"sensitive", versions = 2, purposes = ["service", "support"]', "tables.account.families.id.versions", "`2`, was `1`"),
    ('"sensitive", purposes', '"sensitive", time_to_live = "9d", purposes', "tables.account.families.id.time_to_live", "`9d`, was left out"),
    ('clearance = "personal"', 'clearance = "sealed"', "roles.support.clearance", "`sealed`, was `personal`"),
]  # fmt: skip  # a table


@pytest.mark.parametrize(("old", "new", "path", "message"), WEAKER, ids=["level", "versions", "kept", "clearance"])
def test_what_else_changed_is_told_in_every_form(
    run: Any, write: Any, old: str, new: str, path: str, message: str
) -> None:
    policies = write(), write("new.toml", write().read_text().replace(old, new, 1))
    effect = "strengthens" if "9d" in new else "weakens"
    told = {"effect": effect, "path": path, "message": message}
    ran = run("diff", *policies)
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[:3] == ["nobody gains or loses anything", "", "what else changed:"]
    assert lines[5:] == [f"{effect}  {path}  {message}"]
    assert run("diff", *policies, "--format", "json").document == {"changes": [], "remarks": [told]}
    assert run("diff", *policies, "--format", "csv").out.splitlines()[1] == (f'{"," * 10}{effect},{path},"{message}"')
    mark = "" if "9d" in new else "⚠️ "
    assert run("diff", *policies, "--markdown").out.splitlines() == [
        "Nobody gains or loses anything.",
        "",
        f"### {mark}What else changed: 1 {effect}",
        "",
        "| effect | where | what |",
        "|---|---|---|",
        f"| {effect} | `{path}` | `{message.replace('`', '')}` |",
        "",
    ]


def test_a_line_that_guards_is_told_whole_when_it_goes(run: Any, write: Any) -> None:
    text = write().read_text()
    never = '[[never]]\nkinds = ["third_party"]\nactions = ["read", "write"]\nwhy = "our | `word`"\n'
    lines = f'{never}[[expect]]\nprincipal = "maya"\npurpose = "service"\nexact = true\n'
    guarded = write("guarded.toml", text + lines)
    assert [tuple(each.values()) for each in run("diff", guarded, write(), "--format", "json").document["remarks"]] == [
        (
            "weakens",
            "never[0]",
            'is gone: { kinds = ["third_party"], actions = ["read", "write"], why = "our | `word`" }',
        ),
        ("weakens", "expect[0]", 'is gone: { principal = "maya", purpose = "service", exact = true }'),
    ]
    told = run("diff", guarded, write(), "--markdown").out
    assert (
        r'| weakens | `never[0]` | `is gone: { kinds = ["third_party"], actions = ["read", "write"], why = "our \u007c word" }` |'
        in told
    )


def test_markdown_says_the_same_of_many_on_one_line(run: Any, write: Any) -> None:
    families = "".join(f'f{n:02} = {{ level = "LEVEL", purposes = [] }}\n' for n in range(22))
    old, new = (
        write(f"{level}.toml", f'policy = {{ name = "p" }}\n[tables.t.families]\n{families.replace("LEVEL", level)}')
        for level in ("sealed", "public")
    )
    [line] = [each for each in run("diff", old, new, "--markdown").out.splitlines() if each.startswith("| weakens")]
    assert line.startswith("| weakens | `tables.t.families.f00.level`, `tables.t.families.f01.level`, ")
    assert line.endswith("`tables.t.families.f19.level` and 2 more | `public, was sealed` |")
    assert len(run("diff", old, new, "--format", "json").document["remarks"]) == 22


def test_faults_of_both_are_told_with_the_file_that_they_stand_in(run: Any, write: Any, tmp_path: Path) -> None:
    broken = write("broken.toml", write().read_text().replace('roles = ["app"]', 'roles = ["apq"]'))
    missing = tmp_path / "none.toml"
    ran = run("diff", broken, missing)
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert re.match(rf"{re.escape(str(broken))}:\d+:\d+: principals\.app\.roles", first)
    assert second == f"{missing}: cannot be read: no such file or directory"
    faults = run("diff", broken, missing, "--format", "json").document["faults"]
    assert [fault["file"] for fault in faults] == [str(broken), str(missing)]


HEAD = [
    "| who | action | family | level | columns | purpose | since | until |",
    "|---|---|---|---|---|---|---|---|",
]


def test_markdown_says_first_and_with_a_mark_who_gains_and_equal_changes_on_one_line(run: Any, write: Any) -> None:
    people = "".join(f'p{number} = {{ kind = "employee", roles = ["support"] }}\n' for number in range(20))
    old = write(text=write().read_text() + people)
    text = old.read_text().replace("until = 2027-01-01", "until = 2028-01-01").replace(', "write"', "")
    ran = run(
        "diff",
        old,
        write("new.toml", text.replace('id   = { level = "sensitive"', 'id   = { level = "personal"')),
        "--markdown",
    )
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines() == [
        "### ⚠️ Who gains: 21 accesses",
        "",
        *HEAD,
        "| `maya`, `p0`, `p1` and 18 more | `read` | `account:prof` | `personal` |  | `support` | `2027-01-01T00:00:00+00:00` | `2028-01-01T00:00:00+00:00` |",
        "",
        "### Who loses: 2 accesses",
        "",
        *HEAD,
        "| `app` | `write` | `account:id` | `personal, was sensitive` |  | `service` |  |  |",
        "| `app` | `write` | `account:prof` | `personal` |  | `service` |  |  |",
        "",
        "### ⚠️ What else changed: 1 weakens",
        "",
        "| effect | where | what |",
        "|---|---|---|",
        "| weakens | `tables.account.families.id.level` | `personal, was sensitive` |",
        "",
    ]
    assert run("diff", old, old, "--markdown") == (0, "Nobody gains or loses anything.\n", "")
    wrong = run("diff", old, old, "--markdown", "--format", "json")
    assert (
        wrong.document["faults"][0]["message"] == "`--markdown` is a form of its own; leave `--html` and `--format` out"
    )


#: What GitHub takes in a comment.
COMMENT = 65_536


def test_markdown_fits_into_a_comment_and_the_last_line_says_what_is_left_out(run: Any, write: Any) -> None:
    """Who gains on a high level stays, and what weakens; the headings count all of it."""
    levels = ["public", "internal", "sealed"]
    families = [f"{name}{number:03}" for number in range(700) for name in ("gained", "lost")]
    laid = "".join(f'{each} = {{ level = "{levels[int(each[-3:]) % 3]}", purposes = ["p"] }}\n' for each in families)
    never = "".join(
        f'[[never]]\nprincipals = ["p"]\nfamilies = ["lost{n:03}"]\nactions = ["admin"]\n' for n in range(50)
    )

    def policy(start: str, guards: str) -> str:
        named = [each for each in families if each.startswith(start)]
        return f"""
policy = {{ name = "shop", levels = {levels}, purposes = ["p"] }}
[tables.t.families]
{laid}
[roles.r]
clearance = "sealed"
grants = [{{ table = "t", families = {named}, actions = ["read"], purposes = ["p"], why = "w" }}]
[principals]
p = {{ kind = "employee", roles = ["r"] }}
{guards}"""

    old, new = write("old.toml", policy("lost", never)), write("new.toml", policy("gained", ""))
    ran = run("diff", old, new, "--markdown")
    assert (ran.code, ran.err) == (1, "")
    assert 59_000 < len(ran.out) < COMMENT
    lines = ran.out.splitlines()
    assert [each for each in lines if each.startswith("###")] == [
        "### ⚠️ Who gains: 700 accesses",
        "### Who loses: 700 accesses",
        "### ⚠️ What else changed: 50 weaken",
    ]
    gains, loses, other = ran.out.split("### ")[1:]
    assert [other.count(f"| weakens | `never[{n}]` |") for n in range(50)] == [1] * 50
    assert gains.count("`sealed`") == sum(n % 3 == 2 for n in range(700))
    assert gains.count("\n| `p` | `read` |") == 700
    shown = loses.count("\n| `p` | `read` |")
    assert 0 < shown < 700
    assert "`public`" not in loses
    assert lines[-1] == (
        f"**{700 - shown} rows are left out**, for length: {700 - shown} of who loses. "
        "`cfacl diff OLD NEW` has all, with `--format csv` for a spreadsheet."
    )


def test_markdown_leaves_out_one_row_that_is_too_long_and_no_other(run: Any, write: Any) -> None:
    text = write().read_text()
    never = '[[never]]\nkinds = ["third_party"]\nactions = ["{}"]\nwhy = "{}"\n'
    guarded = write("guarded.toml", text + never.format("read", "x" * 70_000) + never.format("write", "short"))
    lines = run("diff", guarded, write("new.toml", text.replace(', "write"', "")), "--markdown").out.splitlines()
    assert "### ⚠️ What else changed: 2 weaken" in lines
    assert [each for each in lines if "`never[" in each] == [
        '| weakens | `never[1]` | `is gone: { kinds = ["third_party"], actions = ["write"], why = "short" }` |'
    ]
    assert sum(each.startswith("| `app` |") for each in lines) == 2
    assert lines[-1].startswith("**1 row is left out**, for length: 1 of what else changed. ")


def test_no_name_is_markup_in_markdown(run: Any, write: Any) -> None:
    name = r"a|b<script>@x #1 [l](http://e.org) **s** _e_ &lt; \\| ![i](j) \\"
    new = write("new.toml", write().read_text().replace("maya", f'"{name}"'))
    gains, _, _ = run("diff", write(), new, "--markdown").out.partition("### Who loses")
    row = gains.splitlines()[4]
    shown = name.replace("\\" * 2, "\\").replace("|", r"\u007c")
    assert row.startswith(f"| `{shown}` | `read` |")
    assert re.sub(r"`[^`|]*`", "", row) == "|  |  |  |  |  |  |  |  |"


LEVELS = [("personal", 1), ("sensitive", 1), ("sealed", 0), ("public", 1)]


@pytest.mark.parametrize(("level", "code"), LEVELS)
def test_only_a_gain_at_or_above_a_level_fails(run: Any, write: Any, level: str, code: int) -> None:
    less = write("less.toml", write().read_text().replace('families = ["id", "prof"]', 'families = ["prof"]'))
    assert run("diff", less, write(), "--fail-on", level).code == code
    assert run("diff", write(), less, "--fail-on", level).code == 0
    assert run("diff", write(), less).code == 1


def test_a_family_counts_by_the_higher_of_its_levels(run: Any, write: Any) -> None:
    text = write().read_text()
    old = write("old.toml", text.replace('families = ["id", "prof"]', 'at_or_below = "personal"'))
    new = write("new.toml", old.read_text().replace('id   = { level = "sensitive"', 'id   = { level = "personal"'))
    for level, code in (("sensitive", 1), ("sealed", 0)):
        assert run("diff", old, new, "--fail-on", level).code == code
        raised = run(
            "diff", new, write("lost.toml", old.read_text().replace("clearance", "clearance")), "--fail-on", level
        )
        assert raised.code == 0
    fresh = write("fresh.toml", 'policy = { name = "p" }')
    assert run("diff", old, fresh, "--fail-on", "personal").code == 0
    assert run("diff", fresh, old, "--fail-on", "personal").code == 1


def test_a_level_that_neither_policy_has_is_refused_and_one_of_another_ladder_lets_nothing_pass(
    run: Any, write: Any
) -> None:
    policy = write()
    said = "cfacl: unknown level `sensitiv`; did you mean `sensitive`?\n"
    assert run("diff", policy, policy, "--fail-on", "sensitiv") == (2, "", said)
    own = write("own.toml", 'policy = { name = "p", levels = ["low", "high"] }')
    all_of_both = "`public`, `internal`, `personal`, `sensitive`, `sealed`, `low` and `high`"
    assert run("diff", policy, own, "--fail-on", "zzz").err == f"cfacl: unknown level `zzz`; there are {all_of_both}\n"
    assert run("diff", own, policy, "--fail-on", "high").code == 1
    ladder = 'name = "shop", levels = ["sensitive", "personal"],'
    less = policy.read_text().replace('["id", "prof"]', '["prof"]').replace('name = "shop",', ladder)
    assert run("diff", write("other.toml", less), policy, "--fail-on", "sealed").code == 1


def test_a_family_that_falls_below_the_level_fails_though_nobody_gains_yet(run: Any, write: Any) -> None:
    old = write()
    lower = write("lower.toml", old.read_text().replace('"sensitive", purposes', '"internal", purposes'))
    said = "cfacl: below `sensitive` now, and not before: `account:id`\n"
    for form in ("--format=table", "--format=json", "--format=csv", "--markdown", "--html=-"):
        ran = run("diff", old, lower, "--fail-on", "sensitive", form)
        assert (ran.code, ran.err) == (1, said)
    assert run("diff", old, lower, "--fail-on", "sealed").code == 0
    assert run("diff", lower, old, "--fail-on", "sensitive") == (0, run("diff", lower, old).out, "")
    turned = 'name = "shop", levels = ["public", "sensitive", "internal", "personal", "sealed"],'
    moved = write("moved.toml", old.read_text().replace('name = "shop",', turned))
    assert run("diff", old, moved, "--fail-on", "personal").err.startswith("cfacl: below `personal` now")


def test_a_ladder_that_loses_the_level_hides_nothing(run: Any, write: Any) -> None:
    old = write()
    levels = 'name = "shop", levels = ["internal", "personal", "secret"],'
    new = write("new.toml", old.read_text().replace('name = "shop",', levels).replace('"sensitive"', '"secret"'))
    ran = run("diff", old, new, "--fail-on", "sensitive")
    assert (ran.code, ran.err) == (1, "cfacl: below `sensitive` now, and not before: `account:id`\n")
    assert run("diff", new, old, "--fail-on", "sensitive").code == 0
    many = write(
        "many.toml",
        old.read_text().replace(
            'id   = { level = "sensitive"',
            "".join(f'g{n} = {{ level = "sensitive", purposes = [] }}\n' for n in range(9))
            + 'id   = { level = "sensitive"',
        ),
    )
    low = write("low.toml", many.read_text().replace('"sensitive"', '"internal"'))
    assert run("diff", many, low, "--fail-on", "sensitive").err.endswith("`account:g7` and 2 more\n")


def test_what_weakens_is_said_where_the_exit_code_does_not_count_it(run: Any, write: Any) -> None:
    text = write().read_text()
    guarded = write(
        "guarded.toml",
        text + '[[never]]\nkinds = ["third_party"]\n[[never]]\nroles = ["support"]\nactions = ["admin"]\n',
    )
    one = write("one.toml", text + '[[never]]\nkinds = ["third_party"]\n')
    said = "cfacl: nobody gains at `sensitive` or above, and {} the policy; see what else changed\n"
    for new, told in ((one, "1 remark says that it weakens"), (write(), "2 remarks say that they weaken")):
        ran = run("diff", guarded, new, "--fail-on", "sensitive")
        assert (ran.code, ran.err) == (0, said.format(told))
    assert run("diff", write(), guarded, "--fail-on", "sensitive").err == ""
