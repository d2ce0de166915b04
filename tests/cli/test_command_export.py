"""`cfacl export`: what stands for one purpose, as others list it, and what they cannot say."""

from __future__ import annotations

from typing import Any, Final

import pytest

POLICY: Final = """
policy = { name = "p", purposes = ["service", "support"] }

[tables.account.families]
id   = { level = "sensitive", purposes = ["service", "support"], columns = ["name", "e-mail"] }
odd  = { level = "internal", purposes = ["support"], columns = ["a b", ""] }
prof = { level = "personal", purposes = ["service", "support"] }

[tables.order.families]
item = { level = "internal", purposes = ["support"] }

[tables.system.families]
log-1 = { level = "internal", purposes = ["support"] }
text = { level = "internal", purposes = ["support"] }

[roles.app]
clearance = "sensitive"
grants = [
    { table = "account", families = ["id", "prof"], actions = ["read", "write", "delete"], purposes = ["service"], why = "x" },
    { table = "account", families = ["prof"], actions = ["admin"], purposes = ["service"], why = "x" },
]

[roles.support]
clearance = "sensitive"
grants = [
    { table = "account", at_or_below = "personal", actions = ["read"], purposes = ["support"], why = "x" },
    { table = "account", families = ["prof"], actions = ["write"], purposes = ["support"], why = "x" },
    { table = "account", families = ["id"], actions = ["read"], purposes = ["support"], until = 2027-01-01T00:00:00Z, why = "x" },
    { table = "order", families = ["item"], actions = ["read"], purposes = ["support"], from = 2026-01-01T00:00:00Z, why = "x" },
    { table = "system", at_or_below = "internal", actions = ["read"], purposes = ["support"], why = "x" },
]

[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"a | b" = { kind = "employee", roles = ["support"] }
"#x" = { kind = "employee", roles = [] }
"""
AT: Final = ("--at", "2026-06-01T00:00:00Z")
UNTIL: Final = "read for support on `account:id`: until 2027-01-01 00:00Z"


@pytest.fixture
def policy(write: Any) -> Any:
    return write("p.toml", POLICY)


def told(ran: Any, who: str = "maya") -> list[str]:
    """What is left out of somebody's permissions, without the words that are the same for all."""
    before = f"cfacl: left out: `{who}`, "
    return [line.removeprefix(before) for line in ran.err.splitlines() if line.startswith(before)]


def test_csv_says_actions_purposes_and_columns(run: Any, policy: Any) -> None:
    ran = run("export", policy, "--to", "csv", *AT)
    assert ran.code == 1
    lines = ran.out.split("\r\n")
    assert lines[0] == "principal,table,family,action,purpose,columns"
    assert [line for line in lines if line.startswith("app,")] == [
        "app,account,id,delete,service,e-mail name",
        "app,account,id,read,service,e-mail name",
        "app,account,id,write,service,e-mail name",
        "app,account,prof,admin,service,",
        "app,account,prof,delete,service,",
        "app,account,prof,read,service,",
        "app,account,prof,write,service,",
    ]
    assert [line for line in lines if line.startswith("maya,")] == [
        "maya,account,prof,read,support,",
        "maya,account,prof,write,support,",
        "maya,order,item,read,support,",
        "maya,system,log-1,read,support,",
        "maya,system,text,read,support,",
    ]
    assert told(ran) == [
        UNTIL,
        "read for support on `account:odd`: the family declares a column without a name, or with a blank in it",
    ]


def test_csv_is_for_one_purpose_where_it_is_named(run: Any, policy: Any) -> None:
    ran = run("export", policy, "--to", "csv", "--purpose", "service", *AT)
    assert (ran.code, ran.err) == (0, "")
    assert {line.split(",")[0] for line in ran.out.splitlines()[1:]} == {"app"}


def test_without_declared_columns_csv_has_no_column_of_them(run: Any, write: Any) -> None:
    ran = run("export", write(), "--to", "csv", "--purpose", "service")
    assert ran.out.startswith("principal,table,family,action,purpose\r\napp,account,id,read,service\r\n")


def test_pairs_are_what_can_be_read_of_one_table(run: Any, policy: Any) -> None:
    ran = run("export", policy, "--to", "pairs", "--table", "account", "--purpose", "support", *AT)
    assert (ran.code, ran.out) == (1, "maya prof\n")
    columns = "the family declares its columns, and a permission is for any"
    assert told(ran) == [
        UNTIL,
        f"read on `account:odd`: {columns}",
        "write on `account:prof`: a permission is to read",
    ]
    assert "read on `account:prof`: a user of pairs has no blank in the name, and no `#` before it" in told(
        ran, "a | b"
    )


def test_pairs_of_several_tables_are_of_one_that_is_named(run: Any, policy: Any, write: Any) -> None:
    pairs = ("--to", "pairs", "--purpose", "support")
    assert run("export", policy, *pairs).err == "cfacl: pairs are of one table; name it by `--table`\n"
    wrong = run("export", policy, *pairs, "--table", "ordr")
    assert wrong == (2, "", "cfacl: unknown table `ordr`; did you mean `order`?\n")
    far = run("export", policy, *pairs, "--table", "x")
    assert far.err == "cfacl: unknown table `x`; there are `account`, `order` and `system`\n"
    assert run("export", write(), *pairs, "--at", "2026-01-01T00:00:00Z").code == 1  # of one table


def test_hbase_is_told_columns_and_only_what_its_letters_say(run: Any, policy: Any) -> None:
    ran = run("export", policy, "--to", "hbase-permissions", "--purpose", "service", *AT)
    assert ran.code == 1
    assert ran.out == (
        "User  Namespace,Table,Family,Qualifier:Permission\n"
        " app default,account,id,e-mail: [Permission: actions=READ,WRITE]\n"
        " app default,account,id,name: [Permission: actions=READ,WRITE]\n"
        " app default,account,prof,: [Permission: actions=READ,WRITE]\n"
        "3 row(s)\n"
    )
    assert told(ran, "app") == [
        "delete of the whole family on `account:id`: it takes `W` on every column, declared or not",
        "admin on `account:prof`: `A` and `C` also give rights and alter tables",
    ]
    other = run("export", policy, "--to", "hbase-permissions", "--purpose", "service", "--namespace", "home", *AT)
    assert " app home,home:account,prof,: [Permission: actions=READ,WRITE]\n" in other.out


def test_cassandra_is_told_what_its_permissions_say(run: Any, policy: Any) -> None:
    ran = run("export", policy, "--to", "cassandra-permissions", "--purpose", "support", *AT)
    assert ran.code == 1
    assert ran.out == (
        "\n role | username |       resource       | permission\n"
        "------+----------+----------------------+------------\n"
        " maya |     maya | <table account.prof> |     SELECT\n"
        " maya |     maya |   <table order.item> |     SELECT\n"
        "\n(2 rows)\n"
    )
    assert told(ran) == [
        UNTIL,
        "read on `account:odd`: cassandra's rights end at tables, and this family declares its columns",
        "write on `account:prof`: `MODIFY` is to write and to delete",
        "read on `system:log-1`: a name of cassandra's is 1 to 48 letters, digits and `_`",
        "read on `system:text`: cassandra keeps the keyspace of this name for itself",
    ]
    assert "read on `order:item`: `|` stands between the columns of the listing" in told(ran, "a | b")


def test_what_begins_later_or_ends_is_left_out(run: Any, policy: Any) -> None:
    early = run("export", policy, "--to", "csv", "--purpose", "support", "--at", "2025-01-01T00:00:00Z")
    assert "read for support on `order:item`: from 2026-01-01 00:00Z on" in told(early)
    late = run("export", policy, "--to", "csv", "--purpose", "support", "--at", "2027-01-01T00:00:00Z")
    assert UNTIL not in told(late)
    assert ",id," not in late.out


def test_json_has_the_text_and_what_it_says_and_does_not(run: Any, policy: Any) -> None:
    pairs = ("export", policy, "--to", "pairs", "--table", "order", "--purpose", "support", *AT)
    ran = run(*pairs, "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.document["text"] == "maya item\n"
    assert ran.document["entries"] == [
        {"principal": "maya", "table": "order", "family": "item", "action": "read", "purpose": "support"}
    ]
    assert ran.document["left_out"][-1] == {
        "principal": "a | b",
        "table": "order",
        "family": "item",
        "what": "read",
        "why": "a user of pairs has no blank in the name, and no `#` before it",
    }
    rows = run(*pairs, "--format", "csv")
    assert (rows.code, rows.err) == (1, "")
    assert rows.out.startswith(
        "standing,principal,table,family,what,purpose,why\r\nexported,maya,order,item,read,support,\r\n"
    )
    assert "\r\nleft out,a | b,order,item,read,," in rows.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "x"], "`--to` must be `pairs`, `csv`, `hbase-permissions` or `cassandra-permissions`, not `x`"),
        (["--to", "pairs"], "`--to pairs` says no purpose; name the one that it is for, by `--purpose`"),
        (["--to", "csv", "--table", "t"], "`--table` is for `--to pairs`; leave it out"),
        (["--to", "csv", "--namespace", "n"], "`--namespace` is for `--to hbase-permissions`; leave it out"),
        (["--to", "csv", "--purpose", "suport"], "unknown purpose `suport`; did you mean `support`?"),
        ([], "`--to` is missing; `cfacl export --help` says what it is"),
    ],
    ids=["target", "no purpose", "table", "namespace", "purpose", "no target"],
)
def test_what_makes_no_sense_is_two_and_one_line(run: Any, policy: Any, arguments: list[str], said: str) -> None:
    assert run("export", policy, *arguments) == (2, "", f"cfacl: {said}\n")
