"""A database that is open for reading only, beside one that another process writes."""

from __future__ import annotations

import itertools

import pytest

import cfacl
from cfacl.api.connection import connect

POLICY = """
policy = { name = "x", purposes = ["work"] }
[tables.t.families]
f = { level = "public", purposes = ["work"] }
g = { level = "public", purposes = ["work"], time_to_live = "400d" }
[roles.r]
clearance = "public"
grants = [{ table = "t", families = ["f", "g"], actions = ["read", "write", "delete"], purposes = ["work"], why = "works" }]
[roles.n]
clearance = "public"
[principals]
p = { kind = "service", roles = ["r"] }
n = { kind = "service", roles = ["n"] }
"""
WITHOUT_G = POLICY.replace('g = { level = "public", purposes = ["work"], time_to_live = "400d" }\n', "").replace(
    '"f", "g"', '"f"'
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def writer(another, path):
    made = another()
    made.do(
        f"""
import cfacl
policies = {[POLICY, WITHOUT_G]!r}
policies = [cfacl.Policy.loads(each) for each in policies]
db = cfacl.connect({str(path)!r}, policy=policies[0])
db.create_tables()
table = db.session("p", "work").table("t")
table.put(b"r", {{b"f:q": b"1", b"g:q": b"1"}})
"""
    )
    return made


@pytest.fixture
def reader(path):
    opened = []

    def open_reader(policy=POLICY, **more):
        opened.append(connect(path, policy=cfacl.Policy.loads(policy), read_only=True, **more))
        return opened[-1]

    yield open_reader
    for each in opened:
        each.close()


def table(db, principal="p"):
    return db.session(principal, "work").table("t")


BOTH = {b"f:q": b"1", b"g:q": b"1"}


class TestArguments:
    @pytest.mark.parametrize("staleness", [-1, -0.1, True, "5", None, float("inf"), float("nan"), 1j, 10**400])
    def test_nonsense_is_refused_before_anything_is_opened(self, path, staleness):
        with pytest.raises(cfacl.RequestError, match="`staleness` is a number of seconds, 0 or more"):
            connect(path, policy=cfacl.Policy.loads(POLICY), read_only=True, staleness=staleness)
        assert not path.exists()

    def test_read_only_is_a_bool(self, path):
        with pytest.raises(cfacl.RequestError, match="`read_only` is True or False"):
            connect(path, policy=cfacl.Policy.loads(POLICY), read_only=1)

    def test_who_writes_is_never_behind(self, path):
        with pytest.raises(cfacl.RequestError, match="`staleness` is for `read_only=True`"):
            connect(path, policy=cfacl.Policy.loads(POLICY), staleness=5)

    def test_a_memory_store_is_never_read_only_and_says_why(self):
        with pytest.raises(cfacl.RequestError, match="begins empty and is in no other process"):
            connect("memory://", policy=cfacl.Policy.loads(POLICY), read_only=True)

    @pytest.mark.parametrize("staleness", [0, 0.5, 5])
    def test_seconds_are_whole_or_not(self, writer, reader, staleness):
        assert table(reader(staleness=staleness)).row(b"r") == BOTH


class TestChanges:
    @pytest.mark.rule("Reading beside a writer")
    def test_what_would_be_allowed_is_unsupported_and_says_what_to_do(self, writer, reader):
        db = reader()
        t = table(db)
        batch = t.batch()
        batch.put(b"r", {b"f:q": b"2"})
        changes = {
            "put": lambda: t.put(b"r", {b"f:q": b"2"}),
            "delete": lambda: t.delete(b"r"),
            "batch": batch.send,
            "counter_set": lambda: t.counter_set(b"r", b"f:n", 1),
            "counter_inc": lambda: t.counter_inc(b"r", b"f:n"),
            "compare_and_set": lambda: t.compare_and_set(b"r", b"f:q", b"1", {b"f:q": b"2"}),
            "create_tables": db.create_tables,
            "drop_table": lambda: db.drop_table("t"),
            "sweep": db.sweep,
            "sweep_every": lambda: db.sweep_every(60),
            "flush": db.flush,
            "back_up": lambda: db.back_up("/nowhere"),
        }
        for change in changes.values():
            with pytest.raises(cfacl.Unsupported) as refused:
                change()
            assert str(refused.value) == (
                "this is open for reading only; make the change in the process that has the store open for writing"
            )
        db.sweep_every(None)
        assert writer.do("answer = table.row(b'r')[b'f:q'].decode()") == "1"

    def test_what_would_be_denied_is_denied(self, writer, reader):
        t = table(reader(), "n")
        for change in (
            lambda: t.put(b"r", {b"f:q": b"2"}),
            lambda: t.delete(b"r"),
            lambda: t.counter_inc(b"r", b"f:n"),
            lambda: t.compare_and_set(b"r", b"f:q", b"1", {b"f:q": b"2"}),
        ):
            with pytest.raises(cfacl.AccessDenied):
                change()


class TestPolicies:
    def test_a_policy_is_replaced_in_this_process_and_nothing_is_recorded(self, writer, reader):
        db = reader()
        t = table(db)
        assert t.row(b"r") == BOTH
        db.replace_policy(cfacl.Policy.loads(WITHOUT_G))
        assert t.row(b"r") == {b"f:q": b"1"}
        assert writer.do("answer = [len(db.drift()), len(table.row(b'r'))]") == [0, 2]
        db.replace_policy(cfacl.Policy.loads(POLICY))
        assert t.row(b"r") == BOTH

    @pytest.mark.rule("Reading beside a writer")
    def test_connecting_by_a_smaller_policy_retires_nothing(self, writer, reader):
        db = reader(WITHOUT_G)
        assert [(each.family, each.what) for each in db.drift()] == [("g", "retired")]
        assert writer.do("answer = len(db.drift())") == 0

    def test_a_family_that_the_writer_retires_cannot_be_read_until_it_is_adopted(self, writer, reader):
        t = table(reader())
        assert t.row(b"r") == BOTH
        writer.do("db.replace_policy(policies[1])")
        for read in (
            lambda: t.row(b"r"),
            lambda: t.cells(b"r", b"g:q"),
            lambda: list(t.scan()),
            lambda: t.rows([b"r"]),
        ):
            with pytest.raises(cfacl.SchemaMissing):
                read()
        assert t.row(b"r", columns=[b"f"]) == {b"f:q": b"1"}
        writer.do("db.replace_policy(policies[0])\ndb.create_tables(adopt=['t:g'])")
        assert t.row(b"r") == BOTH


class TestSchema:
    def test_a_store_that_lacks_tables_has_them_when_the_writer_made_them(self, another, path, reader):
        writer = another()
        writer.do(
            f"import cfacl\ndb = cfacl.connect({str(path)!r}, policy=cfacl.Policy.loads({POLICY!r}))\n"
            "table = db.session('p', 'work').table('t')"
        )
        db = reader(staleness=1e6)
        t = table(db)
        with pytest.raises(cfacl.SchemaMissing):
            t.row(b"r")
        writer.do("db.create_tables()\ntable.put(b'r', {b'f:q': b'1', b'g:q': b'1'})")
        assert t.row(b"r") == BOTH

    def test_one_that_is_made_anew_has_none_of_the_old_cells(self, writer, reader):
        t = table(reader())
        for number in range(3):
            assert t.row(b"r") == BOTH
            writer.do("db.drop_table('t')")
            for read in (lambda: t.row(b"r"), lambda: t.cells(b"r", b"g:q"), lambda: list(t.scan())):
                with pytest.raises(cfacl.SchemaMissing):
                    read()
            writer.do("db.create_tables()")
            if number % 2:
                assert t.row(b"r") == {}
                assert list(t.scan()) == []
                assert t.cells(b"r", b"f:q") == []
            writer.do("table.put(b'r', {b'f:q': b'1', b'g:q': b'1'})")

    @pytest.mark.rule("Reading beside a writer")
    def test_one_made_anew_between_two_reads_is_read_at_once(self, writer, reader):
        t = table(reader())
        assert t.row(b"r") == BOTH
        writer.do("db.drop_table('t')\ndb.create_tables()\ntable.put(b's', {b'f:q': b'2'})")
        assert t.row(b"r") == {}
        assert t.rows([b"r", b"s"]) == [(b"s", {b"f:q": b"2"})]
        writer.do("db.drop_table('t')\ndb.create_tables()\ntable.put(b's', {b'f:q': b'3'})")
        assert t.cells(b"s", b"f:q") == [b"3"]
        writer.do("db.drop_table('t')\ndb.create_tables()\ntable.put(b's', {b'f:q': b'4'})")
        scan = t.scan()  # decided before it is known
        with pytest.raises(cfacl.SchemaMissing, match="scan anew"):
            next(scan)
        assert list(t.scan()) == [(b"s", {b"f:q": b"4"})]

    @pytest.mark.rule("Reading beside a writer")
    def test_a_scan_under_way_ends_where_its_family_was_made_anew(self, writer, reader):
        t = table(reader())
        writer.do("[table.put(b'r%d' % n, {b'f:q': b'1'}) for n in range(9)]")
        scan = t.scan(batch_size=2)
        assert len(list(itertools.islice(scan, 2))) == 2
        writer.do("db.drop_table('t')\ndb.create_tables()\n[table.put(b'r%d' % n, {b'f:q': b'2'}) for n in range(9)]")
        with pytest.raises(cfacl.SchemaMissing, match="dropped meanwhile; scan anew"):
            list(scan)

    def test_it_is_closed_while_the_writer_changes_the_schema(self, writer, reader):
        """Taking over what changed waits for the database, and closing it for the calls under way."""
        import threading

        db = reader()
        t = table(db)
        writer.begin("for _ in range(20):\n    db.drop_table('t')\n    db.create_tables()")
        ended = []

        def read():
            while True:
                try:
                    t.row(b"r")
                except cfacl.SchemaMissing:
                    pass
                except cfacl.CfaclError as error:
                    ended.append(type(error))
                    return

        readers = [threading.Thread(target=read) for _ in range(3)]
        for each in readers:
            each.start()
        writer.end()
        db.close()
        for each in readers:
            each.join(60)
        assert ended == [cfacl.Closed] * 3


def test_there_is_nothing_to_read_before_there_is_a_writer(path, reader):
    for _ in range(2):
        with pytest.raises(cfacl.StoreUnavailable, match="holds no store yet; open it for writing first"):
            reader()
        assert not path.exists()
    path.mkdir()
    with pytest.raises(cfacl.StoreUnavailable, match="holds no store yet"):
        reader()
    assert list(path.iterdir()) == []


def test_readers_are_opened_again_in_place(writer, reader):
    db = reader()
    t = table(db)
    db.reopen()
    assert t.row(b"r") == BOTH
    writer.do("db.drop_table('t')\ndb.create_tables()")
    assert t.row(b"r") == {}
