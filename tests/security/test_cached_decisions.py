"""How caches of authorization engines went wrong elsewhere, tried on this one."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime
from typing import Any

import pytest

import cfacl
from cfacl.engine import snapshot


def later(seconds: int) -> int:
    return 1_780_272_000_000_000_000 + seconds * 1_000_000_000


@pytest.mark.rule("8b")
@pytest.mark.failure("policy-engine-1")
def test_an_answer_that_holds_for_a_while_is_not_kept_for_longer(house: Any) -> None:
    house.document["roles"]["reader"]["grants"][0]["until"] = datetime.fromisoformat("2026-06-01T00:01:00+00:00")
    session = house.session()
    ask = house.db.prepare("read", "t", "a")
    assert session.allows(ask)
    house.now = later(60) - 1
    assert session.allows(ask)
    house.now = later(60)
    assert not session.allows(ask)
    with pytest.raises(cfacl.AccessDenied):
        session.table("t").row(b"r")


@pytest.mark.failure("policy-engine-1")
def test_an_answer_for_one_purpose_is_not_one_for_another(house: Any) -> None:
    ask = house.db.prepare("read", "t", "a")
    assert house.session(purpose="work").allows(ask)
    assert not house.session(purpose="play").allows(ask)


@pytest.mark.failure("policy-engine-2")
def test_a_narrow_answer_is_not_kept_as_a_strict_one(house: Any) -> None:
    house.fill(b"r")
    table = house.session().table("t")
    for _ in range(2):
        assert table.row(b"r") == {b"a:q": b"a"}
        with pytest.raises(cfacl.AccessDenied):
            table.row(b"r", strict=True)
        assert table.row(b"r", columns=[b"a", b"b"], strict=False) == {b"a:q": b"a"}
        with pytest.raises(cfacl.AccessDenied):
            table.row(b"r", columns=[b"a", b"b"])


@pytest.mark.failure("policy-engine-3")
def test_names_that_read_alike_when_joined_are_told_apart(house: Any) -> None:
    house.family("b.c", table="a")
    house.family("c", table="a.b")
    house.grant("reader", "b.c", table="a")
    session = house.session()
    assert session.allows("read", "a", "b.c")
    assert not session.allows("read", "a.b", "c")
    assert session.families("read", "a.b") == frozenset()


@pytest.mark.failure("policy-engine-4")
def test_several_families_at_once_are_answered_as_one_by_one(house: Any) -> None:
    house.grant("reader", "c")
    session = house.session()
    single = {name: session.allows("read", "t", name) for name in "abcd"}
    assert set(single.values()) == {True, False}
    for size in (1, 2, 3, 4):
        for names in itertools.permutations("abcd", size):
            assert session.allows("read", "t", *names) == all(single[name] for name in names)


@pytest.mark.failure("policy-engine-5")
def test_a_decision_that_broke_off_is_not_kept(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = house.session()
    with monkeypatch.context() as broken:
        broken.setattr(snapshot, "look", lambda *_: 1 / 0)
        for name in "ab":
            with pytest.raises(cfacl.AccessDenied, match="failed"):
                session.allows("read", "t", name)
    assert session.allows("read", "t", "a")
    assert not session.allows("read", "t", "b")


@pytest.mark.rule("9e")
@pytest.mark.failure("policy-engine-6")
@pytest.mark.failure("store-acl-3")
@pytest.mark.slow
def test_threads_that_race_a_replacement_see_the_old_or_the_new_and_after_it_only_the_new(house: Any) -> None:
    # `c` is granted by both policies; `a` by the even, `b` by the odd: never both.
    house.grant("reader", "c")
    even = house.policy()
    house.document["roles"]["reader"]["grants"][0]["families"] = ["b"]
    odd = house.policy()
    session = house.session()
    wrong: list[str] = []
    stop = threading.Event()

    def check() -> None:
        while not stop.is_set():
            if not session.allows("read", "t", "c"):
                wrong.append("denied what both allow")
            if session.allows("read", "t", "a", "b"):
                wrong.append("mixed the two")

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for policy, gains, loses in [(odd, "b", "a"), (even, "a", "b")] * 50:
        house.db.replace_policy(policy)
        if session.allows("read", "t", loses) or not session.allows("read", "t", gains):
            wrong.append("decided by the old one after it was replaced")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.rule("9e")
@pytest.mark.failure("policy-engine-7")
def test_a_replacement_bites_on_the_very_next_check(house: Any) -> None:
    session = house.session()
    ask = house.db.prepare("read", "t", "a")
    assert session.allows(ask)
    house.document["roles"]["reader"]["grants"].clear()
    house.db.replace_policy(house.policy())
    assert not session.allows(ask)
    assert [each.principal for each in house.db.who("read", "t", "a")] == ["root"]
    assert house.db.what("ann") == []


@pytest.mark.failure("policy-engine-8")
@pytest.mark.parametrize("step", [0, -1, -(10**18)], ids=["same instant", "back a little", "back for years"])
def test_a_replacement_is_noticed_whatever_the_clock_says(house: Any, step: int) -> None:
    house.document["roles"]["reader"]["grants"][0]["until"] = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
    session = house.session()
    for allowed in (True, False) * 3:
        house.document["principals"]["ann"]["roles"] = ["reader"] if allowed else []
        house.db.replace_policy(house.policy())
        house.now += step
        assert session.allows("read", "t", "a") is allowed


@pytest.mark.failure("policy-engine-9")
def test_a_restriction_that_is_added_or_changed_takes_away_at_once(house: Any) -> None:
    house.grant("reader", "b")
    session = house.session()
    assert session.allows("read", "t", "a", "b")
    house.restrict("reader", table="t", families=["a"])
    house.replace()
    assert not session.allows("read", "t", "a")
    assert session.allows("read", "t", "b")
    house.document["roles"]["reader"]["restrictions"][0]["families"] = ["b"]
    house.replace()
    assert session.allows("read", "t", "a")
    assert not session.allows("read", "t", "b")


@pytest.mark.failure("policy-engine-12")
@pytest.mark.failure("store-acl-14")
def test_nothing_granted_is_remembered_like_anything_else(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    look = snapshot.look
    monkeypatch.setattr(snapshot, "look", lambda *given: looks.append(given[0].name) or look(*given))
    house.document["principals"]["ann"]["roles"] = []
    session = house.session()
    for _ in range(5):
        assert not session.allows("read", "t", "a")
        assert session.families("read", "t") == frozenset()
    assert looks == ["t"]


@pytest.mark.failure("policy-engine-14")
def test_who_shared_an_entry_loses_it_alone(house: Any) -> None:
    ann, bob = house.session("ann"), house.session("bob")
    assert ann.allows("read", "t", "a")
    assert bob.allows("read", "t", "a")
    house.document["principals"]["ann"]["roles"] = []
    house.replace()
    assert not ann.allows("read", "t", "a")
    assert bob.allows("read", "t", "a")


@pytest.mark.rule("1e")
@pytest.mark.failure("policy-engine-16")
def test_who_was_removed_and_made_again_is_somebody_else(house: Any) -> None:
    session = house.session()
    assert session.allows("read", "t", "a")
    ann = house.document["principals"].pop("ann")
    house.replace()
    for _ in range(2):
        with pytest.raises(cfacl.AccessDenied) as denied:
            session.allows("read", "t", "a")
        assert denied.value.reason == "removed_principal"
        house.document["principals"]["ann"] = ann
        house.replace()
    assert house.session().allows("read", "t", "a")


@pytest.mark.failure("policy-engine-16")
def test_a_role_that_was_removed_and_made_again_has_only_its_new_grants(house: Any) -> None:
    session = house.session()
    assert session.allows("read", "t", "a")
    house.document["roles"]["reader"] = {"clearance": "personal"}
    house.grant("reader", "b")
    house.replace()
    assert not session.allows("read", "t", "a")
    assert session.allows("read", "t", "b")


@pytest.mark.failure("policy-engine-17")
@pytest.mark.failure("policy-engine-13")
def test_an_inheritance_counts_forward_and_backward_until_it_is_removed(house: Any) -> None:
    house.document["roles"]["lead"] = {"clearance": "personal", "inherits": ["reader"]}
    house.document["principals"]["ann"]["roles"] = ["lead"]
    session = house.session()
    assert session.allows("read", "t", "a")
    assert "ann" in {each.principal for each in house.db.who("read", "t", "a")}
    house.document["roles"]["lead"]["inherits"] = []
    house.replace()
    assert not session.allows("read", "t", "a")
    assert "ann" not in {each.principal for each in house.db.who("read", "t", "a")}


@pytest.mark.failure("policy-engine-18")
def test_a_mask_has_no_bit_that_stands_for_no_family(house: Any) -> None:
    house.restrict("reader", actions=["delete"])
    current = house.db._guard.current()
    table = current.bits.tables["t"]
    for name in ("ann", "root"):
        for purpose in ("work", "play"):
            view = current.profile(current.holds(name), purpose).view(table, house.now)
            assert all(mask & ~table.every == 0 for mask in view.denied)
            assert all(mask >= 0 for mask in view.denied)


@pytest.mark.failure("policy-engine-19")
def test_what_was_evicted_comes_back_as_the_policy_is_now(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "PRINCIPALS", 2)
    monkeypatch.setattr(snapshot, "MEMO", 2)
    names = [f"p{n}" for n in range(6)]
    for name in names:
        house.document["principals"][name] = {"kind": "employee", "roles": ["reader"]}
    sessions = {name: house.session(name) for name in names}
    for holders in (names, names[::2], names[1::2], []):
        for name in names:
            house.document["principals"][name]["roles"] = ["reader"] if name in holders else []
        house.replace()
        for name in names * 2:
            assert sessions[name].allows("read", "t", "a") is (name in holders)
            assert not sessions[name].allows("read", "t", "b")


@pytest.mark.failure("store-acl-14")
def test_threads_that_meet_a_cold_cache_get_one_view(house: Any) -> None:
    for n in range(8):
        house.document["principals"][f"p{n}"] = {"kind": "employee", "roles": ["reader"]}
    barrier = threading.Barrier(8)
    sessions = [house.session(f"p{n}") for n in range(8)]

    def ask(session: cfacl.Session) -> None:
        barrier.wait()
        session.allows("read", "t", "a")

    threads = [threading.Thread(target=ask, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(session._profile) for session in sessions}) == 1
    assert sessions[0]._profile is not None
    assert len(house.db._guard.current().interned) == 1


@pytest.mark.failure("policy-engine-24")
@pytest.mark.slow
def test_threads_that_share_a_table_get_their_own_answers(house: Any) -> None:
    house.grant("reader", "b", "c")
    house.fill(*[f"{name}{n}".encode() for name in "abc" for n in range(5)])
    table = house.session().table("t")
    wrong: list[object] = []

    def read(name: str) -> None:
        for n in range(200):
            key = f"{name}{n % 5}".encode()
            found = table.row(key, columns=[f"{name}:q".encode()])
            if found != {f"{name}:q".encode(): name.encode()}:
                wrong.append(found)

    threads = [threading.Thread(target=read, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_ask_that_only_equals_another_leaves_nothing_behind(house: Any) -> None:
    """Remembered, the answer to it would be found by whoever asks the other."""
    honest = house.db.prepare("read", "t", "b")

    class Twin(cfacl.Ask):
        equal = False

        def __hash__(self) -> int:
            return hash(honest)

        def __eq__(self, other: object) -> bool:
            return self.equal

    session = house.session()
    assert not session.allows(honest)
    for use in (session.allows, session.require, session.explain):
        with pytest.raises(cfacl.RequestError, match="take what `Database"):
            use(Twin(honest.owner, "read", "t", ("a",)))
    Twin.equal = True
    assert not session.allows(honest)
    assert not house.session().allows("read", "t", "b")


@pytest.mark.rule("1d")
def test_a_name_of_a_class_of_ones_own_is_unknown(house: Any) -> None:
    """It might hash and equal as one table here, and as another there."""

    class Name(str):
        __slots__ = ()

    session = house.session()
    for use in (
        lambda: session.table(Name("t")),
        lambda: session.families("read", Name("t")),
        lambda: house.db.who("read", Name("t"), "a"),
        lambda: house.db.who("read", "t", Name("a")),
        lambda: house.db.prepare("read", Name("t"), "a"),
        lambda: house.db.prepare("read", "t", Name("a")),
        lambda: session.allows("read", Name("t"), "a"),
        lambda: session.allows("read", "t", Name("a")),
    ):
        with pytest.raises(cfacl.RequestError):
            use()
