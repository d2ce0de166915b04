"""The policies that growth is measured on have the sizes that the page says."""

from __future__ import annotations

import pytest

import cfacl
from benchmarks import workloads


@pytest.mark.parametrize("number", [10, 100, 20_000])
def test_a_policy_of_so_many_grants_has_so_many(number: int) -> None:
    policy = workloads.grants(number)
    assert sum(len(each.grants) for each in policy.roles.values()) == number
    assert len(policy.principals) == number // workloads.GRANTS_HELD
    assert len(policy.catalog.tables) == min(number, workloads.TABLES)


def test_whoever_holds_ten_of_them_may_do_what_they_say() -> None:
    with cfacl.connect("memory://", policy=workloads.grants(1_000)) as db:
        assert {each.table for each in db.what("user-0000001")} == {f"table-{i:05}" for i in range(10, 20)}
        assert [each.principal for each in db.who("read", "table-00010", "f00")] == ["user-0000001"]


def test_somebody_with_so_many_roles_has_a_family_by_each() -> None:
    with cfacl.connect("memory://", policy=workloads.holding(64)) as db:
        found = {each.family: each.via for each in db.what(workloads.PRINCIPAL) if each.action == "read"}
    assert len(found) == 64
    assert {len(via) for via in found.values()} == {1}
    assert len({*found.values()}) == 64
