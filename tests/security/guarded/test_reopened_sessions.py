"""A session that is opened again finds what its principal was found by before, if that still holds, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import cfacl
from cfacl.engine.caller import Caller


@pytest.mark.rule("1e")
@pytest.mark.failure("policy-engine-14")
def test_who_opens_a_session_again_is_decided_by_the_policy_as_it_is_then(memory_world: Any) -> None:
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    ask = memory_world.db.prepare("read", "t", "a")
    for _ in range(3):
        assert memory_world.session().allows(ask)
        assert not memory_world.session("nil").allows(ask)
        assert not memory_world.session(purpose="play").allows(ask)
    memory_world.document["principals"]["ann"]["roles"] = ["none"]
    memory_world.replace()
    for _ in range(3):
        assert not memory_world.session().allows(ask)
        assert memory_world.session("bob").allows(ask)
    memory_world.wait(60)
    for _ in range(3):
        assert not memory_world.session("bob").allows(ask)
    del memory_world.document["principals"]["bob"]
    memory_world.replace()
    for _ in range(3):
        with pytest.raises(cfacl.AccessDenied) as denied:
            memory_world.session("bob")
        assert denied.value.reason == "unknown_principal"
    for purpose in ("nothing", ["work"], None):
        with pytest.raises(cfacl.RequestError):
            memory_world.session(purpose=purpose)
    memory_world.db.close()
    with pytest.raises(cfacl.Closed):
        memory_world.session()


@pytest.mark.rule("1e")
@pytest.mark.failure("policy-engine-16")
def test_who_is_removed_while_a_session_is_opened_again_is_somebody_else_when_made_again(memory_world: Any) -> None:
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    assert memory_world.session().allows("read", "t", "a")
    ann = memory_world.document["principals"].pop("ann")

    def removed_and_made_again() -> int:
        memory_world.clock = lambda: memory_world.now
        memory_world.replace()
        memory_world.document["principals"]["ann"] = ann
        memory_world.replace()
        return memory_world.now

    memory_world.clock = removed_and_made_again
    session = memory_world.session()
    assert "ann" in memory_world.document["principals"]
    with pytest.raises(cfacl.AccessDenied) as denied:
        session.allows("read", "t", "a")
    assert denied.value.reason == "removed_principal"
    assert memory_world.session().allows("read", "t", "a")


@pytest.mark.parametrize("ends", [False, True])
def test_who_opens_a_session_again_takes_no_long_way(
    memory_world: Any, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    if ends:
        memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    ask = memory_world.db.prepare("read", "t", "a")
    assert memory_world.session().allows(ask)
    monkeypatch.setattr(Caller, "_decide", lambda *_: pytest.fail("the long way"))
    assert memory_world.session().allows(ask)
    memory_world.session().require(ask)
