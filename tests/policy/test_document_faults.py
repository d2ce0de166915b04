"""Every way in which a document can be wrong: where the fault is told, and in which words."""

from __future__ import annotations

import copy
import tomllib
from itertools import pairwise
from typing import Any, Final

import pytest
import tomli_w

from cfacl.errors import Fault, PolicyError
from cfacl.policy.document.shape import _message
from cfacl.policy.policy import Policy

GOOD: Final = """
[policy]
name = "home"
purposes = ["service", "support", "marketing.mail"]

[tables.account.families.id]
level = "sensitive"
purposes = ["service", "support"]
columns = ["name"]
time_to_live = "400d"

[tables.account.families.prof]
level = "personal"
purposes = ["service", "support"]

[tables.device.families.hw]
level = "internal"
purposes = ["service"]

[roles.employee]
clearance = "internal"

[roles.support]
clearance = "personal"
inherits = ["employee"]

[[roles.support.grants]]
table = "account"
families = ["prof"]
actions = ["read"]
purposes = ["support"]
until = 2027-06-30T00:00:00Z
why = "answers tickets"

[[roles.support.restrictions]]
purposes = ["marketing.*"]

[principals.maya]
kind = "employee"
roles = ["support", { role = "employee", until = 2026-12-31T00:00:00Z }]

[[never]]
kinds = ["third_party"]

[[expect]]
principal = "maya"
purpose = "support"
at = 2026-12-01T00:00:00Z
allowed = ["read account:prof"]
refused = ["write account:prof"]

[stores.hbase]
require_tls = "sensitive"

[stores.cassandra]
require_tls = "sensitive"
consistency = "LOCAL_QUORUM"

[stores.cassandra.tables.account]
layout = "row"
"""

IDENTIFIER: Final = "the name must be 1 to 128 ASCII letters, digits, `_`, `.` and `-`, the first none of the last two"
PURPOSE: Final = "the name must be words of ASCII letters, digits, `_` or `-`, joined by single dots"
SUBJECT: Final = "the name must be 1 to 255 printable characters, without backtick or space around it"
DURATION: Final = "must be a duration above zero in days, hours or seconds, such as `400d`, `12h` or `90s`"
ACCESS: Final = "must be an action and a family of a table, such as `read account:prof`"
UNKNOWN_ACTION: Final = "is not one of `read`, `write`, `delete` or `admin`"
LOCAL: Final = "is a local date-time; add its offset, as in 2027-06-30T00:00:00Z"
INSTANT: Final = "must be an offset date-time such as 2027-06-30T00:00:00Z, not"
DECLARE: Final = "declare it, or correct the name"
WILDCARD: Final = "is a wildcard, which only restrictions and `never` take; name each purpose"
RULE_KEYS: Final = "`actions`, `at_or_below`, `families`, `from`, `purposes`, `table`, `until`, `why`"
CONSISTENCIES: Final = "`ONE`, `TWO`, `THREE`, `QUORUM`, `ALL`, `LOCAL_ONE`, `LOCAL_QUORUM` or `EACH_QUORUM`"
CALENDAR: Final = "lies outside the years 1 to 9999 of utc; take a nearer instant"

G: Final = "roles.support.grants[0]"
R: Final = "roles.support.restrictions[0]"

#: What is changed in the good document (a path, and TOML for its value, "" for taking it out), and the one fault.
CASES: Final[list[tuple[str, str, str, str]]] = [
    # unknown keys
    ("pokicy", "1", "pokicy", "`pokicy` is not a key of this table; did you mean `policy`?"),
    (
        "policy.zzz",
        "1",
        "policy.zzz",
        "`zzz` is not a key of this table; its keys are `levels`, `name`, `purposes`",
    ),
    (f"{G}.family", '["prof"]', f"{G}.family", "`family` is not a key of this table; did you mean `families`?"),
    (f"{R}.start", "1", f"{R}.start", f"`start` is not a key of this table; its keys are {RULE_KEYS}"),
    (f"{G}.start", "1", f"{G}.start", f"`start` is not a key of this table; its keys are {RULE_KEYS}"),
    ("principals.maya.roles[1].role_", '"x"', "principals.maya.roles[1].role_",
     "`role_` is not a key of this table; did you mean `role`?"),
    ("stores.hbase.'a`b'", "1", r'stores.hbase."a\u0060b"',
     r"`a\u0060b` is not a key of this table; its keys are `require_tls`"),
    ("policy.'[key]'", "1", 'policy."[key]"',
     "`[key]` is not a key of this table; its keys are `levels`, `name`, `purposes`"),
    # required keys
    ("policy.name", "", "policy.name", "is required: what the policy is called"),
    ("tables.account.families.id.level", "", "tables.account.families.id.level",
     "is required: the family's sensitivity, one of the policy's levels"),
    ("tables.account.families.id.purposes", "", "tables.account.families.id.purposes",
     "is required: the purposes that the family may be used for; none of them: nobody"),
    ("roles.support.clearance", "", "roles.support.clearance",
     "is required: the highest level that the role may ever reach"),
    ("principals.maya.kind", "", "principals.maya.kind",
     "is required: what the principal is: `employee`, `service` or `third_party`"),
    ("principals.maya.roles[1].role", "", "principals.maya.roles[1].role", "is required: the role's name"),
    (f"{G}.table", "", f"{G}.table", "is required: the table whose families are granted"),
    (f"{G}.actions", "", f"{G}.actions", "is required: what may be done; none implies another"),
    (f"{G}.purposes", "", f"{G}.purposes", "is required: the purposes for which it may be done"),
    (f"{G}.why", "", f"{G}.why", "is required: the reason, for whoever reviews the grant"),
    (f"{G}.families", "", G, "names no families; add `families` or `at_or_below`"),
    ("expect[0].principal", "", "expect[0].principal", "is required: the principal whose access is tested"),
    ("expect[0].purpose", "", "expect[0].purpose", "is required: the purpose that it states"),
    ("tables.empty", "{}", "tables.empty.families", "is required: the table's column families by name, at least one"),
    # types
    ("policy.name", "1", "policy.name", "must be a string, not an integer"),
    ("policy.name", "true", "policy.name", "must be a string, not a boolean"),
    ("policy.name", "1.5", "policy.name", "must be a string, not a float"),
    ("policy.name", "[]", "policy.name", "must be a string, not an array"),
    ("policy.name", "{}", "policy.name", "must be a string, not a table"),
    ("policy.name", "12:00:00", "policy.name", "must be a string, not a local time"),
    ("policy.name", "2026-01-01", "policy.name", "must be a string, not a local date"),
    ("policy.name", "2026-01-01T00:00:00Z", "policy.name", "must be a string, not a date-time"),
    ("policy.purposes", '"service"', "policy.purposes", "must be an array, not a string"),
    ("policy.levels", '"public"', "policy.levels", "must be an array, not a string"),
    ("policy", "[]", "policy", "must be a table, not an array"),
    ("tables", "[]", "tables", "must be a table, not an array"),
    ("tables.account", "1", "tables.account", "must be a table, not an integer"),
    ("tables.account.families", '["id"]', "tables.account.families", "must be a table, not an array"),
    ("roles", "1", "roles", "must be a table, not an integer"),
    ("principals", "1", "principals", "must be a table, not an integer"),
    ("principals.maya", '["support"]', "principals.maya", "must be a table, not an array"),
    ("principals.maya.roles", '"support"', "principals.maya.roles", "must be an array, not a string"),
    ("principals.maya.roles[0]", "4", "principals.maya.roles[0]",
     "must be a role's name or a table with `role`, not an integer"),
    ("principals.maya.roles[1].role", "4", "principals.maya.roles[1].role", "must be a string, not an integer"),
    ("roles.support.inherits", '"employee"', "roles.support.inherits", "must be an array, not a string"),
    ("roles.support.grants", "{}", "roles.support.grants", "must be an array, not a table"),
    (G, "3", G, "must be a table, not an integer"),
    (f"{G}.families[0]", "3", f"{G}.families[0]", "must be a string, not an integer"),
    (f"{G}.actions[0]", "3", f"{G}.actions[0]", "must be a string, not an integer"),
    (R, "3", R, "must be a table, not an integer"),
    ("never", "{}", "never", "must be an array, not a table"),
    ("never[0]", "3", "never[0]", "must be a table, not an integer"),
    ("expect[0]", '"x"', "expect[0]", "must be a table, not a string"),
    ("expect[0].exact", "1", "expect[0].exact", "must be `true` or `false`, not an integer"),
    ("stores", "1", "stores", "must be a table, not an integer"),
    ("stores.cassandra.tables", "1", "stores.cassandra.tables", "must be a table, not an integer"),
    ("tables.account.families.id.versions", "1.0", "tables.account.families.id.versions",
     "must be an integer, not a float"),
    ("tables.account.families.id.versions", "true", "tables.account.families.id.versions",
     "must be an integer, not a boolean"),
    ("tables.account.families.id.time_to_live", "400", "tables.account.families.id.time_to_live",
     "must be a string, not an integer"),
    # names that nothing can have
    ("policy.name", "''", "policy.name", SUBJECT),
    ("policy.name", "' home'", "policy.name", SUBJECT),
    ("policy.name", f"'{'x' * 256}'", "policy.name", SUBJECT),
    ("policy.levels", '["pub lic", "internal", "personal", "sensitive"]', "policy.levels[0]", IDENTIFIER),
    ("policy.purposes[3]", "'a..b'", "policy.purposes[3]", PURPOSE),
    ("policy.purposes[3]", "'all.*'", "policy.purposes[3]", PURPOSE),
    ("policy.purposes[3]", f"'{'p' * 256}'", "policy.purposes[3]", "is longer than 255 characters"),
    ("tables.'a b'.families.f", "{ level = 'public', purposes = [] }", 'tables."a b"', IDENTIFIER),
    ("tables.'[key]'.families.f", "{ level = 'public', purposes = [] }", 'tables."[key]"', IDENTIFIER),
    ("tables.account.families.'é'", "{ level = 'public', purposes = [] }", 'tables.account.families."é"', IDENTIFIER),
    (f"roles.{'r' * 80}.clearance", "1", f"roles.{'r' * 80}.clearance", "must be a string, not an integer"),
    (f"roles.{'r' * 81}.clearance", "1", f"roles.{'r' * 77}....clearance", "must be a string, not an integer"),
    (f"tables.{'t' * 129}.families.f", "{ level = 'public', purposes = [] }", f"tables.{'t' * 77}...", IDENTIFIER),
    (f"tables.'{'é' * 81}'.families.f", "{ level = 'public', purposes = [] }", f'tables."{"é" * 77}..."', IDENTIFIER),
    ("roles.'a`b'.clearance", "'public'", r'roles."a\u0060b"', SUBJECT),
    (r'roles."a\nb".clearance', "'public'", r'roles."a\u000ab"', SUBJECT),
    ("principals.''.kind", "'service'", 'principals.""', SUBJECT),
    # values on their own
    ("policy.levels", "[]", "policy.levels", "must not be empty"),
    ("tables.empty.families", "{}", "tables.empty.families", "must not be empty"),
    ("tables.account.families.id.columns", "[]", "tables.account.families.id.columns", "must not be empty"),
    ("tables.account.families.id.columns", f"['{'é' * 32_768}']", "tables.account.families.id.columns[0]",
     "is longer than 65535 bytes, which no column's name is"),
    ("tables.account.families.id.versions", "0", "tables.account.families.id.versions", "must be at least 1"),
    ("tables.account.families.id.versions", "-1", "tables.account.families.id.versions", "must be at least 1"),
    ("tables.account.families.id.versions", "1_000_001", "tables.account.families.id.versions",
     "must be at most 1,000,000"),
    *(
        ("tables.account.families.id.time_to_live", f"'{text}'", "tables.account.families.id.time_to_live", DURATION)
        for text in ("0d", "-1d", "5m", "1.5d", "400", "d", "", "1D", "1 d", "007s", "1d2h", "1d\u0663s", "٣d")
    ),
    ("tables.account.families.id.time_to_live", "'24856d'", "tables.account.families.id.time_to_live",
     "must be at most `24855d`; leave the key out to keep cells for ever"),
    ("tables.account.families.id.time_to_live", f"'{'9' * 16}s'", "tables.account.families.id.time_to_live",
     "is longer than 16 characters"),
    (f"{G}.families", "[]", f"{G}.families", "must not be empty"),
    (f"{G}.actions", "[]", f"{G}.actions", "must not be empty"),
    (f"{G}.purposes", "[]", f"{G}.purposes", "must not be empty"),
    (f"{G}.why", "''", f"{G}.why", "must not be empty"),
    (f"{G}.why", r'" \t\u3000\ufeff"', f"{G}.why", "must not be empty"),
    (f"{R}.families", "[]", f"{R}.families", "must not be empty"),
    (f"{R}.actions", "[]", f"{R}.actions", "must not be empty"),
    (f"{R}.purposes", "[]", f"{R}.purposes", "must not be empty"),
    *(
        (f"never[0].{key}", "[]", f"never[0].{key}", "must not be empty")
        for key in ("kinds", "principals", "roles", "purposes", "levels", "tables", "families", "actions")
    ),
    ("principals.maya.kind", "'staff'", "principals.maya.kind",
     "`staff` is not one of `employee`, `service` or `third_party`"),
    ("never[0].kinds[1]", "'staff'", "never[0].kinds[1]",
     "`staff` is not one of `employee`, `service` or `third_party`"),
    (f"{G}.actions[1]", "'reed'", f"{G}.actions[1]", f"`reed` {UNKNOWN_ACTION}"),
    *(
        (f"{G}.actions[1]", f"'{action}'", f"{G}.actions[1]",
         f"`{action}` is an action that this version does not have; take it out until it does")
        for action in ("lookup", "aggregate", "disclose")
    ),
    ("stores.cassandra.consistency", "'ANY'", "stores.cassandra.consistency", f"`ANY` is not one of {CONSISTENCIES}"),
    ("stores.cassandra.tables.account.layout", "'hash'", "stores.cassandra.tables.account.layout",
     "`hash` is not one of `ordered` or `row`"),
    ("stores.cassandra.tables.account", "{ buckets = 0 }", "stores.cassandra.tables.account.buckets",
     "must be at least 1"),
    ("stores.cassandra.tables.account", "{ buckets = 65537 }", "stores.cassandra.tables.account.buckets",
     "must be at most 65,536"),
    ("stores.cassandra.tables.account.buckets", "8", "stores.cassandra.tables.account.buckets",
     "is for the layout `ordered` only; take it out"),
    # instants and windows
    (f"{G}.until", "2027-06-30T00:00:00", f"{G}.until", LOCAL),
    (f"{G}.from", "2027-06-30 00:00:00.5", f"{G}.from", LOCAL),
    (f"{G}.until", "2027-06-30", f"{G}.until", f"{INSTANT} a local date"),
    (f"{G}.until", "12:00:00", f"{G}.until", f"{INSTANT} a local time"),
    (f"{G}.until", "'2027-06-30T00:00:00Z'", f"{G}.until", f"{INSTANT} a string"),
    (f"{R}.until", "0", f"{R}.until", f"{INSTANT} an integer"),
    ("principals.maya.roles[1].until", "2026-01-01T00:00:00", "principals.maya.roles[1].until", LOCAL),
    ("expect[0].at", "2026-12-01", "expect[0].at", f"{INSTANT} a local date"),
    (f"{G}.from", "0001-01-01T00:00:00+10:00", f"{G}.from", CALENDAR),
    (f"{G}.until", "9999-12-31T23:59:59-10:00", f"{G}.until", CALENDAR),
    *(
        (f"{place}.from", start, f"{place}.until", "is not after `from`; a window needs its end after its start")
        for place, start in (
            (G, "2027-06-30T00:00:00Z"),
            (G, "2027-06-30T00:00:00.000001Z"),
            (G, "2027-06-30T05:30:00+05:30"),
            ("principals.maya.roles[1]", "2027-01-01T00:00:00Z"),
        )
    ),
    (R, "{ from = 2027-01-01T00:00:00Z, until = 2026-01-01T00:00:00Z }", f"{R}.until",
     "is not after `from`; a window needs its end after its start"),
    # names that must be declared
    ("tables.account.families.id.level", "'sensitiv'", "tables.account.families.id.level",
     "no level `sensitiv` is declared; did you mean `sensitive`?"),
    ("tables.account.families.id.purposes[0]", "'servise'", "tables.account.families.id.purposes[0]",
     "no purpose `servise` is declared; did you mean `service`?"),
    ("tables.account.families.id.purposes[0]", "'marketing.*'", "tables.account.families.id.purposes[0]", WILDCARD),
    ("roles.support.clearance", "'xyz'", "roles.support.clearance", f"no level `xyz` is declared; {DECLARE}"),
    ("roles.support.inherits[0]", "'employe'", "roles.support.inherits[0]",
     "no role `employe` is declared; did you mean `employee`?"),
    (f"{G}.table", "'acount'", f"{G}.table", "no table `acount` is declared; did you mean `account`?"),
    (f"{G}.families[0]", "'pro'", f"{G}.families[0]",
     "no family `pro` of table `account` is declared; did you mean `prof`?"),
    (f"{G}.families[0]", "'hw'", f"{G}.families[0]", f"no family `hw` of table `account` is declared; {DECLARE}"),
    (f"{G}.purposes[0]", "'supprt'", f"{G}.purposes[0]", "no purpose `supprt` is declared; did you mean `support`?"),
    (f"{G}.purposes[0]", "'marketing.*'", f"{G}.purposes[0]", WILDCARD),
    (f"{G}.at_or_below", "'personal'", f"{G}.at_or_below", "stands beside `families`; keep one of the two"),
    (R, "{ at_or_below = 'personal' }", f"{R}.at_or_below", "needs its `table`; add one"),
    (R, "{ table = 'account', families = ['id'], at_or_below = 'personal' }", f"{R}.at_or_below",
     "stands beside `families`; keep one of the two"),
    (R, "{ table = 'account', at_or_below = 'sealled' }", f"{R}.at_or_below",
     "no level `sealled` is declared; did you mean `sealed`?"),
    (f"{R}.table", "'devices'", f"{R}.table", "no table `devices` is declared; did you mean `device`?"),
    (f"{R}.families", "['pro']", f"{R}.families[0]", "no family `pro` is declared; did you mean `prof`?"),
    (f"{R}.purposes[0]", "'market.*'", f"{R}.purposes[0]", "no declared purpose lies below `market`; declare one"),
    (f"{R}.purposes[0]", "'marketing.mail.*'", f"{R}.purposes[0]",
     "no declared purpose lies below `marketing.mail`; declare one"),
    (f"{R}.purposes[0]", "'*'", f"{R}.purposes[0]", f"no purpose `*` is declared; {DECLARE}"),
    ("principals.maya.roles[0]", "'suport'", "principals.maya.roles[0]",
     "no role `suport` is declared; did you mean `support`?"),
    ("principals.maya.roles[1].role", "'suport'", "principals.maya.roles[1].role",
     "no role `suport` is declared; did you mean `support`?"),
    ("never[0].principals", "['may']", "never[0].principals[0]",
     "no principal `may` is declared; did you mean `maya`?"),
    ("never[0].roles", "['suport']", "never[0].roles[0]", "no role `suport` is declared; did you mean `support`?"),
    ("never[0].purposes", "['mail.*']", "never[0].purposes[0]", "no declared purpose lies below `mail`; declare one"),
    ("never[0].levels", "['seald']", "never[0].levels[0]", "no level `seald` is declared; did you mean `sealed`?"),
    ("never[0].tables", "['x']", "never[0].tables[0]", f"no table `x` is declared; {DECLARE}"),
    ("never[0].families", "['profs']", "never[0].families[0]", "no family `profs` is declared; did you mean `prof`?"),
    ("never[0]", "{ tables = ['device'], families = ['prof'] }", "never[0].families[0]",
     f"no family `prof` of table `device` is declared; {DECLARE}"),
    ("never[0]", "{ tables = ['device', 'account'], families = ['hw', 'id', 'prf'] }", "never[0].families[2]",
     "no family `prf` of these tables is declared; did you mean `prof`?"),
    ("never[0]", "{}", "never[0]", "names nothing; add a key such as `kinds` or `levels`"),
    ("never[0]", "{ why = 'just so' }", "never[0]", "names nothing; add a key such as `kinds` or `levels`"),
    ("expect[0].principal", "'may'", "expect[0].principal", "no principal `may` is declared; did you mean `maya`?"),
    ("expect[0].purpose", "'servic'", "expect[0].purpose", "no purpose `servic` is declared; did you mean `service`?"),
    *(
        ("expect[0].refused[0]", f"'{text}'", "expect[0].refused[0]", ACCESS)
        for text in ("read", "read account", "account:id", "read  account:id", "read account:id:name", " account:id", "")
    ),
    ("expect[0].refused[0]", "'reed account:id'", "expect[0].refused[0]", f"`reed` {UNKNOWN_ACTION}"),
    ("expect[0].refused[0]", "'lookup account:id'", "expect[0].refused[0]",
     "`lookup` is an action that this version does not have; take it out until it does"),
    ("expect[0].refused[0]", "'read acount:id'", "expect[0].refused[0]",
     "no table `acount` is declared; did you mean `account`?"),
    ("expect[0].refused[0]", "'read account:hw'", "expect[0].refused[0]",
     f"no family `hw` of table `account` is declared; {DECLARE}"),
    ("expect[0].refused[0]", "'read account:prof'", "expect[0].refused[0]",
     "`read account:prof` is also among `allowed`; take one out"),
    ("stores.hbase.require_tls", "'secret'", "stores.hbase.require_tls", f"no level `secret` is declared; {DECLARE}"),
    ("stores.cassandra.require_tls", "'secret'", "stores.cassandra.require_tls",
     f"no level `secret` is declared; {DECLARE}"),
    ("stores.cassandra.tables.acount", "{}", "stores.cassandra.tables.acount",
     "no table `acount` is declared; did you mean `account`?"),
    # declared twice
    ("policy.levels", '["public", "internal", "personal", "sensitive", "public"]', "policy.levels[4]",
     "`public` stands here twice; take one out"),
    ("policy.purposes[3]", "'service'", "policy.purposes[3]", "`service` stands here twice; take one out"),
    # circles
    ("roles.support.inherits", "['support']", "roles.support.inherits[0]",
     "roles inherit in a circle: `support` > `support`; take one of them out of `inherits`"),
    ("roles.employee.inherits", "['support']", "roles.support.inherits[0]",
     "roles inherit in a circle: `employee` > `support` > `employee`; take one of them out of `inherits`"),
]  # fmt: skip  # a table: one case a line or two


def edited(path: str, value: str) -> dict[str, Any]:
    """The good document with one thing set (or, for an empty ``value``, taken out)."""
    document = tomllib.loads(GOOD)
    node: Any = document
    steps = list(steps_of(path))
    for step, following in pairwise(steps):
        node = node[step] if isinstance(step, int) else node.setdefault(step, [] if following == 0 else {})
    if not value:
        del node[steps[-1]]
    elif steps[-1] == len(node) and isinstance(node, list):
        node.append(tomllib.loads(f"x = {value}")["x"])
    else:
        node[steps[-1]] = tomllib.loads(f"x = {value}")["x"]
    return document


def steps_of(path: str) -> Any:
    """The keys and indices of a path that is written as TOML writes keys."""
    keys: list[str | int] = []
    node: Any = tomllib.loads(f"{path.replace('[key]', '<key>').replace('[', '.').replace(']', '')} = 1")
    while isinstance(node, dict):
        [(key, node)] = node.items()
        keys.append(int(key) if key.isdigit() else key.replace("<key>", "[key]"))
    return keys


def faults_of(document: dict[str, Any] | str) -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as caught:
        Policy.loads(document if isinstance(document, str) else tomli_w.dumps(document))
    return caught.value.faults


def test_the_document_that_the_cases_change_is_good() -> None:
    assert Policy.loads(GOOD).name == "home"


@pytest.mark.rule("6a", "8a", "13c", "13d")
@pytest.mark.parametrize(("path", "value", "where", "message"), CASES)
def test_one_mistake_is_one_fault_with_its_path_in_our_own_words(
    path: str, value: str, where: str, message: str
) -> None:
    [fault] = faults_of(edited(path, value))
    assert fault == (where, message)
    assert str(fault).isprintable()
    assert message[0] == "`" or message[0].islower()


def test_all_faults_are_told_at_once_in_document_order() -> None:
    document = tomllib.loads(GOOD)
    document["policy"]["levels"] = ["public", "internal", "personal", "sensitive", "public"]
    document["tables"]["account"]["families"]["id"]["level"] = 3
    document["roles"]["support"]["grants"][0] |= {"families": ["pro"], "colour": "red", "until": 3}
    document["roles"]["employee"]["inherits"] = ["support", "nobody"]
    del document["principals"]["maya"]["kind"]
    document["principals"]["maya"]["roles"].append({"role": "suport", "unti": 3})
    document["never"].append({})
    document["expect"][0]["refused"] = ["read account:hw", "x"]
    document["stores"]["cassandra"]["tables"]["tabel"] = {"buckets": "many"}
    assert [fault.path for fault in faults_of(document)] == [
        "policy.levels[4]",
        "tables.account.families.id.level",
        "roles.employee.inherits[1]",
        "roles.support.inherits[0]",
        f"{G}.families[0]",
        f"{G}.until",
        f"{G}.colour",
        "principals.maya.roles[2].role",
        "principals.maya.roles[2].unti",
        "principals.maya.kind",
        "never[1]",
        "expect[0].refused[0]",
        "expect[0].refused[1]",
        "stores.cassandra.tables.tabel",
        "stores.cassandra.tables.tabel.buckets",
    ]


@pytest.mark.parametrize("section", ["policy", "tables", "roles", "principals"])
def test_a_section_that_cannot_be_read_makes_nothing_that_refers_to_it_a_fault(section: str) -> None:
    document = {**tomllib.loads(GOOD), section: 1}
    assert [fault.path for fault in faults_of(document)] == [section]


def test_a_table_whose_families_cannot_be_read_makes_nothing_that_refers_to_them_a_fault() -> None:
    document = tomllib.loads(GOOD)
    document["tables"]["account"]["families"] = 1
    document["roles"]["support"]["restrictions"] += [{"families": ["x"]}, {"table": "account", "families": ["x"]}]
    document["never"] += [{"families": ["x"]}, {"tables": ["device", "account"], "families": ["x"]}]
    assert [fault.path for fault in faults_of(document)] == ["tables.account.families"]


def test_a_huge_integer_is_told_and_not_shown() -> None:
    place = "tables.account.families.id.versions"
    text = GOOD.replace('columns = ["name"]', f"versions = 0x{'f' * 50_000}")
    assert faults_of(text) == (Fault(place, "must be at most 1,000,000"),)


def test_a_principal_may_hold_the_same_role_twice() -> None:
    document = edited("principals.maya.roles[2]", "{ role = 'employee', until = 2026-12-31T00:00:00Z }")
    document["principals"]["maya"]["roles"].append("support")
    assert len(Policy.loads(tomli_w.dumps(document)).principals["maya"].assignments) == 4


def test_a_family_may_list_no_purposes_and_a_restriction_no_keys() -> None:
    document = edited("tables.account.families.id.purposes", "[]")
    document["roles"]["employee"]["restrictions"] = [{}]
    document["expect"] = []
    policy = Policy.loads(tomli_w.dumps(document))
    assert policy.catalog.tables["account"].families["id"].purposes == frozenset()
    assert policy.roles["employee"].restrictions[0].families is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("never[0]", "{ tables = ['acount', 'device'], families = ['hw', 'prof', 'porf'] }"),
        (G, "{ table = 'acount', families = ['hw', 'prof', 'porf'], actions = ['read'], purposes = ['support'], why = 'x' }"),
    ],
)  # fmt: skip  # a table of cases
def test_beside_an_unknown_table_a_family_that_no_table_has_is_told_too(place: str, value: str) -> None:
    table = f"{place}.tables[0]" if place == "never[0]" else f"{place}.table"
    assert faults_of(edited(place, value)) == (
        Fault(table, "no table `acount` is declared; did you mean `account`?"),
        Fault(f"{place}.families[2]", "no family `porf` is declared; did you mean `prof`?"),
    )


def test_a_grant_at_or_below_a_level_needs_its_table() -> None:
    document = edited(G, "{ at_or_below = 'personal', actions = ['read'], purposes = ['support'], why = 'x' }")
    assert [fault.path for fault in faults_of(document)] == [f"{G}.table"]


@pytest.mark.parametrize(
    ("length", "drawn"),
    [
        (8, "`r0` > `r1` > `r2` > `r3` > `r4` > `r5` > `r6` > `r7` > `r0`"),
        (9, "`r0` > `r1` > `r2` > `r3` > ... > `r6` > `r7` > `r8` > `r0`"),
        (30, "`r0` > `r1` > `r2` > `r3` > ... > `r27` > `r28` > `r29` > `r0`"),
    ],
)
def test_a_long_circle_is_shortened(length: int, drawn: str) -> None:
    document = tomllib.loads(GOOD)
    for n in range(length):
        document["roles"][f"r{n}"] = {"clearance": "public", "inherits": [f"r{(n + 1) % length}"]}
    message = f"roles inherit in a circle: {drawn}; take one of them out of `inherits`"
    assert faults_of(document) == (Fault(f"roles.r{length - 1}.inherits[0]", message),)


def test_a_circle_is_told_once_from_wherever_it_is_reached() -> None:
    document = tomllib.loads(GOOD)
    document["roles"]["employee"]["inherits"] = ["support"]
    document["roles"]["support"]["inherits"] = ["support"]
    assert [fault.path for fault in faults_of(document)] == ["roles.support.inherits[0]"]


def test_every_circle_is_told() -> None:
    document = tomllib.loads(GOOD)
    for name, parents in {"a": ["b", "c"], "b": ["a"], "c": ["d"], "d": ["a", "c"]}.items():
        document["roles"][name] = {"clearance": "public", "inherits": parents}
    assert [fault.path for fault in faults_of(document)] == [
        "roles.b.inherits[0]",
        "roles.d.inherits[0]",
        "roles.d.inherits[1]",
    ]


def test_a_long_chain_of_inheritance_is_no_circle() -> None:
    document = tomllib.loads(GOOD)
    chain = {f"r{n}": {"clearance": "public", "inherits": [f"r{n + 1}"]} for n in range(5_000)}
    document["roles"] |= {**chain, "r5000": {"clearance": "public", "inherits": []}, "other": chain["r0"]}
    assert len(Policy.loads(tomli_w.dumps(document)).roles) == 5_004


def test_names_compared_for_a_hint_are_bounded() -> None:
    document = tomllib.loads(GOOD)
    document["roles"] |= {f"role-{n:05}": {"clearance": "public"} for n in range(3_000)}
    document["principals"] = {f"p{n}": {"kind": "service", "roles": [f"rola-{n:05}"]} for n in range(3_000)}
    del document["expect"]
    faults = faults_of(document)
    assert len(faults) == 3_000
    assert "did you mean `role-00000`" in faults[0].message
    assert faults[-1].message == f"no role `rola-02999` is declared; {DECLARE}"


def test_a_hint_names_nothing_that_could_forge_a_message() -> None:
    document = tomllib.loads(GOOD)
    document["roles"]["suppor`t"] = {"clearance": "public"}
    document["principals"]["maya"]["roles"] = ["suppor"]
    del document["expect"]
    messages = [fault.message for fault in faults_of(document)]
    assert messages[-1] == "no role `suppor` is declared; did you mean `support`?"


def test_an_error_that_a_later_pydantic_grows_is_still_told_in_our_words() -> None:
    grown: Any = {"type": "new_error", "loc": ("policy",), "msg": "Input should be new", "input": "x"}
    told = _message(grown, ("policy",), [], "", lambda name, known: "")  # type: ignore[arg-type]  # no hints needed
    assert told == "is not valid here; compare it with the json schema"


def test_a_document_is_not_changed_by_judging_it() -> None:
    from cfacl.policy.document.references import problems
    from cfacl.policy.document.shape import judge
    from cfacl.policy.faults import Hints

    document = edited("principals.maya.roles[2]", "3")
    before = copy.deepcopy(document)
    judge(document, Hints())
    problems(document, Hints())
    assert document == before
