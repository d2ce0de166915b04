"""`cfacl native` on a real Cassandra that asks who may do what: what is planned is what its users then may, and no more."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from cassandra import Unauthorized

import cfacl
from cfacl.api.wall import Wall, wall
from cfacl.stores.cassandra.store import CassandraStore, open_store
from cfacl.stores.native import RightsOff
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

POLICY: Final = """
policy = {{ name = "home", purposes = ["service", "support"] }}

[tables.account.families]
id   = {{ level = "sensitive", purposes = ["service", "support"] }}
log  = {{ level = "personal", purposes = ["service", "support"], columns = ["name"] }}
prof = {{ level = "personal", purposes = ["service", "support"] }}

[roles.app]
clearance = "sensitive"
grants = [
    {{ table = "account", families = ["id", "log", "prof"], actions = ["read", "write", "delete"], purposes = ["service", "support"], why = "runs" }},
]

[roles.writer]
clearance = "sensitive"
grants = [
    {{ table = "account", families = ["prof"], actions = ["write", "read", "admin"], purposes = ["service", "support"], why = "writes" }},
]

[roles.support]
clearance = "personal"
grants = [{{ table = "account", families = ["prof"], actions = ["read"], purposes = ["support"], why = "answers" }}]

[principals]
{app}  = {{ kind = "service", roles = ["app"] }}
{bob}  = {{ kind = "employee", roles = ["writer"] }}
{maya} = {{ kind = "employee", roles = ["support"] }}
"""


class Ground:
    """A keyspace with the families of a policy, principals who are users of the cluster's, and its operator."""

    def __init__(self, server: RunningCassandra, folder: Path, operator: Any) -> None:
        assert server.certificates is not None
        self.server, self.operator, self.folder = server, operator, folder
        tail = uuid.uuid4().hex[:8]
        self.keyspace = f"n{tail}"
        self.app, self.bob, self.maya = (f"{name}_{tail}" for name in ("app", "bob", "maya"))
        self.text = POLICY.format(app=self.app, bob=self.bob, maya=self.maya)
        self.policy = cfacl.Policy.loads(self.text)
        operator.execute(
            f"CREATE KEYSPACE {self.keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )
        for name in (self.app, self.bob, self.maya):
            operator.execute(f"CREATE ROLE {name} WITH LOGIN = true AND PASSWORD = 'secret'")
        (folder / "credentials").write_text(
            "[PlainTextAuthProvider]\nusername = cassandra\npassword = cassandra\n", "utf-8"
        )
        certificates = server.certificates
        self.url = (
            f"cassandra://{server.host}:{server.port}/{self.keyspace}?ca={certificates / 'ca.pem'}"
            f"&cert={certificates / 'client.pem'}&key={certificates / 'client.key'}&credentials={folder / 'credentials'}"
            "&timeout=30"
        )
        with cfacl.connect(self.url, policy=self.policy) as db:
            db.create_tables()
            with db.session(self.app, purpose="service") as session:
                session.table("account").put(b"u", {b"id:q": b"1", b"log:name": b"2", b"prof:q": b"3"})
            self.tables = {each.described.family: each.name for each in db._store._schema._there().values()}

    def wall(self, **keys: Any) -> Wall:
        keys.setdefault("operators", ["cassandra"])
        with closing(open_store(self.url, clock=time.time_ns)) as store:
            return wall(store, self.policy, time.time_ns(), **keys)

    def script(self, **keys: Any) -> str:
        made = self.wall(**keys)
        with closing(open_store(self.url, clock=time.time_ns)) as store:
            return store.native_rights().script(made.revoked, made.granted, ["done"])

    def obey(self, script: str) -> None:
        """Do what a script says, as `cqlsh` would."""
        for line in script.splitlines():
            if line and not line.startswith("--"):
                self.operator.execute(line)

    def may(self, user: str) -> dict[str, str]:
        """Return which of reading and changing the cluster lets a user do to each family, when nothing is stale."""
        found = {}
        with self.server.session(user=(user, "secret"), timeout=30) as session:
            for family, name in self.tables.items():
                letters = ""
                for letter, text in (
                    ("R", f"SELECT v FROM {name} WHERE b64 = 0 AND row = 0x00"),
                    ("W", f"DELETE FROM {name} WHERE b64 = 0 AND row = 0x00"),
                ):
                    try:
                        session.execute(text)
                    except Unauthorized:
                        continue
                    letters += letter
                found[family] = letters
        return found

    def close(self) -> None:
        self.operator.execute(f"DROP KEYSPACE {self.keyspace}")
        for name in (self.app, self.bob, self.maya):
            self.operator.execute(f"DROP ROLE {name}")


@pytest.fixture(scope="module")
def superuser(cassandra_auth: RunningCassandra) -> Iterator[Any]:
    with cassandra_auth.session(timeout=60) as session:
        yield session


@pytest.fixture
def ground(cassandra_auth: RunningCassandra, superuser: Any, tmp_path: Path) -> Iterator[Ground]:
    made = Ground(cassandra_auth, tmp_path, superuser)
    yield made
    made.close()


@pytest.mark.rule("Cassandra's own rights")
@pytest.mark.failure("store-acl-6")
def test_what_is_planned_is_what_users_may_then_and_no_more(ground: Ground) -> None:
    nothing = {"id": "", "log": "", "prof": ""}
    assert [ground.may(each) for each in (ground.app, ground.bob, ground.maya)] == [nothing] * 3
    made = ground.wall()
    assert not made.holds
    assert [(each.account, each.what, each.family, each.why) for each in made.unsaid] == [
        (ground.maya, "read", "prof", "not for `service`"),
        (
            ground.app,
            "delete, read, write",
            "log",
            "cassandra's rights end at tables, and this family declares its columns",
        ),
        (ground.bob, "admin", "prof", "`ALTER` and `DROP` also change and remove what is there"),
        (ground.bob, "write", "prof", "`MODIFY` is to write and to delete"),
    ]
    ground.obey(ground.script())
    time.sleep(2.5)  # what a node knows of rights is two seconds old at most
    assert ground.may(ground.app) == {"id": "RW", "log": "", "prof": "RW"}
    assert ground.may(ground.bob) == {"id": "", "log": "", "prof": "R"}
    assert ground.may(ground.maya) == nothing
    made = ground.wall()
    assert made.holds
    assert (made.missing, made.extra, made.revoked, made.granted) == ((), (), (), ())
    assert ground.script() == "-- done\n"


@pytest.mark.rule("Cassandra's own rights")
def test_what_is_wider_than_the_policy_is_told_and_taken(ground: Ground) -> None:
    ground.obey(ground.script())
    tables, app, bob, maya = ground.tables, ground.app, ground.bob, ground.maya
    role = f"r{uuid.uuid4().hex[:8]}"
    for text in (
        f"GRANT SELECT ON {tables['id']} TO {bob}",
        f"GRANT MODIFY ON {tables['prof']} TO {maya}",
        f"GRANT SELECT ON KEYSPACE {ground.keyspace} TO {maya}",
        f"GRANT SELECT, MODIFY ON ALL TABLES IN KEYSPACE {ground.keyspace} TO {bob}",
        f"GRANT SELECT ON {ground.keyspace}.cfacl_records TO {maya}",
        f"CREATE ROLE {role}",
        f"GRANT SELECT ON {tables['id']} TO {role}",
        f"GRANT {app} TO {maya}",
    ):
        ground.operator.execute(text)
    made = ground.wall()
    assert not made.holds
    told = {(each.right.account, each.right.letters, each.right.on): each.ours for each in made.extra}
    name = {family: f"{ground.keyspace}:{each.split('.')[1].strip(chr(34))}" for family, each in tables.items()}
    assert told == {
        (bob, "R", name["id"]): True,
        (maya, "W", name["prof"]): True,
        (maya, "R", f"namespace {ground.keyspace}"): False,
        (bob, "RW", f"namespace {ground.keyspace}/*"): False,
        (maya, "R", f"{ground.keyspace}:cfacl_records"): False,
        (role, "R", name["id"]): False,
        (f"@{app}", "RW", name["id"]): False,
        (f"@{app}", "RW", name["prof"]): False,
    }
    ground.operator.execute(f"REVOKE SELECT, MODIFY ON ALL TABLES IN KEYSPACE {ground.keyspace} FROM {bob}")
    ground.obey(ground.script())
    time.sleep(2.5)  # as above
    assert ground.may(bob) == {"id": "", "log": "", "prof": "R"}
    assert {each.ours for each in ground.wall().extra} == {False}
    ground.operator.execute(f"REVOKE {app} FROM {maya}")
    ground.operator.execute(f"REVOKE SELECT ON KEYSPACE {ground.keyspace} FROM {maya}")
    ground.operator.execute(f"REVOKE SELECT ON {ground.keyspace}.cfacl_records FROM {maya}")
    ground.operator.execute(f"DROP ROLE {role}")
    assert ground.wall().holds


def test_superusers_and_what_is_cassandras_own_are_told(ground: Ground) -> None:
    other = f"s{uuid.uuid4().hex[:8]}"
    ground.operator.execute(f"CREATE ROLE {other} WITH SUPERUSER = true")
    ground.operator.execute(f"GRANT SELECT ON ALL KEYSPACES TO {other}")
    ground.operator.execute(f"GRANT SELECT ON system_auth.roles TO {ground.bob}")
    ground.operator.execute(f"GRANT AUTHORIZE ON ALL ROLES TO {ground.bob}")
    ground.operator.execute(f"GRANT EXECUTE ON ALL MBEANS TO {ground.bob}")
    ground.operator.execute(f"GRANT DESCRIBE ON MBEAN 'org.apache.cassandra.db:type=Tables,*' TO {ground.bob}")
    try:
        told = {(each.right.account, each.right.letters, each.right.on) for each in ground.wall().extra}
        assert (other, "SR", "everything") in told
        assert (ground.bob, "R", "namespace data/system_auth/roles") in told
        assert (ground.bob, "G", "namespace roles") in told
        assert (ground.bob, "X", "namespace mbean") in told
        assert (ground.bob, "I", "namespace mbean/org.apache.cassandra.db:type=Tables,*") in told
        assert ("cassandra", "S", "everything") in {
            (each.right.account, each.right.letters, each.right.on) for each in ground.wall(operators=[]).extra
        }
    finally:
        ground.operator.execute(f"DROP ROLE {other}")


def test_rights_on_a_table_of_somebody_elses_are_left_alone(ground: Ground) -> None:
    for name in ("theirs", "events__2024", "other__prof__3"):
        ground.operator.execute(f"CREATE TABLE {ground.keyspace}.{name} (a int PRIMARY KEY)")
        ground.operator.execute(f"GRANT SELECT ON {ground.keyspace}.{name} TO {ground.bob}")
    script = ground.script()
    assert "REVOKE" not in script
    ground.obey(script)
    assert ground.wall().holds


def test_a_right_on_a_family_whose_comment_somebody_edited_is_told(ground: Ground) -> None:
    ground.obey(ground.script())
    ground.operator.execute(f"ALTER TABLE {ground.tables['id']} WITH comment = 'mine'")
    ground.operator.execute(f"GRANT SELECT ON {ground.tables['id']} TO {ground.bob}")
    made = ground.wall()
    assert not made.holds
    assert ground.bob in {each.right.account for each in made.extra}


@pytest.mark.parametrize("rights", ["SELECT, MODIFY", "SELECT, MODIFY, CREATE"])
def test_what_cfacls_own_user_needs_is_what_the_document_says(ground: Ground, rights: str) -> None:
    user = f"c{uuid.uuid4().hex[:8]}"
    ground.operator.execute(f"CREATE ROLE {user} WITH LOGIN = true AND PASSWORD = 'secret'")
    ground.operator.execute(f"GRANT {rights} ON KEYSPACE {ground.keyspace} TO {user}")
    credentials = ground.folder / "own"
    credentials.write_text(f"[PlainTextAuthProvider]\nusername = {user}\npassword = secret\n", "utf-8")
    url = ground.url.replace(str(ground.folder / "credentials"), str(credentials))
    more = ground.text.replace(
        "[roles.app]", '[tables.more.families]\na = { level = "personal", purposes = ["service"] }\n\n[roles.app]'
    )
    try:
        with cfacl.connect(url, policy=cfacl.Policy.loads(more)) as db:
            with db.session(ground.app, purpose="service") as session:
                table = session.table("account")
                table.put(b"own", {b"prof:q": b"3"})
                assert table.counter_inc(b"own", b"prof:n") == 1
                assert table.row(b"own", [b"prof:q"]) == {b"prof:q": b"3"}
                table.delete(b"own", [b"prof"])
            if "CREATE" in rights:
                db.create_tables()
            else:
                with pytest.raises(
                    cfacl.StoreError, match="the cluster refuses `CREATE` on this to the user whom we are"
                ):
                    db.create_tables()
    finally:
        ground.operator.execute(f"DROP ROLE {user}")


def test_a_revoke_is_heeded_late_so_that_this_is_no_first_wall(ground: Ground) -> None:
    """Measured where a user goes on reading: it is denied after `permissions_validity`, two seconds, and not before."""
    ground.obey(ground.script())
    time.sleep(2.5)  # as above
    name = ground.tables["prof"]
    with ground.server.session(user=(ground.bob, "secret"), timeout=30) as session:
        read = session.prepare(f"SELECT v FROM {name} WHERE b64 = 0 AND row = 0x00")
        session.execute(read)
        ground.operator.execute(f"REVOKE SELECT ON {name} FROM {ground.bob}")
        session.execute(read)  # it still may
        until = time.monotonic() + 30
        with pytest.raises(Unauthorized):
            while time.monotonic() < until:
                session.execute(read)


def test_a_cluster_that_asks_for_no_rights_is_told(cassandra: RunningCassandra, keyspaces: Any) -> None:
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}"
    with closing(open_store(url, clock=time.time_ns)) as store:
        assert isinstance(store, CassandraStore)
        with pytest.raises(RightsOff, match=r"^cassandra asks for no rights: whoever reaches it may do everything"):
            wall(store, cfacl.Policy.loads('policy = { name = "x" }'), time.time_ns())


OBEY: Final = """
import ssl, sys
from pathlib import Path
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
host, port, folder = sys.argv[1:]
context = ssl.create_default_context(cafile=folder + "/ca.pem")
context.load_cert_chain(folder + "/client.pem", folder + "/client.key")
cluster = Cluster([host], int(port), auth_provider=PlainTextAuthProvider("cassandra", "cassandra"), ssl_context=context)
session = cluster.connect()
for line in sys.stdin:
    if line.strip() and not line.startswith("--"):
        session.execute(line)
cluster.shutdown()
"""


def test_the_command_plans_applies_and_verifies(ground: Ground, tmp_path: Path) -> None:
    policy = tmp_path / "home.toml"
    policy.write_text(ground.text, "utf-8")
    program = tmp_path / "obey.py"
    program.write_text(OBEY, "utf-8")

    def run(command: str, *more: object) -> subprocess.CompletedProcess[str]:
        arguments = [command, policy, "--store", ground.url, "--operator", "cassandra", *more]
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from cfacl.cli.app import main; sys.exit(main())",
                "native",
                *map(str, arguments),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    planned = run("plan")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert f'GRANT SELECT ON "{ground.keyspace}"."account__prof__3" TO "{ground.bob}";' in planned.stdout
    assert run("verify").returncode == 1
    shell = f"{sys.executable} {program} {ground.server.host} {ground.server.port} {ground.server.certificates}"
    applied = run("apply", "--shell", shell)
    assert (applied.returncode, applied.stderr) == (0, ""), applied.stdout
    verified = run("verify")
    assert verified.returncode == 0, verified.stdout
    assert "the store gives what it can say of the policy, and nothing more" in verified.stdout
    assert "not visible here: which of its roles somebody may log in as" in verified.stdout
