"""What is imported and exported again is what it was, and what is exported and imported gives nobody more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.cli import listings
from cfacl.cli.targets import Exported, Target, exported
from cfacl.model.grants import nanoseconds
from cfacl.policy.listings.entries import Entry
from cfacl.policy.listings.sheet import write_sheet
from cfacl.stores.native import Right
from cfacl.stores.rights import list_permissions, user_permission
from cfacl.testing import strategies
from cfacl.testing.documents import IDENTIFIERS, PURPOSES, SUBJECTS
from cfacl.testing.oracle import ACTIONS

NOW: Final = nanoseconds(datetime(2026, 3, 1, tzinfo=UTC))
Kept = Callable[[str], Path]

identifiers: Final = st.sampled_from(IDENTIFIERS)
columns: Final = st.none() | st.frozensets(st.sampled_from([b"name", b"e-mail", 'ü,"'.encode()]), min_size=1)
#: What a system that is no policy may have called somebody, and what lists can hold.
ACCOUNTS: Final = ("a", "A", "maya", "None", "a.b", "0", "_", "x" * 255)
ROLES: Final = tuple(each for each in SUBJECTS if "|" not in each)
USERS: Final = tuple(each for each in SUBJECTS if " " not in each)
CASSANDRAS: Final = ("a", "A", "b", "_", "0", "a_", "id", "None", "x" * 48)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Write a text into one file, which a property uses again and again."""
    path = tmp_path_factory.mktemp("kept") / "listing"

    def write(text: str) -> Path:
        path.write_bytes(text.encode())
        return path

    return write


def again(read: listings.Read, to: Target, purposes: list[str], **more: Any) -> Exported:
    """Export what was imported, once it was a document."""
    assert read.left_out == []
    policy = cfacl.Policy.loads(read.policy.dumps())
    assert policy == read.policy
    written = exported(policy, to, purposes, NOW, **{"table": None, "namespace": None, **more})
    assert written.left_out == []
    return written


@given(
    st.frozensets(
        st.tuples(
            st.sampled_from(SUBJECTS), identifiers, identifiers, st.sampled_from(ACTIONS), st.sampled_from(PURPOSES)
        ),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_csv(kept: Kept, entries: Any, data: st.DataObject) -> None:
    families = sorted({each[1:3] for each in entries})
    declared = {each: data.draw(columns) for each in families}
    text = write_sheet(
        [Entry(*each) for each in entries], {each: names for each, names in declared.items() if names is not None}
    )
    read = listings.from_csv(kept(text), "it", "other")
    written = again(read, Target.CSV, sorted(read.policy.catalog.purposes))
    assert written.text == text
    assert {tuple(each) for each in written.entries} == entries


@given(st.frozensets(st.tuples(st.sampled_from(USERS), identifiers), min_size=1, max_size=12), identifiers)
def test_pairs(kept: Kept, pairs: Any, table: str) -> None:
    text = "".join(f"{user} {permission}\n" for user, permission in sorted(pairs))
    read = listings.from_pairs(kept(text), "it", "support", table)
    assert again(read, Target.PAIRS, ["support"]).text == text


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(ACCOUNTS), identifiers, identifiers),
        st.sampled_from(["R", "RW"]),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["default", "home"]),
)
def test_what_hbase_lists(kept: Kept, given: Any, namespace: str) -> None:
    before = "" if namespace == "default" else f"{namespace}:"
    rights = [Right(user, "family", before + table, fam, None, to) for (user, table, fam), to in given.items()]
    text = user_permission.write(rights)
    assert sorted(right for _, right in user_permission.read(text.split("\n"))) == sorted(rights)
    read = listings.from_hbase(kept(text), "it", "support", namespace)
    assert again(read, Target.HBASE_PERMISSIONS, ["support"], namespace=namespace).text == text


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(ROLES), st.sampled_from(CASSANDRAS), st.sampled_from(CASSANDRAS)),
        st.sampled_from(["R", "W", "RW"]),
        min_size=1,
        max_size=12,
    )
)
def test_what_cassandra_lists(kept: Kept, given: Any) -> None:
    text = list_permissions.write(Right(role, "family", *on, None, to) for (role, *on), to in given.items())
    read = listings.from_cassandra(kept(text), "it", "support")
    assert again(read, Target.CASSANDRA_PERMISSIONS, ["support"]).text == text


READ: Final[dict[Target, Callable[[Path, str, str], listings.Read]]] = {
    Target.CSV: lambda file, purpose, table: listings.from_csv(file, "it", purpose),
    Target.PAIRS: lambda file, purpose, table: listings.from_pairs(file, "it", purpose, table),
    Target.HBASE_PERMISSIONS: lambda file, purpose, table: listings.from_hbase(file, "it", purpose, "default"),
    Target.CASSANDRA_PERMISSIONS: lambda file, purpose, table: listings.from_cassandra(file, "it", purpose),
}


@pytest.mark.parametrize("to", READ, ids=str)
@given(data=st.data())
def test_nobody_has_more_by_what_was_exported(kept: Kept, to: Target, data: st.DataObject) -> None:
    """From the instant of the export on, by `cfacl.diff`; and what was left out makes up for the rest."""
    document = data.draw(strategies.documents())
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    at = data.draw(strategies.instants(document))
    purpose = data.draw(st.sampled_from(document["policy"]["purposes"]))
    table = data.draw(st.sampled_from(list(document["tables"])))
    written = exported(policy, to, [purpose], nanoseconds(at), table=table, namespace=None)
    # To delete by columns is less than to delete what declares them, which no listing of rights on columns says.
    lost = {
        each
        for each in written.entries
        if to is Target.HBASE_PERMISSIONS
        and each.action == "delete"
        and policy.catalog.tables[each.table].families[each.family].columns is not None
    }
    read = READ[to](kept(written.text), purpose, table)
    assert {each.account for each in read.left_out} == {each.principal for each in lost}
    gained = [each for each in cfacl.diff(policy, read.policy) if each.gains]
    assert [each for each in gained if each.until is None or each.until > at] == []
    back = exported(
        read.policy, Target.CSV, sorted(read.policy.catalog.purposes), nanoseconds(at), table=None, namespace=None
    )
    assert set(back.entries) == set(written.entries) - lost


@pytest.mark.parametrize(
    "tables", ["", '[tables.t.families.f]\nlevel = "public"\npurposes = ["work"]\n'], ids=["none", "one"]
)
@pytest.mark.parametrize("form", list(Target))
def test_what_gives_nobody_anything_is_exported_and_imported_too(
    run: Any, kept: Kept, form: Target, tables: str
) -> None:
    policy = kept(f'[policy]\nname = "p"\npurposes = ["work"]\n{tables}')
    out = run("export", policy, "--to", form, "--purpose", "work")
    assert (out.code, out.err) == (0, "")
    back = run("import", "-", "--from", form, stdin=out.out.encode())
    assert back.code == 0
    assert "standard input: gives nobody anything, and so does the policy" in back.err.splitlines()
    made = cfacl.Policy.loads(back.out)
    assert (made.principals, made.catalog.tables) == ({}, {})
    assert run("check", kept(back.out)).code == 0
    as_json = run("import", "-", "--from", form, "--format", "json", stdin=out.out.encode())
    assert (as_json.code, as_json.err, "principals" in as_json.document["policy"]) == (0, "", False)


@pytest.mark.parametrize("form", list(Target))
def test_what_has_not_a_byte_is_no_list_of_nobody(run: Any, form: Target) -> None:
    said = "standard input: is empty, as what a command leaves that failed; write it again, and see how that ends\n"
    assert run("import", "-", "--from", form, stdin=b"") == (2, "", said)
