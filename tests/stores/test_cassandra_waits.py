"""How long is waited: for an answer, for others who decide on the same, and until something is not tried again.

No server is asked.
"""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from cfacl.errors import StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.stores.cassandra import posture, ring
from cfacl.stores.cassandra.conditions import Conditions, Seen
from cfacl.stores.cassandra.errors import Contended
from cfacl.stores.cassandra.ring import Ring

ONE = StoredFamily("t", "one", 1, "public")
TABLE: Any = SimpleNamespace(
    name="k.t", versioned=False, key=lambda key: (key,), confirm_fits=lambda *_: None, statement=lambda _: None
)


class Busy(Conditions):
    """Decides, and somebody else was there before each time."""

    def __init__(self, timeout: float) -> None:
        super().__init__(SimpleNamespace(address=SimpleNamespace(timeout=timeout)), SimpleNamespace())  # type: ignore[arg-type]  # no more is asked of them
        self.tried = 0

    def _read(self, *_: Any) -> Any:
        self.tried += 1
        return {b"n": Seen()}, None

    def _visible(self, *_: Any) -> None:
        return None

    def _set(self, *_: Any) -> bool:
        return False


def test_a_counter_that_others_change_each_time_is_tried_for_as_long_as_an_answer_may_take() -> None:
    busy = Busy(0.5)
    with pytest.raises(StoreUnavailable, match="changed by others each time"):
        busy.increment(TABLE, b"u", ONE, b"n", 1)
    assert busy.tried > 100


def test_who_decides_on_the_same_is_waited_for_no_longer_than_for_an_answer_and_then_it_is_tried_as_long() -> None:
    busy = Busy(0.3)
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with busy._alone(TABLE, b"u"):
            begun.set()
            end.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(30)
    with pytest.raises(StoreUnavailable, match="others of this process decide on this row, or on one beside it"):
        busy.increment(TABLE, b"u", ONE, b"n", 1)
    assert busy.tried == 0
    threading.Timer(0.2, end.set).start()
    with pytest.raises(StoreUnavailable, match="changed by others each time"):
        busy.increment(TABLE, b"u", ONE, b"n", 1)
    assert busy.tried > 10
    holder.join()


def test_a_row_on_which_others_decide_is_asked_for_again_for_as_long_as_an_answer_may_take() -> None:
    asked = []

    def refuse(future: Any) -> None:
        asked.append(future)
        raise Contended("others")

    busy = Busy(0.3)
    busy._ring = SimpleNamespace(begin=lambda question: question, end=refuse)  # type: ignore[assignment]  # as above
    with pytest.raises(Contended):
        busy._asked("question", time.monotonic() + 0.3)
    assert len(asked) > 1
    asked.clear()
    with pytest.raises(Contended):
        busy._asked("question", time.monotonic())
    assert len(asked) == 1


@pytest.mark.parametrize("step", [3_600, -3_600])
def test_a_wall_clock_that_is_set_changes_nothing_of_how_long_an_answer_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    late: list[bool] = []
    answered = threading.Event()
    wall = time.time
    monkeypatch.setattr(ring.time, "time", lambda: wall() + step)
    future = SimpleNamespace(
        begun=time.monotonic(), _start_time=wall(), _event=answered, _on_timeout=lambda: late.append(True)
    )
    asking: Any = SimpleNamespace(address=SimpleNamespace(timeout=0.3))
    threading.Timer(0.1, answered.set).start()
    Ring.wait(asking, future)
    assert late == []
    answered.clear()
    future.begun = time.monotonic()
    Ring.wait(asking, future)
    assert late == [True]


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ([("ops", True, True, None)], "`ops`"),
        ([("ops", False, True, None)], None),
        ([("ops", False, True, None), ("ann", True, False, {"ops"})], "`ann`"),
        (
            [("ops", False, True, None), ("mid", False, False, {"ops"}), ("bob", True, False, {"mid", "x"})],
            "`bob`",
        ),
        ([("ops", True, False, {"other"}), ("other", True, False, None)], None),
    ],
)
def test_who_is_a_member_of_a_superuser_is_one(roles: list[Any], said: str | None) -> None:
    asked: Any = SimpleNamespace(ask=lambda *_: roles, prepare=lambda *_: None)
    settings = {"authorizer": "CassandraAuthorizer", "role_manager": "CassandraRoleManager"}
    found = [each.told for each in posture._superusers(asked, settings)]
    assert found == ([] if said is None else [f"no right holds back {said}"])


def test_a_keyspace_that_is_gone_is_told() -> None:
    asked: Any = SimpleNamespace(ask=lambda *_: [], prepare=lambda *_: None, address=SimpleNamespace(keyspace="home"))
    sign = posture._replication(asked)
    assert (sign.verdict, sign.told) == ("attention", "there is no keyspace `home` any more")
