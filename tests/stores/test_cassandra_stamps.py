"""What time it is at the cluster, as far as its answers say."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

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
        #: how long the machine slept, while its monotonic clock stood still
        self.slept = 0
        monkeypatch.setattr(module, "monotonic", lambda: self.now / 1_000_000)
        monkeypatch.setattr(module, "monotonic_ns", lambda: self.now * 1000)
        monkeypatch.setattr(module, "time", lambda: (self.now + self.slept) / 1_000_000)
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


def test_where_answers_take_seconds_one_has_to_do(cluster: Cluster) -> None:
    cluster.there = 3_000_000
    cluster.stamps.next()
    assert cluster.asked == 1


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


class Crowd:
    """Threads that want a stamp; the first of them asks, until all others wait for it."""

    SIZE = 8

    def __init__(self, cluster: Cluster) -> None:
        self.stamps = cluster.stamps
        self.lock = self.stamps._asking
        self.stamps._asking = self  # type: ignore[assignment]  # counts who waits
        self.waiting = threading.Semaphore(0)

    def acquire(self, *, blocking: bool) -> bool:
        assert blocking
        self.waiting.release()
        return self.lock.acquire()

    def release(self) -> None:
        self.lock.release()

    def wait(self) -> None:
        for _ in range(self.SIZE):
            assert self.waiting.acquire(timeout=30)

    def come(self) -> list[int | BaseException]:
        """Return what becomes of each."""
        with ThreadPoolExecutor(self.SIZE) as pool:
            asking = [pool.submit(self.stamps.next) for _ in range(self.SIZE)]
            return [each.exception() or each.result() for each in asking]


def test_who_waited_while_asking_failed_does_not_ask_again(cluster: Cluster) -> None:
    crowd = Crowd(cluster)

    def fail() -> int:
        cluster.asked += 1
        crowd.wait()
        raise StoreUnavailable("gone")

    cluster.stamps._ask = fail
    assert {type(each) for each in crowd.come()} == {StoreUnavailable}
    assert cluster.asked == 1


def test_who_waited_while_it_was_asked_does_not_ask_again(cluster: Cluster) -> None:
    crowd, ask = Crowd(cluster), cluster.ask

    def late() -> int:
        crowd.wait()
        return ask()

    cluster.stamps._ask = late
    assert all(isinstance(each, int) and each > AHEAD for each in crowd.come())
    assert cluster.asked == 1


def test_who_waited_for_one_that_was_interrupted_asks(cluster: Cluster) -> None:
    """And takes no stamp of a clock that nobody knows: what bears it would be hidden by all that was ever there."""
    crowd, ask = Crowd(cluster), cluster.ask

    def interrupted() -> int:
        crowd.wait()
        cluster.stamps._ask = ask
        raise KeyboardInterrupt

    cluster.stamps._ask = interrupted
    found = crowd.come()
    assert [type(each) for each in found].count(KeyboardInterrupt) == 1
    assert all(each > AHEAD for each in found if isinstance(each, int))
    assert cluster.asked == 1


@pytest.mark.parametrize("failed", [False, True])
def test_who_waited_for_one_that_was_interrupted_after_a_failure_asks(cluster: Cluster, failed: bool) -> None:
    def fail() -> int:
        raise StoreUnavailable("gone") if failed else RuntimeError

    cluster.stamps._ask = fail
    with pytest.raises((StoreUnavailable, RuntimeError)):
        cluster.stamps.next()
    test_who_waited_for_one_that_was_interrupted_asks(cluster)


def test_a_machine_that_slept_asks_before_it_stamps(cluster: Cluster) -> None:
    cluster.wrong_by()
    cluster.now += 1_000_000
    cluster.slept += 600_000_000
    cluster.ahead += 600_000_000
    assert abs(cluster.wrong_by()) <= OFF
    assert cluster.asked == 2
    cluster.wrong_by()
    assert cluster.asked == 2


def test_where_it_slept_and_nobody_says_the_time_nothing_is_stamped(cluster: Cluster) -> None:
    def fail() -> int:
        raise StoreUnavailable("gone")

    cluster.wrong_by()
    cluster.slept += 600_000_000
    cluster.stamps._ask = fail
    with pytest.raises(StoreUnavailable):
        cluster.stamps.next()


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


def sleep(cluster: Cluster) -> None:
    """Let the machine sleep for an hour, which its monotonic clock does not count."""
    cluster.slept += 3_600_000_000
    cluster.ahead += 3_600_000_000


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_machine_that_sleeps_while_it_asks_goes_on_with_nothing_from_before(
    cluster: Cluster, answered: bool, known: bool
) -> None:
    ask = cluster.ask

    def asleep() -> int:
        cluster.stamps._ask = ask
        said = ask()
        sleep(cluster)
        if not answered:
            raise StoreUnavailable("gone")
        return said

    if known:
        cluster.wrong_by()
        cluster.now += 61_000_000
    cluster.stamps._ask = asleep
    if not answered:
        with pytest.raises(StoreUnavailable):
            cluster.stamps.next()
    assert abs(cluster.wrong_by()) <= OFF
    cluster.now += 50_000_000
    assert abs(cluster.wrong_by()) <= OFF + 2 * 70 * 100


def test_an_answer_from_before_it_slept_is_not_taken_with_those_behind(cluster: Cluster) -> None:
    ask, answers = cluster.ask, count()

    def asleep() -> int:
        said = ask()
        if next(answers) == 1:
            sleep(cluster)
        return said

    cluster.there = 5_000  # so that it is asked several times
    cluster.stamps._ask = asleep
    assert abs(cluster.wrong_by()) <= 5_000
    cluster.stamps.forget()
    assert abs(cluster.wrong_by()) <= 5_000


def test_who_waited_for_one_that_tries_again_and_is_interrupted_takes_no_time_that_nobody_told(
    cluster: Cluster,
) -> None:
    stamps = cluster.stamps
    stamps._ended, stamps._failure = 1, StoreUnavailable("gone")  # what was told while a second one waited, at 0
    waits = threading.Lock()

    class Unfair:
        """The lock that the second waits for, which whoever failed takes again before, and is interrupted."""

        def acquire(self, *, blocking: bool) -> bool:
            if waits.acquire(blocking=False):
                stamps._ended = 1

                def interrupted() -> int:
                    raise KeyboardInterrupt

                ask, stamps._ask = stamps._ask, interrupted
                with pytest.raises(KeyboardInterrupt):
                    stamps.next()
                stamps._ask = ask
            return True

        def release(self) -> None:
            pass

    stamps._ended = 0
    stamps._asking = Unfair()  # type: ignore[assignment]  # as it says
    with pytest.raises(StoreUnavailable):
        stamps.next()
    assert stamps.next() > AHEAD


def test_a_thread_that_is_kept_from_its_clocks_did_not_sleep(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.wrong_by()
    late = iter([200_000, 0, 0, 0, 0, 0])

    def wall() -> float:
        cluster.now += next(late)
        return (cluster.now + cluster.slept) / 1_000_000

    monkeypatch.setattr(module, "time", wall)
    cluster.stamps.next()
    assert cluster.asked == 1
