"""What time it is at the cluster, as far as its answers say."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import StoreError, StoreUnavailable
from cfacl.stores.cassandra import stamps as module
from cfacl.stores.cassandra.stamps import Stamps

#: Microseconds that the cluster is ahead of our monotonic clock.
AHEAD = 1_700_000_000_000_000


class Cluster:
    """Answers what time it is, after so many microseconds each way; time passes only here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5_000_000
        self.there = self.back = 200
        self.asked = 0
        self.ahead = AHEAD
        monkeypatch.setattr(module, "monotonic", lambda: self.now / 1_000_000)
        monkeypatch.setattr(module, "monotonic_ns", lambda: self.now * 1000)
        self.stamps = Stamps(lambda: 0, self.ask)

    def ask(self) -> int:
        self.asked += 1
        self.now += self.there
        said = self.now + self.ahead
        self.now += self.back
        return said

    def wrong_by(self) -> int:
        """How far our stamps are ahead of the cluster's clock, of those that did not come before."""
        self.stamps.last = 0
        return self.stamps.next() - (self.now + self.ahead)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


#: How far a stamp may be off where an answer takes 400 microseconds, and is of a whole millisecond.
OFF = 700


def test_one_quick_answer_says_enough_for_a_minute(cluster: Cluster) -> None:
    assert abs(cluster.wrong_by()) <= OFF
    cluster.now += 59_000_000
    cluster.stamps.next()
    assert cluster.asked == 1
    cluster.now += 1_000_000
    cluster.stamps.next()
    assert cluster.asked == 2


def test_answers_that_wait_in_a_queue_put_no_stamp_ahead(cluster: Cluster) -> None:
    cluster.wrong_by()
    cluster.now += 61_000_000
    cluster.there = 500_000
    assert abs(cluster.wrong_by()) <= OFF + 2 * 70 * 100
    cluster.stamps.forget()
    assert abs(cluster.wrong_by()) <= OFF + 2 * 70 * 100


def test_what_was_not_told_closely_is_asked_again_soon(cluster: Cluster) -> None:
    cluster.there = 500_000
    assert abs(cluster.wrong_by()) <= 251_000
    assert cluster.asked == 5
    cluster.there = 200
    cluster.now += 60_000_000
    assert abs(cluster.wrong_by()) <= OFF


@pytest.mark.parametrize("there", [200, 1_500, 12_000, 30_000, 250_000])
def test_little_time_is_spent_on_asking_however_slow_the_answers_are(cluster: Cluster, there: int) -> None:
    cluster.there = cluster.back = there
    cluster.stamps.next()
    begin, spent = cluster.now, 0
    while cluster.now < begin + 120_000_000:
        cluster.now += 10_000
        before = cluster.now
        cluster.stamps.next()
        spent += cluster.now - before
    assert spent <= 0.25 * (cluster.now - begin)


def test_who_waited_while_asking_failed_does_not_ask_again(cluster: Cluster) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fail() -> int:
        cluster.asked += 1
        begun.set()
        assert go_on.wait(30)
        raise StoreUnavailable("gone")

    cluster.stamps._ask = fail
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(cluster.stamps.next) for _ in range(8)]
        assert begun.wait(30)
        time.sleep(0.2)  # until the others wait
        go_on.set()
        errors = [each.exception() for each in asking]
    assert all(isinstance(each, StoreUnavailable) for each in errors)
    assert cluster.asked < 8


def test_what_is_known_from_long_ago_is_not_gone_on_with(cluster: Cluster) -> None:
    cluster.stamps.next()
    cluster.now += 12 * 3_600 * 1_000_000
    cluster.ahead += 2_000_000  # by drift
    with ThreadPoolExecutor(1) as pool:
        with cluster.stamps._asking:
            waiting = pool.submit(cluster.wrong_by)
            time.sleep(0.1)
            assert not waiting.done()
        assert abs(waiting.result()) <= OFF


def test_a_clock_is_told_to_be_ahead_only_where_that_is_certain(cluster: Cluster) -> None:
    cluster.back = 6_000_000
    cluster.stamps._clock = lambda: (cluster.now + cluster.ahead) * 1_000
    cluster.stamps.confirm_not_ahead()
    cluster.stamps._clock = lambda: (cluster.now + cluster.ahead + 60_000_000) * 1_000
    with pytest.raises(StoreError, match="seconds ahead of the cluster's"):
        cluster.stamps.confirm_not_ahead()


def test_while_one_asks_the_others_go_on_with_what_is_known(cluster: Cluster) -> None:
    cluster.stamps.next()
    cluster.stamps.forget()
    with cluster.stamps._asking:
        assert abs(cluster.wrong_by()) <= OFF
    assert cluster.asked == 1


def test_a_cluster_that_does_not_say_is_known_from_before(cluster: Cluster) -> None:
    def fail() -> int:
        cluster.asked += 1
        raise StoreUnavailable("gone")

    ask, cluster.stamps._ask = cluster.stamps._ask, fail
    with pytest.raises(StoreUnavailable):
        cluster.stamps.next()
    cluster.stamps._ask = ask
    cluster.wrong_by()
    cluster.stamps._ask = fail
    cluster.now += 61_000_000
    assert abs(cluster.wrong_by()) <= OFF + 2 * 70 * 100


def test_a_clock_that_was_set_is_followed(cluster: Cluster) -> None:
    cluster.wrong_by()
    cluster.now += 61_000_000
    cluster.ahead += 3_000_000
    assert abs(cluster.wrong_by()) <= OFF
    cluster.now += 61_000_000
    cluster.ahead -= 60_000_000
    assert abs(cluster.wrong_by()) <= OFF
    cluster.now += 1_000_000
    cluster.ahead += 3_000_000
    cluster.back += 500  # wider than what was known, which is not so any more
    cluster.stamps.forget()
    assert abs(cluster.wrong_by()) <= 2 * OFF
