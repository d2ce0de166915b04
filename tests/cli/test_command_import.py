"""`cfacl import`: pairs in, a policy out and nothing else."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.testing.servers import Running

#: What no list shows.
KINDS: Final = "who is a service or a third party, so all are `employee`"
PAIRS = "ann p1\nann p2\n\nbob\tp1\ncy  p2\r\ncy p1\n"


def test_the_policy_on_stdout_gives_exactly_the_pairs(run: Any, write: Any) -> None:
    file = write("pairs.txt", PAIRS)
    ran = run("import", file)
    assert (ran.code, ran.err) == (0, f"{file}: not visible there: {KINDS}\n")
    policy = cfacl.Policy.loads(ran.out)
    assert {each.kind for each in policy.principals.values()} == {"employee"}
    assert len(policy.roles) == 2
    with cfacl.connect("memory://", policy=policy) as db:
        pairs = {(name, each.family) for name in policy.principals for each in db.what(name)}
    assert pairs == {("ann", "p1"), ("ann", "p2"), ("bob", "p1"), ("cy", "p1"), ("cy", "p2")}


def test_pairs_come_from_stdin_too_and_names_can_be_chosen(run: Any) -> None:
    ran = run("import", "-", "--table", "rooms", "--name", "badges", stdin="zoë p1\n".encode())
    assert ran.code == 0
    policy = cfacl.Policy.loads(ran.out)
    assert policy.name == "badges"
    assert list(policy.catalog.tables) == ["rooms"]
    assert list(policy.principals) == ["zoë"]


def test_the_same_policy_comes_as_json(run: Any, write: Any) -> None:
    ran = run("import", write("pairs.txt", PAIRS), "--format", "json")
    assert ran.code == 0
    assert set(ran.document["policy"]["principals"]) == {"ann", "bob", "cy"}
    assert (ran.document["left_out"], ran.document["hidden"]) == ([], KINDS)


@pytest.mark.parametrize(
    ("pairs", "faults"),
    [
        (b"ann p1\nann\nbob p1 p2\n", ["line 2: ", "line 3: "]),
        (b"ann p1\n\xff p1\n", ["line 2: is not utf-8; save the file as utf-8"]),
        (b"", ["is empty, as what a command leaves that failed; write it again"]),
        (b"ann p:1\n", ["line 1: `p:1` cannot name a permission"]),
    ],
    ids=["shape", "bytes", "empty", "name"],
)
def test_faults_are_told_one_a_line_and_no_policy_is_printed(run: Any, pairs: bytes, faults: list[str]) -> None:
    ran = run("import", "-", stdin=pairs)
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert len(lines) == len(faults)
    assert all(line.startswith(f"standard input: {fault}") for line, fault in zip(lines, faults, strict=True))


def test_a_directory_and_a_missing_file_are_named(run: Any, tmp_path: Path) -> None:
    assert run("import", tmp_path) == (2, "", f"{tmp_path}: cannot be read: is a directory\n")
    none = tmp_path / "none"
    assert run("import", none) == (2, "", f"{none}: cannot be read: no such file or directory\n")


def test_a_file_without_pairs_is_named(run: Any) -> None:
    assert run("import", os.devnull).err.startswith(f"{os.devnull}: is empty, ")


def test_a_name_that_cannot_be_is_no_fault_of_the_file(run: Any) -> None:
    ran = run("import", "-", "--table", "a b", stdin=b"ann p1\n")
    assert ran.code == 2
    assert ran.err.startswith("cfacl: `a b` cannot name a table; ")


def test_what_never_ends_is_read_no_further_than_it_may_be_long(run: Any) -> None:
    ran = run("import", "/dev/zero")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "/dev/zero: is longer than 64 MiB; split it\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "5"], "`--rows` is for `--from hbase`; leave it out"),
        (["--from", "hbase", "--table", "t"], "`--table` is for `--from pairs`; leave it out"),
        (["--from", "csv", "--namespace", "n"], "`--namespace` is for `--from hbase-permissions`; leave it out"),
        (
            ["--from", "hbase", "--purpose", "p"],
            (
                "`--purpose` is for `--from pairs` and `--from csv` and `--from hbase-permissions` and"
                " `--from cassandra-permissions`; leave it out"
            ),
        ),
        (["--from", "hbase"], "no gateway answers at `ADDRESS`; start it with `hbase thrift start`, or mend the URL"),
    ],
    ids=["rows", "table", "namespace", "purpose", "nobody there"],
)
def test_what_is_for_the_other_origin_is_told(run: Any, arguments: list[str], said: str) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        ran = run("import", address, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"cfacl: {said.replace('ADDRESS', address)}\n"


@pytest.mark.parametrize("address", ["localhost:9090", "hbase://db.example:9090", "hbase+https://db.example/home_"])
def test_an_address_without_saying_so_is_told(run: Any, address: str) -> None:
    said = f"cfacl: `{address}` is no file; say `--from hbase` if it is the address of a gateway\n"
    assert run("import", address) == (2, "", said)


def test_of_a_store_that_is_no_hbase_nothing_is_drafted(run: Any, tmp_path: Path) -> None:
    for address in ("memory://", f"rocksdb://{tmp_path}/store"):
        ran = run("import", address, "--from", "hbase")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.endswith("is no address of a gateway of hbase; write `host:9090`\n")
    assert list(tmp_path.iterdir()) == []


SHEET: Final = """principal,table,family,action,purpose,columns
maya,account,prof,read,support,
"O'Hara, ""Zoë"" jr",account,id,read,fraud,name e-mail
maya,account,id,write,support,e-mail name
"""
HBASE: Final = """\
hbase:001:0> user_permission '.*'
User                                     Namespace,Table,Family,Qualifier:Permission
 hbase                                   ,,,: [Permission: actions=READ,WRITE,EXEC,CREATE,ADMIN]
 maya                                    default,account,prof,: [Permission: actions=READ]
 app                                     default,account,id,: [Permission: actions=READ,WRITE,EXEC]
 @desk                                   default,account,id,: [Permission: actions=READ]
 log                                     default,account,id,: [Permission: actions=WRITE]
 sam                                     home,home:account,id,: [Permission: actions=READ]
 col                                     default,account,id,e,mail: [Permission: actions=READ]
 tab                                     default,account,,: [Permission: actions=READ]
 boss/home                               default,account,id,: [Permission: actions=READ]
 old                                     default,account,prof+3,: [Permission: actions=READ]
 ann                                     default,-x,id,: [Permission: actions=READ]
11 row(s)
Took 0.5794 seconds

hbase:002:0> user_permission '@home'
User                                     Namespace,Table,Family,Qualifier:Permission
 ann                                     home,,,: [Permission: actions=READ]
1 row(s)
"""
CASSANDRA: Final = """
 role      | username  | resource                   | permission
-----------+-----------+----------------------------+------------
 cassandra | cassandra |               <role akers> |      ALTER
     akers |     akers |             <keyspace fld> |     MODIFY
     akers |     akers |        <all tables in fld> |     SELECT
     boone |     boone |       <table ravens.plays> |     SELECT
      dora |      dora |       <table ravens.plays> |     MODIFY
     boone |     boone |       <table ravens.plays> |  AUTHORIZE
     boone |     boone |       <table ravens.plays> |      CAPER
     a\\\\x |     a\\\\x |       <table ravens.games> |     SELECT
       a\\n |       a\\n |       <table ravens.games> |     SELECT
  spillman |  spillman |            <all keyspaces> |     SELECT
       spy |       spy | <table system_auth.roles>  |     SELECT

(11 rows)
"""


def access(policy: cfacl.Policy) -> set[str]:
    with cfacl.connect("memory://", policy=policy) as db:
        return {
            f"{name}: {each.action} {each.table}:{each.family} for {each.purpose}"
            for name in policy.principals
            for each in db.what(name)
        }


def test_a_csv_gives_exactly_what_its_lines_say(run: Any, write: Any) -> None:
    ran = run("import", file := write("it.csv", SHEET), "--from", "csv")
    assert (ran.code, ran.err) == (0, f"{file}: not visible there: {KINDS}\n")
    policy = cfacl.Policy.loads(ran.out)
    assert access(policy) == {
        "maya: read account:prof for support",
        "maya: write account:id for support",
        'O\'Hara, "Zoë" jr: read account:id for fraud',
    }
    families = policy.catalog.tables["account"].families
    assert (families["id"].columns, families["prof"].columns) == ({b"name", b"e-mail"}, None)
    assert {each.level for each in families.values()} == {"sealed"}


def test_a_csv_without_purposes_is_for_the_one_that_is_named(run: Any) -> None:
    lines = b"action,principal,family,table\r\nread,maya,prof,account\r\n"
    assert access(cfacl.Policy.loads(run("import", "-", "--from", "csv", stdin=lines).out)) == {
        "maya: read account:prof for work"
    }
    named = run("import", "-", "--from", "csv", "--purpose", "support", stdin=lines)
    assert access(cfacl.Policy.loads(named.out)) == {"maya: read account:prof for support"}
    wrong = run("import", "-", "--from", "csv", "--purpose", "a b", stdin=lines)
    assert wrong == (2, "", "cfacl: `a b` cannot name a purpose; take words of ASCII with dots between\n")


def test_what_hbase_lists_is_given_by_family_and_the_rest_is_told(run: Any, write: Any) -> None:
    file = write("hbase.txt", HBASE)
    ran = run("import", file, "--from", "hbase-permissions", "--purpose", "support")
    assert ran.code == 1
    policy = cfacl.Policy.loads(ran.out)
    assert access(policy) == {
        "maya: read account:prof for support",
        *(f"app: {each} account:id for support" for each in ("read", "write", "delete")),
    }
    assert ran.err.splitlines() == [
        f"{file}: {line}"
        for line in [
            "line 3: left out: `hbase`, READ WRITE EXEC CREATE ADMIN on `everything`: it is for every table, later ones too",
            "line 5: left out: `app`, EXEC on `account:id`: no action is to run what stands behind a table",
            "line 6: left out: `@desk`, READ on `account:id`: it is a group's, and who is in it is not in the listing",
            (
                "line 7: left out: `log`, WRITE on `account:id`: without `R` it also hands out what was in a cell, by append"
                " and increment"
            ),
            (
                "line 8: left out: `sam`, READ on `home:account:id`: its table is of another namespace; `--namespace` says"
                " which one is meant"
            ),
            (
                "line 9: left out: `col`, READ on `account:id:e,mail`: it is for one column, and a grant is for all that its family"
                " declares; here rights differ by column"
            ),
            (
                "line 10: left out: `tab`, READ on `table account`: it is for every family of the table, later ones too;"
                " `at_or_below` says that, where the families are known"
            ),
            "line 11: left out: `boss/home`, READ on `account:id`: hbase takes this account for another one",
            (
                "line 12: left out: `old`, READ on `account:prof+3`: no policy can name its family; one with a `+` is cfacl's"
                " own, and `cfacl native` looks after it"
            ),
            "line 13: left out: `ann`, READ on `-x:id`: no policy can name its table",
            "line 19: left out: `ann`, READ on `namespace home`: it is for every table of the namespace, later ones too",
            f"not visible there: who is a superuser, who is in which group, and rights of single cells; and {KINDS}",
        ]
    ]
    other = run("import", file, "--from", "hbase-permissions", "--namespace", "home")
    assert access(cfacl.Policy.loads(other.out)) == {"sam: read account:id for work"}


COLUMNS: Final = """\
User  Namespace,Table,Family,Qualifier:Permission
 maya default,account,id,e,mail: [Permission: actions=READ]
 maya default,account,id,na\\x5Cm\\xC3\\xBC: [Permission: actions=READ]
 app default,account,id,e,mail: [Permission: actions=READ,WRITE]
 app default,account,id,na\\x5Cm\\xC3\\xBC: [Permission: actions=READ,WRITE]
 log default,account,id,other: [Permission: actions=WRITE]
 log default,account,id,\\xFF: [Permission: actions=READ]
6 row(s)
"""


def test_columns_that_all_have_alike_are_those_that_the_family_declares(run: Any) -> None:
    ran = run("import", "-", "--from", "hbase-permissions", stdin=COLUMNS.encode())
    assert ran.code == 1
    policy = cfacl.Policy.loads(ran.out)
    assert policy.catalog.tables["account"].families["id"].columns == {b"e,mail", "na\\mü".encode()}
    assert access(policy) == {
        "maya: read account:id for work",
        "app: read account:id for work",
        "app: write account:id for work",
    }
    delete = "to delete a family takes `W` on every column, declared or not"
    assert ran.err.splitlines()[:-1] == [
        f"standard input: line {line}"
        for line in [
            f"4: left out: `app`, WRITE, to delete the family on `account:id:e,mail`: {delete}",
            f"5: left out: `app`, WRITE, to delete the family on `account:id:na\\mü`: {delete}",
            (
                "6: left out: `log`, WRITE on `account:id:other`: without `R` it also hands out what was in a cell, by append"
                " and increment"
            ),
            "7: left out: `log`, READ on `account:id:\\xff`: a policy names columns by text",
        ]
    ]


@pytest.mark.parametrize(
    "more",
    [
        " eve default,account,id,name: [Permission: actions=READ]",
        " eve default,account,id,other: [Permission: actions=READ]",
        " eve default,account,id,: [Permission: actions=READ]",
        " maya default,account,id,name: [Permission: actions=READ,WRITE]",
    ],
    ids=["fewer columns", "others", "the whole family", "other actions"],
)
def test_a_right_on_a_column_is_never_one_on_more_than_that(run: Any, more: str) -> None:
    lines = [f" maya default,account,id,{each}: [Permission: actions=READ]" for each in ("name", "mail")]
    lines += [" zoe default,account,prof,: [Permission: actions=READ]", more]
    text = "\n".join([HEADING.rstrip(), *lines, "4 row(s)", ""])
    ran = run("import", "-", "--from", "hbase-permissions", stdin=text.encode())
    assert ran.code == 1
    given = access(cfacl.Policy.loads(ran.out)) - {"zoe: read account:prof for work"}
    assert given == ({"eve: read account:id for work"} if "id,:" in more else set())
    told = [line for line in ran.err.splitlines() if "here rights differ by column" in line]
    assert len(told) == (2 if "id,:" in more else 3)


def test_what_cassandra_lists_is_given_by_table_and_the_rest_is_told(run: Any, write: Any) -> None:
    ran = run("import", write("cassandra.txt", CASSANDRA), "--from", "cassandra-permissions", "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    assert access(cfacl.Policy.loads(tomli_w.dumps(ran.document["policy"]))) == {
        "boone: read ravens:plays for work",
        "dora: write ravens:plays for work",
        "dora: delete ravens:plays for work",
        "a\\x: read ravens:games for work",
    }
    wider, none = "it is for more than one table, later ones too", "no action is as much, or as little"
    assert [tuple(each.values()) for each in ran.document["left_out"]] == [
        (4, "cassandra", "ALTER", "<role akers>", "it is on no table"),
        (5, "akers", "MODIFY", "<keyspace fld>", wider),
        (6, "akers", "SELECT", "<all tables in fld>", wider),
        (9, "boone", "AUTHORIZE", "<table ravens.plays>", none),
        (10, "boone", "CAPER", "<table ravens.plays>", none),
        (12, "a\\n", "SELECT", "<table ravens.games>", "no policy can name its role"),
        (13, "spillman", "SELECT", "<all keyspaces>", wider),
        (14, "spy", "SELECT", "<table system_auth.roles>", "it is on what cassandra keeps for itself"),
    ]
    assert ran.document["hidden"] == (
        f"who is a superuser, and which roles were given to which (`LIST ROLES`); and {KINDS}"
    )


def test_a_list_of_which_nothing_can_be_said_is_no_policy_and_says_why(run: Any) -> None:
    text = HEADING + " tab default,account,,: [Permission: actions=READ]\n1 row(s)\n"
    ran = run("import", "-", "--from", "hbase-permissions", stdin=text.encode())
    assert (ran.code, ran.out) == (2, "")
    first, second = ran.err.splitlines()
    assert first.startswith("standard input: line 2: left out: `tab`, READ on `table account`: ")
    assert second == "standard input: gives nobody anything that a policy can say; see the lines above"


@pytest.mark.parametrize("between", [",", ";"], ids=["commas", "semicolons"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_a_csv_is_read_as_a_spreadsheet_writes_it(run: Any, between: str, end: str, mark: bytes) -> None:
    text = SHEET.replace(",", between).replace("O'Hara" + between, "O'Hara,").replace("\n", end)
    ran = run("import", "-", "--from", "csv", stdin=mark + text.encode())
    assert (ran.code, ran.err) == (0, f"standard input: not visible there: {KINDS}\n")
    assert ran.out == run("import", "-", "--from", "csv", stdin=SHEET.encode()).out


def test_what_stands_between_columns_is_told_as_the_heading_has_it(run: Any) -> None:
    ran = run("import", "-", "--from", "csv", stdin=b'principal;table;family;action\n"m"x;t;f;read\n')
    assert ran.err.endswith("; quote what has a semicolon, a quote or an end of line\n")
    mixed = run("import", "-", "--from", "csv", stdin=b"principal;table,family,action\n")
    assert mixed.err.splitlines() == [
        "standard input: line 1: is the heading, and has a column `principal;table`; did you mean `principal`?",
        "standard input: line 1: is the heading, and lacks `principal`, `table`",
    ]


MARKED: Final = [
    ("pairs", PAIRS),
    ("csv", SHEET),
    ("hbase-permissions", HBASE),
    ("cassandra-permissions", CASSANDRA),
]


@pytest.mark.parametrize(("origin", "text"), MARKED, ids=[each[0] for each in MARKED])
def test_what_is_imported_is_laid_out_and_a_byte_order_mark_is_no_part_of_it(
    run: Any, write: Any, origin: str, text: str
) -> None:
    plain = run("import", "-", "--from", origin, stdin=text.encode())
    assert run("import", "-", "--from", origin, stdin=text.encode("utf-8-sig")) == plain
    assert run("fmt", "--check", write("it.toml", plain.out)) == (0, "", "")


HEADING: Final = "User  Namespace,Table,Family,Qualifier:Permission\n"
TABLE: Final = " role | username | resource | permission\n------+---\n"
WRONG: Final = [
    ("csv", "\n", ["line 1: is the heading, and lacks `principal`, `table`, `family`, `action`"]),
    (
        "csv",
        "principal,tabel,family,action,x,action\n",
        [
            "line 1: is the heading, and has a column `tabel`; did you mean `table`?",
            "line 1: is the heading, and has a column `x`; the columns are principal, table, family, action, purpose, columns",
            "line 1: is the heading, and lacks `table`",
            "line 1: is the heading, and has a column twice",
        ],
    ),
    (
        "csv",
        'principal,table,family,action,purpose\n\n" a","b c",é,raed,\nm,t,f,read\n',
        [
            "line 3, column `principal`: ` a` cannot name a principal; take 1 to 255 printable characters, no backtick",
            "line 3, column `table`: `b c` cannot name a table; take 1 to 128 ASCII letters, digits, `_`, `.` and `-`",
            "line 3, column `family`: `é` cannot name a family; take 1 to 128 ASCII letters, digits, `_`, `.` and `-`",
            "line 3, column `action`: `raed` is no action; did you mean `read`?",
            "line 3, column `purpose`: `` cannot name a purpose; take words of ASCII with dots between",
            "line 4: has 4 columns, and the heading has 5",
        ],
    ),
    (
        "csv",
        "principal,table,family,action,columns\nm,t,f,all,a\nm,t,f,read,\nm,t,g,read," + "x" * 65_536 + "\n",
        [
            "line 2, column `action`: `all` is no action; take `read`, `write`, `delete`, `admin`",
            "line 3, column `columns`: is not what line 2 says; a family declares its columns once, for everybody",
            "line 4, column `columns`: has one longer than 65535 bytes, which no column's name is",
        ],
    ),
    (
        "csv",
        'principal,table,family,action\nm,"t\n',
        ["line 2: is no csv: unexpected end of data; quote what has a comma, a quote or an end of line"],
    ),
    (
        "csv",
        'principal,table,family,action\n"m"x,t,f,read\n',
        ["line 2: is no csv: ',' expected after '\"'; quote what has a comma, a quote or an end of line"],
    ),
    (
        "hbase-permissions",
        "hbase:001:0> \n",
        [
            "holds no listing; take what `user_permission '.*'` in `hbase shell -n` prints, its heading and its count too"
        ],
    ),
    (
        "hbase-permissions",
        HEADING + " maya default,account,prof,: [Permission: actions=READ]\n",
        ["line 1: begins a listing whose count of rows is missing; take the whole of it"],
    ),
    (
        "hbase-permissions",
        HEADING + HEADING + "0 row(s)\n",
        ["line 1: begins a listing whose count of rows is missing; take the whole of it"],
    ),
    (
        "hbase-permissions",
        HEADING + " maya default,account,prof,: [Permission: actions=READ]\n2 row(s) in 0.1 seconds\n",
        ["line 3: counts 2 rows, and 1 stand above it; take the whole of it"],
    ),
    (
        "hbase-permissions",
        HEADING
        + " maya   default,account,prof,: [Permiss\n        ion: actions=READ]\n a ,,,: [Permission: actions=EAT]\n"
        + " a ,,f,: [Permission: actions=READ]\n a d,t,,q: [Permission: actions=READ]\n5 row(s)\n",
        [
            *(
                f"line {line}: is no line of `user_permission '.*'` in `hbase shell -n`, or was folded; print it to a file,"
                " where no line is"
                for line in (2, 3)
            ),
            "line 4: has an action `EAT` that hbase does not; take READ, WRITE, EXEC, CREATE, ADMIN",
            "line 5: names a family and no table",
            "line 6: names a column and no family",
        ],
    ),
    (
        "cassandra-permissions",
        TABLE + " a | a | <table a.b> \n a | b | <table a.b> | SELECT\n\n(2 rows)\n",
        [
            (
                "line 3: is no line of `LIST ALL PERMISSIONS` in `cqlsh`: it has not the columns role, username, resource,"
                " permission"
            ),
            "line 4: has a role `a` with another user name, which no cassandra lists",
        ],
    ),
    (
        "cassandra-permissions",
        TABLE + " a | a | <table a.b> | SELECT\n---MORE---\n(1 rows)\n",
        ["line 5: counts 1 rows, and 2 stand above it; take the whole of it"],
    ),
]


@pytest.mark.parametrize(("origin", "text", "faults"), WRONG, ids=[f"{each[0]}-{n}" for n, each in enumerate(WRONG)])
def test_what_is_wrong_with_a_list_is_told_with_its_line(run: Any, origin: str, text: str, faults: list[str]) -> None:
    ran = run("import", "-", "--from", origin, stdin=text.encode())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [f"standard input: {each}" for each in faults]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize(
    ("origin", "text"), [("hbase-permissions", HBASE), ("cassandra-permissions", CASSANDRA)], ids=["hbase", "cassandra"]
)
def test_ends_of_lines_are_any(run: Any, origin: str, text: str, end: str) -> None:
    assert run("import", "-", "--from", origin, stdin=text.replace("\n", end).encode()).code == 1


@pytest.mark.slow
def test_a_policy_is_drafted_from_a_live_hbase(run: Any, hbase: Running) -> None:
    """Of somebody else's tables: names, versions and times to live; never a value, nor the name of a column."""
    prefix = f"d{uuid.uuid4().hex[:8]}"
    with closing(hbase.connection(timeout=60_000)) as plain:
        plain.create_table(f"{prefix}-orders", {"card": {}, "item": {"max_versions": 1, "time_to_live": 3600}})
        plain.create_table(f"{prefix}-odd", {"a+b": {}})
        plain.create_table(f"{prefix}-many", {"f": {}})
        with plain.table(f"{prefix}-many").batch() as batch:
            for number in range(40):
                batch.put(b"%02d" % number, {b"f:email" if number == 39 else b"f:x": b""})
        plain.table(f"{prefix}-orders").put(
            b"r1", {b"card:panHolder": b"Ada", b"card:first_name": b"Ada", b"item:x": b"1"}
        )
        try:
            address = f"hbase://{hbase.host}:{hbase.port()}/{prefix}-?timeout=60"
            ran = run("import", address, "--from", "hbase", "--name", "shop ü")
            few = run("import", address, "--from", "hbase", "--rows", "39")
            none = run("import", address, "--from", "hbase", "--rows", "0")
            document = run("import", address, "--from", "hbase", "--format", "json").document
        finally:
            for name in ("orders", "odd", "many"):
                plain.delete_table(f"{prefix}-{name}", disable=True)
    assert (ran.code, ran.err) == (0, "")
    policy = cfacl.Policy.loads(ran.out)
    assert policy.name == "shop ü"
    assert policy.principals == {}
    families = policy.catalog.tables["orders"].families
    assert {name: (each.level, each.purposes, each.versions, each.time_to_live) for name, each in families.items()} == {
        "card": ("sealed", frozenset(), 3, None),
        "item": ("sealed", frozenset(), 1, 3600),
    }
    assert '# a guess, by `pan` in names of columns: level = "sealed"' in ran.out
    assert "# left out, for no policy can name it: family `a+b` of table `odd`" in ran.out
    assert "Ada" not in ran.out
    assert "panHolder" not in ran.out
    assert "a guess" not in none.out
    assert "`email`" in ran.out
    assert "`email`" not in few.out
    assert document["policy"]["tables"]["orders"]["families"]["card"]["level"] == "sealed"
