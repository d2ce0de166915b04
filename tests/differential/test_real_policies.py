"""Who holds which permission in real organisations: imported, compiled, and held against the pairs and the oracle."""

from __future__ import annotations

import random
import tomllib
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from cfacl.cli.app import main
from cfacl.engine.reverse import who
from cfacl.testing.oracle import Oracle

pytestmark = pytest.mark.no_cover

FILES = ("hc", "domino", "fire2", "emea", "americas_small", "customer")
EDGE = datetime(2027, 1, 1, tzinfo=UTC)


def pairs_in(folder, file):
    return {tuple(line.split()) for line in (folder / f"{file}.txt").read_text("ascii").splitlines()}


def imported(folder, file, capsys):
    assert main(["import", str(folder / f"{file}.txt")]) == 0
    return capsys.readouterr().out


@pytest.mark.rule("2e", "11a")
@pytest.mark.parametrize("file", FILES)
def test_an_imported_matrix_gives_its_pairs_forward_and_backward(file, rolemining, capsys, world_of):
    pairs = pairs_in(rolemining, file)
    world = world_of(imported(rolemining, file, capsys))
    (table,) = world.db.policy.catalog.tables
    (purpose,) = world.db.policy.catalog.purposes
    of_user, of_permission = defaultdict(set), defaultdict(set)
    for user, permission in pairs:
        of_user[user].add(permission)
        of_permission[permission].add(user)
    for action in ("write", "delete", "admin"):
        assert not world.db.who(action, table, min(of_permission))
    assert set(world.db.policy.principals) == set(of_user)
    for user, permissions in of_user.items():
        with world.db.session(user, purpose=purpose) as session:
            assert session.families("read", table) == permissions
    report, now = world.db._report(), world.db._guard.now()  # as `Database.who` has them, but made once
    for permission, users in of_permission.items():
        assert {each.principal for each in who(report, "read", table, permission, None, now)} == users
    for permission in sorted(of_permission)[:: len(of_permission) // 5]:
        assert {each.principal for each in world.db.who("read", table, permission)} == of_permission[permission]


@pytest.mark.rule("2a", "2d", "2e", "2g", "8a", "11b")
@pytest.mark.parametrize("file", FILES)
def test_with_restrictions_purposes_and_windows_sprinkled_it_gives_what_the_oracle_says(
    file, rolemining, capsys, world_of
):
    chance = random.Random(file)
    document = tomllib.loads(imported(rolemining, file, capsys))
    (table,) = document["tables"]
    document["policy"]["purposes"].append("other")
    families = document["tables"][table]["families"]
    for family in families.values():
        if chance.random() < 0.5:
            family["purposes"].append("other")
    users = chance.sample(sorted(document["principals"]), max(3, min(25, 10_000 // len(families))))
    document["principals"] = {user: document["principals"][user] for user in users}
    held = {
        role if isinstance(role, str) else role["role"]
        for user in users
        for role in document["principals"][user]["roles"]
    }
    document["roles"] = {name: role for name, role in document["roles"].items() if name in held}
    for role in document["roles"].values():
        for grant in role["grants"]:
            if chance.random() < 0.4:
                grant["purposes"] = ["other"]
            if chance.random() < 0.4:
                grant[chance.choice(["from", "until"])] = EDGE
        if chance.random() < 0.5:
            restriction = {"table": table, "families": chance.sample(sorted(families), min(5, len(families)))}
            if chance.random() < 0.5:
                restriction[chance.choice(["from", "until"])] = EDGE + timedelta(days=1)
            if chance.random() < 0.3:
                restriction["purposes"] = ["other"]
            role["restrictions"] = [restriction]
    for principal in document["principals"].values():
        others = chance.sample(sorted(document["roles"]), min(2, len(document["roles"])))
        principal["roles"] = [
            *principal["roles"],
            *({"role": name, chance.choice(["from", "until"]): EDGE - timedelta(days=1)} for name in others),
        ]
    oracle = Oracle(document)
    world = world_of(document)
    differences = 0
    for day in (-2, -1, 0, 1):
        at = EDGE + timedelta(days=day)
        world.turn(at)
        for user in users:
            for purpose in document["policy"]["purposes"]:
                with world.db.session(user, purpose=purpose) as session:
                    found = session.families("read", table)
                assert found == oracle.families(user, purpose, "read", table, at)
                differences += bool(found)
    assert differences  # else everything was sprinkled away
